"""When a source's written times were, as instants in UTC.

Wall clocks follow the IANA rules of the city. A time that the clock skipped in spring is shifted forward by
the length of the gap; a time that it showed twice in autumn is taken as the first (as ``fold=0`` of the
standard library has it). ``24:00`` is the next midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from incidents.schema import UTC_TIME
from incidents.source import TimeColumns

WALL_TIME = pl.Datetime("us")
FIRST_TIME, LAST_TIME = datetime(1900, 1, 2), datetime(2100, 1, 1)  # noqa: DTZ001 - a wall clock has no zone
"""Times outside are slips of the pen; they count as unparsable."""

MIDNIGHT_24 = r"(^|[ T])24(:00(?::00(?:\.0+)?)?)"
ISO_STAMP = r"^(\d{4})[-/](\d{2})[-/](\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)"
ISO_OFFSET = r" ?(?:(Z)|([+-])(\d{2}):?(\d{2})?)$"


@dataclass(frozen=True)
class ParsedTimes:
    """Instants, the same as the city's wall clock shows them, and flags of what was repaired.

    Args:
        instants: Datetime[us, UTC], null where nothing could be read.
        wall: Naive datetime[us] of the city's clock.
        midnight_24: Boolean, written as ``24:00``.
        dst_gap: Boolean, a time that the city's clock skipped.
    """

    instants: pl.Series
    wall: pl.Series
    midnight_24: pl.Series
    dst_gap: pl.Series


def parse_times(text: pl.Series, columns: TimeColumns, *, time_zone: str) -> ParsedTimes:
    """Parse written times; null where nothing is written or it does not follow the format.

    Args:
        text: Strings, the columns of ``columns`` joined by a space.
        columns: Format and zone in which the source writes. ISO 8601 stamps with an offset (or ``Z``) mean
            what they say, and so do formats with ``%z``; ``zone`` then decides only for the others.
        time_zone: IANA name of the city's zone.
    """
    zone = "UTC" if columns.zone == "utc" else time_zone
    if columns.format == "epoch_ms":
        return _show(_parse_epoch(text), _never(text), _never(text), time_zone)
    if "%z" in columns.format:
        return _show(_parse_with_offset(text, columns.format), _never(text), _never(text), time_zone)
    stated, midnight_24 = _parse_clock(text, columns.format)
    instants, dst_gap = to_instants(stated, time_zone=zone)
    if columns.format == "iso8601":
        offset = _offset_minutes(text)
        has_offset = offset.is_not_null()
        instants = (stated - offset).dt.replace_time_zone("UTC").zip_with(has_offset, instants)
        dst_gap = dst_gap & ~has_offset
    elif zone == time_zone and not dst_gap.any():
        return ParsedTimes(instants, stated, midnight_24, dst_gap)
    return _show(instants, midnight_24, dst_gap, time_zone)


def to_instants(wall: pl.Series, *, time_zone: str) -> tuple[pl.Series, pl.Series]:
    """UTC instants of wall-clock times, and flags of those that fell into a gap of the clock.

    Args:
        wall: Naive datetimes; null stays null.
        time_zone: IANA name.
    """
    local = wall.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
    instants = local.dt.convert_time_zone("UTC").cast(UTC_TIME)
    gap = local.is_null() & wall.is_not_null()
    if gap.any():
        # The offset in force a day earlier is the one before the jump: keeping it moves past the gap.
        eve = wall.filter(gap).dt.offset_by("-1d")
        eve = eve.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
        shifted = eve.dt.convert_time_zone("UTC").dt.offset_by("1d").cast(UTC_TIME)
        instants = instants.scatter(gap.arg_true(), shifted)
    return instants, gap


def _show(instants: pl.Series, midnight_24: pl.Series, dst_gap: pl.Series, time_zone: str) -> ParsedTimes:
    wall = instants.dt.convert_time_zone(time_zone).dt.replace_time_zone(None)
    return ParsedTimes(instants.cast(UTC_TIME), wall, midnight_24, dst_gap)


def _never(text: pl.Series) -> pl.Series:
    return pl.repeat(False, len(text), eager=True)


def _parse_epoch(text: pl.Series) -> pl.Series:
    milliseconds = text.cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    return _plausible(milliseconds.cast(pl.Datetime("ms")).cast(WALL_TIME)).dt.replace_time_zone("UTC")


def _parse_with_offset(text: pl.Series, written: str) -> pl.Series:
    instants = text.str.to_datetime(written, time_unit="us", strict=False)
    return _plausible(instants.dt.replace_time_zone(None)).dt.replace_time_zone("UTC")


def _parse_clock(text: pl.Series, written: str) -> tuple[pl.Series, pl.Series]:
    """Naive times as written, and flags of ``24:00`` among them."""
    stated = _strptime(text, written)
    late = _never(text)
    if stated.null_count() > text.null_count():
        late = stated.is_null() & text.str.contains(MIDNIGHT_24).fill_null(False)
    if late.any():
        next_day = _strptime(text.str.replace(MIDNIGHT_24, "${1}00${2}"), written).dt.offset_by("1d")
        late = late & next_day.is_not_null()
        stated = next_day.zip_with(late, stated)
    return _plausible(stated), late


def _strptime(text: pl.Series, written: str) -> pl.Series:
    if written != "iso8601":
        return text.str.to_datetime(written, time_unit="us", strict=False)
    bare = text.str.replace(ISO_STAMP + f"(?:{ISO_OFFSET})?" + "$", "$1-$2-$3 $4")
    full = bare.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)
    return full.zip_with(
        full.is_not_null(), bare.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us", strict=False)
    )


def _offset_minutes(stated: pl.Series) -> pl.Series:
    """Durations east of UTC, null where no offset is written (the hyphens of a date are not one)."""
    parts = stated.str.extract_groups(ISO_OFFSET).struct.unnest()
    parts.columns = ["zulu", "sign", "hours", "minutes"]
    minutes = pl.col("hours").cast(pl.Int64) * 60 + pl.col("minutes").fill_null("0").cast(pl.Int64)
    signed = pl.when(pl.col("sign") == "-").then(-minutes).otherwise(minutes)
    east = pl.when(pl.col("zulu").is_not_null()).then(pl.lit(0, pl.Int64)).otherwise(signed)
    return parts.select(pl.duration(minutes=east)).to_series()


def _plausible(wall: pl.Series) -> pl.Series:
    inside = wall.is_between(FIRST_TIME, LAST_TIME)
    return wall if inside.all() else wall.set(~inside.fill_null(False), None)
