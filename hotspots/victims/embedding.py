"""What pictures may show of rows: bins of many rows on two axes, and silhouettes as quantiles."""

from dataclasses import dataclass, field

import numpy as np

from hotspots.points import Floats, Ints
from hotspots.victims.partitions import silhouettes

BINS = 60
EDGE_SHARE = 0.005
QUANTILES = np.linspace(0, 1, 21)
FEWEST_FOR_QUANTILES = 210
"""Ten rows between two quantiles."""


@dataclass(frozen=True)
class Embedding:
    """The cluster that most rows of each bin belong to, on the first two axes.

    Args:
        cluster: ``(bins, bins)``, row 0 at the bottom, -1 undecided, -2 where too few rows lie.
        x_edges: Of the bins, ``(bins + 1,)``.
        y_edges: Of the bins, ``(bins + 1,)``.
    """

    cluster: Ints = field(repr=False)
    x_edges: Floats = field(repr=False)
    y_edges: Floats = field(repr=False)


@dataclass(frozen=True)
class SilhouetteCurve:
    """Silhouettes of one cluster.

    Args:
        cluster: Its number.
        quantiles: Its silhouettes at 0, 5, ... 100%, without the outermost rows, ``(21,)``.
        mean: Their mean.
    """

    cluster: int
    quantiles: Floats = field(repr=False)
    mean: float


EMPTY = -2


def bin_rows(scores: Floats, labels: Ints, *, smallest_shown: int) -> Embedding:
    """Find the largest cluster of each bin; bins where it has fewer rows than may be shown stay empty.

    Args:
        scores: Rows on axes, ``(rows, axes)``; the first two are shown.
        labels: Cluster of each row, -1 undecided.
        smallest_shown: Fewest rows.
    """
    first_two = scores[:, :2] if scores.shape[1] > 1 else np.column_stack([scores, np.zeros(len(scores))])
    low, high = np.quantile(first_two, (EDGE_SHARE, 1 - EDGE_SHARE), axis=0)
    edges = [np.linspace(a, b if b > a else a + 1, BINS + 1) for a, b in zip(low, high, strict=True)]
    counts = np.stack(
        [
            np.histogramdd(first_two[labels == cluster], bins=edges)[0].T
            for cluster in range(-1, int(labels.max(initial=-1)) + 1)
        ]
    )
    largest = counts.argmax(axis=0) - 1
    return Embedding(np.where(counts.max(axis=0) >= smallest_shown, largest, EMPTY), edges[0], edges[1])


def silhouette_curves(scores: Floats, labels: Ints) -> tuple[SilhouetteCurve, ...]:
    """Silhouettes of clusters with enough rows, the undecided ones left out.

    Args:
        scores: Rows on axes, ``(rows, axes)``.
        labels: Cluster of each row, -1 undecided.
    """
    inside = labels >= 0
    clusters = np.unique(labels[inside])
    if len(clusters) < 2:
        return ()
    values, of_cluster = silhouettes(scores[inside], labels[inside]), labels[inside]
    return tuple(
        SilhouetteCurve(
            int(cluster),
            _inner_quantiles(values[of_cluster == cluster]),
            float(values[of_cluster == cluster].mean()),
        )
        for cluster in clusters
        if (of_cluster == cluster).sum() >= FEWEST_FOR_QUANTILES
    )


def _inner_quantiles(values: Floats) -> Floats:
    """Quantiles of which the outermost are means of ten rows, so that none is one row's."""
    ordered = np.sort(values)
    inner = np.quantile(ordered, QUANTILES)
    inner[0], inner[-1] = ordered[:10].mean(), ordered[-10:].mean()
    return np.asarray(inner, dtype=np.float64)
