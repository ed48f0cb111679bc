"""What a city's file says of its incidents: rows by victim, in local time, late and with defects."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from incidents.schema import Category
from incidents.simulate.city import CRS, City
from incidents.simulate.clock import TIME_ZONE, Clock
from incidents.simulate.intensity import CATEGORIES, CODES
from incidents.simulate.process import Events
from incidents.simulate.settings import VIOLENT, Defects, ReportingDelay

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

BROKEN = ("swapped_coordinates", "zero_coordinates", "unreadable_time")
"""Ways in which a row is broken, each equally likely."""


@dataclass(frozen=True)
class Wording:
    """The words that a report of one category uses.

    Attributes:
        offense: The name of the offense.
        details: Refinements, equally likely.
        outside: Probability that it happened outdoors.
        weapons: Weapons, equally likely; an empty text is none.
    """

    offense: str
    details: tuple[str, ...]
    outside: float
    weapons: tuple[str, ...] = ("",)


_SHARP = ("FIREARM", "KNIFE", "HANDS", "OTHER")

WORDINGS: Mapping[Category, Wording] = {
    Category.HOMICIDE: Wording("HOMICIDE", ("FIREARM", "OTHER MEANS"), 0.75, ("FIREARM",) * 4 + ("KNIFE",)),
    Category.SHOOTING: Wording("SHOOTING", ("NON-FATAL",), 0.85, ("FIREARM",)),
    Category.ROBBERY: Wording("ROBBERY", ("STREET", "COMMERCIAL", "CARJACKING"), 0.8, _SHARP),
    Category.AGGRAVATED_ASSAULT: Wording("AGGRAVATED ASSAULT", ("DOMESTIC", "OTHER"), 0.5, _SHARP),
    Category.COMMON_ASSAULT: Wording("DISPUTE", ("THREATS", "FIGHT", "NEIGHBORS"), 0.5, ("", "HANDS")),
    Category.BURGLARY: Wording("BURGLARY", ("RESIDENTIAL", "COMMERCIAL"), 0.0),
    Category.LARCENY: Wording("LARCENY", ("SHOPLIFTING", "BICYCLE", "OTHER"), 0.4),
    Category.LARCENY_FROM_AUTO: Wording("THEFT FROM VEHICLE", ("PARTS", "CONTENTS"), 1.0),
    Category.AUTO_THEFT: Wording("VEHICLE THEFT", ("CAR", "MOTORCYCLE"), 1.0),
    Category.ARSON: Wording("ARSON", ("BUILDING", "VEHICLE"), 0.4),
    Category.RAPE: Wording("RAPE", ("",), 0.1),
    Category.NARCOTICS: Wording("NARCOTICS", ("POSSESSION", "SALE"), 0.8),
    Category.WEAPONS: Wording("WEAPON OFFENSE", ("POSSESSION",), 0.8, ("FIREARM",)),
    Category.CRIMINAL_DAMAGE: Wording("CRIMINAL DAMAGE", ("VEHICLE", "BUILDING"), 0.7),
    Category.OTHER: Wording("OTHER", ("",), 0.5),
}


@dataclass(frozen=True)
class Reports:
    """The rows of the incident file, and how many of them suffer from what.

    Attributes:
        rows: Columns ``incident_id``, ``occurred_at``, ``reported_at`` (local, text), ``offense``, ``detail``,
            ``longitude``, ``latitude``, ``district``, ``inside_outside``, ``weapon``; by time of occurrence, then
            the redelivered rows.
        counts: Number of rows by defect.
    """

    rows: pl.DataFrame
    counts: Mapping[str, int]


def draw_delays(
    code: npt.NDArray[np.int8], delays: Mapping[str, ReportingDelay], *, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Lognormal hours from each incident to its record, shape (events,).

    Args:
        code: Category codes, shape (events,).
        delays: By category name, with ``default``.
        rng: Source of all randomness.
    """
    each = [delays.get(category.value, delays["default"]) for category in CATEGORIES]
    median = np.array([delay.median_hours for delay in each])[code]
    log_sigma = np.array([delay.log_sigma for delay in each])[code]
    return np.asarray(median * np.exp(log_sigma * rng.standard_normal(code.size)))


def file_reports(
    events: Events,
    *,
    city: City,
    clock: Clock,
    delays: Mapping[str, ReportingDelay],
    defects: Defects,
    rng: np.random.Generator,
) -> Reports:
    """Turn incidents into the rows that the city publishes.

    Args:
        events: What happened.
        city: Names the districts.
        clock: Turns elapsed hours into instants.
        delays: Reporting delay by category name, with ``default``.
        defects: Shares of what goes wrong.
        rng: Source of all randomness.

    Returns:
        Rows and the number of each defect.
    """
    delay = draw_delays(events.code, delays, rng=rng)
    heaped = rng.random(len(events)) < defects.heaped_times
    occurred = np.where(heaped, np.floor(events.hours * 2) / 2, events.hours)
    incidents = pl.DataFrame(
        {
            "occurred_at": _local_text(clock.at(occurred)),
            "reported_at": _local_text(clock.at(events.hours + delay)),
            **_describe(events.code, rng),
            **_locate(events, city),
        }
    )
    rows = _list_victims(incidents, events.code, defects.extra_victims, rng)
    rows, broken = _break_rows(rows, defects, rng)
    sound = np.flatnonzero(broken < 0)
    again = sound[rng.random(sound.size) < defects.redelivered_rows]
    counts = {
        "heaped_times": int(heaped.sum()),
        "extra_victims": rows.height - len(events),
        "missing_coordinates": rows["longitude"].null_count(),
        **{way: int((broken == number).sum()) for number, way in enumerate(BROKEN)},
        "redelivered_rows": again.size,
    }
    return Reports(pl.concat([rows, rows[again]]), counts)


def _local_text(instants: npt.NDArray[np.datetime64]) -> pl.Series:
    utc = pl.Series(instants).dt.replace_time_zone("UTC")
    return utc.dt.convert_time_zone(TIME_ZONE).dt.strftime(TIME_FORMAT)


def _describe(code: npt.NDArray[np.int8], rng: np.random.Generator) -> dict[str, pl.Series]:
    wordings = [WORDINGS[category] for category in CATEGORIES]
    outside = np.array([wording.outside for wording in wordings])[code]
    return {
        "offense": pl.Series([wording.offense for wording in wordings]).gather(code),
        "detail": _pick_words([wording.details for wording in wordings], code, rng),
        "inside_outside": pl.Series(["INSIDE", "OUTSIDE"]).gather(
            (rng.random(code.size) < outside).astype(int)
        ),
        "weapon": _pick_words([wording.weapons for wording in wordings], code, rng),
    }


def _pick_words(
    words: list[tuple[str, ...]], code: npt.NDArray[np.int8], rng: np.random.Generator
) -> pl.Series:
    """One of the words of each category, equally likely; the empty text becomes null."""
    count = np.array([len(options) for options in words])
    first = np.cumsum(count) - count
    flat = pl.Series([word or None for options in words for word in options], dtype=pl.String)
    return flat.gather(first[code] + rng.integers(count[code]))


def _locate(events: Events, city: City) -> dict[str, object]:
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(*events.points.T)
    return {
        "longitude": np.round(longitude, 6),
        "latitude": np.round(latitude, 6),
        "district": pl.Series(city.districts).gather(city.neighborhood_of(events.points)),
    }


def _list_victims(
    incidents: pl.DataFrame, code: npt.NDArray[np.int8], share: float, rng: np.random.Generator
) -> pl.DataFrame:
    """One row a victim, with ids such as ``I00000042-1``, in the order of the columns of the file."""
    violent = np.isin(code, [CODES[category] for category in VIOLENT])
    victims = 1 + (violent & (rng.random(code.size) < share))
    event = np.repeat(np.arange(code.size), victims)
    victim = np.arange(event.size) - np.repeat(np.cumsum(victims) - victims, victims) + 1
    number = pl.Series(event).cast(pl.String).str.zfill(8)
    ids = ("I" + number + "-" + pl.Series(victim).cast(pl.String)).alias("incident_id")
    columns = ["offense", "detail", "longitude", "latitude", "district", "inside_outside", "weapon"]
    return incidents[event].select(ids, "occurred_at", "reported_at", *columns)


def _break_rows(
    rows: pl.DataFrame, defects: Defects, rng: np.random.Generator
) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """Rows without coordinates and broken rows, and for each row the way in which it is broken or -1."""
    missing = rng.random(rows.height) < defects.missing_coordinates
    breaks = ~missing & (rng.random(rows.height) < defects.broken_rows)
    way = np.where(breaks, rng.integers(len(BROKEN), size=rows.height), -1)
    swapped, zero, unreadable = (pl.lit(pl.Series(way == number)) for number in range(len(BROKEN)))
    longitude, latitude = pl.col("longitude"), pl.col("latitude")
    lost = pl.lit(pl.Series(missing))
    broken = rows.with_columns(
        occurred_at=pl.when(unreadable).then(pl.lit("unknown")).otherwise("occurred_at"),
        longitude=pl.when(lost)
        .then(None)
        .when(zero)
        .then(0.0)
        .when(swapped)
        .then(latitude)
        .otherwise(longitude),
        latitude=pl.when(lost)
        .then(None)
        .when(zero)
        .then(0.0)
        .when(swapped)
        .then(longitude)
        .otherwise(latitude),
    )
    return broken, way
