"""A trained model in memory: how it turns the tensor of any time into calibrated probabilities.

It never learns again: what it knows was fixed at the end of its calibration block.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn.calibration import Interval, StackedCalibration
from cnn.examples import Examples, PictureExamples, WarningExamples
from cnn.features import window_features
from cnn.inputs import MapInputs, Scaling
from cnn.labels import label_issues, resolve_target
from cnn.settings import Target, Training
from incidents.errors import BundleError
from rasterize.paint import MapPainter
from rasterize.tensors import EventTensor
from verify.baselines.features import WindowFeatures
from verify.logistic import LogisticFit, sigmoid

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
PICTURE_SHAPES = {"seed_model_1": (216, 172), "seed_model_2": (150, 150)}
PREDICTION_BATCH = 128


@dataclass(frozen=True)
class BaselineBlock:
    """Features and labels of the training and the calibration block.

    Kept so that baselines are fitted on exactly what the model had, whatever is ingested later.

    Args:
        train: Features of the training issues.
        train_labels: 0 or 1.
        calibrate: Features of the calibration issues.
        calibrate_labels: 0 or 1.
    """

    train: WindowFeatures
    train_labels: Floats
    calibrate: WindowFeatures
    calibrate_labels: Floats

    @property
    def base_rate(self) -> float:
        """Share of issues with the event in both blocks."""
        return float(np.concatenate([self.train_labels, self.calibrate_labels]).mean())


@dataclass(frozen=True)
class Forecast:
    """Probabilities for some issues, each ``(n,)``.

    Args:
        probability: Of the event, calibrated.
        lo: Lower end of the 95% interval of the calibration.
        hi: Upper end.
        baseline: Probability by calendar and recent rates alone.
        surface: Share of the risk by cell, float32 ``(n, rows, cols)``, summing to 1; None for a model
            without one.
    """

    probability: Floats
    lo: Floats
    hi: Floats
    baseline: Floats
    surface: npt.NDArray[np.float32] | None


@dataclass(frozen=True)
class TrainedModel:
    """Everything that a prediction needs.

    Args:
        frame: Grid, overlay, channels and assumptions, as a tensor without entries.
        target: What is announced.
        training: How it was trained.
        train: Local days it learned from, ``[start, stop)``.
        calibrate: Local days it was calibrated on; nothing later was seen.
        offset: The calendar-and-recent-rate baseline that the network adds to.
        scaling: Of the history channels; None for the seed models.
        calibration: From raw logits to probabilities.
        block: What the baselines are fitted on.
        network: The Keras model.
        figures: Epochs, losses and scores on the calibration block, JSON-able.
    """

    frame: EventTensor
    target: Target
    training: Training
    train: tuple[date, date]
    calibrate: tuple[date, date]
    offset: LogisticFit
    scaling: Scaling | None
    calibration: StackedCalibration
    block: BaselineBlock
    network: Any
    figures: Mapping[str, Any]

    def features(self, tensor: EventTensor) -> WindowFeatures:
        """Describe every issue of a tensor as the baselines and the offset want it."""
        return window_features(tensor, resolve_target(self.target, tensor))

    def labels(self, tensor: EventTensor) -> Floats:
        """Label every issue of a tensor, ``(windows + 1,)``."""
        return label_issues(tensor, resolve_target(self.target, tensor))

    def predict(self, tensor: EventTensor, issues: Ints) -> Forecast:
        """Forecast at some issues from what was on record at each.

        Args:
            tensor: Events in the model's own frame.
            issues: Issues, ``(n,)``.

        Returns:
            The forecast.

        Raises:
            BundleError: The tensor has another grid, other channels or another window length.
        """
        require_same_frame(self.frame, tensor)
        features = self.features(tensor).rows(issues)
        offset = self.offset.logit(offset_columns(features))
        columns, surface = self._raw(tensor, issues)
        calibrated: Interval = self.calibration.apply(columns)
        return Forecast(calibrated.probability, calibrated.lo, calibrated.hi, sigmoid(offset), surface)

    def _raw(self, tensor: EventTensor, issues: Ints) -> tuple[Floats, npt.NDArray[np.float32] | None]:
        """Raw logit columns and, where the network has one, the surface."""
        from cnn.networks import raw_outputs

        examples = make_examples(tensor, self.target, self.training, offset=self.offset, scaling=self.scaling)
        outputs = raw_outputs(self.network, examples, issues, batch_size=PREDICTION_BATCH)
        columns = logit_columns(outputs, examples, issues, self.training)
        if "surface" not in outputs:
            return columns, None
        return columns, np.exp(outputs["surface"]).reshape(len(issues), *tensor.grid.shape)


def offset_columns(features: WindowFeatures) -> Floats:
    """Columns of the baseline that the network adds to: calendar and recent rates."""
    return np.asarray(np.hstack([features.calendar, features.recent]), dtype=np.float64)


def make_examples(
    tensor: EventTensor,
    target: Target,
    training: Training,
    *,
    offset: LogisticFit,
    scaling: Scaling | None,
) -> Examples:
    """Make the examples that a network of this kind reads, for every issue of a tensor."""
    windows = resolve_target(target, tensor)
    labels = label_issues(tensor, windows)
    if training.model != "warning_net":
        hidden = tuple(tensor.channels[index] for index in windows.hidden)
        painter = MapPainter(tensor, shape=PICTURE_SHAPES[training.model], hidden=hidden)
        return PictureExamples(painter, windows.as_of, labels)
    features = window_features(tensor, windows)
    maps = MapInputs(
        tensor,
        windows,
        stack=training.stack,
        half_lives_days=training.half_lives_days,
        scaling=scaling,
    )
    return WarningExamples(maps, features.calendar, offset.logit(offset_columns(features)), labels)


def logit_columns(
    outputs: Mapping[str, npt.NDArray[np.float32]], examples: Examples, issues: Ints, training: Training
) -> Floats:
    """Columns for the calibration: the baseline's logit and the addition to it, or one corrected logit.

    A seed model that saw only a share of the event-free windows overstates the odds by that share; its
    logit is corrected here (``warning_net`` gets the same correction through its offset in training).

    Reference:
        King and Zeng (2001), Logistic regression in rare events data, doi:10.1093/oxfordjournals.pan.a004868.
    """
    city = outputs["city"][:, 0].astype(np.float64)
    if isinstance(examples, WarningExamples):
        offset = examples.offset[issues]
        return np.stack([offset, city - offset], axis=1)
    return np.asarray(city + np.log(training.negatives_kept), dtype=np.float64)[:, None]


def require_same_frame(frame: EventTensor, tensor: EventTensor) -> None:
    """Refuse a tensor that was not made in the model's own frame.

    Raises:
        BundleError: Names what differs.
    """
    pairs = {
        "grid": (frame.grid, tensor.grid),
        "channels": (_members(frame), _members(tensor)),
        "window hours": (frame.windows.hours, tensor.windows.hours),
        "time zone": (frame.windows.time_zone, tensor.windows.time_zone),
    }
    for name, (expected, received) in pairs.items():
        if expected != received:
            raise BundleError(
                f"Expected the {name} that the model was trained with, {expected}. Received: {received}. "
                "Use the config that it was trained with, or train again."
            )


def _members(tensor: EventTensor) -> dict[str, Any]:
    """Categories that each channel counts."""
    return {name: tensor.about["channels"].get(name) for name in tensor.channels}
