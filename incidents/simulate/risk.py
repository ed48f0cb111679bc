"""Where incidents arise: relative risk over the city, and points drawn from it.

Cells are squares of ``CELL_SIZE_M``, arrays over them have the shape (rows, cols) with row 0 in the north.
Within a cell the risk is constant but for the sharp edges, the city limit and the reach of places, which hold
for every point.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from incidents.simulate.city import City, Place, Points, draw_inside
from incidents.simulate.settings import Background

CELL_SIZE_M = 50.0
_PARTS = 8
"""A cell that an edge crosses is measured at this many points a side."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """The lattice of cells over the bounding box of a city.

    Attributes:
        west: Easting of the left edge of column 0.
        north: Northing of the upper edge of row 0.
        rows: Number of rows.
        cols: Number of columns.
        size_m: Side of a cell.
    """

    west: float
    north: float
    rows: int
    cols: int
    size_m: float = CELL_SIZE_M

    @property
    def centres(self) -> Points:
        """Centres of all cells, row by row, shape (rows * cols, 2)."""
        row, col = np.divmod(np.arange(self.rows * self.cols), self.cols)
        return np.column_stack(
            [self.west + (col + 0.5) * self.size_m, self.north - (row + 0.5) * self.size_m]
        )

    def fractional(self, points: Points) -> tuple[Floats, Floats]:
        """Rows and columns of points as fractions; 0.5 is the middle of the first."""
        return (self.north - points[:, 1]) / self.size_m, (points[:, 0] - self.west) / self.size_m

    def locate(self, points: Points) -> npt.NDArray[np.int64]:
        """Index of the cell of each point within ``centres``, shape (points,)."""
        row, col = self.fractional(points)
        return row.astype(np.int64) * self.cols + col.astype(np.int64)


@dataclass(frozen=True)
class HotSpots:
    """Gaussian bumps of the violent risk.

    Attributes:
        points: Their centres, shape (spots, 2).
        strength: Relative risk that each adds at its centre.
        sigma_m: Their standard deviation.
    """

    points: Points
    strength: float
    sigma_m: float

    def factor(self, points: Points) -> Floats:
        """One plus what the hot spots add at each point, shape (points,)."""
        squared = np.square(points[:, None] - self.points).sum(axis=2)
        return np.asarray(1 + self.strength * np.exp(-squared / (2 * self.sigma_m**2)).sum(axis=1))


@dataclass(frozen=True)
class RiskSurface:
    """The spatial density of a kind of incident, known at every point.

    Attributes:
        city: The ground.
        places: The places that change it.
        cells: The lattice.
        inside: Share of each cell inside the city, shape (rows, cols).
        share: Probability that an incident falls into each cell, shape (rows, cols), sums to 1.
        envelope: Upper bound of the density in each cell, times its area, in units of ``share``.
        ceiling: Upper bound of the effect of places in each cell, shape (rows, cols).
        mixed: Cells that the city limit crosses or that lie within reach of a place, shape (rows, cols).
    """

    city: City
    places: tuple[Place, ...]
    cells: Cells
    inside: Floats
    share: Floats
    envelope: Floats
    ceiling: Floats
    mixed: npt.NDArray[np.bool_]

    def draw(self, count: int, *, rng: np.random.Generator) -> Points:
        """Independent points from the density, shape (count, 2): cells by envelope, then thinning."""
        cumulated = np.cumsum(self.envelope)
        points = np.empty((0, 2))
        while (missing := count - len(points)) > 0:
            tries = int(1.05 * missing * cumulated[-1]) + 16
            cell = np.searchsorted(cumulated, rng.random(tries) * cumulated[-1], side="right")
            tried = self.cells.centres[cell] + self.cells.size_m * (rng.random((tries, 2)) - 0.5)
            accepted = rng.random(tries) < self._acceptance(tried, cell)
            points = np.concatenate([points, tried[accepted]])
        return points[:count]

    def _acceptance(self, points: Points, cell: npt.NDArray[np.int64]) -> Floats:
        ceiling = self.ceiling.ravel()[cell]
        mixed = self.mixed.ravel()[cell]
        chance = np.ones(len(points))
        factor = place_factor(points[mixed], self.places) / ceiling[mixed]
        chance[mixed] = factor * shapely.contains_xy(self.city.outline, points[mixed])
        return chance


def place_factor(points: Points, places: tuple[Place, ...]) -> Floats:
    """Factor of all kinds of places on the violent background at each point, shape (points,).

    Args:
        points: Metres in ``CRS``, shape (points, 2).
        places: One entry a kind; a point near several places of one kind counts once, kinds multiply.
    """
    factor = np.ones(len(points))
    for place in places:
        factor *= np.where(_within(points, place, margin_m=0.0), place.rate_ratio, 1.0)
    return factor


def cover_with_cells(city: City) -> Cells:
    """The lattice over the bounding box of the city, with a margin of one cell."""
    west, south, east, north = city.outline.buffer(CELL_SIZE_M).bounds
    rows, cols = np.ceil(np.array([north - south, east - west]) / CELL_SIZE_M).astype(int)
    return Cells(west, north, int(rows), int(cols))


def draw_hot_spots(city: City, background: Background, *, rng: np.random.Generator) -> HotSpots:
    """Hot spots with centres spread evenly over the city."""
    points = draw_inside(city.outline, background.hot_spots, rng=rng)
    return HotSpots(points, background.hot_spot_strength, background.hot_spot_sigma_m)


def map_risk(
    city: City, *, spread: float, hot_spots: HotSpots | None, rng: np.random.Generator
) -> RiskSurface:
    """Build a density from residents, neighborhoods and, for violent incidents, hot spots and places.

    Args:
        city: The ground.
        spread: Standard deviation of the log relative risk between neighborhoods.
        hot_spots: Bumps on top; with ``None`` neither hot spots nor places matter.
        rng: Source of the neighborhoods' risks.

    Returns:
        Density proportional to residents per area x risk of the neighborhood x hot spots x places, and zero
        outside the city.
    """
    cells = cover_with_cells(city)
    centres = cells.centres
    places = () if hot_spots is None else tuple(p for p in city.places if p.rate_ratio != 1 and len(p.points))
    density = (
        city.population / shapely.area(city.polygons) * rng.lognormal(sigma=spread, size=len(city.names))
    )
    base = density[city.neighborhood_of(centres)]
    if hot_spots is not None:
        base = base * hot_spots.factor(centres)
    mixed = _find_mixed(city, places, centres)
    inside = _mean_in_cells(city, (), cells, mixed)
    ceiling = _ceiling(centres, places)
    share = base * _mean_in_cells(city, places, cells, mixed)
    envelope = base * ceiling * (mixed | (inside > 0))
    total = share.sum()
    shape = (cells.rows, cells.cols)
    return RiskSurface(
        city=city,
        places=places,
        cells=cells,
        inside=inside.reshape(shape),
        share=(share / total).reshape(shape),
        envelope=(envelope / total).reshape(shape),
        ceiling=ceiling.reshape(shape),
        mixed=mixed.reshape(shape),
    )


def keep_within(surface: RiskSurface, points: Points, *, sigma_m: float) -> Floats:
    """Share of the Gaussian offspring of incidents at these points that falls inside the city.

    The city's cells, blurred and read off between their centres; right to about 0.01 at the limit.

    Args:
        surface: Knows the share of each cell inside the city.
        points: Metres in ``CRS``, inside the city, shape (points, 2).
        sigma_m: Standard deviation of the displacement, in x and in y.
    """
    from scipy.ndimage import map_coordinates

    row, col = surface.cells.fractional(points)
    kept = blur(surface.inside, sigma_m=sigma_m)
    return np.asarray(map_coordinates(kept, [row - 0.5, col - 0.5], order=1, mode="nearest"))


def blur(values: Floats, *, sigma_m: float) -> Floats:
    """Cells, shape (rows, cols), after a Gaussian displacement of what they hold; beyond them is nothing."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(values, sigma_m / CELL_SIZE_M, mode="constant", truncate=5.0))


def _within(points: Points, place: Place, *, margin_m: float) -> npt.NDArray[np.bool_]:
    from scipy.spatial import KDTree

    reach = place.radius_m + margin_m
    nearest = KDTree(place.points).query(points, distance_upper_bound=reach * (1 + 1e-9))[0]
    return np.asarray(nearest <= reach)


def _ceiling(centres: Points, places: tuple[Place, ...]) -> Floats:
    ceiling = np.ones(len(centres))
    for place in places:
        close = _within(centres, place, margin_m=CELL_SIZE_M / np.sqrt(2))
        ceiling *= np.where(close, max(1.0, place.rate_ratio), 1.0)
    return ceiling


def _mean_in_cells(
    city: City, places: tuple[Place, ...], cells: Cells, mixed: npt.NDArray[np.bool_]
) -> Floats:
    """Mean over each cell of the effect of places, zero outside the city; flat, shape (rows * cols,)."""
    centres = cells.centres
    mean = np.asarray(shapely.contains_xy(city.outline, centres), dtype=float)
    step = (np.arange(_PARTS) + 0.5) / _PARTS - 0.5
    offsets = cells.size_m * np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2)
    points = (centres[mixed][:, None] + offsets).reshape(-1, 2)
    factor = place_factor(points, places) * shapely.contains_xy(city.outline, points)
    mean[mixed] = factor.reshape(-1, _PARTS**2).mean(axis=1)
    return mean


def _find_mixed(city: City, places: tuple[Place, ...], centres: Points) -> npt.NDArray[np.bool_]:
    """Cells that the city limit crosses or that lie within reach of a place; flat."""
    margin_m = CELL_SIZE_M / np.sqrt(2)
    border = city.outline.boundary
    shapely.prepare(border)
    mixed = np.asarray(shapely.dwithin(border, shapely.points(centres), margin_m))
    for place in places:
        mixed |= _within(centres, place, margin_m=margin_m)
    return mixed
