"""How sure is a score: intervals and paired differences by resampling whole blocks of time.

Events cluster in time, so rows are not independent; whole blocks (weeks) are drawn with replacement, the
same draw for every model. A draw is kept as how often each block was drawn, ``(replicates, blocks)``: the
scores of a replicate are those of the rows weighted by it, and each model is sorted once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.calibration import calibration_slope_intercept, has_line
from verify.checks import Bools, Floats, Integers, check_both_classes, check_labels, check_probabilities
from verify.logistic import logit, sigmoid
from verify.probability_scores import log_losses
from verify.ranking import build_ladder, climb, sort_falling

# So many rows times replicates at once: their weights stay within a CPU's cache.
CHUNK_VALUES = 16_384
MOST_NEWTON_STEPS = 8


class Metric(StrEnum):
    """The headline metrics, by the name under which they are reported."""

    AUC = "auc"
    AVERAGE_PRECISION = "ap"
    BRIER_SKILL = "brier_skill"
    LOG_SCORE = "log_score"
    CALIBRATION_SLOPE = "calibration_slope"


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval; NaN where it is undefined."""

    value: float
    lo: float
    hi: float

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.lo:.4f}, {self.hi:.4f}]"


@dataclass(frozen=True)
class BootstrapScores:
    """Headline metrics of several models on one sample, with every replicate kept for differences.

    Args:
        values: Model to metric to the score of the sample itself.
        replicates: Model to metric to the scores of the replicates, (replicates,); NaN where undefined.
        blocks: Number of blocks that were resampled.
    """

    values: Mapping[str, Mapping[Metric, float]]
    replicates: Mapping[str, Mapping[Metric, Floats]]
    blocks: int

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order given."""
        return tuple(self.values)

    def estimate(self, model: str, metric: Metric) -> Estimate:
        """A model's score with its percentile interval."""
        return _with_interval(self.values[model][metric], self.replicates[model][metric])

    def difference(self, model: str, baseline: str, metric: Metric) -> Estimate:
        """Score of ``model`` minus score of ``baseline``, paired within each replicate."""
        value = self.values[model][metric] - self.values[baseline][metric]
        return _with_interval(value, self.replicates[model][metric] - self.replicates[baseline][metric])

    def differences(self, baseline: str) -> Mapping[str, Mapping[Metric, Estimate]]:
        """Every other model minus ``baseline``, on every metric.

        Raises:
            ConfigError: No model has that name.
        """
        if baseline not in self.values:
            raise ConfigError(f"Expected a baseline among {', '.join(self.models)}. Received: {baseline}.")
        others = (model for model in self.models if model != baseline)
        return MappingProxyType(
            {
                model: {metric: self.difference(model, baseline, metric) for metric in Metric}
                for model in others
            }
        )


def bootstrap_scores(
    forecasts: Mapping[str, npt.ArrayLike],
    labels: npt.ArrayLike,
    blocks: npt.ArrayLike,
    *,
    replicates: int = 1000,
    rng: np.random.Generator,
) -> BootstrapScores:
    """Score models on the same rows, with 95% percentile intervals from a paired block bootstrap.

    Brier skill is against the base rate of the scored sample (in a replicate, of the replicate): stricter
    than the training rate, since no other constant scores lower. A replicate in which a metric is undefined
    (no event drawn) is left out of that metric's interval. Few blocks give intervals that are too narrow.

    Args:
        forecasts: Model name to probabilities (n,).
        labels: (n,) of 0 and 1, both present.
        blocks: Block of each row, (n,) integers, in any order; at least 2 distinct.
        replicates: Number of draws, >= 1.
        rng: Source of randomness.

    Raises:
        NoPositivesError: All labels are equal.
        DataError: Shapes differ, a probability is outside [0, 1], or there are fewer than 2 blocks.
        ConfigError: No forecasts, or fewer than 1 replicate.

    Reference:
        Hall, Horowitz and Jing (1995), doi:10.1093/biomet/82.3.561; Hamill (1999) for paired resampling of
        forecasts, doi:10.1175/1520-0434(1999)014<0155:HTFENP>2.0.CO;2.
    """
    if not forecasts or replicates < 1:
        raise ConfigError(
            f"Expected at least one forecast and one replicate. Received: {len(forecasts)} forecasts, {replicates} "
            "replicates. Use 1000 replicates."
        )
    events = check_labels(labels)
    check_both_classes(events, purpose="score a forecast")
    given = {name: check_probabilities(values, count=events.size) for name, values in forecasts.items()}
    resampling = _resample(events, blocks, replicates, rng)
    scored = {name: _score_model(values, events, resampling) for name, values in given.items()}
    return BootstrapScores(
        values=MappingProxyType(
            {name: {m: float(s[0]) for m, s in by.items()} for name, by in scored.items()}
        ),
        replicates=MappingProxyType({name: {m: s[1:] for m, s in by.items()} for name, by in scored.items()}),
        blocks=resampling.draws.shape[1],
    )


@dataclass(frozen=True)
class _Resampling:
    """Block of each row, (n,), and draws (1 + replicates, blocks): row 0 is the sample itself."""

    block: Integers
    draws: Floats

    def sum_rows(self, values: Floats) -> Floats:
        """Weighted sum of per-row values in every draw, (draws,)."""
        return self.draws @ np.bincount(self.block, weights=values, minlength=self.draws.shape[1])

    def chunks(self) -> list[slice]:
        """Draws taken together, so that their row weights fit the cache."""
        size = max(1, CHUNK_VALUES // self.block.size)
        return [slice(start, start + size) for start in range(0, len(self.draws), size)]


def _resample(events: Bools, blocks: npt.ArrayLike, replicates: int, rng: np.random.Generator) -> _Resampling:
    given = np.asarray(blocks)
    if given.shape != events.shape or not np.issubdtype(given.dtype, np.integer):
        raise DataError(
            f"Expected an integer block for each of {events.size} rows. Received: {given.dtype} of shape "
            f"{given.shape}. Number the weeks."
        )
    names, block = np.unique(given, return_inverse=True)
    if names.size < 2:
        raise DataError("Expected at least 2 blocks of time. Received: 1. Score a longer period.")
    drawn = rng.multinomial(names.size, np.full(names.size, 1.0 / names.size), size=replicates)
    return _Resampling(block, np.vstack([np.ones((1, names.size)), drawn]))


def _score_model(probabilities: Floats, events: Bools, resampling: _Resampling) -> dict[Metric, Floats]:
    """All metrics of one model in all draws, each (draws,)."""
    size = resampling.sum_rows(np.ones(events.size))
    base_rate = resampling.sum_rows(events.astype(np.float64)) / size
    brier = resampling.sum_rows((probabilities - events) ** 2) / size
    reference = base_rate * (1.0 - base_rate)
    ratio = np.divide(brier, reference, out=np.full(size.size, np.nan), where=reference > 0.0)
    auc, precision = _rank(probabilities, events, resampling)
    return {
        Metric.AUC: auc,
        Metric.AVERAGE_PRECISION: precision,
        Metric.BRIER_SKILL: 1.0 - ratio,
        Metric.LOG_SCORE: resampling.sum_rows(log_losses(probabilities, events)) / size,
        Metric.CALIBRATION_SLOPE: _calibration_slopes(probabilities, events, resampling),
    }


def _rank(probabilities: Floats, events: Bools, resampling: _Resampling) -> tuple[Floats, Floats]:
    hits, misses = sort_falling(probabilities, events)
    ladder = build_ladder(probabilities[hits], probabilities[misses])
    hit_block, miss_block = resampling.block[hits], resampling.block[misses]
    auc, precision = np.empty(len(resampling.draws)), np.empty(len(resampling.draws))
    for chunk in resampling.chunks():
        drawn = resampling.draws[chunk]
        walked = climb(ladder, drawn[:, hit_block], drawn[:, miss_block])
        auc[chunk], precision[chunk] = walked.auc(), walked.average_precision()
    return auc, precision


def _calibration_slopes(probabilities: Floats, events: Bools, resampling: _Resampling) -> Floats:
    """Slope of the calibration line in every draw, by Newton steps from the line of the whole sample."""
    slopes = np.full(len(resampling.draws), np.nan)
    logits = logit(probabilities)
    if not has_line(logits, events):
        return slopes
    whole = calibration_slope_intercept(probabilities, events)
    centre, scale = float(logits.mean()), float(logits.std())
    powers = np.vander((logits - centre) / scale, 3, increasing=True)
    start = np.array([whole.intercept + whole.slope * centre, whole.slope * scale])
    outcome = resampling.draws @ _sum_by_block(powers[:, :2] * events[:, None], resampling)
    for chunk in resampling.chunks():
        weights = resampling.draws[chunk][:, resampling.block]
        slopes[chunk] = _newton_lines(powers, weights, outcome[chunk], start)[:, 1] / scale
    return slopes


def _sum_by_block(values: Floats, resampling: _Resampling) -> Floats:
    columns = [
        np.bincount(resampling.block, weights=column, minlength=resampling.draws.shape[1])
        for column in values.T
    ]
    return np.column_stack(columns)


def _newton_lines(powers: Floats, weights: Floats, outcome: Floats, start: Floats) -> Floats:
    """Lines of many weighted samples at once, (draws, 2); NaN where Newton does not settle.

    Args:
        powers: 1, x and x squared of the standardised logits, (n, 3).
        weights: (draws, n).
        outcome: Weighted sums of label and label times x, (draws, 2).
        start: Intercept and slope to start from, (2,).
    """
    lines = np.tile(start, (len(weights), 1))
    step = np.full_like(lines, np.inf)
    for _ in range(MOST_NEWTON_STEPS):
        expected = sigmoid(lines @ powers[:, :2].T)
        gradient = (weights * expected) @ powers[:, :2] - outcome
        curve = (weights * expected * (1.0 - expected)) @ powers
        determinant = curve[:, 0] * curve[:, 2] - curve[:, 1] ** 2
        solvable = determinant > 1e-12 * curve[:, 0] * curve[:, 2]
        inverse = np.divide(1.0, determinant, out=np.full(len(lines), np.nan), where=solvable)
        step = inverse[:, None] * np.column_stack(
            [
                curve[:, 2] * gradient[:, 0] - curve[:, 1] * gradient[:, 1],
                curve[:, 0] * gradient[:, 1] - curve[:, 1] * gradient[:, 0],
            ]
        )
        lines = lines - step
        if np.nanmax(np.abs(step), initial=0.0) < 1e-5:
            break
    # The error after a step is of the order of its square: 1e-3 leaves 1e-6, far below the interval.
    settled = np.abs(step).max(axis=1) < 1e-3
    return np.where(settled[:, None], lines, np.nan)


def _with_interval(value: float, draws: Floats) -> Estimate:
    defined = draws[np.isfinite(draws)]
    if defined.size == 0:
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(value, float(low), float(high))
