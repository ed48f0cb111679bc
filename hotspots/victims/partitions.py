"""Rows on few axes, divided three ways: k-means, HDBSCAN with an honest noise class, a mixture of Gaussians.

Labels are ``(rows,)``, 0 the largest cluster, -1 no cluster. All randomness comes from the generator given; no
fitted model leaves this module, so that nothing can be asked for the cluster of a further person.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np

from hotspots.points import Floats, Ints
from incidents.errors import ConfigError, DataError

NOISE = -1
MOST_CLUSTERS = 10
STARTS = 4
CORE_ROWS = 15
NOISE_VARIANCE_SHARE = 1e-2
"""Added to the variances of a mixture, as a share of the mean: levels are no continuous numbers."""


@dataclass(frozen=True)
class KMeansScan:
    """k-means for several numbers of clusters.

    Args:
        k: Numbers tried, ``(tried,)``.
        inertia: Mean squared distance to the centre of the own cluster, ``(tried,)``.
        silhouette: Mean silhouette, ``(tried,)``; NaN for one cluster.
        elbow: The number at which the inertia bends most.
        best: The number with the highest silhouette.
    """

    k: Ints
    inertia: Floats
    silhouette: Floats
    elbow: int
    best: int


@dataclass(frozen=True)
class DensityClusters:
    """HDBSCAN's clusters.

    Args:
        labels: ``(rows,)``, -1 noise.
        membership: Strength from 0 (noise) to 1, ``(rows,)``.
    """

    labels: Ints = field(repr=False)
    membership: Floats = field(repr=False)

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return int(self.labels.max(initial=NOISE)) + 1

    @property
    def noise_share(self) -> float:
        """Share of rows in no cluster."""
        return float((self.labels == NOISE).mean())


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians.

    Args:
        labels: Likeliest component of each row, ``(rows,)``.
        k: Numbers of components tried, from 1.
        bic: Bayesian information criterion of each, smaller is better.
        best: The number with the smallest.
    """

    labels: Ints = field(repr=False)
    k: Ints
    bic: Floats
    best: int


def scan_k_means(scores: Floats, *, rng: np.random.Generator, most: int = MOST_CLUSTERS) -> KMeansScan:
    """Try 1 to ``most`` clusters.

    Args:
        scores: Rows on axes, ``(rows, axes)``; a sample, since silhouettes compare all pairs.
        rng: Draws the starts.
        most: Largest number.

    Returns:
        Inertia and silhouette of each number.

    Reference:
        Rousseeuw (1987), silhouettes, doi:10.1016/0377-0427(87)90125-7.
    """
    most = min(most, len(np.unique(scores, axis=0)))
    if most < 3:
        raise DataError(
            f"Expected at least 3 different rows. Received: {most}. Give more incidents or more columns."
        )
    numbers = np.arange(1, most + 1)
    fits = [k_means(scores, int(k), rng=rng) for k in numbers]
    inertia = np.array([spread_within(scores, labels) for labels in fits])
    silhouette = np.array([np.nan, *(float(silhouettes(scores, labels).mean()) for labels in fits[1:])])
    return KMeansScan(
        numbers, inertia, silhouette, find_elbow(inertia), int(numbers[np.nanargmax(silhouette)])
    )


def k_means(scores: Floats, clusters: int, *, rng: np.random.Generator, starts: int = STARTS) -> Ints:
    """Divide rows among the nearest of so many centres; the best of several starts.

    Raises:
        ConfigError: Fewer than one cluster, or more than rows.

    Reference:
        Arthur and Vassilvitskii (2007), k-means++.
    """
    from sklearn.cluster import KMeans

    if not 1 <= clusters <= len(scores):
        raise ConfigError(
            f"Expected 1 to {len(scores)} clusters. Received: {clusters}. Correct clusters under victims."
        )
    model = KMeans(clusters, n_init=starts, random_state=_seed(rng))
    return by_size(model.fit(scores).labels_)


def spread_within(scores: Floats, labels: Ints) -> float:
    """Mean squared distance of rows from the centre of their cluster."""
    return float(np.square(scores - centers_of(scores, labels)[labels]).sum(axis=1).mean())


def centers_of(scores: Floats, labels: Ints) -> Floats:
    """Mean of the rows of each cluster, ``(clusters, axes)``; rows of no cluster are left out."""
    inside = labels >= 0
    counts = np.bincount(labels[inside])
    sums = [np.bincount(labels[inside], weights=column) for column in scores[inside].T]
    return np.asarray(np.stack(sums, axis=1) / counts[:, None], dtype=np.float64)


def silhouettes(scores: Floats, labels: Ints) -> Floats:
    """Silhouette of each row, ``(rows,)``, from -1 to 1; 0 for rows that are alone."""
    from sklearn.metrics import silhouette_samples

    return np.asarray(silhouette_samples(scores, labels), dtype=np.float64)


def find_elbow(inertia: Floats) -> int:
    """Number of clusters at which a falling curve lies farthest below the line between its ends.

    Args:
        inertia: Of 1, 2, ... clusters.

    Reference:
        Satopaa et al. (2011), Kneedle, doi:10.1109/ICDCSW.2011.20.

    Example:
        >>> find_elbow(np.array([10.0, 4.0, 1.0, 0.8, 0.6]))
        3
    """
    line = np.linspace(inertia[0], inertia[-1], len(inertia))
    return int(np.argmax(line - inertia)) + 1


def cluster_density(scores: Floats, *, smallest: int) -> DensityClusters:
    """Find clusters denser than what lies between them; everything else is noise.

    Args:
        scores: Rows on axes, ``(rows, axes)``.
        smallest: Fewest rows of a cluster.

    Returns:
        Labels and strength of membership.

    Reference:
        Campello, Moulavi and Sander (2013), doi:10.1007/978-3-642-37456-2_14.
    """
    import hdbscan

    model = hdbscan.HDBSCAN(
        min_cluster_size=smallest, min_samples=min(CORE_ROWS, smallest), core_dist_n_jobs=1
    )
    model.fit(scores)
    return DensityClusters(by_size(model.labels_), np.asarray(model.probabilities_, dtype=np.float64))


def fit_mixture(
    sample: Floats, scores: Floats, *, rng: np.random.Generator, most: int = MOST_CLUSTERS
) -> Mixture:
    """Fit mixtures of 1 to ``most`` Gaussians and take the number with the smallest BIC.

    Where not to trust it: levels are no Gaussians, so that on words alone the BIC may go on falling.

    Args:
        sample: Rows to fit, ``(sampled, axes)``.
        scores: All rows, which are then labelled, ``(rows, axes)``.
        rng: Draws the starts.
        most: Largest number.

    Reference:
        Schwarz (1978), doi:10.1214/aos/1176344136; Fraley and Raftery (2002), doi:10.1198/016214502760047131.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    numbers = np.arange(1, min(most, len(sample) // 2) + 1)
    floor = NOISE_VARIANCE_SHARE * float(sample.var(axis=0).mean())
    with warnings.catch_warnings():
        # A fit that has not settled has a BIC that is too high: its number is then not chosen, which is right.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fits = [
            GaussianMixture(int(k), reg_covar=floor, random_state=_seed(rng)).fit(sample) for k in numbers
        ]
    bic = np.array([fit.bic(sample) for fit in fits])
    best = fits[int(np.argmin(bic))]
    return Mixture(by_size(best.predict(scores)), numbers, bic, int(numbers[np.argmin(bic)]))


def by_size(labels: Ints) -> Ints:
    """Labels renumbered so that 0 is the largest cluster; noise stays -1.

    Example:
        >>> by_size(np.array([4, 7, 7, -1])).tolist()
        [1, 0, 0, -1]
    """
    names, first, codes, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -counts, names < 0))
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    rank[names < 0] = NOISE
    return rank[codes]


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))
