"""Maps of a city's cells or areas for briefings: a sheet, coloured places under outlines, a panel that explains.

Drawing needs matplotlib, which is loaded on use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hotspots.points import Floats
from incidents.errors import DataError
from rasterize.grid import Grid
from rasterize.sheet import (
    FAINT_INK,
    INK,
    LAND,
    LINE_IN,
    MAP_HEIGHT_IN,
    PANEL_WIDTH_IN,
    Sheet,
    city_title,
    draw_polygons,
    open_sheet,
    outline_path,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.cm import ScalarMappable

Codes = npt.NDArray[np.int8]

MARGIN_SHARE = 0.02
SWATCH_IN, SWATCH_LINE_IN = 0.2, 0.24
THIN_LINE_PT = 0.4


@dataclass(frozen=True)
class MapWords:
    """What a map says about its subject.

    Args:
        city: Name of the city, as its config writes it.
        what: Which reported incidents, e.g. ``homicide or shooting``.
        period: When, e.g. ``2011 to 2015``.
    """

    city: str
    what: str
    period: str


@dataclass(frozen=True)
class Swatch:
    """One class of a map: its code, colour and name, and a letter where classes outnumber clear colours."""

    code: int
    color: str
    name: str
    letter: str = ""


def open_city_map(polygons: "gpd.GeoDataFrame", *, title: str, words: MapWords) -> Sheet:
    """Open a sheet for a map of the polygons; ``title`` says what is shown of the incidents."""
    west, south, east, north = polygons.total_bounds.tolist()
    pad = MARGIN_SHARE * max(east - west, north - south)
    return open_sheet(
        (west - pad, south - pad, east + pad, north + pad),
        title=f"{city_title(words.city)}: {title}",
        subtitle=f"Reported incidents, {words.what}; {words.period}",
    )


def draw_surface(
    sheet: Sheet, polygons: "gpd.GeoDataFrame", grid: Grid, values: Floats, *, paper: str = LAND, **style: Any
) -> "ScalarMappable":
    """Colour the cells by value, cut off at the outer border of the polygons, under their outlines.

    Args:
        sheet: Where to draw.
        polygons: Outlines, in metres.
        grid: The cells.
        values: ``(rows, cols)``, nothing is drawn where NaN; or colours ``(rows, cols, 4)``.
        paper: Colour where nothing is drawn.
        style: ``cmap`` and ``norm`` of ``imshow``.
    """
    from matplotlib.patches import PathPatch

    west, south, east, north = grid.bounds
    draw_polygons(sheet.map, polygons, facecolor=paper, edgecolor="none", zorder=0)
    surface = sheet.map.imshow(
        values, extent=(west, east, south, north), interpolation="nearest", zorder=1, **style
    )
    surface.set_clip_path(PathPatch(outline_path(polygons), transform=sheet.map.transData))
    draw_polygons(
        sheet.map, polygons, facecolor="none", edgecolor=INK, linewidth=THIN_LINE_PT, alpha=0.75, zorder=3
    )
    return surface


def draw_classes(
    sheet: Sheet, polygons: "gpd.GeoDataFrame", grid: Grid | None, codes: Codes, swatches: Sequence[Swatch]
) -> None:
    """Colour cells or areas by class.

    Args:
        sheet: Where to draw.
        polygons: Outlines, in metres; the areas themselves where there is no grid.
        grid: The cells, or None for areas.
        codes: Class of each cell ``(rows, cols)`` or area ``(areas,)``.
        swatches: Colours of the classes; places of other codes, not tested, stay white.

    Raises:
        DataError: Not one class for each place.
    """
    places = grid.shape if grid else (len(polygons),)
    if codes.shape != places:
        raise DataError(
            f"Expected a class for each place of {places}. Received: {codes.shape}. "
            "Draw with the grid or the areas that were tested."
        )
    if grid:
        _draw_class_cells(sheet, polygons, grid, codes, swatches)
    else:
        _draw_class_areas(sheet, polygons, codes, swatches)


def write_legend(sheet: Sheet, swatches: Sequence[Swatch], codes: Codes, *, unit: str, top: float) -> float:
    """Write one line for each class with its number of places; return where the next line starts, inches."""
    sheet.panel.text(PANEL_WIDTH_IN - 0.1, top, unit, ha="right", va="top", fontsize=8, color=FAINT_INK)
    counts = [int(np.count_nonzero(codes == swatch.code)) for swatch in swatches]
    return write_swatches(sheet, swatches, top=top + LINE_IN, counts=counts)


def write_swatches(
    sheet: Sheet, swatches: Sequence[Swatch], *, top: float, counts: Sequence[int] | None = None
) -> float:
    """Write one line for each class, faint where its count is 0; return where the next line starts, inches."""
    for index, swatch in enumerate(swatches):
        y = top + (index + 0.5) * SWATCH_LINE_IN
        count = counts[index] if counts else None
        style: dict[str, Any] = {"va": "center", "fontsize": 9, "color": FAINT_INK if count == 0 else INK}
        _draw_swatch(sheet, swatch, y)
        sheet.panel.text(SWATCH_IN + 0.12, y, swatch.name, **style)
        if count is not None:
            sheet.panel.text(PANEL_WIDTH_IN - 0.1, y, f"{count:,}", ha="right", **style)
    return top + len(swatches) * SWATCH_LINE_IN


def write_facts(sheet: Sheet, facts: Sequence[tuple[str, str]], *, top: float) -> float:
    """Write names and values in two columns; return where the next line starts, inches."""
    for name, value in facts:
        sheet.panel.text(PANEL_WIDTH_IN - 0.1, top, value, ha="right", va="top", fontsize=8.5, color=INK)
        top = sheet.write(name, top=top, color=FAINT_INK) + 0.03
    return top


def write_note(sheet: Sheet, note: str, *, lines: int) -> None:
    """Write small print at the foot of the panel, ``lines`` lines high."""
    sheet.write(note, top=MAP_HEIGHT_IN - lines * LINE_IN * 0.95, color=FAINT_INK, fontsize=8)


def _draw_class_cells(
    sheet: Sheet, polygons: "gpd.GeoDataFrame", grid: Grid, codes: Codes, swatches: Sequence[Swatch]
) -> None:
    """Colour cells; those of other codes stay transparent."""
    from matplotlib.colors import to_rgba

    shown = np.zeros((*codes.shape, 4))
    for swatch in swatches:
        shown[codes == swatch.code] = to_rgba(swatch.color)
    draw_surface(sheet, polygons, grid, shown, paper="white")


def _draw_class_areas(
    sheet: Sheet, polygons: "gpd.GeoDataFrame", codes: Codes, swatches: Sequence[Swatch]
) -> None:
    """Colour areas, and write the letter of their class where it has one."""
    outline: dict[str, Any] = {"edgecolor": INK, "linewidth": THIN_LINE_PT}
    draw_polygons(sheet.map, polygons, facecolor="white", zorder=1, **outline)
    for swatch in swatches:
        of_class = polygons[codes == swatch.code]
        draw_polygons(sheet.map, of_class, facecolor=swatch.color, zorder=2, **outline)
        if swatch.letter:
            for point in of_class.geometry.representative_point():
                sheet.map.text(point.x, point.y, swatch.letter, **_letter_style(swatch))


def _draw_swatch(sheet: Sheet, swatch: Swatch, y: float) -> None:
    """Draw the colour and letter of a class beside its name."""
    from matplotlib.patches import Rectangle

    corner = (0.0, y - SWATCH_IN / 2 + 0.01)
    sheet.panel.add_patch(
        Rectangle(corner, SWATCH_IN, SWATCH_IN - 0.02, facecolor=swatch.color, edgecolor=INK, linewidth=0.5)
    )
    if swatch.letter:
        sheet.panel.text(SWATCH_IN / 2, y, swatch.letter, **_letter_style(swatch))


def _letter_style(swatch: Swatch) -> dict[str, Any]:
    """Black or white letters, whichever shows on the colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(swatch.color)
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
    return {
        "ha": "center",
        "va": "center_baseline",
        "fontsize": 6.5,
        "color": "white" if dark else INK,
        "zorder": 4,
    }
