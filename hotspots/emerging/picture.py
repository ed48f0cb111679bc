"""The map of emerging hot and cold spots for a briefing."""

from typing import TYPE_CHECKING

import numpy as np

from hotspots.city_map import Codes, MapWords, Swatch, draw_classes, open_city_map, write_legend, write_note
from hotspots.emerging.hot_spots import EmergingHotSpots
from hotspots.emerging.patterns import Pattern
from rasterize.grid import Grid
from rasterize.sheet import LAND

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

# Warm is hot and cold is blue; the strongest colours are for what grows. Letters tell apart what colours cannot.
COLORS = {
    Pattern.NEW_HOT: "#FFD92F",
    Pattern.CONSECUTIVE_HOT: "#FC8D1C",
    Pattern.INTENSIFYING_HOT: "#7F0000",
    Pattern.PERSISTENT_HOT: "#D7301F",
    Pattern.DIMINISHING_HOT: "#F4A9A0",
    Pattern.SPORADIC_HOT: "#E7C79B",
    Pattern.OSCILLATING_HOT: "#C278B0",
    Pattern.HISTORICAL_HOT: "#A08679",
    Pattern.NEW_COLD: "#41E0D0",
    Pattern.CONSECUTIVE_COLD: "#1D91C0",
    Pattern.INTENSIFYING_COLD: "#081D58",
    Pattern.PERSISTENT_COLD: "#225EA8",
    Pattern.DIMINISHING_COLD: "#9EBCDA",
    Pattern.SPORADIC_COLD: "#C7DDE8",
    Pattern.OSCILLATING_COLD: "#8073AC",
    Pattern.HISTORICAL_COLD: "#7C8FA3",
}
OUTSIDE = -128
"""Marks places that were not tested."""

NOTE = (
    "Hot and cold spots (Getis-Ord Gi*, adjusted for the number of places and times tested) in {slices}, and "
    "their trend (Mann-Kendall). New: only in the last of them. Historical: in most, but not the last. {neighbors}"
)


def draw_emerging_map(
    polygons: "gpd.GeoDataFrame",
    found: EmergingHotSpots,
    *,
    grid: Grid | None = None,
    words: MapWords,
    slices: str,
    neighbors: str,
) -> "Figure":
    """Draw the pattern of each place; the legend lists all that occur.

    Args:
        polygons: Neighborhoods in metres; the areas tested where there is no grid.
        found: What to draw.
        grid: The cells tested, or None for areas.
        words: What the incidents are.
        slices: The slices of time, e.g. ``24 slices of 28 days``.
        neighbors: Who counted as neighbors.

    Returns:
        A matplotlib figure; ``exports.figures.save_figure`` writes it.
    """
    sheet = open_city_map(polygons, title="emerging hot and cold spots", words=words)
    tested = np.isfinite(found.z).any(axis=0)
    codes = np.where(tested, found.pattern, OUTSIDE).astype(np.int8)
    swatches = _swatches_of(codes, with_letters=grid is None)
    draw_classes(sheet, polygons, grid, codes, swatches)
    write_legend(sheet, swatches, codes, unit="cells" if grid else "areas", top=0.05)
    write_note(sheet, NOTE.format(slices=slices, neighbors=neighbors), lines=7)
    return sheet.figure


def _swatches_of(codes: Codes, *, with_letters: bool) -> list[Swatch]:
    """Swatches of the patterns that occur, hot ones first, and of no pattern; cells are too small for letters."""
    named = [
        Swatch(pattern, color, pattern.title, pattern.name[0] if with_letters else "")
        for pattern, color in COLORS.items()
        if (codes == pattern).any()
    ]
    return [*named, Swatch(Pattern.NONE, LAND, Pattern.NONE.title)]
