"""A town of four square neighborhoods drawn without any geographic library, and a simulated city in its store."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import strategies as st

from cnn.settings import Periods, Training
from cnn.trained import TrainedModel
from incidents.ingest import ingest_files
from incidents.simulate import SimulationSettings, simulate_city, write_city
from incidents.simulate.settings import CityShape
from incidents.store import IncidentStore
from rasterize.grid import Grid
from rasterize.overlay import Overlay
from rasterize.tensors import ENTRY_TYPES, Entries, EventTensor
from rasterize.windows import make_windows
from tocsin.config import CityConfig, load_config
from tocsin.tensors import stored_days, tensor_of_config

ROOT = Path(__file__).parents[2]
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


@dataclass(frozen=True)
class SimulatedStore:
    """Six weeks of a small simulated city, ingested and rasterised as a user would."""

    config: CityConfig
    store: IncidentStore
    tensor: EventTensor
    training: Training
    periods: Periods


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStore:
    """8 x 7 cells, reports with random delays, a homicide or shooting in a sixth of the windows."""
    keys = yaml.safe_load((ROOT / "configs" / "simulated.yaml").read_text(encoding="utf-8"))
    channels = {
        "violence": ["homicide", "shooting"],
        "robbery": ["robbery"],
        "assault": ["aggravated_assault", "common_assault"],
        "theft": ["larceny", "auto_theft"],
    }
    keys["raster"] = {"cell_size_m": 500, "channels": channels}
    shape = CityShape(neighborhoods=9, districts=2, extent_m=3500.0, population=60_000, places=())
    # The clock goes back on 5 November 2023.
    settings = SimulationSettings(start=date(2023, 10, 1), stop=date(2023, 11, 15), shape=shape)
    folder = tmp_path_factory.mktemp("city")
    incidents, *_ = write_city(simulate_city(settings, rng=np.random.default_rng(5)), folder, config=keys)
    config, store = load_config(folder / "city.yaml"), IncidentStore(folder / "store")
    ingest_files([incidents], source=config.source, store=store, search=[folder])
    tensor = tensor_of_config(config, store, stored_days(store))
    training = Training(
        filters=4, epochs=2, batch_size=32, half_lives_days=(3.0, 14.0), stack=2, learning_rate=0.01
    )
    return SimulatedStore(config, store, tensor, training, Periods())


@pytest.fixture(scope="session")
def trained(simulated: SimulatedStore) -> TrainedModel:
    """A model of the simulated city, trained for two epochs."""
    from cnn.training import train_model

    return train_model(simulated.tensor, simulated.config.target, simulated.periods, simulated.training)
