"""Rolling origins: which periods each fit may learn from, and which it forecasts."""

import doctest
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.errors import ConfigError
from verify.backtest import Schedule, cut_folds, schedule


def utc(month, day, hour=0):
    return datetime(2020, month, day, hour, tzinfo=UTC)


def test_example_in_the_docs_is_true():
    assert doctest.testmod(schedule).failed == 0


def test_gap_and_embargo_by_hand(make_panel):
    panel = make_panel(days=100)
    plan = Schedule(utc(2, 1), utc(2, 11), retrain_days=5.0, gap_hours=36.0, embargo_hours=24.0)
    first, second = cut_folds(plan, panel.periods)
    assert [str(fold.fit_at)[:16] for fold in (first, second)] == ["2020-01-30T12:00", "2020-02-04T12:00"]
    assert str(first.history(panel).periods.stop[-1])[:10] == "2020-01-29"
    assert first.history(panel).events.known.max() <= first.fit_at
    assert [str(fold.periods(panel).start[0])[:10] for fold in (first, second)] == [
        "2020-02-01",
        "2020-02-06",
    ]
    assert [len(fold.periods(panel)) for fold in (first, second)] == [5, 5]


def test_local_time_is_turned_into_utc(make_panel):
    panel = make_panel(days=100)
    east = datetime.fromisoformat("2020-02-01T00:00:00-05:00")
    assert cut_folds(Schedule(east, utc(3, 1)), panel.periods)[0].fit_at == np.datetime64("2020-02-02")


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 50), st.floats(0.5, 30.0), st.integers(1, 72))
def test_every_period_of_the_span_is_forecast_once_and_never_learned_before(first, span, retrain, hours):
    from datetime import date

    from verify.panel import local_periods

    periods = local_periods(date(2020, 1, 1), date(2020, 6, 1), zone="UTC", hours=hours, every_hours=12)
    start = np.datetime64("2020-01-01", "us") + np.timedelta64(first, "D")
    stop = start + np.timedelta64(span, "D")
    plan = Schedule(*(time.item().replace(tzinfo=UTC) for time in (start, stop)), retrain_days=retrain)
    folds = cut_folds(plan, periods)
    forecast = np.concatenate([np.arange(fold.first, fold.after) for fold in folds])
    assert np.array_equal(forecast, np.flatnonzero((periods.issue >= start) & (periods.issue < stop)))
    for fold in folds:
        learned = np.flatnonzero(periods.stop <= fold.learn_until)
        assert not len(learned) or periods.stop[learned[-1]] <= periods.issue[fold.first]


def test_a_schedule_outside_the_panel_or_upside_down_is_refused(make_panel):
    with pytest.raises(ConfigError, match=r"Expected periods issued in .* Received: none\."):
        cut_folds(Schedule(utc(8, 1), utc(9, 1)), make_panel(days=30).periods)
    with pytest.raises(ConfigError, match="Expected start and stop with a time zone"):
        Schedule(datetime(2020, 1, 1), utc(2, 1))  # noqa: DTZ001
    with pytest.raises(ConfigError, match="Expected start before stop, retrain_days > 0, and hours >= 0"):
        Schedule(utc(2, 1), utc(1, 1))
