"""An evaluation on paper: ``report.json``, ``report.md`` with the verdict as its first line, and plots."""

import json
import math
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from verify.bootstrap import Estimate, Metric
from verify.evaluation import Evaluation, evaluate_forecasts
from verify.plots import draw_months, draw_precision_recall, draw_reliability, draw_roc

__all__ = ["Evaluation", "evaluate_forecasts", "write_report"]

HEADINGS = {
    Metric.AUC: "AUC",
    Metric.AVERAGE_PRECISION: "Average precision",
    Metric.BRIER_SKILL: "Brier skill",
    Metric.LOG_SCORE: "Log score (nats, lower is better)",
    Metric.CALIBRATION_SLOPE: "Calibration slope (1 is calibrated)",
}
PLOTS = {
    "reliability.png": draw_reliability,
    "roc.png": draw_roc,
    "precision_recall.png": draw_precision_recall,
    "months.png": draw_months,
}


def write_report(evaluation: Evaluation, folder: str | os.PathLike[str]) -> Path:
    """Write the report into ``folder``, made if needed; files of an earlier report are replaced.

    Everything is written beside the folder first and moved in when complete, ``report.json`` last, so an
    interrupted run leaves no half-written file under a final name.

    Args:
        evaluation: The findings.
        folder: Where ``report.json``, ``report.md`` and the plots go.

    Returns:
        The folder.

    Raises:
        OSError: The folder cannot be written.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _write_files(evaluation, aside)
        for name in (*PLOTS, "report.md", "report.json"):
            (aside / name).replace(target / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def _write_files(evaluation: Evaluation, folder: Path) -> None:
    for name, draw in PLOTS.items():
        draw(evaluation).savefig(folder / name)
    (folder / "report.md").write_text(render_markdown(evaluation), encoding="utf-8")
    found = evaluation.to_json() | {"versions": _versions()}
    (folder / "report.json").write_text(json.dumps(found, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def render_markdown(evaluation: Evaluation) -> str:
    """The report as Markdown: verdict, question, all models with intervals, differences, notes and plots."""
    baseline = evaluation.verdict.baseline
    first, last = evaluation.times.min(), evaluation.times.max()
    parts = [
        f"{evaluation.model} {evaluation.verdict.text}"
        if evaluation.verdict.skill
        else evaluation.verdict.text,
        f"**Question.** {evaluation.question}",
        f"**Scored.** {evaluation.n:,} rows from {first} to {last} UTC, base rate {evaluation.base_rate:.4f}.",
        f"**Judged.** `{evaluation.model}`; every other model is a baseline.",
        _table(evaluation.scores, tuple(Metric)),
        f"## Differences to {baseline}\n\nEach model minus `{baseline}`, paired within each resample.",
        _table(evaluation.differences, tuple(Metric)),
        "## What was known, and how it was computed\n\n"
        + "\n".join(f"- {note}" for note in evaluation.notes),
        "Versions: " + ", ".join(f"{name} {version}" for name, version in _versions().items()) + ".",
        "\n".join(f"![{Path(name).stem}]({name})" for name in PLOTS),
    ]
    return "\n\n".join(parts) + "\n"


def _table(scores: Mapping[str, Mapping[str, Estimate]], metrics: tuple[Metric, ...]) -> str:
    head = "| model | " + " | ".join(HEADINGS[metric] for metric in metrics) + " |"
    rule = "|---" * (1 + len(metrics)) + "|"
    rows = [
        f"| {name} | " + " | ".join(_cell(by[metric]) for metric in metrics) + " |"
        for name, by in scores.items()
    ]
    return "\n".join([head, rule, *rows])


def _cell(estimate: Estimate) -> str:
    if not math.isfinite(estimate.value):
        return "undefined"
    return str(estimate)


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), "numpy": np.__version__}
