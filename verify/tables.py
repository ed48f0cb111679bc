"""The tables of a report: scores, differences, tests and hotspots, as plain text cells for any page."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from verify.bootstrap import Estimate, GridMetric, Metric
from verify.checks import Floats
from verify.comparison import benjamini_hochberg, diebold_mariano
from verify.evaluation import Evaluation, number_weeks
from verify.probability_scores import log_losses

HEADINGS: Mapping[str, str] = {
    Metric.AUC: "AUC",
    Metric.AVERAGE_PRECISION: "Average precision",
    Metric.BRIER_SKILL: "Brier skill",
    Metric.LOG_SCORE: "Log score (nats, lower is better)",
    Metric.CALIBRATION_SLOPE: "Calibration slope (1 is calibrated)",
    GridMetric.WITHIN_CELL_AUC: "AUC within cells (when)",
    GridMetric.WITHIN_TIME_AUC: "AUC within times (where)",
    GridMetric.ACTIVE_CELLS_AUC: "AUC over active cells",
}


@dataclass(frozen=True)
class Table:
    """A table of text.

    Args:
        title: What it shows.
        caption: How to read it.
        head: Column headings.
        rows: Cells, each row as long as ``head``.
    """

    title: str
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tabulate(evaluation: Evaluation) -> tuple[Table, ...]:
    """All tables that the evaluation has numbers for."""
    tables = (tabulate_scores(evaluation), tabulate_differences(evaluation), tabulate_tests(evaluation))
    return (*tables, tabulate_hotspots(evaluation)) if evaluation.hotspots else tables


def tabulate_scores(evaluation: Evaluation) -> Table:
    """Every model on every metric, with 95% intervals."""
    caption = "Each score with its 95% interval. An undefined score has no number."
    return _tabulate_estimates("Scores", caption, evaluation.scores, evaluation.metrics)


def tabulate_differences(evaluation: Evaluation) -> Table:
    """Every other model minus the best baseline, on every metric."""
    baseline = evaluation.verdict.baseline
    return _tabulate_estimates(
        f"Differences to {baseline}",
        f"Each model minus {baseline}, paired within each resample. An interval that contains 0 shows no difference.",
        evaluation.differences,
        evaluation.metrics,
    )


def tabulate_tests(evaluation: Evaluation) -> Table:
    """Diebold-Mariano tests of the model against each baseline on weekly mean log loss, with FDR control."""
    weeks = np.unique(number_weeks(evaluation.times), return_inverse=True)[1]
    baselines = [name for name in evaluation.forecasts if name != evaluation.model]
    own = _mean_weekly_loss(evaluation, evaluation.model, weeks)
    tests = [diebold_mariano(own, _mean_weekly_loss(evaluation, name, weeks)) for name in baselines]
    p_values = np.array([1.0 if math.isnan(test.p_value) else test.p_value for test in tests])
    adjusted = benjamini_hochberg(p_values).adjusted
    rows = (
        (
            name,
            f"{test.difference:+.4f}",
            f"{test.statistic:.2f}",
            _say_small(test.p_value),
            _say_small(share),
        )
        for name, test, share in zip(baselines, tests, adjusted, strict=True)
    )
    return Table(
        "Tests of equal log score",
        "Diebold-Mariano on mean log loss per week, model minus baseline; the last column is adjusted for the number "
        "of baselines (Benjamini-Hochberg).",
        ("baseline", "difference (nats)", "statistic", "p", "p adjusted"),
        tuple(rows),
    )


def tabulate_hotspots(evaluation: Evaluation) -> Table:
    """Share of events caught by flagging a share of the cells, and PEI*."""
    shares = next(iter(evaluation.hotspots.values())).share
    rows = (
        (
            name,
            *(f"{hit:.1%} (PEI* {pei:.2f})" for hit, pei in zip(catch.hit_rate, catch.pei_star, strict=True)),
        )
        for name, catch in evaluation.hotspots.items()
    )
    return Table(
        "Events caught by flagging the riskiest cells",
        "Cell windows with an event that lie in the flagged share of cells, flagged anew in every window; PEI* is the "
        "part of what perfect knowledge would catch.",
        ("model", *(f"{share:.1%} of cells" for share in shares)),
        tuple(rows),
    )


def _tabulate_estimates(
    title: str, caption: str, scores: Mapping[str, Mapping[str, Estimate]], metrics: tuple[str, ...]
) -> Table:
    rows = ((name, *(_say(by[metric]) for metric in metrics)) for name, by in scores.items())
    return Table(title, caption, ("model", *(HEADINGS[metric] for metric in metrics)), tuple(rows))


def _mean_weekly_loss(
    evaluation: Evaluation, model: str, weeks: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Floats:
    losses = log_losses(evaluation.forecasts[model], evaluation.labels)
    return np.asarray(np.bincount(weeks, weights=losses) / np.bincount(weeks), dtype=np.float64)


def _say_small(share: float) -> str:
    return "< 0.0001" if share < 1e-4 else f"{share:.4f}"


def _say(estimate: Estimate) -> str:
    return str(estimate) if math.isfinite(estimate.value) else "undefined"
