"""What counts as one event: rows of one incident with several victims or reports are gathered first.

Otherwise every incident with two rows would be a near repeat of itself.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.pairs import days_of
from hotspots.points import Floats, Ints
from hotspots.sites import group_sites
from incidents.errors import ConfigError

HOUR_S = 3600


@dataclass(frozen=True)
class Events:
    """Events in order of time.

    Args:
        x: Eastings, metres, ``(events,)``.
        y: Northings, metres, ``(events,)``.
        second: When each happened, whole seconds since 1970 UTC, ``(events,)``.
        of_row: Event of each row given, ``(n,)``; -1 where place or time is unknown.
    """

    x: Floats
    y: Floats
    second: Ints
    of_row: Ints

    def __len__(self) -> int:
        return len(self.x)

    @property
    def merged(self) -> int:
        """Number of rows that are further rows of an event."""
        return int(np.count_nonzero(self.of_row >= 0)) - len(self)

    @property
    def unlocated(self) -> int:
        """Number of rows left out because their place or time is unknown."""
        return int(np.count_nonzero(self.of_row < 0))


def gather_events(
    x: npt.ArrayLike, y: npt.ArrayLike, times: npt.ArrayLike, *, same_event_hours: float = 1.0
) -> Events:
    """Take rows at exactly the same place, each within some time of the one before, as one event.

    An event happened when its first row did. Where the source has dates but no clock, choose 24 hours; all rows of
    one place and date then are one event.

    Args:
        x: Eastings, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        times: When each row's incident happened, UTC, ``datetime64``, ``(n,)``; NaT where unknown.
        same_event_hours: Longest gap within an event; 0 gathers rows of equal time only.

    Raises:
        ConfigError: The gap is negative.
        CrsError: The coordinates look like longitude and latitude.
        DataError: Lengths differ, or no row has coordinates.

    Example:
        >>> at = np.array(
        ...     ["2015-07-04T20:00", "2015-07-04T20:30", "2015-07-05T20:00"], dtype="datetime64[us]"
        ... )
        >>> events = gather_events([5000.0] * 3, [5000.0] * 3, at)
        >>> len(events), events.of_row.tolist()
        (2, [0, 0, 1])
    """
    if not 0 <= same_event_hours < np.inf:
        raise ConfigError(
            f"Expected same_event_hours of 0 or more. Received: {same_event_hours}. Use 1, or 24 for dates without "
            "a clock."
        )
    days = days_of(times, count=np.asarray(x).size)
    sites = group_sites(x, y, weights=np.isfinite(days).astype(np.float64))
    rows = np.flatnonzero(sites.of_point >= 0)
    site = sites.of_point[rows]
    second = np.asarray(times, dtype="datetime64[us]")[rows].astype("datetime64[s]").astype(np.int64)
    order = np.lexsort((second, site))
    is_first = np.ones(len(rows), dtype=bool)
    gap = np.diff(second[order])
    is_first[1:] = (np.diff(site[order]) != 0) | (gap > same_event_hours * HOUR_S)
    first = order[is_first]
    by_time = np.lexsort((site[first], second[first]))
    number = np.empty(len(first), dtype=np.int64)
    number[by_time] = np.arange(len(first))
    of_row = np.full(sites.of_point.shape, -1, dtype=np.int64)
    of_row[rows[order]] = number[np.cumsum(is_first) - 1]
    chosen = first[by_time]
    return Events(sites.x[site[chosen]], sites.y[site[chosen]], second[chosen], of_row)
