"""Neighbors of cells: those that touch, those within a distance, the nearest; nothing is made up beyond the city."""

import math

import libpysal
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hotspots.local.neighborhood import CellNeighborhood, Neighborhood, SparseNeighborhood, check_values
from hotspots.local.weights import cells_within, nearest_cells, touching_cells
from incidents.errors import ConfigError, DataError
from rasterize.grid import Grid

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MASKS = arrays(bool, (6, 7)).filter(lambda mask: mask.any())
VALUES = arrays(np.float64, (6, 7), elements=st.integers(-50, 50))


def sum_by_distance(values: Floats, inside: Bools, *, distance: float, queen: bool = False) -> Floats:
    """Sums over neighbors by comparing every cell with every other; distances in cells."""
    place = np.argwhere(inside)
    apart = place[:, None] - place[None, :]
    near = np.abs(apart).max(axis=2) <= 1 if queen else np.hypot(apart[..., 0], apart[..., 1]) <= distance
    np.fill_diagonal(near, False)
    sums = np.zeros(values.shape)
    sums[inside] = near @ values[inside]
    return sums


def test_queen_by_hand() -> None:
    inside = np.array([[1, 1, 1], [1, 0, 1], [0, 0, 1]], dtype=bool)
    queen = touching_cells(inside)
    assert queen.neighbors.tolist() == [[2, 4, 2], [2, 0, 3], [0, 0, 1]]
    values = np.array([[1.0, 2.0, 4.0], [8.0, np.nan, 16.0], [np.inf, 7.0, 32.0]])
    assert queen.add_neighbors(values).tolist() == [[10.0, 29.0, 18.0], [3.0, 0.0, 38.0], [0.0, 0.0, 16.0]]


def test_bands_by_hand() -> None:
    everywhere = np.ones((9, 9), dtype=bool)
    middle = [
        int(cells_within(everywhere, cell_size_m=50.0, distance_m=distance).neighbors[4, 4])
        for distance in (50.0, 70.0, 75.0, 100.0, 150.0, 50.0 * math.sqrt(5), 1e6)
    ]
    assert middle == [4, 4, 8, 12, 28, 20, 80]


def test_an_island_has_no_neighbors() -> None:
    inside = np.zeros((4, 4), dtype=bool)
    inside[0, 0] = inside[2, 2] = inside[2, 3] = True
    assert touching_cells(inside).neighbors[0, 0] == 0


@given(inside=MASKS, values=VALUES, distance=st.floats(1.0, 12.0))
@settings(deadline=None)
def test_running_totals_equal_all_pairs(inside: Bools, values: Floats, distance: float) -> None:
    band = cells_within(inside, cell_size_m=10.0, distance_m=10 * distance)
    np.testing.assert_array_equal(
        band.add_neighbors(values), sum_by_distance(values, inside, distance=distance * (1 + 1e-9))
    )
    np.testing.assert_array_equal(
        touching_cells(inside).add_neighbors(values), sum_by_distance(values, inside, distance=0, queen=True)
    )


@given(inside=MASKS, values=VALUES, distance=st.floats(1.0, 8.0))
@settings(deadline=None)
def test_turning_the_city_turns_the_sums(inside: Bools, values: Floats, distance: float) -> None:
    straight = cells_within(inside, cell_size_m=1.0, distance_m=distance).add_neighbors(values)
    turned = cells_within(np.rot90(inside), cell_size_m=1.0, distance_m=distance)
    np.testing.assert_array_equal(turned.add_neighbors(np.rot90(values)), np.rot90(straight))


@given(inside=MASKS, values=VALUES, distance=st.floats(1.0, 8.0), factor=st.floats(0.01, 5000))
@settings(deadline=None)
def test_another_unit_of_length_changes_nothing(
    inside: Bools, values: Floats, distance: float, factor: float
) -> None:
    one = cells_within(inside, cell_size_m=1.0, distance_m=distance)
    other = cells_within(inside, cell_size_m=factor, distance_m=distance * factor)
    np.testing.assert_array_equal(one.add_neighbors(values), other.add_neighbors(values))


def test_many_slices_at_once() -> None:
    rng = np.random.default_rng(1)
    inside = rng.random((5, 6)) < 0.8
    cube = rng.integers(0, 9, (3, 4, 5, 6)).astype(float)
    grid = Grid("EPSG:26985", 0.0, 50.0, 10.0, 5, 6)
    for neighborhood in (touching_cells(inside), nearest_cells(grid, inside, count=3)):
        sums = neighborhood.add_neighbors(cube)
        for first in range(3):
            for second in range(4):
                np.testing.assert_array_equal(
                    sums[first, second], neighborhood.add_neighbors(cube[first, second])
                )


def test_equal_to_pysal() -> None:
    values = np.random.default_rng(2).poisson(3, (7, 9)).astype(float)
    theirs = libpysal.weights.lat2W(7, 9, rook=False).sparse @ values.ravel()
    ours = touching_cells(np.ones((7, 9), dtype=bool)).add_neighbors(values)
    np.testing.assert_array_equal(ours.ravel(), theirs)


def test_nearest_cells() -> None:
    grid = Grid("EPSG:26985", west=0.0, north=50.0, cell_size_m=10.0, rows=5, cols=5)
    inside = np.ones(grid.shape, dtype=bool)
    inside[2, 3] = False
    nearest = nearest_cells(grid, inside, count=4)
    assert (nearest.neighbors[inside] == 4).all()
    assert nearest.neighbors[2, 3] == 0
    only_middle = np.where(np.indices(grid.shape).sum(axis=0) == 3, 1.0, 0.0)
    assert (
        nearest.add_neighbors(only_middle)[1, 1] == 2
    )  # of its four rook neighbors, two lie on the diagonal
    everyone = nearest_cells(grid, inside, count=23)
    assert (everyone.add_neighbors(inside.astype(float))[inside] == 23).all()


@pytest.mark.parametrize("neighborhood", [touching_cells, lambda inside: _all_linked(inside)])
def test_values_are_checked_at_the_door(neighborhood: type[Neighborhood]) -> None:
    inside = np.array([[True, True], [True, False]])
    places = neighborhood(inside)
    assert check_values([[1, 2], [3, np.nan]], places).tolist() == [[1.0, 2.0], [3.0, 0.0]]
    with pytest.raises(DataError) as unknown:
        check_values([[1, np.nan], [np.inf, 0]], places)
    assert str(unknown.value) == (
        "Expected a finite value for each of 3 places. Received: 2 without. "
        "Leave those places out of the neighborhood, or fill in 0 where nothing was reported."
    )
    with pytest.raises(DataError, match=r"places of shape \(2, 2\)\. Received: \(4,\)"):
        check_values([1, 2, 3, 4], places)


def _all_linked(inside: Bools) -> SparseNeighborhood:
    return nearest_cells(Grid("EPSG:26985", 0.0, 20.0, 10.0, 2, 2), inside, count=2)


def test_error_texts() -> None:
    inside = np.ones((3, 3), dtype=bool)
    with pytest.raises(ConfigError) as short:
        cells_within(inside, cell_size_m=100.0, distance_m=99.0)
    assert str(short.value) == (
        "Expected a distance of at least one cell, 100 m. Received: 99 m. "
        "Choose a larger distance or smaller cells."
    )
    grid = Grid("EPSG:26985", 0.0, 30.0, 10.0, 3, 3)
    for count in (0, 9):
        with pytest.raises(ConfigError) as many:
            nearest_cells(grid, inside, count=count)
        assert str(many.value) == (
            f"Expected a number of neighbors from 1 to 8. Received: {count}. Each place needs so many others."
        )
    with pytest.raises(DataError, match=r"cells of shape \(rows, cols\)\. Received: \(9,\)"):
        touching_cells(inside.ravel())
    assert isinstance(touching_cells(inside), CellNeighborhood)
