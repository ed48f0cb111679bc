"""Results as GeoDataFrames: one row for each area or cell, one column for each band."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from rasterize.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

Bands = Mapping[str, npt.NDArray[np.float64]]


def areas_layer(polygons: "gpd.GeoDataFrame", bands: Bands) -> "gpd.GeoDataFrame":
    """Put the bands of a result beside the areas that it is about.

    Args:
        polygons: Columns ``area`` and ``geometry``, in the order of the result.
        bands: Values by name, ``(areas,)`` each, such as ``gi_star(...).bands``.

    Returns:
        A new frame with ``area``, the bands and ``geometry``.

    Raises:
        DataError: A band does not have one value for each area.
    """
    _check_shapes(bands, (len(polygons),))
    layer = polygons[["area", "geometry"]].assign(**bands)
    return layer[["area", *bands, "geometry"]]


def cells_layer(grid: Grid, bands: Bands) -> "gpd.GeoDataFrame":
    """Draw the cells of a result as squares.

    Args:
        grid: The cells.
        bands: Values by name, ``(rows, cols)`` each; cells that are NaN in all of them are left out.

    Returns:
        ``row``, ``col``, the bands and ``geometry`` in the CRS of the grid.

    Raises:
        DataError: A band is not of the grid's shape.
    """
    import geopandas as gpd
    import shapely

    _check_shapes(bands, grid.shape)
    row, col = np.nonzero(np.any([~np.isnan(band) for band in bands.values()], axis=0))
    west, north = grid.west + col * grid.cell_size_m, grid.north - row * grid.cell_size_m
    squares = shapely.box(west, north - grid.cell_size_m, west + grid.cell_size_m, north)
    columns = {"row": row, "col": col} | {name: band[row, col] for name, band in bands.items()}
    return gpd.GeoDataFrame(columns, geometry=squares, crs=grid.crs)


def _check_shapes(bands: Bands, shape: tuple[int, ...]) -> None:
    """Refuse bands that are not of the places."""
    wrong = {name: band.shape for name, band in bands.items() if band.shape != shape}
    if wrong or not bands:
        raise DataError(
            f"Expected one or more bands of shape {shape}. Received: {wrong or 'none'}. "
            "Pass the bands of a result on these cells or areas."
        )
