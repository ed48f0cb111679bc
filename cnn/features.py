"""The table of features by issue that the baselines and the network's offset share.

All as on record at the issue, in a nowcast at the start of the window that it classifies; the calendar
describes the announced windows. Shapes ``(issues, columns)``
with one issue more than there are windows. Where the announced windows reach past the tensor, the calendar
of the nearest window stands in; such issues have no label either (:func:`cnn.labels.label_issues`).
"""

import numpy as np
import numpy.typing as npt

from cnn.history import recent_rates, same_hour_counts
from cnn.labels import TargetWindows
from rasterize.tensors import EventTensor
from rasterize.windows import Windows
from verify.baselines.features import WindowFeatures

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

RATE_DAYS = (7, 28, 91, 364)
LAG_WINDOWS = (1, 3, 12, 84, 336, 1092)
SAME_HOUR_WEEKS = (4, 13, 52)
DAILY_WAVES = 4
WEEKLY_WAVES = 3
YEARLY_WAVES = 2
# One incident in the span keeps the logarithm of an empty one finite.
ONE = 1.0


def window_features(tensor: EventTensor, target: TargetWindows) -> WindowFeatures:
    """Describe every issue of a tensor by the calendar ahead and by what was on record.

    Args:
        tensor: The sparse tensor.
        target: What is announced, and from which lead.

    Returns:
        Features, ``windows + 1`` rows.
    """
    issues = np.arange(len(tensor.windows) + 1)
    first = np.clip(issues + target.lead, 0, len(tensor.windows) - 1)
    seen = target.history_issues(issues)
    calendar = _calendar(tensor.windows, first, target.horizon)
    recent = _recent(tensor, target.channels)
    lags = _lags(tensor, target)
    return WindowFeatures(
        hour_of_week=tensor.windows.hour_of_week[first],
        calendar=_columns(calendar),
        recent=_columns(recent)[seen],
        lags=_columns(lags)[seen],
        names={"calendar": tuple(calendar), "recent": tuple(recent), "lags": tuple(lags)},
    )


def _columns(named: dict[str, Floats]) -> npt.NDArray[np.float32]:
    return np.stack(list(named.values()), axis=1).astype(np.float32)


def _calendar(windows: Windows, first: Ints, horizon: int) -> dict[str, Floats]:
    """Waves of the day, the week and the year, day with week and day with year, and the hours announced.

    Chosen by rolling origin on Baltimore 2011-2014 (fit to the end of one year, score the next): both
    products help, the late hours of weekends and the light evenings of summer.
    """
    hour = windows.hour_of_week[first].astype(float)
    year = windows.day_of_year[first]
    exposed = np.concatenate([[0.0], np.cumsum(windows.exposure_hours)])
    last = np.minimum(first + horizon, len(windows))
    columns = {"log_exposure": np.log(exposed[last] - exposed[first])}
    columns |= _waves("day", hour / 24, DAILY_WAVES)
    columns |= _waves("week", hour / 168, WEEKLY_WAVES)
    columns |= _waves("year", year, YEARLY_WAVES)
    slow = _waves("week", hour / 168, WEEKLY_WAVES) | _waves("year", year, 1)
    fast = _waves("day", hour / 24, 2)
    return columns | {f"{a} x {b}": slow[a] * fast[b] for a in slow for b in fast}


def _waves(name: str, phase: Floats, count: int) -> dict[str, Floats]:
    """Sines and cosines of a period, the first ``count`` of them."""
    angles = {k: 2 * np.pi * k * phase for k in range(1, count + 1)}
    return {f"{name} sin {k}": np.sin(a) for k, a in angles.items()} | {
        f"{name} cos {k}": np.cos(a) for k, a in angles.items()
    }


def _recent(tensor: EventTensor, channels: Ints) -> dict[str, Floats]:
    """Logarithms of the recent rates of the target and of everything, per window."""
    a_day = 24 // tensor.windows.hours
    everything = np.arange(len(tensor.channels))
    return {
        f"log rate of {name}, {days} d": np.log(
            recent_rates(tensor, which, days * a_day) + ONE / (days * a_day)
        )
        for name, which in (("target", channels), ("all", everything))
        for days in RATE_DAYS
    }


def _lags(tensor: EventTensor, target: TargetWindows) -> dict[str, Floats]:
    """Rates of every channel over short and long spans, and the announced hour's own past."""
    by_channel = {
        f"{name}, last {span} windows": recent_rates(tensor, np.array([index]), span)
        for index, name in enumerate(tensor.channels)
        for span in LAG_WINDOWS
    }
    own_hour = {
        f"target, same hour, {weeks} weeks": same_hour_counts(
            tensor, target.channels, weeks=weeks, lead=max(target.lead, 0)
        )
        for weeks in SAME_HOUR_WEEKS
    }
    return by_channel | own_hour
