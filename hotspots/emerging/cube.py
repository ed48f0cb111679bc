"""How many incidents each place had in each slice of time.

A cube is ``(time, row, col)`` or ``(time, area)``, slices in order, each ``[start, stop)`` in UTC.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from hotspots.points import CityPoints, Floats, Ints
from incidents.errors import ConfigError, DataError
from incidents.selection import check_aware
from rasterize.grid import Grid

Instants = npt.NDArray[np.datetime64]


@dataclass(frozen=True)
class Cube:
    """Incidents by slice of time and place.

    Args:
        counts: ``(time, row, col)`` or ``(time, area)``.
        edges: Bounds of the slices, UTC, ``datetime64[us]``, ``(time + 1,)``.
    """

    counts: Floats
    edges: Instants


def slice_time(start: datetime, stop: datetime, *, days: int) -> Instants:
    """Cut a period into slices of equal length; what does not fill one is left out at the start.

    The last slice ends where the period ends, so that the latest incidents are seen with a full slice. Slices of
    7, 14 or 28 days hold every weekday equally often.

    Args:
        start: Start of the period, UTC-aware.
        stop: Its end.
        days: Length of a slice, days.

    Returns:
        Bounds of the slices, UTC, ``datetime64[us]``, ``(slices + 1,)``.

    Raises:
        ConfigError: A time without a zone, a length that is not positive, or fewer than two slices.

    Example:
        >>> slice_time(datetime(2015, 1, 1, tzinfo=UTC), datetime(2015, 1, 31, tzinfo=UTC), days=14).astype(
        ...     "datetime64[D]"
        ... ).tolist()
        [datetime.date(2015, 1, 3), datetime.date(2015, 1, 17), datetime.date(2015, 1, 31)]
    """
    check_aware(start=start, stop=stop)
    slices = (stop - start) // timedelta(days=days) if days > 0 else 0
    if slices < 2:
        raise ConfigError(
            f"Expected a period of at least two slices. Received: {start:%Y-%m-%d} to {stop:%Y-%m-%d} in slices of "
            f"{days} days. Choose a longer period or shorter slices."
        )
    last = np.datetime64(stop.astimezone(UTC).replace(tzinfo=None), "us")
    return np.asarray(last - np.arange(slices, -1, -1) * np.timedelta64(days, "D"), dtype="datetime64[us]")


def count_cells(points: CityPoints, occurred_at: npt.ArrayLike, *, edges: Instants, grid: Grid) -> Cube:
    """Count incidents by slice of time and cell.

    Args:
        points: Those in the city, as from :func:`hotspots.points.locate_points`.
        occurred_at: When each of the points *given* to it happened, UTC, ``(n,)``.
        edges: Bounds of the slices, UTC, rising.
        grid: The cells that the points were located in.

    Returns:
        Sums of weights, ``(time, rows, cols)``; incidents before, after or at an unknown time are left out.

    Raises:
        DataError: Fewer times than points, or bounds that do not rise.
    """
    times = np.asarray(occurred_at, dtype="datetime64[us]")
    if times.ndim != 1 or (len(points) and len(times) <= points.index.max()):
        raise DataError(
            f"Expected a time for each of the points given. Received: {times.shape}. Pass the column uncut."
        )
    place = points.row * grid.cols + points.col
    counts = _count(times[points.index], place, points.weights, edges=edges, places=grid.rows * grid.cols)
    return Cube(counts.reshape(-1, *grid.shape), np.asarray(edges))


def count_areas(area: Ints, occurred_at: npt.ArrayLike, *, edges: Instants, areas: int) -> Cube:
    """Count incidents by slice of time and area.

    Args:
        area: Index of the area of each incident, ``(n,)``; negative where in none.
        occurred_at: When each happened, UTC, ``(n,)``.
        edges: Bounds of the slices, UTC, rising.
        areas: Number of areas.

    Returns:
        Counts ``(time, areas)``; incidents in no area or slice are left out.

    Raises:
        DataError: Lengths differ, an index is too large, or bounds do not rise.
    """
    index, times = np.asarray(area), np.asarray(occurred_at, dtype="datetime64[us]")
    if index.ndim != 1 or index.shape != times.shape or index.max(initial=-1) >= areas:
        raise DataError(
            f"Expected the index of one of {areas} areas and a time for each incident. "
            f"Received: {index.shape} up to {index.max(initial=-1)}, and {times.shape}. Align them first."
        )
    known = index >= 0
    weights = np.ones(int(known.sum()))
    return Cube(_count(times[known], index[known], weights, edges=edges, places=areas), np.asarray(edges))


def _count(times: Instants, place: Ints, weights: Floats, *, edges: Instants, places: int) -> Floats:
    """Sums of weights by slice and place, ``(time, places)``."""
    bounds = np.asarray(edges, dtype="datetime64[us]")
    if bounds.ndim != 1 or len(bounds) < 2 or not bool((np.diff(bounds) > np.timedelta64(0)).all()):
        raise DataError(f"Expected rising bounds of slices. Received: {bounds.shape}. Use slice_time.")
    slices = len(bounds) - 1
    at = np.searchsorted(bounds, times, side="right") - 1
    within = (at >= 0) & (at < slices) & ~np.isnat(times)
    sums = np.bincount(
        at[within] * places + place[within], weights=weights[within], minlength=slices * places
    )
    return sums.reshape(slices, places).astype(np.float64)
