"""The leak audit of a trained model on its own store: does it know what it could not have known?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn.blocks import issues_within
from incidents.store import IncidentStore
from rasterize.tensors import EventTensor
from tocsin.audit_fits import audit_fits
from tocsin.audited_run import Run
from tocsin.model_reader import ModelReader
from tocsin.tensor_changes import LATER, announced_changes
from tocsin.tensors import Days, tensor_of_model
from verify.leaks import (
    Audit,
    Changes,
    Roles,
    SplitRows,
    audit_labels,
    audit_overlap,
    audit_split,
    audit_time_travel,
)
from verify.leaks.post_hoc import accuse_post_hoc, find_post_hoc_names

Ints = npt.NDArray[np.int64]

# Where in the model's time the world is cut: in what it learned from, calibrated on, and after.
CUTS = (0.4, 0.7, 0.95)
# Issues read beside a cut's own: the windows, half-days, days and weeks before it.
BACK = (0, 1, 2, 6, 12, 84)
ANNOUNCED_ISSUES = 6


def audit_run(run: Run, *, mapped: Iterable[str], rng: np.random.Generator) -> Audit:
    """Audit a trained model: what it reads, what it was fitted on, and what it was judged on.

    Args:
        run: The model and its store.
        mapped: Source columns that the config maps.
        rng: For the changes to the records, and for the folds.

    Returns:
        Findings, what was checked, and what could not be.
    """
    return (
        _audit_time_travel(run, rng)
        + _audit_overlap(run, rng)
        + _audit_features(run, rng)
        + audit_blocks(run)
        + audit_fits(run)
        + audit_names(mapped)
    )


def _audit_time_travel(run: Run, rng: np.random.Generator) -> Audit:
    """Change the tensor after some issues, and read the store as it was on record then."""
    first, last = int(run.blocks.train_issues[0]), len(run.tensor.windows)
    cuts = [first + round(share * (last - first)) for share in CUTS]
    issues = {cut: np.unique([max(cut - back, 1) for back in BACK]) for cut in cuts}
    changes: Changes[EventTensor] = {**LATER, "the store as of then": _Replay(run.store)}
    return audit_time_travel(ModelReader(run.model), run.tensor, changes, cuts=issues, rng=rng)


@dataclass(frozen=True)
class _Replay:
    """Reads the store as it was on record at the start of an issue, as an alert does."""

    store: IncidentStore

    def __call__(self, tensor: EventTensor, issue: int, rng: np.random.Generator) -> EventTensor:
        first, last = (
            datetime.fromtimestamp(int(wall), UTC).date() for wall in tensor.windows.wall_start[[0, -1]]
        )
        as_of = datetime.fromtimestamp(int(tensor.windows.bounds[issue]), UTC)
        days = Days(first, date.fromordinal(last.toordinal() + 1))
        return tensor_of_model(tensor, self.store, days, as_of=as_of)


def _audit_overlap(run: Run, rng: np.random.Generator) -> Audit:
    """Change the announced windows of issues with the event, the target's records and the others apart."""
    # Issue 0 has nothing behind it that could be read.
    events = 1 + np.flatnonzero(run.model.labels(run.tensor)[1:] == 1)
    issues = np.sort(rng.choice(events, min(ANNOUNCED_ISSUES, len(events)), replace=False))
    reader = ModelReader(run.model, predicts=False)
    changes = announced_changes(run.target, len(run.tensor.channels))
    return audit_overlap(reader, run.tensor, changes, issues=issues, rng=rng)


def _audit_features(run: Run, rng: np.random.Generator) -> Audit:
    """Look for a feature of the training block that echoes the label."""
    import polars as pl

    features, labels = run.model.block.train, run.model.block.train_labels
    columns = {
        f"{group}: {name}": getattr(features, group)[:, k]
        for group, names in features.names.items()
        for k, name in enumerate(names)
    }
    table = pl.DataFrame({"label": labels.astype(np.int64), "issue": np.arange(len(labels)), **columns})
    return audit_labels(table, Roles("label", time="issue"), rng=rng)


def audit_blocks(run: Run) -> Audit:
    """Require train, calibrate and every evaluation in the run folder to follow each other in time."""
    blocks = {"train": run.blocks.train_issues, "calibrate": run.blocks.calibrate_issues}
    audit = audit_split(_split_rows(run, blocks), order=("train", "calibrate"))
    for period in evaluated_periods(run.folder):
        name = f"evaluation {period[0]} to {period[1]}"
        issues = issues_within(run.tensor.windows, run.target, period)
        if len(issues):
            rows = _split_rows(run, {**blocks, name: issues})
            audit += _only_last(audit_split(rows, order=("train", "calibrate", name)), name)
    return audit


def _only_last(audit: Audit, name: str) -> Audit:
    """Findings that concern one block; the others have been told already."""
    return Audit(tuple(finding for finding in audit.findings if name in finding.where), audit.checks)


def _split_rows(run: Run, blocks: dict[str, Ints]) -> SplitRows:
    issues = np.concatenate(list(blocks.values()))
    bounds = run.tensor.windows.bounds.astype("datetime64[s]")
    return SplitRows(
        block=np.repeat(list(blocks), [len(each) for each in blocks.values()]),
        issued=bounds[issues],
        decided=bounds[issues + run.target.lead + run.target.horizon],
    )


def evaluated_periods(folder: Path) -> Iterator[tuple[date, date]]:
    """Periods of the evaluations that ``tocsin evaluate`` left in a run folder, the earliest first."""
    for report in sorted(folder.glob("evaluation-*/report.json")):
        days = report.parent.name.removeprefix("evaluation-")
        yield date.fromisoformat(days[:10]), date.fromisoformat(days[11:])


def audit_names(mapped: Iterable[str]) -> Audit:
    """Look for source columns that are written after the event among those that the config maps."""
    names = list(dict.fromkeys(mapped))
    findings = tuple(
        accuse_post_hoc(name, "The config maps it, and its name says that it is written later.", {})
        for name in find_post_hoc_names(names)
    )
    return Audit(
        findings, (f"post-hoc columns: names of the {len(names)} source columns that the config maps.",)
    )
