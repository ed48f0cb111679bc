"""A small made-up town: 5 x 5 cells of 500 m whose events cluster, some reported late, some without coordinates."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from verify.panel import NOWHERE, Panel, PlaceEvents, local_periods, units_from_raster

SIDE, CELL_M, NODE_M = 5, 500, 250


def lay_town():
    cells = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    nodes = np.kron(cells, np.ones((2, 2), dtype=np.int64))
    units = units_from_raster(nodes, west_m=0.0, north_m=SIDE * CELL_M, cell_size_m=NODE_M)
    return replace(units, group=np.arange(SIDE * SIDE) // SIDE // 3, residents=np.full(SIDE * SIDE, 100.0))


def draw_events(rng, *, since, days, per_day):
    """Parents spread unevenly, a third of them followed by another event nearby within days."""
    count = rng.poisson(days * per_day)
    place = SIDE * CELL_M * rng.beta(1.5, 3.0, (count, 2))
    when = rng.uniform(0.0, days, count)
    heirs = rng.random(count) < 0.3
    when = np.concatenate([when, when[heirs] + rng.exponential(3.0, heirs.sum())])
    place = np.concatenate([place, place[heirs] + rng.normal(0.0, 150.0, (heirs.sum(), 2))])
    kept = (when < days) & (place >= 0.0).all(axis=1) & (place < SIDE * CELL_M).all(axis=1)
    when, place = when[kept], place[kept]
    order = np.argsort(when)
    when, place = when[order], place[order]
    time = since + np.round(when * 86_400_000_000).astype("timedelta64[us]")
    known = time + np.round(rng.exponential(0.5, when.size) * 86_400_000_000).astype("timedelta64[us]")
    row, col = ((SIDE * CELL_M - place[:, 1]) // CELL_M).astype(int), (place[:, 0] // CELL_M).astype(int)
    unit = np.clip(row, 0, SIDE - 1) * SIDE + col
    unit[rng.random(when.size) < 0.02] = NOWHERE
    place[rng.random(when.size) < 0.05] = np.nan
    kind = (rng.random(when.size) < 0.3).astype(np.int64)
    return PlaceEvents(since, time, known, unit.astype(np.int64), place, kind, ("target", "helper"))


@pytest.fixture
def make_panel():
    """A panel of days of a town, made anew from a seed."""

    def make(seed=0, *, days=420, per_day=3.0, hours=24):
        rng = np.random.default_rng(seed)
        first = date(2020, 1, 1)
        periods = local_periods(first, date.fromordinal(first.toordinal() + days), zone="UTC", hours=hours)
        events = draw_events(rng, since=periods.start[0], days=days, per_day=per_day)
        return Panel("a made-up town", events, lay_town(), periods)

    return make


@pytest.fixture
def rewrite_after():
    """The same record with everything that became known after an instant deleted and replaced by other events."""

    def rewrite(panel, instant, *, seed=99):
        known = panel.events.known_by(instant)
        since = panel.events.since
        days = int((panel.periods.stop[-1] - since) / np.timedelta64(1, "D"))
        other = draw_events(np.random.default_rng(seed), since=since, days=days, per_day=9.0)
        later = other.pick(other.known > instant)
        order = np.argsort(np.concatenate([known.time, later.time]), kind="stable")
        joined = [
            np.concatenate([getattr(known, name), getattr(later, name)])[order]
            for name in ("time", "known", "unit", "points", "kind")
        ]
        return replace(panel, events=PlaceEvents(since, *joined, panel.events.kinds))

    return rewrite
