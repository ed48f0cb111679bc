"""Whether clusters would come out again: from other samples of the same rows, and from a later year.

Clusters of one set of rows are carried to another by the nearest centre, for as long as it takes to compare them; no
function gives the cluster of a further row.
"""

from dataclasses import dataclass

import numpy as np

from hotspots.points import Floats, Ints
from hotspots.victims.consensus import adjusted_rand
from hotspots.victims.partitions import centers_of, k_means
from incidents.errors import ConfigError

CHOSEN = 0.95


@dataclass(frozen=True)
class Stability:
    """Adjusted Rand index between clusters of all rows and of resampled ones, 1 where they are the same.

    Args:
        mean: Over the samples.
        low: 2.5th percentile.
        high: 97.5th percentile.
        samples: Number of samples.
    """

    mean: float
    low: float
    high: float
    samples: int


def resample_clusters(
    scores: Floats, clusters: int, *, rng: np.random.Generator, samples: int = 39
) -> Stability:
    """Cluster bootstrap samples by k-means, and compare with the clusters of all rows.

    Args:
        scores: Rows on axes, ``(rows, axes)``.
        clusters: Number of clusters.
        rng: Draws the samples.
        samples: Number of samples.

    Returns:
        How alike the clusters are.

    Raises:
        ConfigError: Fewer than one sample.

    Reference:
        Hennig (2007), doi:10.1016/j.csda.2006.11.025; Dolnicar and Leisch (2010), doi:10.1007/s11002-009-9083-4.
    """
    if samples < 1:
        raise ConfigError(f"Expected at least one sample. Received: {samples}. Use 39 or more.")
    reference = k_means(scores, clusters, rng=rng)
    rows = rng.integers(0, len(scores), (samples, len(scores)))
    indices = np.array(
        [adjusted_rand(reference, _carry(scores[drawn], scores, clusters, rng)) for drawn in rows]
    )
    low, high = np.quantile(indices, ((1 - CHOSEN) / 2, (1 + CHOSEN) / 2))
    return Stability(float(indices.mean()), float(low), float(high), samples)


def compare_periods(
    earlier: Floats, later: Floats, clusters: int, *, rng: np.random.Generator
) -> float | None:
    """Adjusted Rand index, on later rows, of clusters found in earlier rows and clusters found in the later ones.

    Args:
        earlier: Rows on axes, ``(rows, axes)``.
        later: Rows on the same axes.
        clusters: Number of clusters.
        rng: Draws the starts.

    Returns:
        The index, or None where one of the periods has fewer rows than clusters.
    """
    if min(len(earlier), len(later)) < clusters:
        return None
    return adjusted_rand(k_means(later, clusters, rng=rng), _carry(earlier, later, clusters, rng))


def _carry(found_in: Floats, carried_to: Floats, clusters: int, rng: np.random.Generator) -> Ints:
    """Clusters of some rows by the nearest centre of clusters found in others."""
    clusters = min(clusters, len(np.unique(found_in, axis=0)))
    centers = centers_of(found_in, k_means(found_in, clusters, rng=rng, starts=2))
    squared = np.square(centers).sum(axis=1) - 2 * carried_to @ centers.T
    return np.asarray(squared.argmin(axis=1), dtype=np.int64)
