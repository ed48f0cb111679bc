"""Whether there are groups at all: clusters of the rows against clusters of rows in which nothing hangs together.

Two ways to have no groups are tried, and both must be left behind. *Shuffled*: every variable is permuted by
itself, so that nothing is associated. *One cloud*: words and times are permuted, and numbers of places are drawn
from one Gaussian with their correlations and their own distributions, so that numbers are associated but have no
groups. Variables of places are permuted and drawn among places, and incidents stay where they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hotspots.points import Floats
from hotspots.victims.variables import (
    Cycle,
    Levels,
    Numbers,
    Representation,
    Variable,
    check_variables,
    encode,
)
from incidents.errors import ConfigError

LEVEL = 0.025
FEWEST_DRAWS = 39
"""The smallest number of draws whose p-value can reach the level."""

TRIED = (2, 3, 4, 5, 6, 8, 10)
SAMPLE = 800

Draw = Callable[[Sequence[Variable], np.random.Generator], list[Variable]]


@dataclass(frozen=True)
class ChanceTest:
    """Clusters against chance.

    Args:
        p_shuffled: p-value where every variable is shuffled.
        p_one_cloud: p-value where numbers of places form one cloud.
        spread: Spread within k clusters as a share of the whole, by k in `TRIED`, observed.
        spread_by_chance: The same, mean of the null that fits better.
        draws: Draws from each null.
    """

    p_shuffled: float
    p_one_cloud: float
    spread: Floats
    spread_by_chance: Floats
    draws: int

    @property
    def structure(self) -> bool:
        """Whether clusters are tighter than both ways of having no groups allow."""
        return max(self.p_shuffled, self.p_one_cloud) <= LEVEL


def compare_with_chance(
    variables: Sequence[Variable],
    *,
    rng: np.random.Generator,
    draws: int = FEWEST_DRAWS,
    sample: int = SAMPLE,
    representation: Representation = Representation.BALANCED,
) -> ChanceTest:
    """Test on a sample whether Ward's clusters are tighter than by chance, over several numbers of clusters.

    Association of words counts as structure (weapons that go with one category, for instance); correlation of
    numbers alone does not.

    Args:
        variables: Of all rows.
        rng: Draws sample and nulls.
        draws: From each null, at least 39.
        sample: Most rows to look at.
        representation: As of the clusters that are tested.

    Returns:
        A p-value for each null. Both at 2.5% keep false structure below 5%.

    Raises:
        ConfigError: Too few draws for the level.

    Reference:
        Tibshirani, Walther and Hastie (2001), gap statistic, doi:10.1111/1467-9868.00293; Westfall and Young
        (1993) for the largest of several statistics.
    """
    if draws < FEWEST_DRAWS:
        raise ConfigError(
            f"Expected at least {FEWEST_DRAWS} draws. Received: {draws}. Fewer can never show structure."
        )
    rows = np.sort(rng.permutation(check_variables(variables))[:sample])
    taken = [variable.take(rows) for variable in variables]
    observed = _spreads(taken, representation)
    nulls = {
        draw: np.stack([_spreads(draw(taken, rng), representation) for _ in range(draws)])
        for draw in (shuffle, draw_one_cloud)
    }
    p = [_p_value(observed, spreads) for spreads in nulls.values()]
    nearest = list(nulls.values())[int(np.argmax(p))]
    return ChanceTest(p[0], p[1], observed, nearest.mean(axis=0), draws)


def shuffle(variables: Sequence[Variable], rng: np.random.Generator) -> list[Variable]:
    """Every variable permuted by itself: words and times among rows, numbers among the units that they belong to."""
    return [
        replace(each, values=rng.permutation(each.values))
        if isinstance(each, Numbers)
        else _permute(each, rng)
        for each in variables
    ]


def draw_one_cloud(variables: Sequence[Variable], rng: np.random.Generator) -> list[Variable]:
    """Words and times permuted; numbers drawn from one Gaussian with their rank correlations and distributions."""
    numbers = [each for each in variables if isinstance(each, Numbers)]
    clouds = iter(_draw_numbers(numbers, rng)) if numbers else iter(())
    return [
        replace(each, values=next(clouds)) if isinstance(each, Numbers) else _permute(each, rng)
        for each in variables
    ]


def _permute(variable: Levels | Cycle, rng: np.random.Generator) -> Variable:
    return variable.take(rng.permutation(len(variable)))


def _draw_numbers(numbers: Sequence[Numbers], rng: np.random.Generator) -> list[Floats]:
    """New values of numbers of the same units, by number; unknown ones stay unknown.

    Numbers with other units than the first are permuted, since units of two kinds have no correlation.
    """
    first = numbers[0]
    shared = [
        len(each.values) == len(first.values) and np.array_equal(each.of_row, first.of_row)
        for each in numbers
    ]
    together = [each.values for each, same in zip(numbers, shared, strict=True) if same]
    cloud = iter(_draw_gaussian(together, rng))
    return [
        next(cloud) if same else rng.permutation(each.values)
        for each, same in zip(numbers, shared, strict=True)
    ]


def _draw_gaussian(columns: Sequence[Floats], rng: np.random.Generator) -> list[Floats]:
    """Columns drawn with the correlation of their normal scores and each column's own values."""
    scores = np.stack([_normal_scores(column) for column in columns])
    correlation = np.atleast_2d(np.corrcoef(scores + rng.normal(0, 1e-9, scores.shape)))
    latent = rng.multivariate_normal(np.zeros(len(columns)), correlation, scores.shape[1], method="eigh").T
    return [_like(column, drawn) for column, drawn in zip(columns, latent, strict=True)]


def _normal_scores(column: Floats) -> Floats:
    """Ranks as quantiles of a Gaussian; 0 where unknown."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    known = np.isfinite(column)
    scores = np.zeros(len(column))
    scores[known] = ndtri((rankdata(column[known]) - 0.5) / max(int(known.sum()), 1))
    return scores


def _like(column: Floats, latent: Floats) -> Floats:
    """Values of a column in the order of a latent variable; unknown ones stay unknown."""
    known = np.flatnonzero(np.isfinite(column))
    drawn = column.copy()
    drawn[known[np.argsort(latent[known])]] = np.sort(column[known])
    return drawn


def _spreads(variables: Sequence[Variable], representation: Representation) -> Floats:
    """Spread within 2, 3, ... clusters as a share of the whole, ``(tried,)``, from one tree of Ward's merges.

    A merge adds half its squared height to the spread, so one tree tells all numbers of clusters, without starts.
    """
    from scipy.cluster.hierarchy import ward
    from scipy.spatial.distance import pdist

    heights = ward(pdist(encode(variables, representation=representation)))[:, 2]
    added = np.cumsum(np.square(heights))
    return np.asarray(added[len(added) - np.array(TRIED)] / added[-1], dtype=np.float64)


def _p_value(observed: Floats, by_chance: Floats) -> float:
    """Rank of the largest gap among those of the draws; the observed one counts as a draw."""
    every = np.log(np.vstack([observed, by_chance]).clip(np.finfo(float).tiny))
    deviation = every.std(axis=0).clip(np.finfo(float).eps)
    gap = ((every.mean(axis=0) - every) / deviation).max(axis=1)
    return float((gap >= gap[0]).mean())
