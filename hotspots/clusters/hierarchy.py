"""Clusters of any density: places that stay together as the density asked for rises (HDBSCAN), by weight.

The ``hdbscan`` package grows the tree of merging places; it is condensed here, because the package counts rows
where incidents at one block have to count by number without becoming infinitely dense.
"""

from enum import StrEnum

import numpy as np

from hotspots.clusters.condense import (
    CondensedTree,
    assign,
    build_tree,
    choose_leaves,
    choose_stable,
    condense,
)
from hotspots.clusters.dbscan import check_min_weight
from hotspots.clusters.result import NONE, Clusters, gather
from hotspots.points import Floats, Ints
from hotspots.sites import Sites
from incidents.errors import ConfigError


class Selection(StrEnum):
    """Which clusters of the tree are taken."""

    STABLE = "stable"
    """Those that outlast their parts (excess of mass): few, of very different sizes."""
    LEAVES = "leaves"
    """Those that break up no further: many, small, of like size."""


def cluster_hdbscan(
    sites: Sites,
    *,
    min_weight: float,
    smoothing: int = 10,
    resolution_m: float = 50.0,
    selection: Selection = Selection.STABLE,
) -> Clusters:
    """Find clusters of differing density.

    Duplicates and weights: a site counts with its weight in the size and in the stability of clusters. In the core
    distance (how far the ``smoothing`` nearest other incidents lie) it counts with its weight rounded to a whole
    number, at least 1. Sites are never told apart below ``resolution_m``: otherwise a block with more incidents than
    ``smoothing`` would be infinitely dense, and a stable cluster by itself.

    Where not to use: the clusters' number and outlines follow ``min_weight``; it does not say whether a cluster is
    more than chance (``hotspots.local``).

    Args:
        sites: Places with their weights.
        min_weight: Least weight of a cluster.
        smoothing: Nearest incidents whose distance is the core distance.
        resolution_m: Distance below which places are not told apart, metres: the error of the coordinates, about
            half a block for block-level data.
        selection: Which clusters of the tree are taken.

    Returns:
        The clusters; none if all weight is less than ``min_weight``. Where nothing breaks up, all sites are one
        cluster (the package would have none).

    Raises:
        ConfigError: A parameter is not positive.

    Reference:
        Campello et al. (2015), doi:10.1145/2733381; McInnes and Healy (2017), doi:10.1109/ICDMW.2017.12.

    Example:
        >>> from hotspots.sites import group_sites
        >>> east = np.concatenate([np.full(30, 1000.0), np.full(20, 3000.0), np.arange(5) * 5000.0 + 9000.0])
        >>> found = cluster_hdbscan(group_sites(east, np.zeros(55)), min_weight=10.0, smoothing=3)
        >>> found.weight.tolist(), int((found.of_point < 0).sum())
        ([30.0, 20.0], 5)
    """
    _check(min_weight, smoothing, resolution_m)
    present = np.flatnonzero(sites.weight > 0)
    if sites.weight.sum() < min_weight or not present.size:
        return gather(sites, np.full(len(sites), NONE), membership=np.zeros(len(sites)))
    copies, weight = _copies(sites.weight[present], most=smoothing + 1)
    merges = _merge(np.repeat(sites.xy[present], copies, axis=0), smoothing=smoothing)
    tree = condense(build_tree(merges, weight, resolution_m=resolution_m), min_weight=min_weight)
    chosen = choose_stable(tree) if selection is Selection.STABLE else choose_leaves(tree)
    if len(chosen) == 1:
        chosen = np.ones(1, dtype=bool)
    held = assign(tree, chosen)
    # Nothing is nearer to a row than a copy of it, so (ties aside) the first copy speaks for its site.
    first = np.cumsum(copies) - copies
    group = np.full(len(sites), NONE, dtype=np.int64)
    group[present] = held[first]
    membership = np.zeros(len(sites))
    membership[present] = np.minimum(tree.leaving[first] / tree.death[held[first]], 1.0)
    return gather(sites, group, membership=membership, persistence=_persistence(tree, held, weight))


def _check(min_weight: float, smoothing: int, resolution_m: float) -> None:
    check_min_weight(min_weight)
    if smoothing < 1:
        raise ConfigError(f"Expected smoothing of at least 1 incident. Received: {smoothing}. Use 10.")
    if not 0 < resolution_m < np.inf:
        raise ConfigError(
            f"Expected resolution_m to be a positive number of metres. Received: {resolution_m}. "
            "Use the error of the coordinates, about 50 m for blocks and 1 m for exact places."
        )


def _persistence(tree: CondensedTree, held: Ints, weight: Floats) -> Floats:
    """Stability of each cluster over the most that its leaves could have, ``(clusters,)``; NaN where it holds none."""
    inside = held >= 0
    most = np.bincount(held[inside], weight[inside], len(tree.parent)) * tree.leaving.max()
    share: Floats = np.full(most.shape, np.nan)
    np.divide(tree.stability, most, out=share, where=most > 0)
    return share


def _copies(weight: Floats, *, most: int) -> tuple[Ints, Floats]:
    """Rows that stand for each site, ``(sites,)``, and the weight of each row, ``(rows,)``.

    More than ``most`` rows at one point would change no core distance, so the weight is shared by so many.
    """
    copies = np.clip(np.rint(weight), 1, most).astype(np.int64)
    return copies, np.repeat(weight / copies, copies)


def _merge(points: Floats, *, smoothing: int) -> Floats:
    """Merges of the rows by mutual reachability, ``(rows - 1, 4)``, as ``hdbscan`` writes them."""
    from hdbscan import HDBSCAN

    if len(points) == 1:
        return np.empty((0, 4))
    # The package's own clusters are not used: asked for one of all rows, it is soon done with them.
    model = HDBSCAN(
        min_cluster_size=max(2, len(points)),
        min_samples=smoothing,
        algorithm="boruvka_kdtree",
        approx_min_span_tree=False,
        core_dist_n_jobs=1,
    )
    return np.asarray(model.fit(points).single_linkage_tree_.to_numpy(), dtype=np.float64)
