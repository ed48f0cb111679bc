"""How dense a store's incidents are: the kernel density on cells."""

from typing import Any

import numpy as np

from hotspots.density.bandwidth import search_bandwidth, silverman_bandwidth
from hotspots.density.picture import draw_density_map
from hotspots.density.surface import DensitySurface, estimate_density
from hotspots.points import Bools, Floats
from incidents.errors import ConfigError
from rasterize.grid import Grid
from tocsin.hotspots.answer import Answer, Scores
from tocsin.hotspots.evidence import Evidence, check_within_city, lay_cells

BY_SEARCH, BY_RULE = "cv", "silverman"


def find_density(evidence: Evidence) -> Answer:
    """Where incidents are dense."""
    grid, inside = lay_cells(evidence)
    bandwidth_m, how = choose_bandwidth(evidence, grid, inside)
    surface = estimate_density(evidence.x, evidence.y, grid, bandwidth_m=bandwidth_m, inside=inside)
    figures = {
        "used": surface.used,
        "unlocated": surface.unlocated,
        "outside": surface.outside,
        "cells": int(inside.sum()),
        "cell_size_m": grid.cell_size_m,
        "shape": list(grid.shape),
        "settings": {"kernel": surface.kernel.value, "bandwidth_m": bandwidth_m, **how},
        "notes": _notes(how),
    }
    summary = f"peak {np.nanmax(surface.per_km2):,.3g} incidents per square kilometre, bandwidth {bandwidth_m:,.0f} m"
    figure = draw_density_map(evidence.polygons, surface, words=evidence.words)
    return Answer(
        summary, figures, {"": figure}, surface.bands, grid, scores=_scores(evidence, surface, inside)
    )


def choose_bandwidth(evidence: Evidence, grid: Grid, inside: Bools) -> tuple[float, dict[str, Any]]:
    """The bandwidth asked for, in metres or by a rule, and how it was chosen.

    Raises:
        ConfigError: Neither a number nor a rule, or too small for the cells.
        DataError: A rule is asked for and all incidents lie at one place.
    """
    asked = evidence.options.bandwidth_m or BY_SEARCH
    if asked == BY_SEARCH:
        found = search_bandwidth(evidence.x, evidence.y, grid, inside=inside)
        curve = {"tried_m": found.tried_m, "log_likelihood": found.log_likelihood, "at_limit": found.at_limit}
        return found.bandwidth_m, {"bandwidth": BY_SEARCH, **curve}
    if asked == BY_RULE:
        return silverman_bandwidth(evidence.x, evidence.y), {"bandwidth": BY_RULE}
    try:
        given_m = float(asked)
    except ValueError as error:
        raise ConfigError(
            f"Expected --bandwidth-m in metres, {BY_RULE} or {BY_SEARCH}. Received: {asked!r}. Try 300."
        ) from error
    check_within_city("--bandwidth-m", given_m, evidence)
    return given_m, {"bandwidth": "given"}


def _scores(evidence: Evidence, surface: DensitySurface, inside: Bools) -> Scores:
    x, y = evidence.x, evidence.y

    def again(chosen: Bools) -> Floats:
        some = estimate_density(
            np.where(chosen, x, np.nan),
            y,
            surface.grid,
            bandwidth_m=surface.bandwidth_m,
            inside=inside,
            weights=chosen.astype(np.float64),
        )
        return some.per_km2

    return Scores(surface.per_km2, again)


def _notes(how: dict[str, Any]) -> list[str]:
    notes = ["A density does not say what is more than chance, nor whether more people are there."]
    if how.get("at_limit"):
        notes.append(
            "The best bandwidth is the smallest or largest that was tried; smaller cells may show a better one."
        )
    return notes
