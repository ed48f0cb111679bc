"""How a tree of merging places breaks up into clusters as the density asked for rises, with weights.

A tree has ``n`` leaves (0 ... n - 1) and ``n - 1`` merges (n ... 2n - 2, the root last), each of two nodes at a
height in metres. Density is its inverse, lambda, per metre. No step walks the tree node by node: pointers to
ancestors are doubled until all arrive.
"""

from dataclasses import dataclass

import numpy as np

from hotspots.points import Bools, Floats, Ints

# Weights may be sums of fractions: a cluster of exactly the least weight must not fail by rounding.
SLACK = 1 - 1e-9


@dataclass(frozen=True)
class MergeTree:
    """Places that merge as the distance grows.

    Args:
        child: Both nodes of each merge, ``(n - 1, 2)``.
        size: Leaves below each node, ``(2n - 1,)``.
        height_m: Distance at which each node came about, ``(2n - 1,)``; leaves and unresolved merges have that of
            the resolution.
        weight: Of all leaves below each node, ``(2n - 1,)``.
        parent: Node into which each merges, ``(2n - 1,)``; the root into itself.
    """

    child: Ints
    size: Ints
    height_m: Floats
    weight: Floats
    parent: Ints

    @property
    def leaves(self) -> int:
        """Number of leaves."""
        return len(self.child) + 1


@dataclass(frozen=True)
class CondensedTree:
    """Clusters from the whole down to the densest, and where each leaf drops out.

    Args:
        parent: Cluster from which each split off, ``(clusters,)``; clusters come before their parents, and the last
            one, the whole, is its own.
        birth: Lambda at which each split off, 0 for the whole, ``(clusters,)``.
        death: Lambda at which each splits in turn or loses its last leaf, ``(clusters,)``.
        stability: Weight times the lambda that it lasted, summed over each cluster, ``(clusters,)``.
        cluster: Smallest cluster that holds each leaf, ``(n,)``.
        leaving: Lambda at which each leaf drops out of it, ``(n,)``.
    """

    parent: Ints
    birth: Floats
    death: Floats
    stability: Floats
    cluster: Ints
    leaving: Floats


def build_tree(merges: Floats, leaf_weight: Floats, *, resolution_m: float) -> MergeTree:
    """Tree of merges as SciPy and ``hdbscan`` write them.

    Args:
        merges: Left node, right node, height and number of leaves of each merge, ``(n - 1, 4)``.
        leaf_weight: ``(n,)``.
        resolution_m: Lower heights are raised to this.
    """
    leaves = len(leaf_weight)
    child = merges[:, :2].astype(np.int64)
    size = np.concatenate([np.ones(leaves, dtype=np.int64), merges[:, 3].astype(np.int64)])
    parent = np.arange(2 * leaves - 1)
    parent[child.ravel()] = np.repeat(np.arange(leaves, 2 * leaves - 1), 2)
    height = np.concatenate([np.full(leaves, resolution_m), np.maximum(merges[:, 2], resolution_m)])
    start = _first_places(child, size, parent)
    # In the order of the tree every node is a run of leaves: its weight is a difference of cumulated weights.
    cumulated = np.zeros(leaves + 1)
    cumulated[start[:leaves] + 1] = leaf_weight
    cumulated = np.cumsum(cumulated)
    return MergeTree(child, size, height, cumulated[start + size] - cumulated[start], parent)


def condense(tree: MergeTree, *, min_weight: float) -> CondensedTree:
    """Keep only the splits into two parts that both have enough weight; smaller parts drop out.

    Merges that are not resolved never count as splits.

    Args:
        tree: The tree.
        min_weight: Least weight of a cluster.

    Reference:
        Campello et al. (2015), doi:10.1145/2733381, with weights in place of numbers of points.
    """
    leaves, root = tree.leaves, len(tree.parent) - 1
    heavy = tree.weight >= min_weight * SLACK
    split = np.zeros(root + 1, dtype=bool)
    split[leaves:] = heavy[tree.child].all(axis=1) & (tree.height_m[leaves:] > tree.height_m[0])
    is_top = split[tree.parent] & heavy
    is_top[root] = True
    tops = np.flatnonzero(is_top)
    number = np.cumsum(is_top) - 1
    of_node = number[_climb(np.where(is_top, np.arange(root + 1), tree.parent))]
    dropping = _climb(np.where(heavy, np.arange(root + 1), tree.parent))[:leaves]
    birth = 1.0 / tree.height_m[tree.parent[tops]]
    birth[-1] = 0.0
    return _weigh(
        parent=of_node[tree.parent[tops]],
        birth=birth,
        top_weight=tree.weight[tops],
        cluster=of_node[dropping],
        leaving=1.0 / tree.height_m[dropping],
        leaf_weight=tree.weight[:leaves],
    )


def choose_stable(tree: CondensedTree) -> Bools:
    """Clusters that outlast all that they break up into (excess of mass), ``(clusters,)``; never the whole.

    Reference:
        Campello et al. (2015), section 5, doi:10.1145/2733381.
    """
    chosen = np.ones(len(tree.parent), dtype=bool)
    below = np.zeros(len(tree.parent))
    for cluster in range(len(tree.parent) - 1):
        chosen[cluster] = tree.stability[cluster] >= below[cluster]
        below[tree.parent[cluster]] += max(tree.stability[cluster], below[cluster])
    chosen[-1] = False
    return chosen & ~_has_chosen_above(tree, chosen)


def choose_leaves(tree: CondensedTree) -> Bools:
    """Clusters that break up no further, ``(clusters,)``; never the whole."""
    chosen = np.ones(len(tree.parent), dtype=bool)
    chosen[tree.parent] = False
    return chosen


def assign(tree: CondensedTree, chosen: Bools) -> Ints:
    """Chosen cluster that holds each leaf, ``(n,)``; -1 where none does."""
    whole = len(chosen) - 1
    above = _climb(np.where(chosen, np.arange(whole + 1), tree.parent))
    held = above[tree.cluster]
    return np.where(chosen[held], held, -1)


def _weigh(
    *, parent: Ints, birth: Floats, top_weight: Floats, cluster: Ints, leaving: Floats, leaf_weight: Floats
) -> CondensedTree:
    """Add stability and death to what is known of the clusters."""
    clusters, part = len(parent), slice(0, len(parent) - 1)
    by_leaves = np.bincount(cluster, leaf_weight * (leaving - birth[cluster]), clusters)
    lasted = top_weight[part] * (birth[part] - birth[parent[part]])
    by_parts = np.bincount(parent[part], lasted, clusters)
    death = np.zeros(clusters)
    np.maximum.at(death, cluster, leaving)
    np.maximum.at(death, parent[part], birth[part])
    stability = (by_leaves + by_parts).astype(np.float64)
    return CondensedTree(parent, birth, death, stability, cluster, leaving)


def _has_chosen_above(tree: CondensedTree, chosen: Bools) -> Bools:
    """Whether any cluster above each one is chosen; parents are seen before their parts."""
    covered = np.zeros(len(chosen), dtype=bool)
    for cluster in range(len(chosen) - 2, -1, -1):
        above = tree.parent[cluster]
        covered[cluster] = covered[above] or chosen[above]
    return covered


def _first_places(child: Ints, size: Ints, parent: Ints) -> Ints:
    """Place of the first leaf of each node when the leaves stand in the order of the tree, ``(2n - 1,)``."""
    shift = np.zeros(len(parent), dtype=np.int64)
    shift[child[:, 1]] = size[child[:, 0]]
    above = parent.copy()
    while not (above == above[-1]).all():
        shift += shift[above]
        above = above[above]
    return shift


def _climb(pointer: Ints) -> Ints:
    """Follow pointers until they point at themselves."""
    while not np.array_equal(further := pointer[pointer], pointer):
        pointer = further
    return pointer
