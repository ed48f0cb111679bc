"""What a baseline may look at: for each window, its calendar and what was reported before it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from verify.checks import Bools, check_both_classes, check_labels

HOURS_OF_WEEK = 168


@dataclass(frozen=True)
class WindowFeatures:
    """Features of n target windows in the order of time, each as known when the forecast is issued.

    Args:
        hour_of_week: Local start of the target window in hours since Monday 00:00, 0 to 167, (n,).
        calendar: Smooth functions of the date and hour, (n, c), finite.
        recent: A few smooth recent rates, (n, r), finite.
        lags: Many lagged counts, (n, l); NaN where history is missing.
        names: Column names under ``calendar``, ``recent`` and ``lags``; a key may be left out.

    Raises:
        DataError: Shapes or names do not fit, an hour is out of range, or a value is not finite.
    """

    hour_of_week: npt.NDArray[np.int64]
    calendar: npt.NDArray[np.float32]
    recent: npt.NDArray[np.float32]
    lags: npt.NDArray[np.float32]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_hours(self.hour_of_week)
        matrices = {"calendar": self.calendar, "recent": self.recent, "lags": self.lags}
        for name, matrix in matrices.items():
            if matrix.ndim != 2 or len(matrix) != len(self):
                raise DataError(
                    f"Expected {name} of shape ({len(self)}, columns). Received: {matrix.shape}. "
                    "Give every window one row."
                )
            if name in self.names and len(self.names[name]) != matrix.shape[1]:
                raise DataError(
                    f"Expected {matrix.shape[1]} names for {name}. Received: {len(self.names[name])}. "
                    "Name every column once."
                )
        _check_finite(self.calendar, self.recent)
        unknown = sorted(set(self.names) - set(matrices))
        if unknown:
            raise DataError(f"Expected names for calendar, recent and lags. Received: {', '.join(unknown)}.")

    def __len__(self) -> int:
        return len(self.hour_of_week)

    def rows(self, index: slice | npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> "WindowFeatures":
        """The windows that ``index`` picks, as NumPy would."""
        return WindowFeatures(
            hour_of_week=self.hour_of_week[index],
            calendar=self.calendar[index],
            recent=self.recent[index],
            lags=self.lags[index],
            names=self.names,
        )


def check_rows(features: WindowFeatures, labels: npt.ArrayLike) -> Bools:
    """Labels as bool, after checking that there is one per window and that both classes occur.

    Raises:
        DataError: Rows and labels differ in number.
        NoPositivesError: All labels are equal.
    """
    events = check_labels(labels)
    if events.size != len(features):
        raise DataError(
            f"Expected {len(features)} labels, one per window. Received: {events.size}. Align them."
        )
    check_both_classes(events, purpose="fit a baseline")
    return events


def _check_hours(hours: npt.NDArray[np.int64]) -> None:
    if hours.ndim != 1 or not np.issubdtype(hours.dtype, np.integer):
        raise DataError(
            f"Expected hours of the week as integers of shape (n,). Received: {hours.dtype} of shape {hours.shape}. "
            "Use weekday * 24 + hour, Monday 0."
        )
    if hours.size and not (hours.min() >= 0 and hours.max() < HOURS_OF_WEEK):
        raise DataError(
            f"Expected hours of the week in [0, {HOURS_OF_WEEK}). Received: {hours.min()} to {hours.max()}. "
            "Use weekday * 24 + hour, Monday 0."
        )


def _check_finite(calendar: npt.NDArray[np.float32], recent: npt.NDArray[np.float32]) -> None:
    if not (bool(np.isfinite(calendar).all()) and bool(np.isfinite(recent).all())):
        raise DataError(
            "Expected finite calendar and recent features. Received: NaN or infinity. Drop the first windows, "
            "whose history is missing."
        )
