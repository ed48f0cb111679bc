"""Hot and cold spots of a store's incidents: Getis-Ord Gi* and local Moran's I."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hotspots.local.gi_star import GiStar, gi_star
from hotspots.local.moran import LocalMoran, Quadrant, local_moran
from hotspots.local.neighborhood import Neighborhood
from hotspots.local.picture import draw_gi_star_map, draw_moran_map
from hotspots.local.weights import areas_within, cells_within, touching_areas
from hotspots.points import Bools, Floats
from incidents.errors import DataError
from tocsin.hotspots.answer import SIGNIFICANT, Answer, Scores
from tocsin.hotspots.evidence import Evidence, Places, check_within_city, place_evidence

NEIGHBORS_M = 500.0
"""Reach of the distance band of cells, where nothing is asked: a few blocks."""

FEWEST_TESTED = 3

QUEEN = 1.5
"""A band of so many cells reaches the eight that touch, where cells are too large for that distance."""


@dataclass(frozen=True)
class Band:
    """Neighbors and the words for them."""

    neighborhood: Neighborhood
    settings: dict[str, Any]
    words: str


def choose_neighbors(evidence: Evidence, places: Places) -> Band:
    """Cells within a distance, areas that touch, or areas within a distance where one is asked for.

    Raises:
        ConfigError: The distance is shorter than a cell or longer than the city.
        DataError: Hardly any place has a neighbor.
    """
    band = _lay_band(evidence, places)
    tested = int(np.count_nonzero(band.neighborhood.neighbors))
    if tested < FEWEST_TESTED:
        raise DataError(
            f"Expected at least {FEWEST_TESTED} {places.unit} with neighbors, of which some can stand out. Received: "
            f"{tested}. Choose smaller cells, a finer layer or a larger --neighbors-m."
        )
    return band


def _lay_band(evidence: Evidence, places: Places) -> Band:
    asked = evidence.options.neighbors_m
    if asked is not None:
        check_within_city("--neighbors-m", asked, evidence)
    if places.grid:
        size = places.grid.cell_size_m
        reach = asked if asked is not None else max(NEIGHBORS_M, QUEEN * size)
        band = cells_within(places.inside, cell_size_m=size, distance_m=reach)
        return Band(
            band, {"neighbors": "cells within", "neighbors_m": reach}, f"Neighbors: cells within {reach:g} m."
        )
    if asked is not None:
        within = areas_within(evidence.polygons, distance_m=asked)
        words = f"Neighbors: areas whose centroids lie within {asked:g} m."
        return Band(within, {"neighbors": "areas within", "neighbors_m": asked}, words)
    touching = touching_areas(evidence.polygons)
    return Band(
        touching, {"neighbors": "areas that touch", "neighbors_m": None}, "Neighbors: areas that touch."
    )


def find_gi_star(evidence: Evidence) -> Answer:
    """Where incidents gather more than chance has it, by Gi*."""
    places = place_evidence(evidence)
    band = choose_neighbors(evidence, places)
    found = gi_star(places.counts, band.neighborhood, **_permuting(evidence))
    hot, cold = _count_classes(found)
    figure = draw_gi_star_map(
        evidence.polygons, found, grid=places.grid, words=evidence.words, neighbors=band.words
    )
    figures = {
        **places.figures,
        "settings": {**band.settings, **_test_settings(evidence)},
        "hot": hot,
        "cold": cold,
        "islands": int(np.isnan(found.z[places.inside]).sum()),
        "notes": _notes(evidence, found.p),
    }
    summary = f"{hot['95%']:,} of {int(np.isfinite(found.z).sum()):,} {places.unit} hot, {cold['95%']:,} cold"
    again = _rescore(places, lambda counts: gi_star(counts, band.neighborhood).z)
    return Answer(summary, figures, {"": figure}, found.bands, places.grid, scores=Scores(found.z, again))


def find_local_moran(evidence: Evidence) -> Answer:
    """Which places are like or unlike their neighbors, by local Moran's I."""
    places = place_evidence(evidence)
    band = choose_neighbors(evidence, places)
    found = local_moran(places.counts, band.neighborhood, **_permuting(evidence))
    marked = found.significant(SIGNIFICANT)
    quadrants = {
        kind.name.lower(): int((marked == kind).sum()) for kind in Quadrant if kind is not Quadrant.NONE
    }
    figure = draw_moran_map(
        evidence.polygons,
        found,
        grid=places.grid,
        words=evidence.words,
        neighbors=band.words,
        level=SIGNIFICANT,
    )
    figures = {
        **places.figures,
        "settings": {**band.settings, **_test_settings(evidence)},
        "significant": quadrants,
        "islands": int(np.isnan(found.z[places.inside]).sum()),
        "notes": _notes(evidence, found.p),
    }
    summary = (
        f"{quadrants['high_high']:,} of {int(np.isfinite(found.z).sum()):,} {places.unit} high among high"
    )
    again = _rescore(places, lambda counts: _high_among_high(local_moran(counts, band.neighborhood)))
    scores = Scores(_high_among_high(found), again)
    return Answer(summary, figures, {"": figure}, found.bands, places.grid, scores=scores)


def _high_among_high(found: LocalMoran) -> Floats:
    """How clearly a place is high among high ones, 0 for all others."""
    score = np.where(found.quadrant == Quadrant.HIGH_HIGH, np.maximum(found.z, 0.0), 0.0)
    return np.where(np.isnan(found.z), np.nan, score)


def _rescore(places: Places, score: Callable[[Floats], Floats]) -> Callable[[Bools], Floats]:
    """Score places by some of the incidents."""

    def again(chosen: Bools) -> Floats:
        flat = places.of_row[chosen & (places.of_row >= 0)]
        counts = np.bincount(flat, minlength=places.counts.size).astype(np.float64)
        return score(counts.reshape(places.counts.shape))

    return again


def _permuting(evidence: Evidence) -> dict[str, Any]:
    return {"permutations": evidence.options.permutations or 0, "rng": evidence.rng}


def _test_settings(evidence: Evidence) -> dict[str, Any]:
    draws = evidence.options.permutations or 0
    return {
        "test": f"conditional permutation, {draws}" if draws else "closed form",
        "permutations": draws,
        "adjustment": "Benjamini-Hochberg",
        "level": SIGNIFICANT,
    }


def _count_classes(found: GiStar) -> tuple[dict[str, int], dict[str, int]]:
    """Hot and cold places by confidence; those of a higher one are among those of a lower."""
    classes, names = found.classes, {"90%": 1, "95%": 2, "99%": 3}
    hot = {name: int((classes >= code).sum()) for name, code in names.items()}
    cold = {name: int((classes <= -code).sum()) for name, code in names.items()}
    return hot, cold


def _notes(evidence: Evidence, p: Floats) -> list[str]:
    """Say where so few permutations can hardly pass the adjustment."""
    draws, tested = evidence.options.permutations or 0, int(np.isfinite(p).sum())
    if not draws or 2 / (draws + 1) * tested <= SIGNIFICANT:
        return []
    needed = int(np.ceil(2 / (draws + 1) * tested / SIGNIFICANT))
    note = (
        f"With {draws} permutations no p is below {2 / (draws + 1):.2g}, so that of {tested:,} places fewer than "
        f"{needed:,} cannot pass the adjustment at all. Ask for more permutations, or for larger places."
    )
    return [note]
