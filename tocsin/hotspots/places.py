"""How a store's incidents lie around places of interest: cross-K, rates by distance, correlation of densities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from exports.disclosure import withhold_small_counts
from hotspots.density.surface import estimate_density
from hotspots.places.correlation import Correlation, correlate_surfaces
from hotspots.places.cross_k import CrossK, cross_k
from hotspots.places.distance_bands import BandRates, Scatter, lay_ground, rates_by_distance
from hotspots.places.picture import draw_places_map
from hotspots.places.relocation import shift_together
from hotspots.points import Floats
from hotspots.sites import Sites, group_sites
from incidents.errors import ConfigError, DataError
from incidents.location import find_areas
from rasterize.grid import Grid
from tocsin.hotspots.answer import Answer
from tocsin.hotspots.density import choose_bandwidth
from tocsin.hotspots.evidence import Evidence, Places, lay_cells, place_evidence
from tocsin.hotspots.place_file import read_places

SIMULATIONS = 499
FEWEST_PLACES = 5
"""With fewer, what is said would be about single addresses."""


@dataclass(frozen=True)
class Interest:
    """Places of interest in the city, metres, and the number of those left out."""

    kind: str
    x: Floats
    y: Floats
    unlocated: int
    outside: int


def find_around_places(evidence: Evidence) -> Answer:
    """Whether more incidents lie around places than chance has it, at which distances."""
    interest = _require_places(evidence)
    incidents, rng = group_sites(evidence.x, evidence.y), evidence.rng
    outline = evidence.polygons.union_all()
    draws = SIMULATIONS if evidence.options.permutations is None else evidence.options.permutations
    relocate = shift_together(interest.x, interest.y, outline)
    around = cross_k(incidents, interest.x, interest.y, relocate, simulations=draws, rng=rng)
    rates = rates_by_distance(
        _scatter(evidence), lay_ground(evidence.polygons), interest.x, interest.y, rng=rng
    )
    cells = place_evidence(evidence)
    bands, grid, correlation, settings = _correlate(evidence, interest)
    figures = {
        **cells.figures,
        "kind": interest.kind,
        "places": len(interest.x),
        "places_unlocated": interest.unlocated,
        "places_outside": interest.outside,
        "settings": {"simulations": draws, "relocation": "shifted together", **settings},
        "cross_k": _describe_cross_k(around),
        "distance_bands": _describe_rates(rates),
        "correlation": vars(correlation),
        "notes": [
            "More incidents near places do not say that the places bring them: both follow main streets."
        ],
    }
    figure = draw_places_map(
        evidence.polygons,
        _coarsen(cells, grid),
        interest.x,
        interest.y,
        found=(around, rates),
        words=evidence.words,
        kind=interest.kind,
    )
    return Answer(_summarise(around, rates, interest), figures, {"": figure}, bands, grid)


def _require_places(evidence: Evidence) -> Interest:
    """Places of the file that lie in the city.

    Raises:
        ConfigError: No file is named.
        DataError: So few places that single addresses would be described.
    """
    file = evidence.options.places
    if file is None:
        raise ConfigError("Expected --places with a file of places. Received: none. Name a GeoJSON or CSV.")
    x, y = read_places(file, crs=str(evidence.polygons.crs))
    known = np.isfinite(x) & np.isfinite(y)
    inside = find_areas(x, y, evidence.polygons) >= 0
    if inside.sum() < FEWEST_PLACES:
        raise DataError(
            f"Expected at least {FEWEST_PLACES} places in the city, so that nothing is said of single ones. Received: "
            f"{len(x)} places in {file}, {int(inside.sum())} of them in the city. Check their coordinates."
        )
    kind = file.name.split(".")[0].replace("_", " ")
    return Interest(kind, x[inside], y[inside], int((~known).sum()), int((known & ~inside).sum()))


def _scatter(evidence: Evidence) -> Scatter:
    """Incidents with their neighborhood."""
    x, y = evidence.x, evidence.y
    stratum = find_areas(x, y, evidence.polygons).astype(np.int64)
    return Scatter(x, y, np.ones(len(x)), stratum)


def _correlate(
    evidence: Evidence, interest: Interest
) -> tuple[Mapping[str, Floats], Grid, Correlation, dict[str, Any]]:
    """Densities of incidents and of places on the same cells, and how they go together."""
    grid, inside = lay_cells(evidence)
    bandwidth_m, _ = choose_bandwidth(evidence, grid, inside)
    of_incidents, of_places = (
        estimate_density(x, y, grid, bandwidth_m=bandwidth_m, inside=inside).per_km2
        for x, y in ((evidence.x, evidence.y), (interest.x, interest.y))
    )
    bands = {"incidents_per_km2": of_incidents, "places_per_km2": of_places}
    settings = {"bandwidth_m": bandwidth_m, "kernel": "gaussian"}
    return bands, grid, correlate_surfaces(of_incidents, of_places), settings


def _coarsen(cells: Places, grid: Grid) -> Sites:
    """Incidents at the centres of their cells: the picture shows no address."""
    row, col = np.nonzero(cells.counts)
    x, y = grid.cell_centers()
    return group_sites(x[col], y[row], weights=cells.counts[row, col])


def _describe_cross_k(around: CrossK) -> dict[str, Any]:
    return {
        "radii_m": around.radii_m,
        "around": around.around,
        "expected": around.expected,
        "ratio": around.ratio,
        "lo": around.envelope.lo,
        "hi": around.envelope.hi,
        "p": around.envelope.p,
    }


def _describe_rates(rates: BandRates) -> dict[str, Any]:
    """Rates and ratios by distance; numbers that may not be shown, and rates that tell them, become NaN."""
    safe = withhold_small_counts(np.rint(rates.incidents).astype(np.int64))
    told = {"edges_m": rates.edges_m, "km2": rates.exposure, "incidents": safe.shown}
    for name in ("rate", "lo", "hi"):
        told[name] = np.where(safe.withheld, np.nan, getattr(rates, name))
    return told | {"ratio": rates.ratio, "ratio_lo": rates.ratio_lo, "ratio_hi": rates.ratio_hi}


def _summarise(around: CrossK, rates: BandRates, interest: Interest) -> str:
    nearest = rates.ratio_of(0)
    return (
        f"rate within {rates.edges_m[0]:g} m of {len(interest.x):,} places ({interest.kind}) {nearest.value:.2f} times "
        f"that farther off ({nearest.lo:.2f} to {nearest.hi:.2f}), p {around.envelope.p:.3f} at all distances"
    )
