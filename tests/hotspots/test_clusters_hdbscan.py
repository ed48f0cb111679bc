"""Clusters of any density: equal to the hdbscan package where rows are distinct, and finite where they are not."""

import numpy as np
import numpy.typing as npt
import pytest
from hdbscan import HDBSCAN
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from hotspots.clusters.condense import build_tree, choose_leaves, choose_stable, condense
from hotspots.clusters.hierarchy import Selection, cluster_hdbscan
from hotspots.sites import group_sites
from incidents.errors import ConfigError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
FINEST_M = 1e-6


def scatter(seed: int) -> Floats:
    """Up to five clusters of different width among even noise, in the order in which sites stand."""
    rng = np.random.default_rng(seed)
    clusters, each = int(rng.integers(2, 6)), int(rng.integers(40, 120))
    near = [rng.normal(rng.uniform(2000, 8000, 2), rng.uniform(50, 400), (each, 2)) for _ in range(clusters)]
    points = np.concatenate([*near, rng.uniform(1000, 9000, (60, 2))])
    return points[np.lexsort((points[:, 1], points[:, 0]))]


def same_groups(one: Ints, other: Ints) -> bool:
    pairs = {*zip(one.tolist(), other.tolist(), strict=True)}
    return len(pairs) == len({first for first, _ in pairs}) == len({second for _, second in pairs})


def test_a_tree_by_hand() -> None:
    # Leaves 0, 1 merge at 1 m, 2, 3 at 2 m, both pairs at 4 m, leaf 4 joins at 8 m.
    merges = np.array([[0, 1, 1, 2], [2, 3, 2, 2], [5, 6, 4, 4], [7, 4, 8, 5]], dtype=float)
    tree = build_tree(merges, np.ones(5), resolution_m=0.5)
    assert tree.weight.tolist() == [1, 1, 1, 1, 1, 2, 2, 4, 5]
    assert tree.height_m.tolist() == [0.5] * 5 + [1, 2, 4, 8]
    condensed = condense(tree, min_weight=2.0)
    # Leaf 4 drops out of the whole at 1/8; the whole splits at 1/4; the pairs dissolve at 1/1 and 1/2.
    assert condensed.parent.tolist() == [2, 2, 2]
    assert condensed.birth.tolist() == [0.25, 0.25, 0.0]
    assert condensed.death.tolist() == [1.0, 0.5, 0.25]
    assert condensed.leaving.tolist() == [1.0, 1.0, 0.5, 0.5, 0.125]
    assert condensed.stability.tolist() == [2 * 0.75, 2 * 0.25, 4 * 0.25 + 0.125]
    assert choose_stable(condensed).tolist() == choose_leaves(condensed).tolist() == [True, True, False]


def test_weights_make_a_leaf_a_cluster() -> None:
    merges = np.array([[0, 1, 3, 2], [3, 2, 5, 3]], dtype=float)
    condensed = condense(build_tree(merges, np.array([4.0, 1.0, 6.0]), resolution_m=1.0), min_weight=4.0)
    assert condensed.parent.tolist() == [2, 2, 2]
    # The heavy leaf lasts down to the resolution; of the pair, leaf 1 drops out at 3 m and leaf 0 stays.
    np.testing.assert_allclose(condensed.leaving, [1.0, 1 / 3, 1.0])
    np.testing.assert_allclose(condensed.stability, [6 * 0.8, 4 * 0.8 + (1 / 3 - 0.2), 11 * 0.2])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("selection", "theirs"), [(Selection.STABLE, "eom"), (Selection.LEAVES, "leaf")])
def test_agrees_with_the_package_on_distinct_points(seed: int, selection: Selection, theirs: str) -> None:
    points, rng = scatter(seed), np.random.default_rng(seed)
    least, smoothing = int(rng.integers(5, 40)), int(rng.integers(2, 15))
    package = HDBSCAN(
        min_cluster_size=least,
        min_samples=smoothing,
        cluster_selection_method=theirs,
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    ).fit(points)
    if package.labels_.max() < 0:
        pytest.skip("the package finds no cluster in this scatter")
    found = cluster_hdbscan(
        group_sites(*points.T),
        min_weight=least,
        smoothing=smoothing,
        resolution_m=FINEST_M,
        selection=selection,
    )
    assert same_groups(found.of_point, package.labels_)
    np.testing.assert_allclose(found.membership, package.probabilities_, atol=1e-12)
    np.testing.assert_allclose(np.sort(found.persistence), np.sort(package.cluster_persistence_), atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_few_duplicates_agree_with_the_package_on_all_rows(seed: int) -> None:
    # Twice as many rows as sites, but never more than four at one: no core distance is 0, all is finite.
    points = scatter(seed)
    rows = np.repeat(points, np.random.default_rng(seed).integers(1, 5, len(points)), axis=0)
    package = HDBSCAN(min_cluster_size=40, min_samples=8, approx_min_span_tree=False, core_dist_n_jobs=1)
    labels = package.fit(rows).labels_
    found = cluster_hdbscan(group_sites(*rows.T), min_weight=40, smoothing=8, resolution_m=FINEST_M)
    # Where merges tie, the package may tear the rows of a site apart; such sites have no one answer.
    low, high = np.full(len(points), len(rows)), np.full(len(points), -1)
    np.minimum.at(low, found.sites.of_point, labels)
    np.maximum.at(high, found.sites.of_point, labels)
    whole = low == high
    assert whole.mean() > 0.99
    assert same_groups(found.label[whole], high[whole])
    rows_whole = whole[found.sites.of_point]
    np.testing.assert_allclose(
        found.membership[found.sites.of_point[rows_whole]], package.probabilities_[rows_whole], atol=1e-12
    )


def city_of_blocks(rng: np.random.Generator) -> Floats:
    """Two areas of 36 and 25 blocks, 15 to 40 incidents at each, and single incidents in between."""
    blocks = [
        np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2) * 90.0 + corner
        for side, corner in ((6, 2000.0), (5, 6000.0))
    ]
    rows = np.concatenate([np.repeat(part, rng.integers(15, 40, len(part)), axis=0) for part in blocks])
    return np.concatenate([rows, rng.uniform(1000, 9000, (80, 2))])


def test_heavy_blocks_are_not_infinitely_dense() -> None:
    rows = city_of_blocks(np.random.default_rng(5))
    found = cluster_hdbscan(group_sites(*rows.T), min_weight=30, resolution_m=50.0)
    package = HDBSCAN(min_cluster_size=30, min_samples=10, core_dist_n_jobs=1).fit(rows)
    assert len(found) == 2
    assert package.labels_.max() + 1 > 5  # the blocks one by one
    heavy = found.of_point[: len(rows) - 80]
    assert {*heavy[rows[: len(rows) - 80, 0] < 4000]} == {0}
    assert {*heavy[rows[: len(rows) - 80, 0] > 4000]} == {1}


@given(st.integers(0, 2**32 - 1), st.floats(0, 6.28), st.floats(0.5, 50))
@settings(max_examples=15, deadline=None)
def test_rotation_order_and_unit_change_nothing(seed: int, angle: float, unit: float) -> None:
    points = scatter(3)
    order = np.random.default_rng(seed).permutation(len(points))
    here = cluster_hdbscan(group_sites(*points.T), min_weight=20)
    turned = np.exp(1j * angle) * (points[order, 0] + 1j * points[order, 1]) + 2e4 * (1 + 1j)
    there = cluster_hdbscan(
        group_sites(turned.real * unit, turned.imag * unit), min_weight=20, resolution_m=50.0 * unit
    )
    # Where merges tie, a site at the edge may fall to either side.
    agreement = adjusted_rand_score(here.of_point[order], there.of_point)
    assert agreement > 0.98
    assert len(here) == len(there)
    np.testing.assert_allclose(here.persistence, there.persistence, rtol=0.05)


def test_doubled_weights_are_a_doubled_least_weight() -> None:
    sites = group_sites(*scatter(7).T)
    once = cluster_hdbscan(sites, min_weight=20, smoothing=2)
    # Of two incidents at each place, the fifth nearest other one is at the second nearest other place.
    twice = cluster_hdbscan(sites.weighing(sites.weight * 2), min_weight=40, smoothing=5)
    assert len(once) > 1
    assert same_groups(once.label, twice.label)
    np.testing.assert_allclose(once.persistence, twice.persistence)
    np.testing.assert_allclose(once.membership, twice.membership)


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([], []),
        ([4000.0], [-1]),
        ([4000.0] * 7, [0] * 7),
        ([4000.0, 9000.0] * 2, [-1] * 4),
        ([4000.0] * 6 + [np.nan], [0] * 6 + [-1]),
    ],
)
def test_degenerate_cities(x: list[float], expected: list[int]) -> None:
    found = cluster_hdbscan(group_sites(x, x), min_weight=5.0)
    assert found.of_point.tolist() == expected


def test_error_texts() -> None:
    sites = group_sites([4000.0] * 3, [4000.0] * 3)
    with pytest.raises(ConfigError) as smoothing:
        cluster_hdbscan(sites, min_weight=3, smoothing=0)
    assert str(smoothing.value) == "Expected smoothing of at least 1 incident. Received: 0. Use 10."
    with pytest.raises(ConfigError) as resolution:
        cluster_hdbscan(sites, min_weight=3, resolution_m=0.0)
    assert str(resolution.value) == (
        "Expected resolution_m to be a positive number of metres. Received: 0.0. "
        "Use the error of the coordinates, about 50 m for blocks and 1 m for exact places."
    )
    with pytest.raises(ConfigError, match=r"Expected min_weight to be a positive number"):
        cluster_hdbscan(sites, min_weight=-1)
