"""What is known of each victim's incident, as a frame that holds no place finer than a neighborhood.

::

    hour      Float64  hours of the city's clock, 0 to 24, null where the source has no clock
    weekday   Float64  days since Monday 0:00, 0 to 7
    year_day  Float64  days since 1 January, 0 to 366
    year      Int32
    area      String   id of the neighborhood, null where unknown
    category, place, weapon, ...   String, null where unknown

Person columns (``age``, ``race``, ``sex``) come only from a table of victims; the store has none. Frames of this
kind are never written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from hotspots.points import Floats
from hotspots.victims.variables import Cycle, Levels, Variable, levels_of

CLOCK = ("hour", "weekday", "year_day", "year", "area")
PERSON = ("age", "race", "sex", "ethnicity")
DAYS_OF_YEAR = 366.0

OLDEST = 110.0
AGE_STARTS = (0, 18, 25, 35, 45, 65)
AGE_BANDS = ("under 18", "18 to 24", "25 to 34", "35 to 44", "45 to 64", "65 and over")

HOUR_BANDS = ("0 to 4", "4 to 8", "8 to 12", "12 to 16", "16 to 20", "20 to 24")
SEASONS = ("winter", "spring", "summer", "autumn")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Ages:
    """Ages after repair.

    Args:
        years: ``(n,)``, NaN where unknown or impossible.
        repaired: Number that were off by a century.
        impossible: Number set missing.
        missing: Number that were missing from the start.
    """

    years: Floats
    repaired: int
    impossible: int
    missing: int


def repair_ages(years: Floats) -> Ages:
    """Put right ages that are off by a century, and set other impossible ones missing.

    Example:
        >>> repair_ages(np.array([23.0, 123.0, -77.0, 400.0])).years.tolist()
        [23.0, 23.0, 23.0, nan]
    """
    known = np.isfinite(years)
    possible = known & (years >= 0) & (years <= OLDEST)
    century = np.where(years < 0, years + 100, years - 100)
    repaired = known & ~possible & (century >= 0) & (century < 100)
    mended = np.where(possible, years, np.where(repaired, century, np.nan))
    return Ages(mended, int(repaired.sum()), int((known & ~possible & ~repaired).sum()), int((~known).sum()))


def band_ages(years: Floats) -> pl.Series:
    """Age bands, null where the age is unknown.

    Example:
        >>> band_ages(np.array([17.0, 18.0, np.nan])).to_list()
        ['under 18', '18 to 24', None]
    """
    band = np.searchsorted(AGE_STARTS, np.where(np.isfinite(years), years, 0.0), side="right") - 1
    words = pl.Series("age", np.array(AGE_BANDS, dtype=object)[band].tolist(), pl.String)
    return words.to_frame().select(pl.when(pl.Series(np.isfinite(years))).then(pl.col("age"))).to_series()


def rows_of_incidents(incidents: pl.DataFrame, *, time_zone: str) -> pl.DataFrame:
    """Rows of the store's incidents.

    Args:
        incidents: Columns of the incident schema.
        time_zone: Of the city's clock.

    Returns:
        The frame described above, with ``category``, ``place`` and ``weapon``.
    """
    wall = incidents["occurred_at"].dt.convert_time_zone(time_zone)
    place = incidents["place"].cast(pl.String)
    return clock_columns(wall, has_hour=True).with_columns(
        incidents["area"],
        incidents["category"].cast(pl.String),
        place.replace("unknown", None),
        incidents["weapon"].str.to_lowercase(),
    )


def clock_columns(wall: pl.Series, *, has_hour: bool) -> pl.DataFrame:
    """Where an instant lies in its day, week and year on the city's clock.

    Args:
        wall: Datetimes that show the city's clock.
        has_hour: Whether the source tells more than the day.
    """
    frame = wall.alias("wall").to_frame()
    hour = pl.col("wall").dt.hour() + pl.col("wall").dt.minute() / 60
    day_share = hour / 24 if has_hour else pl.lit(0.0)
    return frame.select(
        hour=hour if has_hour else pl.lit(None, pl.Float64),
        weekday=pl.col("wall").dt.weekday() - 1 + day_share,
        year_day=pl.col("wall").dt.ordinal_day() - 1 + day_share,
        year=pl.col("wall").dt.year(),
    )


def variables_of_rows(rows: pl.DataFrame) -> list[Variable]:
    """Times as cycles and words as levels; columns of persons are a block of their own."""
    cycles = [
        Cycle(name, "incident", rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy() / period % 1.0)
        for name, column, period in (
            ("hour of day", "hour", 24.0),
            ("day of week", "weekday", 7.0),
            ("time of year", "year_day", DAYS_OF_YEAR),
        )
        if rows[column].null_count() < rows.height
    ]
    return [*cycles, *(_levels(rows, name) for name in word_columns(rows))]


def word_columns(rows: pl.DataFrame) -> list[str]:
    """Columns of words that more than one row value stands in."""
    return [name for name in rows.columns if name not in CLOCK and rows[name].n_unique() > 1]


def _levels(rows: pl.DataFrame, name: str) -> Levels:
    block = "person" if name in PERSON else "incident"
    return levels_of(name, block, rows[name].to_list())


def levels_to_report(rows: pl.DataFrame) -> list[Levels]:
    """What tables of a report are made of: words as they are, times as bands."""
    banded = {
        "hour of day": _band(rows["hour"], HOUR_BANDS, width=4.0),
        "day of week": _band(rows["weekday"], WEEKDAYS, width=1.0),
        "season": _seasons(rows["year_day"]),
    }
    times = [levels_of(name, "incident", words) for name, words in banded.items() if any(words)]
    return [*(_levels(rows, name) for name in word_columns(rows)), *times]


def _band(values: pl.Series, names: Sequence[str], *, width: float) -> list[str | None]:
    return [None if index is None else names[int(index)] for index in (values // width).to_list()]


def _seasons(year_day: pl.Series) -> list[str | None]:
    """Meteorological seasons of the northern half: winter begins on 1 December, day 334."""
    return _band((year_day + 31) % 365, SEASONS, width=91.25)
