"""What one evaluation found: every model's scores on the same rows, and the verdict on one of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from verify.bootstrap import BootstrapScores, Estimate, GridMetric, Metric, bootstrap_scores
from verify.checks import Bools, Floats, Integers, check_labels, check_probabilities
from verify.gate import Verdict, judge
from verify.grid_bootstrap import bootstrap_grid
from verify.grid_scores import check_grid
from verify.hotspot_scores import HotspotScores, score_hotspots

FEW_BLOCKS = 20
DIFFERENCES_REPORTED = (Metric.LOG_SCORE, Metric.BRIER_SKILL, Metric.AUC, GridMetric.WITHIN_CELL_AUC)


@dataclass(frozen=True)
class _Rows:
    """The scored rows behind an evaluation.

    Args:
        labels: Outcomes, (n,).
        forecasts: Model to probabilities, (n,), the judged model first.
        times: Start of each scored window, UTC, datetime64, (n,).
    """

    labels: Bools
    forecasts: Mapping[str, Floats]
    times: npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Evaluation:
    """The findings of one evaluation.

    Args:
        question: What was forecast, in words.
        verdict: Whether the model beats its best baseline.
        n: Scored rows.
        base_rate: Share of rows with an event.
        scores: Model to metric to its estimate.
        differences: Model to metric to its estimate minus that of the best baseline.
        labels: Outcomes, (n,).
        forecasts: Model to probabilities, (n,), the judged model first.
        times: Start of each scored window, UTC, datetime64, (n,).
        notes: What else a reader must know: data cut-off, seeds, versions, assumptions.
        hotspots: Model to its catch by share of the cells flagged, on a grid; empty for a single series.
    """

    question: str
    verdict: Verdict
    n: int
    base_rate: float
    scores: Mapping[str, Mapping[str, Estimate]]
    differences: Mapping[str, Mapping[str, Estimate]]
    labels: Bools
    forecasts: Mapping[str, Floats]
    times: npt.NDArray[np.datetime64]
    notes: tuple[str, ...] = ()
    hotspots: Mapping[str, HotspotScores] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """Name of the model that was judged."""
        return next(iter(self.scores))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics."""
        return tuple(self.scores[self.model])

    def with_notes(self, *notes: str) -> "Evaluation":
        """The same evaluation with further notes at the end."""
        return replace(self, notes=(*self.notes, *notes))

    def to_json(self) -> dict[str, Any]:
        """Findings as JSON values, without the rows; an undefined number becomes null.

        ``difference_to_best_baseline`` is the model minus the baseline: a negative log score or a positive
        Brier skill or AUC speaks for the model.
        """
        own = self.differences[self.model]
        return {
            "verdict": self.verdict.text,
            "skill": self.verdict.skill,
            "temporal_skill": self.verdict.temporal_skill,
            "question": self.question,
            "model": self.model,
            "n": self.n,
            "base_rate": self.base_rate,
            "models": {
                name: {str(m): _to_json(e) for m, e in by.items()} for name, by in self.scores.items()
            },
            "difference_to_best_baseline": {
                "baseline": self.verdict.baseline,
                **{str(metric): _to_json(own[metric]) for metric in DIFFERENCES_REPORTED if metric in own},
            },
            "hotspots": {name: _list_hotspots(catch) for name, catch in self.hotspots.items()},
            "notes": list(self.notes),
        }


def evaluate_forecasts(
    model_name: str,
    forecasts: Mapping[str, npt.ArrayLike],
    labels: npt.ArrayLike,
    times: npt.NDArray[np.datetime64],
    *,
    question: str,
    rng: np.random.Generator,
    replicates: int = 1000,
) -> Evaluation:
    """Score a model beside its baselines on the same rows, with intervals by resampling ISO weeks (UTC).

    Args:
        model_name: The model to judge, a key of ``forecasts``; every other key is a baseline.
        forecasts: Name to probabilities, (n,).
        labels: (n,) of 0 and 1, both present.
        times: Start of each window, UTC, (n,).
        question: What was forecast, in words.
        rng: Source of the resampling.
        replicates: Number of resamples.

    Raises:
        NoPositivesError: All labels are equal.
        DataError: Shapes differ, a probability is outside [0, 1], or the rows span fewer than 2 weeks.
        ConfigError: The model or every baseline is missing.
    """
    events = check_labels(labels)
    given = {name: check_probabilities(values, count=events.size) for name, values in forecasts.items()}
    rows = _Rows(events, _put_first(model_name, given), np.asarray(times))
    scores = bootstrap_scores(rows.forecasts, events, number_weeks(times), replicates=replicates, rng=rng)
    verdict = judge(scores, model=model_name)
    return _conclude(
        rows, scores, verdict, question=question, notes=_describe_resampling(scores, replicates, rng)
    )


def evaluate_grid(
    model_name: str,
    forecasts: Mapping[str, npt.ArrayLike],
    labels: npt.ArrayLike,
    times: npt.NDArray[np.datetime64],
    *,
    question: str,
    rng: np.random.Generator,
    replicates: int = 1000,
) -> Evaluation:
    """Score grid forecasts as ``evaluate_forecasts`` does, with skill in time and in space told apart.

    Args:
        model_name: The model to judge, a key of ``forecasts``; every other key is a baseline.
        forecasts: Name to probabilities, (time, cell) or (time, row, col), cells outside the city left out.
        labels: The same shape, of 0 and 1, both present.
        times: Start of each window, UTC, (time,).
        question: What was forecast, in words.
        rng: Source of the resampling.
        replicates: Number of resamples.

    Raises:
        NoPositivesError: All labels are equal.
        DataError: Shapes differ, a probability is outside [0, 1], or the times span fewer than 2 weeks.
        ConfigError: The model or every baseline is missing.
    """
    grids = {name: check_grid(values, labels) for name, values in forecasts.items()}
    ordered = _put_first(model_name, {name: grid.forecasts for name, grid in grids.items()})
    scores = bootstrap_grid(ordered, _flatten(labels), number_weeks(times), replicates=replicates, rng=rng)
    verdict = judge(scores, model=model_name, unit="cell and window")
    events = next(iter(grids.values())).events
    rows = _Rows(
        labels=events.ravel(),
        forecasts=MappingProxyType({name: values.ravel() for name, values in ordered.items()}),
        times=np.repeat(np.asarray(times), events.shape[1]),
    )
    notes = (*_describe_resampling(scores, replicates, rng), *GRID_NOTES)
    found = _conclude(rows, scores, verdict, question=question, notes=notes)
    return replace(found, hotspots={name: score_hotspots(values, events) for name, values in ordered.items()})


GRID_NOTES = (
    "AUC and average precision are pooled over cells and times: on a grid they mostly say where, not when.",
    "Within-cell AUC compares times of one cell (a static map scores 0.5), within-time AUC cells of one time.",
    "Active cells are those with an event in the scored period, chosen with hindsight, the same for all models.",
)


def _flatten(labels: npt.ArrayLike) -> npt.NDArray[Any]:
    given = np.asarray(labels)
    return given.reshape(len(given), -1)


def _put_first(model: str, forecasts: Mapping[str, Floats]) -> Mapping[str, Floats]:
    return MappingProxyType(
        {name: forecasts[name] for name in sorted(forecasts, key=lambda name: name != model)}
    )


def _conclude(
    rows: _Rows, scores: BootstrapScores, verdict: Verdict, *, question: str, notes: tuple[str, ...]
) -> Evaluation:
    return Evaluation(
        question=question,
        verdict=verdict,
        n=rows.labels.size,
        base_rate=float(rows.labels.mean()),
        scores=MappingProxyType(
            {
                name: {metric: scores.estimate(name, metric) for metric in scores.metrics}
                for name in scores.models
            }
        ),
        differences=scores.differences(verdict.baseline),
        labels=rows.labels,
        forecasts=rows.forecasts,
        times=rows.times,
        notes=notes,
    )


def number_weeks(times: npt.NDArray[np.datetime64]) -> Integers:
    """Number of the ISO week (Monday to Sunday, UTC) of each time, counted from the week of 1970-01-01.

    Raises:
        DataError: Not datetime64, or not a time (NaT).
    """
    given = np.asarray(times)
    if not np.issubdtype(given.dtype, np.datetime64) or bool(np.isnat(given).any()):
        raise DataError(
            f"Expected times as datetime64 in UTC without NaT. Received: {given.dtype}. Convert them first."
        )
    days = given.astype("datetime64[D]").astype(np.int64)
    # 1970-01-01 was a Thursday, three days after the Monday of its week.
    return (days + 3) // 7


def _describe_resampling(
    scores: BootstrapScores, replicates: int, rng: np.random.Generator
) -> tuple[str, ...]:
    seed = getattr(rng.bit_generator.seed_seq, "entropy", None)
    notes = [
        f"Intervals: 95% percentile, {replicates} paired resamples of {scores.blocks} whole ISO weeks (UTC), seed {seed}.",
        "Brier skill is against the base rate of the scored sample, stricter than the training rate.",
        "The best baseline is the one with the lowest log score on the scored sample, chosen with hindsight.",
    ]
    if scores.blocks < FEW_BLOCKS:
        notes.append(f"Only {scores.blocks} weeks: the intervals are probably too narrow.")
    return tuple(notes)


def _to_json(estimate: Estimate) -> dict[str, float | None]:
    numbers = {"value": estimate.value, "lo": estimate.lo, "hi": estimate.hi}
    return {name: number if math.isfinite(number) else None for name, number in numbers.items()}


def _list_hotspots(catch: HotspotScores) -> dict[str, list[float]]:
    return {
        "share": catch.share.tolist(),
        "hit_rate": catch.hit_rate.tolist(),
        "pai": catch.pai.tolist(),
        "pei_star": catch.pei_star.tolist(),
    }
