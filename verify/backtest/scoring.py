"""How a backtest is judged: all models on the same rows, whole weeks resampled, and the best baseline to beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from incidents.errors import ConfigError
from verify.backtest.catches import Catches, score_catches
from verify.backtest.result import BacktestResult, Comparison, Forecasts
from verify.bootstrap import BootstrapScores, Estimate, Metric
from verify.checks import Floats, Integers
from verify.comparison import benjamini_hochberg, diebold_mariano
from verify.evaluation import number_weeks
from verify.gate import Verdict, judge
from verify.grid_bootstrap import bootstrap_grid
from verify.hotspot_scores import SHARES
from verify.panel.interface import probability_of_any
from verify.probability_scores import log_losses
from verify.resampling import resample

WITHIN_CELL_NOTE = (
    "Within-cell AUC compares times of one unit: a map that never changes scores 0.5. What learns from events, and be "
    "it a map redrawn at each fold, scores less than it deserves: an event that it missed raises its later forecasts."
)


class Flagged(StrEnum):
    """What a share to flag is a share of."""

    GROUND = "ground"
    UNITS = "units"


@dataclass(frozen=True)
class Judging:
    """How a backtest is judged.

    Args:
        candidates: Models that hope to beat the baselines; each gets a verdict against all models that are
            neither candidates nor oracles.
        oracles: Models that know what cannot be known; they are scored, but nothing is held against them.
        reference: The plain baseline that every model is compared with, beside the best one.
        replicates: Draws of whole ISO weeks.
        shares: Shares to flag.
        flagged: Of the ground, where a large unit costs as much patrol as many small ones; or of the number of
            units, as for cells, of which those at the city limit are whole cells to whoever patrols them.

    Raises:
        ConfigError: Fewer than 1 replicate.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    candidates: tuple[str, ...] = ()
    oracles: tuple[str, ...] = ()
    reference: str = "static map"
    replicates: int = 1000
    shares: tuple[float, ...] = SHARES
    flagged: Flagged = Flagged.GROUND

    def __post_init__(self) -> None:
        if self.replicates < 1:
            raise ConfigError(f"Expected 1 replicate or more. Received: {self.replicates}. Use 1000.")

    def check(self, models: Sequence[str]) -> None:
        """Refuse names that no model has, and a backtest without a baseline.

        Raises:
            ConfigError: Lists the models.
        """
        unknown = sorted({*self.candidates, *self.oracles} - set(models))
        if unknown or not self.baselines(models):
            raise ConfigError(
                f"Expected candidates and oracles among {', '.join(models)}, and a baseline beside them. "
                f"Received: {', '.join(unknown) or 'no baseline'}. Correct the names."
            )

    def baselines(self, models: Sequence[str]) -> tuple[str, ...]:
        """Models that are neither candidates nor oracles."""
        return tuple(name for name in models if name not in {*self.candidates, *self.oracles})


def score_backtest(
    question: str, forecasts: Forecasts, judging: Judging, *, rng: np.random.Generator
) -> BacktestResult:
    """Score all models, with intervals by resampling ISO weeks (UTC), the same draw for every model.

    Args:
        question: What was forecast, in words.
        forecasts: Of all models on the same periods and units.
        judging: How.
        rng: Source of the resampling.

    Raises:
        NoPositivesError: Every row, or none, has an event.
        DataError: The periods span fewer than 2 weeks.
        ConfigError: An unknown candidate or oracle, or no baseline.
    """
    models = tuple(forecasts.expected)
    judging.check(models)
    weeks = number_weeks(forecasts.periods.start)
    events = forecasts.counts > 0
    chances = {
        name: probability_of_any(values.astype(np.float64)) for name, values in forecasts.expected.items()
    }
    scores = bootstrap_grid(chances, events, weeks, rng=rng, replicates=judging.replicates)
    catches = score_catches(
        {name: values.astype(np.float64) for name, values in forecasts.expected.items()},
        forecasts.counts,
        forecasts.area_m2 if judging.flagged is Flagged.GROUND else np.ones(events.shape[1]),
        resampling=resample(weeks, count=len(events), replicates=judging.replicates, rng=rng),
        shares=np.array(judging.shares),
    )
    losses = {name: _weekly_losses(values, events, weeks) for name, values in chances.items()}
    best = min(judging.baselines(models), key=lambda name: scores.values[name][Metric.LOG_SCORE])
    rivals = [name for name in dict.fromkeys((best, judging.reference)) if name in models]
    rows_per_event = events.size / np.count_nonzero(events)
    return BacktestResult(
        question=question,
        forecasts=forecasts,
        scores=scores,
        catches=catches,
        best=best,
        comparisons={
            rival: _compare(rival, scores, catches, losses, rows_per_event=rows_per_event) for rival in rivals
        },
        verdicts={name: _judge(scores, name, judging.baselines(models)) for name in judging.candidates},
        notes=_describe(judging, scores, rng),
    )


def _compare(
    rival: str,
    scores: BootstrapScores,
    catches: Catches,
    losses: Mapping[str, Floats],
    *,
    rows_per_event: float,
) -> tuple[Comparison, ...]:
    others = [name for name in scores.models if name != rival]
    p_values = [diebold_mariano(losses[name], losses[rival]).p_value for name in others]
    adjusted = benjamini_hochberg(np.nan_to_num(p_values, nan=1.0)).adjusted
    return tuple(
        Comparison(
            model=name,
            gain=_scale(scores.difference(rival, name, Metric.LOG_SCORE), rows_per_event),
            catches=catches.difference(name, rival),
            p_value=p_value,
            p_adjusted=float(share),
        )
        for name, p_value, share in zip(others, p_values, adjusted, strict=True)
    )


def _judge(scores: BootstrapScores, candidate: str, baselines: tuple[str, ...]) -> Verdict:
    kept = (candidate, *baselines)
    narrowed = BootstrapScores(
        {name: scores.values[name] for name in kept},
        {name: scores.replicates[name] for name in kept},
        scores.blocks,
    )
    return judge(narrowed, model=candidate, unit="unit and period")


def _weekly_losses(chances: Floats, events: np.ndarray, weeks: Integers) -> Floats:
    """Mean log loss of each week, (weeks,)."""
    losses = log_losses(chances.ravel(), events.ravel()).reshape(events.shape).mean(axis=1)
    place = np.unique(weeks, return_inverse=True)[1]
    return np.asarray(np.bincount(place, weights=losses) / np.bincount(place), dtype=np.float64)


def _scale(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(*(factor * number for number in (estimate.value, estimate.lo, estimate.hi)))


def _describe(judging: Judging, scores: BootstrapScores, rng: np.random.Generator) -> tuple[str, ...]:
    seed = getattr(rng.bit_generator.seed_seq, "entropy", None)
    draws = f"{judging.replicates} paired resamples of {scores.blocks} whole ISO weeks (UTC)"
    return (
        f"Intervals: 95% percentile, {draws}, seed {seed}.",
        "Probabilities are 1 - exp(-expected): several events at one place and time make them a little too high.",
        "The best baseline is the one with the lowest log score on the scored periods, chosen with hindsight.",
        f"Hit rate: events in the flagged share of the {judging.flagged}, the densest first, chosen anew in every period.",
        WITHIN_CELL_NOTE,
    )
