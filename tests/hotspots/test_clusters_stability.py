"""How much of a clustering would come out again: full marks for what is certain, few for chance."""

from functools import partial

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import adjusted_rand_score

from hotspots.clusters.dbscan import cluster_dbscan
from hotspots.clusters.hierarchy import cluster_hdbscan
from hotspots.clusters.stability import adjusted_rand, bootstrap_stability
from hotspots.sites import group_sites
from incidents.errors import ConfigError, DataError

Ints = npt.NDArray[np.int64]


@given(arrays(np.int64, (30, 2), elements=st.integers(0, 3)))
def test_adjusted_rand_agrees_with_scikit_learn(labels: Ints) -> None:
    table = np.zeros((4, 4))
    np.add.at(table, (labels[:, 0], labels[:, 1]), 1.0)
    assert adjusted_rand(table) == pytest.approx(adjusted_rand_score(*labels.T), abs=1e-12)


def test_what_is_certain_comes_out_again() -> None:
    # Two places with 40 incidents in each of ten weeks, and a third that all happened in one week.
    x = np.concatenate([np.full(400, 2000.0), np.full(400, 5000.0), np.full(60, 8000.0)])
    week = np.concatenate([np.arange(800) % 10, np.full(60, 3)])
    find = partial(cluster_dbscan, reach_m=100.0, min_weight=50.0)
    found = find(group_sites(x, x))
    stability = bootstrap_stability(found, find, blocks=week, replicates=400, rng=np.random.default_rng(1))
    assert stability.jaccard[:2].tolist() == stability.recovered[:2].tolist() == [1.0, 1.0]
    # Week 3 is drawn at least once in 1 - 0.9^10 of the replicates.
    assert stability.recovered[2] == pytest.approx(1 - 0.9**10, abs=0.05)
    assert stability.adjusted_rand.max() == 1.0


def test_chance_clusters_do_not() -> None:
    rng = np.random.default_rng(2)
    real = rng.normal(3000, 60, (2, 120))
    x, y = np.concatenate([real, rng.uniform(0, 10_000, (2, 1500))], axis=1)
    find = partial(cluster_dbscan, reach_m=200.0, min_weight=7.0)
    found = find(group_sites(x, y))
    stability = bootstrap_stability(found, find, blocks=np.arange(x.size), replicates=60, rng=rng)
    assert len(found) > 5
    assert stability.jaccard[0] > 0.8
    assert np.median(stability.jaccard[1:]) < 0.6


def test_bursts_are_less_stable_than_single_draws_say() -> None:
    rng = np.random.default_rng(3)
    week = np.repeat(np.arange(40), 10)
    x = rng.uniform(2000, 8000, 40)[week] + rng.normal(0, 50, 400)
    find = partial(cluster_dbscan, reach_m=150.0, min_weight=8.0)
    found = find(group_sites(x, x))
    by_week, by_row = (
        bootstrap_stability(found, find, blocks=blocks, replicates=60, rng=np.random.default_rng(4))
        for blocks in (week, np.arange(400))
    )
    assert by_week.adjusted_rand.mean() < by_row.adjusted_rand.mean()


def test_hierarchies_and_weights_are_resampled_as_well() -> None:
    rng = np.random.default_rng(5)
    x, y = np.concatenate([rng.normal(3000, 80, (2, 80)), rng.normal(7000, 200, (2, 80))], axis=1)
    find = partial(cluster_hdbscan, min_weight=60.0)
    found = find(group_sites(x, y, weights=np.full(160, 2.0)))
    stability = bootstrap_stability(found, find, blocks=np.arange(160), replicates=20, rng=rng)
    assert len(found) == 2
    assert (stability.jaccard > 0.8).all()


def test_equal_generators_give_equal_answers() -> None:
    x = np.random.default_rng(6).normal(4000, 300, 200)
    find = partial(cluster_dbscan, reach_m=50.0, min_weight=5.0)
    one, two = (
        bootstrap_stability(
            find(group_sites(x, x)),
            find,
            blocks=np.arange(200) // 5,
            replicates=10,
            rng=np.random.default_rng(7),
        )
        for _ in range(2)
    )
    np.testing.assert_array_equal(one.adjusted_rand, two.adjusted_rand)
    np.testing.assert_array_equal(one.jaccard, two.jaccard)


def test_error_texts() -> None:
    find = partial(cluster_dbscan, reach_m=100.0, min_weight=2.0)
    found = find(group_sites([4000.0] * 3, [4000.0] * 3))
    with pytest.raises(DataError) as short:
        bootstrap_stability(found, find, blocks=[1], rng=np.random.default_rng(0))
    assert str(short.value) == (
        "Expected a block for each of 3 points. Received: shape (1,). Pass both columns uncut."
    )
    with pytest.raises(ConfigError, match="Expected at least one replicate"):
        bootstrap_stability(found, find, blocks=[1, 2, 3], replicates=0, rng=np.random.default_rng(0))
    with pytest.raises(DataError, match="Expected at least 2 blocks of time"):
        bootstrap_stability(found, find, blocks=[1, 1, 1], rng=np.random.default_rng(0))
