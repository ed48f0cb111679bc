"""Which window of the city's wall clock an instant falls in.

A day is cut at 00:00, 02:00, ... 22:00 of the wall clock. Bounds are stored in UTC, so a window lasts one
or three hours on the days on which the clock changes, and every instant still falls in exactly one.
Instants are int64 seconds since 1970-01-01T00:00Z; wall times are the same count as if the wall were UTC.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError

Seconds = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int64]

HOUR_S = 3600
DAY_S = 24 * HOUR_S
# Since 1980 every clock is whole quarters of an hour off UTC, so windows begin on quarters, except where the
# clock jumps over a start at one minute past the hour (St John's until 2011, Casey in 2020).
CLOCK_STEP_S = 900
MINUTE_S = 60
EPOCH_IS_THURSDAY = 3


@dataclass(frozen=True)
class Windows:
    """A run of consecutive windows of the wall clock.

    Args:
        time_zone: IANA name of the wall clock.
        hours: Length of a window on an ordinary day.
        bounds: UTC seconds, ``(n + 1,)``; window ``i`` is ``[bounds[i], bounds[i + 1])``.
        wall_start: Wall-clock seconds at which each window nominally starts, ``(n,)``.
    """

    time_zone: str
    hours: int
    bounds: Seconds
    wall_start: Seconds

    def __len__(self) -> int:
        return len(self.wall_start)

    @property
    def exposure_hours(self) -> npt.NDArray[np.float64]:
        """Hours that each window really lasted, ``(n,)``."""
        return np.asarray(np.diff(self.bounds) / HOUR_S, dtype=np.float64)

    @property
    def hour_of_week(self) -> Ints:
        """Hour of the week at which each window starts, 0 = Monday 00:00 ... 167, ``(n,)``."""
        hours = self.wall_start // HOUR_S + EPOCH_IS_THURSDAY * 24
        return np.asarray(hours % 168, dtype=np.int64)

    @property
    def day_of_year(self) -> npt.NDArray[np.float64]:
        """Position in the year of each window's start, in [0, 1), ``(n,)``."""
        days = self.wall_start.astype("datetime64[s]").astype("datetime64[D]")
        years = days.astype("datetime64[Y]")
        length = ((years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")).astype(int)
        passed = (self.wall_start - years.astype("datetime64[s]").astype(np.int64)) / DAY_S
        return np.asarray(passed / length, dtype=np.float64)

    def of(self, instants: Seconds) -> Ints:
        """Find the window of each instant.

        Args:
            instants: UTC seconds, any shape.

        Returns:
            Window index, int64, same shape; -1 before the first and after the last window.
        """
        index = np.searchsorted(self.bounds, instants, side="right") - 1
        return np.where(index < len(self), index, -1)

    def label(self, index: int) -> str:
        """Name a window by its wall-clock start, e.g. ``2015-07-04T20:00``."""
        return str(np.datetime64(int(self.wall_start[index]), "s").astype("datetime64[m]"))

    def slice(self, start: int, stop: int) -> "Windows":
        """Return windows ``[start, stop)``."""
        return Windows(self.time_zone, self.hours, self.bounds[start : stop + 1], self.wall_start[start:stop])


def make_windows(start: date, stop: date, *, time_zone: str, hours: int = 2) -> Windows:
    """Cut the local days ``[start, stop)`` into windows of the wall clock.

    Where the clock goes back over a window's start, the window begins when the wall first shows that time.
    A day that the zone skipped has no windows.

    Args:
        start: First local day.
        stop: Local day after the last.
        time_zone: IANA name.
        hours: Length of a window; it divides 24.

    Returns:
        The windows.

    Raises:
        ConfigError: Unknown zone, ``hours`` does not divide 24, or ``stop`` is not after ``start``.

    Example:
        >>> windows = make_windows(date(2015, 3, 8), date(2015, 3, 9), time_zone="America/New_York")
        >>> windows.exposure_hours.tolist()[:3]
        [2.0, 1.0, 2.0]
    """
    if 24 % hours:
        raise ConfigError(
            f"Expected window hours that divide 24. Received: {hours}. Use 1, 2, 3, 4, 6, 8 or 12."
        )
    if stop <= start:
        raise ConfigError(
            f"Expected a period that ends after it starts. Received: {start} to {stop}. Name a later end."
        )
    instants, wall = _clock_steps(start, stop, time_zone)
    # A clock set back repeats wall times; the running maximum keeps them in the window already open.
    window_of_step = np.maximum.accumulate(wall // (hours * HOUR_S))
    begins = np.flatnonzero(np.diff(window_of_step, prepend=window_of_step[0] - 1) > 0)
    key = window_of_step[begins]
    # The last bound is the first window from ``stop`` on, which is a later one where the zone skipped ``stop``.
    first, last = np.searchsorted(key, [_midnight(day) // (hours * HOUR_S) for day in (start, stop)])
    return Windows(time_zone, hours, instants[begins[first : last + 1]], key[first:last] * hours * HOUR_S)


def window_at(label: str, *, time_zone: str, hours: int = 2) -> Windows:
    """Return the one window that starts at a time of the wall clock, as :meth:`Windows.label` writes it.

    Args:
        label: Start on the wall clock, e.g. ``2015-07-04T20:00``.
        time_zone: IANA name.
        hours: Length of a window; it divides 24.

    Returns:
        Windows of length 1.

    Raises:
        ConfigError: Not such a time, or no window starts then.
    """
    try:
        day = datetime.fromisoformat(label).date()
    except ValueError as error:
        raise ConfigError(
            f"Expected the start of a window, e.g. 2015-07-04T20:00. Received: {label!r}. Write it in that form."
        ) from error
    windows = make_windows(day, day + timedelta(days=1), time_zone=time_zone, hours=hours)
    labels = [windows.label(index) for index in range(len(windows))]
    if label not in labels:
        raise ConfigError(
            f"Expected the start of a window in {time_zone}, one of {labels}. Received: {label!r}. Choose one."
        )
    index = labels.index(label)
    return windows.slice(index, index + 1)


def local_to_utc(wall: datetime, time_zone: str) -> int:
    """Return the UTC seconds of a wall-clock time (the earlier one where the clock repeats it)."""
    return int(wall.replace(tzinfo=zone(time_zone), fold=0).timestamp())


def zone(name: str) -> ZoneInfo:
    """Look up a time zone by its IANA name.

    Raises:
        ConfigError: No such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            f"Expected an IANA time zone. Received: {name!r}. Write e.g. America/New_York under time_zone."
        ) from error


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _clock_steps(start: date, stop: date, time_zone: str) -> tuple[Seconds, Seconds]:
    """UTC instants that surely reach over both ends, and their wall times: quarters, minutes at a change."""
    utc = np.arange(_midnight(start) - 2 * DAY_S, _midnight(stop) + 3 * DAY_S, CLOCK_STEP_S, dtype=np.int64)
    wall = _wall_seconds(utc, time_zone)
    changes = utc[:-1][np.diff(wall) != CLOCK_STEP_S]
    minutes = (changes[:, np.newaxis] + np.arange(MINUTE_S, CLOCK_STEP_S, MINUTE_S)).reshape(-1)
    places = np.searchsorted(utc, minutes)
    return np.insert(utc, places, minutes), np.insert(wall, places, _wall_seconds(minutes, time_zone))


def _wall_seconds(instants: Seconds, time_zone: str) -> Seconds:
    """Wall-clock seconds at UTC instants."""
    import polars as pl

    zone(time_zone)
    stamps = pl.Series(instants * 1_000_000).cast(pl.Datetime("us", "UTC"))
    wall = stamps.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return wall.dt.epoch("s").to_numpy().astype(np.int64)
