"""The tables of a backtest: scores, and what beats what, as plain text cells for any page."""

import math
from collections.abc import Iterator

from verify.backtest.result import BacktestResult, Comparison
from verify.bootstrap import Estimate, GridMetric, Metric
from verify.tables import Table

COLUMNS = (
    (Metric.LOG_SCORE, "log score (nats)"),
    (Metric.BRIER_SKILL, "Brier skill"),
    (Metric.AUC, "AUC"),
    (GridMetric.WITHIN_CELL_AUC, "AUC within units"),
    (Metric.CALIBRATION_SLOPE, "slope"),
)


def tabulate_backtest(result: BacktestResult) -> tuple[Table, ...]:
    """Scores of all models, then each comparison."""
    comparisons = (_tabulate_comparison(result, baseline) for baseline in result.comparisons)
    return (_tabulate_scores(result), *comparisons)


def render_backtest(result: BacktestResult) -> str:
    """All tables as Markdown, the verdicts first."""
    verdicts = [f"**{name}: {verdict.text}.**" for name, verdict in result.verdicts.items()]
    tables = [line for table in tabulate_backtest(result) for line in (*_render(table), "")]
    notes = [f"- {note}" for note in result.notes]
    return "\n".join([f"## {result.question}", "", *verdicts, "", *tables, *notes, ""])


def _tabulate_scores(result: BacktestResult) -> Table:
    shares = result.catches.shares
    rows = []
    for model in result.models:
        scores = (_say(result.scores.estimate(model, metric)) for metric, _ in COLUMNS)
        caught = (f"{hit.value:.1%}" for hit in result.catches.estimate(model))
        rows.append((model, *caught, *scores, f"{result.level(model):.3f}"))
    counts = result.forecasts.counts
    return Table(
        "Scores",
        f"{counts.shape[0]} periods x {counts.shape[1]} units, {int(counts.sum())} events; 95% intervals by weeks.",
        (
            "model",
            *(f"hit in {share:.1%}" for share in shares),
            *(heading for _, heading in COLUMNS),
            "expected / observed",
        ),
        tuple(rows),
    )


def _tabulate_comparison(result: BacktestResult, baseline: str) -> Table:
    shares = result.catches.shares
    return Table(
        f"Against {baseline}",
        "Gain in log score for each row with an event, and in hit rate; p of Diebold-Mariano on weekly losses, plain "
        "and adjusted (Benjamini-Hochberg).",
        ("model", "gain (nats)", *(f"hit in {share:.1%}" for share in shares), "p", "p adjusted"),
        tuple(tuple(_cells(each)) for each in result.comparisons[baseline]),
    )


def _cells(comparison: Comparison) -> Iterator[str]:
    yield comparison.model
    yield _say_signed(comparison.gain)
    for each in comparison.catches:
        yield f"{100 * each.value:+.2f} [{100 * each.lo:.2f}, {100 * each.hi:.2f}]"
    for share in (comparison.p_value, comparison.p_adjusted):
        yield "undefined" if math.isnan(share) else "< 0.0001" if share < 1e-4 else f"{share:.4f}"


def _render(table: Table) -> Iterator[str]:
    yield f"### {table.title}"
    yield ""
    yield table.caption
    yield ""
    yield "| " + " | ".join(table.head) + " |"
    yield "| --- |" + " ---: |" * (len(table.head) - 1)
    for row in table.rows:
        yield "| " + " | ".join(row) + " |"


def _say(estimate: Estimate) -> str:
    return str(estimate) if math.isfinite(estimate.value) else "undefined"


def _say_signed(estimate: Estimate) -> str:
    return f"{estimate.value:+.4f} [{estimate.lo:.4f}, {estimate.hi:.4f}]"
