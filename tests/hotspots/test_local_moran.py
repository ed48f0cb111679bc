"""Local Moran's I: by hand, as esda has it, unmoved by units and turns, right about outliers."""

import warnings
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

from hotspots.local.moran import LocalMoran, Quadrant, local_moran
from hotspots.local.significance import Alternative, control_false_discovery
from hotspots.local.weights import nearest_areas, touching_areas, touching_cells
from incidents.errors import ConfigError, DataError
from incidents.simulate.city import lay_out_city
from incidents.simulate.settings import CityShape

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

COUNTS = arrays(np.float64, (5, 6), elements=st.integers(0, 30)).filter(lambda counts: counts.std() > 0)
QUEEN = touching_cells(np.ones((5, 6), dtype=bool))


def esda_moran(values: Floats, weights: libpysal.weights.W, *, permutations: int = 0) -> esda.Moran_Local:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return esda.Moran_Local(
            values.ravel(), weights, transformation="r", permutations=permutations, seed=4, n_jobs=1
        )


def check_against_esda(ours: LocalMoran, theirs: esda.Moran_Local) -> None:
    n = theirs.n
    np.testing.assert_allclose(ours.i.ravel(), theirs.Is, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(ours.quadrant.ravel(), theirs.q)
    # esda states moments of I without the factor (n - 1) / n that its I has.
    z = (theirs.Is * n / (n - 1) - theirs.EIc) / np.sqrt(theirs.VIc)
    np.testing.assert_allclose(ours.z.ravel(), z, rtol=1e-9, atol=1e-9)


def test_a_line_of_areas_by_hand() -> None:
    # 0 and 0 beside each other, then 1 and 7: mean 2, deviations -2, -2, -1, 5, squares 34.
    found = local_moran(np.array([[0.0, 0.0, 1.0, 7.0]]), touching_cells(np.ones((1, 4), dtype=bool)))
    lag = np.array([-2, (-2 - 1) / 2, (-2 + 5) / 2, -1])
    np.testing.assert_allclose(found.i[0], 3 * np.array([-2, -2, -1, 5]) * lag / 34)
    names = [Quadrant(code).name for code in found.quadrant[0]]
    assert names == ["LOW_LOW", "LOW_LOW", "LOW_HIGH", "HIGH_LOW"]
    # The first has one neighbor, drawn from (-2, -1, 5): mean 2/3, variance 86/9; negative places turn it around.
    assert found.z[0, 0] == pytest.approx(-(-2 - 2 / 3) / np.sqrt(86 / 9))
    np.testing.assert_array_equal(found.p_fdr, control_false_discovery(found.p))


@given(COUNTS)
@settings(deadline=None, max_examples=40)
def test_equal_to_esda_on_cells(counts: Floats) -> None:
    deviations = counts - counts.mean()
    all_but_one_equal = np.sort(np.unique(counts, return_counts=True)[1])[-1] >= counts.size - 1
    if all_but_one_equal or (deviations == 0).any() or np.isclose(QUEEN.add_neighbors(deviations), 0).any():
        return  # esda divides 0 by 0 there, or rounding decides the quadrant
    check_against_esda(
        local_moran(counts, QUEEN), esda_moran(counts, libpysal.weights.lat2W(5, 6, rook=False))
    )


def test_equal_to_esda_on_areas() -> None:
    city = lay_out_city(CityShape(neighborhoods=90), rng=np.random.default_rng(1))
    polygons = gpd.GeoDataFrame({"area": city.names}, geometry=city.polygons, crs="EPSG:32618")
    rates = np.random.default_rng(2).gamma(0.7, 4.0, 90)
    for areas in (touching_areas(polygons), nearest_areas(polygons, count=6)):
        weights = libpysal.weights.WSP(areas.links).to_W(silence_warnings=True)
        check_against_esda(local_moran(rates, areas), esda_moran(rates, weights))


def test_permuted_p_agrees_with_esda() -> None:
    values = np.random.default_rng(3).gamma(1.0, size=(12, 12))
    values[3:6, 3:6] += 1.5
    theirs = esda_moran(values, libpysal.weights.lat2W(12, 12, rook=False), permutations=4999)
    queen = touching_cells(np.ones((12, 12), dtype=bool))
    ours = local_moran(values, queen, permutations=4999, rng=np.random.default_rng(5))
    np.testing.assert_allclose(ours.p.ravel(), np.minimum(2 * theirs.p_sim, 1), atol=0.07)


@pytest.mark.parametrize("alternative", list(Alternative))
def test_permuted_p_by_enumeration(alternative: Alternative) -> None:
    values = np.array([[5.0, 4.0, 0.0], [3.0, 0.5, 1.0], [0.0, 0.0, 2.0]])
    deviations = (values - values.mean()).ravel()
    found = local_moran(
        values,
        touching_cells(np.ones((3, 3), dtype=bool)),
        permutations=30_000,
        alternative=alternative,
        rng=np.random.default_rng(6),
    )
    for place, neighbors in ((0, [1, 3, 4]), (2, [1, 4, 5]), (8, [4, 5, 7])):
        observed = deviations[place] * deviations[neighbors].sum()
        others = np.delete(deviations, place)
        drawn = deviations[place] * np.array([sum(three) for three in combinations(others, 3)])
        upper, lower = (drawn >= observed - 1e-9).mean(), (drawn <= observed + 1e-9).mean()
        exact = {"greater": upper, "less": lower, "two-sided": min(1, 2 * min(upper, lower))}[alternative]
        assert found.p.ravel()[place] == pytest.approx(exact, abs=0.025)


@given(counts=COUNTS, scale=st.floats(0.01, 1000), shift=st.floats(-100, 100))
@settings(deadline=None)
def test_likeness_does_not_depend_on_the_unit_of_the_values(
    counts: Floats, scale: float, shift: float
) -> None:
    plain, other = local_moran(counts, QUEEN), local_moran(counts * scale + shift, QUEEN)
    np.testing.assert_allclose(other.i, plain.i, atol=1e-6)
    np.testing.assert_allclose(local_moran(-counts, QUEEN).i, plain.i, atol=1e-9)


@given(counts=COUNTS)
@settings(deadline=None)
def test_turning_the_city_turns_the_result(counts: Floats) -> None:
    turned = local_moran(np.rot90(counts), touching_cells(np.ones((6, 5), dtype=bool)))
    np.testing.assert_allclose(turned.i, np.rot90(local_moran(counts, QUEEN).i), atol=1e-9)


def test_an_outlier_is_told_from_a_cluster() -> None:
    counts = np.random.default_rng(7).poisson(2, (20, 20)).astype(float)
    counts[3:8, 3:8] += 12
    counts[14, 14] = 40
    counts[5, 5] = 0
    found = local_moran(counts, touching_cells(np.ones((20, 20), dtype=bool)))
    marked = found.significant(0.05)
    assert marked[4, 4] == marked[6, 4] == Quadrant.HIGH_HIGH
    assert marked[5, 5] == Quadrant.LOW_HIGH
    assert found.quadrant[14, 14] == Quadrant.HIGH_LOW
    assert found.i[14, 14] < 0 < found.i[4, 4]
    assert np.isin(marked, (Quadrant.NONE, *np.unique(found.quadrant))).all()
    assert (marked != 0).sum() < (found.quadrant != 0).sum() == 400


@pytest.mark.parametrize("permutations", [0, 99])
def test_where_nothing_differs_nothing_stands_out(permutations: int) -> None:
    found = local_moran(np.full((5, 6), 0.1), QUEEN, permutations=permutations, rng=np.random.default_rng(8))
    assert (found.i == 0).all()
    assert (found.z == 0).all()
    assert (found.p == 1).all()


def test_a_lone_value_cannot_be_compared() -> None:
    # All others are equal, so that no other neighbors can be drawn for the one.
    counts = np.ones((5, 6))
    counts[0, 0] = 0
    found = local_moran(counts, QUEEN)
    assert (found.z[0, 0], found.p[0, 0]) == (0.0, 1.0)


def test_a_place_at_the_mean_is_like_none() -> None:
    values = np.array([[1.0, 3.0, 2.0, 3.0, 1.0]])  # the middle one is the mean
    for permutations in (0, 99):
        found = local_moran(
            values,
            touching_cells(np.ones((1, 5), dtype=bool)),
            permutations=permutations,
            rng=np.random.default_rng(9),
        )
        assert (found.i[0, 2], found.z[0, 2], found.p[0, 2]) == (0.0, 0.0, 1.0)


def test_islands_and_the_outside_get_no_result() -> None:
    inside = np.zeros((5, 5), dtype=bool)
    inside[:3, :3] = inside[4, 4] = True
    counts = np.arange(25.0).reshape(5, 5)
    found = local_moran(counts, touching_cells(inside), permutations=99, rng=np.random.default_rng(1))
    for band in found.bands.values():
        assert np.isnan(band[~inside]).all()
    assert np.isnan([found.i[4, 4], found.z[4, 4], found.p[4, 4]]).all()
    assert found.quadrant[4, 4] == Quadrant.NONE
    assert found.count[4, 4] == 24.0


def test_error_texts() -> None:
    with pytest.raises(DataError, match=r"places of shape \(5, 6\)\. Received: \(30,\)"):
        local_moran(np.zeros(30), QUEEN)
    with pytest.raises(ConfigError, match="Pass rng"):
        local_moran(np.zeros((5, 6)), QUEEN, permutations=99)
