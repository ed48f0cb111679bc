"""How long it takes from one patrol area to another."""

from enum import StrEnum

import numpy as np

from hotspots.patrol.plan import PatrolPlan
from hotspots.points import Floats
from incidents.errors import ConfigError, DataError
from rasterize.grid import Grid

M_PER_KM, MINUTES_PER_HOUR = 1000.0, 60.0


class Way(StrEnum):
    """How the distance between two places is taken; neither knows streets, rivers or traffic."""

    STRAIGHT = "straight"
    """As the crow flies: the least it can be."""
    MANHATTAN = "manhattan"
    """East-west and then north-south, as on a grid of streets along the axes of the CRS."""


def area_centers(plan: PatrolPlan, harm: Floats, grid: Grid) -> tuple[Floats, Floats]:
    """Middle of the cell of each area that is nearest to its centre of harm, so that it lies inside.

    Args:
        plan: The areas.
        harm: The surface that they were chosen from, ``(rows, cols)``.
        grid: Its grid.

    Returns:
        x and y, metres, ``(areas,)`` each.

    Raises:
        DataError: Plan, harm and grid differ in shape.
    """
    if not plan.area.shape == np.shape(harm) == grid.shape:
        raise DataError(
            f"Expected a plan and harm on the grid of {grid.shape}. Received: {plan.area.shape} and "
            f"{np.shape(harm)}. Use the grid that the plan was made on."
        )
    row, col = np.nonzero(plan.area >= 0)
    area, weight = plan.area[row, col], np.asarray(harm)[row, col]
    center_x, center_y = grid.cell_centers()
    x, y = center_x[col], center_y[row]
    count = len(plan.harm)
    total = np.bincount(area, weight, count)
    middle_x, middle_y = (np.bincount(area, weight * part, count) / total for part in (x, y))
    off = np.hypot(x - middle_x[area], y - middle_y[area])
    order = np.lexsort((off, area))
    first = order[np.searchsorted(area[order], np.arange(count))]
    return x[first], y[first]


def travel_minutes(x: Floats, y: Floats, *, speed_kmh: float = 30.0, way: Way = Way.MANHATTAN) -> Floats:
    """Minutes from each area to each other one, ``(areas, areas)``.

    Args:
        x: Eastings of their centres, metres, ``(areas,)``.
        y: Northings.
        speed_kmh: Speed, kilometres an hour.
        way: How the distance is taken.

    Raises:
        ConfigError: The speed is not positive.

    Example:
        >>> travel_minutes(np.array([0.0, 3000.0]), np.array([0.0, 4000.0])).tolist()
        [[0.0, 14.0], [14.0, 0.0]]
        >>> travel_minutes(np.array([0.0, 3000.0]), np.array([0.0, 4000.0]), way=Way.STRAIGHT).tolist()
        [[0.0, 10.0], [10.0, 0.0]]
    """
    if not 0 < speed_kmh < np.inf:
        raise ConfigError(f"Expected a speed above 0 km/h. Received: {speed_kmh}. Use 30 in a city.")
    across, up = np.abs(x[:, None] - x), np.abs(y[:, None] - y)
    metres = np.hypot(across, up) if way is Way.STRAIGHT else across + up
    return np.asarray(metres / M_PER_KM / speed_kmh * MINUTES_PER_HOUR, dtype=np.float64)
