"""Pictures of windows: outlines in black, active ones in red, incidents in the colour of their channel."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import ConfigError, DataError
from rasterize.paint import DOT_PX, MapPainter, paint_rgb
from rasterize.palette import ACTIVE_OUTLINE, CHANNEL_COLORS, OUTLINE, PAPER, rgb
from rasterize.tensors import ENTRY_TYPES, EventTensor

Build = Callable[[list[Mapping[str, Any]]], EventTensor]
Picture = npt.NDArray[np.uint8]
SHAPE = (50, 80)
CELL_PX = 10
WHITE, BLACK, RED = rgb(PAPER), rgb(OUTLINE), rgb(ACTIVE_OUTLINE)


def pixels_of(picture: Picture, color: tuple[int, int, int]) -> npt.NDArray[np.int64]:
    return np.argwhere((picture == np.array(color, dtype=np.uint8)).all(axis=-1))


def bare(tensor: EventTensor) -> EventTensor:
    """The tensor with labels on the 3 x 6 cells that the two squares fill, and none on cells they touch."""
    labels = np.full((5, 8), -1, dtype=np.int16)
    labels[1:4, 1:4], labels[1:4, 4:7] = 0, 1
    return replace(tensor, overlay=replace(tensor.overlay, labels=labels))


@pytest.fixture
def robbed(tensor_of: Build, first_midnight: datetime) -> EventTensor:
    """A robbery in the middle of East in window 3, known a day later; a shooting beside it, known sooner."""
    robbery = {
        "occurred_at": first_midnight + timedelta(hours=7),
        "category": "robbery",
        "x": 450.0,
        "y": 150.0,
        "area": "East",
    }
    shooting = robbery | {"category": "shooting", "x": 150.0, "area": "West"}
    return bare(tensor_of([robbery, shooting]))


def test_a_window_by_hand(robbed: EventTensor) -> None:
    picture = paint_rgb(robbed, np.array([3]), shape=SHAPE)[0]
    assert picture.dtype == np.uint8
    for channel, (top, left) in {1: (20, 50), 0: (20, 20)}.items():
        filled = pixels_of(picture, rgb(CHANNEL_COLORS[channel]))
        assert len(filled) == CELL_PX**2
        assert (filled.min(axis=0).tolist(), filled.max(axis=0).tolist()) == (
            [top, left],
            [top + 9, left + 9],
        )
    # Both squares of 30 x 30 pixels are active: two red rings, and no black line between them.
    red = pixels_of(picture, RED)
    assert len(red) == 2 * (4 * 30 - 4)
    assert (red.min(axis=0).tolist(), red.max(axis=0).tolist()) == ([10, 10], [39, 69])
    assert len(pixels_of(picture, BLACK)) == 0


def test_a_quiet_window_shows_the_outlines_only(robbed: EventTensor) -> None:
    picture = paint_rgb(robbed, np.array([5]), shape=SHAPE)[0]
    black = {tuple(pixel) for pixel in pixels_of(picture, BLACK).tolist()}
    frame = {(row, col) for row in range(10, 40) for col in range(10, 70)}
    inner = {(row, col) for row in range(11, 39) for col in range(11, 69)}
    assert black == (frame - inner) | {(row, 40) for row in range(10, 40)}
    assert len(pixels_of(picture, WHITE)) + len(black) == picture.size // 3


def test_a_hidden_channel_leaves_no_trace(robbed: EventTensor) -> None:
    hidden = paint_rgb(robbed, np.array([3]), shape=SHAPE, hidden=("robbery",))
    never = robbed.with_entries(robbed.entries.where(robbed.entries.channel != 1))
    np.testing.assert_array_equal(hidden, paint_rgb(never, np.array([3]), shape=SHAPE))
    assert not len(pixels_of(hidden[0], rgb(CHANNEL_COLORS[1])))


def test_what_was_not_on_record_leaves_no_trace(robbed: EventTensor) -> None:
    # The shooting is known from window 5 on, the robbery from window 16 on.
    windows, issues = np.array([3, 3, 3]), np.array([4, 5, 16])
    none, shooting, both = paint_rgb(robbed, windows, shape=SHAPE, issues=issues)
    np.testing.assert_array_equal(none, paint_rgb(robbed, np.array([0]), shape=SHAPE)[0])
    np.testing.assert_array_equal(both, paint_rgb(robbed, np.array([3]), shape=SHAPE)[0])
    assert [len(pixels_of(shooting, rgb(color))) for color in CHANNEL_COLORS[:2]] == [100, 0]


def test_the_last_channel_is_on_top(tensor_of: Build, first_midnight: datetime) -> None:
    here = {"occurred_at": first_midnight, "x": 450.0, "y": 150.0, "area": "East"}
    tensor = tensor_of([here | {"category": name} for name in ("larceny", "shooting", "robbery")])
    picture = paint_rgb(tensor, np.array([0]), shape=SHAPE)[0]
    assert [len(pixels_of(picture, rgb(color))) for color in CHANNEL_COLORS[:3]] == [0, 0, 100]


@given(shape=st.tuples(st.integers(1, 90), st.integers(1, 90)), row=st.integers(0, 4), col=st.integers(0, 7))
def test_no_incident_gets_lost_in_a_picture_of_any_size(
    tensor_of: Build, first_midnight: datetime, shape: tuple[int, int], row: int, col: int
) -> None:
    at = {"x": -50.0 + 100 * col, "y": 350.0 - 100 * row}
    tensor = tensor_of([{"occurred_at": first_midnight, "category": "robbery"} | at])
    picture = paint_rgb(tensor, np.array([0]), shape=shape)[0]
    assert picture.shape == (*shape, 3)
    filled = pixels_of(picture, rgb(CHANNEL_COLORS[1]))
    due = [max(min(DOT_PX, side), side // cells) for side, cells in zip(shape, (5, 8), strict=True)]
    assert len(filled) >= due[0] * due[1]
    # The dot lies over the place that it stands for.
    centre = np.array([(row + 0.5) * shape[0] / 5, (col + 0.5) * shape[1] / 8])
    assert (filled.min(axis=0) <= centre).all()
    assert (filled.max(axis=0) + 1 >= centre).all()


def painted_by_loop(tensor: EventTensor, window: int, issue: int) -> Picture:
    """The same picture, where cells are whole numbers of pixels, pixel by pixel."""
    labels = np.kron(tensor.overlay.labels, np.ones((CELL_PX, CELL_PX), dtype=np.int16))
    labels = np.pad(labels, 1, constant_values=-1)
    picture = np.full((*SHAPE, 3), WHITE, dtype=np.uint8)
    entries = tensor.entries
    shown = [
        index
        for index in range(len(entries))
        if entries.window[index] == window and entries.known[index] <= issue
    ]
    active = {int(entries.area[index]) for index in shown}
    for row, col in np.ndindex(SHAPE):
        here, above, below, left, right = (
            labels[row + 1 + down, col + 1 + across]
            for down, across in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
        )
        if here == -1:
            continue
        if above != here or left != here or -1 in (below, right):
            picture[row, col] = BLACK
        if here in active and {above, below, left, right} != {here}:
            picture[row, col] = RED
    for index in sorted(shown, key=lambda index: int(entries.channel[index])):
        if entries.row[index] >= 0:
            top, start = entries.row[index] * CELL_PX, entries.col[index] * CELL_PX
            picture[top : top + CELL_PX, start : start + CELL_PX] = rgb(
                CHANNEL_COLORS[entries.channel[index]]
            )
    return picture


def test_pictures_agree_with_a_loop_over_pixels(tensor_of: Build, first_midnight: datetime) -> None:
    rng = np.random.default_rng(11)
    names, areas = ["shooting", "robbery", "larceny"], ["West", "East", None]
    rows = [
        {
            "occurred_at": first_midnight + timedelta(hours=int(rng.integers(0, 8))),
            "known_at": first_midnight + timedelta(hours=int(rng.integers(0, 16))),
            "category": names[rng.integers(3)],
            "x": float(rng.uniform(-200, 800)),
            "y": float(rng.uniform(-200, 500)),
            "area": areas[rng.integers(3)],
        }
        for _ in range(30)
    ]
    tensor = tensor_of(rows)
    windows, issues = np.array([0, 1, 2, 3, 3]), np.array([2, 4, 6, 20, 4])
    painted = paint_rgb(tensor, windows, shape=SHAPE, issues=issues)
    for picture, window, issue in zip(painted, windows, issues, strict=True):
        np.testing.assert_array_equal(picture, painted_by_loop(tensor, int(window), int(issue)))


def test_a_painter_paints_the_same_again_and_leaves_the_tensor_alone(robbed: EventTensor) -> None:
    before = {name: getattr(robbed.entries, name).copy() for name in ENTRY_TYPES}
    painter = MapPainter(robbed, shape=SHAPE)
    first = painter(np.array([3, 0]))
    kept = first.copy()
    painter(np.array([0, 3]))
    np.testing.assert_array_equal(first, kept)
    np.testing.assert_array_equal(painter(np.array([3, 0])), kept)
    for name in ENTRY_TYPES:
        np.testing.assert_array_equal(getattr(robbed.entries, name), before[name])


def test_windows_outside_the_tensor_show_outlines_only(robbed: EventTensor) -> None:
    pictures = paint_rgb(robbed, np.array([-1, 48, 0]), shape=SHAPE)
    np.testing.assert_array_equal(pictures[0], pictures[2])
    np.testing.assert_array_equal(pictures[1], pictures[2])


def test_error_texts(robbed: EventTensor) -> None:
    with pytest.raises(ConfigError) as error:
        paint_rgb(robbed, np.array([0]), shape=(0, 5))
    assert str(error.value) == "Expected a picture of at least 1 x 1 pixel. Received: (0, 5). Enlarge shape."
    with pytest.raises(DataError, match="Expected channels among"):
        paint_rgb(robbed, np.array([0]), shape=(5, 5), hidden=("homicide",))
