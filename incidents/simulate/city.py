"""The ground of the simulated city: outline, neighborhoods, residents and points of interest.

Coordinates are metres in ``CRS``; points are arrays of shape (points, 2), x first.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from incidents.simulate.settings import CityShape

CRS = "EPSG:32618"
"""UTM zone 18 north."""

CENTRE = (500_000.0, 4_500_000.0)
"""Easting and northing of the middle of the city."""

SNAP_M = 0.01
"""Corners are rounded to this, so that neighbors share theirs to the last digit."""

_FIRST_NAMES = (
    "Alder", "Bell", "Cedar", "Dock", "East", "Ferry", "Glen", "Harbor", "Iron", "Juniper", "Kiln", "Linden",
    "Mill", "North", "Orchard", "Pine", "Quarry", "River", "South", "Tanner", "Upper", "Vine", "West", "Yarrow",
)  # fmt: skip
_LAST_NAMES = (
    "Bank", "Bend", "Common", "Corner", "Court", "Cross", "End", "Field", "Gate", "Green", "Heights", "Hill",
    "Lane", "Market", "Park", "Point", "Row", "Square", "Terrace", "Yard",
)  # fmt: skip

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """All points of interest of one kind.

    Attributes:
        kind: Name of the kind.
        points: Where they are, shape (places, 2).
        radius_m: Reach of the effect.
        rate_ratio: Factor on the background of violent incidents within reach.
    """

    kind: str
    points: Points
    radius_m: float
    rate_ratio: float


@dataclass(frozen=True)
class City:
    """The ground of the city.

    Attributes:
        outline: The city limit.
        names: Unique names of the neighborhoods, shape (neighborhoods,).
        polygons: Their polygons, which tile the outline, shape (neighborhoods,).
        seeds: A point belongs to the neighborhood of the nearest seed, shape (neighborhoods, 2).
        population: Residents, shape (neighborhoods,).
        districts: Name of the district of each neighborhood, shape (neighborhoods,).
        places: Points of interest, one entry a kind.
    """

    outline: shapely.Polygon
    names: npt.NDArray[np.str_]
    polygons: npt.NDArray[np.object_]
    seeds: Points
    population: npt.NDArray[np.int64]
    districts: npt.NDArray[np.str_]
    places: tuple[Place, ...]

    def neighborhood_of(self, points: Points) -> npt.NDArray[np.int64]:
        """Index of the neighborhood of each point inside the outline, shape (points,)."""
        from scipy.spatial import KDTree

        return np.asarray(KDTree(self.seeds).query(points)[1], dtype=np.int64)


def lay_out_city(shape: CityShape, *, rng: np.random.Generator) -> City:
    """Draw the ground of a city.

    The outline is a closed curve around ``CENTRE``; the neighborhoods are Voronoi polygons, evened out and cut
    at the outline; residents follow the area times a lognormal density; places are spread evenly.

    Args:
        shape: Sizes and counts, checked.
        rng: Source of all randomness.

    Returns:
        The ground, with coordinates rounded to ``SNAP_M``.
    """
    outline = _draw_outline(shape.extent_m, rng)
    seeds = draw_inside(outline, shape.neighborhoods, rng=rng)
    polygons = _tile(outline, seeds)
    for _ in range(2):
        seeds = shapely.get_coordinates(shapely.centroid(polygons))
        polygons = _tile(outline, seeds)
    places = tuple(
        Place(kind.kind, draw_inside(outline, kind.count, rng=rng), kind.radius_m, kind.rate_ratio)
        for kind in shape.places
    )
    return City(
        outline=outline,
        names=_draw_names(shape.neighborhoods, rng),
        polygons=polygons,
        seeds=seeds,
        population=_draw_population(polygons, shape.population, rng),
        districts=_group_by_direction(seeds, shape.districts),
        places=places,
    )


def draw_inside(outline: shapely.Polygon, count: int, *, rng: np.random.Generator) -> Points:
    """Points spread evenly inside a polygon, shape (count, 2), by rejection from its bounding box."""
    low, high = np.reshape(outline.bounds, (2, 2))
    points = np.empty((0, 2))
    while len(points) < count:
        tried = rng.uniform(low, high, (2 * count, 2))
        points = np.concatenate([points, tried[shapely.contains_xy(outline, tried)]])
    return points[:count]


def _draw_outline(extent_m: float, rng: np.random.Generator) -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    waves = np.arange(2, 7)
    height = rng.uniform(0.05, 0.25, waves.size) / waves
    phase = rng.uniform(0, 2 * np.pi, waves.size)
    radius = 1 + np.cos(waves * angle[:, None] + phase) @ height
    radius *= extent_m / 2 / radius.max()
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None] + CENTRE
    return shapely.Polygon(np.round(ring / SNAP_M) * SNAP_M)


def _tile(outline: shapely.Polygon, seeds: Points) -> npt.NDArray[np.object_]:
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seeds), extend_to=outline))
    seed_index, cell_index = shapely.STRtree(cells).query(shapely.points(seeds), predicate="within")
    ordered = np.asarray(cells)[cell_index[np.argsort(seed_index)]]
    return np.asarray(shapely.intersection(ordered, outline, grid_size=SNAP_M))


def _draw_names(count: int, rng: np.random.Generator) -> npt.NDArray[np.str_]:
    pairs = [f"{first} {last}" for last in _LAST_NAMES for first in _FIRST_NAMES]
    rounds = -(-count // len(pairs))
    pool = pairs + [f"{pair} {number}" for number in range(2, rounds + 1) for pair in pairs]
    return np.array(pool)[rng.permutation(len(pool))[:count]]


def _draw_population(
    polygons: npt.NDArray[np.object_], total: int, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    weight = shapely.area(polygons) * rng.lognormal(sigma=0.4, size=len(polygons))
    return rng.multinomial(total, weight / weight.sum())


def _group_by_direction(seeds: Points, districts: int) -> npt.NDArray[np.str_]:
    east, north = (seeds - CENTRE).T
    order = np.argsort(np.argsort(np.arctan2(north, east)))
    return np.char.add("District ", (order * districts // len(seeds) + 1).astype(str))
