"""The one way in which every baseline is fitted and asked."""

from typing import Protocol

import numpy.typing as npt

from verify.baselines.features import WindowFeatures
from verify.checks import Floats

CalibrationBlock = tuple[WindowFeatures, npt.ArrayLike]


class FittedBaseline(Protocol):
    """A baseline that has learned from windows before the split and knows nothing after it."""

    @property
    def name(self) -> str:
        """Name in reports."""
        ...

    def predict(self, features: WindowFeatures) -> Floats:
        """Probability of an event in each window, (n,)."""
        ...


class Baseline(Protocol):
    """Settings of a baseline, not yet fitted."""

    @property
    def name(self) -> str:
        """Name in reports."""
        ...

    def fit(
        self, features: WindowFeatures, labels: npt.ArrayLike, *, calibration: CalibrationBlock | None = None
    ) -> FittedBaseline:
        """Learn from windows in the order of time.

        Args:
            features: Training windows, n rows.
            labels: (n,) of 0 and 1.
            calibration: A later block and its labels. Only ``Calibrated`` uses it, and demands it; the
                others accept it so that all are called alike.

        Raises:
            DataError: Rows and labels differ in number, or a value is not finite.
            NoPositivesError: All labels are equal.
        """
        ...
