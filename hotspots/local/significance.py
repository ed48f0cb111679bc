"""How surprising a statistic is, by itself and among many: p-values, false discovery control, classes.

p-values and statistics are of any one shape; NaN where nothing was tested.
"""

from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hotspots.points import Floats

CONFIDENCE = (0.90, 0.95, 0.99)
"""Levels of the classes 1, 2 and 3."""


class Alternative(StrEnum):
    """What is held against chance."""

    TWO_SIDED = "two-sided"
    GREATER = "greater"
    LESS = "less"


def normal_p(z: Floats, alternative: Alternative) -> Floats:
    """Probability that a standard normal number is as extreme as ``z``; NaN stays NaN."""
    from scipy.special import ndtr

    if alternative is Alternative.TWO_SIDED:
        return np.asarray(2.0 * ndtr(-np.abs(z)))
    return np.asarray(ndtr(-z if alternative is Alternative.GREATER else z))


def control_false_discovery(p: npt.ArrayLike) -> Floats:
    """Adjust p-values, so that of the places under a level the expected share of false ones is at most it.

    It holds for independent tests and for those that depend positively, as those of neighbors do.

    Args:
        p: p-values of any shape; NaN where nothing was tested.

    Returns:
        Adjusted p-values (Benjamini-Hochberg), the same shape, never below ``p``.

    Reference:
        Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x; positive dependence: Benjamini and
        Yekutieli (2001), doi:10.1214/aos/1013699998.

    Example:
        >>> control_false_discovery([0.01, 0.04, np.nan, 0.03]).round(3).tolist()
        [0.03, 0.04, nan, 0.04]
    """
    given = np.asarray(p, dtype=np.float64)
    tested = int(np.count_nonzero(~np.isnan(given)))
    rising = np.argsort(given, axis=None)[:tested]  # NaN comes last
    ranked = given.ravel()[rising] * (tested / np.arange(1, tested + 1))
    adjusted = np.full(given.size, np.nan)
    adjusted[rising] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1.0)
    return adjusted.reshape(given.shape)


def classify_confidence(z: Floats, p: Floats) -> npt.NDArray[np.int8]:
    """Class of each place: 1, 2 or 3 for hot with 90, 95 or 99% confidence, negative for cold, 0 for neither.

    Example:
        >>> classify_confidence(
        ...     np.array([4.0, -2.0, 0.1, np.nan]), np.array([0.001, 0.05, 0.9, np.nan])
        ... ).tolist()
        [3, -2, 0, 0]
    """
    # Written so that 0.05 itself is in the class of 95%, though 1 - 0.95 is a little more.
    levels = np.array([round(1.0 - confidence, 6) for confidence in CONFIDENCE])
    reached = (p[..., None] <= levels).sum(axis=-1)
    return np.asarray(np.where(np.isnan(z), 0, np.sign(np.nan_to_num(z)) * reached), dtype=np.int8)
