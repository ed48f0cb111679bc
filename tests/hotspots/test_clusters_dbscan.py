"""Clusters of one density: equal to scikit-learn's on the core places, and indifferent to order, frame and unit."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.cluster import DBSCAN

from hotspots.clusters.dbscan import cluster_dbscan, cluster_space_time
from hotspots.clusters.result import Clusters
from hotspots.sites import group_sites
from incidents.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
START = np.datetime64("2015-07-04T20:00", "us")


def scatter(seed: int, count: int = 400) -> Floats:
    """Three clusters of different width among even noise, many points on a lattice of block centres."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(2000, 8000, (3, 2))
    near = centres[rng.integers(3, size=count // 2)] + rng.normal(0, 150, (count // 2, 2))
    points = np.concatenate([near, rng.uniform(1000, 9000, (count - count // 2, 2))])
    return np.where(rng.random((count, 1)) < 0.7, np.round(points / 100) * 100, points)


def same_groups(one: Ints, other: Ints) -> bool:
    """Whether two labellings are equal but for the numbers of the groups."""
    pairs = {*zip(one.tolist(), other.tolist(), strict=True)}
    return len(pairs) == len({first for first, _ in pairs}) == len({second for _, second in pairs})


def test_clusters_by_hand() -> None:
    # Five at one block and three 90 m east of it; one 90 m further can only join; four far away; one alone.
    x = [1000.0] * 5 + [1090.0] * 3 + [1180.0] + [5000.0] * 4 + [9000.0]
    found = cluster_dbscan(group_sites(x, [0.0] * 14), reach_m=100.0, min_weight=8.0)
    assert found.of_point.tolist() == [0] * 9 + [-1] * 5
    assert found.weight.tolist() == [9.0]
    assert found.membership.tolist() == [1.0, 1.0, 0.5, 0.0, 0.0]
    wider = cluster_dbscan(group_sites(x, [0.0] * 14), reach_m=100.0, min_weight=4.0)
    assert wider.of_point.tolist() == [0] * 9 + [1] * 4 + [-1]


def test_a_place_between_two_clusters_joins_the_nearer_one() -> None:
    # 1145 m is within reach of both 1000 m and 1300 m, not dense itself, and the heavier cluster is farther.
    x = [900.0] * 5 + [1000.0] * 3 + [1145.0] + [1300.0] * 3 + [1400.0] * 7
    for order in (np.arange(19), np.arange(19)[::-1]):
        found = cluster_dbscan(group_sites(np.array(x)[order], np.zeros(19)), reach_m=160.0, min_weight=8.0)
        assert found.weight.tolist() == [10.0, 9.0]
        assert found.of_point[order].tolist() == [1] * 9 + [0] * 10


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("reach_m", "min_weight"), [(120.0, 4), (250.0, 9), (400.0, 30)])
def test_agrees_with_scikit_learn_on_all_rows(seed: int, reach_m: float, min_weight: int) -> None:
    points = scatter(seed)
    found = cluster_dbscan(group_sites(*points.T), reach_m=reach_m, min_weight=min_weight)
    theirs = DBSCAN(eps=reach_m, min_samples=min_weight).fit(points)
    core = np.zeros(len(points), dtype=bool)
    core[theirs.core_sample_indices_] = True
    np.testing.assert_array_equal(found.sites.spread(found.membership, missing=0) == 1.0, core)
    assert same_groups(found.of_point[core], theirs.labels_[core])
    np.testing.assert_array_equal(found.of_point < 0, theirs.labels_ < 0)


def test_weights_agree_with_scikit_learn() -> None:
    points, weights = scatter(9), np.random.default_rng(9).uniform(0.2, 3.0, 400)
    found = cluster_dbscan(group_sites(*points.T, weights=weights), reach_m=200.0, min_weight=7.0)
    theirs = DBSCAN(eps=200.0, min_samples=7).fit(points, sample_weight=weights)
    core = theirs.core_sample_indices_
    assert same_groups(found.of_point[core], theirs.labels_[core])
    np.testing.assert_array_equal(found.of_point < 0, theirs.labels_ < 0)


@given(order=st.permutations(range(60)), angle=st.floats(0, 2 * np.pi), shift=st.floats(-1e5, 1e5))
@settings(max_examples=40)
def test_order_rotation_and_shift_change_nothing(order: list[int], angle: float, shift: float) -> None:
    points = np.random.default_rng(4).normal(5000, 300, (60, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = points[order] @ turn + 2e5 + shift
    here = cluster_dbscan(group_sites(*points.T), reach_m=110.0, min_weight=5.0)
    there = cluster_dbscan(group_sites(*moved.T), reach_m=110.0, min_weight=5.0)
    assert same_groups(here.of_point[order], there.of_point)
    np.testing.assert_allclose(np.sort(here.weight), np.sort(there.weight))


@given(unit=st.floats(0.1, 1000))
def test_another_unit_of_length_changes_nothing(unit: float) -> None:
    points = scatter(2, 120) * unit + 1000
    here = cluster_dbscan(group_sites(*scatter(2, 120).T), reach_m=150.1, min_weight=5.0)
    there = cluster_dbscan(group_sites(*points.T), reach_m=150.1 * unit, min_weight=5.0)
    np.testing.assert_array_equal(here.of_point, there.of_point)


@given(arrays(np.int64, 14, elements=st.integers(0, 3)))
def test_a_number_at_a_place_is_as_good_as_so_many_rows(counts: Ints) -> None:
    points = scatter(3, 14)
    rows = np.repeat(points, counts, axis=0)
    by_rows = cluster_dbscan(group_sites(*rows.T), reach_m=2000.0, min_weight=4.0)
    by_weight = cluster_dbscan(group_sites(*points.T, weights=counts), reach_m=2000.0, min_weight=4.0)
    np.testing.assert_array_equal(by_rows.weight, by_weight.weight)
    np.testing.assert_array_equal(by_rows.of_point, np.repeat(by_weight.of_point, counts))


def test_a_site_that_weighs_nothing_is_not_there() -> None:
    sites = group_sites([1000.0, 1100.0, 1200.0], [0.0] * 3)
    found = cluster_dbscan(sites.weighing(np.array([3.0, 0.0, 3.0])), reach_m=110.0, min_weight=3.0)
    assert found.label.tolist() == [0, -1, 1]


def space_time_by_rows(
    points: Floats, hours: Floats, *, reach_m: float, reach_h: float, least: int
) -> Clusters:
    """Every pair of rows looked at: core rows in space and time, joined by scikit-learn on a distance of 0 or 9."""
    apart = np.hypot(*(points[:, None] - points).transpose(2, 0, 1)) > reach_m
    apart |= np.abs(hours[:, None] - hours) > reach_h
    return DBSCAN(eps=1.0, min_samples=least, metric="precomputed").fit(apart * 9.0)


@pytest.mark.parametrize("seed", range(4))
def test_space_time_agrees_with_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, hours = scatter(seed, 250), np.round(rng.uniform(0, 1500, 250))
    times = START + hours.astype("timedelta64[h]")
    found = cluster_space_time(*points.T, times, reach_m=400.0, reach_days=5.0, min_weight=3.0)
    theirs = space_time_by_rows(points, hours, reach_m=400.0, reach_h=120.0, least=3)
    core = theirs.core_sample_indices_
    assert len(found) > 3
    assert same_groups(found.of_point[core], theirs.labels_[core])
    np.testing.assert_array_equal(found.of_point < 0, theirs.labels_ < 0)


def test_a_burst_is_found_in_time_and_not_without() -> None:
    # Two years of one incident a week at one block, and ten more within three days.
    days = np.concatenate([np.arange(0, 730, 7), 400 + np.linspace(0, 3, 10)])
    times = START + (days * 86400e6).astype("timedelta64[us]")
    place = np.full(days.size, 2000.0)
    burst = cluster_space_time(place, place, times, reach_m=50.0, reach_days=2.0, min_weight=6.0)
    assert len(burst) == 1
    assert set(np.flatnonzero(burst.of_point == 0)) >= set(range(days.size - 10, days.size))
    assert burst.weight[0] <= 12


def test_unknown_times_and_places_belong_to_nothing() -> None:
    times = np.array([START, START, START, np.datetime64("NaT")])
    found = cluster_space_time(
        [1000.0, 1000.0, np.nan, 1000.0], [0.0] * 4, times, reach_m=10.0, reach_days=1.0, min_weight=2.0
    )
    assert found.of_point.tolist() == [0, 0, -1, -1]


@pytest.mark.parametrize(
    ("x", "expected"),
    [([], []), ([4000.0], [-1]), ([4000.0] * 7, [0] * 7), ([4000.0] * 7 + [np.nan], [0] * 7 + [-1])],
)
def test_degenerate_cities(x: list[float], expected: list[int]) -> None:
    found = cluster_dbscan(group_sites(x, x), reach_m=100.0, min_weight=5.0)
    assert found.of_point.tolist() == expected
    assert np.isnan(found.persistence).all()


def test_error_texts() -> None:
    sites = group_sites([4000.0] * 3, [4000.0] * 3)
    with pytest.raises(ConfigError) as reach:
        cluster_dbscan(sites, reach_m=0.0, min_weight=5.0)
    assert str(reach.value) == (
        "Expected reach_m to be a positive number of metres. Received: 0.0. "
        "Say how far apart incidents may be to count as near."
    )
    with pytest.raises(
        ConfigError, match=r"Expected min_weight to be a positive number of incidents. Received: nan"
    ):
        cluster_dbscan(sites, reach_m=10.0, min_weight=float("nan"))
    with pytest.raises(
        ConfigError, match=r"Expected reach_days to be a positive number of days. Received: -1"
    ):
        cluster_space_time([4e3], [4e3], [START], reach_m=10.0, reach_days=-1.0, min_weight=5.0)
    with pytest.raises(DataError, match=r"Expected a time for each of 2 points. Received: \(1,\)"):
        cluster_space_time([4e3, 5e3], [4e3, 5e3], [START], reach_m=10.0, reach_days=1.0, min_weight=5.0)


def test_too_many_pairs_are_refused_before_they_fill_the_memory() -> None:
    many = np.linspace(1000, 2000, 20_000)
    with pytest.raises(ConfigError) as pairs:
        cluster_dbscan(group_sites(many, many), reach_m=5000.0, min_weight=5.0)
    assert str(pairs.value) == (
        "Expected at most 150,000,000 pairs of places within reach. Received: 199,990,000 pairs of 20,000 places. "
        "Choose a shorter reach, or fewer incidents."
    )
