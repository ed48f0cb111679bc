"""How wide to spread an incident: by a rule of thumb, or by how well the density foretells left-out places.

Bandwidths are metres.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.density.kernels import Kernel, same_smoothing
from hotspots.density.lattice import convolve, lay_lattice, smallest_bandwidth
from hotspots.density.surface import mass_inside
from hotspots.points import Bools, CityPoints, Floats, check_inside, locate_points
from incidents.errors import DataError
from rasterize.grid import Grid

CANDIDATES = 16
INTERQUARTILE_PER_SIGMA = 1.349


@dataclass(frozen=True)
class BandwidthSearch:
    """Bandwidths tried, and how likely each made the places that it had not seen.

    Args:
        bandwidth_m: The best, metres.
        tried_m: All, rising, ``(k,)``.
        log_likelihood: Mean over incidents of the log density at their place, estimated without any incident of
            that place, ``(k,)``.
        at_limit: Whether the best is the smallest or largest tried, so that a better one may lie beyond.
    """

    bandwidth_m: float
    tried_m: Floats
    log_likelihood: Floats
    at_limit: bool


def silverman_bandwidth(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    kernel: Kernel = Kernel.GAUSSIAN,
    weights: npt.ArrayLike | None = None,
) -> float:
    """Bandwidth by the rule of thumb for one bell-shaped hump.

    A city has many humps, so this smooths too much: use it as the upper end of a search.

    Args:
        x: Eastings, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        kernel: Shape of the spread.
        weights: How much each incident counts, ``(n,)``.

    Returns:
        ``sigma n ** (-1/6)`` with the spread ``sigma`` by standard deviation or quartiles, whichever is smaller,
        averaged over both axes, and ``n`` the effective number of incidents.

    Raises:
        DataError: Fewer than two places.

    Reference:
        Silverman (1986), Density Estimation for Statistics and Data Analysis, eq. 3.31 and 4.14.
    """
    east, north = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    mass = np.ones(east.shape) if weights is None else np.asarray(weights, dtype=np.float64)
    known = np.isfinite(east) & np.isfinite(north) & (mass > 0)
    spreads = [_spread_of(axis[known], mass[known]) for axis in (east, north)]
    sigma = float(np.sqrt(np.mean(np.square(spreads))))
    if not sigma > 0:
        raise DataError(
            f"Expected incidents at two places or more. Received: {int(known.sum())} at one place or none. "
            "Give a bandwidth, or take a longer period."
        )
    effective = float(mass[known].sum() ** 2 / np.square(mass[known]).sum())
    return same_smoothing(sigma * effective ** (-1.0 / 6.0), kernel)


def search_bandwidth(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: Grid,
    *,
    kernel: Kernel = Kernel.GAUSSIAN,
    inside: Bools | None = None,
    tried_m: npt.ArrayLike | None = None,
) -> BandwidthSearch:
    """Choose the bandwidth under which the places of incidents are likeliest, each left out in turn.

    All incidents of one place (a block's centroid) are left out together; one at a time, those that stay behind
    at the same coordinates would make the smallest bandwidth the likeliest. One incident spread evenly over the
    city is added to the density, so that a place far from all others counts against a bandwidth but does not
    rule it out.

    Args:
        x: Eastings in the CRS of the grid, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        grid: The cells.
        kernel: Shape of the spread.
        inside: Cells of the city, ``(rows, cols)``; all if left out.
        tried_m: Bandwidths to try; if left out, 16 from the smallest that the cells can show to twice that of the
            rule of thumb, in equal ratios.

    Returns:
        The best and all that were tried.

    Raises:
        DataError: Fewer than two places.
        ConfigError: A bandwidth is too small for the cells.

    Reference:
        Leave-one-out likelihood: Habbema, Hermans and van den Broek (1974); Duin (1976),
        doi:10.1109/TC.1976.1674577.
    """
    city = check_inside(inside, grid.shape)
    places = _gather_places(locate_points(x, y, grid, inside=city))
    if tried_m is None:
        largest = silverman_bandwidth(places.x, places.y, kernel=kernel, weights=places.weights)
        smallest = smallest_bandwidth(grid, kernel)
        tried = np.geomspace(smallest, 2 * max(largest, smallest), CANDIDATES)
    else:
        tried = np.unique(np.asarray(tried_m, dtype=np.float64))
    scores = np.array(
        [_log_likelihood(places, grid, kernel, bandwidth_m=float(one), inside=city) for one in tried]
    )
    best = int(np.argmax(scores))
    return BandwidthSearch(float(tried[best]), tried, scores, at_limit=best in (0, len(tried) - 1))


def _log_likelihood(
    places: CityPoints, grid: Grid, kernel: Kernel, *, bandwidth_m: float, inside: Bools
) -> float:
    """Mean log density at places that are left out in turn, per square metre."""
    lattice = lay_lattice(grid, kernel, bandwidth_m=bandwidth_m)
    image = lattice.kernel_image(kernel, bandwidth_m=bandwidth_m)
    around = lattice.place(places.x, places.y)
    kept = places.weights / mass_inside(around, lattice, inside, image)
    everywhere = around.gather(convolve(around.scatter(kept), image))
    others = np.maximum(everywhere - kept * around.self_sums(image), 0.0)
    total, city_m2 = places.weights.sum(), inside.sum() * grid.cell_size_m**2
    density = (others + 1.0 / city_m2) / (total - places.weights + 1.0)
    return float(np.average(np.log(density), weights=places.weights))


def _gather_places(points: CityPoints) -> CityPoints:
    """One point for each place, weighted by its number of incidents."""
    order = np.lexsort((points.y, points.x))
    x, y = points.x[order], points.y[order]
    first = np.flatnonzero(np.append(True, (np.diff(x) != 0) | (np.diff(y) != 0))[: len(x)])
    if len(first) < 2:
        raise DataError(
            f"Expected incidents at two places or more. Received: {len(points)} at one place or none. "
            "Give a bandwidth, or take a longer period."
        )
    return CityPoints(
        x=x[first],
        y=y[first],
        weights=np.add.reduceat(points.weights[order], first),
        index=points.index[order][first],
        row=points.row[order][first],
        col=points.col[order][first],
        unlocated=points.unlocated,
        outside=points.outside,
    )


def _spread_of(values: Floats, weights: Floats) -> float:
    """Spread of one axis: standard deviation, or the interquartile range in its units where that is smaller."""
    if len(values) == 0:
        return 0.0
    mean = np.average(values, weights=weights)
    deviation = float(np.sqrt(np.average(np.square(values - mean), weights=weights)))
    lower, upper = np.quantile(values, [0.25, 0.75], weights=weights, method="inverted_cdf")
    quartiles = float(upper - lower) / INTERQUARTILE_PER_SIGMA
    return min(deviation, quartiles) if quartiles > 0 else deviation
