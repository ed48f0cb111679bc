"""What the past weighs at each issue: decayed and windowed sums of events, as known then.

Each event enters at the first issue at which it was on record, with the weight that its age gives it; from
there the sums roll forward. Sums are ``(period, unit)``.
"""

from typing import Any

import numpy as np

from verify.checks import Floats, Integers
from verify.panel.events import PlaceEvents, days_between
from verify.panel.periods import Periods

SparseMatrix = Any
"""A scipy.sparse CSR array of shape (events, units): how each event is spread over the units."""


def in_own_unit(events: PlaceEvents, *, units: int) -> SparseMatrix:
    """Each event counted in the unit that it fell in, (n, u)."""
    from scipy.sparse import csr_array

    rows = np.arange(len(events))
    return csr_array((np.ones(len(events)), (rows, events.unit)), shape=(len(events), units))


def in_one_place(events: PlaceEvents) -> SparseMatrix:
    """Each event counted in the city as a whole, (n, 1)."""
    from scipy.sparse import csr_array

    return csr_array(np.ones((len(events), 1)))


def decayed_sums(
    spread: SparseMatrix, events: PlaceEvents, periods: Periods, *, half_life_days: float = np.inf
) -> Floats:
    """Sum of ``spread * 2^(-age / half life)`` over the events known at each issue, (p, u).

    Args:
        spread: Of each event over the units, (n, u).
        events: The record, (n,).
        periods: Periods with their issue times.
        half_life_days: Age at which an event counts half; infinite counts all alike.
    """
    entry = first_issue(periods, events)
    enters = np.flatnonzero(entry < len(periods))
    age = days_between(events.time[enters], periods.issue[entry[enters]])
    fresh = _add_by_period(
        spread, enters, entry, weights=np.exp2(-age / half_life_days), periods=len(periods)
    )
    kept = np.exp2(-days_between(periods.issue[:-1], periods.issue[1:]) / half_life_days)
    for period in range(1, len(periods)):
        fresh[period] += kept[period - 1] * fresh[period - 1]
    return fresh


def windowed_sums(
    spread: SparseMatrix, events: PlaceEvents, periods: Periods, *, window_days: float
) -> Floats:
    """Sum of ``spread`` over the events of the last days that are known at each issue, (p, u).

    Args:
        spread: Of each event over the units, (n, u).
        events: The record, (n,).
        periods: Periods with their issue times.
        window_days: Events of ``[issue - window, issue)`` count.
    """
    window = np.timedelta64(round(window_days * 86_400_000_000), "us")
    entry, exit_ = (
        first_issue(periods, events),
        np.searchsorted(periods.issue, events.time + window, side="right"),
    )
    stays = np.flatnonzero(entry < np.minimum(exit_, len(periods)))
    leaves = stays[exit_[stays] < len(periods)]
    change = _add_by_period(spread, stays, entry, weights=np.ones(stays.size), periods=len(periods))
    change -= _add_by_period(spread, leaves, exit_, weights=np.ones(leaves.size), periods=len(periods))
    return np.asarray(np.cumsum(change, axis=0), dtype=np.float64)


def effective_days(
    events: PlaceEvents, periods: Periods, *, half_life_days: float = np.inf, window_days: float = np.inf
) -> Floats:
    """Days of record behind each sum, counted with their weight, (p,): sum over days is a rate.

    A record shorter than a day counts as one day.
    """
    age = np.maximum(days_between(events.since, periods.issue), 1.0)
    if np.isfinite(half_life_days):
        return np.asarray((1.0 - np.exp2(-age / half_life_days)) * half_life_days / np.log(2.0))
    return np.minimum(age, window_days)


def first_issue(periods: Periods, events: PlaceEvents) -> Integers:
    """First period at whose issue each event had happened and was on record, ``len(periods)`` for none."""
    recorded = np.searchsorted(periods.issue, events.known, side="left")
    # What happens at the very instant of the issue belongs to what is forecast.
    happened = np.searchsorted(periods.issue, events.time, side="right")
    return np.maximum(recorded, happened).astype(np.int64)


def _add_by_period(
    spread: SparseMatrix, events: Integers, period: Integers, *, weights: Floats, periods: int
) -> Floats:
    from scipy.sparse import csr_array

    chooses = csr_array((weights, (period[events], events)), shape=(periods, spread.shape[0]))
    return np.asarray((chooses @ spread).toarray(), dtype=np.float64)
