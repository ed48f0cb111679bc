"""How far a density, and a ratio of two, may be from the truth.

A density is a weighted sum of independent Poisson counts; arrays are of any one shape, in any one unit.
"""

from dataclasses import dataclass

import numpy as np

from hotspots.points import Floats

LOWER, UPPER = 0.025, 0.975


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95% interval."""

    estimate: Floats
    lower: Floats
    upper: Floats


def bound_sum(estimate: Floats, variance: Floats, *, heaviest: float) -> Interval:
    """Bound the expectation of a weighted sum of Poisson counts.

    It holds the truth at least as often as it says, also where the sum is 0.

    Args:
        estimate: Weighted sums.
        variance: Sums of the squared weights.
        heaviest: Largest weight that one more incident could have; 0 for sums that are known without error.

    Reference:
        Gamma interval: Fay and Feuer (1997), Statistics in Medicine 16, 791-801.

    Example:
        >>> none = bound_sum(np.array([0.0]), np.array([0.0]), heaviest=1.0)
        >>> none.lower.tolist(), none.upper.round(2).tolist()
        ([0.0], [3.69])
    """
    if heaviest == 0:
        return Interval(estimate, estimate, estimate)
    more, wider = estimate + heaviest, variance + heaviest**2
    return Interval(estimate, _gamma_quantile(estimate, variance, LOWER), _gamma_quantile(more, wider, UPPER))


def bound_ratio(above: Interval, below: Interval) -> Interval:
    """Bound the ratio of two independent estimates from their own intervals.

    Reference:
        Zou and Donner (2008), doi:10.1002/sim.3095, on the log scale.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # At 0 an end is that of the other part's bound alone, which is also the limit of the formula.
        top, base = (np.log(np.maximum(part.estimate, np.finfo(np.float64).tiny)) for part in (above, below))
        down = np.hypot(top - np.log(above.lower), np.log(below.upper) - base)
        up = np.hypot(np.log(above.upper) - top, base - np.log(below.lower))
        lower = np.where(above.estimate > 0, np.exp(top - base - down), 0.0)
        upper = np.where(below.estimate > 0, np.exp(top - base + up), np.inf)
        return Interval(above.estimate / below.estimate, lower, upper)


def _gamma_quantile(mean: Floats, variance: Floats, share: float) -> Floats:
    """Quantile of gamma distributions of given means and variances; 0 where the mean is."""
    from scipy.special import gammaincinv

    known = mean > 0
    scale = np.where(known, variance, 1.0) / np.where(known, mean, 1.0)
    shape = np.where(known, mean, 1.0) / scale
    return np.where(known, gammaincinv(shape, share) * scale, 0.0)
