"""How sure is a score on a grid: the bootstrap of ``verify.bootstrap``, with skill in time and in space apart.

Forecasts and labels are ``(time, cell)`` or ``(time, row, col)``; whole blocks of time are resampled, all
cells together, since neighbours share their events.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError
from verify.bootstrap import BootstrapScores, GridMetric, collect, rank_draws, score_draws
from verify.checks import Bools, Floats, check_both_classes, check_probabilities
from verify.grid_scores import Grid, check_grid, choose_active, count_pairs
from verify.ranking import divide
from verify.resampling import Resampling, add_blocks, resample

COMPARISONS_AT_ONCE = 4_000_000


def bootstrap_grid(
    forecasts: Mapping[str, npt.ArrayLike],
    labels: npt.ArrayLike,
    blocks: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    replicates: int = 1000,
    active: npt.ArrayLike | None = None,
) -> BootstrapScores:
    """Score grid forecasts by all headline and grid metrics, with 95% intervals from a paired block bootstrap.

    Args:
        forecasts: Model name to probabilities, (time, cell) or (time, row, col).
        labels: The same shape, of 0 and 1.
        blocks: Block of each time step, (time,) integers; at least 2 distinct.
        rng: Source of randomness.
        replicates: Number of draws, >= 1.
        active: Cells for the AUC over active cells, (cell,) or (row, col) of bool; left out, those with an
            event in the scored period.

    Raises:
        NoPositivesError: All labels are equal.
        DataError: Shapes differ, a probability is outside [0, 1], or there are fewer than 2 blocks.
        ConfigError: No forecasts, or fewer than 1 replicate.
    """
    if not forecasts:
        raise ConfigError(
            "Expected at least one forecast. Received: none. Pass a name and its probabilities."
        )
    grids = {name: check_grid(values, labels) for name, values in forecasts.items()}
    first = next(iter(grids.values()))
    check_both_classes(first.events.ravel(), purpose="score a forecast")
    for grid in grids.values():
        check_probabilities(grid.forecasts.ravel(), count=grid.forecasts.size)
    times = resample(blocks, count=len(first.events), replicates=replicates, rng=rng)
    kept = choose_active(first, active)
    return collect({name: _score_grid(grid, times, kept) for name, grid in grids.items()}, times)


def _score_grid(grid: Grid, times: Resampling, active: Bools) -> dict[str, Floats]:
    """All metrics of one model in all draws, each (draws,)."""
    rows = spread_over_cells(times, cells=grid.events.shape[1])
    headline = score_draws(grid.forecasts.ravel(), grid.events.ravel(), rows)
    return headline | {
        GridMetric.WITHIN_CELL_AUC: _within_cell_draws(grid, times),
        GridMetric.WITHIN_TIME_AUC: _within_time_draws(grid, times),
        GridMetric.ACTIVE_CELLS_AUC: _active_draws(grid, times, active),
    }


def spread_over_cells(times: Resampling, *, cells: int) -> Resampling:
    """The resampling of time steps as one of rows, where each step has so many cells."""
    return Resampling(np.repeat(times.block, cells), times.draws)


def _active_draws(grid: Grid, times: Resampling, active: Bools) -> Floats:
    forecasts, events = grid.forecasts[:, active].ravel(), grid.events[:, active].ravel()
    if not events.any():
        return np.full(len(times.draws), np.nan)
    return rank_draws(forecasts, events, spread_over_cells(times, cells=int(active.sum())))[0]


def _within_time_draws(grid: Grid, times: Resampling) -> Floats:
    """Pairs of one time lie in one block, so a draw counts them as often as the block."""
    counted = count_pairs(grid.forecasts, grid.events)
    return divide(times.sum_rows(counted.right), times.sum_rows(counted.pairs))


def _within_cell_draws(grid: Grid, times: Resampling) -> Floats:
    """Pairs of one cell join two blocks, so a draw counts them as often as one block times the other."""
    right = _right_between_blocks(grid, times)
    hits, quiet = (_sum_cells(mask, times) for mask in (grid.events, ~grid.events))
    pairs = np.einsum("bc,dc->bd", hits, quiet)
    drawn_right, drawn_pairs = (
        np.einsum("rd,rd->r", add_blocks(times.draws, between), times.draws) for between in (right, pairs)
    )
    return divide(drawn_right, drawn_pairs)


def _sum_cells(mask: Bools, times: Resampling) -> Floats:
    """Time steps of each block in which the mask holds, (blocks, cell)."""
    order = np.argsort(times.block, kind="stable")
    starts = np.searchsorted(times.block[order], np.arange(times.blocks))
    return np.add.reduceat(mask[order], starts, axis=0, dtype=np.float64)


def _right_between_blocks(grid: Grid, times: Resampling) -> Floats:
    """Pairs of an event in one block and a non-event of its cell in another, ranked right, (blocks, blocks)."""
    order = np.argsort(times.block, kind="stable")
    starts = np.searchsorted(times.block[order], np.arange(times.blocks))
    forecasts = np.ascontiguousarray(grid.forecasts[order].T)
    events = np.ascontiguousarray(grid.events[order].T)
    # An event is no partner of an event: at infinity it is never below one, nor level with it.
    others = np.where(events, np.inf, forecasts)
    cell, step = np.nonzero(events)
    block = times.block[order][step]
    right = np.zeros((times.blocks, times.blocks))
    size = max(1, COMPARISONS_AT_ONCE // len(order))
    for start in range(0, cell.size, size):
        chunk = slice(start, start + size)
        rivals, own = others[cell[chunk]], forecasts[cell[chunk], step[chunk]][:, None]
        beaten = (rivals < own).astype(np.float32) + (rivals <= own)
        np.add.at(right, block[chunk], np.add.reduceat(beaten, starts, axis=1))
    return 0.5 * right
