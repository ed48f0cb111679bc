"""The map of patrol areas for a briefing, with what they hold and how far they are from each other."""

from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.city_map import MapWords, draw_surface, open_city_map, write_note
from hotspots.patrol.layer import patrol_layer
from hotspots.patrol.plan import PatrolPlan
from hotspots.patrol.travel import Way, area_centers, travel_minutes
from hotspots.points import Floats
from rasterize.grid import Grid
from rasterize.sheet import FAINT_INK, INK, PANEL_WIDTH_IN, Sheet, draw_polygons

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

COLORS, TOP_SHARE = "YlOrBr", 99.5
EDGE = "#0B4F8A"
MOST_IN_TABLE, MOST_LISTED = 6, 10
LINE_IN = 0.2
WAYS = {Way.STRAIGHT: "as the crow flies", Way.MANHATTAN: "along a street grid"}
NOTE = (
    "Areas of a map, chosen to hold as much expected harm as possible; they say nothing of any person or address, nor of "
    "what a patrol would change. {gap}Not to be used after the forecast expires."
)


def draw_patrol_map(
    polygons: "gpd.GeoDataFrame",
    plan: PatrolPlan,
    harm: Floats,
    grid: Grid,
    *,
    words: MapWords,
    speed_kmh: float = 30.0,
) -> "Figure":
    """Draw the areas over the expected harm.

    Args:
        polygons: Neighborhoods, in metres.
        plan: The areas.
        harm: The surface that they were chosen from, ``(rows, cols)``.
        grid: Its grid.
        words: What is expected and when.
        speed_kmh: Speed between the areas, along a street grid.

    Returns:
        A matplotlib figure; ``exports.figures.save_figure`` writes it.
    """
    sheet = open_city_map(polygons, title="patrol areas", words=words)
    _draw_harm(sheet, polygons, harm, grid)
    areas = patrol_layer(plan, grid)
    draw_polygons(sheet.map, areas, facecolor="none", edgecolor="white", linewidth=3.4, zorder=4)
    draw_polygons(sheet.map, areas, facecolor="none", edgecolor=EDGE, linewidth=2.0, zorder=5)
    x, y = area_centers(plan, harm, grid)
    _number(sheet, x, y)
    top = _write_areas(sheet, plan, areas)
    _write_travel(sheet, x, y, speed_kmh, top=top + 0.2)
    write_note(sheet, NOTE.format(gap=_say_gap(plan)), lines=7)
    return sheet.figure


def _say_gap(plan: PatrolPlan) -> str:
    """Say how much better another plan could be at most."""
    gain = plan.bound / plan.total - 1 if plan.total else 0.0
    by = f" by more than {gain:.1%}" if gain >= 0.0005 else ""
    return f"No plan within these limits is better{by}. "


def _draw_harm(sheet: Sheet, polygons: "gpd.GeoDataFrame", harm: Floats, grid: Grid) -> None:
    """Colour the cells by expected harm; the few highest share one colour."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, Normalize

    known = harm[np.isfinite(harm)]
    top = float(np.percentile(known, TOP_SHARE)) if known.size else 1.0
    colors = ListedColormap(colormaps[COLORS](np.linspace(0.02, 0.7, 256)))
    draw_surface(sheet, polygons, grid, harm, cmap=colors, norm=Normalize(0.0, top or 1.0))


def _number(sheet: Sheet, x: Floats, y: Floats) -> None:
    """Write the numbers of the areas at their centres."""
    from matplotlib.patheffects import withStroke

    style: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "fontweight": "bold", "zorder": 6}
    style["path_effects"] = [withStroke(linewidth=2.6, foreground="white")]
    for index, (east, north) in enumerate(zip(x, y, strict=True)):
        sheet.map.text(east, north, str(index + 1), color=EDGE, **style)


def _write_areas(sheet: Sheet, plan: PatrolPlan, areas: "gpd.GeoDataFrame") -> float:
    """Write size and share of each area; return where the next line goes."""
    size = float(areas["area_km2"].sum())
    text = f"{len(areas)} areas of {size:.2f} km² with {plan.share:.1%} of the expected harm of the city"
    top = sheet.write(text, top=0.05, fontweight="bold") + 0.12
    for area, share, km2 in areas[["area", "share", "area_km2"]].head(MOST_LISTED).itertuples(index=False):
        sheet.panel.text(
            PANEL_WIDTH_IN - 0.1, top, f"{share:.1%}", ha="right", va="top", fontsize=8.5, color=INK
        )
        sheet.panel.text(0.3, top, f"{km2:.2f} km²", va="top", fontsize=8.5, color=INK)
        sheet.panel.text(0.0, top, str(area), va="top", fontsize=8.5, fontweight="bold", color=EDGE)
        top += LINE_IN
    return top


def _write_travel(sheet: Sheet, x: Floats, y: Floats, speed_kmh: float, *, top: float) -> None:
    """Write a table of the minutes between the areas, where there are few."""
    count = min(len(x), MOST_IN_TABLE)
    if count < 2:
        return
    minutes = travel_minutes(x[:count], y[:count], speed_kmh=speed_kmh)
    top = (
        sheet.write(
            f"Minutes between them at {speed_kmh:g} km/h {WAYS[Way.MANHATTAN]}", top=top, color=FAINT_INK
        )
        + 0.05
    )
    style: dict[str, Any] = {"ha": "right", "va": "top", "fontsize": 8.5}
    for index in range(count):
        across, down = 0.55 + 0.38 * index, top + LINE_IN * (index + 1)
        sheet.panel.text(across, top, str(index + 1), color=EDGE, fontweight="bold", **style)
        sheet.panel.text(0.15, down, str(index + 1), color=EDGE, fontweight="bold", **style)
        for other in range(count):
            text = "–" if index == other else f"{minutes[index, other]:.0f}"
            sheet.panel.text(0.55 + 0.38 * other, down, text, color=INK, **style)
