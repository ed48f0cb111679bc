"""What three ways of clustering agree on: a row keeps the cluster that two of them give it, or is undecided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from hotspots.points import Floats, Ints
from hotspots.victims.partitions import NOISE, by_size

VOTES = 2


@dataclass(frozen=True)
class Consensus:
    """Clusters that at least two ways agree on.

    Args:
        labels: ``(rows,)``, -1 undecided.
        agreement: Adjusted Rand index of each pair of ways, noise being a class of its own.
    """

    labels: Ints = field(repr=False)
    agreement: Mapping[str, float]

    @property
    def undecided_share(self) -> float:
        """Share of rows on which no two ways agree."""
        return float((self.labels == NOISE).mean())


def find_consensus(ways: Mapping[str, Ints], *, smallest: int = 1) -> Consensus:
    """Vote: clusters of each way take the name of the first way's cluster that they overlap most.

    Noise does not vote. Clusters with fewer rows than ``smallest`` join the undecided rows; undecided rows that are
    themselves too few to be shown join the largest cluster.

    Args:
        ways: Labels ``(rows,)`` by the name of the way; the first names the clusters.
        smallest: Fewest rows of a cluster.

    Returns:
        Labels and how well the ways agree.

    Reference:
        Dudoit and Fridlyand (2003), doi:10.1093/bioinformatics/btg038.

    Example:
        >>> a, b, c = np.array([0, 0, 1, 1]), np.array([1, 1, 0, 1]), np.array([0, 0, 1, -1])
        >>> find_consensus({"a": a, "b": b, "c": c}).labels.tolist()
        [0, 0, 1, -1]
    """
    first, *others = ways.values()
    votes = np.stack([first, *(_rename(labels, first) for labels in others)])
    clusters = int(first.max()) + 1
    tally = np.stack([(votes == cluster).sum(axis=0) for cluster in range(clusters)])
    elected = np.where(tally.max(axis=0) >= min(VOTES, len(votes)), tally.argmax(axis=0), NOISE)
    agreement = {f"{a} and {b}": adjusted_rand(ways[a], ways[b]) for a, b in combinations(ways, 2)}
    return Consensus(withhold_small(elected, smallest=smallest), agreement)


def withhold_small(labels: Ints, *, smallest: int) -> Ints:
    """Labels without clusters, and without an undecided rest, of fewer rows than ``smallest``.

    Small clusters join the rest, and a small rest joins the largest cluster.
    """
    counts = np.bincount(labels[labels >= 0], minlength=1)
    kept = np.where((labels >= 0) & (counts[labels] >= smallest), labels, NOISE)
    if 0 < (kept == NOISE).sum() < smallest and (kept >= 0).any():
        kept = np.where(kept == NOISE, counts.argmax(), kept)
    return by_size(kept)


def adjusted_rand(one: Ints, other: Ints) -> float:
    """Agreement of two partitions, 1 for the same, 0 as by chance.

    Reference:
        Hubert and Arabie (1985), doi:10.1007/BF01908075.
    """
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(one, other))


def _rename(labels: Ints, reference: Ints) -> Ints:
    """Labels with each cluster named after the cluster of the reference that holds most of it."""
    inside = labels >= 0
    overlap: Floats = np.zeros((int(labels.max(initial=0)) + 1, int(reference.max()) + 1))
    np.add.at(overlap, (labels[inside], reference[inside]), 1)
    return np.where(inside, overlap.argmax(axis=1)[labels], NOISE)
