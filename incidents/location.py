"""Where reported coordinates lie: in which area, or near the city, or nowhere in it.

All arrays have one entry per row. Degrees are WGS84; metres are in the city's projected CRS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import geopandas

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NOWHERE = -1
"""Index of the area where a point lies in none."""

LAST_STRIPE = 65535
EDGE_POINTS = 21
"""Points per edge of the city's box when it is brought to degrees, where straight edges bend."""


@dataclass(frozen=True)
class Located:
    """Coordinates after repair, and where they lie.

    Args:
        lon: Degrees; NaN where missing.
        lat: Degrees; NaN where missing.
        x: Metres; NaN where missing or outside.
        y: Metres; NaN where missing or outside.
        area: Row of the layer that the point falls in, -1 for none.
        outside: Coordinates are given, but farther than the tolerance from every area.
        tolerated: Within the tolerance, but in no area.
        swapped: Longitude and latitude were exchanged, and have been put right.
    """

    lon: Floats
    lat: Floats
    x: Floats
    y: Floats
    area: npt.NDArray[np.int32]
    outside: Flags
    tolerated: Flags
    swapped: Flags


def locate(lon: Floats, lat: Floats, areas: geopandas.GeoDataFrame, *, tolerance_m: float) -> Located:
    """Project coordinates and find the area of each, exactly.

    A point on a border that several areas share falls to the one that comes first in the layer.

    Args:
        lon: Degrees as the source gives them; NaN where missing.
        lat: Degrees; NaN where missing.
        areas: Layer as from `incidents.polygons.load_layer`.
        tolerance_m: Points up to this far outside every area are kept.
    """
    import pyproj

    to_metres = pyproj.Transformer.from_crs("EPSG:4326", areas.crs, always_xy=True)
    box = _degree_box(areas.total_bounds, tolerance_m, to_metres)
    near = _in_box(lon, lat, box)
    swapped = ~near & _in_box(lat, lon, box)
    lon, lat = np.where(swapped, lat, lon), np.where(swapped, lon, lat)
    near = near | swapped
    x, y = np.full(len(lon), np.nan), np.full(len(lon), np.nan)
    x[near], y[near] = to_metres.transform(lon[near], lat[near])
    area = find_areas(x, y, areas)
    tolerated = near & (area == NOWHERE)
    tolerated[tolerated] = _within(x[tolerated], y[tolerated], areas, tolerance_m)
    outside = np.isfinite(lon) & np.isfinite(lat) & (area == NOWHERE) & ~tolerated
    return Located(lon, lat, x, y, area, outside, tolerated, swapped & ~outside)


def find_areas(x: Floats, y: Floats, areas: geopandas.GeoDataFrame) -> npt.NDArray[np.int32]:
    """Row of the first area that covers each point, borders included; -1 where there is none.

    Args:
        x: Metres; NaN falls in no area.
        y: Metres.
        areas: Polygons in the same CRS.
    """
    import shapely

    shapes = np.asarray(areas.geometry.array, dtype=object)
    shapely.prepare(shapes)
    bounds = shapely.bounds(shapes)
    stripes, edges = _stripes(x, bounds)
    # Sorting 16-bit stripes is linear, and slices of points need no tree to be built over them.
    order = np.argsort(stripes, kind="stable")
    in_order, x, y = stripes[order], x[order], y[order]
    starts = np.searchsorted(in_order, edges[:, 0], side="left")
    stops = np.searchsorted(in_order, edges[:, 1], side="right")
    found = np.full(len(x), NOWHERE, dtype=np.int32)
    for row, (west, south, east, north) in enumerate(bounds):
        part = slice(starts[row], stops[row])
        open_here = (found[part] == NOWHERE) & (y[part] >= south) & (y[part] <= north)
        candidates = part.start + np.flatnonzero(open_here & (x[part] >= west) & (x[part] <= east))
        hit = shapely.intersects_xy(shapes[row], x[candidates], y[candidates])
        found[candidates[hit]] = row
    result = np.empty_like(found)
    result[order] = found
    return result


def _stripes(x: Floats, bounds: Floats) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """North-south stripes of the points, and the first and last stripe of each area; NaN goes to the last."""
    west, east = bounds[:, 0].min(), bounds[:, 2].max()
    scale = LAST_STRIPE / max(east - west, 1.0)

    def stripe(metres: Floats) -> npt.NDArray[np.uint16]:
        place = np.clip(np.nan_to_num((metres - west) * scale, nan=LAST_STRIPE), 0, LAST_STRIPE)
        whole: npt.NDArray[np.uint16] = place.astype(np.uint16)
        return whole

    return stripe(x), stripe(bounds[:, [0, 2]])


def _degree_box(bounds: Floats, tolerance_m: float, to_metres: object) -> tuple[float, float, float, float]:
    """West, south, east and north of everything within the tolerance of the layer's bounds."""
    west, south, east, north = bounds + tolerance_m * np.array([-1.0, -1.0, 1.0, 1.0])
    box: tuple[float, float, float, float] = to_metres.transform_bounds(  # type: ignore[attr-defined]
        west, south, east, north, densify_pts=EDGE_POINTS, direction="INVERSE"
    )
    return box


def _in_box(lon: Floats, lat: Floats, box: tuple[float, float, float, float]) -> Flags:
    west, south, east, north = box
    inside: Flags = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside


def _within(x: Floats, y: Floats, areas: geopandas.GeoDataFrame, tolerance_m: float) -> Flags:
    """Whether each point lies within the tolerance of any area."""
    import shapely

    near = np.zeros(len(x), dtype=bool)
    tree = shapely.STRtree(np.asarray(areas.geometry.array, dtype=object))
    hits, _ = tree.query(shapely.points(x, y), predicate="dwithin", distance=tolerance_m)
    near[hits] = True
    return near
