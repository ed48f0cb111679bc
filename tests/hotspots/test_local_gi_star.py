"""Getis-Ord Gi*: by hand, as esda has it, unmoved by units and turns, right about chance and about known hot spots."""

import warnings
from datetime import date
from itertools import combinations

import esda
import geopandas as gpd
import libpysal
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from hotspots.local.gi_star import gi_star
from hotspots.local.significance import Alternative, control_false_discovery
from hotspots.local.weights import (
    areas_within,
    cells_within,
    nearest_areas,
    nearest_cells,
    touching_areas,
    touching_cells,
)
from hotspots.points import count_in_cells, locate_points
from incidents.errors import ConfigError, DataError
from incidents.simulate.city import lay_out_city
from incidents.simulate.intensity import CODES
from incidents.simulate.settings import VIOLENT, CityShape, SimulationSettings
from incidents.simulate.simulation import simulate_city
from rasterize.grid import Grid, cover_polygons
from rasterize.overlay import draw_overlay

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

COUNTS = arrays(np.float64, (6, 7), elements=st.integers(0, 30))
MASKS = arrays(bool, (6, 7), elements=st.sampled_from([True, True, True, False])).filter(
    lambda m: m.sum() > 2
)


def everywhere(rows: int, cols: int) -> Bools:
    return np.ones((rows, cols), dtype=bool)


def esda_z(values: Floats, links: npt.NDArray[np.generic]) -> Floats:
    """Gi* of esda, with weights of 0 and 1.

    esda's row-standardised form keeps the variance of binary weights, so that only the binary one is right.
    """
    weights = libpysal.weights.WSP(links).to_W(silence_warnings=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(esda.G_Local(values, weights, transform="B", permutations=0, star=True).Zs)


def links_of(places: Bools, *, distance: float) -> npt.NDArray[np.generic]:
    """Sparse links of cells inside that are no farther apart than a distance, in cells."""
    at = np.argwhere(places)
    apart = at[:, None] - at[None, :]
    near = np.hypot(apart[..., 0], apart[..., 1]) <= distance * (1 + 1e-9)
    np.fill_diagonal(near, False)
    return csr_matrix(near.astype(float))


def test_a_corner_by_hand() -> None:
    # Four cells of 9 among 25: mean 1.44, variance 4 * 81 / 25 - 1.44^2 = 10.8864.
    counts = np.zeros((5, 5))
    counts[:2, :2] = 9
    found = gi_star(counts, touching_cells(everywhere(5, 5)))
    corner = (36 - 4 * 1.44) / np.sqrt(10.8864 * 4 * 21 / 24)
    middle = (9 - 9 * 1.44) / np.sqrt(10.8864 * 9 * 16 / 24)
    assert found.z[0, 0] == pytest.approx(corner)
    assert found.z[2, 2] == pytest.approx(middle)
    assert found.neighbors[[0, 0, 2], [0, 2, 2]].tolist() == [3, 5, 8]
    assert found.classes[0, 0] == 3
    np.testing.assert_array_equal(found.count, counts)
    np.testing.assert_array_equal(found.p_fdr, control_false_discovery(found.p))


@given(counts=COUNTS, inside=MASKS, distance=st.floats(1.0, 3.0))
@settings(deadline=None, max_examples=40)
def test_equal_to_esda_on_cells(counts: Floats, inside: Bools, distance: float) -> None:
    if len(np.unique(counts[inside])) < 2 or counts[inside].sum() == 0:
        return
    band = cells_within(inside, cell_size_m=1.0, distance_m=distance)
    ours = gi_star(counts, band)
    with np.errstate(all="ignore"):
        theirs = esda_z(counts[inside], links_of(inside, distance=distance))
    neighbors = band.neighbors[inside]
    defined = (neighbors > 0) & (neighbors < inside.sum() - 1)
    np.testing.assert_allclose(ours.z[inside][defined], theirs[defined], rtol=1e-10, atol=1e-10)
    assert np.isnan(ours.z[~inside]).all()


def test_equal_to_esda_on_areas() -> None:
    city = lay_out_city(CityShape(neighborhoods=90), rng=np.random.default_rng(1))
    polygons = gpd.GeoDataFrame({"area": city.names}, geometry=city.polygons, crs="EPSG:32618")
    rates = np.random.default_rng(2).gamma(0.7, 4.0, 90)
    for areas in (
        touching_areas(polygons),
        areas_within(polygons, distance_m=1600.0),
        nearest_areas(polygons, count=6),
    ):
        theirs = esda_z(rates, areas.links)
        np.testing.assert_allclose(gi_star(rates, areas).z, theirs, rtol=1e-10, atol=1e-10)


def test_permuted_p_agrees_with_esda() -> None:
    values = np.random.default_rng(3).gamma(1.0, size=(12, 12))
    values[3:6, 3:6] += 1.5
    weights = libpysal.weights.lat2W(12, 12, rook=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = esda.G_Local(
            values.ravel(), weights, transform="B", permutations=4999, star=True, n_jobs=1, seed=4
        )
    queen = touching_cells(everywhere(12, 12))
    ours = gi_star(values, queen, permutations=4999, rng=np.random.default_rng(5))
    # esda's p is of the nearer tail. Five standard errors of the difference of two such p, doubled, are 0.07.
    np.testing.assert_allclose(ours.p.ravel(), np.minimum(2 * theirs.p_sim, 1), atol=0.07)
    assert np.corrcoef(ours.p.ravel(), theirs.p_sim)[0, 1] > 0.998


def test_permuted_p_by_enumeration() -> None:
    values = np.array([[5.0, 4.0, 0.0], [3.0, 0.0, 1.0], [0.0, 0.0, 2.0]])
    corner_sum = 4.0 + 3.0 + 0.0
    others = np.delete(values.ravel(), 0)
    drawn = [sum(three) for three in combinations(others, 3)]
    exact = np.mean([total >= corner_sum for total in drawn])
    found = gi_star(
        values,
        touching_cells(everywhere(3, 3)),
        permutations=30_000,
        alternative=Alternative.GREATER,
        rng=np.random.default_rng(6),
    )
    assert found.p[0, 0] == pytest.approx(exact, abs=0.015)


@given(counts=COUNTS, scale=st.floats(0.01, 1000), shift=st.floats(-100, 100))
@settings(deadline=None)
def test_z_does_not_depend_on_the_unit_of_the_values(counts: Floats, scale: float, shift: float) -> None:
    queen = touching_cells(everywhere(6, 7))
    plain = gi_star(counts, queen).z
    np.testing.assert_allclose(gi_star(counts * scale + shift, queen).z, plain, atol=1e-6)
    np.testing.assert_allclose(gi_star(-counts, queen).z, -plain, atol=1e-9)


@given(counts=COUNTS, inside=MASKS)
@settings(deadline=None)
def test_turning_the_city_turns_the_hot_spots(counts: Floats, inside: Bools) -> None:
    straight = gi_star(counts, cells_within(inside, cell_size_m=1.0, distance_m=2.0))
    turned = gi_star(np.rot90(counts), cells_within(np.rot90(inside), cell_size_m=1.0, distance_m=2.0))
    np.testing.assert_allclose(turned.z, np.rot90(straight.z), atol=1e-9)
    np.testing.assert_allclose(turned.p_fdr, np.rot90(straight.p_fdr), atol=1e-9)


@given(counts=COUNTS, steps=st.tuples(st.integers(0, 3), st.integers(0, 3)))
@settings(deadline=None)
def test_moving_the_city_by_cells_moves_the_hot_spots(counts: Floats, steps: tuple[int, int]) -> None:
    down, right = steps
    frame, inside = np.zeros((9, 10)), np.zeros((9, 10), dtype=bool)
    frame[down : down + 6, right : right + 7] = counts
    inside[down : down + 6, right : right + 7] = True
    moved = gi_star(frame, touching_cells(inside)).z[down : down + 6, right : right + 7]
    np.testing.assert_allclose(moved, gi_star(counts, touching_cells(everywhere(6, 7))).z, atol=1e-9)


def test_one_sided_p() -> None:
    counts = np.random.default_rng(7).poisson(2, (8, 8))
    queen = touching_cells(everywhere(8, 8))
    both, high, low = (gi_star(counts, queen, alternative=which) for which in Alternative)
    np.testing.assert_allclose(high.p + low.p, 1.0)
    np.testing.assert_allclose(both.p, 2 * np.minimum(high.p, low.p))


@pytest.mark.parametrize("level", [0.0, 1.0, 0.1, 1e9])
@pytest.mark.parametrize("permutations", [0, 99])
def test_where_nothing_differs_nothing_stands_out(level: float, permutations: int) -> None:
    found = gi_star(
        np.full((6, 6), level),
        touching_cells(everywhere(6, 6)),
        permutations=permutations,
        rng=np.random.default_rng(8),
    )
    assert (found.z == 0).all()
    assert (found.p == 1).all()
    assert (found.classes == 0).all()


def test_one_incident_and_islands() -> None:
    inside = np.zeros((6, 6), dtype=bool)
    inside[:3, :3] = inside[5, 5] = True
    counts = np.zeros((6, 6))
    counts[5, 5] = 1
    for permutations in (0, 99):
        found = gi_star(
            counts, touching_cells(inside), permutations=permutations, rng=np.random.default_rng(9)
        )
        # The island counts among the others, but a single place is no cluster.
        assert np.isnan([found.z[5, 5], found.p[5, 5], found.p_fdr[5, 5]]).all()
        assert (found.z[:3, :3] < 0).all()
        assert found.classes[5, 5] == 0
    alone = gi_star([[3.0]], touching_cells(everywhere(1, 1)))
    assert np.isnan(alone.z).all()


def test_a_neighborhood_of_all_places_cannot_differ() -> None:
    grid = Grid("EPSG:26985", 0.0, 30.0, 10.0, 3, 3)
    everyone = nearest_cells(grid, everywhere(3, 3), count=8)
    found = gi_star(np.arange(9.0).reshape(3, 3), everyone)
    assert (found.z == 0).all()
    assert (found.p == 1).all()


def test_chance_alone_is_seldom_a_hot_spot() -> None:
    # Without clusters the adjusted p of any place is under 0.05 in at most 1 of 20 cities.
    queen = touching_cells(everywhere(20, 20))
    found = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        found.append(gi_star(rng.normal(size=(20, 20)), queen).classes)
    assert np.mean([(np.abs(classes) >= 2).any() for classes in found]) <= 0.1


def test_hot_spots_of_the_simulated_city_are_found() -> None:
    year = SimulationSettings(start=date(2022, 1, 1), stop=date(2023, 1, 1))
    city = simulate_city(year, rng=np.random.default_rng(2))
    ground = city.intensity.city
    polygons = gpd.GeoDataFrame({"area": ground.names}, geometry=ground.polygons, crs="EPSG:32618")
    grid = cover_polygons(polygons, cell_size_m=250.0)
    inside = draw_overlay(polygons, grid).inside
    violent = np.isin(city.events.code, [CODES[category] for category in VIOLENT])
    points = locate_points(*city.events.points[violent].T, grid, inside=inside)
    found = gi_star(count_in_cells(points, grid), cells_within(inside, cell_size_m=250.0, distance_m=500.0))
    centers = city.intensity.hot_spots.points
    row, col = grid.locate(centers[:, 0], centers[:, 1])
    assert (found.classes[row, col] >= 2).all()
    # What is marked lies near a centre: the bumps have a standard deviation of 400 m, the band adds 500 m.
    x, y = grid.cell_centers()
    hot = np.argwhere(found.classes >= 2)
    apart = np.hypot(x[hot[:, 1], None] - centers[:, 0], y[hot[:, 0], None] - centers[:, 1]).min(axis=1)
    assert (apart <= 1000).mean() >= 0.95


def test_error_texts() -> None:
    queen = touching_cells(everywhere(3, 3))
    with pytest.raises(DataError, match=r"places of shape \(3, 3\)\. Received: \(2, 2\)"):
        gi_star(np.zeros((2, 2)), queen)
    with pytest.raises(DataError, match=r"each of 9 places\. Received: 1 without"):
        gi_star(np.array([[1, 2, 3], [4, np.nan, 6], [7, 8, 9]]), queen)
    with pytest.raises(ConfigError, match="Pass rng"):
        gi_star(np.zeros((3, 3)), queen, permutations=99)
