"""Whether a series rises or falls: the Mann-Kendall test, for many series at once.

Series run along the first axis, ``(time, ...)``.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hotspots.local.significance import Alternative, normal_p
from hotspots.points import Floats
from incidents.errors import DataError


@dataclass(frozen=True)
class Trend:
    """Trends of many series, each of the shape of a slice.

    Args:
        score: Number of pairs that rise minus number of pairs that fall.
        tau: Kendall's tau-a, the score over the number of pairs.
        z: The score in standard deviations, one unit nearer to 0 for continuity; 0 where all values are equal.
        p: Two-sided probability of such a score without a trend.
    """

    score: Floats
    tau: Floats
    z: Floats
    p: Floats


def mann_kendall(series: npt.ArrayLike) -> Trend:
    """Test each series for a trend, rising or falling, of any form.

    It takes the values of a series as independent of each other; those that follow each other closely (moving
    sums, Gi* with neighbors in time) make it find trends too easily.

    Args:
        series: ``(time, ...)``, at least 2 slices; a series with a NaN gets NaN.

    Returns:
        Score, tau, z and p with the variance corrected for ties.

    Raises:
        DataError: Fewer than 2 slices.

    Reference:
        Mann (1945), doi:10.2307/1907187; Kendall (1975), Rank Correlation Methods; ties: Gilbert (1987),
        Statistical Methods for Environmental Pollution Monitoring, eq. 16.4.

    Example:
        >>> trend = mann_kendall([[1.0, 3.0], [2.0, 3.0], [4.0, 3.0], [7.0, 3.0]])
        >>> trend.score.tolist(), trend.tau.tolist(), trend.z.round(3).tolist()
        ([6.0, 0.0], [1.0, 0.0], [1.698, 0.0])
    """
    given = np.asarray(series, dtype=np.float64)
    if given.ndim < 1 or len(given) < 2:
        raise DataError(
            f"Expected series of at least 2 slices of time. Received: shape {given.shape}. Take a longer period."
        )
    n = len(given)
    score = _count_rises(given)
    deviation = np.sqrt(_variance(given))
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(deviation > 0, (score - np.sign(score)) / deviation, 0.0)
    unknown = np.isnan(given).any(axis=0)
    score, z = np.where(unknown, np.nan, score), np.where(unknown, np.nan, z)
    return Trend(score, score / (n * (n - 1) / 2), z, normal_p(z, Alternative.TWO_SIDED))


def _count_rises(series: Floats) -> Floats:
    """Pairs that rise minus pairs that fall; one pass for each distance in time."""
    score = np.zeros(series.shape[1:], dtype=np.int32)
    for lag in range(1, len(series)):
        later, earlier = series[lag:], series[:-lag]
        score += np.count_nonzero(later > earlier, axis=0)
        score -= np.count_nonzero(later < earlier, axis=0)
    return score.astype(np.float64)


def _variance(series: Floats) -> Floats:
    """Variance of the score without a trend; a value that comes t times takes t(t - 1)(2t + 5) / 18 away."""
    n = len(series)
    ranked = np.sort(series, axis=0)
    run = np.ones(series.shape[1:])
    taken = np.zeros(series.shape[1:])
    for earlier, later in pairwise(ranked):
        # Lengthening a run from t - 1 to t takes away 6 (t - 1)(t + 1): the difference of t(t - 1)(2t + 5).
        run = np.where(later == earlier, run + 1, 1.0)
        taken += 6.0 * (run - 1) * (run + 1)
    return np.asarray((n * (n - 1) * (2 * n + 5) - taken) / 18.0)
