"""Windows of the wall clock: contiguous, every instant in exactly one, whatever the clock does."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import ConfigError
from rasterize.windows import HOUR_S, Windows, local_to_utc, make_windows

ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Caracas",
    "America/Chicago",
    "America/Havana",
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Casey",
    "Antarctica/Troll",
    "Asia/Gaza",
    "Asia/Kathmandu",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Chatham",
    "UTC",
)
START, STOP = date(2011, 1, 1), date(2021, 1, 1)


@cache
def ten_years(zone: str) -> Windows:
    return make_windows(START, STOP, time_zone=zone)


def wall_seconds(instant: int, zone: str) -> int:
    """Wall clock of an instant by the standard library, as if the wall were UTC."""
    return int(datetime.fromtimestamp(instant, ZoneInfo(zone)).replace(tzinfo=UTC).timestamp())


def exists(wall: int, zone: str) -> bool:
    """Whether a wall time ever shows on the clock: it survives the way to UTC and back."""
    shown = datetime.fromtimestamp(wall, UTC).replace(tzinfo=None)
    utc = local_to_utc(shown, zone)
    return wall_seconds(utc, zone) == wall


@st.composite
def instants(draw: st.DrawFn, zone: str) -> int:
    """Any instant of the ten years, half of the time near a change of the clock."""
    windows = ten_years(zone)
    changes = windows.bounds[:-1][windows.exposure_hours != 2]
    first, last = int(windows.bounds[0]), int(windows.bounds[-1]) - 1
    anywhere = st.integers(first, last)
    if not len(changes):
        return draw(anywhere)
    near = st.builds(
        lambda change, seconds: min(max(change + seconds, first), last),
        st.sampled_from(changes.tolist()),
        st.integers(-6 * HOUR_S, 6 * HOUR_S),
    )
    return draw(st.one_of(anywhere, near))


def test_an_ordinary_day_by_hand() -> None:
    windows = make_windows(date(2015, 7, 4), date(2015, 7, 5), time_zone="America/New_York")
    assert len(windows) == 12
    assert windows.label(10) == "2015-07-04T20:00"
    assert windows.bounds[10] == datetime(2015, 7, 5, 0, tzinfo=UTC).timestamp()
    assert windows.hour_of_week[10] == 5 * 24 + 20
    assert windows.day_of_year[0] == pytest.approx((31 + 28 + 31 + 30 + 31 + 30 + 3) / 365)


@pytest.mark.parametrize(("day", "index", "hours"), [(date(2015, 3, 8), 1, 1.0), (date(2015, 11, 1), 0, 3.0)])
def test_days_on_which_the_clock_changes_by_hand(day: date, index: int, hours: float) -> None:
    windows = make_windows(day, day + timedelta(days=1), time_zone="America/New_York")
    expected = np.full(12, 2.0)
    expected[index] = hours
    assert windows.exposure_hours.tolist() == expected.tolist()


@pytest.mark.parametrize(("start", "stop", "days"), [(28, 30, 2), (28, 31, 2), (30, 31, 0), (29, 32, 2)])
def test_the_day_that_samoa_skipped_has_no_windows(start: int, stop: int, days: int) -> None:
    first = date(2011, 12, 1)
    windows = make_windows(
        first + timedelta(days=start - 1), first + timedelta(days=stop - 1), time_zone="Pacific/Apia"
    )
    assert len(windows) == 12 * days
    assert len(windows.bounds) == len(windows) + 1


@pytest.mark.parametrize("zone", ZONES)
def test_windows_are_contiguous_and_exposure_sums_to_elapsed_time(zone: str) -> None:
    windows = ten_years(zone)
    first, last = (local_to_utc(datetime(day.year, day.month, day.day), zone) for day in (START, STOP))  # noqa: DTZ001
    assert (np.diff(windows.bounds) > 0).all()
    assert (np.diff(windows.wall_start) > 0).all()
    assert (windows.bounds[0], windows.bounds[-1]) == (first, last)
    assert windows.exposure_hours.sum() == pytest.approx((last - first) / HOUR_S)


@pytest.mark.parametrize("zone", ZONES)
def test_wall_start_is_what_the_clock_shows_except_where_it_jumps_over_it(zone: str) -> None:
    windows = ten_years(zone)
    shown = np.array([wall_seconds(bound, zone) for bound in windows.bounds[:-1].tolist()])
    jumped = np.flatnonzero(shown != windows.wall_start)
    assert all(shown[index] > windows.wall_start[index] for index in jumped)
    assert not any(exists(int(windows.wall_start[index]), zone) for index in jumped)
    assert len(jumped) < 40


@pytest.mark.parametrize("zone", ZONES)
@given(data=st.data())
def test_every_instant_is_in_exactly_one_window(zone: str, data: st.DataObject) -> None:
    instant, windows = data.draw(instants(zone)), ten_years(zone)
    holding = np.flatnonzero((windows.bounds[:-1] <= instant) & (instant < windows.bounds[1:]))
    assert windows.of(np.array([instant])).tolist() == holding.tolist()
    assert len(holding) == 1


@pytest.mark.parametrize("zone", ZONES)
@given(data=st.data())
def test_the_window_is_the_one_on_the_clock_unless_the_hour_repeats(zone: str, data: st.DataObject) -> None:
    instant, windows = data.draw(instants(zone)), ten_years(zone)
    wall = wall_seconds(instant, zone)
    start = int(windows.wall_start[windows.of(np.array(instant))])
    repeated = datetime.fromtimestamp(instant, ZoneInfo(zone)).fold == 1
    assert start == wall - wall % (2 * HOUR_S) or (repeated and start > wall)


def test_one_hour_windows_of_three_days_against_a_loop_over_minutes() -> None:
    # St John's put its clock back at one minute past midnight, from 00:01 to 23:01.
    day, zone = date(2010, 11, 6), "America/St_Johns"
    windows = make_windows(day, day + timedelta(days=3), time_zone=zone, hours=1)
    bounds, open_window = [], -1
    for instant in range(local_to_utc(datetime(2010, 11, 6), zone), int(windows.bounds[-1]) + 1, 60):  # noqa: DTZ001
        window = wall_seconds(instant, zone) // HOUR_S
        if window > open_window:
            bounds.append(instant)
            open_window = window
    assert windows.bounds.tolist() == bounds


def test_instants_outside_have_no_window() -> None:
    windows = make_windows(date(2015, 7, 4), date(2015, 7, 5), time_zone="UTC")
    edges = windows.bounds[[0, -1]]
    assert windows.of(np.concatenate([edges - 1, edges])).tolist() == [-1, 11, 0, -1]


def test_a_slice_keeps_bounds_and_labels() -> None:
    windows = make_windows(date(2015, 7, 4), date(2015, 7, 6), time_zone="UTC")
    part = windows.slice(10, 14)
    assert [part.label(index) for index in range(4)] == [windows.label(index) for index in range(10, 14)]
    assert part.of(windows.bounds[10:15]).tolist() == [0, 1, 2, 3, -1]


def test_error_texts() -> None:
    with pytest.raises(ConfigError) as error:
        make_windows(START, STOP, time_zone="America/Baltimore")
    assert str(error.value) == (
        "Expected an IANA time zone. Received: 'America/Baltimore'. Write e.g. America/New_York under time_zone."
    )
    with pytest.raises(ConfigError) as error:
        make_windows(START, STOP, time_zone="UTC", hours=5)
    assert str(error.value) == (
        "Expected window hours that divide 24. Received: 5. Use 1, 2, 3, 4, 6, 8 or 12."
    )
    with pytest.raises(ConfigError) as error:
        make_windows(STOP, START, time_zone="UTC")
    assert str(error.value) == (
        "Expected a period that ends after it starts. Received: 2021-01-01 to 2011-01-01. Name a later end."
    )
