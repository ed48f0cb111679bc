"""Clusters of rows from first to last: encode, reduce, divide three ways, vote, and ask whether it is more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from hotspots.points import Floats, Ints
from hotspots.victims.chance import ChanceTest, compare_with_chance
from hotspots.victims.consensus import Consensus, find_consensus
from hotspots.victims.embedding import Embedding, SilhouetteCurve, bin_rows, silhouette_curves
from hotspots.victims.partitions import (
    DensityClusters,
    KMeansScan,
    Mixture,
    cluster_density,
    fit_mixture,
    k_means,
    scan_k_means,
)
from hotspots.victims.reduction import Axes, reduce
from hotspots.victims.settings import VictimSettings
from hotspots.victims.stability import Stability, compare_periods, resample_clusters
from hotspots.victims.variables import Variable, check_variables, encode
from incidents.errors import DataError

SCAN_ROWS = 3000
DENSEST_SHARE = 0.02
"""Smallest cluster of HDBSCAN, as a share of the sampled rows."""

FEWEST_ROWS = 100


@dataclass(frozen=True)
class Grouping:
    """Clusters of rows, and how far to trust them.

    Args:
        labels: Cluster of each row by consensus, ``(rows,)``, -1 undecided. For tables; never to be written.
        axes: The reduction.
        scan: Numbers of clusters tried.
        density: HDBSCAN on the sampled rows.
        mixture: Mixture of Gaussians.
        consensus: What the three agree on.
        chance: Against rows in which nothing hangs together.
        stability: Against other samples of the rows.
        later_year: Adjusted Rand index with clusters of the last year alone, None where there is one year only.
        clusters: Number of clusters looked for.
        embedding: Where clusters lie on the first two axes, in bins of enough rows.
        silhouettes: Of each cluster, as quantiles.
    """

    labels: Ints = field(repr=False)
    axes: Axes
    scan: KMeansScan
    density: DensityClusters
    mixture: Mixture
    consensus: Consensus
    chance: ChanceTest
    stability: Stability
    later_year: float | None
    clusters: int
    embedding: Embedding
    silhouettes: tuple[SilhouetteCurve, ...]

    @property
    def silhouette(self) -> float:
        """Mean silhouette of k-means at the number of clusters looked for."""
        return float(self.scan.silhouette[self.scan.k == self.clusters].max(initial=0.0))


def group_rows(
    variables: Sequence[Variable], settings: VictimSettings, *, years: Ints, rng: np.random.Generator
) -> Grouping:
    """Find groups of rows.

    k-means divides all rows; silhouettes, HDBSCAN, mixtures, nulls and resamples look at samples. HDBSCAN's clusters
    reach rows outside its sample by the nearest sampled row.

    Where not to use: for decisions on persons. Groups are averages of a past period.

    Args:
        variables: Of the same rows.
        settings: Section ``victims`` of the config.
        years: Calendar year of each row, ``(rows,)``.
        rng: All randomness.

    Returns:
        Clusters and all measures of them.

    Raises:
        DataError: Fewer than 100 rows, or nothing differs between them.
    """
    # Loaded first, since the limit below reaches only libraries that are there.
    import sklearn.cluster
    import sklearn.mixture  # noqa: F401
    from threadpoolctl import threadpool_limits

    rows = check_variables(variables)
    if rows < FEWEST_ROWS:
        raise DataError(
            f"Expected at least {FEWEST_ROWS} rows. Received: {rows}. Take a longer period; fewer show no groups."
        )
    # Threads that wait for a busy core cost more than they bring on matrices of this size.
    with threadpool_limits(limits=1):
        return _group(variables, settings, years, rng)


def _group(
    variables: Sequence[Variable], settings: VictimSettings, years: Ints, rng: np.random.Generator
) -> Grouping:
    chance = compare_with_chance(
        variables, rng=rng, draws=settings.resamples, representation=settings.representation
    )
    axes = reduce(encode(variables, representation=settings.representation), rng=rng)
    sampled = np.sort(rng.permutation(len(axes.scores))[: settings.sample])
    sample, few = axes.scores[sampled], axes.scores[np.sort(rng.permutation(sampled)[:SCAN_ROWS])]
    scan = scan_k_means(few, rng=rng)
    clusters = settings.clusters or scan.best
    divided = k_means(axes.scores, clusters, rng=rng)
    density = cluster_density(sample, smallest=max(FEWEST_ROWS // 10, int(DENSEST_SHARE * len(sample))))
    mixture = fit_mixture(sample, axes.scores, rng=rng)
    consensus = find_consensus(
        {
            "k-means": divided,
            "HDBSCAN": _spread_labels(density.labels, sample, axes.scores),
            "mixture": mixture.labels,
        },
        smallest=max(settings.smallest_cluster, settings.smallest_shown),
    )
    return Grouping(
        labels=consensus.labels,
        axes=axes,
        scan=scan,
        density=density,
        mixture=mixture,
        consensus=consensus,
        chance=chance,
        stability=resample_clusters(few, clusters, rng=rng, samples=settings.resamples),
        later_year=_compare_years(axes.scores, years, clusters, rng),
        clusters=clusters,
        embedding=bin_rows(axes.scores, consensus.labels, smallest_shown=settings.smallest_shown),
        silhouettes=silhouette_curves(sample[:SCAN_ROWS], consensus.labels[sampled][:SCAN_ROWS]),
    )


def _spread_labels(labels: Ints, sample: Floats, scores: Floats) -> Ints:
    """Labels of sampled rows for all rows, from the nearest sampled one."""
    from scipy.spatial import KDTree

    if len(sample) == len(scores):
        return labels
    return np.asarray(labels[KDTree(sample).query(scores, eps=0.5)[1]], dtype=np.int64)


def _compare_years(scores: Floats, years: Ints, clusters: int, rng: np.random.Generator) -> float | None:
    """Clusters of the last year by themselves against those of all earlier years, on a sample of both."""
    last = years == years.max()
    earlier, later = (np.flatnonzero(chosen) for chosen in (~last, last))
    before, after = (scores[rng.permutation(rows)[:SCAN_ROWS]] for rows in (earlier, later))
    return compare_periods(before, after, clusters, rng=rng)
