"""Files of places of interest: where each is, in the metres of the city."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hotspots.points import Floats
from incidents.errors import ConfigError, CrsError, LayoutError, UnreadableFileError
from tocsin.audit_tables import read_table

if TYPE_CHECKING:
    import geopandas as gpd

TABLES, LAYERS = (".csv", ".csv.gz"), (".geojson", ".json", ".gpkg")
LONGITUDE, LATITUDE = ("longitude", "lon", "lng", "long", "x"), ("latitude", "lat", "y")
MOST_LATITUDE, MOST_LONGITUDE = 90.0, 180.0


def read_places(path: Path, *, crs: str) -> tuple[Floats, Floats]:
    """Read coordinates from a CSV with longitude and latitude, or from a layer of points; nothing else is read.

    Args:
        path: ``.csv``, ``.csv.gz``, ``.geojson`` or ``.gpkg``.
        crs: The city's CRS, metres.

    Returns:
        Eastings and northings, ``(places,)`` each; NaN where a place has none.

    Raises:
        ConfigError: Another suffix.
        UnreadableFileError: No such file, or not what its name says.
        LayoutError: No columns of coordinates, or shapes that are no points.
        CrsError: Coordinates that are not degrees, or a layer without a CRS.
    """
    name = path.name.lower()
    if name.endswith(TABLES):
        return _read_table(path, crs)
    if name.endswith(LAYERS):
        return _read_layer(path, crs)
    raise ConfigError(
        f"Expected --places ending in {', '.join((*TABLES, *LAYERS))}. Received: {path}. Convert it to one of these."
    )


def _read_table(path: Path, crs: str) -> tuple[Floats, Floats]:
    import pyproj

    table = read_table(path)
    columns = {column.lower().strip(): column for column in table.columns}
    found = [
        next((columns[name] for name in names if name in columns), None) for names in (LONGITUDE, LATITUDE)
    ]
    if None in found:
        raise LayoutError(
            f"Expected columns longitude and latitude in {path}. Received: {', '.join(table.columns)}. Rename them."
        )
    lon, lat = (
        table[str(column)].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy().astype(np.float64)
        for column in found
    )
    if (
        np.nanmax(np.abs(lon), initial=0.0) > MOST_LONGITUDE
        or np.nanmax(np.abs(lat), initial=0.0) > MOST_LATITUDE
    ):
        raise CrsError(
            f"Expected degrees in {found[0]} and {found[1]} of {path}. Received: values up to "
            f"{np.nanmax(np.abs(lon)):g} and {np.nanmax(np.abs(lat)):g}. Give longitude and latitude (WGS84)."
        )
    return _finite(*pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform(lon, lat))


def _read_layer(path: Path, crs: str) -> tuple[Floats, Floats]:
    layer = _open_layer(path)
    if layer.crs is None:
        raise CrsError(
            f"Expected a layer that states its CRS. Received: none in {path}. Convert it to GeoJSON."
        )
    shapes = layer.to_crs(crs).geometry
    empty = shapes.isna() | shapes.is_empty
    kinds = sorted(set(shapes[~empty].geom_type) - {"Point"})
    if kinds:
        raise LayoutError(
            f"Expected points in {path}. Received: {', '.join(kinds)}. Take the centres of the shapes."
        )
    x, y = np.full(len(shapes), np.nan), np.full(len(shapes), np.nan)
    known = ~empty.to_numpy()
    x[known], y[known] = shapes[~empty].x, shapes[~empty].y
    return _finite(x, y)


def _open_layer(path: Path) -> "gpd.GeoDataFrame":
    import geopandas as gpd
    import pyogrio

    try:
        return gpd.read_file(path)
    except (OSError, pyogrio.errors.DataSourceError) as error:
        raise UnreadableFileError(
            f"Expected places in {path}. Received: {error}. Correct the path, or fetch the file again."
        ) from error


def _finite(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Both coordinates, NaN where one of them is not finite."""
    known = np.isfinite(x) & np.isfinite(y)
    return np.where(known, x, np.nan), np.where(known, y, np.nan)
