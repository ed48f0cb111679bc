"""How much happened at each distinct place: incidents at one point are one site with their summed weight.

Open data put incidents at the middle of their block, so hundreds share a point. Coordinates are metres of a
projected CRS, ``(n,)``; NaN where unknown.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hotspots.points import LARGEST_DEGREE, Bools, Floats, Ints
from incidents.errors import CrsError, DataError


@dataclass(frozen=True)
class Sites:
    """Places that carry weight.

    Args:
        x: Eastings, metres, ``(sites,)``.
        y: Northings, metres, ``(sites,)``.
        weight: Sum of the weights of the points there, ``(sites,)``, >= 0; the number of incidents by default.
        of_point: Site of each point given, ``(n,)``; -1 where its place is unknown or its weight 0.
    """

    x: Floats
    y: Floats
    weight: Floats
    of_point: Ints

    def __len__(self) -> int:
        return len(self.x)

    @property
    def xy(self) -> Floats:
        """Both coordinates, ``(sites, 2)``."""
        return np.column_stack([self.x, self.y])

    def weighing(self, weight: Floats) -> "Sites":
        """The same places with other weights, ``(sites,)``; a site of weight 0 is as if it were not there."""
        return replace(self, weight=np.asarray(weight, dtype=np.float64))

    def spread(self, values: npt.NDArray[np.generic], *, missing: float) -> npt.NDArray[np.generic]:
        """Values of the sites, ``(sites,)``, at the points given, ``(n,)``; ``missing`` where a point has no site."""
        return np.append(values, np.asarray(missing, dtype=values.dtype))[self.of_point]


def group_sites(x: npt.ArrayLike, y: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Sites:
    """Gather points at exactly the same coordinates into sites, from west to east.

    Args:
        x: Eastings, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        weights: How much each point counts, ``(n,)``, finite and >= 0; 1 if left out.

    Returns:
        The sites; none if there are no points.

    Raises:
        CrsError: The coordinates look like longitude and latitude.
        DataError: Lengths differ, a weight is negative or not finite, or all points lack coordinates.

    Example:
        >>> sites = group_sites([2000.0, 1000.0, 2000.0, np.nan], [500.0, 500.0, 500.0, 500.0])
        >>> sites.x.tolist(), sites.weight.tolist(), sites.of_point.tolist()
        ([1000.0, 2000.0], [1.0, 2.0], [1, 0, 1, -1])
    """
    east, north, mass, usable = check_points(x, y, weights)
    # Complex numbers sort by real, then by imaginary part: rows sorted many times faster than np.unique's axis=0.
    places, site = np.unique(east[usable] + 1j * north[usable], return_inverse=True)
    of_point = np.full(east.shape, -1, dtype=np.int64)
    of_point[usable] = site
    weight = np.bincount(site, weights=mass[usable], minlength=len(places))
    return Sites(places.real.copy(), places.imag.copy(), weight.astype(np.float64), of_point)


def separate_sites(x: npt.ArrayLike, y: npt.ArrayLike, *, weights: npt.ArrayLike | None = None) -> Sites:
    """Take every point as a site of its own, for methods in which incidents at one place differ (in time).

    Args:
        x: Eastings, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        weights: How much each point counts, ``(n,)``, finite and >= 0; 1 if left out.

    Returns:
        The sites in the order of the points.

    Raises:
        CrsError: The coordinates look like longitude and latitude.
        DataError: As for :func:`group_sites`.
    """
    east, north, mass, usable = check_points(x, y, weights)
    of_point = np.where(usable, np.cumsum(usable) - 1, -1)
    return Sites(east[usable], north[usable], mass[usable], of_point)


def check_points(
    x: npt.ArrayLike, y: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> tuple[Floats, Floats, Floats, Bools]:
    """Both coordinates, weights, and which points can be used (known place, weight above 0), each ``(n,)``.

    Raises:
        CrsError: All coordinates are at most 180, so that they look like longitude and latitude.
        DataError: Lengths differ, a weight is negative or not finite, or no point has coordinates.
    """
    east, north = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    mass = np.ones(east.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    if east.ndim != 1 or not east.shape == north.shape == mass.shape:
        raise DataError(
            f"Expected x, y and weights of one length. Received: {east.shape}, {north.shape}, {mass.shape}. "
            "Give one of each for every point."
        )
    if not bool((np.isfinite(mass) & (mass >= 0)).all()):
        raise DataError(
            "Expected finite weights >= 0. Received: a negative or unknown one. Weight a point 0 to leave it out."
        )
    known = np.isfinite(east) & np.isfinite(north)
    _check_located(east[known], north[known], given=east.size)
    return east, north, mass, known & (mass > 0)


def _check_located(x: Floats, y: Floats, *, given: int) -> None:
    """Refuse points of which none has a place, or whose places are degrees."""
    if given and not x.size:
        raise DataError(
            f"Expected points with coordinates. Received: {given} points, all without. "
            "Match their addresses to places first."
        )
    if x.size and max(np.abs(x).max(), np.abs(y).max()) <= LARGEST_DEGREE:
        raise CrsError(
            f"Expected metres of a projected CRS. Received: x {x.min():.6g} to {x.max():.6g}, y {y.min():.6g} to "
            f"{y.max():.6g}, which look like longitude and latitude. Project the points first."
        )
