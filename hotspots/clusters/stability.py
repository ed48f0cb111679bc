"""How much of a clustering would come out again, had other weeks of the same city been recorded."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.clusters.result import Clusters
from hotspots.points import Bools, Floats, Ints
from hotspots.sites import Sites
from incidents.errors import DataError
from verify.resampling import resample

RECOVERED = 0.5


@dataclass(frozen=True)
class Stability:
    """Agreement of clusterings of resampled incidents with the clusters found.

    Args:
        adjusted_rand: Agreement of each replicate as a whole, ``(replicates,)``: 1 is equal, 0 is chance. Sites in
            no cluster count as one group.
        jaccard: For each cluster, the mean over replicates of its overlap with the cluster most like it,
            ``(clusters,)``: weight in both over weight in either. By rule of thumb, above 0.75 it is stable, below
            0.5 it is not to be relied upon.
        recovered: Share of the replicates in which that overlap is above one half, ``(clusters,)``.
    """

    adjusted_rand: Floats
    jaccard: Floats
    recovered: Floats


def bootstrap_stability(
    clusters: Clusters,
    recluster: Callable[[Sites], Clusters],
    *,
    blocks: npt.ArrayLike,
    replicates: int = 100,
    rng: np.random.Generator,
) -> Stability:
    """Cluster resampled incidents and compare.

    Whole blocks of time are drawn with replacement, since incidents come in bursts; with every incident a block of
    its own, stability is overstated. Each replicate is compared on the sites that were drawn, by their weight in the
    sample itself.

    Args:
        clusters: What was found.
        recluster: How, as a function of sites, e.g. ``lambda sites: cluster_dbscan(sites, reach_m=150.0,
            min_weight=30.0)``.
        blocks: Block (week, say) of each point given, integers, ``(n,)``.
        replicates: Number of draws.
        rng: Source of randomness.

    Returns:
        Agreement as a whole and by cluster.

    Raises:
        DataError: Not a block for each point, or fewer than 2 blocks.
        ConfigError: Fewer than 1 replicate.

    Reference:
        Hennig (2007), doi:10.1016/j.csda.2006.11.025; Hubert and Arabie (1985), doi:10.1007/BF01908075.
    """
    sites, of_point = clusters.sites, clusters.sites.of_point
    given = np.asarray(blocks)
    if given.shape != of_point.shape:
        raise DataError(
            f"Expected a block for each of {of_point.size} points. Received: shape {given.shape}. "
            "Pass both columns uncut."
        )
    located = np.flatnonzero(of_point >= 0)
    drawn = resample(given[located], count=located.size, replicates=replicates, rng=rng)
    rand, overlap = np.empty(replicates), np.empty((replicates, len(clusters)))
    each = sites.weight / np.bincount(of_point[located], minlength=len(sites))
    for replicate, draw in enumerate(drawn.draws[1:]):
        weight = each * np.bincount(of_point[located], draw[drawn.block], len(sites))
        again = recluster(sites.weighing(weight))
        rand[replicate], overlap[replicate] = _compare(clusters.label, again.label, sites.weight, weight > 0)
    return Stability(rand, overlap.mean(axis=0), (overlap > RECOVERED).mean(axis=0))


def adjusted_rand(table: Floats) -> float:
    """Agreement of two groupings beyond chance, from the weights in both, ``(groups, other groups)``.

    Example:
        >>> adjusted_rand(np.array([[3.0, 0.0], [0.0, 2.0]]))
        1.0
    """
    both, one, other = (_pairs(sums).sum() for sums in (table, table.sum(axis=1), table.sum(axis=0)))
    expected = one * other / max(float(_pairs(table.sum())), 1.0)
    most = (one + other) / 2
    return 1.0 if most == expected else float((both - expected) / (most - expected))


def _compare(label: Ints, again: Ints, weight: Floats, drawn: Bools) -> tuple[float, Floats]:
    """Agreement of two clusterings on the drawn sites, and the best overlap of each cluster of the first."""
    rows, cols = int(label.max(initial=-1)) + 2, int(again.max(initial=-1)) + 2
    cell = (label[drawn] + 1) * cols + again[drawn] + 1
    table = np.bincount(cell, weight[drawn], rows * cols).astype(np.float64).reshape(rows, cols)
    either = table.sum(axis=1)[1:, None] + table.sum(axis=0)[None, 1:] - table[1:, 1:]
    overlap = np.divide(table[1:, 1:], either, out=np.zeros(either.shape), where=either > 0)
    return adjusted_rand(table), overlap.max(axis=1, initial=0.0)


def _pairs(weight: Floats) -> Floats:
    """Number of pairs among so many."""
    return np.asarray(weight * (weight - 1) / 2, dtype=np.float64)
