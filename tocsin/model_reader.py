"""All that a trained model reads and says at an issue, each feature, map channel and figure by its own name."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from cnn.examples import WarningExamples
from cnn.inputs import MapInputs
from cnn.trained import Forecast, TrainedModel, make_examples
from rasterize.tensors import EventTensor
from verify.baselines.features import WindowFeatures

Ints = npt.NDArray[np.int64]
Parts = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class ModelReader:
    """Reads a tensor as a trained model does.

    Args:
        model: The model.
        predicts: Whether the forecast is read as well, or the features and inputs alone.
    """

    model: TrainedModel
    predicts: bool = True

    def __call__(self, tensor: EventTensor, issues: Ints, /) -> Parts:
        """Features, inputs and forecast at some issues, ``(issues, ...)`` each."""
        model = self.model
        examples = make_examples(
            tensor, model.target, model.training, offset=model.offset, scaling=model.scaling
        )
        inputs = dict(examples.inputs(issues))
        # The calendar is among the features already, column by column.
        inputs.pop("calendar", None)
        parts = _name_features(model.features(tensor).rows(issues))
        if isinstance(examples, WarningExamples):
            parts |= _name_maps(inputs.pop("maps"), examples.maps, model.training.half_lives_days)
        parts |= {f"input: {name}": values for name, values in inputs.items()}
        return parts | _name_forecast(model.predict(tensor, issues)) if self.predicts else parts


def _name_features(features: WindowFeatures) -> Parts:
    parts: Parts = {"calendar: hour of week": features.hour_of_week}
    for group in ("calendar", "recent", "lags"):
        names = features.names[group]
        parts |= {f"{group}: {name}": getattr(features, group)[:, k] for k, name in enumerate(names)}
    return parts


def _name_maps(batch: npt.NDArray[np.float32], maps: MapInputs, half_lives_days: tuple[float, ...]) -> Parts:
    """Channels of the maps in the order in which ``cnn.inputs`` stacks them; any others by their number."""
    channels = maps.tensor.channels
    shown = [name for k, name in enumerate(channels) if k not in maps.target.hidden]
    names = [f"{name} {age} back" for age in range(1, maps.stack + 1) for name in shown]
    names.append("active neighborhoods 1 back")
    names += [f"history of {which} {days:g} d" for which in ("target", "all") for days in half_lives_days]
    names += ["inside", "outline"]
    if len(names) != batch.shape[-1]:
        names = [f"channel {k}" for k in range(batch.shape[-1])]
    return {f"map: {name}": batch[..., k] for k, name in enumerate(names)}


def _name_forecast(forecast: Forecast) -> Parts:
    said: Mapping[str, Any] = {field.name: getattr(forecast, field.name) for field in fields(forecast)}
    return {f"forecast: {name}": values for name, values in said.items() if values is not None}
