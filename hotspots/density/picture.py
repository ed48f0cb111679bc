"""The map of a density surface, or of a relative risk, for a briefing."""

from typing import TYPE_CHECKING

import numpy as np

from hotspots.city_map import (
    MapWords,
    Swatch,
    draw_surface,
    open_city_map,
    write_facts,
    write_note,
    write_swatches,
)
from hotspots.density.kernels import Kernel
from hotspots.density.ratio import RelativeRisk
from hotspots.density.surface import DensitySurface
from hotspots.points import Floats
from rasterize.sheet import INK, LAND, Sheet

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

# Light to dark in one direction, as on the risk map; the darkest part would hide the outlines.
COLORS, LIGHTEST, DARKEST = "YlOrBr", 0.0, 0.85
TOP_SHARE = 99.8

RATIO_COLORS, RATIO_ENDS = "PuOr_r", (0.1, 0.9)
LARGEST_RATIO = 4.0
RATIO_SWATCHES = (
    Swatch(1, "white", "Not clearly above or below"),
    Swatch(0, LAND, "Too few to compare with"),
)

DENSITY_NOTE = (
    "Where reported incidents were, each spread over the ground around it. A peak may be chance, or only mean that "
    "more people are there: see the test for hot spots and the rate for residents."
)
RATIO_NOTE = (
    "White: the 95% interval of the cell holds the city's mean. The intervals are of single cells, so of many "
    "cells without a difference some are coloured by chance."
)


def draw_density_map(polygons: "gpd.GeoDataFrame", surface: DensitySurface, *, words: MapWords) -> "Figure":
    """Draw how dense incidents were.

    Args:
        polygons: Neighborhoods in the CRS of the surface; cells are cut off at their outer border.
        surface: What to draw; the densest few cells share the last colour.
        words: What the incidents are.

    Returns:
        A matplotlib figure; ``exports.figures.save_figure`` writes it.
    """
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, Normalize

    known = surface.per_km2[np.isfinite(surface.per_km2)]
    top = float(np.percentile(known, TOP_SHARE)) if len(known) else 0.0
    sheet = open_city_map(polygons, title="density of incidents", words=words)
    shown = draw_surface(
        sheet,
        polygons,
        surface.grid,
        surface.per_km2,
        cmap=ListedColormap(colormaps[COLORS](np.linspace(LIGHTEST, DARKEST, 256))),
        norm=Normalize(0.0, top or 1.0),
    )
    start = _draw_bar(sheet, shown, "Incidents per square kilometre", extend="max")
    write_facts(sheet, _facts(surface), top=start)
    write_note(sheet, DENSITY_NOTE, lines=6)
    return sheet.figure


def draw_ratio_map(
    polygons: "gpd.GeoDataFrame",
    cases: DensitySurface,
    risk: RelativeRisk,
    *,
    words: MapWords,
    reference: str,
) -> "Figure":
    """Draw how much more frequent incidents were than the reference has it.

    Args:
        polygons: Neighborhoods in the CRS of the surface.
        cases: The incidents that were compared.
        risk: What to draw; above 4 and below 1/4 times the mean share a colour, and cells
            whose interval holds the mean are white.
        words: What the incidents are.
        reference: What they were compared with, e.g. ``residents``.

    Returns:
        A matplotlib figure.
    """
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm

    sheet = open_city_map(polygons, title=f"incidents relative to {reference}", words=words)
    clear = (risk.lower > 1.0) | (risk.upper < 1.0)
    shown = draw_surface(
        sheet,
        polygons,
        cases.grid,
        np.where(clear | np.isnan(risk.ratio), np.maximum(risk.ratio, 1e-9), 1.0),
        cmap=ListedColormap(_whiten_middle(colormaps[RATIO_COLORS](np.linspace(*RATIO_ENDS, 255)))),
        norm=LogNorm(1.0 / LARGEST_RATIO, LARGEST_RATIO),
    )
    start = _draw_bar(sheet, shown, "Times the mean of the city", extend="both")
    start = write_swatches(sheet, RATIO_SWATCHES, top=start) + 0.1
    write_facts(sheet, _facts(cases), top=start)
    write_note(sheet, RATIO_NOTE, lines=4)
    return sheet.figure


def _whiten_middle(colors: Floats) -> Floats:
    """White for the middle one of some colours."""
    whitened = colors.copy()
    whitened[len(colors) // 2] = 1.0
    return whitened


def _draw_bar(sheet: Sheet, shown: "ScalarMappable", units: str, *, extend: str) -> float:
    """Draw the colour bar at the top of the panel; return where the next line starts."""
    from matplotlib.colors import LogNorm

    top = sheet.write(units, top=0.05, fontweight="bold") + 0.06
    axes = sheet.add_panel_axes(top=top + 0.16, height=0.16)
    bar = sheet.figure.colorbar(shown, cax=axes, orientation="horizontal", extend=extend)
    bar.ax.tick_params(labelsize=8, colors=INK)
    if isinstance(shown.norm, LogNorm):
        bar.set_ticks([0.25, 0.5, 1, 2, 4], labels=["1/4", "1/2", "1", "2", "4"], minor=False)
        bar.ax.minorticks_off()
    return top + 0.72


def _facts(surface: DensitySurface) -> list[tuple[str, str]]:
    """What the surface was made from."""
    width = "Gaussian, sigma" if surface.kernel is Kernel.GAUSSIAN else "Quartic, radius"
    return [
        ("Incidents on the map", f"{surface.used:,}"),
        ("Without a location", f"{surface.unlocated:,}"),
        ("Outside the city", f"{surface.outside:,}"),
        (f"Kernel: {width}", f"{surface.bandwidth_m:,.0f} m"),
        ("Cells", f"{surface.grid.cell_size_m:g} m"),
    ]
