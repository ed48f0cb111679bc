"""The columns of an incident, their types and their closed vocabularies.

One row is one reported incident (or one victim of it, where the source counts victims). Person fields
(name, age, race, sex) are not part of it, so nothing downstream can use them.
"""

from enum import StrEnum

import polars as pl

from incidents.errors import DataError


class Category(StrEnum):
    """Harmonised kinds of incident, the same in every city."""

    HOMICIDE = "homicide"
    SHOOTING = "shooting"
    ROBBERY = "robbery"
    AGGRAVATED_ASSAULT = "aggravated_assault"
    COMMON_ASSAULT = "common_assault"
    BURGLARY = "burglary"
    LARCENY = "larceny"
    LARCENY_FROM_AUTO = "larceny_from_auto"
    AUTO_THEFT = "auto_theft"
    ARSON = "arson"
    RAPE = "rape"
    NARCOTICS = "narcotics"
    WEAPONS = "weapons"
    CRIMINAL_DAMAGE = "criminal_damage"
    OTHER = "other"


ENFORCEMENT_CREATED = frozenset({Category.NARCOTICS, Category.WEAPONS})
"""Categories whose counts follow where enforcement looks; they are never forecast targets."""


class Origin(StrEnum):
    """Who brought the incident to light."""

    REPORTED = "reported"
    DISCOVERED = "discovered"
    UNKNOWN = "unknown"


class Place(StrEnum):
    """Whether it happened indoors."""

    INDOORS = "indoors"
    OUTDOORS = "outdoors"
    UNKNOWN = "unknown"


UTC_TIME = pl.Datetime("us", "UTC")

INCIDENT_SCHEMA: dict[str, pl.DataType] = {
    "incident_id": pl.String(),
    "occurred_at": UTC_TIME,
    "known_at": UTC_TIME,
    "category": pl.Enum([c.value for c in Category]),
    "offense": pl.String(),
    "origin": pl.Enum([o.value for o in Origin]),
    "x": pl.Float64(),
    "y": pl.Float64(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
    "area": pl.String(),
    "district": pl.String(),
    "place": pl.Enum([p.value for p in Place]),
    "weapon": pl.String(),
    "time_is_heaped": pl.Boolean(),
}
"""Column name to Polars type. ``known_at``, ``x``, ``y``, ``lon``, ``lat``, ``area``, ``district`` and
``weapon`` may be null; ``x``/``y`` are metres in the city's projected CRS, ``lon``/``lat`` degrees (WGS84),
``area`` is the id of the polygon of the config's ``area_layer`` that the point falls in."""

QUARANTINE_SCHEMA: dict[str, pl.DataType] = {
    "incident_id": pl.String(),
    "reason": pl.String(),
    "source_file": pl.String(),
    "source_row": pl.Int64(),
    "layout": pl.String(),
    "occurred": pl.String(),
    "known": pl.String(),
    "offense": pl.String(),
    "detail": pl.String(),
    "longitude": pl.String(),
    "latitude": pl.String(),
    "address": pl.String(),
    "district": pl.String(),
    "place": pl.String(),
    "weapon": pl.String(),
}
"""A row that could not be used: why, where it stands (``source_row`` 1 is the first row of data), and the
mapped columns of its layout as they were read. Other columns of the file, persons among them, are not kept."""

REQUIRED = ("incident_id", "occurred_at", "category", "offense", "origin", "place", "time_is_heaped")
"""Columns of an incident that are never null."""


def check_incidents(frame: pl.DataFrame) -> None:
    """Refuse a frame that does not have the columns and types of `INCIDENT_SCHEMA`, or lacks required values.

    Raises:
        DataError: Names the first difference.
    """
    if frame.columns != list(INCIDENT_SCHEMA):
        raise DataError(
            f"Expected the columns {', '.join(INCIDENT_SCHEMA)}. Received: {', '.join(frame.columns)}. "
            "Select them in this order."
        )
    for name, dtype in INCIDENT_SCHEMA.items():
        if frame.schema[name] != dtype:
            raise DataError(f"Expected {name} of type {dtype}. Received: {frame.schema[name]}. Cast it.")
        if name in REQUIRED and frame[name].null_count():
            raise DataError(
                f"Expected {name} in every incident. Received: {frame[name].null_count()} without it. "
                "Set these rows aside."
            )
