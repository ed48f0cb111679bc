"""The inputs and targets of each kind of network, for any batch of issues.

``WarningExamples`` serves ``warning_net`` from the event tensor; ``PictureExamples`` serves the seed models
with the rendered RGB map of the window before the issue.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from cnn.inputs import MapInputs
from cnn.labels import events_in_cells
from rasterize.paint import MapPainter

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Batch = dict[str, npt.NDArray[np.float32]]


class Examples(Protocol):
    """Makes the inputs and the targets of a batch of issues."""

    def inputs(self, issues: Ints) -> Batch:
        """Network inputs by name, each with ``len(issues)`` rows."""
        ...

    def targets(self, issues: Ints) -> Batch:
        """Network targets by name, each with ``len(issues)`` rows."""
        ...


@dataclass(frozen=True)
class WarningExamples:
    """Examples of ``warning_net``.

    Args:
        maps: Maker of the map batches.
        calendar: Calendar columns by issue, ``(issues, c)``.
        offset: Logit of the baseline by issue, ``(issues,)``.
        labels: 0, 1 or NaN by issue, ``(issues,)``.
    """

    maps: MapInputs
    calendar: npt.NDArray[np.float32]
    offset: Floats
    labels: Floats

    def inputs(self, issues: Ints) -> Batch:
        """``maps``, ``calendar``, ``log_prior`` and ``offset``."""
        return {
            "maps": self.maps.maps(issues),
            "calendar": self.calendar[issues],
            "log_prior": self.maps.log_prior(issues),
            "offset": self.offset[issues, None].astype(np.float32),
        }

    def targets(self, issues: Ints) -> Batch:
        """``city`` (0 or 1) and ``surface`` (announced events by cell)."""
        counts = events_in_cells(self.maps.tensor, self.maps.target, issues)
        return {
            "city": self.labels[issues, None].astype(np.float32),
            "surface": counts.reshape(len(issues), -1),
        }


@dataclass(frozen=True)
class PictureExamples:
    """Examples of the seed models: the map of the last window as a picture.

    Args:
        painter: Paints windows of the tensor, without what must stay hidden.
        as_of: Whether the picture shows only what was on record at the issue.
        labels: 0, 1 or NaN by issue, ``(issues,)``.
    """

    painter: MapPainter
    as_of: bool
    labels: Floats

    def inputs(self, issues: Ints) -> Batch:
        """``picture``: RGB in [0, 1], ``(b, height, width, 3)``."""
        pictures = self.painter(issues - 1, issues=issues if self.as_of else None)
        return {"picture": pictures.astype(np.float32) / np.float32(255)}

    def targets(self, issues: Ints) -> Batch:
        """``city``: 0 or 1."""
        return {"city": self.labels[issues, None].astype(np.float32)}
