"""Where incidents are more frequent than the people, or the other incidents, of a place would have it.

Ratios are ``(rows, cols)``, NaN outside the city and where the reference is too thin to say anything.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hotspots.density.interval import Interval, bound_ratio, bound_sum
from hotspots.density.kernels import SHAPES
from hotspots.density.surface import KM2_PER_M2, DensitySurface, estimate_density
from hotspots.points import Floats
from incidents.errors import ConfigError, DataError
from rasterize.overlay import Overlay

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class RelativeRisk:
    """How many times as many incidents as the reference lets expect; 1 is the mean of the city.

    Args:
        ratio: Share of the incidents per share of the reference, ``(rows, cols)``.
        lower: Lower end of the 95% interval of each cell by itself.
        upper: Its upper end.
    """

    ratio: Floats
    lower: Floats
    upper: Floats

    @property
    def bands(self) -> dict[str, Floats]:
        """What a raster or layer of the ratio holds, by name."""
        return {"ratio": self.ratio, "lower": self.lower, "upper": self.upper}


def relative_risk(
    cases: DensitySurface,
    reference: DensitySurface,
    *,
    reference_holds_cases: bool = False,
    fewest_in_reference: float = 20.0,
) -> RelativeRisk:
    """Divide one density by another.

    With the same kernel and bandwidth above and below, much of the bias of smoothing cancels. The interval takes
    incidents as independent and is for one cell at a time: some of many cells exceed it by chance. It is rather
    too wide than too narrow, and holds where there are no incidents at all.

    Args:
        cases: Density of the incidents in question.
        reference: Density of residents (:func:`smooth_population`), of all incidents, or of an earlier period.
        reference_holds_cases: Whether the incidents in question are also among those of the reference.
        fewest_in_reference: Say nothing where fewer residents or incidents of the reference lie under the
            kernel.

    Returns:
        The ratio with its interval.

    Raises:
        ConfigError: Grids, kernels or bandwidths differ.
        DataError: One of the surfaces holds nothing.

    Reference:
        Ratio: Bithell (1991), doi:10.1002/sim.4780101112; Kelsall and Diggle (1995), doi:10.2307/3318678; the same
        bandwidth for both: Davies, Jones and Hazelton (2016), doi:10.1016/j.csda.2016.02.008.
    """
    _check_alike(cases, reference)
    under_kernel = reference.per_km2 * KM2_PER_M2 * _footprint_m2(reference)
    if reference_holds_cases:
        odds = bound_ratio(_bound(cases), _bound_others(cases, reference))
        found = Interval(*(_share(ends) for ends in (odds.estimate, odds.lower, odds.upper)))
    else:
        found = bound_ratio(_bound(cases), _bound(reference))
    enough, mean = under_kernel >= fewest_in_reference, cases.total / reference.total
    bands = (np.where(enough, ends / mean, np.nan) for ends in (found.estimate, found.lower, found.upper))
    return RelativeRisk(*bands)


def _bound(surface: DensitySurface) -> Interval:
    """Interval of a density."""
    return bound_sum(surface.per_km2, np.square(surface.standard_error), heaviest=surface.heaviest_per_km2)


def _bound_others(cases: DensitySurface, reference: DensitySurface) -> Interval:
    """Interval of the density of those incidents of the reference that are not among the cases."""
    others = np.maximum(reference.per_km2 - cases.per_km2, 0.0)
    variance = np.maximum(np.square(reference.standard_error) - np.square(cases.standard_error), 0.0)
    return bound_sum(others, variance, heaviest=reference.heaviest_per_km2)


def _share(odds: Floats) -> Floats:
    """Share of the cases in all from their odds against the others."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.isinf(odds), 1.0, odds / (1.0 + odds))


def smooth_population(polygons: "gpd.GeoDataFrame", overlay: Overlay, like: DensitySurface) -> DensitySurface:
    """Spread the residents of polygons over the ground as incidents were spread.

    Within a polygon residents are taken as evenly spread over its cells; parks and harbors in it are not known.

    Args:
        polygons: Columns ``area`` and ``population``, in the order of the overlay's areas.
        overlay: The polygons on the grid.
        like: Surface whose grid, kernel and bandwidth are used.

    Returns:
        Residents per square kilometre; their standard error is 0, as they are counted, not sampled.

    Raises:
        DataError: A population is unknown or negative, areas differ, or a polygon with residents has no cell.
    """
    residents = _residents(polygons, overlay)
    row, col = np.nonzero(overlay.labels >= 0)
    area = overlay.labels[row, col]
    cells = np.bincount(area, minlength=len(residents))
    lost = (cells == 0) & (residents > 0)
    if lost.any():
        names = ", ".join(np.array(overlay.areas)[lost][:5])
        raise DataError(
            f"Expected a cell for every polygon with residents. Received: none for {names}. Use smaller cells."
        )
    center_x, center_y = like.grid.cell_centers()
    residing = estimate_density(
        center_x[col],
        center_y[row],
        like.grid,
        bandwidth_m=like.bandwidth_m,
        kernel=like.kernel,
        inside=overlay.inside,
        weights=residents[area] / cells[area],
    )
    return replace(residing, standard_error=np.zeros_like(residing.standard_error), heaviest_per_km2=0.0)


def _residents(polygons: "gpd.GeoDataFrame", overlay: Overlay) -> Floats:
    """Residents by area of the overlay."""
    if tuple(polygons["area"].astype(str)) != overlay.areas:
        raise DataError(
            f"Expected the {len(overlay.areas)} areas of the overlay in its order. Received: {len(polygons)} others. "
            "Draw the overlay from these polygons."
        )
    residents = polygons["population"].to_numpy(dtype=np.float64)
    if not bool((residents >= 0).all()):
        unknown = [name for name, good in zip(overlay.areas, residents >= 0, strict=True) if not good]
        raise DataError(
            f"Expected the residents of every area. Received: none for {', '.join(unknown[:5])}. "
            "Name the population property of the layer in the city's YAML, or compare with all incidents."
        )
    return np.asarray(residents)


def _footprint_m2(surface: DensitySurface) -> float:
    """Ground over which a kernel averages: that of an even kernel with the same variance of its estimate."""
    return surface.bandwidth_m**2 / SHAPES[surface.kernel].roughness


def _check_alike(cases: DensitySurface, reference: DensitySurface) -> None:
    """Refuse surfaces that cannot be divided cell by cell."""
    told = [f"{s.kernel}, {s.bandwidth_m:g} m, {s.grid.shape}" for s in (cases, reference)]
    if cases.grid != reference.grid or told[0] != told[1]:
        raise ConfigError(
            f"Expected two surfaces of one grid, kernel and bandwidth. Received: {told[0]} and {told[1]}. "
            "Estimate both alike."
        )
    if not (cases.total > 0 and reference.total > 0):
        raise DataError(
            f"Expected incidents in both surfaces. Received: {cases.total:g} and {reference.total:g}. "
            "Take a longer period or more categories."
        )
