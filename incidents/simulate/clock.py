"""Which local hour, weekday and day of the year each elapsed hour of a simulation is.

Simulated time is a float64 number of elapsed hours since the local midnight of the first day. Offsets from
UTC change at full elapsed hours only, so arrays with one entry per elapsed hour, shape (hours,), describe
the wall clock without error, also in the nights when it changes.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

TIME_ZONE = "America/New_York"
"""Where the simulated city lives."""

WINDOW_HOURS = 2


@dataclass(frozen=True)
class Clock:
    """The wall clock of a simulated period.

    Attributes:
        start: First instant, UTC, datetime64[us].
        hour_of_week: Local hour of each elapsed hour, shape (hours,), 0 for Monday 00:00 up to 167.
        day_of_year: Local day of each elapsed hour, shape (hours,), 1 to 366.
        window_edges: Elapsed hours at which the two-hour windows of the wall clock begin, and the end of the
            last one, shape (windows + 1,).
    """

    start: np.datetime64
    hour_of_week: npt.NDArray[np.int64]
    day_of_year: npt.NDArray[np.int64]
    window_edges: npt.NDArray[np.int64]

    @property
    def hours(self) -> int:
        """Number of elapsed hours in the period."""
        return self.hour_of_week.size

    def at(self, hours: npt.NDArray[np.float64] | npt.NDArray[np.int64]) -> npt.NDArray[np.datetime64]:
        """UTC instants, datetime64[us], of elapsed hours, cut to whole seconds."""
        return np.asarray(self.start + np.floor(np.asarray(hours) * 3600).astype("timedelta64[s]"))


def read_clock(start: date, stop: date) -> Clock:
    """Look up the wall clock of the city for ``[start, stop)``.

    Args:
        start: First local day.
        stop: The local day after the last one.

    Returns:
        The clock; a day has 23, 24 or 25 elapsed hours, a window 1, 2 or 3.

    Example:
        >>> clock = read_clock(date(2023, 11, 5), date(2023, 11, 6))
        >>> clock.hours, clock.window_edges[:3].tolist()
        (25, [0, 3, 5])
    """
    midnights = pl.Series([start, stop]).cast(pl.Datetime("us")).dt.replace_time_zone(TIME_ZONE)
    utc = midnights.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy().astype("datetime64[us]")
    instants = np.arange(utc[0], utc[1], np.timedelta64(3600, "s"))
    local = pl.Series(instants).dt.replace_time_zone("UTC").dt.convert_time_zone(TIME_ZONE)
    hour = local.dt.hour().cast(pl.Int64).to_numpy()
    day = local.dt.ordinal_day().cast(pl.Int64).to_numpy()
    weekday = local.dt.weekday().cast(pl.Int64).to_numpy() - 1
    window = day * 24 + hour // WINDOW_HOURS
    edges = np.concatenate([[0], np.flatnonzero(np.diff(window)) + 1, [hour.size]])
    return Clock(utc[0], weekday * 24 + hour, day, edges)
