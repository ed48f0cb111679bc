"""When a backtest refits its models, and what each fit may see: origins that roll forward in time."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np

from incidents.errors import ConfigError
from verify.panel.panel import Panel
from verify.panel.periods import Periods


@dataclass(frozen=True)
class Schedule:
    """A rolling-origin schedule.

    The embargo for the horizon always holds: a period that had not ended at the fit is not learned from.

    Args:
        start: Issue of the first forecast to be scored, with a time zone.
        stop: Issues from here on are left out, with a time zone.
        retrain_days: From one fit to the next.
        gap_hours: From each fit to the first issue that uses it, >= 0: what it takes to fit and to deploy.
        embargo_hours: Periods that ended less than so long before a fit are not learned from either, >= 0:
            their events may not all have been reported.

    Raises:
        ConfigError: A time without a zone, an empty span, or a negative number.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    start: datetime
    stop: datetime
    retrain_days: float = 91.0
    gap_hours: float = 0.0
    embargo_hours: float = 0.0

    def __post_init__(self) -> None:
        if self.start.utcoffset() is None or self.stop.utcoffset() is None:
            raise ConfigError(
                f"Expected start and stop with a time zone. Received: {self.start} and {self.stop}. Add tzinfo=UTC."
            )
        if self.stop <= self.start or self.retrain_days <= 0 or min(self.gap_hours, self.embargo_hours) < 0:
            raise ConfigError(
                f"Expected start before stop, retrain_days > 0, and hours >= 0. Received: {self}. Correct the schedule."
            )


@dataclass(frozen=True)
class Fold:
    """One fit and the forecasts made with it.

    Args:
        number: From 0.
        fit_at: The fit sees what was on record then, UTC.
        learn_until: Periods that ended later are not learned from, UTC.
        first: First period forecast, as an index.
        after: The period after the last one.
    """

    number: int
    fit_at: np.datetime64
    learn_until: np.datetime64
    first: int
    after: int

    def history(self, panel: Panel) -> Panel:
        """What the fit may see."""
        seen = panel.as_of(self.fit_at)
        return seen.during(seen.periods.stop <= self.learn_until)

    def periods(self, panel: Panel) -> Periods:
        """What is forecast."""
        return panel.periods.rows(slice(self.first, self.after))


def cut_folds(schedule: Schedule, periods: Periods) -> tuple[Fold, ...]:
    """Folds that between them forecast every period issued within the schedule, in the order of time.

    Args:
        schedule: When.
        periods: All periods of a panel.

    Raises:
        ConfigError: No period is issued within the schedule.

    Example:
        >>> from datetime import date
        >>> from verify.panel import local_periods
        >>> days = local_periods(date(2017, 1, 1), date(2018, 1, 1), zone="UTC")
        >>> schedule = Schedule(datetime(2017, 7, 1, tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC))
        >>> [(str(fold.fit_at)[:10], fold.after - fold.first) for fold in cut_folds(schedule, days)]
        [('2017-07-01', 91), ('2017-09-30', 91), ('2017-12-30', 2)]
    """
    start, stop = (np.datetime64(_to_utc(time), "us") for time in (schedule.start, schedule.stop))
    first, after = (int(np.searchsorted(periods.issue, time)) for time in (start, stop))
    if after <= first:
        raise ConfigError(
            f"Expected periods issued in [{start}, {stop}). Received: none. Name days that the panel covers."
        )
    origins = np.arange(start, stop, _microseconds(24.0 * schedule.retrain_days))
    edges = np.append(np.searchsorted(periods.issue, origins), after)
    folds: list[Fold] = []
    for begin, end in pairwise(edges):
        if begin < end:
            fit_at = periods.issue[begin] - _microseconds(schedule.gap_hours)
            until = fit_at - _microseconds(schedule.embargo_hours)
            folds.append(Fold(len(folds), fit_at, until, int(begin), int(end)))
    return tuple(folds)


def _microseconds(hours: float) -> np.timedelta64:
    return np.timedelta64(round(hours * 3_600_000_000), "us")


def _to_utc(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(tzinfo=None)
