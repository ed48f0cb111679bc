"""A trained model with the store that it is audited on."""

from dataclasses import dataclass
from pathlib import Path

from cnn.blocks import Blocks, split_blocks
from cnn.bundle import Bundle
from cnn.labels import TargetWindows, resolve_target
from cnn.settings import Periods
from cnn.trained import TrainedModel
from incidents.store import IncidentStore
from rasterize.tensors import EventTensor
from tocsin.tensors import Days, history_start, stored_days, tensor_of_model


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
