"""What a backtest found: every model's scores on the same periods and units, what beats what, and the verdicts."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from verify.backtest.catches import Catches
from verify.backtest.schedule import Fold
from verify.bootstrap import BootstrapScores, Estimate
from verify.gate import Verdict
from verify.panel.panel import Counts
from verify.panel.periods import Periods


@dataclass(frozen=True)
class Comparison:
    """A model against a baseline on the same periods and units.

    Args:
        model: Name of the model.
        gain: Log score of the baseline minus that of the model, in nats for each unit and period with an
            event; positive speaks for the model.
        catches: Hit rate minus that of the baseline, at each share of the ground.
        p_value: Diebold-Mariano on the weekly mean log loss, two-sided; NaN where it is undefined.
        p_adjusted: The same, adjusted for the number of models (Benjamini-Hochberg).
    """

    model: str
    gain: Estimate
    catches: tuple[Estimate, ...]
    p_value: float
    p_adjusted: float


@dataclass(frozen=True)
class Forecasts:
    """What was forecast and what happened, for the scored periods.

    Args:
        periods: The periods, (p,).
        area_m2: Ground of each unit, (u,).
        counts: Events, (p, u).
        expected: Model to expected counts, (p, u).
        findings: Model to what each fold's fit chose or estimated.
        folds: The folds.
    """

    periods: Periods
    area_m2: npt.NDArray[np.float64]
    counts: Counts
    expected: Mapping[str, npt.NDArray[np.float32]]
    findings: Mapping[str, tuple[Mapping[str, float], ...]]
    folds: tuple[Fold, ...]


@dataclass(frozen=True)
class BacktestResult:
    """The findings of a backtest.

    Args:
        question: What was forecast, in words.
        forecasts: The rows behind the findings.
        scores: Headline and grid metrics of every model.
        catches: Hit rates by share of the ground.
        best: The best baseline: of the models that are neither candidates nor oracles, the one with the lowest
            log score on the scored periods, chosen with hindsight.
        comparisons: Every other model against the best baseline, and against the reference, by baseline.
        verdicts: Of each candidate.
        notes: What else a reader must know.
    """

    question: str
    forecasts: Forecasts
    scores: BootstrapScores
    catches: Catches
    best: str
    comparisons: Mapping[str, tuple[Comparison, ...]]
    verdicts: Mapping[str, Verdict]
    notes: tuple[str, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order given."""
        return self.scores.models

    def level(self, model: str) -> float:
        """Expected events over events: 1 where the model expects as many as there were."""
        return float(self.forecasts.expected[model].sum(dtype=np.float64) / self.forecasts.counts.sum())

    def to_json(self) -> dict[str, Any]:
        """Findings as JSON values, without the rows; an undefined number becomes null."""
        counts = self.forecasts.counts
        return {
            "question": self.question,
            "verdicts": {name: verdict.text for name, verdict in self.verdicts.items()},
            "best_baseline": self.best,
            "periods": counts.shape[0],
            "units": counts.shape[1],
            "events": int(counts.sum()),
            "rows_with_events": int(np.count_nonzero(counts)),
            "first": str(self.forecasts.periods.start[0]),
            "stop": str(self.forecasts.periods.stop[-1]),
            "shares": self.catches.shares.tolist(),
            "models": {name: self._describe(name) for name in self.models},
            "comparisons": {
                baseline: {each.model: _describe_comparison(each) for each in against}
                for baseline, against in self.comparisons.items()
            },
            "folds": [_describe_fold(fold) for fold in self.forecasts.folds],
            "notes": list(self.notes),
        }

    def _describe(self, model: str) -> dict[str, Any]:
        return {
            "scores": {
                str(metric): _to_json(self.scores.estimate(model, metric)) for metric in self.scores.metrics
            },
            "hit_rates": [_to_json(each) for each in self.catches.estimate(model)],
            "pei_star": self.catches.pei_star(model).tolist(),
            "expected_over_observed": self.level(model),
            "findings": [
                {name: _finite(value) for name, value in fold.items()}
                for fold in self.forecasts.findings[model]
            ],
        }


def _describe_comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "gain_nats_per_event": _to_json(comparison.gain),
        "hit_rate_differences": [_to_json(each) for each in comparison.catches],
        "p_value": _finite(comparison.p_value),
        "p_adjusted": _finite(comparison.p_adjusted),
    }


def _describe_fold(fold: Fold) -> dict[str, Any]:
    return {
        "number": fold.number,
        "fit_at": str(fold.fit_at),
        "learn_until": str(fold.learn_until),
        "periods": fold.after - fold.first,
    }


def _to_json(estimate: Estimate) -> dict[str, float | None]:
    return {name: _finite(value) for name, value in vars(estimate).items()}


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
