"""Neighborhoods with their forecast, as a layer for a geographic information system.

Each row carries what it expects, how sure that is, why, and until when it holds; numbers of reported incidents
pass disclosure control first.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from exports.caption import RiskCaption
from exports.disclosure import SMALLEST_SHOWN, withhold_small_counts
from incidents.errors import ConfigError, DataError
from incidents.files import replacing_file

if TYPE_CHECKING:
    import geopandas as gpd

DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON"}
REQUIRED = ("area", "expected", "expected_lo", "expected_hi", "reason")
REPORTED = "reported"
DEGREES = "EPSG:4326"
"""GeoJSON is always in degrees (RFC 7946); a GeoPackage keeps the metres of the polygons."""


def write_layer(
    path: Path, polygons: "gpd.GeoDataFrame", forecast: pl.DataFrame, *, caption: RiskCaption
) -> int:
    """Write a layer of neighborhoods with their forecast.

    Args:
        path: Its place; ``.gpkg`` or ``.geojson``.
        polygons: Columns ``area`` and ``geometry``, in metres.
        forecast: ``area``, ``expected`` incidents in the valid window with ``expected_lo`` and
            ``expected_hi``, and ``reason`` in words; optionally ``reported``, past incidents by area, of which
            small numbers are withheld.
        caption: Issue time, validity, expiry and verdict, the same for every row.

    Returns:
        Size of the file, bytes.

    Raises:
        ConfigError: Another suffix.
        DataError: A column is missing, an area comes twice, or the polygons do not have it.
        StoreError: The file could not be written.
    """
    suffix = path.suffix.lower()
    if suffix not in DRIVERS:
        raise ConfigError(
            f"Expected a layer ending in {' or '.join(DRIVERS)}. Received: {path.name}. Change the name under --out."
        )
    layer = _layer_of(polygons, forecast, caption)
    if suffix == ".geojson":
        layer = layer.to_crs(DEGREES)
    with replacing_file(path) as aside:
        layer.to_file(aside, driver=DRIVERS[suffix], engine="pyogrio")
    return path.stat().st_size


def _layer_of(
    polygons: "gpd.GeoDataFrame", forecast: pl.DataFrame, caption: RiskCaption
) -> "gpd.GeoDataFrame":
    """Polygons of the forecast's areas with all columns that leave the house."""
    _check(polygons, forecast)
    columns = [name for name in (*REQUIRED, REPORTED) if name in forecast.columns]
    table = _withhold(forecast.select(columns)).with_columns(
        unit=pl.lit("expected reported incidents in the valid window"),
        target=pl.lit(caption.target),
        issued_at=pl.lit(caption.issued_at.isoformat()),
        data_until=pl.lit(caption.data_until.isoformat()),
        valid_from=pl.lit(caption.valid_from.isoformat()),
        valid_to=pl.lit(caption.valid_to.isoformat()),
        expires_at=pl.lit(caption.expires_at.isoformat()),
        verdict=pl.lit(caption.verdict),
    )
    shapes = polygons[["area", "geometry"]].assign(area=polygons["area"].astype(str))
    return shapes.merge(table.to_pandas(), on="area", how="inner", validate="one_to_one")


def _withhold(table: pl.DataFrame) -> pl.DataFrame:
    """Null for the numbers of reported incidents that must not be shown, and a column that says so."""
    if REPORTED not in table.columns:
        return table
    safe = withhold_small_counts(table[REPORTED].to_numpy())
    note = f"withheld: under {SMALLEST_SHOWN}, or would give one away"
    return table.with_columns(
        pl.Series(REPORTED, safe.shown).fill_nan(None),
        pl.Series("reported_note", [note if hidden else "" for hidden in safe.withheld.tolist()]),
    )


def _check(polygons: "gpd.GeoDataFrame", forecast: pl.DataFrame) -> None:
    """Refuse a forecast that lacks what must go with it, or is about other areas."""
    missing = [name for name in REQUIRED if name not in forecast.columns]
    if missing:
        raise DataError(
            f"Expected the columns {list(REQUIRED)}. Received: none of {missing}. "
            "A forecast does not leave without its uncertainty and reason."
        )
    twice = forecast["area"].filter(forecast["area"].is_duplicated()).unique().sort().to_list()
    if twice:
        raise DataError(
            f"Expected one row for each area. Received: several for {twice[:5]}. Add them up first."
        )
    unknown = sorted(set(forecast["area"].to_list()) - set(polygons["area"].astype(str)))
    if unknown:
        raise DataError(
            f"Expected areas of the polygon layer. Received: {unknown[:5]}. Use the layer that the areas are from."
        )
