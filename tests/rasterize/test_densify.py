"""Dense maps from sparse entries, all of them or as they stood at an issue time."""

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
from rasterize.build import Frame
from rasterize.tensors import ENTRY_TYPES, Densifier, Entries, EventTensor, active_outlines, offsets_by_window

Row = Mapping[str, Any]
Build = Callable[[list[Row]], EventTensor]
LOST = -1


@st.composite
def tensors(draw: st.DrawFn, frame: Frame) -> EventTensor:
    """Any entries that fit the town's frame."""
    windows, (rows, cols) = len(frame.windows), frame.grid.shape
    one = st.tuples(
        st.integers(0, windows - 1),
        st.integers(LOST, rows - 1),
        st.integers(0, cols - 1),
        st.integers(0, 2),
        st.integers(1, 255),
        st.integers(1, 60),
        st.integers(LOST, 1),
    )
    placed = [
        (w, r, c if r != LOST else LOST, k, n, max(known, w + 1), a)
        for w, r, c, k, n, known, a in draw(st.lists(one, max_size=25))
    ]
    return tensor_with(frame, sorted(placed))


def tensor_with(frame: Frame, lines: list[tuple[int, ...]]) -> EventTensor:
    columns = np.array(lines, dtype=np.int64).reshape(-1, len(ENTRY_TYPES)).T
    typed = zip(ENTRY_TYPES.items(), columns, strict=True)
    entries = Entries(**{name: column.astype(kind) for (name, kind), column in typed})
    offsets = offsets_by_window(entries.window, len(frame.windows))
    return EventTensor(
        frame.grid, frame.windows, tuple(frame.channels), frame.overlay, entries, offsets, about={}
    )


@st.composite
def questions(draw: st.DrawFn, windows: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64] | None]:
    """Windows to draw, some outside the tensor or repeated, and perhaps an issue time for each."""
    asked = draw(st.lists(st.integers(-3, windows + 2), max_size=9))
    issued = draw(st.none() | st.lists(st.integers(0, windows), min_size=len(asked), max_size=len(asked)))
    issues = None if issued is None else np.array(issued, dtype=np.int64)
    return np.array(asked, dtype=np.int64), issues


def seen(tensor: EventTensor, index: int, issue: int | None) -> bool:
    return issue is None or bool(tensor.entries.known[index] <= issue)


def dense_by_loop(
    tensor: EventTensor, windows: npt.NDArray[np.int64], issues: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.float32]:
    dense = np.zeros((len(windows), *tensor.shape[1:]), dtype=np.float32)
    entries = tensor.entries
    for place, window in enumerate(windows):
        issue = None if issues is None else int(issues[place])
        for index in range(len(entries)):
            if entries.window[index] == window and entries.row[index] != LOST and seen(tensor, index, issue):
                cell = entries.row[index], entries.col[index], entries.channel[index]
                dense[(place, *cell)] += entries.count[index]
    return dense


def outlines_by_loop(
    tensor: EventTensor, windows: npt.NDArray[np.int64], issues: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.float32]:
    drawn = np.zeros((len(windows), tensor.grid.rows * tensor.grid.cols), dtype=np.float32)
    entries, overlay = tensor.entries, tensor.overlay
    for place, window in enumerate(windows):
        issue = None if issues is None else int(issues[place])
        for index in range(len(entries)):
            area = int(entries.area[index])
            if entries.window[index] == window and area != LOST and seen(tensor, index, issue):
                run = slice(*overlay.outline_offsets[area : area + 2])
                drawn[place, overlay.outline_cell[run]] = 1
    return drawn.reshape(len(windows), *tensor.grid.shape)


def test_two_windows_by_hand(tensor_of: Build, first_midnight: datetime) -> None:
    robbery = {"occurred_at": first_midnight, "category": "robbery", "x": 50.0, "y": 50.0, "area": "West"}
    later = robbery | {"occurred_at": first_midnight + timedelta(hours=2), "x": 550.0, "area": "East"}
    tensor = tensor_of([robbery, robbery, later])
    dense = Densifier(tensor, capacity=2)(np.array([1, 0]))
    assert np.argwhere(dense).tolist() == [[0, 3, 6, 1], [1, 3, 1, 1]]
    assert dense[1, 3, 1, 1] == 2.0
    outlines = active_outlines(tensor, np.array([1, 0]))
    west, east = (tensor.overlay.outlines_of(np.array([area]))[1] for area in (0, 1))
    assert np.flatnonzero(outlines[0]).tolist() == east.tolist()
    assert np.flatnonzero(outlines[1]).tolist() == west.tolist()


@given(data=st.data())
def test_dense_maps_agree_with_a_loop_over_entries(town_frame: Frame, data: st.DataObject) -> None:
    tensor = data.draw(tensors(town_frame))
    densify = Densifier(tensor, capacity=9)
    # Two calls, so that what the first one filled must be cleared by the second.
    for _ in range(2):
        windows, issues = data.draw(questions(len(tensor.windows)))
        expected = dense_by_loop(tensor, windows, issues)
        np.testing.assert_array_equal(densify(windows, issues=issues), expected)


@given(data=st.data())
def test_active_outlines_agree_with_a_loop_over_entries(town_frame: Frame, data: st.DataObject) -> None:
    tensor = data.draw(tensors(town_frame))
    windows, issues = data.draw(questions(len(tensor.windows)))
    expected = outlines_by_loop(tensor, windows, issues)
    np.testing.assert_array_equal(active_outlines(tensor, windows, issues=issues), expected)


@given(data=st.data(), issue=st.integers(0, 50))
def test_what_came_later_changes_nothing(town_frame: Frame, data: st.DataObject, issue: int) -> None:
    one, other = data.draw(tensors(town_frame)), data.draw(tensors(town_frame))
    known, not_yet = one.entries.known <= issue, other.entries.known > issue
    merged = [
        np.concatenate([getattr(one.entries, name)[known], getattr(other.entries, name)[not_yet]])
        for name in ENTRY_TYPES
    ]
    changed = tensor_with(town_frame, sorted(zip(*(column.tolist() for column in merged), strict=True)))
    for name in ENTRY_TYPES:
        np.testing.assert_array_equal(
            getattr(changed.known_by(issue).entries, name), getattr(one.known_by(issue).entries, name)
        )
    windows, issues = np.arange(48), np.full(48, issue)
    np.testing.assert_array_equal(
        Densifier(changed, capacity=48)(windows, issues=issues),
        Densifier(one, capacity=48)(windows, issues=issues),
    )
    np.testing.assert_array_equal(
        active_outlines(changed, windows, issues=issues), active_outlines(one, windows, issues=issues)
    )


@given(data=st.data(), issue=st.integers(0, 50))
def test_reading_as_of_an_issue_equals_reading_the_tensor_of_that_issue(
    town_frame: Frame, data: st.DataObject, issue: int
) -> None:
    tensor = data.draw(tensors(town_frame))
    windows, issues = np.arange(48), np.full(48, issue)
    then = tensor.known_by(issue)
    np.testing.assert_array_equal(
        Densifier(tensor, capacity=48)(windows, issues=issues), Densifier(then, capacity=48)(windows)
    )
    np.testing.assert_array_equal(
        active_outlines(tensor, windows, issues=issues), active_outlines(then, windows)
    )
    # Windows that had not ended at the issue are empty.
    assert not Densifier(then, capacity=48)(np.arange(issue, 48)).any()


def test_more_windows_than_the_buffer_holds_are_refused(tensor_of: Build) -> None:
    with pytest.raises(ConfigError) as error:
        Densifier(tensor_of([]), capacity=2)(np.arange(3))
    assert str(error.value) == (
        "Expected at most 2 windows at once. Received: 3. Make the densifier with a larger capacity."
    )


def test_an_unknown_channel_is_refused(tensor_of: Build) -> None:
    assert tensor_of([]).channel_indices(("theft", "shooting")).tolist() == [2, 0]
    with pytest.raises(DataError) as error:
        tensor_of([]).channel_indices(("shooting", "thefts"))
    assert str(error.value) == (
        "Expected channels among ['shooting', 'robbery', 'theft']. Received: ['thefts']. "
        "Name them under raster.channels in the config and rasterize again."
    )


def test_a_tensor_without_areas_has_no_active_outlines(town_frame: Frame) -> None:
    tensor = tensor_with(town_frame, [(0, 1, 1, 0, 1, 1, LOST)])
    empty = replace(tensor.overlay, areas=(), outline_offsets=np.zeros(1, dtype=np.int32))
    assert not active_outlines(replace(tensor, overlay=empty), np.array([0])).any()
