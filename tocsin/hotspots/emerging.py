"""Which hot spots of a store's incidents are new, growing, steady or fading."""

from datetime import timedelta

import numpy as np

from hotspots.emerging.cube import Cube, count_areas, count_cells, slice_time
from hotspots.emerging.hot_spots import EmergingHotSpots, EmergingSettings, find_emerging
from hotspots.emerging.patterns import Pattern
from hotspots.emerging.picture import draw_emerging_map
from hotspots.points import Floats
from incidents.errors import ConfigError
from tocsin.hotspots.answer import Answer, Scores
from tocsin.hotspots.evidence import Evidence, Places, place_evidence
from tocsin.hotspots.local import choose_neighbors

SLICES_DAYS = (91, 28, 14, 7)
"""Whole weeks, so that every slice holds every weekday equally often."""

ENOUGH_SLICES = 12
FEWEST_SLICES = 10


def find_patterns(evidence: Evidence) -> Answer:
    """What the history of each place as a hot or cold spot amounts to."""
    days = _choose_days(evidence)
    places, cube = _cut(evidence, days)
    band = choose_neighbors(evidence, places)
    settings = EmergingSettings()
    found = find_emerging(cube.counts, band.neighborhood, settings=settings)
    slices = len(cube.counts)
    figure = draw_emerging_map(
        evidence.polygons,
        found,
        grid=places.grid,
        words=evidence.words,
        slices=f"{slices} slices of {days} days",
        neighbors=band.words,
    )
    patterns = {pattern.name.lower(): int((found.pattern == pattern).sum()) for pattern in Pattern if pattern}
    figures = {
        **places.figures,
        "in_slices": int(cube.counts.sum()),
        "settings": {
            **band.settings,
            "slice_days": days,
            "slices": slices,
            "first_slice": str(cube.edges[0]),
            "past_slices": settings.past_slices,
            "reference": settings.reference.value,
            "level": settings.level,
            "trend_level": settings.trend_level,
        },
        "patterns": patterns,
        "notes": ["Slices that would begin before the period are left out at its start."],
    }
    hot = sum(count for name, count in patterns.items() if name.endswith("hot"))
    summary = (
        f"{hot:,} {places.unit} with a hot pattern, {patterns['new_hot']:,} of them new, in {slices} slices"
    )
    return Answer(summary, figures, {"": figure}, bands_of(found), places.grid, scores=Scores(found.z[-1]))


def bands_of(found: EmergingHotSpots) -> dict[str, Floats]:
    """What a raster or layer of the patterns holds: codes as in ``Pattern``, and the last slice."""
    tested = np.isfinite(found.z).any(axis=0)
    return {
        "pattern": np.where(tested, found.pattern, np.nan),
        "z_last": found.z[-1],
        "p_fdr_last": found.p_fdr[-1],
        "trend_z": found.trend.z,
        "p_trend": found.trend.p,
    }


def _choose_days(evidence: Evidence) -> int:
    """Length of a slice: as asked, or the longest that cuts the period into enough of them."""
    if evidence.options.slice_days is not None:
        return evidence.options.slice_days
    whole = (evidence.stop - evidence.start).days
    return next((days for days in SLICES_DAYS if whole // days >= ENOUGH_SLICES), SLICES_DAYS[-1])


def _cut(evidence: Evidence, days: int) -> tuple[Places, Cube]:
    """Places, and incidents by slice of time and place."""
    if days < 1 or (evidence.stop - evidence.start) // timedelta(days=max(days, 1)) < FEWEST_SLICES:
        raise ConfigError(
            f"Expected at least {FEWEST_SLICES} slices, which a trend needs. Received: {evidence.options.first} to "
            f"{evidence.options.stop} in slices of {days} days. Take a longer period or a shorter --slice-days."
        )
    edges = slice_time(evidence.start, evidence.stop, days=days)
    places = place_evidence(evidence)
    if places.grid and places.points:
        return places, count_cells(places.points, evidence.occurred_at, edges=edges, grid=places.grid)
    return places, count_areas(places.of_row, evidence.occurred_at, edges=edges, areas=places.counts.size)
