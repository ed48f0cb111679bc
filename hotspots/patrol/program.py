"""The integer program of patrol areas: contiguous by a flow from one root in each area.

For each cell: is it chosen, and is it a root. For each step between touching cells: a flow. A root sends out one unit
for every cell of its area, each chosen cell keeps one, and flow runs through chosen cells only; so every chosen cell
hangs together with a root, and there are at most so many roots. Two further kinds of rows are implied for whole
numbers, and cut off fractions that would make the search long: a chosen cell is a root or has a chosen neighbor, and
a root is the cell of most harm among its chosen neighbors (which of an area's cells is the root is free).

Reference:
    Shirabe (2005), A model of contiguity for spatial unit allocation, doi:10.1111/j.1538-4632.2005.00605.x.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotspots.patrol.ground import PatrolGround
from hotspots.points import Bools, Floats, Ints

if TYPE_CHECKING:
    from scipy.optimize import LinearConstraint


@dataclass(frozen=True)
class Solution:
    """What the solver found.

    Args:
        chosen: Cells of the plan, ``(cells,)``; the start if it found no plan in time.
        bound: No plan of these cells can hold more harm.
        optimal: Whether the plan is within the gap asked for.
    """

    chosen: Bools
    bound: float
    optimal: bool


def solve_program(
    ground: PatrolGround, start: Bools, *, areas: int, cells: int, time_limit_s: float, gap: float
) -> Solution:
    """Choose cells of the greatest harm that form at most so many areas.

    Args:
        ground: The cells.
        start: A plan that is known, ``(cells,)``; much worse ones are not looked at.
        areas: Most areas.
        cells: Most cells in all.
        time_limit_s: When to stop searching.
        gap: Stop when the plan is within this share of the bound.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    tail, head = ground.touching()
    count, steps = len(ground), len(tail)
    known = float(ground.harm[start].sum())
    nothing = np.zeros(count + steps)
    at_least = LinearConstraint(
        csr_array(np.concatenate([ground.harm, nothing])[None]), known * (1 - gap), np.inf
    )
    result = milp(
        np.concatenate([-ground.harm, nothing]),
        constraints=[*_rows(ground, tail, head, areas=areas, cells=cells), at_least],
        bounds=Bounds(0, np.repeat([1.0, 1.0, float(cells - 1)], [count, count, steps])),
        integrality=np.repeat([1, 1, 0], [count, count, steps]),
        options={"time_limit": time_limit_s, "mip_rel_gap": gap},
    )
    bound = getattr(result, "mip_dual_bound", None)
    best = np.inf if bound is None else max(-float(bound), known)
    if result.x is None:
        return Solution(start, best, False)
    return Solution(result.x[:count] > 0.5, best, result.status == 0)


def relaxed_bound(ground: PatrolGround, *, areas: int, cells: int) -> float:
    """Harm that no plan can exceed, from the program with fractions of cells allowed."""
    from scipy.optimize import Bounds, milp

    tail, head = ground.touching()
    count, steps = len(ground), len(tail)
    result = milp(
        np.concatenate([-ground.harm, np.zeros(count + steps)]),
        constraints=_rows(ground, tail, head, areas=areas, cells=cells),
        bounds=Bounds(0, np.repeat([1.0, 1.0, float(cells - 1)], [count, count, steps])),
    )
    # Without the solver's answer, the most harmful cells wherever they lie are a bound as well.
    most = float(np.sort(ground.harm)[-cells:].sum())
    return most if result.x is None else min(most, -float(result.fun))


def _rows(
    ground: PatrolGround, tail: Ints, head: Ints, *, areas: int, cells: int
) -> list["LinearConstraint"]:
    """Constraints over (chosen, root, flow)."""
    from scipy.optimize import LinearConstraint
    from scipy.sparse import coo_array, csr_array, eye_array, hstack

    count, steps = len(ground), len(tail)
    step = np.arange(steps)
    into, out_of = (
        coo_array((np.ones(steps), (cell, step)), shape=(count, steps)).tocsr() for cell in (head, tail)
    )
    one, flow, kept = eye_array(count, format="csr"), eye_array(steps, format="csr"), into - out_of
    every, none = csr_array(np.ones((1, count))), csr_array((1, count))
    better = _better_neighbor(ground.harm, tail, head)
    no_flow, no_root = csr_array((count, steps)), csr_array((steps, count))
    blocks = [
        # Each chosen cell keeps one unit; only a root may keep less, down to all that it sends out.
        ([-one, csr_array((count, count)), kept], -np.inf, 0.0),
        ([-one, cells * one, kept], 0.0, np.inf),
        ([-one, one, no_flow], -np.inf, 0.0),
        ([(1 - cells) * out_of.T, no_root, flow], -np.inf, 0.0),
        ([(1 - cells) * into.T, no_root, flow], -np.inf, 0.0),
        ([every, none, csr_array((1, steps))], 0.0, float(cells)),
        ([none, every, csr_array((1, steps))], 0.0, float(areas)),
        ([one - into @ out_of.T, -one, no_flow], -np.inf, 0.0),
        (
            [into.T.tocsr()[better], out_of.T.tocsr()[better], csr_array((int(better.sum()), steps))],
            -np.inf,
            1.0,
        ),
    ]
    return [LinearConstraint(hstack(block, format="csr"), low, high) for block, low, high in blocks]


def _better_neighbor(harm: Floats, tail: Ints, head: Ints) -> Bools:
    """Steps to a cell of more harm; of equal ones the earlier cell counts as more."""
    rank = np.empty(len(harm), dtype=np.int64)
    rank[np.lexsort((np.arange(len(harm)), -harm))] = np.arange(len(harm))
    return np.asarray(rank[head] < rank[tail], dtype=bool)
