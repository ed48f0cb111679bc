"""An evaluation on paper: JSON, Markdown and one HTML page, each opening with the verdict, and plots."""

import json
import os
import platform
import shutil
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np

from verify.evaluation import Evaluation, evaluate_forecasts, evaluate_grid
from verify.page import render_html
from verify.plots import draw_months, draw_precision_recall, draw_reliability, draw_roc
from verify.tables import Table, tabulate

__all__ = ["Evaluation", "evaluate_forecasts", "evaluate_grid", "render_markdown", "write_report"]

PLOTS = {
    "reliability": draw_reliability,
    "roc": draw_roc,
    "precision_recall": draw_precision_recall,
    "months": draw_months,
}


def write_report(evaluation: Evaluation, folder: str | os.PathLike[str]) -> Path:
    """Write the report into ``folder``, made if needed; files of an earlier report are replaced.

    Everything is written beside the folder first and moved in when complete, ``report.json`` last, so an
    interrupted run leaves no half-written file under a final name.

    Args:
        evaluation: The findings.
        folder: Where ``report.json``, ``report.md``, ``report.html`` and the plots go.

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
        for name in (*(f"{plot}.png" for plot in PLOTS), "report.html", "report.md", "report.json"):
            (aside / name).replace(target / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return target


def _write_files(evaluation: Evaluation, folder: Path) -> None:
    pictures = {name: _paint(evaluation, name) for name in PLOTS}
    for name, picture in pictures.items():
        (folder / f"{name}.png").write_bytes(picture)
    versions = _versions()
    page = render_html(evaluation, pictures, versions=_say_versions())
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "report.md").write_text(render_markdown(evaluation), encoding="utf-8")
    found = evaluation.to_json() | {"versions": versions}
    (folder / "report.json").write_text(json.dumps(found, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _paint(evaluation: Evaluation, name: str) -> bytes:
    painted = BytesIO()
    PLOTS[name](evaluation).savefig(painted, format="png")
    return painted.getvalue()


def render_markdown(evaluation: Evaluation) -> str:
    """The report as Markdown: verdict, question, all models with intervals, differences, notes and plots."""
    verdict = evaluation.verdict
    first, last = evaluation.times.min(), evaluation.times.max()
    parts = [
        f"{evaluation.model} {verdict.text}" if verdict.skill else verdict.text,
        f"**Question.** {evaluation.question}",
        f"**Scored.** {evaluation.n:,} rows from {first} to {last} UTC, base rate {evaluation.base_rate:.4f}.",
        f"**Judged.** `{evaluation.model}`; every other model is a baseline.",
        *(_show_table(table) for table in tabulate(evaluation)),
        "## What was known, and how it was computed\n\n"
        + "\n".join(f"- {note}" for note in evaluation.notes),
        _say_versions(),
        "\n".join(f"![{name}]({name}.png)" for name in PLOTS),
    ]
    return "\n\n".join(parts) + "\n"


def _show_table(table: Table) -> str:
    lines = [table.head, ("---",) * len(table.head), *table.rows]
    drawn = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
    return f"## {table.title}\n\n{table.caption}\n\n{drawn}"


def _versions() -> dict[str, str]:
    return {"python": platform.python_version(), "numpy": np.__version__}


def _say_versions() -> str:
    return "Versions: " + ", ".join(f"{name} {version}" for name, version in _versions().items()) + "."
