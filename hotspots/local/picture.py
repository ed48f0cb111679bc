"""The map of hot and cold spots, or of likeness to neighbors, for a briefing."""

from typing import TYPE_CHECKING

import numpy as np

from hotspots.city_map import MapWords, Swatch, draw_classes, open_city_map, write_legend, write_note
from hotspots.local.gi_star import GiStar
from hotspots.local.moran import LocalMoran, Quadrant
from rasterize.grid import Grid
from rasterize.sheet import LAND

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

# ColorBrewer's RdBu, readable with any colour vision.
CONFIDENCE_SWATCHES = (
    Swatch(3, "#B2182B", "Hot spot, 99% confidence"),
    Swatch(2, "#EF8A62", "Hot spot, 95%"),
    Swatch(1, "#FBCDB4", "Hot spot, 90%"),
    Swatch(0, LAND, "Not significant"),
    Swatch(-1, "#C6DFEE", "Cold spot, 90%"),
    Swatch(-2, "#67A9CF", "Cold spot, 95%"),
    Swatch(-3, "#2166AC", "Cold spot, 99%"),
)
QUADRANT_SWATCHES = (
    Swatch(Quadrant.HIGH_HIGH, "#B2182B", "High among high"),
    Swatch(Quadrant.HIGH_LOW, "#F4A582", "High among low"),
    Swatch(Quadrant.LOW_HIGH, "#92C5DE", "Low among high"),
    Swatch(Quadrant.LOW_LOW, "#2166AC", "Low among low"),
    Swatch(Quadrant.NONE, LAND, "Not significant"),
)
NOTE = (
    "{test}; confidence after adjustment for the number of places tested (false discovery rate), so that at most "
    "the stated share of the marked places is expected to be chance. {neighbors}"
)
OUTSIDE = -128


def draw_gi_star_map(
    polygons: "gpd.GeoDataFrame", found: GiStar, *, grid: Grid | None = None, words: MapWords, neighbors: str
) -> "Figure":
    """Draw hot and cold spots with 90, 95 and 99% confidence after adjustment.

    Args:
        polygons: Neighborhoods in metres; the areas tested where there is no grid.
        found: What to draw.
        grid: The cells tested, or None for areas.
        words: What the incidents are.
        neighbors: Who counted as neighbors, e.g. ``Neighbors: cells within 500 m.``

    Returns:
        A matplotlib figure; ``exports.figures.save_figure`` writes it.
    """
    sheet = open_city_map(polygons, title="hot and cold spots", words=words)
    codes = np.where(np.isnan(found.z), OUTSIDE, found.classes).astype(np.int8)
    draw_classes(sheet, polygons, grid, codes, CONFIDENCE_SWATCHES)
    write_legend(sheet, CONFIDENCE_SWATCHES, codes, unit="cells" if grid else "areas", top=0.05)
    write_note(sheet, NOTE.format(test="Getis-Ord Gi*", neighbors=neighbors), lines=7)
    return sheet.figure


def draw_moran_map(
    polygons: "gpd.GeoDataFrame",
    found: LocalMoran,
    *,
    grid: Grid | None = None,
    words: MapWords,
    neighbors: str,
    level: float = 0.05,
) -> "Figure":
    """Draw places that are like or unlike their neighbors.

    Args:
        polygons: Neighborhoods in metres; the areas tested where there is no grid.
        found: What to draw.
        grid: The cells tested, or None for areas.
        words: What the incidents are.
        neighbors: Who counted as neighbors.
        level: Largest adjusted p of a place that is marked.

    Returns:
        A matplotlib figure.
    """
    sheet = open_city_map(polygons, title="clusters and outliers", words=words)
    codes = np.where(np.isnan(found.z), OUTSIDE, found.significant(level)).astype(np.int8)
    draw_classes(sheet, polygons, grid, codes, QUADRANT_SWATCHES)
    write_legend(sheet, QUADRANT_SWATCHES, codes, unit="cells" if grid else "areas", top=0.05)
    test = f"Local Moran's I at {1 - level:.0%}"
    write_note(sheet, NOTE.format(test=test, neighbors=neighbors), lines=7)
    return sheet.figure
