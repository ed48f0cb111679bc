"""Do events come as often as forecast: Platt scaling, the calibration line, and the reliability curve.

Logits, probabilities and labels are ``(n,)``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.checks import (
    Bools,
    Floats,
    Integers,
    check_both_classes,
    check_labels,
    check_probabilities,
    check_scores,
)
from verify.logistic import Problem, logit, sigmoid

ROWS_KEPT_APART = 100_000


@dataclass(frozen=True)
class Platt:
    """Recalibration of a forecast: ``probability = sigmoid(slope * logit + intercept)``, slope >= 0."""

    slope: float
    intercept: float

    def apply(self, logits: npt.ArrayLike) -> Floats:
        """Calibrated probability of each logit, any shape."""
        return sigmoid(self.slope * np.asarray(logits, dtype=np.float64) + self.intercept)

    def to_dict(self) -> dict[str, float]:
        """Both numbers, for JSON."""
        return {"slope": self.slope, "intercept": self.intercept}

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "Platt":
        """What ``to_dict`` wrote.

        Raises:
            DataError: A number is missing.
        """
        missing = sorted({"slope", "intercept"} - set(saved))
        if missing:
            raise DataError(
                f"Expected a saved calibration. Received: one without {', '.join(missing)}. Train again."
            )
        return cls(slope=float(saved["slope"]), intercept=float(saved["intercept"]))


def fit_platt(logits: npt.ArrayLike, labels: npt.ArrayLike) -> Platt:
    """Fit slope and intercept of the log odds on data that the forecast was *not* fitted on.

    Labels are smoothed as Platt did, to ``(events + 1) / (events + 2)`` and ``1 / (others + 2)``, so that
    separable data stay finite. The slope is limited to >= 0: a forecast that ranks the wrong way on the
    calibration data is turned into the constant that maximises the likelihood, never reversed, since a
    reversal would be learned from noise. Where all logits are equal the slope is 1 and the intercept moves
    their level to the base rate.

    Args:
        logits: (n,), finite.
        labels: (n,) of 0 and 1, both present.

    Raises:
        NoPositivesError: All labels are equal.
        DataError: Shapes differ, or a logit is not finite.

    Reference:
        Platt (1999), Probabilistic outputs for support vector machines, Advances in Large Margin Classifiers.
    """
    events = check_labels(labels)
    check_both_classes(events, purpose="calibrate")
    given = check_scores(logits, count=events.size)
    targets = _smooth(events)
    level = float(logit(targets.mean()))
    if np.ptp(given) == 0.0:
        return Platt(slope=1.0, intercept=level - float(given[0]))
    slope, intercept = _fit_line(given, targets, np.ones(events.size))
    return Platt(slope, intercept) if slope >= 0.0 else Platt(0.0, level)


def _smooth(events: Bools) -> Floats:
    count = int(np.count_nonzero(events))
    return np.where(events, (count + 1.0) / (count + 2.0), 1.0 / (events.size - count + 2.0))


def _fit_line(logits: Floats, targets: Floats, weights: Floats) -> tuple[float, float]:
    """Slope and intercept at the maximum of the likelihood, solved on standardised logits."""
    centre, scale = float(logits.mean()), float(logits.std())
    design = np.column_stack([np.ones(logits.size), (logits - centre) / scale])
    level, steepness = Problem(design, targets, weights, np.zeros(logits.size), l2=0.0).solve()
    slope = float(steepness) / scale
    return slope, float(level) - slope * centre


@dataclass(frozen=True)
class CalibrationLine:
    """How outcomes depend on a forecast's log odds: slope 1 and intercept 0 where it is calibrated.

    A slope below 1 means forecasts that are too extreme, above 1 too timid.
    """

    slope: float
    intercept: float


def calibration_slope_intercept(probabilities: npt.ArrayLike, labels: npt.ArrayLike) -> CalibrationLine:
    """Regress the outcome on the log odds of the forecast, by maximum likelihood.

    Args:
        probabilities: (n,) in [0, 1]; 0 and 1 are clipped to 2.2e-16 and 1 - 2.2e-16.
        labels: (n,) of 0 and 1.

    Returns:
        The line. Both are NaN where no finite line exists: one class only, a constant forecast, or a
        forecast that separates events from non-events.

    Raises:
        DataError: Shapes differ, or a probability lies outside [0, 1] or is not finite.

    Reference:
        Cox (1958), Two further applications of a model for binary regression, doi:10.1093/biomet/45.3-4.562.
    """
    events = check_labels(labels)
    given = logit(check_probabilities(probabilities, count=events.size))
    if not has_line(given, events):
        return CalibrationLine(float("nan"), float("nan"))
    pool = pool_levels(given)
    count = np.bincount(pool.level).astype(np.float64)
    share = np.bincount(pool.level, weights=events) / count
    return CalibrationLine(*_fit_line(pool.logits, share, count))


@dataclass(frozen=True)
class Pool:
    """Rows gathered by their logit.

    Args:
        logits: Logit of each level, (k,).
        level: Level of each row, (n,).
    """

    logits: Floats
    level: Integers


def pool_levels(logits: Floats) -> Pool:
    """Gather rows of equal logit, or, above 100,000 rows, of logits within 1/512 standard deviation.

    A level of close logits stands at their mean. What is left out is the spread inside a level, whose
    variance is below 3.2e-7 of that of the logits: a slope moves by far less than its own error.
    """
    if logits.size <= ROWS_KEPT_APART:
        distinct, level = np.unique(logits, return_inverse=True)
        return Pool(distinct, level)
    low, width = float(logits.min()), float(logits.std()) / 512.0
    cell = ((logits - low) / width).astype(np.int64)
    count = np.bincount(cell)
    number = np.cumsum(count > 0) - 1
    total = np.bincount(cell, weights=logits)
    return Pool(total[count > 0] / count[count > 0], number[cell])


def has_line(logits: Floats, events: Bools) -> bool:
    """Whether events and non-events overlap, so that the likelihood has a finite maximum."""
    hits, misses = logits[events], logits[~events]
    if hits.size == 0 or misses.size == 0:
        return False
    return bool(hits.min() < misses.max() and misses.min() < hits.max())


@dataclass(frozen=True)
class ReliabilityCurve:
    """Observed rate against forecast in bins of (nearly) equal count.

    Args:
        forecast: Mean probability in each bin, (k,).
        observed: Share of events in each bin, (k,).
        count: Rows in each bin, (k,).
        lo: Lower end of the consistency bar, (k,).
        hi: Upper end: a calibrated forecast's observed rate falls in [lo, hi] at least 95% of the time.
    """

    forecast: Floats
    observed: Floats
    count: Integers
    lo: Floats
    hi: Floats


def reliability_curve(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, *, bins: int = 10
) -> ReliabilityCurve:
    """Observed rates in equal-count bins, each with the bar in which it should lie if calibrated.

    Rows of equal probability stay in one bin, so a forecast of few distinct values has fewer bins. The bars
    are Bröcker and Smith's consistency bars in their exact binomial form at the bin's mean forecast instead
    of by resampling: deterministic, and never narrower in variance than the spread of forecasts inside the
    bin would give (Hoeffding 1956). They assume independent outcomes; near repeats make them too narrow.

    Args:
        probabilities: (n,) in [0, 1].
        labels: (n,) of 0 and 1.
        bins: Number of bins wanted.

    Raises:
        DataError: Shapes differ, or a probability lies outside [0, 1] or is not finite.
        ConfigError: ``bins`` is below 1.

    Reference:
        Bröcker and Smith (2007), Increasing the reliability of reliability diagrams, doi:10.1175/WAF993.1.
    """
    if bins < 1:
        raise ConfigError(f"Expected at least 1 bin. Received: {bins}. Use 10.")
    events = check_labels(labels)
    given = check_probabilities(probabilities, count=events.size)
    rising = np.sort(given)
    # The lowest forecast of each bin: rows of equal forecast fall on the same side of it.
    lowest = np.unique(rising[(np.arange(bins) * rising.size) // bins])
    group = np.searchsorted(lowest, given, side="right") - 1
    count = np.bincount(group)
    forecast = np.bincount(group, weights=given) / count
    observed = np.bincount(group, weights=events) / count
    bars = np.array([_binomial_bar(int(n), float(p)) for n, p in zip(count, forecast, strict=True)])
    return ReliabilityCurve(forecast, observed, count, bars[:, 0], bars[:, 1])


def _binomial_bar(count: int, probability: float) -> tuple[float, float]:
    """Central 95% of the observed rate among ``count`` independent rows of one probability.

    The mass is summed from its recurrence over 12 standard deviations each side of the mean, outside of
    which less than 1e-15 lies, and normalised.
    """
    inside = min(max(probability, 1e-300), 1.0 - 1e-16)
    reach = 12.0 * np.sqrt(count * inside * (1.0 - inside)) + 20.0
    first = max(0, int(count * inside - reach))
    taken = np.arange(first + 1, min(count, int(count * inside + reach)) + 1, dtype=np.float64)
    rises = np.log((count - taken + 1.0) / taken) + np.log(inside) - np.log1p(-inside)
    log_mass = np.concatenate([[0.0], np.cumsum(rises)])
    mass = np.cumsum(np.exp(log_mass - log_mass.max()))
    low, high = np.searchsorted(mass, np.array([0.025, 0.975]) * mass[-1])
    return float(first + low) / count, float(first + high) / count
