"""Which pairs of sites lie within reach of each other, in space or in space and time."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.points import Floats, Ints
from hotspots.sites import Sites
from incidents.errors import ConfigError, DataError

MOST_PAIRS = 150_000_000
"""They take about 5 GB."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of sites, each once.

    Args:
        first: One site of each pair, ``(pairs,)``.
        second: The other, ``(pairs,)``.
        gap_m: How far they lie apart, metres, ``(pairs,)``.
    """

    first: Ints
    second: Ints
    gap_m: Floats


def find_pairs(sites: Sites, *, reach_m: float) -> Pairs:
    """Pairs of sites at most ``reach_m`` metres apart.

    Raises:
        ConfigError: The reach is not positive, or there are too many pairs within it.
    """
    _check_positive("reach_m", reach_m, "metres")
    first, second = _within(sites.xy, reach=reach_m, norm=2.0)
    return Pairs(first, second, _gaps(sites, first, second))


def find_pairs_in_time(sites: Sites, days: Floats, *, reach_m: float, reach_days: float) -> Pairs:
    """Pairs of sites at most ``reach_m`` metres and at most ``reach_days`` days apart.

    Args:
        sites: Places.
        days: When each was, days from any start, ``(sites,)``.
        reach_m: Largest distance, metres.
        reach_days: Largest lag, days.

    Raises:
        ConfigError: A reach is not positive, or there are too many pairs within it.
    """
    _check_positive("reach_m", reach_m, "metres")
    _check_positive("reach_days", reach_days, "days")
    # A box of half sides 1 holds the cylinder of radius 1 and half height 1 with little room to spare. The slack
    # keeps pairs at the very limit, which scaling may round to a little more.
    box = np.column_stack([sites.xy / reach_m, days / reach_days])
    first, second = _within(box, reach=1 + 1e-9, norm=np.inf)
    gap = _gaps(sites, first, second)
    near = (gap <= reach_m) & (np.abs(days[first] - days[second]) <= reach_days)
    return Pairs(first[near], second[near], gap[near])


def days_of(times: npt.ArrayLike, *, count: int) -> Floats:
    """Days since 1970 of UTC times, ``(count,)``; NaN where unknown.

    Raises:
        DataError: Not one time for each point.
    """
    given = np.asarray(times, dtype="datetime64[us]")
    if given.shape != (count,):
        raise DataError(
            f"Expected a time for each of {count} points. Received: {given.shape}. Pass both columns uncut."
        )
    days = (given - np.datetime64(0, "us")) / np.timedelta64(1, "D")
    return np.asarray(days, dtype=np.float64)


def _within(points: Floats, *, reach: float, norm: float) -> tuple[Ints, Ints]:
    """Indices of all pairs of points within a radius in a norm, the smaller index first."""
    from scipy.spatial import cKDTree

    if len(points) < 2:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    tree = cKDTree(points)
    pairs = (int(tree.count_neighbors(tree, reach, p=norm)) - len(points)) // 2
    if pairs > MOST_PAIRS:
        raise ConfigError(
            f"Expected at most {MOST_PAIRS:,} pairs of places within reach. Received: {pairs:,} pairs of "
            f"{len(points):,} places. Choose a shorter reach, or fewer incidents."
        )
    found = tree.query_pairs(reach, p=norm, output_type="ndarray")
    return found[:, 0], found[:, 1]


def _gaps(sites: Sites, first: Ints, second: Ints) -> Floats:
    gap = np.hypot(sites.x[first] - sites.x[second], sites.y[first] - sites.y[second])
    return np.asarray(gap, dtype=np.float64)


def _check_positive(name: str, value: float, unit: str) -> None:
    if not 0 < value < np.inf:
        raise ConfigError(
            f"Expected {name} to be a positive number of {unit}. Received: {value}. "
            "Say how far apart incidents may be to count as near."
        )
