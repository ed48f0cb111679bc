"""Forecasts from the calendar alone: the overall rate, and the rate of each hour of the week."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError
from verify.baselines.features import HOURS_OF_WEEK, WindowFeatures, check_rows
from verify.baselines.interface import CalibrationBlock
from verify.checks import Floats


@dataclass(frozen=True)
class Constant:
    """The base rate of the training windows, for every window."""

    name: str = "constant"

    def fit(
        self, features: WindowFeatures, labels: npt.ArrayLike, *, calibration: CalibrationBlock | None = None
    ) -> "FittedConstant":
        """Learn the base rate; see ``Baseline.fit``."""
        del calibration
        return FittedConstant(self.name, float(check_rows(features, labels).mean()))


@dataclass(frozen=True)
class FittedConstant:
    """A fitted ``Constant``."""

    name: str
    rate: float

    def predict(self, features: WindowFeatures) -> Floats:
        """The base rate for each window, (n,)."""
        return np.full(len(features), self.rate)


@dataclass(frozen=True)
class HourOfWeek:
    """The rate of each hour of the week, drawn towards the rate of its hour of the day, and that to the mean.

    Additive smoothing: ``prior_windows`` windows at the rate of the hour of the day are added to each hour of
    the week, and as many at the overall rate to each hour of the day. An hour never seen thus gets the rate
    of its hour of the day, or the overall rate.

    Args:
        name: Name in reports.
        prior_windows: Weight of the coarser rate, in windows, > 0.
    """

    name: str = "hour_of_week"
    prior_windows: float = 50.0

    def __post_init__(self) -> None:
        if not self.prior_windows > 0.0:
            raise ConfigError(f"Expected prior_windows > 0. Received: {self.prior_windows}. Use 50.")

    def fit(
        self, features: WindowFeatures, labels: npt.ArrayLike, *, calibration: CalibrationBlock | None = None
    ) -> "FittedHourOfWeek":
        """Learn 168 rates; see ``Baseline.fit``."""
        del calibration
        events = check_rows(features, labels)
        seen = np.bincount(features.hour_of_week, minlength=HOURS_OF_WEEK).astype(np.float64)
        hits = np.bincount(features.hour_of_week[events], minlength=HOURS_OF_WEEK).astype(np.float64)
        by_hour = self._smooth(
            hits.reshape(7, 24).sum(axis=0), seen.reshape(7, 24).sum(axis=0), events.mean()
        )
        return FittedHourOfWeek(self.name, self._smooth(hits, seen, np.tile(by_hour, 7)))

    def _smooth(self, hits: Floats, seen: Floats, coarser: Floats) -> Floats:
        return (hits + self.prior_windows * coarser) / (seen + self.prior_windows)


@dataclass(frozen=True)
class FittedHourOfWeek:
    """A fitted ``HourOfWeek``: ``rates`` (168,) from Monday 00:00."""

    name: str
    rates: Floats

    def predict(self, features: WindowFeatures) -> Floats:
        """The rate of each window's hour of the week, (n,)."""
        return self.rates[features.hour_of_week]


def _by_hour(by_hour_of_week: Floats) -> Floats:
    """Sums over the seven days, (24,)."""
    return np.asarray(by_hour_of_week.reshape(7, 24).sum(axis=0), dtype=np.float64)
