"""Patrol areas without an integer program: cell by cell, then by exchanges; a baseline, and a start for better ones."""

from dataclasses import replace

import numpy as np

from hotspots.patrol.ground import PatrolGround, number_areas
from hotspots.points import Bools

MOST_EXCHANGES = 1000
BLURS_CELLS = (0.0, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)


def choose_greedily(ground: PatrolGround, *, areas: int, cells: int) -> Bools:
    """Take the cell of most harm again and again, as long as it starts no area too many.

    Args:
        ground: The cells.
        areas: Most areas.
        cells: Most cells in all.

    Returns:
        Which cells are taken, ``(cells,)``.
    """
    chosen = np.zeros(len(ground), dtype=bool)
    for _ in range(min(cells, len(ground))):
        allowed = _may_join(ground, chosen, areas=areas) & (ground.harm > 0)
        if not allowed.any():
            break
        chosen[np.argmax(np.where(allowed, ground.harm, -np.inf))] = True
    return chosen


def exchange(ground: PatrolGround, chosen: Bools, *, areas: int) -> Bools:
    """Swap a chosen cell for a better one, the least harmful first, until no single swap helps.

    Args:
        ground: The cells.
        chosen: A plan of at most ``areas`` areas, ``(cells,)``.
        areas: Most areas.

    Returns:
        A plan of as many cells with at least the harm.
    """
    best = chosen.copy()
    for _ in range(MOST_EXCHANGES):
        swapped = _swap_once(ground, best, areas=areas)
        if swapped is None:
            break
        best = swapped
    return best


def search_plans(ground: PatrolGround, *, areas: int, cells: int) -> Bools:
    """The best of several plans made cell by cell and improved by exchanges.

    Cell by cell, nothing leads across a gap to the next harmful cells. On a blurred surface the gap is a slope, so
    plans are begun on surfaces of several blurs; exchanges and comparison are by the harm itself.

    Args:
        ground: The cells.
        areas: Most areas.
        cells: Most cells in all.
    """
    plans = [
        exchange(ground, choose_greedily(_blur(ground, blur), areas=areas, cells=cells), areas=areas)
        for blur in BLURS_CELLS
    ]
    return max(plans, key=lambda plan: float(ground.harm[plan].sum()))


def _blur(ground: PatrolGround, sigma_cells: float) -> PatrolGround:
    """The same cells with their harm spread to their neighbors."""
    from scipy.ndimage import gaussian_filter

    surface = np.zeros(ground.shape)
    surface[ground.row, ground.col] = ground.harm
    return replace(ground, harm=gaussian_filter(surface, sigma_cells)[ground.row, ground.col])


def _swap_once(ground: PatrolGround, chosen: Bools, *, areas: int) -> Bools | None:
    """The plan after the first swap that helps; None if there is none."""
    candidates = np.flatnonzero(chosen)
    for dropped in candidates[np.argsort(ground.harm[candidates], kind="stable")]:
        rest = chosen.copy()
        rest[dropped] = False
        if number_areas(ground.on_grid(rest))[1] > areas:
            continue
        allowed = _may_join(ground, rest, areas=areas)
        best = int(np.argmax(np.where(allowed, ground.harm, -np.inf)))
        if allowed[best] and ground.harm[best] > ground.harm[dropped]:
            rest[best] = True
            return rest
    return None


def _may_join(ground: PatrolGround, chosen: Bools, *, areas: int) -> Bools:
    """Cells that may be added: those beside an area, and any while another area may be started."""
    from scipy.ndimage import binary_dilation

    mask = ground.on_grid(chosen)
    if number_areas(mask)[1] < areas:
        return ~chosen
    return ground.from_grid(np.asarray(binary_dilation(mask))) & ~chosen
