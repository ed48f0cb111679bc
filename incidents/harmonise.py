"""Which rows of a source file are usable incidents, and why the others are not.

Every row ends in exactly one of two frames: ``accepted`` (columns of `INCIDENT_SCHEMA`) or ``quarantined``
(columns of `QUARANTINE_SCHEMA`: the row as read, with the first reason that applied).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from incidents.categories import Classified, classify
from incidents.identity import name_incidents
from incidents.layouts import ROLES
from incidents.location import NOWHERE, Located, locate
from incidents.rows import SourceRows
from incidents.schema import INCIDENT_SCHEMA, QUARANTINE_SCHEMA, Place
from incidents.source import CitySource
from incidents.times import ParsedTimes, parse_times

if TYPE_CHECKING:
    import geopandas


class Reason(StrEnum):
    """Why a row is set aside, in the order in which reasons are tried."""

    EXTRA_CELLS = "extra_cells"
    EMPTY_ROW = "empty_row"
    UNPARSABLE_TIME = "unparsable_time"
    MISSING_OFFENSE = "missing_offense"
    UNPARSABLE_COORDINATES = "unparsable_coordinates"
    OUTSIDE_CITY = "outside_city"
    KNOWN_BEFORE_OCCURRED = "known_before_occurred"


class Repair(StrEnum):
    """What was put right, or kept with a gap, in accepted rows."""

    MIDNIGHT_24 = "midnight_24"
    DST_GAP = "dst_gap"
    UNPARSABLE_REPORT_TIME = "unparsable_report_time"
    UNMAPPED_OFFENSE = "unmapped_offense"
    MISSING_COORDINATES = "missing_coordinates"
    SWAPPED_COORDINATES = "swapped_coordinates"
    OUTSIDE_TOLERANCE = "outside_tolerance"


@dataclass(frozen=True)
class Harmonised:
    """Accepted and quarantined rows of one file, and the repairs by name (only those that occurred)."""

    accepted: pl.DataFrame
    quarantined: pl.DataFrame
    repaired: Mapping[str, int]


@dataclass(frozen=True)
class _Facts:
    """What was found out about the rows of a file, each part row by row."""

    occurred: ParsedTimes
    known: ParsedTimes | None
    classified: Classified
    readable: pl.Series
    located: Located


def harmonise(rows: SourceRows, source: CitySource, areas: geopandas.GeoDataFrame) -> Harmonised:
    """Turn the rows of one file into incidents, or set them aside.

    Args:
        rows: One whole file, as from `incidents.rows.read_rows`.
        source: Time zone, category rules, places, tolerances.
        areas: The city's ``area_layer`` in its projected CRS.
    """
    facts = _find_facts(rows, source, areas)
    named = rows.frame.with_columns(name_incidents(rows.frame, city=source.name), _judge(rows.frame, facts))
    usable = named["reason"].is_null()
    incidents = _incidents(named, facts, source, areas)
    return Harmonised(
        accepted=incidents if usable.all() else incidents.filter(usable),
        quarantined=named.filter(~usable)
        .with_columns(layout=pl.lit(rows.layout_name))
        .select(*QUARANTINE_SCHEMA),
        repaired=_count_repairs(rows.frame, facts, usable),
    )


def _find_facts(rows: SourceRows, source: CitySource, areas: geopandas.GeoDataFrame) -> _Facts:
    frame, layout = rows.frame, rows.layout
    numbers = frame.select(pl.col("longitude", "latitude").cast(pl.Float64, strict=False))
    readable = numbers.select(pl.all_horizontal(pl.all().is_finite().fill_null(False))).to_series()
    lon, lat = (numbers[name].set(~readable, None).to_numpy() for name in numbers.columns)
    with ThreadPoolExecutor(1) as beside:
        # NumPy, PROJ and GEOS find the areas while Polars reads times and words.
        located = beside.submit(locate, lon, lat, areas, tolerance_m=source.outside_tolerance_m)
        known = (
            parse_times(frame["known"], layout.known, time_zone=source.time_zone) if layout.known else None
        )
        return _Facts(
            occurred=parse_times(frame["occurred"], layout.occurred, time_zone=source.time_zone),
            known=known,
            classified=classify(frame, source.categories),
            readable=readable,
            located=located.result(),
        )


def _judge(frame: pl.DataFrame, facts: _Facts) -> pl.Series:
    """Column ``reason``: the first that applies to each row, null where the row is usable."""
    written = pl.all_horizontal(pl.col("longitude", "latitude").is_not_null())
    late = pl.lit(False) if facts.known is None else facts.known.instants < facts.occurred.instants
    applies: dict[Reason, pl.Expr | pl.Series] = {
        Reason.EXTRA_CELLS: pl.col("has_extra_cells"),
        Reason.EMPTY_ROW: pl.all_horizontal(pl.col(ROLES).is_null()),
        Reason.UNPARSABLE_TIME: facts.occurred.instants.is_null(),
        Reason.MISSING_OFFENSE: pl.col("offense").is_null(),
        Reason.UNPARSABLE_COORDINATES: written & ~facts.readable,
        Reason.OUTSIDE_CITY: pl.Series(facts.located.outside),
        Reason.KNOWN_BEFORE_OCCURRED: late,
    }
    found = pl.lit(None, dtype=pl.String)
    for reason, rule in reversed(applies.items()):
        found = pl.when(rule).then(pl.lit(reason.value)).otherwise(found)
    return frame.select(found.alias("reason")).to_series()


def _incidents(
    named: pl.DataFrame, facts: _Facts, source: CitySource, areas: geopandas.GeoDataFrame
) -> pl.DataFrame:
    """All rows with the columns of `INCIDENT_SCHEMA`, usable or not."""
    located = facts.located
    area = pl.Series(located.area).set(pl.Series(located.area == NOWHERE), None)
    no_report = pl.lit(None, INCIDENT_SCHEMA["known_at"])
    return named.select(
        "incident_id",
        facts.occurred.instants.alias("occurred_at"),
        (no_report if facts.known is None else facts.known.instants).alias("known_at"),
        facts.classified.category,
        "offense",
        facts.classified.origin,
        *(pl.Series(name, getattr(located, name)).fill_nan(None) for name in ("x", "y", "lon", "lat")),
        pl.Series("area", areas["area"].to_numpy()).gather(area),
        "district",
        _place(source.places),
        "weapon",
        _is_heaped(facts.occurred.wall, source.heaped_minutes).alias("time_is_heaped"),
    )


def _place(places: Mapping[str, Place]) -> pl.Expr:
    """Column ``place`` from the source's word for it."""
    values = {word.upper(): place.value for word, place in places.items()}
    word = pl.col("place").str.to_uppercase()
    place = word.replace_strict(values, default=Place.UNKNOWN.value, return_dtype=INCIDENT_SCHEMA["place"])
    return place.alias("place")


def _is_heaped(wall: pl.Series, minutes: Sequence[int]) -> pl.Series:
    """Whether a time stands exactly on a minute to which people round."""
    return wall.dt.minute().is_in(list(minutes)) & (wall.dt.second() == 0)


def _count_repairs(frame: pl.DataFrame, facts: _Facts, usable: pl.Series) -> dict[str, int]:
    """How many usable rows needed each repair; repairs that none needed are left out."""
    flags: dict[Repair, pl.Series] = {
        Repair.MIDNIGHT_24: facts.occurred.midnight_24,
        Repair.DST_GAP: facts.occurred.dst_gap,
        Repair.UNMAPPED_OFFENSE: facts.classified.unmapped,
        Repair.MISSING_COORDINATES: ~facts.readable,
        Repair.SWAPPED_COORDINATES: pl.Series(facts.located.swapped),
        Repair.OUTSIDE_TOLERANCE: pl.Series(facts.located.tolerated),
    }
    if facts.known is not None:
        flags[Repair.UNPARSABLE_REPORT_TIME] = facts.known.instants.is_null() & frame["known"].is_not_null()
    counts = {repair.value: int((flag & usable).sum()) for repair, flag in flags.items()}
    return {repair: count for repair, count in counts.items() if count}
