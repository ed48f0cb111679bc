"""The static channels of the map: outlines of neighborhoods, their labels, and which cells lie inside.

All are ``(row, col)`` on the grid, row 0 in the north.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from incidents.errors import PolygonError
from rasterize.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Overlay:
    """Neighborhoods drawn on a grid.

    Args:
        areas: Ids of the polygons, in the order of the labels.
        inside: Cells that touch a polygon, bool ``(rows, cols)``.
        labels: Index into ``areas`` of the polygon at the cell's centre (of a touching one where the
            centre lies outside), int16 ``(rows, cols)``, -1 outside.
        outline_cell: Flat cell indices under the outlines, area after area, int32 ``(m,)``.
        outline_offsets: Where each area's outline starts in ``outline_cell``, int32 ``(areas + 1,)``.
    """

    areas: tuple[str, ...]
    inside: npt.NDArray[np.bool_]
    labels: npt.NDArray[np.int16]
    outline_cell: npt.NDArray[np.int32]
    outline_offsets: npt.NDArray[np.int32]

    @property
    def outline(self) -> npt.NDArray[np.bool_]:
        """Cells under any outline, bool ``(rows, cols)``."""
        drawn = np.zeros(self.inside.size, dtype=bool)
        drawn[self.outline_cell] = True
        return drawn.reshape(self.inside.shape)

    def outlines_of(self, areas: Ints) -> tuple[Ints, Ints]:
        """Find the outline cells of several areas at once.

        Args:
            areas: Area indices, ``(k,)``; repeats allowed.

        Returns:
            ``(position, cell)``: for each outline cell, the position in ``areas`` it belongs to and its
            flat index, both ``(sum of outline lengths,)``.
        """
        return expand_runs(self.outline_offsets, areas, self.outline_cell)


def expand_runs(
    offsets: npt.NDArray[np.integer], runs: Ints, values: npt.NDArray[np.integer]
) -> tuple[Ints, Ints]:
    """Concatenate selected runs of a compressed sparse array.

    Args:
        offsets: Start of every run in ``values``, ``(n + 1,)``.
        runs: Which runs, ``(k,)``.
        values: The stored values.

    Returns:
        ``(position, value)`` of every element of the chosen runs, in order.

    Example:
        >>> position, value = expand_runs(np.array([0, 2, 3]), np.array([1, 0]), np.array([7, 8, 9]))
        >>> position.tolist(), value.tolist()
        ([0, 1, 1], [9, 7, 8])
    """
    starts = offsets[runs].astype(np.int64)
    lengths = offsets[runs + 1].astype(np.int64) - starts
    position = np.repeat(np.arange(len(runs)), lengths)
    first_of_run = np.cumsum(lengths) - lengths
    within = np.arange(len(position)) - first_of_run[position]
    return position, values[starts[position] + within].astype(np.int64)


def draw_overlay(polygons: "gpd.GeoDataFrame", grid: Grid) -> Overlay:
    """Draw polygons on a grid.

    Args:
        polygons: Columns ``area`` (id) and ``geometry``, in the grid's CRS.
        grid: Where to draw.

    Returns:
        The overlay.

    Raises:
        PolygonError: No polygons, or none that touches the grid.
    """
    if polygons.empty:
        raise PolygonError(
            "Expected at least one polygon. Received: none. Check the layer's file in the config."
        )
    labels = _labels(polygons, grid)
    if (labels < 0).all():
        raise PolygonError(
            f"Expected polygons on the grid {grid.bounds}. Received: {tuple(polygons.total_bounds.tolist())}. "
            "Reproject them to the crs of the config."
        )
    cells, offsets = _outline_cells(polygons, grid)
    return Overlay(tuple(polygons["area"].astype(str)), labels >= 0, labels, cells, offsets)


def _labels(polygons: "gpd.GeoDataFrame", grid: Grid) -> npt.NDArray[np.int16]:
    """Polygon at each cell's centre; cells that are only touched take a polygon that touches them."""
    from affine import Affine
    from rasterio.features import rasterize

    shapes = [(geometry, index) for index, geometry in enumerate(polygons.geometry)]
    by_centre, by_touch = (
        rasterize(
            shapes, grid.shape, fill=-1, transform=Affine(*grid.transform), all_touched=touch, dtype="int16"
        )
        for touch in (False, True)
    )
    return np.asarray(np.where(by_centre >= 0, by_centre, by_touch), dtype=np.int16)


def _outline_cells(
    polygons: "gpd.GeoDataFrame", grid: Grid
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Cells under each polygon's boundary, as a compressed sparse array by polygon."""
    from affine import Affine
    from rasterio.features import rasterize

    drawn = [
        np.flatnonzero(rasterize([line], grid.shape, transform=Affine(*grid.transform), all_touched=True))
        for line in polygons.boundary
    ]
    offsets = np.concatenate([[0], np.cumsum([len(cells) for cells in drawn])])
    return np.concatenate(drawn).astype(np.int32), offsets.astype(np.int32)
