"""Which stretches of time are forecast, and when each forecast is issued.

Arrays have one entry per period, ``(p,)``, in the order of time; periods are ``[start, stop)`` and may overlap.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from incidents.errors import ConfigError, DataError
from verify.checks import Bools, Floats, Integers
from verify.panel.events import Instants, check_instants, days_between

HOURS_OF_WEEK = 168


@dataclass(frozen=True)
class Periods:
    """Periods to forecast.

    Args:
        issue: When the forecast is issued, UTC: it may use what is on record then.
        start: First instant, UTC, rising, not before the issue.
        stop: First instant after it, UTC, rising.
        hour_of_week: Local start in hours since Monday 00:00, 0 to 167.
        day_of_year: Local day of the start, 1 to 366.

    Raises:
        DataError: Shapes differ, times fall back, or a period is empty or issued after it began.
    """

    issue: Instants
    start: Instants
    stop: Instants
    hour_of_week: Integers
    day_of_year: Integers

    def __post_init__(self) -> None:
        shapes = {array.shape for array in vars(self).values()}
        if shapes != {(self.start.size,)}:
            raise DataError(f"Expected five arrays of shape (p,). Received: {shapes}. Align them.")
        for name in ("issue", "start", "stop"):
            check_instants(getattr(self, name), what=f"{name} times")
        _check_order(self)

    def __len__(self) -> int:
        return self.start.size

    @property
    def hours(self) -> Floats:
        """Length of each period: 23 or 25 for the days on which the clock changes."""
        return days_between(self.start, self.stop) * 24.0

    def rows(self, which: slice | Bools | Integers) -> "Periods":
        """Some of the periods, in the order of time."""
        return Periods(*(array[which] for array in vars(self).values()))

    def containing(self, instants: Instants) -> Integers:
        """Index of the first period that contains each instant, -1 where none does."""
        first = np.searchsorted(self.stop, instants, side="right")
        index = np.minimum(first, len(self) - 1)
        inside = (first < len(self)) & (self.start[index] <= instants)
        return np.where(inside, index, -1).astype(np.int64)


def local_periods(
    first: date,
    stop: date,
    *,
    zone: str,
    hours: int = 24,
    every_hours: int | None = None,
    lead_hours: float = 0.0,
) -> Periods:
    """Cut local days into periods of the wall clock.

    Args:
        first: First local day.
        stop: Local day after the last; a period that would reach beyond its midnight is left out.
        zone: IANA name of the time zone.
        hours: Length on the wall clock, >= 1.
        every_hours: From one start to the next; the length if left out. Below it, periods overlap.
        lead_hours: From the issue to the start, >= 0.

    Raises:
        ConfigError: An empty span, or a length or step below 1, or a negative lead.

    Example:
        >>> days = local_periods(date(2017, 3, 11), date(2017, 3, 14), zone="America/Chicago")
        >>> days.hours.tolist(), days.hour_of_week.tolist()
        ([24.0, 23.0, 24.0], [120, 144, 0])
    """
    step = hours if every_hours is None else every_hours
    if stop <= first or hours < 1 or step < 1 or lead_hours < 0.0:
        raise ConfigError(
            f"Expected days [first, stop), hours and steps >= 1, and a lead >= 0. Received: [{first}, {stop}), "
            f"{hours}, {step} and {lead_hours}. Turn them round."
        )
    span = (stop - first).days * 24
    midnight = datetime.combine(first, time())
    walls = [midnight + timedelta(hours=at) for at in range(0, span - hours + 1, step)]
    begins, ends = _to_utc(walls, zone), _to_utc([wall + timedelta(hours=hours) for wall in walls], zone)
    # The hour that a clock skips in spring is no period.
    real = ends > begins
    shown = [wall for wall, kept in zip(walls, real, strict=True) if kept]
    return Periods(
        issue=begins[real] - np.timedelta64(round(lead_hours * 3_600_000_000), "us"),
        start=begins[real],
        stop=ends[real],
        hour_of_week=np.array([wall.weekday() * 24 + wall.hour for wall in shown], dtype=np.int64),
        day_of_year=np.array([wall.timetuple().tm_yday for wall in shown], dtype=np.int64),
    )


def _to_utc(walls: list[datetime], zone: str) -> Instants:
    place = ZoneInfo(zone)
    naive = [wall.replace(tzinfo=place).astimezone(UTC).replace(tzinfo=None) for wall in walls]
    return np.array(naive, dtype="datetime64[us]")


def _check_order(periods: Periods) -> None:
    nothing = np.timedelta64(0)
    falls = any(
        bool((np.diff(array) < nothing).any()) for array in (periods.issue, periods.start, periods.stop)
    )
    if falls or bool((periods.stop <= periods.start).any()) or bool((periods.issue > periods.start).any()):
        raise DataError(
            "Expected periods in the order of time, none empty, each issued no later than it starts. "
            "Received: others. Sort them by start."
        )
    hours = periods.hour_of_week
    if hours.size and not (hours.min() >= 0 and hours.max() < HOURS_OF_WEEK):
        raise DataError(
            f"Expected hours of the week in [0, {HOURS_OF_WEEK}). Received: {hours.min()} to {hours.max()}. "
            "Use weekday * 24 + hour, Monday 0."
        )
