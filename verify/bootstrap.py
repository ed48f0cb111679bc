"""How sure is a score: intervals and paired differences by resampling whole blocks of time.

Events cluster in time, so rows are not independent; whole blocks (weeks) are drawn with replacement, the
same draw for every model. A draw is kept as how often each block was drawn, ``(draws, blocks)``: the scores
of a replicate are those of the rows weighted by it, and each model is sorted once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError
from verify.calibration import calibration_slope_intercept, has_line, pool_levels
from verify.checks import Bools, Floats, Integers, check_both_classes, check_labels, check_probabilities
from verify.logistic import logit, sigmoid
from verify.probability_scores import log_losses
from verify.ranking import Climb, build_ladder, divide, sort_falling
from verify.resampling import Resampling, add_blocks, resample

MOST_NEWTON_STEPS = 8
# Counts by block and rung held at once: 32 MB.
COUNTS_AT_ONCE = 4_000_000


class Metric(StrEnum):
    """The headline metrics, by the name under which they are reported."""

    AUC = "auc"
    AVERAGE_PRECISION = "ap"
    BRIER_SKILL = "brier_skill"
    LOG_SCORE = "log_score"
    CALIBRATION_SLOPE = "calibration_slope"


class GridMetric(StrEnum):
    """What only a grid of cells has; see ``verify.grid_scores``."""

    WITHIN_CELL_AUC = "within_cell_auc"
    WITHIN_TIME_AUC = "within_time_auc"
    ACTIVE_CELLS_AUC = "active_cells_auc"


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval; NaN where it is undefined."""

    value: float
    lo: float
    hi: float

    def __str__(self) -> str:
        # Adding zero turns the -0.0 that rounding may leave into 0.0.
        value, lo, hi = (round(number, 4) + 0.0 for number in (self.value, self.lo, self.hi))
        return f"{value:.4f} [{lo:.4f}, {hi:.4f}]"


Draws = Mapping[str, Floats]


@dataclass(frozen=True)
class BootstrapScores:
    """Headline metrics of several models on one sample, with every replicate kept for differences.

    Args:
        values: Model to metric to the score of the sample itself.
        replicates: Model to metric to the scores of the replicates, (replicates,); NaN where undefined.
        blocks: Number of blocks that were resampled.
    """

    values: Mapping[str, Mapping[str, float]]
    replicates: Mapping[str, Mapping[str, Floats]]
    blocks: int

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order given."""
        return tuple(self.values)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return tuple(next(iter(self.values.values())))

    def estimate(self, model: str, metric: str) -> Estimate:
        """A model's score with its percentile interval."""
        return _with_interval(self.values[model][metric], self.replicates[model][metric])

    def difference(self, model: str, baseline: str, metric: str) -> Estimate:
        """Score of ``model`` minus score of ``baseline``, paired within each replicate."""
        value = self.values[model][metric] - self.values[baseline][metric]
        return _with_interval(value, self.replicates[model][metric] - self.replicates[baseline][metric])

    def differences(self, baseline: str) -> Mapping[str, Mapping[str, Estimate]]:
        """Every other model minus ``baseline``, on every metric.

        Raises:
            ConfigError: No model has that name.
        """
        if baseline not in self.values:
            raise ConfigError(f"Expected a baseline among {', '.join(self.models)}. Received: {baseline}.")
        others = (model for model in self.models if model != baseline)
        return MappingProxyType(
            {
                model: {metric: self.difference(model, baseline, metric) for metric in self.metrics}
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
    if not forecasts:
        raise ConfigError(
            "Expected at least one forecast. Received: none. Pass a name and its probabilities."
        )
    events = check_labels(labels)
    check_both_classes(events, purpose="score a forecast")
    given = {name: check_probabilities(values, count=events.size) for name, values in forecasts.items()}
    resampling = resample(blocks, count=events.size, replicates=replicates, rng=rng)
    return collect(
        {name: score_draws(values, events, resampling) for name, values in given.items()}, resampling
    )


def score_draws(probabilities: Floats, events: Bools, resampling: Resampling) -> dict[str, Floats]:
    """All headline metrics of one model in all draws, each (draws,)."""
    size = resampling.sum_rows(np.ones(events.size))
    base_rate = resampling.sum_rows(events.astype(np.float64)) / size
    brier = resampling.sum_rows((probabilities - events) ** 2) / size
    reference = base_rate * (1.0 - base_rate)
    ratio = np.divide(brier, reference, out=np.full(size.size, np.nan), where=reference > 0.0)
    auc, precision = rank_draws(probabilities, events, resampling)
    return {
        Metric.AUC: auc,
        Metric.AVERAGE_PRECISION: precision,
        Metric.BRIER_SKILL: 1.0 - ratio,
        Metric.LOG_SCORE: resampling.sum_rows(log_losses(probabilities, events)) / size,
        Metric.CALIBRATION_SLOPE: _calibration_slopes(probabilities, events, resampling),
    }


def rank_draws(probabilities: Floats, events: Bools, resampling: Resampling) -> tuple[Floats, Floats]:
    """AUC and average precision of one model in all draws, each (draws,).

    Rows are counted once per block along the ladder of distinct event forecasts; a draw then only adds up
    blocks, which costs (draws x rungs) instead of (draws x rows).
    """
    hits, misses = sort_falling(probabilities, events)
    ladder = build_ladder(probabilities[hits], probabilities[misses])
    hit_rows, miss_rows = resampling.rows(hits), resampling.rows(misses)
    all_events, all_others = (resampling.sum_rows(mask.astype(np.float64)) for mask in (events, ~events))
    right, precision = np.zeros(len(resampling.draws)), np.zeros(len(resampling.draws))
    for rungs in _part(ladder.events_through.size, resampling.blocks):
        through = _count_through(ladder.events_through, hit_rows, rungs)
        above = _count_through(ladder.others_above, miss_rows, rungs)
        at = _count_through(ladder.others_through, miss_rows, rungs)
        for chunk in resampling.chunks(through.shape[1]):
            drawn = resampling.draws[chunk]
            events_through = add_blocks(drawn, through)
            part = Climb(
                steps=np.diff(events_through, axis=1),
                events=events_through[:, 1:],
                others_above=add_blocks(drawn, above[:, 1:]),
                others_through=add_blocks(drawn, at[:, 1:]),
                all_events=all_events[chunk],
                all_others=all_others[chunk],
            )
            right[chunk] += part.right_pairs()
            precision[chunk] += part.precision_sum()
    return divide(right, all_events * all_others), divide(precision, all_events)


def _part(rungs: int, blocks: int) -> list[slice]:
    """Rungs taken together, so that an array of (blocks, rungs) stays below 32 MB."""
    size = max(1, COUNTS_AT_ONCE // blocks)
    return [slice(start, min(start + size, rungs)) for start in range(0, rungs, size)]


def _count_through(through: Integers, rows: Resampling, rungs: slice) -> Floats:
    """Sorted rows of each block above the first of some rungs, and through each of them, (blocks, 1 + rungs).

    Args:
        through: Number of sorted rows up to each rung of the ladder.
        rows: Resampling of the sorted rows.
        rungs: Part of the ladder.
    """
    first = int(through[rungs.start - 1]) if rungs.start else 0
    # Rows before the part fall into slot 0, those of its rung r into slot r + 1.
    bounds = np.concatenate([[0, first], through[rungs]])
    slot = np.repeat(np.arange(bounds.size - 1), np.diff(bounds))
    return np.cumsum(rows.rows(slice(bounds[-1])).sum_slots(slot, slots=bounds.size - 1), axis=1)


def _calibration_slopes(probabilities: Floats, events: Bools, resampling: Resampling) -> Floats:
    """Slope of the calibration line in every draw, by Newton steps from the line of the whole sample."""
    slopes = np.full(len(resampling.draws), np.nan)
    logits = logit(probabilities)
    if not has_line(logits, events):
        return slopes
    whole, pool = calibration_slope_intercept(probabilities, events), pool_levels(logits)
    centre, scale = float(pool.logits.mean()), float(pool.logits.std())
    powers = np.vander((pool.logits - centre) / scale, 3, increasing=True).T.copy()
    start = np.array([whole.intercept + whole.slope * centre, whole.slope * scale])
    count = resampling.sum_slots(pool.level, slots=pool.logits.size)
    hits = resampling.sum_slots(pool.level, slots=pool.logits.size, values=events.astype(np.float64))
    outcome = add_blocks(resampling.draws, hits @ powers[:2].T)
    for chunk in resampling.chunks(pool.logits.size):
        weights = add_blocks(resampling.draws[chunk], count)
        slopes[chunk] = _newton_lines(powers, weights, outcome[chunk], start)[:, 1] / scale
    return slopes


def _newton_lines(powers: Floats, weights: Floats, outcome: Floats, start: Floats) -> Floats:
    """Lines of many weighted samples at once, (draws, 2); NaN where Newton does not settle.

    Args:
        powers: 1, x and x squared of the standardised logits, (3, n).
        weights: (draws, n).
        outcome: Weighted sums of label and label times x, (draws, 2).
        start: Intercept and slope to start from, (2,).
    """
    lines = np.tile(start, (len(weights), 1))
    step = np.full_like(lines, np.inf)
    for _ in range(MOST_NEWTON_STEPS):
        expected = sigmoid(lines[:, :1] + lines[:, 1:] * powers[1])
        mass = weights * expected
        gradient = np.einsum("dn,kn->dk", mass, powers[:2]) - outcome
        curve = np.einsum("dn,kn->dk", mass * (1.0 - expected), powers)
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


def collect(scored: Mapping[str, Draws], resampling: Resampling) -> BootstrapScores:
    """Draws of every model and metric, each (1 + replicates,), as scores; draw 0 is the sample itself."""
    return BootstrapScores(
        values=MappingProxyType(
            {name: {m: float(s[0]) for m, s in by.items()} for name, by in scored.items()}
        ),
        replicates=MappingProxyType({name: {m: s[1:] for m, s in by.items()} for name, by in scored.items()}),
        blocks=resampling.blocks,
    )


def _with_interval(value: float, draws: Floats) -> Estimate:
    defined = draws[np.isfinite(draws)]
    if defined.size == 0:
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(value, float(low), float(high))
