"""Which points can be used: known, in the city, in metres; the others are counted or refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hotspots.points import Floats, check_inside, count_in_cells, locate_points
from incidents.errors import CrsError, DataError
from rasterize.grid import Grid

GRID = Grid("EPSG:26985", west=1000.0, north=2000.0, cell_size_m=100.0, rows=4, cols=5)


def test_points_by_hand() -> None:
    inside = np.ones(GRID.shape, dtype=bool)
    inside[0, 0] = False
    found = locate_points(
        [1050.0, 1150.0, np.nan, 9000.0, 1450.0, 1250.0],
        [1950.0, 1950.0, 1900.0, 1900.0, 1650.0, np.inf],
        GRID,
        inside=inside,
        weights=[1.0, 2.0, 1.0, 1.0, 0.5, 1.0],
    )
    assert found.index.tolist() == [1, 4]
    assert (found.row.tolist(), found.col.tolist()) == ([0, 3], [1, 4])
    assert found.weights.tolist() == [2.0, 0.5]
    assert count_in_cells(found, GRID)[[0, 3, 2], [1, 4, 2]].tolist() == [2.0, 0.5, 0.0]
    assert (len(found), found.unlocated, found.outside) == (2, 2, 2)


def test_a_weight_of_zero_is_as_if_not_given() -> None:
    found = locate_points([1050.0, np.nan, 0.0], [1950.0, 0.0, 0.0], GRID, weights=[1.0, 0.0, 0.0])
    assert (len(found), found.unlocated, found.outside) == (1, 0, 0)


@given(arrays(np.float64, (20, 2), elements=st.floats(500, 2500) | st.just(np.nan)))
def test_every_point_is_used_or_counted(points: Floats) -> None:
    x, y = np.append(points[:, 0], 1050.0), np.append(points[:, 1], 1950.0)
    found = locate_points(x, y, GRID)
    assert len(found) + found.unlocated + found.outside == 21
    assert count_in_cells(found, GRID).sum() == len(found)


def test_error_texts() -> None:
    with pytest.raises(CrsError) as degrees:
        locate_points([-76.6, -76.5], [39.2, 39.3], GRID)
    assert str(degrees.value) == (
        "Expected metres of EPSG:26985. Received: x -76.6 to -76.5, y 39.2 to 39.3, which look like longitude and "
        "latitude. Project the points to EPSG:26985 first."
    )
    with pytest.raises(DataError) as away:
        locate_points([5e5], [4e6], GRID)
    assert str(away.value) == (
        "Expected points inside the city, within (1000.0, 1600.0, 1500.0, 2000.0) (west, south, east, north). "
        "Received: 1 points, none inside: x 500000 to 500000, y 4e+06 to 4e+06. "
        "Check the CRS of the points and the polygons."
    )
    with pytest.raises(DataError) as unknown:
        locate_points([np.nan, 1.0], [1.0, np.nan], GRID)
    assert str(unknown.value) == (
        "Expected points with coordinates. Received: 2 points, all without. Match their addresses to places first."
    )
    with pytest.raises(DataError, match=r"of one length. Received: \(2,\), \(1,\), \(2,\)"):
        locate_points([1.0, 2.0], [1.0], GRID)
    with pytest.raises(DataError, match="Expected finite weights >= 0"):
        locate_points([1.0], [1.0], GRID, weights=[-1.0])
    with pytest.raises(DataError, match=r"Expected a mask of shape \(4, 5\). Received: \(2, 2\)"):
        check_inside(np.ones((2, 2), dtype=bool), GRID.shape)
    with pytest.raises(DataError, match=r"Expected at least one place inside the city\. Received: none"):
        check_inside(np.zeros(GRID.shape, dtype=bool), GRID.shape)
