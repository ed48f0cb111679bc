"""A town of four square neighborhoods on 8 x 8 cells, drawn without any geographic library."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import strategies as st

from rasterize.grid import Grid
from rasterize.overlay import Overlay
from rasterize.tensors import ENTRY_TYPES, Entries, EventTensor
from rasterize.windows import make_windows

CATEGORIES = {
    "shooting": ["homicide", "shooting"],
    "robbery": ["robbery"],
    "theft": ["larceny", "auto_theft"],
}
SIDE = 8
# window, row, col, channel, count, known
Row = tuple[int, int, int, int, int, int]


def draw_town_overlay() -> Overlay:
    """Four neighborhoods of 3 x 3 cells, each outlined by its rim, with a margin of one cell outside."""
    labels = np.full((SIDE, SIDE), -1, dtype=np.int16)
    for area, (row, col) in enumerate([(1, 1), (1, 4), (4, 1), (4, 4)]):
        labels[row : row + 3, col : col + 3] = area
    centres = np.array([18, 21, 42, 45])
    rims = [np.setdiff1d(np.flatnonzero(labels == area), centres) for area in range(4)]
    offsets = np.arange(5, dtype=np.int32) * 8
    return Overlay(
        ("NW", "NE", "SW", "SE"), labels >= 0, labels, np.concatenate(rims).astype(np.int32), offsets
    )


def make_town(days: int = 4, start: date = date(2015, 7, 1)) -> EventTensor:
    """A town where nothing has happened."""
    none = Entries(**{name: np.empty(0, dtype) for name, dtype in ENTRY_TYPES.items()})
    windows = make_windows(start, start + timedelta(days=days), time_zone="America/New_York")
    return EventTensor(
        grid=Grid("EPSG:26985", west=0.0, north=2000.0, cell_size_m=250.0, rows=SIDE, cols=SIDE),
        windows=windows,
        channels=tuple(CATEGORIES),
        overlay=draw_town_overlay(),
        entries=none,
        offsets=np.zeros(len(windows) + 1, dtype=np.int64),
        about={"city": "testville", "start": start.isoformat(), "channels": CATEGORIES},
    )


def fill_town(town: EventTensor, rows: list[Row]) -> EventTensor:
    """A town with incidents; those without a place have row and column -1, and no neighborhood."""
    table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 6)
    columns = dict(zip(("window", "row", "col", "channel", "count", "known"), table.T, strict=True))
    columns["area"] = np.where(columns["row"] >= 0, town.overlay.labels[columns["row"], columns["col"]], -1)
    return town.with_entries(
        Entries(**{name: columns[name].astype(dtype) for name, dtype in ENTRY_TYPES.items()})
    )


@pytest.fixture(scope="session")
def town() -> Callable[..., EventTensor]:
    return make_town


@pytest.fixture(scope="session")
def fill() -> Callable[[EventTensor, list[Row]], EventTensor]:
    return fill_town


@pytest.fixture(scope="session")
def tensors() -> st.SearchStrategy[EventTensor]:
    """Towns of four days with any incidents, each on record at any time after its window."""
    empty = make_town()
    last, cells = len(empty.windows), st.tuples(st.integers(0, SIDE - 1), st.integers(0, SIDE - 1))

    def row(window: int, cell: tuple[int, int], channel: int, count: int, delay: int) -> Row:
        return (window, *cell, channel, count, window + 1 + delay)

    rows = st.builds(
        row,
        st.integers(0, last - 1),
        cells | st.just((-1, -1)),
        st.integers(0, len(CATEGORIES) - 1),
        st.integers(1, 255),
        st.integers(0, 3) | st.integers(0, last),
    )
    return st.lists(rows, max_size=40).map(lambda found: fill_town(empty, found))
