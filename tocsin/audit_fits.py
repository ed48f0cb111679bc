"""Was a trained model fitted on its own blocks and nothing else? Everything is fitted again and compared."""

import numpy as np

from cnn.calibration import fit_calibration
from cnn.inputs import MapInputs
from cnn.trained import PREDICTION_BATCH, TrainedModel, logit_columns, make_examples, offset_columns
from cnn.training import OFFSET_PENALTY
from tocsin.audited_run import Run
from verify.baselines.features import WindowFeatures
from verify.leaks import Audit, Finding, Leak, audit_refit
from verify.logistic import fit_logistic

# A refitted calibration may differ by this share of its own standard error: other hardware, not other data.
CALIBRATION_SLACK = 0.1
# Single precision and the order of sums.
SCALING_SLACK = 1e-4
OFFSET_SLACK = 1e-6
NOT_REMADE = (
    "scaling and calibration were not fitted again: the store no longer gives the features that the model was trained "
    "on. Audit it on the store that it was trained from, or train again."
)


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
