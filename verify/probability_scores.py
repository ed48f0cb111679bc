"""How good a probability is: Brier score, its parts and its skill, and the log score, beside the ranking scores.

Probabilities and labels are ``(n,)``; every score takes optional row weights, and NaN is refused.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError
from verify.checks import (
    SMALLEST_PROBABILITY,
    Bools,
    Floats,
    check_labels,
    check_probabilities,
    check_weights,
)
from verify.ranking import average_precision, divide, roc_auc

__all__ = [
    "BrierDecomposition",
    "average_precision",
    "brier_decomposition",
    "brier_score",
    "brier_skill",
    "log_losses",
    "log_score",
    "roc_auc",
]


def brier_score(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> float:
    """Mean squared difference between probability and outcome; lower is better, 0 is perfect.

    Args:
        probabilities: (n,) in [0, 1].
        labels: (n,) of 0 and 1.
        weights: (n,), >= 0.

    Raises:
        DataError: Shapes differ, or a probability lies outside [0, 1] or is not finite.

    Reference:
        Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.

    Example:
        >>> brier_score([0.5, 0.0], [1, 0])
        0.125
    """
    events = check_labels(labels)
    given = check_probabilities(probabilities, count=events.size)
    return _mean((given - events) ** 2, check_weights(weights, count=events.size))


def brier_skill(
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    reference: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Share of the reference's Brier score that the forecast removes: 1 is perfect, 0 no better, < 0 worse.

    Args:
        probabilities: (n,) in [0, 1].
        labels: (n,) of 0 and 1.
        reference: One probability for all rows, or (n,). The base rate of the scored sample is the strictest
            constant, since no other constant scores lower on it.
        weights: (n,), >= 0.

    Returns:
        ``1 - Brier / Brier of the reference``; NaN where the reference is perfect.

    Raises:
        DataError: Shapes differ, or a probability lies outside [0, 1] or is not finite.

    Example:
        >>> brier_skill([0.75, 0.25], [1, 0], reference=0.5)
        0.75
    """
    against = np.broadcast_to(np.asarray(reference, dtype=np.float64), np.shape(labels))
    worst = brier_score(against, labels, weights=weights)
    reached = brier_score(probabilities, labels, weights=weights)
    return 1.0 - reached / worst if worst > 0.0 else float("nan")


def log_losses(probabilities: Floats, labels: Bools) -> Floats:
    """Surprise of each outcome in nats, (n,): minus the log of the probability given to what happened."""
    given_to_outcome = np.where(labels, probabilities, 1.0 - probabilities)
    kept = np.clip(given_to_outcome, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    return np.asarray(-np.log(kept), dtype=np.float64)


def log_score(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> float:
    """Mean log-likelihood loss in nats: ``-mean(log(probability given to what happened))``; lower is better.

    Probabilities are clipped to [2.2e-16, 1 - 2.2e-16], so a certain forecast that fails costs 36 nats
    rather than infinity.

    Args:
        probabilities: (n,) in [0, 1].
        labels: (n,) of 0 and 1.
        weights: (n,), >= 0.

    Raises:
        DataError: Shapes differ, or a probability lies outside [0, 1] or is not finite.

    Reference:
        Good (1952), doi:10.1111/j.2517-6161.1952.tb00104.x.

    Example:
        >>> round(log_score([0.5, 0.5], [1, 0]), 4)
        0.6931
    """
    events = check_labels(labels)
    given = check_probabilities(probabilities, count=events.size)
    return _mean(log_losses(given, events), check_weights(weights, count=events.size))


@dataclass(frozen=True)
class BrierDecomposition:
    """Parts of a Brier score: ``brier = reliability - resolution + uncertainty + variance - covariance``.

    Args:
        brier: The score.
        reliability: Mean squared distance of forecast and observed rate over the groups; lower is better.
        resolution: Mean squared distance of the groups' observed rate from the base rate; higher is better.
        uncertainty: Variance of the outcome, ``base rate * (1 - base rate)``; not the forecaster's doing.
        within_bin_variance: Variance of forecasts inside bins; 0 without bins.
        within_bin_covariance: Twice the covariance of forecast and outcome inside bins; 0 without bins.
    """

    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    within_bin_variance: float
    within_bin_covariance: float

    @property
    def generalised_resolution(self) -> float:
        """Resolution with the within-bin terms, which does not fall as bins grow coarse."""
        return self.resolution - self.within_bin_variance + self.within_bin_covariance


def brier_decomposition(
    probabilities: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    bins: int | None = None,
    weights: npt.ArrayLike | None = None,
) -> BrierDecomposition:
    """Split the Brier score into reliability, resolution and uncertainty; the parts add up to rounding.

    Args:
        probabilities: (n,) in [0, 1].
        labels: (n,) of 0 and 1.
        bins: Equal-width bins over [0, 1]; None groups rows of exactly equal probability, as Murphy did,
            which suits forecasts of few distinct values.
        weights: (n,), >= 0.

    Raises:
        DataError: Shapes differ, or a probability lies outside [0, 1] or is not finite.
        ConfigError: ``bins`` is below 1.

    Reference:
        Murphy (1973), doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2; within-bin terms from Stephenson,
        Coelho and Jolliffe (2008), doi:10.1175/2007WAF2006116.1, eq. 6.

    Example:
        >>> parts = brier_decomposition([0.2, 0.2, 0.8, 0.8], [0, 0, 1, 1])
        >>> round(parts.reliability, 10), parts.resolution, parts.uncertainty
        (0.04, 0.25, 0.25)
    """
    events = check_labels(labels)
    given = check_probabilities(probabilities, count=events.size)
    weight = check_weights(weights, count=events.size)
    groups = (
        _group_distinct(given, events, weight) if bins is None else _group_bins(given, events, weight, bins)
    )
    base_rate = _mean(events.astype(np.float64), weight)
    return BrierDecomposition(
        brier=_mean((given - events) ** 2, weight),
        reliability=float(groups.size @ (groups.forecast - groups.observed) ** 2),
        resolution=float(groups.size @ (groups.observed - base_rate) ** 2),
        uncertainty=base_rate * (1.0 - base_rate),
        within_bin_variance=groups.variance,
        within_bin_covariance=groups.covariance,
    )


@dataclass(frozen=True)
class _Groups:
    """Share, mean forecast and observed rate of each group, (k,), and the within-bin terms."""

    size: Floats
    forecast: Floats
    observed: Floats
    variance: float = 0.0
    covariance: float = 0.0


def _group_distinct(probabilities: Floats, events: Bools, weights: Floats | None) -> _Groups:
    """Rows of exactly equal probability; only events are looked up, since they are few."""
    rising = np.sort(probabilities)
    starts = np.flatnonzero(np.diff(rising, prepend=-1.0))
    distinct = rising[starts]
    hits = np.searchsorted(distinct, probabilities[events])
    if weights is None:
        size = np.diff(starts, append=rising.size).astype(np.float64)
        caught = np.bincount(hits, minlength=distinct.size).astype(np.float64)
    else:
        rows = np.searchsorted(distinct, probabilities)
        size = np.bincount(rows, weights=weights).astype(np.float64)
        caught = np.bincount(hits, weights=weights[events], minlength=distinct.size).astype(np.float64)
    return _Groups(size / size.sum(), distinct, divide(caught, size, undefined=0.0))


def _group_bins(probabilities: Floats, events: Bools, weights: Floats | None, bins: int) -> _Groups:
    """Rows of equal-width bins, with what is lost inside them."""
    if bins < 1:
        raise ConfigError(
            f"Expected at least 1 bin. Received: {bins}. Use 10, or None for distinct forecasts."
        )
    weight = np.ones(events.size) if weights is None else weights
    group = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    size = np.bincount(group, weights=weight).astype(np.float64)
    forecast, observed = (
        divide(np.bincount(group, weights=values * weight).astype(np.float64), size, undefined=0.0)
        for values in (probabilities, events)
    )
    spread, surprise = probabilities - forecast[group], events - observed[group]
    return _Groups(
        size / size.sum(),
        forecast,
        observed,
        variance=_mean(spread**2, weights),
        covariance=2.0 * _mean(surprise * spread, weights),
    )


def _mean(values: Floats, weights: Floats | None) -> float:
    return float(values.mean() if weights is None else (weights @ values) / weights.sum())
