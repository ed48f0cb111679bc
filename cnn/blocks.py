"""Which issues belong to which block of time: forward, and never reaching into the next.

An issue belongs to ``[start, stop)`` when it is made then and all the windows it announces lie there, so that no
label of one block is decided by what happens in another, nor after the first forecast of the next.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from cnn.labels import TargetWindows
from cnn.settings import Periods
from incidents.errors import ConfigError
from rasterize.windows import DAY_S, Windows

Ints = npt.NDArray[np.int64]
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Blocks:
    """The dates of both blocks and the issues in them.

    Args:
        train: Local days ``[start, stop)``.
        calibrate: Local days ``[start, stop)``, not before ``train`` stops.
        train_issues: Issues to learn from, in the order of time.
        calibrate_issues: Issues to calibrate and choose on.
    """

    train: tuple[date, date]
    calibrate: tuple[date, date]
    train_issues: Ints
    calibrate_issues: Ints


def issues_within(windows: Windows, target: TargetWindows, period: tuple[date, date]) -> Ints:
    """Find the issues made in local days ``[start, stop)`` whose announced windows all start in them too.

    Args:
        windows: The tensor's windows.
        target: What is announced.
        period: Local days.

    Returns:
        Issues in the order of time; none where the period is outside the tensor.
    """
    start, stop = ((day - EPOCH).days * DAY_S for day in period)
    first, last = np.searchsorted(windows.wall_start, [start, stop])
    # A nowcast is made when the window that it classifies is over.
    earliest, latest = int(first) - min(target.lead, 0), int(last) - target.lead - target.horizon
    # An issue needs one window behind it; a nowcast's is the one it classifies.
    return np.arange(max(earliest, 1), min(latest, len(windows)) + 1)


def split_blocks(windows: Windows, target: TargetWindows, periods: Periods) -> Blocks:
    """Find the issues of the training and the calibration block.

    Args:
        windows: The tensor's windows.
        target: What is announced.
        periods: Dates, or shares of the tensor's days.

    Returns:
        Both blocks.

    Raises:
        ConfigError: Blocks overlap, run backwards, or hold no issue.
    """
    train, calibrate = _dates(windows, periods)
    if not train[0] < train[1] <= calibrate[0] < calibrate[1]:
        raise ConfigError(
            f"Expected train before calibrate, forward in time. Received: train {_text(train)}, calibrate "
            f"{_text(calibrate)}. Change periods in the config."
        )
    issues = {
        name: issues_within(windows, target, period)
        for name, period in (("train", train), ("calibrate", calibrate))
    }
    empty = [name for name, found in issues.items() if not len(found)]
    if empty:
        first, last = windows.label(0), windows.label(len(windows) - 1)
        raise ConfigError(
            f"Expected windows in the blocks {empty}. Received: train {_text(train)}, calibrate "
            f"{_text(calibrate)}, but the tensor runs from {first} to {last}. Change periods in the config, "
            "or ingest that time and rasterize again."
        )
    return Blocks(train, calibrate, issues["train"], issues["calibrate"])


def _dates(windows: Windows, periods: Periods) -> tuple[tuple[date, date], tuple[date, date]]:
    """Blocks as dates: as given, or as shares of the days that the tensor spans."""
    if periods.train is not None and periods.calibrate is not None:
        return periods.train, periods.calibrate
    if periods.train is not None or periods.calibrate is not None:
        raise ConfigError(
            f"Expected dates for both train and calibrate, or for none. Received: train {periods.train}, "
            f"calibrate {periods.calibrate}. Complete periods in the config."
        )
    first = EPOCH + timedelta(days=int(windows.wall_start[0] // DAY_S))
    days = int(windows.wall_start[-1] // DAY_S - windows.wall_start[0] // DAY_S) + 1
    middle = first + timedelta(days=round(days * periods.train_share))
    end = first + timedelta(days=round(days * (periods.train_share + periods.calibrate_share)))
    return (first, middle), (middle, end)


def _text(period: tuple[date, date]) -> str:
    return f"{period[0]} to {period[1]}"
