"""Any baseline, recalibrated on a block later than the one that it was fitted on."""

from dataclasses import dataclass

import numpy.typing as npt

from incidents.errors import ConfigError
from verify.baselines.features import WindowFeatures, check_rows
from verify.baselines.interface import Baseline, CalibrationBlock, FittedBaseline
from verify.calibration import Platt, fit_platt
from verify.checks import Floats
from verify.logistic import logit


@dataclass(frozen=True)
class Calibrated:
    """A baseline with Platt scaling on the calibration block; it keeps the name of what it wraps."""

    baseline: Baseline

    @property
    def name(self) -> str:
        """Name of the wrapped baseline: calibration is part of fitting it, not another method."""
        return self.baseline.name

    def fit(
        self, features: WindowFeatures, labels: npt.ArrayLike, *, calibration: CalibrationBlock | None = None
    ) -> "FittedCalibrated":
        """Fit the baseline, then its calibration; see ``Baseline.fit``.

        Raises:
            ConfigError: There is no calibration block.
        """
        if calibration is None:
            raise ConfigError(
                f"Expected a calibration block for {self.name}. Received: none. Pass calibration=(features, labels) "
                "of a later period, or use the baseline without Calibrated."
            )
        fitted = self.baseline.fit(features, labels)
        later, later_labels = calibration
        events = check_rows(later, later_labels)
        return FittedCalibrated(fitted, fit_platt(logit(fitted.predict(later)), events))


@dataclass(frozen=True)
class FittedCalibrated:
    """A fitted baseline and its calibration."""

    baseline: FittedBaseline
    platt: Platt

    @property
    def name(self) -> str:
        """Name of the wrapped baseline."""
        return self.baseline.name

    def predict(self, features: WindowFeatures) -> Floats:
        """Calibrated probability of an event in each window, (n,)."""
        return self.platt.apply(logit(self.baseline.predict(features)))
