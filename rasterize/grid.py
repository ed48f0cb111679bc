"""The square cells that a city is divided into.

Metres in a projected CRS; row 0 is north; every cell is ``[west, east) x (south, north]``, so that each
point inside falls in exactly one cell.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, CrsError

if TYPE_CHECKING:
    import geopandas as gpd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """A north-up raster in a projected CRS.

    Args:
        crs: Projected CRS in metres, e.g. ``EPSG:26985``.
        west: x of the left edge, metres.
        north: y of the top edge, metres.
        cell_size_m: Side of a cell, metres.
        rows: Number of rows, counted from the north.
        cols: Number of columns, counted from the west.
    """

    crs: str
    west: float
    north: float
    cell_size_m: float
    rows: int
    cols: int

    @property
    def shape(self) -> tuple[int, int]:
        """``(rows, cols)``."""
        return self.rows, self.cols

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """``(west, south, east, north)`` in metres."""
        east = self.west + self.cols * self.cell_size_m
        return self.west, self.north - self.rows * self.cell_size_m, east, self.north

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Affine coefficients ``(a, b, c, d, e, f)`` as rasterio and GDAL's world files order them."""
        return self.cell_size_m, 0.0, self.west, 0.0, -self.cell_size_m, self.north

    def locate(self, x: Floats, y: Floats) -> tuple[Ints, Ints]:
        """Find the cell of each point.

        Args:
            x: Eastings in metres, any shape; NaN where unknown.
            y: Northings in metres, same shape.

        Returns:
            ``(row, col)``, int64, same shape; both -1 where the point is unknown or outside the grid.

        Example:
            >>> grid = Grid("EPSG:26985", west=0.0, north=300.0, cell_size_m=100.0, rows=3, cols=2)
            >>> row, col = grid.locate(np.array([0.0, 150.0, np.nan]), np.array([300.0, 120.0, 0.0]))
            >>> row.tolist(), col.tolist()
            ([0, 1, -1], [0, 1, -1])
        """
        col = np.floor((np.asarray(x, float) - self.west) / self.cell_size_m)
        row = np.floor((self.north - np.asarray(y, float)) / self.cell_size_m)
        with np.errstate(invalid="ignore"):
            inside = (row >= 0) & (row < self.rows) & (col >= 0) & (col < self.cols)
        outside_mark = -1.0
        return (
            np.where(inside, row, outside_mark).astype(np.int64),
            np.where(inside, col, outside_mark).astype(np.int64),
        )

    def cell_centers(self) -> tuple[Floats, Floats]:
        """Return x of the columns ``(cols,)`` and y of the rows ``(rows,)``, metres."""
        x = self.west + (np.arange(self.cols, dtype=np.float64) + 0.5) * self.cell_size_m
        y = self.north - (np.arange(self.rows, dtype=np.float64) + 0.5) * self.cell_size_m
        return x.astype(np.float64), y.astype(np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "Grid":
        """Rebuild a grid from :meth:`to_dict`."""
        return cls(**fields)


def cover_polygons(polygons: "gpd.GeoDataFrame", *, cell_size_m: float) -> Grid:
    """Lay the smallest grid over polygons whose edges are whole multiples of the cell size.

    Whole multiples keep cells in place when a polygon file changes a little.

    Args:
        polygons: Polygons with a projected CRS in metres.
        cell_size_m: Side of a cell, metres.

    Returns:
        The grid.

    Raises:
        CrsError: The CRS is missing, in degrees, or in another unit than metres.
        ConfigError: The cell size is not positive, or would make more than 32,767 rows or columns.
    """
    crs = _require_metres(polygons.crs)
    if not cell_size_m > 0:
        raise ConfigError(
            f"Expected a positive cell size in metres. Received: {cell_size_m}. "
            "Set raster.cell_size_m in the config."
        )
    west, south, east, north = (float(edge) for edge in polygons.total_bounds)
    left, top = math.floor(west / cell_size_m), math.ceil(north / cell_size_m)
    # A point on the last edge belongs to the next cell, so the grid reaches past it.
    cols = math.floor(east / cell_size_m) + 1 - left
    rows = top - math.ceil(south / cell_size_m) + 1
    limit = np.iinfo(np.int16).max
    if max(rows, cols) > limit:
        raise ConfigError(
            f"Expected at most {limit} rows and columns. Received: {rows} x {cols} cells of {cell_size_m} m. "
            "Choose a larger raster.cell_size_m in the config."
        )
    return Grid(crs, left * cell_size_m, top * cell_size_m, float(cell_size_m), rows, cols)


def _require_metres(crs: Any) -> str:
    """Return the CRS as text, or refuse one that is not projected in metres."""
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_name not in {"metre", "meter"}:
        raise CrsError(
            f"Expected a projected CRS in metres. Received: {crs.to_string() if crs else None}. "
            "Name one under crs in the city's config, e.g. EPSG:26985."
        )
    return str(crs.to_string())
