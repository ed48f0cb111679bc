"""The map of a forecast: where reported incidents are expected, how likely, and until when that holds.

Expected numbers are ``(rows, cols)`` on a grid in metres, row 0 in the north.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from exports.caption import RiskCaption
from incidents.errors import DataError
from rasterize.grid import Grid
from rasterize.sheet import (
    FAINT_INK,
    INK,
    MAP_HEIGHT_IN,
    Sheet,
    city_title,
    draw_polygons,
    open_sheet,
    outline_path,
)

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

# Light to dark in one direction, and so readable in grey and with any colour vision (ColorBrewer); the darkest
# part is left out, where black outlines would be lost.
COLORS, LIGHTEST, DARKEST = "YlOrBr", 0.02, 0.82
TOP_SHARE = 99.5
MARGIN_SHARE = 0.02
COLUMN_IN = 0.95
NOTE = (
    "Expected numbers of reported incidents, from what was on record at the data cut-off. They say nothing about "
    "single persons, nor about incidents that nobody reports. Not to be used after it expires."
)


def draw_risk_map(
    polygons: "gpd.GeoDataFrame", grid: Grid, expected: Floats, *, caption: RiskCaption
) -> "Figure":
    """Draw the expected reported incidents of a window.

    Args:
        polygons: Neighborhoods: column ``geometry``, in metres; cells are cut off at their outer border.
        grid: The cells.
        expected: Expected incidents by cell in the window, ``(rows, cols)``; NaN where nothing is said.
        caption: Words and numbers beside the map.

    Returns:
        A matplotlib figure; ``exports.figures.save_figure`` writes it.

    Raises:
        DataError: Another shape than the grid's, or negative numbers.
    """
    _check(expected, grid)
    west, south, east, north = polygons.total_bounds.tolist()
    pad = MARGIN_SHARE * max(east - west, north - south)
    sheet = open_sheet(
        (west - pad, south - pad, east + pad, north + pad),
        title=f"{city_title(caption.city)}: expected reported incidents, {caption.target}",
        subtitle=f"Valid {caption.valid}; issued {caption.local(caption.issued_at)}",
    )
    windows = windows_for_one(expected)
    surface = _draw_cells(sheet, polygons, grid, expected * windows)
    draw_polygons(sheet.map, polygons, facecolor="none", edgecolor=INK, linewidth=0.4, zorder=3)
    _write_panel(sheet, surface, caption, _units(grid, windows))
    return sheet.figure


def windows_for_one(expected: Floats) -> int:
    """Number of such windows, a power of ten, in which the riskiest cell expects at least one incident.

    Example:
        >>> windows_for_one(np.array([[0.0, 0.0004]]))
        10000
    """
    highest = float(np.nanmax(expected, initial=0.0))
    return 10 ** max(0, math.ceil(-math.log10(highest))) if highest > 0 else 1


def _check(expected: Floats, grid: Grid) -> None:
    """Refuse a surface that is not one of the grid."""
    if expected.shape != grid.shape:
        raise DataError(
            f"Expected numbers on the grid of {grid.shape}. Received: {expected.shape}. "
            "Use the grid that the model was trained on."
        )
    if (expected < 0).any():
        raise DataError(
            f"Expected numbers of incidents, not negative. Received: {np.nanmin(expected)}. Predict again."
        )


def _draw_cells(sheet: Sheet, polygons: "gpd.GeoDataFrame", grid: Grid, values: Floats) -> "ScalarMappable":
    """Draw the cells within the neighborhoods; the few highest share one colour."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import PathPatch

    west, south, east, north = grid.bounds
    known = values[np.isfinite(values)]
    top = float(np.percentile(known, TOP_SHARE)) if len(known) else 0.0
    colors = ListedColormap(colormaps[COLORS](np.linspace(LIGHTEST, DARKEST, 256)))
    extent = (west, east, south, north)
    surface = sheet.map.imshow(
        values, cmap=colors, vmin=0.0, vmax=top or 1.0, extent=extent, interpolation="nearest"
    )
    surface.set_clip_path(PathPatch(outline_path(polygons), transform=sheet.map.transData))
    return surface


def _units(grid: Grid, windows: int) -> str:
    """Say in words what a number of the surface counts."""
    side = f"{grid.cell_size_m:g} m"
    span = "this window" if windows == 1 else f"{windows:,} such windows"
    return f"Expected reported incidents in a cell of {side} × {side} and {span}"


def _write_panel(sheet: Sheet, surface: "ScalarMappable", caption: RiskCaption, units: str) -> None:
    """Write probability, verdict, times, colour bar and note."""
    top = _write_probability(sheet, caption)
    top = sheet.write(caption.verdict[0].upper() + caption.verdict[1:], top=top, fontweight="bold") + 0.15
    top = _write_times(sheet, caption, top=top + 0.07) + 0.2
    top = sheet.write(units, top=top) + 0.08
    bar_axes = sheet.add_panel_axes(top=top, height=0.16)
    bar = sheet.figure.colorbar(surface, cax=bar_axes, orientation="horizontal", extend="max")
    bar.ax.tick_params(labelsize=8, colors=INK)
    sheet.write(NOTE, top=MAP_HEIGHT_IN - 1.1, color=FAINT_INK, fontsize=8)


def _write_probability(sheet: Sheet, caption: RiskCaption) -> float:
    """Write the probability in large figures beside its interval and base rate; return the next line's place."""
    top = sheet.write(f"Probability of at least one reported {caption.target} in the city", top=0.05)
    style: dict[str, Any] = {"va": "center", "color": INK}
    sheet.panel.text(0.0, top + 0.3, f"{caption.probability:.0%}", fontsize=24, fontweight="bold", **style)
    beside = (
        f"interval {caption.probability_lo:.0%} to {caption.probability_hi:.0%}",
        f"base rate {caption.base_rate:.0%}, so {caption.ratio:.1f} × usual",
    )
    for line, text in enumerate(beside):
        sheet.panel.text(COLUMN_IN, top + 0.2 * (line + 1), text, fontsize=8.5, **style)
    return top + 0.68


def _write_times(sheet: Sheet, caption: RiskCaption, *, top: float) -> float:
    """Write when the forecast was made, on what, and until when it holds; return the next line's place."""
    times = {"Issued": caption.issued_at, "Data until": caption.data_until, "Expires": caption.expires_at}
    for name, instant in times.items():
        sheet.write(caption.local(instant), top=top, x=COLUMN_IN, va="center_baseline")
        top = sheet.write(name, top=top, va="center_baseline")
    return top
