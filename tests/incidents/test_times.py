"""Written times become the instants that the wall clock of the city showed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.source import TimeColumns
from incidents.times import ParsedTimes, parse_times, to_instants

NEW_YORK = "America/New_York"
ZONES = [
    "America/New_York", "America/Chicago", "America/Los_Angeles", "America/Sao_Paulo", "America/St_Johns",
    "America/Phoenix", "America/Havana", "Europe/London", "Europe/Berlin", "Europe/Moscow", "Africa/Cairo",
    "Africa/Casablanca", "Asia/Kolkata", "Asia/Tehran", "Asia/Tokyo", "Australia/Sydney",
    "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Apia", "UTC",
]  # fmt: skip


def parse(*texts: str | None, written: str = "%m/%d/%Y %H:%M:%S", zone: str = "local") -> ParsedTimes:
    columns = TimeColumns(("Date", "Clock"), written, zone)  # type: ignore[arg-type]
    return parse_times(pl.Series(texts, dtype=pl.String), columns, time_zone=NEW_YORK)


def instant(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_a_summer_and_a_winter_evening() -> None:
    parsed = parse("07/04/2015 20:15:00", "01/04/2015 20:15:00")
    assert parsed.instants.to_list() == [instant(2015, 7, 5, 0, 15), instant(2015, 1, 5, 1, 15)]
    assert parsed.wall.to_list() == [datetime(2015, 7, 4, 20, 15), datetime(2015, 1, 4, 20, 15)]  # noqa: DTZ001


def test_24_00_is_the_next_midnight() -> None:
    parsed = parse("09/24/2012 24:00:00", "12/31/2012 24:00:00", "09/24/2012 24:30:00")
    assert parsed.instants.to_list() == [instant(2012, 9, 25, 4), instant(2013, 1, 1, 5), None]
    assert parsed.midnight_24.to_list() == [True, True, False]


def test_a_skipped_hour_is_shifted_forward_and_a_repeated_one_is_the_first() -> None:
    parsed = parse("03/11/2012 02:30:00", "11/04/2012 01:30:00")
    assert parsed.instants.to_list() == [instant(2012, 3, 11, 7, 30), instant(2012, 11, 4, 5, 30)]
    assert parsed.dst_gap.to_list() == [True, False]
    assert parsed.wall[0] == datetime(2012, 3, 11, 3, 30)  # noqa: DTZ001


def test_what_cannot_be_a_time_is_null() -> None:
    parsed = parse(
        "08/30/2015", "", None, "02/30/2015 10:00:00", "11/04/0012 01:30:00", "08/30/2015 10:00:00 x"
    )
    assert parsed.instants.to_list() == [None] * 6


@pytest.mark.parametrize(
    ("text", "local", "utc"),
    [
        ("2022-11-12T11:05:00Z", instant(2022, 11, 12, 11, 5), instant(2022, 11, 12, 11, 5)),
        ("2022-11-12T11:05:00", instant(2022, 11, 12, 16, 5), instant(2022, 11, 12, 11, 5)),
        ("2022/11/12 11:05:00+00", instant(2022, 11, 12, 11, 5), instant(2022, 11, 12, 11, 5)),
        ("2022-11-12 11:05", instant(2022, 11, 12, 16, 5), instant(2022, 11, 12, 11, 5)),
        ("2022-11-12T11:05:00.250-05:00", instant(2022, 11, 12, 16, 5, 0, 250_000), instant(2022, 11, 12, 16, 5, 0, 250_000)),
        ("2022-11-12T11:05:00 +0530", instant(2022, 11, 12, 5, 35), instant(2022, 11, 12, 5, 35)),
        ("2022-11-12T24:00:00Z", instant(2022, 11, 13), instant(2022, 11, 13)),
        ("2022-11-12", None, None),
        ("2022-11-12T11:05:00-0500x", None, None),
        ("12 Nov 2022", None, None),
    ],
)  # fmt: skip
def test_iso_8601_says_its_own_offset_or_follows_the_layout(
    text: str, local: datetime | None, utc: datetime | None
) -> None:
    assert parse(text, written="iso8601").instants.to_list() == [local]
    assert parse(text, written="iso8601", zone="utc").instants.to_list() == [utc]


def test_a_format_with_an_offset_says_its_own_zone() -> None:
    texts = (
        "2015-07-04 20:15:00-0700",
        "2015-07-04 20:15:00+00:00",
        "2015-07-04 20:15:00",
        "0015-07-04 20:15:00Z",
    )
    parsed = parse(*texts, written="%Y-%m-%d %H:%M:%S%z")
    assert parsed.instants.to_list() == [instant(2015, 7, 5, 3, 15), instant(2015, 7, 4, 20, 15), None, None]
    assert parsed.wall[0] == datetime(2015, 7, 4, 23, 15)  # noqa: DTZ001


def test_epoch_milliseconds_are_utc_whatever_the_layout_says() -> None:
    parsed = parse("1485000000000", "1.485e12", "-5", "", "soon", "9e30", None, written="epoch_ms")
    noon = instant(2017, 1, 21, 12)
    assert parsed.instants.to_list()[:2] == [noon, noon]
    assert parsed.instants.to_list()[3:] == [None] * 4
    assert parsed.wall[0] == datetime(2017, 1, 21, 7)  # noqa: DTZ001


@pytest.mark.parametrize("zone", ZONES)
@given(data=st.data())
def test_every_wall_time_agrees_with_the_standard_library(zone: str, data: st.DataObject) -> None:
    walls = data.draw(
        st.lists(st.datetimes(datetime(2005, 1, 1), datetime(2030, 1, 1)), min_size=1, max_size=50)  # noqa: DTZ001
    )
    instants, _ = to_instants(pl.Series(walls, dtype=pl.Datetime("us")), time_zone=zone)
    assert instants.to_list() == [
        wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC) for wall in walls
    ]


@pytest.mark.parametrize("zone", ZONES)
def test_every_quarter_of_an_hour_around_the_changes_of_the_clock_agrees(zone: str) -> None:
    start = datetime(2011, 1, 1)  # noqa: DTZ001
    walls = [start + timedelta(minutes=15 * step) for step in range(4 * 24 * 365)]
    instants, gap = to_instants(pl.Series(walls, dtype=pl.Datetime("us")), time_zone=zone)
    expected = [wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC) for wall in walls]
    assert instants.to_list() == expected
    shown = [time.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for time in expected]
    assert gap.to_list() == [wall != seen for wall, seen in zip(walls, shown, strict=True)]
