"""Which few contiguous areas hold the most expected harm, from a store's incidents; never a person or an address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from hotspots.density.surface import estimate_density, expected_in_cells
from hotspots.patrol.layer import patrol_layer
from hotspots.patrol.picture import draw_patrol_map
from hotspots.patrol.plan import PatrolPlan, cells_of_km2, choose_areas
from hotspots.patrol.travel import area_centers, travel_minutes
from hotspots.points import Bools, Floats
from incidents.errors import ConfigError, DataError
from incidents.schema import ENFORCEMENT_CREATED
from rasterize.grid import Grid
from tocsin.hotspots.answer import Answer
from tocsin.hotspots.density import choose_bandwidth
from tocsin.hotspots.evidence import Evidence, lay_cells

MOST_AREAS = 5
TOTAL_KM2 = 4.0
SPEED_KMH = 30.0
SECONDS_PER_DAY = 86_400.0
NOTES = (
    "Expected harm is the mean of the period, no forecast of a day; make it anew when the period is over.",
    "It knows no effect of patrols and no fairness: look at what it asks of each neighborhood before using it.",
)


@dataclass(frozen=True)
class Ground:
    """The cells and the harm expected in each a day, NaN outside the city, ``(rows, cols)``."""

    grid: Grid
    inside: Bools
    harm: Floats
    bandwidth_m: float


def plan_patrols(evidence: Evidence) -> Answer:
    """Contiguous areas of a given total size with the most expected harm."""
    refuse_enforcement(evidence)
    reported = replace(evidence, rows=evidence.rows.filter(pl.col("origin").cast(pl.String) != "discovered"))
    ground, asked = _expect_harm(reported), evidence.options
    most = MOST_AREAS if asked.patrol_areas is None else asked.patrol_areas
    total_km2 = TOTAL_KM2 if asked.patrol_km2 is None else asked.patrol_km2
    cells = cells_of_km2(_positive(total_km2), cell_size_m=ground.grid.cell_size_m)
    plan = choose_areas(ground.harm, areas=most, cells=cells)
    layer = patrol_layer(plan, ground.grid)
    located = int(np.count_nonzero(np.isfinite(reported.x)))
    figures = {
        "used": located,
        "unlocated": reported.rows.height - located,
        "outside": 0,
        "found_by_enforcement": evidence.rows.height - reported.rows.height,
        "settings": {
            "cell_size_m": ground.grid.cell_size_m,
            "bandwidth_m": ground.bandwidth_m,
            "patrol_areas": most,
            "patrol_km2": total_km2,
            "harm": _weights(evidence),
            "speed_kmh": SPEED_KMH,
        },
        "plan": _describe(plan, ground),
        "notes": NOTES,
    }
    figure = draw_patrol_map(
        evidence.polygons, plan, ground.harm, ground.grid, words=evidence.words, speed_kmh=SPEED_KMH
    )
    size = float(layer["area_km2"].sum())
    summary = f"{len(layer)} areas of {size:.2f} km² hold {plan.share:.1%} of the expected harm"
    return Answer(summary, figures, {"": figure}, {"harm_per_day": ground.harm}, ground.grid, layer=layer)


def refuse_enforcement(evidence: Evidence) -> None:
    """Refuse categories that enforcement creates.

    Raises:
        ConfigError: Names them.
    """
    created = [category.value for category in evidence.categories if category in ENFORCEMENT_CREATED]
    if created:
        raise ConfigError(
            f"Expected harm that victims or callers report. Received: {', '.join(created)}, which enforcement creates: "
            "patrols would be sent to where patrols have been. Leave it out of --category."
        )


def parse_harm(text: str | None) -> dict[str, float]:
    """Read ``homicide=10,shooting=5``.

    Raises:
        ConfigError: Another form, an unknown category, or a weight that is not positive.
    """
    from incidents.selection import category_names

    weights = {}
    for part in (text or "").split(",") if text else ():
        name, _, weight = part.partition("=")
        try:
            weights[name.strip()] = _positive(float(weight))
        except ValueError as error:
            raise ConfigError(
                f"Expected --harm as category=weight, weights above 0. Received: {part!r}. Example: homicide=10,shooting=5."
            ) from error
    category_names(weights)
    return weights


def _expect_harm(evidence: Evidence) -> Ground:
    """Density of the period, weighted by harm, as harm in each cell a day."""
    grid, inside = lay_cells(evidence)
    if evidence.rows.is_empty():
        raise DataError("Expected incidents that were reported. Received: none. Choose other categories.")
    bandwidth_m, _ = choose_bandwidth(evidence, grid, inside)
    weights = evidence.rows["category"].cast(pl.String).replace_strict(_weights(evidence)).to_numpy()
    surface = estimate_density(
        evidence.x,
        evidence.y,
        grid,
        bandwidth_m=bandwidth_m,
        inside=inside,
        weights=weights.astype(np.float64),
    )
    days = (evidence.stop - evidence.start).total_seconds() / SECONDS_PER_DAY
    return Ground(grid, inside, expected_in_cells(surface) / days, bandwidth_m)


def _weights(evidence: Evidence) -> dict[str, float]:
    """Harm of an incident by category; 1 where nothing is said."""
    given: Mapping[str, float] = evidence.options.harm
    foreign = sorted(set(given) - {category.value for category in evidence.categories})
    if foreign:
        raise ConfigError(
            f"Expected --harm of the categories asked for. Received: {', '.join(foreign)}. Add them to --category."
        )
    return {category.value: given.get(category.value, 1.0) for category in evidence.categories}


def _describe(plan: PatrolPlan, ground: Ground) -> dict[str, Any]:
    x, y = area_centers(plan, ground.harm, ground.grid)
    return {
        "areas": len(plan.harm),
        "share": plan.share,
        "harm_per_day": plan.harm,
        "cells": plan.cells,
        "city_harm_per_day": plan.city_harm,
        "greedy_share": plan.greedy_harm / plan.city_harm,
        "at_most_to_gain": plan.gap,
        "within_gap": plan.within_gap,
        "minutes_between": travel_minutes(x, y, speed_kmh=SPEED_KMH),
    }


def _positive(value: float) -> float:
    if not 0 < value < np.inf:
        raise ConfigError(f"Expected a weight or a size above 0. Received: {value}. Try 4 square kilometres.")
    return value
