"""What alarms were worth to those who heard them: events caught, time gained, and what false alarms cost.

An alarm is issued, then holds for one area and a span ``[valid_from, valid_to)``. Times are datetime64 in
UTC, areas whole numbers; alarms are ``(a,)`` and events ``(n,)``, both in any order.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.checks import Bools, Floats, Integers

Times = npt.NDArray[np.datetime64]
WEEK_S = 7 * 24 * 3600


@dataclass(frozen=True)
class Alarms:
    """Alarms as they were sent.

    Args:
        area: Number of the area that each alarm names, (a,).
        issued_at: When it was sent, (a,).
        valid_from: Start of the span that it warns of, (a,).
        valid_to: End of that span, not included, after ``valid_from``, (a,).
        size_km2: Size of the area, (a,); left out, every area counts 1, and area-hours are a number of areas
            times hours.
    """

    area: Integers
    issued_at: Times
    valid_from: Times
    valid_to: Times
    size_km2: Floats | None = None


@dataclass(frozen=True)
class Events:
    """Events: number of the area, (n,), and when it happened, (n,)."""

    area: Integers
    occurred_at: Times


@dataclass(frozen=True)
class Period:
    """What was watched: ``[start, stop)`` in UTC, and how many people live there."""

    start: np.datetime64
    stop: np.datetime64
    residents: float | None = None

    @property
    def weeks(self) -> float:
        """Length in weeks."""
        return float((self.stop - self.start) / np.timedelta64(WEEK_S, "s"))


@dataclass(frozen=True)
class Tolerance:
    """How far outside the span of an alarm an event may lie and still count as warned of.

    Args:
        before_hours: Hours before ``valid_from``.
        after_hours: Hours after ``valid_to``.
    """

    before_hours: float = 0.0
    after_hours: float = 0.0

    def __post_init__(self) -> None:
        if not (self.before_hours >= 0.0 and self.after_hours >= 0.0):
            raise ConfigError(
                f"Expected tolerances >= 0 hours. Received: {self.before_hours} and {self.after_hours}."
            )


@dataclass(frozen=True)
class AlarmScores:
    """What a set of alarms was worth.

    Args:
        caught: Whether each event was warned of, (n,).
        lead_hours: Hours from the first alarm that warned of an event to the event, 0 for a miss, (n,).
        useful: Whether each alarm was followed by an event in its area and span, (a,).
        false_alarms_per_week: Alarms that were not useful, per week of the period.
        false_alarms_per_week_per_10000: The same per 10,000 residents; NaN without residents.
        flagged_area_hours: Hours under alarm times size of the area (km2, or 1), overlaps counted once.
        tolerance: The tolerance that all of this was counted with.
    """

    caught: Bools
    lead_hours: Floats
    useful: Bools
    false_alarms_per_week: float
    false_alarms_per_week_per_10000: float
    flagged_area_hours: float
    tolerance: Tolerance = field(default_factory=Tolerance)

    @property
    def pod(self) -> float:
        """Share of events warned of; NaN without events."""
        return _share(self.caught)

    @property
    def far(self) -> float:
        """Share of alarms that came to nothing; NaN without alarms."""
        return 1.0 - _share(self.useful)

    @property
    def csi(self) -> float:
        """Events caught among events caught, events missed and false alarms.

        Events are counted for hits and alarms for false alarms, so several events under one alarm count each.
        """
        false_alarms = self.useful.size - int(self.useful.sum())
        found = self.caught.size + false_alarms
        return float(self.caught.sum()) / found if found else float("nan")

    def lead_quantiles(self, levels: npt.ArrayLike = (0.1, 0.25, 0.5, 0.75, 0.9)) -> Floats:
        """Quantiles of the lead time over all events in hours, misses as zero, (k,); NaN without events."""
        wanted = np.asarray(levels, dtype=np.float64)
        if self.lead_hours.size == 0:
            return np.full(wanted.shape, np.nan)
        return np.asarray(np.quantile(self.lead_hours, wanted), dtype=np.float64)


def score_alarms(
    alarms: Alarms, events: Events, *, period: Period, tolerance: Tolerance | None = None
) -> AlarmScores:
    """Match alarms with events of the same area and score them.

    An event is caught when an alarm for its area was issued at or before it and the event lies in the span,
    widened by the tolerance. Of several such alarms the first issued gives the lead time. A wide tolerance
    flatters: always quote it, and compare only at the same one.

    Args:
        alarms: All alarms issued for the period.
        events: All events of the period.
        period: What was watched.
        tolerance: Of the match in time; none if left out.

    Raises:
        DataError: Lengths differ, a time is missing, or a span ends before it starts.
        ConfigError: The period is empty, or residents are not > 0.
    """
    _check(alarms, events, period)
    allowed = Tolerance() if tolerance is None else tolerance
    pairs = _match(alarms, events, allowed)
    lead_s = _seconds(events.occurred_at)[pairs.event] - _seconds(alarms.issued_at)[pairs.alarm]
    longest = np.full(events.area.size, -1, dtype=np.int64)
    np.maximum.at(longest, pairs.event, lead_s)
    useful = np.zeros(alarms.area.size, dtype=np.bool_)
    useful[pairs.alarm] = True
    per_week = float((~useful).sum()) / period.weeks
    return AlarmScores(
        caught=longest >= 0,
        lead_hours=np.maximum(longest, 0) / 3600.0,
        useful=useful,
        false_alarms_per_week=per_week,
        false_alarms_per_week_per_10000=per_week / period.residents * 1e4
        if period.residents
        else float("nan"),
        flagged_area_hours=_area_hours(alarms),
        tolerance=allowed,
    )


@dataclass(frozen=True)
class _Pairs:
    """Alarms and the events that they warned of, as rows of each, (m,)."""

    alarm: Integers
    event: Integers


def _match(alarms: Alarms, events: Events, tolerance: Tolerance) -> _Pairs:
    """Pairs of an event and each alarm that warned of it.

    Alarms are sorted by area and start on one axis of seconds, on which areas lie too far apart to meet; the
    candidates of an event are then one slice of it, as long as the longest span.
    """
    start, stop = _seconds(alarms.valid_from), _seconds(alarms.valid_to)
    before, after = (round(hours * 3600) for hours in (tolerance.before_hours, tolerance.after_hours))
    happened = _seconds(events.occurred_at)
    reach = int((stop - start).max(initial=0)) + after
    offset = _place_areas(alarms, events, margin=reach + before + 1)
    at = happened + offset.event
    order = np.argsort(start + offset.alarm, kind="stable")
    line = (start + offset.alarm)[order]
    first, last = np.searchsorted(line, at - reach), np.searchsorted(line, at + before, side="right")
    candidates = last - first
    event = np.repeat(np.arange(at.size), candidates)
    skipped = np.repeat(np.cumsum(candidates) - candidates, candidates)
    alarm = order[np.arange(event.size) - skipped + np.repeat(first, candidates)]
    time = happened[event]
    in_span = (start[alarm] - before <= time) & (time < stop[alarm] + after)
    warned = in_span & (_seconds(alarms.issued_at)[alarm] <= time)
    return _Pairs(alarm[warned], event[warned])


@dataclass(frozen=True)
class _Offsets:
    """Seconds to add to the times of alarms, (a,), and events, (n,), so that areas never meet."""

    alarm: Integers
    event: Integers


def _place_areas(alarms: Alarms, events: Events, *, margin: int) -> _Offsets:
    times = np.concatenate(
        [_seconds(alarms.valid_from), _seconds(alarms.valid_to), _seconds(events.occurred_at)]
    )
    span = int(np.ptp(times)) + margin if times.size else margin
    _, number = np.unique(np.concatenate([alarms.area, events.area]), return_inverse=True)
    return _Offsets(number[: alarms.area.size] * span, number[alarms.area.size :] * span)


def _area_hours(alarms: Alarms) -> float:
    """Hours times size under at least one alarm."""
    if alarms.area.size == 0:
        return 0.0
    offset = _place_areas(alarms, Events(alarms.area[:0], alarms.valid_from[:0]), margin=1).alarm
    start, stop = _seconds(alarms.valid_from) + offset, _seconds(alarms.valid_to) + offset
    order = np.argsort(start, kind="stable")
    start, stop = start[order], stop[order]
    # What earlier alarms of the area have covered already; the areas before it end earlier still.
    covered = np.concatenate([start[:1], np.maximum.accumulate(stop)[:-1]])
    added = np.maximum(stop - np.maximum(start, covered), 0) / 3600.0
    return float(added.sum() if alarms.size_km2 is None else added @ alarms.size_km2[order])


def _check(alarms: Alarms, events: Events, period: Period) -> None:
    times = (alarms.issued_at, alarms.valid_from, alarms.valid_to, events.occurred_at)
    lengths = {len(alarms.area), *(len(time) for time in times[:3])}
    if alarms.size_km2 is not None:
        lengths.add(len(alarms.size_km2))
    if len(lengths) != 1 or len(events.area) != len(events.occurred_at):
        raise DataError(
            "Expected columns of one length for alarms, and for events. Received: others. Align them."
        )
    if any(not np.issubdtype(time.dtype, np.datetime64) or bool(np.isnat(time).any()) for time in times):
        raise DataError(
            "Expected times as datetime64 in UTC without NaT. Received: others. Convert them first."
        )
    if bool((alarms.valid_to <= alarms.valid_from).any()):
        raise DataError("Expected alarms to end after they start. Received: a span without length. Drop it.")
    if not period.stop > period.start or (period.residents is not None and not period.residents > 0.0):
        raise ConfigError(
            f"Expected a period of some length with residents > 0, or none given. Received: {period.start} to "
            f"{period.stop}, {period.residents} residents."
        )


def _seconds(times: Times) -> Integers:
    return times.astype("datetime64[s]").astype(np.int64)


def _share(mask: Bools) -> float:
    return float(mask.mean()) if mask.size else float("nan")
