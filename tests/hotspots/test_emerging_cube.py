"""Slices of time and counts in them: every incident in exactly one slice, the last slice whole."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.emerging.cube import count_areas, count_cells, slice_time
from hotspots.points import locate_points
from incidents.errors import ConfigError, DataError
from rasterize.grid import Grid

GRID = Grid("EPSG:26985", west=0.0, north=20.0, cell_size_m=10.0, rows=2, cols=3)
START = datetime(2015, 1, 1, tzinfo=UTC)
EDGES = np.array(["2015-01-01", "2015-01-08", "2015-01-15"], dtype="datetime64[us]")


def test_counts_by_hand() -> None:
    x, y = [5.0, 5.0, np.nan, 25.0, 25.0, 999.0, 15.0], [15.0, 15.0, 5.0, 5.0, 5.0, 5.0, 15.0]
    times = np.array(
        [
            "2015-01-01",  # the first instant belongs to the first slice
            "2015-01-08",  # its end to the second
            "2015-01-09",
            "2015-01-14T23:59:59.999999",
            "2015-01-15",  # the last end to none
            "2015-01-09",
            "NaT",
        ],
        dtype="datetime64[us]",
    )
    cube = count_cells(locate_points(x, y, GRID), times, edges=EDGES, grid=GRID)
    assert cube.counts.tolist() == [[[1, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 0, 1]]]
    np.testing.assert_array_equal(cube.edges, EDGES)


def test_areas_by_hand() -> None:
    times = np.array(["2015-01-02", "2015-01-03", "2015-01-10", "2015-01-10", "2014-01-01"], "datetime64[us]")
    cube = count_areas(np.array([2, 2, 0, -1, 1]), times, edges=EDGES, areas=3)
    assert cube.counts.tolist() == [[0, 0, 2], [1, 0, 0]]


@given(
    days=st.integers(1, 40),
    length=st.integers(0, 500),
    start=st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001
)
def test_slices_are_equal_and_end_with_the_period(days: int, length: int, start: datetime) -> None:
    begin = start.replace(tzinfo=UTC)
    stop = begin + timedelta(days=length)
    if length < 2 * days:
        with pytest.raises(ConfigError, match="at least two slices"):
            slice_time(begin, stop, days=days)
        return
    edges = slice_time(begin, stop, days=days)
    assert (np.diff(edges) == np.timedelta64(days, "D")).all()
    assert edges[-1] == np.datetime64(stop.replace(tzinfo=None), "us")
    assert np.timedelta64(0) <= edges[0] - np.datetime64(start, "us") < np.timedelta64(days, "D")


@given(st.lists(st.tuples(st.integers(-3, 20), st.integers(-1, 4)), max_size=30))
def test_every_incident_of_the_period_and_city_is_counted_once(incidents: list[tuple[int, int]]) -> None:
    day, area = np.array(incidents, dtype=np.int64).reshape(-1, 2).T
    times = np.datetime64("2015-01-01", "us") + day * np.timedelta64(1, "D")
    cube = count_areas(area, times, edges=EDGES, areas=5)
    assert cube.counts.sum() == np.count_nonzero((day >= 0) & (day < 14) & (area >= 0))
    for place in range(5):
        assert cube.counts[:, place].sum() == np.count_nonzero((day >= 0) & (day < 14) & (area == place))


def test_error_texts() -> None:
    with pytest.raises(ConfigError) as short:
        slice_time(START, START + timedelta(days=20), days=14)
    assert str(short.value) == (
        "Expected a period of at least two slices. Received: 2015-01-01 to 2015-01-21 in slices of 14 days. "
        "Choose a longer period or shorter slices."
    )
    with pytest.raises(ConfigError, match="at least two slices"):
        slice_time(START, START + timedelta(days=20), days=0)
    with pytest.raises(ConfigError, match="Expected stop with a time zone"):
        slice_time(START, datetime(2016, 1, 1), days=7)  # noqa: DTZ001
    times = np.array(["2015-01-02"], dtype="datetime64[us]")
    with pytest.raises(DataError, match=r"a time for each of the points given\. Received: \(1,\)"):
        count_cells(locate_points([5.0, 6.0], [5.0, 5.0], GRID), times, edges=EDGES, grid=GRID)
    with pytest.raises(DataError, match=r"one of 3 areas and a time .* Received: \(1,\) up to 3"):
        count_areas(np.array([3]), times, edges=EDGES, areas=3)
    with pytest.raises(DataError, match="Expected rising bounds of slices"):
        count_areas(np.array([1]), times, edges=EDGES[::-1], areas=3)
