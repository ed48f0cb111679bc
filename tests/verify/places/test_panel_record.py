"""The record behind a panel: counts by hand, clocks that change, and nothing seen before it was known."""

import doctest
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import ConfigError, DataError
from rasterize.windows import make_windows
from verify.panel import (
    Nodes,
    Panel,
    PlaceEvents,
    PlaceUnits,
    local_periods,
    periods,
    units,
    units_from_raster,
)
from verify.panel.panel import check_history


def at(text):
    return np.datetime64(text, "us")


def events_at(times, *, unit, known=None, kind=None):
    count = len(times)
    instants = np.array(times, dtype="datetime64[us]")
    return PlaceEvents(
        at("2020-01-01"),
        instants,
        instants if known is None else np.array(known, dtype="datetime64[us]"),
        np.array(unit),
        np.zeros((count, 2)),
        np.zeros(count, dtype=np.int64) if kind is None else np.array(kind),
        ("target", "helper"),
    )


def two_units():
    return units_from_raster(np.array([[0, 1]]), west_m=0.0, north_m=100.0, cell_size_m=100.0)


def test_examples_in_the_docs_are_true():
    for module in (periods, units):
        found = doctest.testmod(module)
        assert found.attempted > 0
        assert found.failed == 0


def test_counts_by_hand():
    days = local_periods(date(2020, 1, 1), date(2020, 1, 4), zone="UTC")
    events = events_at(
        ["2020-01-01T00:00", "2020-01-01T23:59", "2020-01-02T00:00", "2020-01-02T12:00", "2020-01-03T01:00"],
        unit=[0, 0, 1, 1, -1],
        kind=[0, 0, 0, 1, 0],
    )
    panel = Panel("two units", events, two_units(), days)
    assert panel.counts().tolist() == [[2, 0], [0, 1], [0, 0]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 72), st.integers(1, 72))
def test_an_event_counts_once_in_every_period_that_contains_it(seed, hours, step):
    rng = np.random.default_rng(seed)
    spans = local_periods(
        date(2020, 3, 1), date(2020, 3, 15), zone="America/Chicago", hours=hours, every_hours=step
    )
    minutes = np.sort(rng.integers(-1440, 16 * 1440, 40))
    time = at("2020-03-01T06:00") + minutes.astype("timedelta64[m]")
    events = events_at(time, unit=rng.integers(-1, 2, 40), known=time)
    counts = Panel("spans", events, two_units(), spans).counts()
    inside = (spans.start[:, None] <= time) & (time < spans.stop[:, None])
    by_unit = np.stack([(inside & (events.unit == unit)).sum(axis=1) for unit in (0, 1)], axis=1)
    assert np.array_equal(counts, by_unit)


def test_as_of_hides_what_was_not_yet_known_and_periods_that_had_not_ended():
    events = events_at(
        ["2020-01-01T10:00", "2020-01-01T11:00", "2020-01-02T10:00"],
        unit=[0, 1, 0],
        known=["2020-01-01T10:00", "2020-01-05T00:00", "2020-01-02T10:00"],
    )
    panel = Panel("late", events, two_units(), local_periods(date(2020, 1, 1), date(2020, 1, 6), zone="UTC"))
    then = panel.as_of(at("2020-01-02T12:00"))
    assert then.events.time.tolist() == events.time[[0, 2]].tolist()
    assert then.counts().tolist() == [[1, 0]]
    assert panel.as_of(at("2020-01-05T00:00")).counts().sum() == 3


def test_as_of_twice_is_as_of_the_earlier(make_panel):
    panel = make_panel()
    early, late = at("2020-05-01T07:00"), at("2020-08-01")
    twice, once = panel.as_of(late).as_of(early), panel.as_of(early)
    assert np.array_equal(twice.events.time, once.events.time)
    assert np.array_equal(twice.counts(), once.counts())


@pytest.mark.parametrize("zone", ["America/New_York", "America/Chicago", "Asia/Kolkata"])
def test_periods_agree_with_the_windows_of_the_map(zone):
    first, stop = date(2015, 3, 1), date(2015, 11, 30)
    mine, theirs = local_periods(first, stop, zone=zone, hours=2), make_windows(first, stop, time_zone=zone)
    assert np.array_equal(mine.start, theirs.bounds[:-1].astype("datetime64[s]"))
    assert np.array_equal(mine.stop, theirs.bounds[1:].astype("datetime64[s]"))


def test_lead_moves_the_issue_and_nothing_else():
    days = local_periods(date(2020, 1, 1), date(2020, 1, 3), zone="UTC", lead_hours=6)
    assert days.issue.tolist() == (days.start - np.timedelta64(6, "h")).tolist()
    assert days.start[0] == at("2020-01-01")


def test_ground_and_centre_of_a_unit_with_a_corner():
    corner = units_from_raster(np.array([[0, 0], [0, -1]]), west_m=0.0, north_m=20.0, cell_size_m=10.0)
    assert corner.area_m2.tolist() == [300.0]
    assert corner.centre[0].tolist() == pytest.approx([25 / 3, 35 / 3])


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match="order of time, each known no earlier"):
        events_at(["2020-01-02", "2020-01-01"], unit=[0, 0])
    with pytest.raises(DataError, match="order of time, each known no earlier"):
        events_at(["2020-01-02"], unit=[0], known=["2020-01-01"])
    with pytest.raises(DataError, match=r"Expected kinds in \[0, 2\). Received: 2 to 2."):
        events_at(["2020-01-02"], unit=[0], kind=[2])
    with pytest.raises(DataError, match=r"Expected units in \[-1, 2\). Received: 5 to 5. Use -1 outside."):
        Panel(
            "?",
            events_at(["2020-01-02"], unit=[5]),
            two_units(),
            local_periods(date(2020, 1, 1), date(2020, 1, 2), zone="UTC"),
        )
    with pytest.raises(DataError, match="Expected at least one node in each of 2 units"):
        PlaceUnits(("a", "b"), Nodes(np.zeros((1, 2)), np.array([1]), 10.0))
    with pytest.raises(DataError, match=r"Expected group >= 0\. Received: -1\. Give every unit one\."):
        PlaceUnits(("a", "b"), two_units().nodes, group=np.array([0, -1]))
    with pytest.raises(ConfigError, match=r"Expected days \[first, stop\)"):
        local_periods(date(2020, 1, 2), date(2020, 1, 1), zone="UTC")


def test_a_history_without_events_is_refused(make_panel):
    panel = make_panel()
    with pytest.raises(DataError, match="Expected events to learn from"):
        check_history(panel.as_of(panel.periods.start[0]))
