"""From a saved tensor to a trained, calibrated model.

Learns on the training block, stops on its own last part, calibrates on the later block, and looks at
nothing beyond. Needs NumPy and Keras alone.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from cnn.blocks import Blocks, split_blocks
from cnn.calibration import StackedCalibration, fit_calibration
from cnn.examples import Examples, WarningExamples
from cnn.features import window_features
from cnn.inputs import MapInputs, Scaling
from cnn.labels import TargetWindows, label_issues, resolve_target
from cnn.settings import Periods, Target, Training, check_training
from cnn.trained import (
    PREDICTION_BATCH,
    BaselineBlock,
    TrainedModel,
    logit_columns,
    make_examples,
    offset_columns,
)
from incidents.errors import NoPositivesError
from rasterize.tensors import Entries, EventTensor
from verify.logistic import LogisticFit, fit_logistic
from verify.probability_scores import log_score

if TYPE_CHECKING:
    from cnn.networks import FitLog, Progress

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Share of the training block, its last part, that decides when to stop.
STOPPING_SHARE = 0.15
# Chosen with the calendar's columns by rolling origin on Baltimore 2011-2014.
OFFSET_PENALTY = 30.0


def train_model(
    tensor: EventTensor,
    target: Target,
    periods: Periods,
    training: Training,
    *,
    progress: "Progress | None" = None,
) -> TrainedModel:
    """Train and calibrate a model.

    Args:
        tensor: Events of at least both blocks; what comes later is not looked at.
        target: What is to be announced.
        periods: Training and calibration block.
        training: Model and how to train it.
        progress: Called after each epoch.

    Returns:
        The trained model.

    Raises:
        NoPositivesError: A block without an event, or with nothing else.
        ConfigError: A setting out of range, or blocks that overlap, run backwards, or hold no issue.
        DataError: No channel counts the target alone.
    """
    from cnn.networks import build_network, fit_network, raw_outputs

    check_training(training)
    windows = resolve_target(target, tensor)
    blocks = split_blocks(tensor.windows, windows, periods)
    block = _baseline_block(tensor, windows, blocks)
    offset = fit_logistic(offset_columns(block.train), block.train_labels, l2=OFFSET_PENALTY)
    scaling = _measure_scaling(tensor, windows, training, blocks.train_issues)
    examples = make_examples(tensor, target, training, offset=offset, scaling=scaling)
    network = build_network(examples.inputs(blocks.train_issues[:1]), training)
    log = fit_network(
        network,
        _with_fewer_negatives(examples, training),
        _learning_issues(blocks.train_issues, label_issues(tensor, windows), training),
        training,
        progress=progress,
    )
    outputs = raw_outputs(network, examples, blocks.calibrate_issues, batch_size=PREDICTION_BATCH)
    columns = logit_columns(outputs, examples, blocks.calibrate_issues, training)
    calibration = fit_calibration(
        columns,
        block.calibrate_labels,
        weeks=_weeks(tensor, blocks.calibrate_issues),
        rng=np.random.default_rng(training.seed),
    )
    return TrainedModel(
        frame=_empty_frame(tensor),
        target=target,
        training=training,
        train=blocks.train,
        calibrate=blocks.calibrate,
        offset=offset,
        scaling=scaling,
        calibration=calibration,
        block=block,
        network=network,
        figures=_figures(log, block, calibration, columns, offset),
    )


def _baseline_block(tensor: EventTensor, target: TargetWindows, blocks: Blocks) -> BaselineBlock:
    """Features and labels of both blocks, checked to hold the event and its absence."""
    features, labels = window_features(tensor, target), label_issues(tensor, target)
    for name, issues in (("train", blocks.train_issues), ("calibrate", blocks.calibrate_issues)):
        events = int(labels[issues].sum())
        if not 0 < events < len(issues):
            period = getattr(blocks, name)
            raise NoPositivesError(
                f"Expected windows with and without the target in the block {name}, {period[0]} to "
                f"{period[1]}. Received: {events} with it among {len(issues)}. Check target.categories, or "
                "choose other periods in the config."
            )
    return BaselineBlock(
        features.rows(blocks.train_issues),
        labels[blocks.train_issues],
        features.rows(blocks.calibrate_issues),
        labels[blocks.calibrate_issues],
    )


def _measure_scaling(
    tensor: EventTensor, target: TargetWindows, training: Training, issues: Ints
) -> Scaling | None:
    """Scaling of the history channels, where the model has any."""
    if training.model != "warning_net":
        return None
    maps = MapInputs(tensor, target, stack=training.stack, half_lives_days=training.half_lives_days)
    return maps.measure_scaling(issues)


def _with_fewer_negatives(examples: Examples, training: Training) -> Examples:
    """Raise the offset by what leaving out event-free windows does to the odds, so that it cancels out."""
    if not isinstance(examples, WarningExamples):
        return examples
    return replace(examples, offset=examples.offset - np.log(training.negatives_kept))


def _learning_issues(issues: Ints, labels: Floats, training: Training) -> tuple[Ints, Ints]:
    """Issues to learn from and the later ones that decide when to stop, some event-free ones left out."""
    rng = np.random.default_rng(training.seed)
    kept = issues[(labels[issues] == 1) | (rng.random(len(issues)) < training.negatives_kept)]
    cut = min(max(round(len(kept) * (1 - STOPPING_SHARE)), 1), len(kept) - 1)
    return kept[:cut], kept[cut:]


def _weeks(tensor: EventTensor, issues: Ints) -> Ints:
    """Week of each issue, for the bootstrap."""
    return issues * tensor.windows.hours // (7 * 24)


def _empty_frame(tensor: EventTensor) -> EventTensor:
    """Return the tensor's frame without its events and with one window, to keep beside the weights."""
    none = np.zeros(len(tensor.entries), dtype=bool)
    framed = replace(tensor, windows=tensor.windows.slice(0, 1))
    return framed.with_entries(Entries.where(tensor.entries, none))


def _figures(
    log: "FitLog", block: BaselineBlock, calibration: StackedCalibration, columns: Floats, offset: LogisticFit
) -> dict[str, object]:
    """What a reader of the bundle wants to know of the training."""
    labels = block.calibrate_labels
    return {
        "epochs": log.epochs,
        "best_epoch": log.best_epoch,
        "losses": dict(log.losses),
        "base_rate": block.base_rate,
        "calibration_windows": len(labels),
        "calibration_weights": calibration.weights.tolist(),
        "calibration_log_score": log_score(calibration.apply(columns).probability, labels),
        "calibration_log_score_of_offset": log_score(offset.predict(offset_columns(block.calibrate)), labels),
    }
