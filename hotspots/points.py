"""Which points of a city can be used: known, inside the city limit, in metres.

Coordinates are eastings and northings in metres of the grid's CRS, ``(n,)``; NaN where unknown.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import CrsError, DataError
from rasterize.grid import Grid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LARGEST_DEGREE = 180.0


@dataclass(frozen=True)
class CityPoints:
    """Points inside the city limit.

    Args:
        x: Eastings, metres, ``(k,)``.
        y: Northings, metres, ``(k,)``.
        weights: How much each counts, ``(k,)``, > 0.
        index: Position of each among the points given, ``(k,)``.
        row: Row of its cell, ``(k,)``.
        col: Column of its cell, ``(k,)``.
        unlocated: Number of points left out because a coordinate is unknown.
        outside: Number of points left out because they lie outside the city limit.
    """

    x: Floats
    y: Floats
    weights: Floats
    index: Ints
    row: Ints
    col: Ints
    unlocated: int
    outside: int

    def __len__(self) -> int:
        return len(self.x)


def locate_points(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: Grid,
    *,
    inside: Bools | None = None,
    weights: npt.ArrayLike | None = None,
) -> CityPoints:
    """Take the points that lie in the city, and count the others.

    Args:
        x: Eastings, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        grid: The cells.
        inside: Cells of the city, ``(rows, cols)``; all cells if left out.
        weights: How much each point counts, ``(n,)``, finite and >= 0; 1 if left out. Points of weight 0 do
            not count as given.

    Returns:
        The points that can be used. No points at all give none; that is not an error.

    Raises:
        CrsError: The coordinates look like longitude and latitude.
        DataError: Lengths differ, a weight is negative or not finite, a mask is not of the grid's shape, or
            there are points but none in the city.

    Example:
        >>> grid = Grid("EPSG:26985", west=0.0, north=300.0, cell_size_m=100.0, rows=3, cols=2)
        >>> found = locate_points([50.0, np.nan, 900.0], [250.0, 10.0, 10.0], grid)
        >>> len(found), found.unlocated, found.outside
        (1, 1, 1)
    """
    east, north, mass = _check_lengths(x, y, weights)
    city = check_inside(inside, grid.shape)
    row, col = grid.locate(east, north)
    counts, known = mass > 0, np.isfinite(east) & np.isfinite(north)
    usable = counts & (row >= 0)
    usable[usable] = city[row[usable], col[usable]]
    if counts.any() and not usable.any():
        raise _nothing_inside(east[counts & known], north[counts & known], grid, given=int(counts.sum()))
    index = np.flatnonzero(usable)
    return CityPoints(
        x=east[index],
        y=north[index],
        weights=mass[index],
        index=index,
        row=row[index],
        col=col[index],
        unlocated=int(np.count_nonzero(counts & ~known)),
        outside=int(np.count_nonzero(counts & known & ~usable)),
    )


def count_in_cells(points: CityPoints, grid: Grid) -> Floats:
    """Sum the weights of points in each cell, ``(rows, cols)``.

    Example:
        >>> grid = Grid("EPSG:26985", west=0.0, north=300.0, cell_size_m=100.0, rows=3, cols=2)
        >>> count_in_cells(locate_points([50.0, 60.0, 150.0], [250.0, 210.0, 10.0], grid), grid).tolist()
        [[2.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    """
    flat = points.row * grid.cols + points.col
    counts = np.bincount(flat, weights=points.weights, minlength=grid.rows * grid.cols)
    return counts.reshape(grid.shape).astype(np.float64)


def check_inside(inside: Bools | None, shape: tuple[int, ...]) -> Bools:
    """The mask of the city as bool of a shape, all True where none is given.

    Raises:
        DataError: Another shape, or no place inside.
    """
    if inside is None:
        return np.ones(shape, dtype=bool)
    mask = np.asarray(inside, dtype=bool)
    if mask.shape != shape:
        raise DataError(
            f"Expected a mask of shape {shape}. Received: {mask.shape}. Take inside of the overlay on this grid."
        )
    if not mask.any():
        raise DataError(
            "Expected at least one place inside the city. Received: none. "
            "Draw the overlay from polygons that touch the grid."
        )
    return mask


def _check_lengths(
    x: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Both coordinates and the weights as float64 of one length."""
    east, north = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    mass = np.ones(east.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if east.ndim != 1 or not east.shape == north.shape == mass.shape:
        raise DataError(
            f"Expected x, y and weights of one length. Received: {east.shape}, {north.shape}, {mass.shape}. "
            "Give one of each for every point."
        )
    if not bool((np.isfinite(mass) & (mass >= 0)).all()):
        raise DataError(
            "Expected finite weights >= 0. Received: a negative or unknown one. Weight a point 0 to leave it out."
        )
    return east, north, mass


def _nothing_inside(x: Floats, y: Floats, grid: Grid, *, given: int) -> DataError:
    """Say why none of the points can be used."""
    if len(x) == 0:
        return DataError(
            f"Expected points with coordinates. Received: {given} points, all without. "
            "Match their addresses to places first."
        )
    span = f"x {x.min():.6g} to {x.max():.6g}, y {y.min():.6g} to {y.max():.6g}"
    if max(np.abs(x).max(), np.abs(y).max()) <= LARGEST_DEGREE:
        return CrsError(
            f"Expected metres of {grid.crs}. Received: {span}, which look like longitude and latitude. "
            f"Project the points to {grid.crs} first."
        )
    return DataError(
        f"Expected points inside the city, within {grid.bounds} (west, south, east, north). "
        f"Received: {given} points, none inside: {span}. Check the CRS of the points and the polygons."
    )
