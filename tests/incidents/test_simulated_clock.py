from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from incidents.simulate.clock import TIME_ZONE, read_clock


@pytest.mark.parametrize(
    ("day", "lengths"),
    [
        (date(2023, 3, 12), [2, 1] + [2] * 10),
        (date(2023, 7, 4), [2] * 12),
        (date(2023, 11, 5), [3] + [2] * 11),
    ],
)
def test_windows_follow_the_wall_clock_through_both_changes(day: date, lengths: list[int]) -> None:
    clock = read_clock(day, day + timedelta(days=1))
    assert np.diff(clock.window_edges).tolist() == lengths


def test_the_night_in_which_the_clock_goes_back() -> None:
    clock = read_clock(date(2023, 11, 5), date(2023, 11, 6))
    sunday = 6 * 24
    assert clock.start == np.datetime64("2023-11-05T04:00:00")
    assert (clock.hour_of_week[:4] - sunday).tolist() == [0, 1, 1, 2]


def test_every_hour_agrees_with_the_standard_library() -> None:
    clock = read_clock(date(2023, 12, 30), date(2025, 1, 2))
    first = datetime(2023, 12, 30, tzinfo=ZoneInfo(TIME_ZONE)).astimezone(UTC)
    local = [(first + timedelta(hours=hour)).astimezone(ZoneInfo(TIME_ZONE)) for hour in range(clock.hours)]
    assert clock.hour_of_week.tolist() == [time.weekday() * 24 + time.hour for time in local]
    assert clock.day_of_year.tolist() == [time.timetuple().tm_yday for time in local]
    two_hourly = [(time.date(), time.hour // 2) for time in local]
    begins = [hour for hour in range(1, clock.hours) if two_hourly[hour] != two_hourly[hour - 1]]
    assert clock.window_edges.tolist() == [0, *begins, clock.hours]


def test_instants_are_cut_to_seconds() -> None:
    clock = read_clock(date(2023, 7, 3), date(2023, 7, 4))
    assert clock.at(np.array([0.0, 1.5, 23.9999])).tolist() == [
        datetime(2023, 7, 3, 4, 0),  # noqa: DTZ001
        datetime(2023, 7, 3, 5, 30),  # noqa: DTZ001
        datetime(2023, 7, 4, 3, 59, 59),  # noqa: DTZ001
    ]
