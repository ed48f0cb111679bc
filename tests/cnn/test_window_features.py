"""The table of features by issue: the calendar ahead, and what was on record."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn.features import LAG_WINDOWS, RATE_DAYS, window_features
from cnn.history import recent_rates, same_hour_counts
from cnn.labels import resolve_target
from cnn.settings import Target

VIOLENT = ("homicide", "shooting")


def features_of(tensor, **changes):
    return window_features(tensor, resolve_target(replace(Target(VIOLENT), **changes), tensor))


def column(features, part, name):
    return getattr(features, part)[:, features.names[part].index(name)]


def test_the_calendar_describes_the_announced_window(town):
    # 1 July 2015 is a Wednesday; the last issue has no window ahead, and the nearest stands in.
    tensor = town(days=1)
    assert features_of(tensor).hour_of_week.tolist() == [*range(48, 72, 2), 70]
    assert features_of(tensor, lead_hours=4).hour_of_week.tolist() == [*range(52, 72, 2), 70, 70, 70]
    nowcast = features_of(tensor, framing="nowcast")
    assert nowcast.hour_of_week.tolist() == [48, *range(48, 72, 2)]


def test_waves_by_hand(town):
    features = features_of(town(days=1))
    at_six = {name: float(column(features, "calendar", name)[3]) for name in features.names["calendar"]}
    assert at_six["day sin 1"] == pytest.approx(1.0)
    assert at_six["day cos 2"] == pytest.approx(-1.0)
    assert at_six["week cos 1"] == pytest.approx(np.cos(2 * np.pi * 54 / 168))
    assert at_six["year sin 1"] == pytest.approx(np.sin(2 * np.pi * (181 + 0.25) / 365), abs=1e-5)
    assert at_six["week cos 1 x day cos 2"] == pytest.approx(-np.cos(2 * np.pi * 54 / 168))


@pytest.mark.parametrize("day, hours", [(date(2015, 3, 8), 1), (date(2015, 11, 1), 3)])
def test_hours_announced_follow_the_clock(town, day, hours):
    exposure = np.exp(column(features_of(town(days=1, start=day)), "calendar", "log_exposure"))
    changed = 1 if hours == 1 else 0
    np.testing.assert_allclose(exposure, [hours if i == changed else 2.0 for i in range(13)], rtol=1e-6)
    longer = features_of(town(days=1, start=day), horizon_hours=4)
    assert np.exp(column(longer, "calendar", "log_exposure"))[0] == pytest.approx(2 + hours)


def test_recent_rates_by_hand(town, fill):
    # A homicide in window 2, on record at its end, and a theft that nobody knew of before issue 6.
    features = features_of(fill(town(days=1), [(2, 1, 1, 0, 1, 3), (2, 1, 1, 2, 1, 6)]))
    expected = [np.log((1 / i if i >= 3 else 0) + 1 / 84) for i in range(13)]
    np.testing.assert_allclose(
        column(features, "recent", "log rate of target, 7 d"), expected, rtol=1e-6, atol=1e-6
    )
    expected = [np.log((i >= 3) / max(i, 1) + (i >= 6) / max(i, 1) + 1 / 84) for i in range(13)]
    np.testing.assert_allclose(
        column(features, "recent", "log rate of all, 7 d"), expected, rtol=1e-6, atol=1e-6
    )


@settings(max_examples=15, deadline=None)
@given(data=st.data(), lead=st.integers(0, 4))
def test_every_column_is_the_history_of_its_name(tensors, data, lead):
    tensor = data.draw(tensors)
    features = features_of(tensor, lead_hours=2 * lead)
    for channel, name in enumerate(tensor.channels):
        for span in LAG_WINDOWS:
            expected = recent_rates(tensor, np.array([channel]), span).astype(np.float32)
            np.testing.assert_array_equal(column(features, "lags", f"{name}, last {span} windows"), expected)
    same_hour = same_hour_counts(tensor, np.array([0]), weeks=13, lead=lead)
    np.testing.assert_array_equal(column(features, "lags", "target, same hour, 13 weeks"), same_hour)
    for days in RATE_DAYS:
        rate = recent_rates(tensor, np.array([0]), days * 12)
        expected = np.log(rate + 1 / (days * 12)).astype(np.float32)
        np.testing.assert_array_equal(column(features, "recent", f"log rate of target, {days} d"), expected)


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_nowcast_has_the_history_before_its_window(tensors, data):
    tensor = data.draw(tensors)
    nowcast, impending = features_of(tensor, framing="nowcast"), features_of(tensor)
    for part in ("recent", "lags", "calendar", "hour_of_week"):
        np.testing.assert_array_equal(getattr(nowcast, part)[1:], getattr(impending, part)[:-1])
