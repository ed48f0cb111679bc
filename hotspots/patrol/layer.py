"""Patrol areas as a layer: one polygon each."""

from typing import TYPE_CHECKING

import numpy as np

from hotspots.patrol.plan import PatrolPlan
from incidents.errors import DataError
from rasterize.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

M2_PER_KM2 = 1e6


def patrol_layer(plan: PatrolPlan, grid: Grid) -> "gpd.GeoDataFrame":
    """Outline the areas of a plan.

    Args:
        plan: The areas.
        grid: The grid that they were chosen on.

    Returns:
        ``area`` (from 1, the one of most harm), ``harm``, ``share`` of the city's harm, ``area_km2``, ``geometry``.

    Raises:
        DataError: The plan is of another grid.
    """
    import geopandas as gpd
    import shapely

    if plan.area.shape != grid.shape:
        raise DataError(
            f"Expected a plan on the grid of {grid.shape}. Received: {plan.area.shape}. "
            "Use the grid that the plan was made on."
        )
    row, col = np.nonzero(plan.area >= 0)
    west, north = grid.west + col * grid.cell_size_m, grid.north - row * grid.cell_size_m
    squares = shapely.box(west, north - grid.cell_size_m, west + grid.cell_size_m, north)
    cells = gpd.GeoDataFrame({"area": plan.area[row, col] + 1}, geometry=squares, crs=grid.crs)
    areas = cells.dissolve(by="area").reset_index()
    columns = {"harm": plan.harm, "share": plan.harm / plan.city_harm, "area_km2": areas.area / M2_PER_KM2}
    return areas.assign(**columns)[["area", *columns, "geometry"]]
