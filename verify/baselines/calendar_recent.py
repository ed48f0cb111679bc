"""A forecast from the calendar and the recent rate, by logistic regression in NumPy alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verify.baselines.features import WindowFeatures, check_rows
from verify.baselines.interface import CalibrationBlock
from verify.checks import Floats
from verify.logistic import LogisticFit, fit_logistic


@dataclass(frozen=True)
class CalendarRecentLogistic:
    """Logistic regression on ``calendar`` and ``recent``; see ``verify.logistic``.

    Args:
        name: Name in reports.
        l2: Penalty on the standardised coefficients; 30 suits some fifty correlated columns and a few years
            of windows.
    """

    name: str = "calendar_recent_logistic"
    l2: float = 30.0

    def fit(
        self, features: WindowFeatures, labels: npt.ArrayLike, *, calibration: CalibrationBlock | None = None
    ) -> "FittedCalendarRecentLogistic":
        """Learn the coefficients; see ``Baseline.fit``."""
        del calibration
        events = check_rows(features, labels)
        return FittedCalendarRecentLogistic(self.name, fit_logistic(_columns(features), events, l2=self.l2))


@dataclass(frozen=True)
class FittedCalendarRecentLogistic:
    """A fitted ``CalendarRecentLogistic``."""

    name: str
    regression: LogisticFit

    def predict(self, features: WindowFeatures) -> Floats:
        """Probability of an event in each window, (n,)."""
        return self.regression.predict(_columns(features))


def _columns(features: WindowFeatures) -> Floats:
    return np.hstack([features.calendar, features.recent]).astype(np.float64)
