"""Which places are neighbors: those that touch, those within a distance, or the nearest.

For cells of a grid and for areas; distances are metres, between centres or centroids.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.local.neighborhood import CellNeighborhood, SparseNeighborhood
from hotspots.points import Bools, Floats, Ints, check_inside
from incidents.errors import ConfigError, CrsError, DataError
from incidents.polygons import projected_crs
from rasterize.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

DRAWING_GAP_M = 1.0
"""Polygons no farther apart than this touch: borders drawn twice seldom agree to the last digit."""

HAIR = 1e-9
"""Relative slack of a distance, so that a place exactly at the limit is in, however it was rounded."""


def touching_cells(inside: Bools) -> CellNeighborhood:
    """Queen neighbors of cells: the eight that share an edge or a corner.

    Args:
        inside: Cells that count, ``(rows, cols)``.
    """
    return CellNeighborhood(_check_cells(inside), (1, 1))


def cells_within(inside: Bools, *, cell_size_m: float, distance_m: float) -> CellNeighborhood:
    """Neighbors of cells by a distance band: centres no farther than a distance.

    Args:
        inside: Cells that count, ``(rows, cols)``.
        cell_size_m: Side of a cell, metres.
        distance_m: Largest distance of centres, metres.

    Raises:
        ConfigError: The distance is smaller than a cell, so that nobody has a neighbor.

    Example:
        >>> cells_within(np.ones((3, 3), dtype=bool), cell_size_m=100.0, distance_m=150.0).reach
        (1, 1)
    """
    if not distance_m >= cell_size_m * (1 - HAIR):
        raise ConfigError(
            f"Expected a distance of at least one cell, {cell_size_m:g} m. Received: {distance_m:g} m. "
            "Choose a larger distance or smaller cells."
        )
    radius = distance_m / cell_size_m * (1 + HAIR)
    rows = range(math.floor(radius) + 1)
    return CellNeighborhood(
        _check_cells(inside), tuple(math.floor(math.sqrt(radius**2 - down**2)) for down in rows)
    )


def nearest_cells(grid: Grid, inside: Bools, *, count: int) -> SparseNeighborhood:
    """The nearest cells of each cell, by their centres; of equally near ones any.

    Args:
        grid: The cells.
        inside: Cells that count, ``(rows, cols)``.
        count: Number of neighbors.

    Raises:
        ConfigError: Not between 1 and the number of other cells.
    """
    cells = check_inside(inside, grid.shape)
    x, y = grid.cell_centers()
    row, col = np.nonzero(cells)
    return SparseNeighborhood(cells, _link_nearest(np.column_stack([x[col], y[row]]), count))


def touching_areas(polygons: "gpd.GeoDataFrame", *, gap_m: float = DRAWING_GAP_M) -> SparseNeighborhood:
    """Queen neighbors of areas: those that share an edge or a corner.

    Args:
        polygons: Column ``geometry``, in metres.
        gap_m: Largest gap between borders that are meant to be one.

    Raises:
        CrsError: The polygons are not in metres.
        DataError: Fewer than three polygons.
    """
    import shapely

    _check_areas(polygons)
    shapes = np.asarray(polygons.geometry.array, dtype=object)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=gap_m)
    return _of_areas(_link(first, second, len(shapes)))


def areas_within(polygons: "gpd.GeoDataFrame", *, distance_m: float) -> SparseNeighborhood:
    """Neighbors of areas by a distance band: centroids no farther than a distance.

    Args:
        polygons: Column ``geometry``, in metres.
        distance_m: Largest distance of centroids, metres.

    Raises:
        CrsError: The polygons are not in metres.
        ConfigError: The distance is not positive.
        DataError: Fewer than three polygons.
    """
    from scipy.spatial import KDTree

    if not distance_m > 0:
        raise ConfigError(
            f"Expected a positive distance in metres. Received: {distance_m}. Try 1500 for neighborhoods."
        )
    points = _centroids(polygons)
    pairs = KDTree(points).query_pairs(distance_m * (1 + HAIR), output_type="ndarray")
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return _of_areas(_link(both[:, 0], both[:, 1], len(points)))


def nearest_areas(polygons: "gpd.GeoDataFrame", *, count: int) -> SparseNeighborhood:
    """The nearest areas of each area, by their centroids; no area is an island.

    Args:
        polygons: Column ``geometry``, in metres.
        count: Number of neighbors.

    Raises:
        CrsError: The polygons are not in metres.
        ConfigError: Not between 1 and the number of other areas.
        DataError: Fewer than three polygons.
    """
    return _of_areas(_link_nearest(_centroids(polygons), count))


def _link_nearest(points: Floats, count: int) -> Any:
    """Links from each point to its nearest others."""
    from scipy.spatial import KDTree

    if not 1 <= count < len(points):
        raise ConfigError(
            f"Expected a number of neighbors from 1 to {len(points) - 1}. Received: {count}. "
            "Each place needs so many others."
        )
    nearest = KDTree(points).query(points, k=count + 1)[1]
    own = np.arange(len(points))[:, None]
    # Where places coincide, a place need not come first in its own list.
    is_own = nearest == own
    is_own[~is_own.any(axis=1), -1] = True
    others = nearest[~is_own].reshape(len(points), count)
    return _link(np.broadcast_to(own, others.shape).ravel(), others.ravel(), len(points))


def _link(first: Ints, second: Ints, places: int) -> Any:
    """A CSR matrix of links between different places."""
    from scipy.sparse import csr_array

    other = first != second
    ones = np.ones(int(other.sum()))
    links = csr_array((ones, (first[other], second[other])), shape=(places, places))
    links.sum_duplicates()
    return links


def _of_areas(links: Any) -> SparseNeighborhood:
    return SparseNeighborhood(np.ones(links.shape[0], dtype=bool), links)


def _centroids(polygons: "gpd.GeoDataFrame") -> Floats:
    """Centroids ``(areas, 2)``, metres."""
    _check_areas(polygons)
    centroids = polygons.geometry.centroid
    return np.column_stack([centroids.x, centroids.y]).astype(np.float64)


def _check_areas(polygons: "gpd.GeoDataFrame") -> None:
    """Refuse polygons that are not in metres, or too few to stand out from each other."""
    if polygons.crs is None:
        raise CrsError(
            "Expected polygons in a projected CRS in metres. Received: none stated. "
            "Load them with incidents.polygons.load_layer."
        )
    projected_crs(polygons.crs.to_string())
    if len(polygons) < 3:
        raise DataError(
            f"Expected at least 3 areas, of which some stand out from the others. Received: {len(polygons)}. "
            "Use a finer layer, or cells of a grid."
        )


def _check_cells(inside: Bools) -> Bools:
    cells = np.asarray(inside, dtype=bool)
    if cells.ndim != 2:
        raise DataError(
            f"Expected cells of shape (rows, cols). Received: {cells.shape}. Pass overlay.inside."
        )
    return check_inside(cells, cells.shape)
