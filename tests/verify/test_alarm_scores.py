"""Alarms: matching by hand, against a slow double loop, and what false alarms and area-hours cost."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.errors import ConfigError, DataError
from verify.alarm_scores import Alarms, Events, Period, Tolerance, score_alarms

T0 = np.datetime64("2015-06-01T00:00:00")


def at(hours):
    return T0 + (np.asarray(hours, dtype=float) * 3600).astype("timedelta64[s]")


def make_alarms(*rows, size_km2=None):
    """Rows of area, issued, from, to in hours."""
    table = np.array(rows, dtype=float).reshape(-1, 4)
    return Alarms(table[:, 0].astype(int), at(table[:, 1]), at(table[:, 2]), at(table[:, 3]), size_km2)


def make_events(*rows):
    table = np.array(rows, dtype=float).reshape(-1, 2)
    return Events(table[:, 0].astype(int), at(table[:, 1]))


TWO_WEEKS = Period(T0, T0 + np.timedelta64(14, "D"), residents=50_000)


def match_slowly(alarms, events, tolerance):
    """Lead in hours for each event and use of each alarm, by comparing every pair."""
    before, after = (
        np.timedelta64(round(h * 3600), "s") for h in (tolerance.before_hours, tolerance.after_hours)
    )
    leads, used = np.zeros(len(events.area)), np.zeros(len(alarms.area), dtype=bool)
    caught = np.zeros(len(events.area), dtype=bool)
    for e, (area, time) in enumerate(zip(events.area, events.occurred_at, strict=True)):
        for a in range(len(alarms.area)):
            in_span = alarms.valid_from[a] - before <= time < alarms.valid_to[a] + after
            if alarms.area[a] == area and in_span and alarms.issued_at[a] <= time:
                used[a], caught[e] = True, True
                leads[e] = max(leads[e], (time - alarms.issued_at[a]) / np.timedelta64(3600, "s"))
    return leads, used, caught


def test_a_week_by_hand():
    alarms = make_alarms((1, 0, 2, 4), (1, 1, 2, 4), (2, 0, 2, 4), (1, 50, 52, 54))
    events = make_events((1, 3), (2, 5), (1, 4), (3, 3))
    found = score_alarms(alarms, events, period=TWO_WEEKS)
    # The first event was warned of twice, the first time 3 hours before; 4:00 is no longer in [2, 4).
    assert found.caught.tolist() == [True, False, False, False]
    assert found.lead_hours.tolist() == [3.0, 0.0, 0.0, 0.0]
    assert found.useful.tolist() == [True, True, False, False]
    assert found.pod == 0.25
    assert found.far == 0.5
    assert found.csi == pytest.approx(1 / 6)
    assert found.false_alarms_per_week == 1.0
    assert found.false_alarms_per_week_per_10000 == pytest.approx(0.2)
    # Areas 1 and 2 for two hours each, and area 1 again; the overlap counts once.
    assert found.flagged_area_hours == 6.0
    assert found.lead_quantiles([0.5, 1.0]).tolist() == [0.0, 3.0]


def test_tolerance_widens_the_span_and_is_kept_with_the_scores():
    alarms, events = make_alarms((1, 0, 2, 4)), make_events((1, 5), (1, 1))
    strict = score_alarms(alarms, events, period=TWO_WEEKS)
    wide = score_alarms(
        alarms, events, period=TWO_WEEKS, tolerance=Tolerance(before_hours=1, after_hours=1.5)
    )
    assert strict.pod == 0.0
    assert wide.pod == 1.0
    assert wide.tolerance == Tolerance(1, 1.5)


def test_an_alarm_after_the_event_is_no_warning():
    found = score_alarms(make_alarms((1, 3.5, 2, 4)), make_events((1, 3)), period=TWO_WEEKS)
    assert found.pod == 0.0
    assert found.far == 1.0
    at_once = score_alarms(make_alarms((1, 3, 2, 4)), make_events((1, 3)), period=TWO_WEEKS)
    assert at_once.pod == 1.0
    assert at_once.lead_hours.tolist() == [0.0]


rows = st.lists(
    st.tuples(*[st.integers(0, 3), st.integers(0, 20), st.integers(0, 20), st.integers(1, 12)]), max_size=12
)


@settings(max_examples=200, deadline=None)
@given(
    rows,
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=12),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_agrees_with_comparing_every_pair(alarm_rows, event_rows, before, after):
    alarms = make_alarms(
        *((area, issued, start, start + length) for area, issued, start, length in alarm_rows)
    )
    events, tolerance = make_events(*event_rows), Tolerance(before, after)
    found = score_alarms(alarms, events, period=TWO_WEEKS, tolerance=tolerance)
    leads, used, caught = match_slowly(alarms, events, tolerance)
    assert found.lead_hours.tolist() == leads.tolist()
    assert found.useful.tolist() == used.tolist()
    assert found.caught.tolist() == caught.tolist()
    hours = {(area, hour) for area, _, start, length in alarm_rows for hour in range(start, start + length)}
    assert found.flagged_area_hours == pytest.approx(len(hours))


def test_size_of_areas_weighs_their_hours():
    alarms = make_alarms((1, 0, 2, 4), (2, 0, 2, 3), size_km2=np.array([0.5, 3.0]))
    assert score_alarms(alarms, make_events(), period=TWO_WEEKS).flagged_area_hours == pytest.approx(4.0)


def test_nothing_to_score_is_undefined_not_an_error():
    found = score_alarms(make_alarms(), make_events(), period=Period(T0, T0 + np.timedelta64(7, "D")))
    assert math.isnan(found.pod)
    assert math.isnan(found.far)
    assert math.isnan(found.csi)
    assert np.isnan(found.lead_quantiles()).all()
    assert found.false_alarms_per_week == 0.0
    assert math.isnan(found.false_alarms_per_week_per_10000)


def test_bad_input_is_refused_with_its_remedy():
    alarms, events = make_alarms((1, 0, 2, 4)), make_events((1, 3))
    with pytest.raises(DataError, match=r"^Expected alarms to end after they start\."):
        score_alarms(make_alarms((1, 0, 4, 4)), events, period=TWO_WEEKS)
    with pytest.raises(DataError, match=r"^Expected times as datetime64 in UTC without NaT\."):
        score_alarms(alarms, Events(events.area, np.array(["NaT"], dtype="datetime64[s]")), period=TWO_WEEKS)
    with pytest.raises(DataError, match=r"^Expected columns of one length for alarms, and for events\."):
        score_alarms(alarms, Events(events.area[:0], events.occurred_at), period=TWO_WEEKS)
    with pytest.raises(ConfigError, match=r"^Expected a period of some length with residents > 0"):
        score_alarms(alarms, events, period=Period(T0, T0))
    with pytest.raises(ConfigError, match=r"^Expected tolerances >= 0 hours\. Received: -1 and 0\.0\.$"):
        Tolerance(before_hours=-1)
