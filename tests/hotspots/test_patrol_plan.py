"""Patrol areas: as good as any plan on small grids, contiguous and within their limits on all."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter, label

from hotspots.patrol.greedy import choose_greedily, exchange, search_plans
from hotspots.patrol.ground import read_ground
from hotspots.patrol.plan import PatrolPlan, Search, cells_of_km2, choose_areas
from hotspots.patrol.program import relaxed_bound
from incidents.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]
EXACT = Search(time_limit_s=60.0, gap=0.0)


def best_of_all(harm: Floats, *, areas: int, cells: int) -> float:
    """Harm of the best plan, by looking at every one."""
    known = np.argwhere(np.isfinite(harm))
    best = 0.0
    for size in range(1, cells + 1):
        for chosen in combinations(range(len(known)), size):
            mask = np.zeros(harm.shape, dtype=bool)
            mask[tuple(known[list(chosen)].T)] = True
            if harm[mask].sum() > best and label(mask)[1] <= areas:
                best = float(harm[mask].sum())
    return best


def check(plan: PatrolPlan, harm: Floats, *, areas: int, cells: int) -> None:
    """Whether a plan keeps its limits and says of itself what is true."""
    mask = plan.area >= 0
    assert mask.sum() == plan.cells.sum() <= cells
    assert len(plan.harm) <= areas
    assert np.isfinite(harm[mask]).all()
    for area, (weight, size) in enumerate(zip(plan.harm, plan.cells, strict=True)):
        assert label(plan.area == area)[1] == 1
        assert (plan.area == area).sum() == size
        assert harm[plan.area == area].sum() == pytest.approx(weight)
    assert (np.diff(plan.harm) <= 0).all()
    # Different areas do not touch: touching cells are one area.
    assert label(mask)[1] == len(plan.harm)
    assert plan.greedy_harm <= plan.total + 1e-9
    assert plan.total <= plan.bound + 1e-9
    assert plan.city_harm == pytest.approx(np.nansum(harm))


def city(seed: int, side: int) -> Floats:
    """A round city of harm in patches."""
    rng = np.random.default_rng(seed)
    patches = gaussian_filter(rng.gamma(0.3, 1.0, (side, side)), 0.7)
    middle = (side - 1) / 2
    return np.where(np.hypot(*(np.indices((side, side)) - middle)) <= middle + 0.5, patches, np.nan)


def test_a_gap_is_bridged_where_it_pays() -> None:
    # One area of four cells: 9 and 8 with the 1 between them, and 2 beside; not the 3 that greed takes first.
    harm = np.array([[0.0, 3.0, 0.0, 0.0], [3.5, 9.0, 1.0, 8.0], [0.0, 0.0, 0.0, 2.0]])
    plan = choose_areas(harm, areas=1, cells=4, search=EXACT)
    assert plan.total == 21.5
    assert plan.area.tolist() == [[-1] * 4, [0, 0, 0, 0], [-1] * 4]
    assert choose_areas(harm, areas=2, cells=3, search=EXACT).total == 20.5
    assert choose_areas(harm, areas=2, cells=3, search=EXACT).area[1].tolist() == [0, 0, -1, 1]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("areas", "cells"), [(1, 4), (2, 5), (3, 4)])
def test_no_plan_is_better_on_small_grids(seed: int, areas: int, cells: int) -> None:
    rng = np.random.default_rng(seed)
    harm = np.round(rng.gamma(0.5, 3.0, (4, 4)), 2)
    harm[rng.random((4, 4)) < 0.15] = np.nan
    plan = choose_areas(harm, areas=areas, cells=cells, search=EXACT)
    check(plan, harm, areas=areas, cells=cells)
    assert plan.total == pytest.approx(best_of_all(harm, areas=areas, cells=cells))
    # All cells are candidates here, so the plan is proved to be the best.
    assert plan.candidates == np.isfinite(harm).sum()
    assert plan.within_gap
    assert plan.gap == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold_and_baselines_are_no_better(seed: int) -> None:
    harm = np.round(np.random.default_rng(seed).gamma(0.4, 3.0, (3, 5)), 2)
    ground, best = read_ground(harm), best_of_all(harm, areas=2, cells=5)
    greedy = choose_greedily(ground, areas=2, cells=5)
    swapped = exchange(ground, greedy, areas=2)
    searched = search_plans(ground, areas=2, cells=5)
    by = [float(ground.harm[plan].sum()) for plan in (greedy, swapped, searched)]
    assert by[0] <= by[1] <= by[2] <= best + 1e-9
    assert relaxed_bound(ground, areas=2, cells=5) >= best - 1e-6


@given(seed=st.integers(0, 200), areas=st.integers(1, 5), cells=st.integers(1, 14))
@settings(max_examples=10, deadline=None)
def test_limits_are_kept_on_any_city(seed: int, areas: int, cells: int) -> None:
    harm = city(seed, 10)
    plan = choose_areas(harm, areas=areas, cells=cells, search=Search(time_limit_s=1.0))
    check(plan, harm, areas=areas, cells=cells)
    assert plan.candidates == np.isfinite(harm).sum()


def test_the_program_beats_the_baseline() -> None:
    gains = []
    for seed in range(4):
        plan = choose_areas(city(seed, 12), areas=2, cells=9, search=EXACT)
        gains.append(plan.total / plan.greedy_harm)
    assert min(gains) >= 1.0
    assert np.mean(gains) > 1.01


@pytest.mark.parametrize("turn", [np.transpose, np.flipud, np.rot90])
def test_turning_the_grid_turns_the_plan(turn: npt.NDArray[np.float64]) -> None:
    harm = city(3, 9)
    here, there = (choose_areas(part, areas=2, cells=7, search=EXACT) for part in (harm, turn(harm)))
    assert there.total == pytest.approx(here.total)
    np.testing.assert_array_equal(turn(here.area), there.area)


def test_another_unit_of_harm_changes_nothing() -> None:
    harm = city(5, 9)
    here, there = (choose_areas(part, areas=2, cells=6, search=EXACT) for part in (harm, harm * 250))
    np.testing.assert_array_equal(here.area, there.area)
    assert there.share == pytest.approx(here.share)


def test_more_room_is_never_worse() -> None:
    harm = city(6, 8)
    totals = [
        choose_areas(harm, areas=areas, cells=cells, search=EXACT).total
        for areas, cells in ((1, 5), (2, 5), (2, 7))
    ]
    assert totals == sorted(totals)


def test_where_no_time_is_left_the_first_plan_stands() -> None:
    harm = city(7, 20)
    hurried = choose_areas(harm, areas=3, cells=20, search=Search(time_limit_s=1e-3, gap=0.0))
    check(hurried, harm, areas=3, cells=20)
    assert not hurried.within_gap


def test_degenerate_cities() -> None:
    one = choose_areas([[np.nan, 3.0]], areas=4, cells=9)
    assert (one.area.tolist(), one.share, one.gap) == ([[-1, 0]], 1.0, 0.0)
    few = choose_areas([[0.0, 2.0, 0.0, 0.0, 0.0, 1.0]], areas=2, cells=5)
    assert few.total == 3.0
    assert (few.harm > 0).all()
    equal = choose_areas(np.ones((3, 3)), areas=1, cells=4, search=EXACT)
    assert equal.total == 4.0


def test_square_kilometres_are_cells() -> None:
    assert cells_of_km2(2.5, cell_size_m=250.0) == 40
    assert cells_of_km2(0.001, cell_size_m=250.0) == 1


def test_error_texts() -> None:
    with pytest.raises(ConfigError) as none:
        choose_areas([[1.0]], areas=0, cells=3)
    assert str(none.value) == (
        "Expected at least one area and one cell. Received: 0 areas, 3 cells. "
        "Say how many areas and square kilometres can be patrolled."
    )
    with pytest.raises(
        ConfigError, match=r"Expected a time limit above 0 s and a gap in \[0, 1\). Received: 0.0 s"
    ):
        choose_areas([[1.0]], areas=1, cells=3, search=Search(time_limit_s=0.0))
    with pytest.raises(DataError) as zero:
        choose_areas([[0.0, np.nan]], areas=1, cells=1)
    assert str(zero.value) == (
        "Expected harm of 0 or more, and some of it above 0. Received: 0 to 0. "
        "Take expected incidents times their weight."
    )
    with pytest.raises(DataError, match=r"Received: -1 to 2"):
        choose_areas([[-1.0, 2.0]], areas=1, cells=1)
    with pytest.raises(DataError, match=r"Received: no cell"):
        choose_areas([[np.nan]], areas=1, cells=1)
    with pytest.raises(DataError, match=r"Expected harm by cell \(rows, cols\). Received: shape \(3,\)"):
        choose_areas([1.0, 2.0, 3.0], areas=1, cells=1)
