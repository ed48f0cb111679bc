"""Areas, hulls and their figures as a GeoPackage, in the metres of the city."""

from pathlib import Path
from typing import TYPE_CHECKING

from incidents.errors import ConfigError, CrsError
from incidents.files import replacing_file

if TYPE_CHECKING:
    import geopandas as gpd


def write_geopackage(path: Path, layer: "gpd.GeoDataFrame") -> int:
    """Write a layer with its columns, named after the file.

    Counts of incidents are written as they are: pass them through ``exports.disclosure`` first.

    Args:
        path: Its place; ``.gpkg``.
        layer: One row for each area or hull; it may have none.

    Returns:
        Size of the file, bytes.

    Raises:
        ConfigError: Another suffix.
        CrsError: The layer states no CRS.
        StoreError: The file could not be written.
    """
    if path.suffix.lower() != ".gpkg":
        raise ConfigError(
            f"Expected a layer ending in .gpkg. Received: {path.name}. Change the name under --out."
        )
    if layer.crs is None:
        raise CrsError(
            "Expected a layer that states its CRS. Received: none. Set the crs of the city's config."
        )
    with replacing_file(path) as aside:
        layer.to_file(aside, driver="GPKG", engine="pyogrio", layer=path.stem, geometry_type=_kind(layer))
    return path.stat().st_size


def _kind(layer: "gpd.GeoDataFrame") -> str:
    """Type of all shapes: single polygons become multiple ones where both occur, and where there is nothing."""
    kinds = set(layer.geometry.geom_type)
    return kinds.pop() if len(kinds) == 1 else "MultiPolygon"
