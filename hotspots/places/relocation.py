"""Where else the places might have been: ways to move points of interest about, as chance would have it.

Each gives a function of a generator that returns coordinates in metres, ``(places, 2)``.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from hotspots.points import Floats
from hotspots.sites import check_points
from incidents.errors import DataError

if TYPE_CHECKING:
    import shapely

    Outline: TypeAlias = "shapely.Polygon | shapely.MultiPolygon"

Relocation = Callable[[np.random.Generator], Floats]

LEAST_SHARE_INSIDE = 0.25


def spread_evenly(outline: "Outline", count: int) -> Relocation:
    """Spread places evenly over the city.

    Where not to use: real shops avoid rivers and parks, and so do incidents, so that any kind of shop then draws
    incidents. Draw from where shops might be (:func:`draw_from`), or shift them together (:func:`shift_together`).

    Args:
        outline: The city, metres.
        count: Number of places.
    """
    import shapely

    low, high = np.reshape(outline.bounds, (2, 2))
    shapely.prepare(outline)

    def relocate(rng: np.random.Generator) -> Floats:
        found = np.empty((0, 2))
        while len(found) < count:
            tried = rng.uniform(low, high, (2 * count + 8, 2))
            found = np.concatenate([found, tried[shapely.contains_xy(outline, tried)]])
        return found[:count]

    return relocate


def draw_from(
    x: npt.ArrayLike, y: npt.ArrayLike, count: int, *, weights: npt.ArrayLike | None = None
) -> Relocation:
    """Draw places from points where they might be, without repeats.

    What is drawn from decides what is asked: from all addresses or shops, whether *this* kind has more incidents
    around it than others; from the sites of all incidents, whether it has more than just any busy place.

    Args:
        x: Eastings of the candidates, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        count: Number of places.
        weights: How likely each candidate is relative to the others, ``(n,)``; equal if left out.

    Raises:
        DataError: Fewer candidates than places.
    """
    east, north, mass, usable = check_points(x, y, weights)
    candidates = np.column_stack([east, north])[usable]
    if len(candidates) < count:
        raise DataError(
            f"Expected at least {count} candidates for as many places. Received: {len(candidates)}. Give more."
        )
    chance = mass[usable] / mass[usable].sum()

    def relocate(rng: np.random.Generator) -> Floats:
        return candidates[rng.choice(len(candidates), count, replace=False, p=chance, shuffle=False)]

    return relocate


def shift_together(x: npt.ArrayLike, y: npt.ArrayLike, outline: "Outline") -> Relocation:
    """Shift all places by one random step, around the edges of the city's bounding box.

    Their pattern stays as it is, so that places that stand together do not count as so many independent ones. Those
    that land outside the city are left out; steps that leave fewer than a quarter are drawn again. The fewer are left,
    the more their mean varies, which errs on the side of chance.

    Args:
        x: Eastings, metres, ``(places,)``.
        y: Northings, metres, ``(places,)``.
        outline: The city, metres.

    Raises:
        DataError: Fewer than a quarter of the places lie in the city as they are.

    Reference:
        Lotwick and Silverman (1982), doi:10.1111/j.2517-6161.1982.tb01221.x; for irregular cities, Mrkvička et al.
        (2021), doi:10.1016/j.spasta.2020.100430.
    """
    import shapely

    east, north, _, usable = check_points(x, y)
    points = np.column_stack([east, north])[usable]
    low, high = np.reshape(outline.bounds, (2, 2))
    shapely.prepare(outline)
    inside = float(shapely.contains_xy(outline, points).mean()) if len(points) else 0.0
    if inside < LEAST_SHARE_INSIDE:
        raise DataError(
            f"Expected places inside the city. Received: {len(points)} places, {inside:.0%} of them inside. "
            "Check the CRS of the places and the polygons."
        )

    def relocate(rng: np.random.Generator) -> Floats:
        while True:
            moved = low + (points + rng.uniform(0, high - low) - low) % (high - low)
            held = shapely.contains_xy(outline, moved)
            if held.mean() >= LEAST_SHARE_INSIDE:
                return np.asarray(moved[held], dtype=np.float64)

    return relocate
