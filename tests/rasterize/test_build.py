"""From incidents to entries: each counted once, in its window and cell, with when it was known."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import ConfigError, DataError
from incidents.schema import Category
from rasterize.build import Frame, build_tensor, require_every_channel
from rasterize.tensors import Densifier, EventTensor

Row = Mapping[str, Any]
Build = Callable[[list[Row]], EventTensor]
COUNTED = [category.value for category in Category if category is not Category.OTHER]


@st.composite
def rows(draw: st.DrawFn, most: int = 30) -> list[Row]:
    """Incidents in and around the town, before, during and after its four days, some known late."""
    midnight = datetime(2015, 7, 1, 4, tzinfo=UTC)
    one = st.fixed_dictionaries(
        {
            "occurred_at": st.integers(-8, 110).map(lambda hours: midnight + timedelta(hours=hours)),
            "known_at": st.none(),
            "category": st.sampled_from(COUNTED),
            "x": st.none() | st.integers(-1600, 6400).map(lambda eighths: eighths / 8),
            "y": st.integers(-1600, 4000).map(lambda eighths: eighths / 8),
            "area": st.sampled_from([None, "West", "East", "Elsewhere"]),
        }
    )
    drawn = draw(st.lists(one, max_size=most))
    delays = draw(st.lists(st.none() | st.integers(0, 90), min_size=len(drawn), max_size=len(drawn)))
    return [
        row if delay is None else row | {"known_at": row["occurred_at"] + timedelta(hours=delay)}
        for row, delay in zip(drawn, delays, strict=True)
    ]


def entry(tensor: EventTensor, index: int = 0) -> dict[str, int]:
    """One entry of a tensor by field name."""
    names = ("window", "row", "col", "channel", "count", "known", "area")
    return {name: int(getattr(tensor.entries, name)[index]) for name in names}


def test_one_incident_by_hand(tensor_of: Build, first_midnight: datetime) -> None:
    shot = {"occurred_at": first_midnight + timedelta(hours=5), "category": "shooting"}
    tensor = tensor_of([shot | {"x": 150.0, "y": 250.0, "area": "West"}])
    # In window 2 (04:00 to 06:00), known two hours later at 07:00, so from the start of window 4 (08:00) on.
    assert len(tensor.entries) == 1
    assert entry(tensor) == {
        "window": 2,
        "row": 1,
        "col": 2,
        "channel": 0,
        "count": 1,
        "known": 4,
        "area": 0,
    }
    assert tensor.shape == (48, 5, 8, 3)
    assert tensor.offsets.tolist() == [0, 0, 0] + [1] * 46


def test_nothing_is_known_before_its_window_has_ended(tensor_of: Build, first_midnight: datetime) -> None:
    tensor = tensor_of([{"occurred_at": first_midnight, "known_at": first_midnight, "category": "robbery"}])
    assert (entry(tensor)["window"], entry(tensor)["known"]) == (0, 1)


def test_what_is_on_record_at_a_start_is_known_to_that_window(
    tensor_of: Build, first_midnight: datetime
) -> None:
    at = [first_midnight + timedelta(hours=4), first_midnight + timedelta(hours=4, microseconds=1)]
    tensor = tensor_of([{"occurred_at": first_midnight, "known_at": t, "category": "robbery"} for t in at])
    assert tensor.entries.known.tolist() == [2, 3]


@pytest.mark.parametrize(("hours_past_the_end", "known"), [(-1, 48), (0, 48), (1, 49), (900, 49)])
def test_what_came_after_the_last_window_is_not_known_at_its_end(
    tensor_of: Build, first_midnight: datetime, hours_past_the_end: int, known: int
) -> None:
    on_record = first_midnight + timedelta(days=4, hours=hours_past_the_end)
    tensor = tensor_of([{"occurred_at": first_midnight, "known_at": on_record, "category": "robbery"}])
    assert len(tensor.windows) == 48
    assert entry(tensor)["known"] == known
    assert len(tensor.known_by(48).entries) == (known == 48)


def test_incidents_without_a_place_count_in_their_window_only(
    tensor_of: Build, first_midnight: datetime
) -> None:
    lost = {"occurred_at": first_midnight, "category": "robbery"}
    outside = lost | {"x": 5000.0, "y": 100.0}
    tensor = tensor_of([lost, outside])
    assert entry(tensor) == {
        "window": 0,
        "row": -1,
        "col": -1,
        "channel": 1,
        "count": 2,
        "known": 12,
        "area": -1,
    }
    assert tensor.incidents == 2
    assert Densifier(tensor, capacity=1)(np.array([0])).sum() == 0


@pytest.mark.parametrize("equal", [255, 256, 510, 600])
def test_more_equal_incidents_than_a_byte_holds(
    tensor_of: Build, first_midnight: datetime, equal: int
) -> None:
    row = {"occurred_at": first_midnight, "category": "robbery", "x": 50.0, "y": 50.0, "area": "West"}
    tensor = tensor_of([row] * equal + [row | {"category": "larceny"}] * 3)
    assert tensor.incidents == equal + 3
    dense = Densifier(tensor, capacity=1)(np.array([0]))
    assert dense[0, 3, 1].tolist() == [0.0, float(equal), 3.0]


@given(rows=rows())
def test_every_incident_of_the_channels_and_period_is_counted_once(
    tensor_of: Build, town_frame: Frame, rows: list[Row]
) -> None:
    tensor = tensor_of(rows)
    named = {category.value for group in town_frame.channels.values() for category in group}
    first, last = int(town_frame.windows.bounds[0]), int(town_frame.windows.bounds[-1])
    due = [row for row in rows if row["category"] in named and first <= row["occurred_at"].timestamp() < last]
    assert tensor.incidents == len(due)
    west, south, east, north = town_frame.grid.bounds
    placed = [
        row for row in due if row["x"] is not None and west <= row["x"] < east and south < row["y"] <= north
    ]
    dense = Densifier(tensor, capacity=len(tensor.windows))(np.arange(len(tensor.windows)))
    assert dense.sum() == len(placed)


@given(rows=rows(), cells=st.tuples(st.integers(-6, 6), st.integers(-6, 6)))
def test_moving_all_points_by_whole_cells_moves_the_map(
    incidents_of: Callable[[list[Row]], pl.DataFrame],
    town_frame: Frame,
    rows: list[Row],
    cells: tuple[int, int],
) -> None:
    east, north = cells
    wide = replace(town_frame.grid, west=-2000.0, north=2000.0, rows=40, cols=40)
    frame = replace(town_frame, grid=wide)
    here = incidents_of(rows)
    there = here.with_columns(pl.col("x") + 100.0 * east, pl.col("y") + 100.0 * north)
    before, after = (
        Densifier(build_tensor(table.lazy(), frame, about={}), capacity=48)(np.arange(48))
        for table in (here, there)
    )
    np.testing.assert_array_equal(np.roll(before, (-north, east), axis=(1, 2)), after)


@given(rows=rows(), data=st.data())
def test_the_order_of_rows_does_not_matter(tensor_of: Build, rows: list[Row], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    one, other = tensor_of(rows).entries, tensor_of(shuffled).entries
    for name in ("window", "row", "col", "channel", "count", "known", "area"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@given(rows=rows(most=12))
def test_entries_agree_with_a_loop_over_rows(tensor_of: Build, town_frame: Frame, rows: list[Row]) -> None:
    tensor, windows = tensor_of(rows), town_frame.windows
    channel_of = {
        category.value: index
        for index, group in enumerate(town_frame.channels.values())
        for category in group
    }
    expected: dict[tuple[int, ...], int] = {}
    for row in rows:
        instant = row["occurred_at"].timestamp()
        if row["category"] not in channel_of or not windows.bounds[0] <= instant < windows.bounds[-1]:
            continue
        window = max(index for index in range(len(windows)) if windows.bounds[index] <= instant)
        delay = town_frame.delay_hours.get(row["category"], town_frame.delay_hours["default"])
        known_at = row["known_at"] or row["occurred_at"] + timedelta(hours=delay)
        starts = [i for i in range(len(windows) + 1) if windows.bounds[i] >= known_at.timestamp()]
        known = max(starts[0] if starts else len(windows) + 1, window + 1)
        cell = (-1, -1)
        if row["x"] is not None:
            col, line = (row["x"] + 100) // 100, (400 - row["y"]) // 100
            cell = (int(line), int(col)) if 0 <= line < 5 and 0 <= col < 8 else (-1, -1)
        area = {"West": 0, "East": 1}.get(row["area"], -1)
        key = (window, *cell, channel_of[row["category"]], known, area)
        expected[key] = expected.get(key, 0) + 1
    names = ("window", "row", "col", "channel", "known", "area", "count")
    built = list(zip(*(getattr(tensor.entries, name).tolist() for name in names), strict=True))
    assert built == [(*key, expected[key]) for key in sorted(expected)]


def test_no_incidents_make_an_empty_tensor(tensor_of: Build) -> None:
    tensor = tensor_of([])
    assert (tensor.incidents, len(tensor.entries), set(tensor.offsets.tolist())) == (0, 0, {0})


def test_a_category_in_two_channels_is_refused(
    incidents_of: Callable[[list[Row]], pl.DataFrame], town_frame: Frame
) -> None:
    twice = {"violence": (Category.SHOOTING, Category.ROBBERY), "robbery": (Category.ROBBERY,)}
    with pytest.raises(ConfigError) as error:
        build_tensor(incidents_of([]).lazy(), replace(town_frame, channels=twice), about={})
    assert str(error.value) == (
        "Expected each category in one channel. Received: robbery in robbery and in violence. "
        "Remove one under raster.channels."
    )


def test_an_empty_channel_is_refused(tensor_of: Build, town_frame: Frame, first_midnight: datetime) -> None:
    tensor = tensor_of([{"occurred_at": first_midnight, "category": "robbery"}])
    with pytest.raises(DataError) as error:
        require_every_channel(tensor, town_frame.channels)
    assert str(error.value) == (
        "Expected incidents in every channel. Received: none for "
        "{'shooting': ['homicide', 'shooting'], 'theft': ['larceny', 'auto_theft']}. "
        "Check the categories rules and raster.channels in the config, or the period."
    )
