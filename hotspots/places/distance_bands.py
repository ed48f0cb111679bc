"""How the rate of incidents falls with the distance to the nearest place of interest, within the same neighborhoods."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hotspots.places.cross_k import check_radii
from hotspots.points import Bools, Floats, Ints
from hotspots.sites import check_points
from incidents.errors import ConfigError, DataError
from rasterize.grid import cover_polygons
from verify.bootstrap import Estimate

if TYPE_CHECKING:
    import geopandas as gpd

EDGES_M = (100.0, 200.0, 300.0, 400.0, 600.0)
M2_PER_KM2 = 1e6


@dataclass(frozen=True)
class Scatter:
    """Points that carry weight and lie in a stratum: incidents, or the ground (or residents) that they fall on.

    Args:
        x: Eastings, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        weight: Number of incidents, square kilometres, or residents, ``(n,)``, >= 0.
        stratum: Index of the neighborhood, ``(n,)``; -1 in none, which leaves the point out.
    """

    x: Floats
    y: Floats
    weight: Floats
    stratum: Ints


@dataclass(frozen=True)
class BandRates:
    """Rates by distance to the nearest place.

    Args:
        edges_m: Outer bounds of the bands, metres, ``(bands,)``; the first band starts at 0.
        incidents: Incidents in each band, ``(bands,)``.
        exposure: Square kilometres (or residents), ``(bands,)``.
        rate: Incidents for each unit of exposure, ``(bands,)``; NaN where there is no exposure.
        poisson_lo: Exact 95% interval of the rate if incidents came independently, lower end, ``(bands,)``.
        poisson_hi: Upper end.
        lo: 95% interval of the rate when strata are drawn anew, lower end, ``(bands,)``: the one to believe.
        hi: Upper end.
        ratio: Rate over that of the last band, compared within strata only (Mantel-Haenszel), ``(bands,)``.
        ratio_lo: 95% interval of the ratio when strata are drawn anew, lower end, ``(bands,)``.
        ratio_hi: Upper end.
    """

    edges_m: Floats
    incidents: Floats
    exposure: Floats
    rate: Floats
    poisson_lo: Floats
    poisson_hi: Floats
    lo: Floats
    hi: Floats
    ratio: Floats
    ratio_lo: Floats
    ratio_hi: Floats

    def ratio_of(self, band: int) -> Estimate:
        """Rate ratio of a band to the last one with its interval."""
        return Estimate(float(self.ratio[band]), float(self.ratio_lo[band]), float(self.ratio_hi[band]))


def rates_by_distance(
    incidents: Scatter,
    ground: Scatter,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    edges_m: npt.ArrayLike = EDGES_M,
    replicates: int = 1000,
    rng: np.random.Generator,
) -> BandRates:
    """Compare rates near places with rates farther off.

    The crude rate mixes what places do with where they stand. The ratio compares bands within each stratum and pools
    them, so that neighborhoods that are busier on the whole do not count for the places in them. Intervals come from
    drawing whole strata: incidents of one neighborhood depend on each other, and Poisson intervals are too narrow.

    Where not to use: within a neighborhood, shops still stand on main streets; the ratio is no effect of shops unless
    the like holds for places that could have none (a control kind).

    Args:
        incidents: What happened.
        ground: Where it could have happened, as from :func:`lay_ground`.
        x: Eastings of the places, metres, ``(places,)``; NaN where unknown.
        y: Northings, metres, ``(places,)``.
        edges_m: Outer bounds of the bands, rising, ``(bands,)``, at least two; what lies beyond the last is left out.
        replicates: Number of draws of strata.
        rng: Source of randomness.

    Raises:
        ConfigError: Fewer than two bands, bounds that do not rise, or no replicate.
        CrsError: The coordinates look like longitude and latitude.
        DataError: No place, fewer than two strata, or no ground near places.

    Reference:
        Mantel and Haenszel for rates: Greenland and Robins (1985), doi:10.2307/2530643; the exact interval: Garwood
        (1936), doi:10.1093/biomet/28.3-4.437.
    """
    edges = check_radii(edges_m)
    if len(edges) < 2 or replicates < 1:
        raise ConfigError(
            f"Expected two bands or more and a replicate or more. Received: {len(edges)} and {replicates}. "
            "The last band is what the others are compared with."
        )
    strata = int(max(incidents.stratum.max(initial=-1), ground.stratum.max(initial=-1))) + 1
    happened = _tabulate(incidents, x, y, edges, strata)
    exposed = _tabulate(ground, x, y, edges, strata)
    _check_ground(exposed)
    used = exposed.sum(axis=1) > 0
    draws = rng.multinomial(used.sum(), np.full(used.sum(), 1 / used.sum()), size=replicates)
    rates, ratios = _score(draws.astype(np.float64), happened[used], exposed[used])
    total, ground_total = happened.sum(axis=0), exposed.sum(axis=0)
    (rate,), (ratio,) = _score(np.ones((1, used.sum())), happened[used], exposed[used])
    poisson_lo, poisson_hi = _garwood(total)
    (lo, hi), (ratio_lo, ratio_hi) = _interval(rates), _interval(ratios)
    return BandRates(
        edges_m=edges,
        incidents=total,
        exposure=ground_total,
        rate=rate,
        poisson_lo=_divide(poisson_lo, ground_total),
        poisson_hi=_divide(poisson_hi, ground_total),
        lo=lo,
        hi=hi,
        ratio=ratio,
        ratio_lo=ratio_lo,
        ratio_hi=ratio_hi,
    )


def lay_ground(polygons: "gpd.GeoDataFrame", *, spacing_m: float = 50.0) -> Scatter:
    """Cover the city with points, each for so many square kilometres of the polygon that it lies in.

    Args:
        polygons: Neighborhoods in metres; their order gives the strata.
        spacing_m: Distance between points, metres: at most half the width of the narrowest band.

    Raises:
        CrsError: The polygons are not in metres.
        ConfigError: The spacing is not positive.
    """
    import shapely

    grid = cover_polygons(polygons, cell_size_m=spacing_m)
    x, y = (part.ravel() for part in np.meshgrid(*grid.cell_centers()))
    point, polygon = shapely.STRtree(polygons.geometry.to_numpy()).query(
        shapely.points(x, y), predicate="intersects"
    )
    # A point on a shared border belongs to the first of its polygons.
    point, first = np.unique(point, return_index=True)
    weight = np.full(len(point), spacing_m**2 / M2_PER_KM2)
    return Scatter(x[point], y[point], weight, polygon[first].astype(np.int64))


def stratify_by_tiles(incidents: Scatter, ground: Scatter, *, side_m: float) -> tuple[Scatter, Scatter]:
    """Put both in square tiles instead of neighborhoods, for cities whose neighborhoods are few or do not cover it.

    Args:
        incidents: What happened.
        ground: Where it could have happened.
        side_m: Side of a tile, metres: a kilometre or so, wider than the bands reach.

    Returns:
        Incidents and ground with the index of their tile; incidents on tiles without ground have none.

    Raises:
        ConfigError: The side is not positive.
    """
    if not 0 < side_m < np.inf:
        raise ConfigError(f"Expected tiles of a positive number of metres. Received: {side_m}. Use 1000.")
    tiles, of_ground = np.unique(_tile(ground, side_m), return_inverse=True)
    tile = _tile(incidents, side_m)
    place = np.minimum(np.searchsorted(tiles, tile), len(tiles) - 1)
    of_incident = np.where(tiles[place] == tile, place, -1)
    return replace(incidents, stratum=of_incident), replace(ground, stratum=of_ground)


def _tile(points: Scatter, side_m: float) -> npt.NDArray[np.complex128]:
    """Column and row of each point's tile as one number; NaN where its place is unknown."""
    return np.asarray(np.floor(points.x / side_m) + 1j * np.floor(points.y / side_m))


def _tabulate(points: Scatter, x: npt.ArrayLike, y: npt.ArrayLike, edges: Floats, strata: int) -> Floats:
    """Weight by stratum and band, ``(strata, bands)``."""
    from scipy.spatial import cKDTree

    place_x, place_y, _, known = check_points(x, y)
    if not known.any():
        raise DataError("Expected places of interest. Received: none. Name a file of places.")
    east, north, weight, usable = check_points(points.x, points.y, points.weight)
    usable &= points.stratum >= 0
    tree = cKDTree(np.column_stack([place_x, place_y])[known])
    gap = tree.query(np.column_stack([east, north])[usable])[0]
    band = np.searchsorted(edges, gap, side="right")
    near = band < len(edges)
    cell = points.stratum[usable][near] * len(edges) + band[near]
    table = np.bincount(cell, weight[usable][near], strata * len(edges))
    return table.astype(np.float64).reshape(strata, len(edges))


def _check_ground(exposed: Floats) -> None:
    strata, last = int(np.count_nonzero(exposed.sum(axis=1))), float(exposed[:, -1].sum())
    if strata < 2 or not last > 0:
        raise DataError(
            f"Expected ground near the places in two neighborhoods or more, some of it in the last band. Received: "
            f"{strata} neighborhoods, {last:g} units in the last band. Choose wider bands or smaller neighborhoods."
        )


def _score(draws: Floats, happened: Floats, exposed: Floats) -> tuple[Floats, Floats]:
    """Rates and ratios to the last band in every draw of strata, ``(draws, bands)`` each."""
    rate = _divide(draws @ happened, draws @ exposed)
    both = exposed + exposed[:, -1:]
    near = _divide(happened * exposed[:, -1:], both, undefined=0.0)
    far = _divide(happened[:, -1:] * exposed, both, undefined=0.0)
    return rate, _divide(draws @ near, draws @ far)


def _garwood(count: Floats) -> tuple[Floats, Floats]:
    """Exact 95% interval of the mean of Poisson counts."""
    from scipy.stats import chi2

    low = np.where(count > 0, chi2.ppf(0.025, 2 * np.maximum(count, 1e-9)) / 2, 0.0)
    return low, np.asarray(chi2.ppf(0.975, 2 * (count + 1)) / 2, dtype=np.float64)


def _interval(draws: Floats) -> tuple[Floats, Floats]:
    """Middle 95% of each column over the draws in which it is defined; NaN where in none."""
    low, high = np.full(draws.shape[1], np.nan), np.full(draws.shape[1], np.nan)
    for band, column in enumerate(draws.T):
        defined = column[np.isfinite(column)]
        if defined.size:
            low[band], high[band] = np.quantile(defined, [0.025, 0.975])
    return low, high


def _divide(numerator: Floats, denominator: Floats, *, undefined: float = np.nan) -> Floats:
    quotient: Floats = np.full(np.shape(numerator), undefined)
    held: Bools = np.broadcast_to(np.asarray(denominator) > 0, quotient.shape)
    np.divide(numerator, denominator, out=quotient, where=held)
    return quotient
