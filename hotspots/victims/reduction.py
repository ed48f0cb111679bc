"""Few axes that carry most of what differs between rows: principal components of the mixed representation."""

from dataclasses import dataclass, field

import numpy as np

from hotspots.points import Floats

FEWEST_AXES, MOST_AXES = 2, 10
PARALLEL_DRAWS = 5


@dataclass(frozen=True)
class Axes:
    """Rows on their main axes.

    Args:
        scores: ``(rows, kept)``.
        explained: Share of the total variance of every axis, falling, ``(columns,)``.
        by_chance: The same where every column is shuffled, the largest of several draws, ``(columns,)``.
    """

    scores: Floats = field(repr=False)
    explained: Floats
    by_chance: Floats

    @property
    def kept(self) -> int:
        """Number of axes kept."""
        return int(self.scores.shape[1])


def reduce(matrix: Floats, *, rng: np.random.Generator, sample: int = 5000) -> Axes:
    """Keep the axes that explain more than those of shuffled columns do, at least 2 and at most 10.

    Args:
        matrix: Centred columns, ``(rows, columns)``, as from `hotspots.victims.variables.encode`.
        rng: Draws the shuffles.
        sample: Rows on which chance is measured.

    Returns:
        Scores and explained variance. On one-hot and FAMD columns this is principal component analysis and FAMD.

    Reference:
        Horn (1965), parallel analysis, doi:10.1007/BF02289447.
    """
    vectors, explained = _principal(matrix)
    rows = rng.permutation(len(matrix))[:sample]
    shuffled = (_principal(rng.permuted(matrix[rows], axis=0))[1] for _ in range(PARALLEL_DRAWS))
    by_chance = np.max(list(shuffled), axis=0)
    above = int(np.argmin(np.append(explained > by_chance, False)))
    kept = min(max(above, FEWEST_AXES), MOST_AXES, matrix.shape[1])
    return Axes(matrix @ vectors[:, :kept], explained, by_chance)


def _principal(matrix: Floats) -> tuple[Floats, Floats]:
    """Directions, by falling variance, signs fixed, and their shares of the total variance."""
    centred = matrix - matrix.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    largest = np.abs(vectors).argmax(axis=0)
    signs = np.where(vectors[largest, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)
    return vectors * signs, values / max(float(values.sum()), np.finfo(float).tiny)
