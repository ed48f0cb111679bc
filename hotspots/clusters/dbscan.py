"""Clusters of one density: places with enough weight within reach, in space or in space and time (DBSCAN).

A place with at least ``min_weight`` within ``reach_m`` metres, itself included, is a core place; core places
within reach of each other share a cluster; any other place within reach of a core place joins the nearest one.
Unlike in other implementations, which place joins which cluster does not depend on their order.
"""

import numpy as np
import numpy.typing as npt

from hotspots.clusters.result import NONE, Clusters, gather
from hotspots.pairs import Pairs, days_of, find_pairs, find_pairs_in_time
from hotspots.points import Bools, Floats, Ints
from hotspots.sites import Sites, separate_sites
from incidents.errors import ConfigError


def cluster_dbscan(sites: Sites, *, reach_m: float, min_weight: float) -> Clusters:
    """Find clusters in space.

    Incidents at one place count with their number, so a block with enough of them is a cluster by itself.

    Where not to use: it looks at one density only. Where dense downtowns and thin suburbs should both have
    clusters, use :func:`hotspots.clusters.hierarchy.cluster_hdbscan`. It does not say whether a cluster is more
    than chance (``hotspots.local``).

    Args:
        sites: Places with their weights.
        reach_m: Radius within which weight is counted, metres.
        min_weight: Least weight of a core place and all within its reach.

    Returns:
        The clusters; none if no place is dense enough.

    Raises:
        ConfigError: A parameter is not positive, or the reach is so long that the pairs would not fit memory.

    Reference:
        Ester et al. (1996), KDD 226-231; with weights, Schubert et al. (2017), doi:10.1145/3068335.

    Example:
        >>> from hotspots.sites import group_sites
        >>> sites = group_sites([1000.0] * 5 + [1080.0, 9000.0], [0.0] * 7)
        >>> cluster_dbscan(sites, reach_m=100.0, min_weight=5.0).of_point.tolist()
        [0, 0, 0, 0, 0, 0, -1]
    """
    check_min_weight(min_weight)
    return grow(sites, find_pairs(sites, reach_m=reach_m), min_weight=min_weight)


def cluster_space_time(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    times: npt.ArrayLike,
    *,
    reach_m: float,
    reach_days: float,
    min_weight: float,
) -> Clusters:
    """Find clusters in space and time: bursts of incidents that are near each other in both.

    Args:
        x: Eastings, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        times: When each incident happened, UTC, ``datetime64``, ``(n,)``; NaT where unknown.
        reach_m: Largest distance to a neighbor, metres.
        reach_days: Largest lag to a neighbor, before or after, days.
        min_weight: Least number of incidents within reach of a core incident, itself included.

    Returns:
        The clusters; every located incident of known time is a site of its own.

    Raises:
        ConfigError: A parameter is not positive, or there are too many pairs within reach.
        CrsError: The coordinates look like longitude and latitude.
        DataError: Lengths differ, or no incident has coordinates.

    Reference:
        Birant and Kut (2007), ST-DBSCAN, doi:10.1016/j.datak.2006.01.013, without its bound on differences of
        attributes.
    """
    check_min_weight(min_weight)
    days = days_of(times, count=np.asarray(x).size)
    sites = separate_sites(x, y, weights=np.isfinite(days).astype(np.float64))
    pairs = find_pairs_in_time(sites, days[sites.of_point >= 0], reach_m=reach_m, reach_days=reach_days)
    return grow(sites, pairs, min_weight=min_weight)


def grow(sites: Sites, pairs: Pairs, *, min_weight: float) -> Clusters:
    """Join core places within reach of each other, and others to their nearest core place."""
    around = _weight_around(sites, pairs)
    core = (around >= min_weight) & (sites.weight > 0)
    component = _join(pairs, core)
    group = np.where(core, component, NONE)
    border = _nearest_core(pairs, core, open_to=~core & (sites.weight > 0))
    joined = border >= 0
    group[joined] = component[border[joined]]
    return gather(sites, group, membership=np.minimum(around / min_weight, 1.0))


def check_min_weight(min_weight: float) -> None:
    """Refuse a weight that is not positive.

    Raises:
        ConfigError: It is not.
    """
    if not 0 < min_weight < np.inf:
        raise ConfigError(
            f"Expected min_weight to be a positive number of incidents. Received: {min_weight}. "
            "Ask for at least 3; hotspots.clusters.k_distance.suggest_min_weight names one."
        )


def _weight_around(sites: Sites, pairs: Pairs) -> Floats:
    """Weight of each site and of all within its reach."""
    one, other, count = pairs.first, pairs.second, len(sites)
    from_others = np.bincount(one, sites.weight[other], count) + np.bincount(other, sites.weight[one], count)
    return np.asarray(sites.weight + from_others, dtype=np.float64)


def _join(pairs: Pairs, core: Bools) -> Ints:
    """Number of the group of core places that hang together, ``(sites,)``; others are alone."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    both = core[pairs.first] & core[pairs.second]
    edges = (pairs.first[both], pairs.second[both])
    graph = coo_array((np.ones(len(edges[0]), dtype=np.int8), edges), shape=(core.size, core.size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _nearest_core(pairs: Pairs, core: Bools, *, open_to: Bools) -> Ints:
    """Nearest core place within reach of each place that may join one, ``(sites,)``; -1 where there is none."""
    one = np.concatenate([pairs.first, pairs.second])
    other = np.concatenate([pairs.second, pairs.first])
    gap = np.tile(pairs.gap_m, 2)
    usable = open_to[one] & core[other]
    one, other, gap = one[usable], other[usable], gap[usable]
    order = np.lexsort((other, gap, one))
    joining, first = np.unique(one[order], return_index=True)
    nearest = np.full(core.size, NONE, dtype=np.int64)
    nearest[joining] = other[order][first]
    return nearest
