"""The curve of distances, and the reach and weight that are read off it."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson
from sklearn.neighbors import NearestNeighbors

from hotspots.clusters import k_distance
from hotspots.clusters.dbscan import cluster_dbscan
from hotspots.clusters.k_distance import k_distances, suggest_min_weight, suggest_reach
from hotspots.sites import group_sites
from incidents.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]


def test_distances_by_hand() -> None:
    sites = group_sites([1000.0] * 3 + [1040.0] + [1100.0] * 2, [0.0] * 6)
    assert k_distances(sites, min_weight=3.0).tolist() == [0.0, 40.0, 60.0]
    assert k_distances(sites, min_weight=6.0).tolist() == [100.0, 60.0, 100.0]


@given(st.integers(1, 120), st.integers(0, 5))
def test_agree_with_scikit_learn_on_all_rows(least: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.round(rng.normal(5000, 200, (120, 2)) / 40) * 40
    sites = group_sites(*rows.T)
    theirs = NearestNeighbors(n_neighbors=least).fit(rows).kneighbors(rows)[0][:, -1]
    np.testing.assert_allclose(k_distances(sites, min_weight=least)[sites.of_point], theirs)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sites = group_sites(*np.random.default_rng(1).normal(5000, 500, (2, 300)))
    whole = k_distances(sites, min_weight=40.0)
    monkeypatch.setattr(k_distance, "CHUNK_DISTANCES", 100)
    np.testing.assert_array_equal(k_distances(sites, min_weight=40.0), whole)


def two_densities(rng: np.random.Generator) -> Floats:
    """Eight tight clusters with 80% of the incidents, the rest spread thinly."""
    angle = np.arange(8)[rng.integers(8, size=800)] * np.pi / 4
    near = 10_000 + 6000 * np.stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 100, (2, 800))
    return np.concatenate([near, rng.uniform(0, 20_000, (2, 200))], axis=1)


def test_the_bend_parts_clusters_from_the_rest() -> None:
    x, y = two_densities(np.random.default_rng(2))
    sites = group_sites(x, y)
    curve = suggest_reach(sites, min_weight=10.0)
    found = cluster_dbscan(sites, reach_m=curve.reach_m, min_weight=10.0)
    assert len(found) == 8
    assert (found.of_point[:800] >= 0).mean() > 0.95
    assert (found.of_point[800:] < 0).mean() > 0.9


def test_the_reach_for_a_share_makes_so_many_core() -> None:
    sites = group_sites(*np.random.default_rng(3).normal(5000, 800, (2, 500)))
    curve = suggest_reach(sites, min_weight=12.0)
    for share in (0.1, 0.25, 1.0):
        found = cluster_dbscan(sites, reach_m=curve.reach_for(share) * (1 + 1e-12), min_weight=12.0)
        assert (found.membership == 1.0).mean() == pytest.approx(share)


@given(st.floats(0.01, 100))
def test_another_unit_scales_the_reach(unit: float) -> None:
    x, y = two_densities(np.random.default_rng(4))
    here = suggest_reach(group_sites(x, y), min_weight=10.0)
    there = suggest_reach(group_sites(x * unit + 1000, y * unit + 1000), min_weight=10.0)
    assert there.reach_m == pytest.approx(here.reach_m * unit, rel=1e-6)


def test_the_least_weight_is_rare_by_chance() -> None:
    sites = group_sites(np.linspace(1000, 9000, 5000), np.zeros(5000))
    least = suggest_min_weight(sites, reach_m=150.0, area_km2=100.0, level=0.001)
    expected = 5000 * np.pi * 0.15**2 / 100
    assert poisson.sf(least - 1, expected) <= 0.001 < poisson.sf(least - 2, expected)
    assert suggest_min_weight(sites, reach_m=1.0, area_km2=100.0) == 3


def test_error_texts() -> None:
    sites = group_sites([4000.0] * 9 + [5000.0], [4000.0] * 10)
    with pytest.raises(ConfigError) as much:
        k_distances(sites, min_weight=11.0)
    assert str(much.value) == (
        "Expected min_weight of at most all 10 incidents. Received: 11. Ask for fewer."
    )
    with pytest.raises(DataError) as flat:
        suggest_reach(sites, min_weight=5.0)
    assert str(flat.value) == (
        "Expected distances that rise from a bend above 0 m. Received: 0 m to 0 m, with 90% of the incidents at the "
        "least of them. Ask for more incidents than lie at single places, or choose reach_m from what is known of "
        "the coordinates."
    )
    with pytest.raises(ConfigError, match=r"Expected reach_m and area_km2 above 0"):
        suggest_min_weight(sites, reach_m=100.0, area_km2=0.0)
