"""Emerging hot spots: Gi* of a space-time cube as esda has it, and every pattern from counts that were made for it."""

import warnings

import esda
import libpysal
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_matrix

from hotspots.emerging.hot_spots import EmergingSettings, Reference, find_emerging
from hotspots.emerging.patterns import Pattern
from hotspots.emerging.trend import mann_kendall
from hotspots.local.gi_star import gi_star
from hotspots.local.significance import control_false_discovery
from hotspots.local.weights import nearest_cells, touching_cells
from incidents.errors import ConfigError, DataError
from rasterize.grid import Grid

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CUBES = arrays(np.float64, (5, 4, 5), elements=st.integers(0, 20))
QUEEN = touching_cells(np.ones((4, 5), dtype=bool))
BLOCK = (slice(6, 11), slice(6, 11))
SLICES = 20


def esda_cube_z(cube: Floats, *, past: int) -> Floats:
    """Gi* with explicit links between all bins: queen neighbors in the same and so many earlier slices."""
    at = np.argwhere(np.ones(cube.shape))
    ago = at[:, None, 0] - at[None, :, 0]
    near = np.abs(at[:, None, 1:] - at[None, :, 1:]).max(axis=2) <= 1
    links = near & (ago >= 0) & (ago <= past)
    np.fill_diagonal(links, False)
    weights = libpysal.weights.WSP(csr_matrix(links.astype(float))).to_W(silence_warnings=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = esda.G_Local(cube.ravel(), weights, transform="B", permutations=0, star=True)
    return np.asarray(found.Zs).reshape(cube.shape)


@pytest.mark.parametrize("past", [0, 1, 3])
def test_equal_to_esda_with_links_through_time(past: int) -> None:
    cube = np.random.default_rng(1).poisson(2, (6, 5, 7)).astype(float)
    queen = touching_cells(np.ones((5, 7), dtype=bool))
    found = find_emerging(cube, queen, settings=EmergingSettings(past_slices=past))
    np.testing.assert_allclose(found.z, esda_cube_z(cube, past=past), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found.trend.z, mann_kendall(found.z).z)


def test_slices_by_themselves_are_ordinary_gi_star() -> None:
    cube = np.random.default_rng(2).poisson(2, (4, 4, 5)).astype(float)
    alone = EmergingSettings(past_slices=0, reference=Reference.SAME_SLICES)
    found = find_emerging(cube, QUEEN, settings=alone)
    each = [gi_star(counts, QUEEN) for counts in cube]
    np.testing.assert_allclose(found.z, [one.z for one in each], atol=1e-10)
    np.testing.assert_allclose(found.p_fdr, control_false_discovery([one.p for one in each]), atol=1e-10)


def test_a_window_of_slices_is_its_own_reference() -> None:
    cube = np.random.default_rng(3).poisson(2, (5, 4, 5)).astype(float)
    found = find_emerging(
        cube, QUEEN, settings=EmergingSettings(past_slices=1, reference=Reference.SAME_SLICES)
    )
    np.testing.assert_allclose(found.z[3], esda_cube_z(cube[2:4], past=1)[1], atol=1e-10)


def made_for(history: str, *, cold: bool) -> Floats:
    """A cube whose block is high (h), low (c) or ordinary (.) by slice; from A to J it is more and more so."""
    rng = np.random.default_rng(4)
    ordinary = 12.0 if cold else 2.0
    means = {".": ordinary, "h": 30.0, "c": 0.0}
    means |= {letter: 5.0 - 0.5 * k if cold else 14.0 + 6.0 * k for k, letter in enumerate("ABCDEFGHIJ")}
    cube = rng.poisson(ordinary, (SLICES, 24, 24)).astype(float)
    for at, letter in enumerate(history):
        cube[(at, *BLOCK)] = rng.poisson(means[letter], (5, 5))
    return cube


FROM_COUNTS = {
    Pattern.NEW_HOT: "." * 19 + "h",
    Pattern.CONSECUTIVE_HOT: "." * 14 + "h" * 6,
    Pattern.INTENSIFYING_HOT: "AABBCCDDEEFFGGHHIIJJ",
    Pattern.PERSISTENT_HOT: "hhhhhhhhhh.hhhhhhhhh",
    Pattern.DIMINISHING_HOT: "JJIIHHGGFFEEDDCCBBAA",
    Pattern.SPORADIC_HOT: "..hh..h...hh....h.hh",
    Pattern.OSCILLATING_HOT: "..cc..h...hh....h.hh",
    Pattern.HISTORICAL_HOT: "h" * 18 + "h.",
    Pattern.NEW_COLD: "." * 19 + "c",
    Pattern.CONSECUTIVE_COLD: "." * 14 + "c" * 6,
    Pattern.INTENSIFYING_COLD: "AABBCCDDEEFFGGHHIIJJ",
    Pattern.PERSISTENT_COLD: "cccccccccc.ccccccccc",
    Pattern.DIMINISHING_COLD: "JJIIHHGGFFEEDDCCBBAA",
    Pattern.SPORADIC_COLD: "..cc..c...cc....c.cc",
    Pattern.OSCILLATING_COLD: "..hh..c...cc....c.cc",
    Pattern.HISTORICAL_COLD: "c" * 18 + "c.",
    Pattern.NONE: "." * 20,
}


@pytest.mark.parametrize("pattern", FROM_COUNTS, ids=lambda pattern: pattern.name)
def test_each_pattern_from_counts(pattern: Pattern) -> None:
    cube = made_for(FROM_COUNTS[pattern], cold="c" in FROM_COUNTS[pattern] or pattern < 0)
    one_by_one = EmergingSettings(past_slices=0, level=0.01)
    found = find_emerging(cube, touching_cells(np.ones((24, 24), dtype=bool)), settings=one_by_one)
    assert Pattern(found.pattern[8, 8]) is pattern
    assert (found.pattern[16:, 16:] == Pattern.NONE).mean() > 0.9


@given(CUBES)
@settings(deadline=None, max_examples=30)
def test_turning_the_city_turns_the_patterns(cube: Floats) -> None:
    straight = find_emerging(cube, QUEEN)
    turned = find_emerging(np.rot90(cube, axes=(1, 2)), touching_cells(np.ones((5, 4), dtype=bool)))
    np.testing.assert_allclose(turned.z, np.rot90(straight.z, axes=(1, 2)), atol=1e-9)


@given(CUBES, st.floats(0.01, 1000))
@settings(deadline=None, max_examples=30)
def test_hot_is_cold_with_the_signs_turned_and_units_do_not_count(cube: Floats, factor: float) -> None:
    plain = find_emerging(cube, QUEEN)
    np.testing.assert_allclose(find_emerging(cube * factor, QUEEN).z, plain.z, atol=1e-7)
    mirrored = find_emerging(-cube, QUEEN)
    np.testing.assert_allclose(mirrored.z, -plain.z, atol=1e-9)
    np.testing.assert_array_equal(mirrored.pattern, -plain.pattern)


def test_a_surge_of_the_whole_city_is_hot_only_against_the_entire_cube() -> None:
    rng = np.random.default_rng(5)
    cube = rng.poisson(1.0, (12, 20, 20)).astype(float)
    cube[-1] = rng.poisson(4.0, (20, 20))
    queen = touching_cells(np.ones((20, 20), dtype=bool))
    entire = find_emerging(cube, queen, settings=EmergingSettings(past_slices=0))
    same = find_emerging(
        cube, queen, settings=EmergingSettings(past_slices=0, reference=Reference.SAME_SLICES)
    )
    assert (entire.pattern == Pattern.NEW_HOT).mean() > 0.9
    assert (same.pattern == Pattern.NEW_HOT).mean() < 0.05


@pytest.mark.parametrize("reference", list(Reference))
def test_where_nothing_differs_there_is_no_pattern(reference: Reference) -> None:
    for level in (0.0, 3.0):
        found = find_emerging(
            np.full((6, 4, 5), level), QUEEN, settings=EmergingSettings(reference=reference)
        )
        assert (found.pattern == Pattern.NONE).all()
        assert (found.z == 0).all()
        assert (found.p_fdr == 1).all()
    single = np.zeros((6, 4, 5))
    single[3, 1, 1] = 1
    assert np.isfinite(find_emerging(single, QUEEN, settings=EmergingSettings(reference=reference)).z).all()


def test_the_outside_and_islands_have_no_pattern() -> None:
    inside = np.zeros((6, 6), dtype=bool)
    inside[:4, :4] = inside[5, 5] = True
    cube = np.random.default_rng(6).poisson(3, (8, 6, 6)).astype(float)
    cube[:, 5, 5] = 100
    cube[:, ~inside] = np.nan
    for neighborhood in (
        touching_cells(inside),
        nearest_cells(Grid("EPSG:26985", 0, 6, 1, 6, 6), inside, count=3),
    ):
        found = find_emerging(cube, neighborhood)
        assert (found.pattern[~inside] == Pattern.NONE).all()
        assert all(np.isnan(band[~inside]).all() for band in found.bands.values())
    island = find_emerging(cube, touching_cells(inside))
    assert np.isnan(island.z[:, 5, 5]).all()
    assert island.pattern[5, 5] == Pattern.NONE


def test_settings_change_what_is_found() -> None:
    cube = made_for("." * 14 + "h" * 6, cold=False)
    queen = touching_cells(np.ones((24, 24), dtype=bool))
    strict = find_emerging(cube, queen, settings=EmergingSettings(level=1e-6))
    lax = find_emerging(cube, queen, settings=EmergingSettings(level=0.2))
    assert (strict.pattern != 0).sum() < (lax.pattern != 0).sum()
    grown = made_for("AABBCCDDEEFFGGHHIIJJ", cold=False)
    assert find_emerging(grown, queen).pattern[8, 8] == Pattern.INTENSIFYING_HOT
    deaf = find_emerging(grown, queen, settings=EmergingSettings(trend_level=1e-12))
    assert deaf.pattern[8, 8] == Pattern.PERSISTENT_HOT


def test_error_texts() -> None:
    with pytest.raises(DataError) as shape:
        find_emerging(np.zeros((3, 5, 4)), QUEEN)
    assert str(shape.value) == (
        "Expected at least 2 slices of places of shape (4, 5). Received: (3, 5, 4). "
        "Count on the same cells or areas as the neighborhood, over a longer period."
    )
    with pytest.raises(DataError, match=r"Received: \(1, 4, 5\)"):
        find_emerging(np.zeros((1, 4, 5)), QUEEN)
    with pytest.raises(DataError, match=r"Expected finite counts\. Received: 5 that are not"):
        find_emerging(np.where(np.arange(40).reshape(2, 4, 5) % 8 == 0, np.inf, 1.0), QUEEN)
    with pytest.raises(ConfigError) as levels:
        find_emerging(np.zeros((3, 4, 5)), QUEEN, settings=EmergingSettings(past_slices=-1))
    assert str(levels.value) == (
        "Expected past_slices >= 0 and levels between 0 and 1. Received: -1, 0.05 and 0.05. Try 1, 0.05 and 0.05."
    )
