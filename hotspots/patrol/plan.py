"""Few contiguous areas of a given size that hold as much expected harm as possible."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.patrol.greedy import choose_greedily, exchange, search_plans
from hotspots.patrol.ground import NONE, PatrolGround, number_areas, read_ground
from hotspots.patrol.program import Solution, relaxed_bound, solve_program
from hotspots.points import Bools, Floats, Ints
from incidents.errors import ConfigError

CANDIDATES_PER_CELL, FEWEST_CANDIDATES = 4, 120
MOST_CELLS_BOUNDED = 20_000


@dataclass(frozen=True)
class Search:
    """How hard the integer program is searched.

    Args:
        time_limit_s: When to stop; a plan cut short may differ from one machine to another.
        gap: Stop when the plan is within this share of the best among the candidates.
    """

    time_limit_s: float = 20.0
    gap: float = 0.005


@dataclass(frozen=True)
class PatrolPlan:
    """Areas for patrols. They are cells of a map: no person and no address.

    Args:
        area: Area of each cell, ``(rows, cols)``, from 0, the one of most harm; -1 in none.
        harm: Expected harm in each area, falling, ``(areas,)``.
        cells: Number of cells in each, ``(areas,)``.
        city_harm: Expected harm in the whole city.
        bound: No plan within the same limits, of any cells, can hold more harm.
        greedy_harm: What the plan made cell by cell holds, for comparison.
        candidates: Number of cells among which the integer program chose.
        candidate_bound: No plan of these candidates alone can hold more harm: a closer bound than that of all cells, and
            nearly as good, since the best plans have few other cells.
        within_gap: Whether the search ended before its time limit, with the plan within the gap of the best among the
            candidates.
    """

    area: Ints
    harm: Floats
    cells: Ints
    city_harm: float
    bound: float
    greedy_harm: float
    candidates: int
    candidate_bound: float
    within_gap: bool

    @property
    def total(self) -> float:
        """Expected harm in all areas."""
        return float(self.harm.sum())

    @property
    def share(self) -> float:
        """Share of the city's expected harm."""
        return self.total / self.city_harm

    @property
    def gap(self) -> float:
        """How much less harm it holds than the bound, as a share of the bound: the most that any plan could gain."""
        return max(0.0, 1.0 - self.total / self.bound)


def choose_areas(harm: npt.ArrayLike, *, areas: int, cells: int, search: Search | None = None) -> PatrolPlan:
    """Choose cells that form at most so many contiguous areas and hold as much expected harm as possible.

    Plans made cell by cell and by exchanges come first; an integer program then looks for a better one among the cells
    of most harm, at least four times as many as wanted, and those of the first plan; exchanges with any cell follow. How far the result may be from the best of all plans is stated.

    Where not to use: it maximises what is expected at this moment, and knows no fairness and no effect of patrols.
    Expected harm from incidents that enforcement creates sends patrols to where patrols have been.

    Args:
        harm: Expected harm by cell, ``(rows, cols)``, >= 0; NaN outside the city.
        areas: Most areas.
        cells: Most cells in all areas together; see :func:`cells_of_km2`.
        search: How hard to search.

    Raises:
        ConfigError: Fewer than one area or cell, or a search without time.
        DataError: Not a surface, negative harm, or none.

    Example:
        >>> harm = np.array([[5.0, 1.0, 4.0, 0.0], [0.0, 0.0, 0.0, 5.5]])
        >>> choose_areas(harm, areas=1, cells=3).area.tolist()
        [[0, 0, 0, -1], [-1, -1, -1, -1]]
        >>> choose_areas(harm, areas=2, cells=3).total
        11.5
    """
    settings = Search() if search is None else search
    _check(areas, cells, settings)
    ground = read_ground(harm)
    cells = min(cells, len(ground))
    greedy = choose_greedily(ground, areas=areas, cells=cells)
    start = search_plans(ground, areas=areas, cells=cells)
    candidates = _candidates(ground, start, cells)
    few = ground.only(candidates)
    found = solve_program(
        few, start[candidates], areas=areas, cells=cells, time_limit_s=settings.time_limit_s, gap=settings.gap
    )
    solved = start.copy()
    solved[candidates] = found.chosen
    if not _is_allowed(ground, solved, areas=areas, cells=cells):
        solved = start
    best = max(start, exchange(ground, solved, areas=areas), key=lambda plan: float(ground.harm[plan].sum()))
    bound = _bound(ground, areas=areas, cells=cells)
    if len(few) == len(ground):
        bound = min(bound, found.bound)
    return _describe(ground, best, greedy, bound=bound, candidates=len(few), found=found)


def cells_of_km2(area_km2: float, *, cell_size_m: float) -> int:
    """Number of cells that cover an area, at least 1.

    Example:
        >>> cells_of_km2(2.0, cell_size_m=250.0)
        32
    """
    return max(1, round(area_km2 * 1e6 / cell_size_m**2))


def _check(areas: int, cells: int, search: Search) -> None:
    if areas < 1 or cells < 1:
        raise ConfigError(
            f"Expected at least one area and one cell. Received: {areas} areas, {cells} cells. "
            "Say how many areas and square kilometres can be patrolled."
        )
    if not search.time_limit_s > 0 or not 0 <= search.gap < 1:
        raise ConfigError(
            f"Expected a time limit above 0 s and a gap in [0, 1). Received: {search.time_limit_s} s, {search.gap}. "
            "Use 20 s and 0.005."
        )


def _candidates(ground: PatrolGround, start: Bools, cells: int) -> Bools:
    """Cells of most harm, and those of a plan that is known already."""
    wanted = min(max(CANDIDATES_PER_CELL * cells, FEWEST_CANDIDATES), len(ground))
    least = np.partition(ground.harm, len(ground) - wanted)[len(ground) - wanted]
    return np.asarray((ground.harm >= least) | start, dtype=bool)


def _bound(ground: PatrolGround, *, areas: int, cells: int) -> float:
    """Harm that no plan can exceed."""
    if len(ground) > MOST_CELLS_BOUNDED:
        return float(np.sort(ground.harm)[-cells:].sum())
    return relaxed_bound(ground, areas=areas, cells=cells)


def _is_allowed(ground: PatrolGround, plan: Bools, *, areas: int, cells: int) -> bool:
    """Whether a plan keeps its limits, which the solver does but for rounding."""
    return int(plan.sum()) <= cells and number_areas(ground.on_grid(plan))[1] <= areas


def _describe(
    ground: PatrolGround, best: Bools, greedy: Bools, *, bound: float, candidates: int, found: Solution
) -> PatrolPlan:
    """Number the areas by falling harm and weigh them; areas without any harm are dropped."""
    numbered, count = number_areas(ground.on_grid(best))
    of_cell = numbered[ground.row, ground.col] - 1
    harm = np.bincount(of_cell[best], ground.harm[best], count).astype(np.float64)
    order = np.argsort(-harm, kind="stable")
    order = order[harm[order] > 0]
    rank = np.full(count + 1, NONE)
    rank[order] = np.arange(len(order))
    return PatrolPlan(
        area=rank[numbered - 1],
        harm=harm[order],
        cells=np.bincount(of_cell[best], minlength=count)[order],
        city_harm=float(ground.harm.sum()),
        bound=max(bound, float(harm.sum())),
        greedy_harm=float(ground.harm[greedy].sum()),
        candidates=candidates,
        candidate_bound=found.bound,
        within_gap=found.optimal,
    )
