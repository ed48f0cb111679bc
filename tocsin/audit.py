"""The leak audit of a trained model on its own store: does it know what it could not have known?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cnn.blocks import Blocks, issues_within, split_blocks
from cnn.bundle import Bundle
from cnn.calibration import fit_calibration
from cnn.inputs import MapInputs
from cnn.labels import TargetWindows, resolve_target
from cnn.settings import Periods
from cnn.trained import PREDICTION_BATCH, TrainedModel, logit_columns, make_examples, offset_columns
from cnn.training import OFFSET_PENALTY
from incidents.store import IncidentStore
from rasterize.tensors import EventTensor
from tocsin.model_reader import ModelReader
from tocsin.tensor_changes import LATER, announced_changes
from tocsin.tensors import Days, history_start, stored_days, tensor_of_model
from verify.baselines.features import WindowFeatures
from verify.leaks import (
    Audit,
    Changes,
    Finding,
    Leak,
    Roles,
    SplitRows,
    audit_labels,
    audit_overlap,
    audit_refit,
    audit_split,
    audit_time_travel,
)
from verify.leaks.post_hoc import accuse_post_hoc, find_post_hoc_names
from verify.logistic import fit_logistic

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Where in the model's time the world is cut: in what it learned from, calibrated on, and after.
CUTS = (0.4, 0.7, 0.95)
# Issues read beside a cut's own: the windows, half-days, days and weeks before it.
BACK = (0, 1, 2, 6, 12, 84)
ANNOUNCED_ISSUES = 6
# A refitted calibration may differ by this share of its own standard error: other hardware, not other data.
CALIBRATION_SLACK = 0.1
# Single precision and the order of sums.
SCALING_SLACK = 1e-4
OFFSET_SLACK = 1e-6
NOT_REMADE = (
    "scaling and calibration were not fitted again: the store no longer gives the features that the model was trained "
    "on. Audit it on the store that it was trained from, or train again."
)


@dataclass(frozen=True)
class Run:
    """A trained model with what it is audited on.

    Args:
        bundle: The model.
        folder: Its run folder; evaluations in it are looked at as well.
        store: The incidents, those of its training history included.
        tensor: All of them in the model's frame.
    """

    bundle: Bundle
    folder: Path
    store: IncidentStore
    tensor: EventTensor

    @property
    def model(self) -> TrainedModel:
        """The trained model."""
        return self.bundle.model

    @property
    def target(self) -> TargetWindows:
        """What it announces, in windows and channels."""
        return resolve_target(self.model.target, self.tensor)

    @property
    def blocks(self) -> Blocks:
        """The issues of its training and calibration block."""
        periods = Periods(train=self.model.train, calibrate=self.model.calibrate)
        return split_blocks(self.tensor.windows, self.target, periods)


def open_run(bundle: Bundle, folder: Path, store: IncidentStore) -> Run:
    """Rasterise a store in a model's frame, from the start of its history on.

    Raises:
        ConfigError: The store begins later than the model's history.
    """
    days = Days(history_start(bundle.model.frame, store), stored_days(store).stop)
    return Run(bundle, folder, store, tensor_of_model(bundle.model.frame, store, days))


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
    labels = run.model.labels(run.tensor)
    events = np.flatnonzero(labels == 1)
    events = events[events > run.tensor.windows.hours]
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


def audit_fits(run: Run) -> Audit:
    """Fit offset, scaling and calibration again on their own blocks alone, and compare.

    Args:
        run: The model and its store. Where the store no longer gives the features that the model was trained on,
            only the offset is fitted again, and a note says so.
    """
    model = run.model
    audit = _audit_rows(run) + _audit_offset(model)
    if not _remakes_block(run):
        return audit + Audit(notes=(NOT_REMADE,))
    return audit + _audit_scaling(run) + _audit_calibration(run)


def _audit_rows(run: Run) -> Audit:
    """Require both blocks that the model carries to have a row for each of their issues and no more."""
    block, blocks = run.model.block, run.blocks
    carried = {"train": len(block.train_labels), "calibrate": len(block.calibrate_labels)}
    own = {"train": len(blocks.train_issues), "calibrate": len(blocks.calibrate_issues)}
    findings = tuple(
        Finding(
            Leak.FITTED,
            (f"block {name}",),
            f"It holds {carried[name]:,} rows; its days {getattr(run.model, name)[0]} to {getattr(run.model, name)[1]} "
            f"have {own[name]:,}.",
            "Rows of other days were learned from beside those that are stated.",
            "Train again on the stated days alone.",
            {"rows": carried[name], "expected": own[name]},
        )
        for name in carried
        if carried[name] != own[name]
    )
    return Audit(findings, ("rows of both blocks are those of their days.",))


def _audit_offset(model: TrainedModel) -> Audit:
    block = model.block
    fit = fit_logistic(offset_columns(block.train), block.train_labels, l2=OFFSET_PENALTY)
    rows = offset_columns(block.calibrate)
    return audit_refit(
        {"offset": model.offset.logit(rows)},
        {"offset": fit.logit(rows)},
        tolerances={"offset": OFFSET_SLACK},
        block="train",
    )


def _remakes_block(run: Run) -> bool:
    """Whether the store still gives the features and labels that the model was trained on."""
    features, labels = run.model.features(run.tensor), run.model.labels(run.tensor)
    block, blocks = run.model.block, run.blocks
    pairs = (
        (block.train, block.train_labels, blocks.train_issues),
        (block.calibrate, block.calibrate_labels, blocks.calibrate_issues),
    )
    return all(
        len(kept) == len(issues)
        and bool((kept == labels[issues]).all())
        and _are_close(stored, features.rows(issues))
        for stored, kept, issues in pairs
    )


def _are_close(stored: WindowFeatures, made: WindowFeatures) -> bool:
    return all(
        np.allclose(getattr(stored, part), getattr(made, part), atol=SCALING_SLACK, equal_nan=True)
        for part in ("calendar", "recent", "lags")
    )


def _audit_scaling(run: Run) -> Audit:
    model = run.model
    if model.scaling is None:
        return Audit()
    training = model.training
    maps = MapInputs(run.tensor, run.target, stack=training.stack, half_lives_days=training.half_lives_days)
    again = maps.measure_scaling(run.blocks.train_issues)
    parts = ("mean", "spread")
    return audit_refit(
        {f"scaling: {part}": getattr(model.scaling, part).astype(np.float64) for part in parts},
        {f"scaling: {part}": getattr(again, part).astype(np.float64) for part in parts},
        tolerances={f"scaling: {part}": SCALING_SLACK for part in parts},
        block="train",
    )


def _audit_calibration(run: Run) -> Audit:
    """Fit the calibration again on its block; it may differ by a share of its own standard error."""
    from cnn.networks import raw_outputs

    model, issues = run.model, run.blocks.calibrate_issues
    examples = make_examples(
        run.tensor, model.target, model.training, offset=model.offset, scaling=model.scaling
    )
    outputs = raw_outputs(model.network, examples, issues, batch_size=PREDICTION_BATCH)
    columns = logit_columns(outputs, examples, issues, model.training)
    weeks = issues * run.tensor.windows.hours // (7 * 24)
    rng = np.random.default_rng(model.training.seed)
    again = fit_calibration(columns, model.block.calibrate_labels, weeks=weeks, rng=rng)
    stored = model.calibration
    replicates = stored.replicate_intercepts[:, None] + stored.replicate_weights @ columns.T
    slack = CALIBRATION_SLACK * float(np.median(replicates.std(axis=0)))
    return audit_refit(
        {"calibration": stored.intercept + columns @ stored.weights},
        {"calibration": again.intercept + columns @ again.weights},
        tolerances={"calibration": slack},
        block="calibrate",
    )


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
