"""The mapped fields of a GeoJSON or ArcGIS JSON file, as text.

A point's own coordinates can be mapped as ``geometry.x`` and ``geometry.y``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import polars as pl

from incidents.contents import UTF8_BOM, SourceFile
from incidents.errors import UnreadableFileError

ATTRIBUTES = {"geojson": "properties", "arcgis_json": "attributes"}
GEOMETRY = ("geometry.x", "geometry.y")
ENCODING = "utf-8"
SAMPLED_FEATURES = 100
"""Features looked at for field names: portals may leave out fields that are null, but rarely in all of these."""


def sniff_kind(head: bytes) -> Literal["csv", "geojson", "arcgis_json"]:
    """Kind of file by its first character and, in JSON, by what the features call their attributes."""
    if not head.removeprefix(UTF8_BOM).lstrip().startswith(b"{"):
        return "csv"
    start = head.find(b'"features"')
    attributes, properties = (head.find(word, start) for word in (b'"attributes"', b'"properties"'))
    return "arcgis_json" if attributes >= 0 and (properties < 0 or attributes < properties) else "geojson"


def read_json_fields(file: SourceFile, *, kind: str) -> list[str]:
    """Field names of the first features, and the names under which a point's coordinates can be mapped.

    Raises:
        UnreadableFileError: There are no features, or the text ends within them.
    """
    names: dict[str, None] = {}
    for feature in _first_features(file):
        names |= dict.fromkeys(feature.get(ATTRIBUTES[kind]) or {})
    return [*names, *GEOMETRY]


def _first_features(file: SourceFile) -> list[dict[str, Any]]:
    """Up to ``SAMPLED_FEATURES`` features, decoded one by one from where the list starts."""
    content = file.text(ENCODING).decode()
    place = content.find("[", content.find('"features"')) + 1
    decode = json.JSONDecoder().raw_decode
    found: list[dict[str, Any]] = []
    while len(found) < SAMPLED_FEATURES:
        while content[place : place + 1] in {" ", "\n", "\r", "\t", ","}:
            place += 1
        if content[place : place + 1] != "{":
            break
        try:
            feature, place = decode(content, place)
        except json.JSONDecodeError as error:
            raise _damaged(file.path, error) from error
        found.append(feature)
    if not found:
        raise UnreadableFileError(f"Expected features in {file.path}. Received: none. Fetch it again.")
    return found


def read_json_columns(file: SourceFile, columns: Sequence[str], *, kind: str) -> pl.DataFrame:
    """Chosen fields of every feature as String, null where a feature lacks one.

    Args:
        file: UTF-8, as JSON always is.
        columns: Field names, or ``geometry.x`` and ``geometry.y``.
        kind: ``geojson`` or ``arcgis_json``.

    Raises:
        UnreadableFileError: The text is no complete JSON.
    """
    fields = [column for column in columns if column not in GEOMETRY]
    parts: dict[str, pl.DataType] = {ATTRIBUTES[kind]: pl.Struct(dict.fromkeys(fields, pl.String()))}
    if len(fields) < len(columns):
        parts["geometry"] = _point_type(kind)
    try:
        whole = pl.read_json(file.text(ENCODING), schema={"features": pl.List(pl.Struct(parts))})
    except pl.exceptions.PolarsError as error:
        raise _damaged(file.path, error) from error
    features = whole.select(pl.col("features").explode()).unnest("features")
    attributes = pl.col(ATTRIBUTES[kind]).struct
    return features.select(
        _coordinate(column, kind) if column in GEOMETRY else attributes.field(column) for column in columns
    )


def _point_type(kind: str) -> pl.DataType:
    if kind == "geojson":
        return pl.Struct({"coordinates": pl.List(pl.Float64())})
    return pl.Struct({"x": pl.Float64(), "y": pl.Float64()})


def _coordinate(column: str, kind: str) -> pl.Expr:
    axis = column.removeprefix("geometry.")
    point = pl.col("geometry").struct
    value = (
        point.field("coordinates").list.get("xy".index(axis), null_on_oob=True)
        if kind == "geojson"
        else point.field(axis)
    )
    return value.cast(pl.String).alias(column)


def _damaged(path: Path, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(
        f"Expected complete JSON in {path}. Received: {str(error).splitlines()[0]}. Fetch it again."
    )
