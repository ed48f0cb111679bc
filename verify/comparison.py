"""Are two forecasts really different, and how many of many differences are real.

Losses are per time step ``(n,)`` in the order of time; sum or average the cells of a step first.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.checks import Bools, Floats


@dataclass(frozen=True)
class DieboldMariano:
    """A test of equal expected loss.

    Args:
        difference: Mean loss of the first forecast minus the second; negative speaks for the first.
        statistic: The statistic, Student t with n - 1 degrees of freedom if the losses are equal.
        p_value: Two-sided.
    """

    difference: float
    statistic: float
    p_value: float


def diebold_mariano(first: npt.ArrayLike, second: npt.ArrayLike, *, horizon: int = 1) -> DieboldMariano:
    """Test whether two forecasts have equal expected loss, with the small-sample correction.

    Autocovariances up to ``horizon - 1`` steps enter with equal weight, since forecasts of h overlapping
    steps have errors that are dependent so far. Events that cluster for longer need the block bootstrap.

    Args:
        first: Loss of each time step, (n,).
        second: Loss of the other forecast on the same steps, (n,).
        horizon: Steps that a forecast reaches ahead, >= 1 and below n.

    Returns:
        The test. Equal losses throughout give 0 and p = 1; a variance estimate that is not positive gives NaN.

    Raises:
        DataError: Shapes differ, a loss is not finite, or there are fewer than 2 steps.
        ConfigError: The horizon is not in [1, n).

    Reference:
        Diebold and Mariano (1995), doi:10.1080/07350015.1995.10524599; Harvey, Leybourne and Newbold (1997),
        doi:10.1016/S0169-2070(96)00719-4, eq. 9.
    """
    from scipy.stats import t as student

    losses = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if losses[0].ndim != 1 or losses[0].shape != losses[1].shape or not np.isfinite(losses).all():
        raise DataError(
            f"Expected finite losses of one shape (n,). Received: {losses[0].shape} and {losses[1].shape}. Score both "
            "forecasts on the same time steps."
        )
    gap, count = losses[0] - losses[1], losses[0].size
    if count < 2 or not 1 <= horizon < count:
        raise ConfigError(f"Expected a horizon in [1, {count}). Received: {horizon}. Score more time steps.")
    mean = float(gap.mean())
    if not gap.any():
        return DieboldMariano(0.0, 0.0, 1.0)
    variance = _long_run_variance(gap - mean, horizon) / count
    if variance <= 0.0:
        return DieboldMariano(mean, float("nan"), float("nan"))
    correction = (count + 1.0 - 2.0 * horizon + horizon * (horizon - 1.0) / count) / count
    statistic = float(np.sqrt(correction) * mean / np.sqrt(variance))
    return DieboldMariano(mean, statistic, float(2.0 * student.sf(abs(statistic), count - 1)))


def _long_run_variance(centred: Floats, horizon: int) -> float:
    lagged = [float(centred[lag:] @ centred[: centred.size - lag]) for lag in range(horizon)]
    return (lagged[0] + 2.0 * sum(lagged[1:])) / centred.size


@dataclass(frozen=True)
class Discoveries:
    """Which of many tests stand.

    Args:
        adjusted: Smallest false discovery rate at which each test stands, (k,).
        kept: Tests that stand at the rate asked for, (k,).
    """

    adjusted: Floats
    kept: Bools


def benjamini_hochberg(p_values: npt.ArrayLike, *, rate: float = 0.05) -> Discoveries:
    """Keep the tests of which at most a share ``rate`` is expected to be false.

    Valid for independent or positively dependent tests, such as models compared on one sample.

    Args:
        p_values: (k,) in [0, 1].
        rate: False discovery rate, between 0 and 1.

    Raises:
        DataError: A p-value is outside [0, 1] or not finite.
        ConfigError: The rate is not between 0 and 1.

    Reference:
        Benjamini and Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x.

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).adjusted.round(4)
        array([0.04  , 0.0533, 0.0533, 0.5   ])
    """
    if not 0.0 < rate < 1.0:
        raise ConfigError(f"Expected a rate between 0 and 1. Received: {rate}. Use 0.05.")
    given = np.asarray(p_values, dtype=np.float64)
    if given.ndim != 1 or not bool(((given >= 0.0) & (given <= 1.0)).all()):
        raise DataError(f"Expected p-values in [0, 1], shape (k,). Received: {given}. Drop undefined tests.")
    falling = np.argsort(-given, kind="stable")
    ranks = np.arange(given.size, 0, -1)
    adjusted = np.empty_like(given)
    adjusted[falling] = np.minimum.accumulate(np.minimum(given[falling] * given.size / ranks, 1.0))
    return Discoveries(adjusted, adjusted <= rate)
