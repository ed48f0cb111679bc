"""Where or when: the AUC of a grid forecast pooled, over active cells, within cells and within time slices.

Forecasts and labels are ``(time, cell)`` or ``(time, row, col)``. A pooled AUC compares any event with any
quiet cell of any time, and on a city grid nearly all such pairs differ in *place*: a map that never changes
scores above 0.9. Within cells a pair has the same place, so only skill in time counts, and such a map scores
exactly 0.5. Within time slices a pair has the same time, so only skill in space counts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from verify.checks import Bools, Floats, check_labels, check_scores
from verify.ranking import roc_auc


@dataclass(frozen=True)
class Grid:
    """A checked grid: forecasts and events, both (time, cell)."""

    forecasts: Floats
    events: Bools


def check_grid(forecasts: npt.ArrayLike, labels: npt.ArrayLike) -> Grid:
    """Flatten forecasts and labels of one shape to (time, cell).

    Raises:
        DataError: Shapes differ or have no cells, a forecast is not finite, or a label is not 0 or 1.
    """
    given, found = np.asarray(forecasts), np.asarray(labels)
    if given.ndim < 2 or given.shape != found.shape:
        raise DataError(
            f"Expected forecasts and labels of one shape (time, cell) or (time, row, col). Received: {given.shape} "
            f"and {found.shape}. Leave out cells outside the city."
        )
    events = check_labels(found.ravel())
    flat = check_scores(given.ravel(), count=events.size)
    return Grid(flat.reshape(len(given), -1), events.reshape(len(given), -1))


def pooled_auc(forecasts: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """AUC over all cells and times at once; mostly says where events gather.

    Args:
        forecasts: (time, cell) or (time, row, col), finite.
        labels: The same shape, of 0 and 1.

    Raises:
        DataError: Shapes differ, or a value is not finite.
    """
    grid = check_grid(forecasts, labels)
    return roc_auc(grid.forecasts.ravel(), grid.events.ravel())


def active_cells_auc(
    forecasts: npt.ArrayLike, labels: npt.ArrayLike, *, active: npt.ArrayLike | None = None
) -> float:
    """AUC over active cells only, without the places where nothing ever happens.

    Args:
        forecasts: (time, cell) or (time, row, col), finite.
        labels: The same shape, of 0 and 1.
        active: Cells to keep, (cell,) or (row, col) of bool, best chosen from the training period. Left out,
            the cells with an event in the scored period, which is hindsight, the same for all models.

    Returns:
        The AUC; NaN where no active cell leaves both classes.

    Raises:
        DataError: Shapes differ, or a value is not finite.
    """
    grid = check_grid(forecasts, labels)
    kept = choose_active(grid, active)
    if not kept.any():
        return float("nan")
    return roc_auc(grid.forecasts[:, kept].ravel(), grid.events[:, kept].ravel())


def within_cell_auc(forecasts: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Probability that an event was forecast higher than another time of the *same cell*: skill in time.

    Args:
        forecasts: (time, cell) or (time, row, col), finite.
        labels: The same shape, of 0 and 1.

    Returns:
        Pairs of all cells pooled, ties counted as one half: exactly 0.5 for any static map; NaN where no
        cell has both classes.

    Raises:
        DataError: Shapes differ, or a value is not finite.

    Example:
        >>> within_cell_auc([[0.9, 0.1], [0.8, 0.3]], [[1, 0], [0, 1]])
        1.0
    """
    grid = check_grid(forecasts, labels)
    return _auc_of_rows(grid.forecasts.T, grid.events.T)


def within_time_auc(forecasts: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Probability that an event was forecast higher than another cell at the *same time*: skill in space.

    Args:
        forecasts: (time, cell) or (time, row, col), finite.
        labels: The same shape, of 0 and 1.

    Returns:
        Pairs of all times pooled, ties counted as one half; NaN where no time has both classes.

    Raises:
        DataError: Shapes differ, or a value is not finite.
    """
    grid = check_grid(forecasts, labels)
    return _auc_of_rows(grid.forecasts, grid.events)


def choose_active(grid: Grid, active: npt.ArrayLike | None) -> Bools:
    """Cells to keep, (cell,): those given, or those with an event.

    Raises:
        DataError: ``active`` has another number of cells, or is not bool.
    """
    if active is None:
        return np.asarray(grid.events.any(axis=0))
    given = np.asarray(active).ravel()
    if given.dtype != np.bool_ or given.size != grid.events.shape[1]:
        raise DataError(
            f"Expected {grid.events.shape[1]} active cells as bool. Received: {given.dtype} {given.shape}."
        )
    return given


@dataclass(frozen=True)
class RowPairs:
    """Pairs of an event and a non-event by row: how many, and how many the forecast ranks right, (rows,)."""

    right: Floats
    pairs: Floats


def count_pairs(forecasts: Floats, events: Bools) -> RowPairs:
    """Count pairs within each row of (rows, columns), ties as one half right."""
    columns = forecasts.shape[1]
    order = np.argsort(forecasts, axis=1)
    rising = np.take_along_axis(forecasts, order, axis=1)
    new = np.ones(rising.shape, dtype=np.bool_)
    new[:, 1:] = rising[:, 1:] != rising[:, :-1]
    # From here on places in the flattened sorted rows, for events alone: they are few.
    starts = np.append(np.flatnonzero(new), new.size)
    hit = np.flatnonzero(np.take_along_axis(events, order, axis=1))
    run = np.searchsorted(starts, hit, side="right")
    row, first, last = hit // columns, starts[run - 1], starts[run]
    hits_before, hits_through = np.searchsorted(hit, first), np.searchsorted(hit, last)
    below = first - row * columns - (hits_before - np.searchsorted(hit, row * columns))
    tied = last - first - (hits_through - hits_before)
    right = np.bincount(row, weights=below + 0.5 * tied, minlength=len(rising))
    hits = np.bincount(row, minlength=len(rising))
    return RowPairs(right.astype(np.float64), (hits * (columns - hits)).astype(np.float64))


def _auc_of_rows(forecasts: Floats, events: Bools) -> float:
    useful = events.any(axis=1)
    if not useful.any():
        return float("nan")
    counted = count_pairs(forecasts[useful], events[useful])
    pairs = float(counted.pairs.sum())
    return float(counted.right.sum()) / pairs if pairs > 0.0 else float("nan")
