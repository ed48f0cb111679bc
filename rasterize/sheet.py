"""The sheet that a map for people is drawn on: title, map in metres, scale bar, north arrow, side panel.

Lengths on paper are inches, on the map metres. Drawing needs matplotlib, which is loaded on use, and never
``pyplot``, so that no figure outlives its variable.
"""

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rasterize.palette import OUTLINE

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Bounds = tuple[float, float, float, float]

LAND = "#F4F4F1"
INK, FAINT_INK = "#1A1A1A", "#6B6B6B"
MAP_HEIGHT_IN, PANEL_WIDTH_IN = 6.6, 2.75
MARGIN_IN, HEADER_IN, FOOTER_IN, GUTTER_IN = 0.3, 0.75, 0.45, 0.3
NARROWEST_IN, WIDEST_IN = 3.5, 10.0
LINE_IN = 0.185
PANEL_CHARACTERS = 42


@dataclass(frozen=True)
class Sheet:
    """A figure with room for a map and for a side panel.

    Args:
        figure: The whole sheet.
        map: Axes in metres, north up.
        panel: Axes in inches, y downwards from the top of the map.
    """

    figure: "Figure"
    map: "Axes"
    panel: "Axes"

    def write(self, text: str, *, top: float, x: float = 0.0, **style: Any) -> float:
        """Write wrapped text into the panel and return where the next line starts, inches from the top."""
        lines = textwrap.wrap(text, PANEL_CHARACTERS, break_on_hyphens=False)
        usual: dict[str, Any] = {"va": "top", "color": INK, "fontsize": 8.5, "linespacing": 1.35}
        self.panel.text(x, top, "\n".join(lines), **(usual | style))
        return top + LINE_IN * len(lines)

    def add_panel_axes(self, *, top: float, height: float) -> "Axes":
        """Add axes of the panel's width, with a frame, ``top`` inches from its top and ``height`` inches high."""
        width, total = self.figure.get_size_inches()
        left = (width - MARGIN_IN - PANEL_WIDTH_IN) / width
        bottom = (FOOTER_IN + MAP_HEIGHT_IN - top - height) / total
        return self.figure.add_axes((left, bottom, PANEL_WIDTH_IN / width, height / total))


def open_sheet(bounds: Bounds, *, title: str, subtitle: str) -> Sheet:
    """Lay out a sheet for a map.

    Args:
        bounds: ``(west, south, east, north)`` of the map, metres.
        title: First line.
        subtitle: Second line.

    Returns:
        The sheet, with scale bar and north arrow drawn.
    """
    from matplotlib.figure import Figure

    west, south, east, north = bounds
    map_width = min(max(MAP_HEIGHT_IN * (east - west) / (north - south), NARROWEST_IN), WIDEST_IN)
    width = 2 * MARGIN_IN + map_width + GUTTER_IN + PANEL_WIDTH_IN
    figure = Figure(figsize=(width, HEADER_IN + MAP_HEIGHT_IN + FOOTER_IN), facecolor="white")
    axes = _place_axes(figure, MARGIN_IN, map_width)
    axes.set(xlim=(west, east), ylim=(south, north), aspect="equal", anchor="NW")
    panel = _place_axes(figure, width - MARGIN_IN - PANEL_WIDTH_IN, PANEL_WIDTH_IN)
    panel.set(xlim=(0, PANEL_WIDTH_IN), ylim=(MAP_HEIGHT_IN, 0))
    _write_heading(figure, title, subtitle)
    _draw_scale_bar(
        axes, bounds, metres_per_inch=max((north - south) / MAP_HEIGHT_IN, (east - west) / map_width)
    )
    _draw_north_arrow(axes)
    return Sheet(figure, axes, panel)


def draw_polygons(axes: "Axes", polygons: "gpd.GeoDataFrame", **style: Any) -> None:
    """Draw polygons in metres; ``style`` goes to matplotlib's ``PathPatch``.

    Args:
        axes: Where to draw.
        polygons: Any number of polygons, holes respected.
        style: ``facecolor``, ``edgecolor``, ``linewidth``, ``zorder``.
    """
    from matplotlib.patches import PathPatch

    if len(polygons):
        axes.add_artist(PathPatch(outline_path(polygons), **({"joinstyle": "round"} | style)))


def outline_path(polygons: "gpd.GeoDataFrame") -> Any:
    """All rings of some polygons as one matplotlib path; holes stay holes, since rings wind the other way."""
    import shapely
    from matplotlib.path import Path

    parts = shapely.orient_polygons(shapely.get_parts(polygons.geometry.to_numpy()))
    rings = shapely.get_rings(parts)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    codes = np.full(len(points), Path.LINETO, dtype=Path.code_type)
    codes[np.searchsorted(ring, np.arange(len(rings)))] = Path.MOVETO
    codes[np.searchsorted(ring, np.arange(len(rings)), side="right") - 1] = Path.CLOSEPOLY
    return Path(points, codes)


def city_title(city: str) -> str:
    """Name of a city as its config writes it, for a heading.

    Example:
        >>> city_title("san_diego")
        'San Diego'
    """
    return city.replace("_", " ").title()


def round_length_m(longest_m: float) -> float:
    """Largest of 1, 2 and 5 times a power of ten that is not longer, metres.

    Example:
        >>> round_length_m(3400.0)
        2000.0
    """
    power = 10.0 ** math.floor(math.log10(longest_m))
    return max(step * power for step in (1, 2, 5) if step * power <= longest_m)


def _place_axes(figure: "Figure", left: float, width: float) -> "Axes":
    """Add axes without a frame between header and footer, inches."""
    sheet_width, sheet_height = figure.get_size_inches()
    box = (left / sheet_width, FOOTER_IN / sheet_height, width / sheet_width, MAP_HEIGHT_IN / sheet_height)
    axes = figure.add_axes(box)
    axes.set_axis_off()
    return axes


def _write_heading(figure: "Figure", title: str, subtitle: str) -> None:
    """Write both lines of the header."""
    width, height = figure.get_size_inches()
    style: dict[str, Any] = {"color": INK, "va": "center"}
    figure.text(MARGIN_IN / width, 1 - 0.26 / height, title, fontsize=15, fontweight="bold", **style)
    figure.text(MARGIN_IN / width, 1 - 0.54 / height, subtitle, fontsize=10.5, **style)


def _draw_scale_bar(axes: "Axes", bounds: Bounds, *, metres_per_inch: float) -> None:
    """Draw a bar of a round length below the map, in two halves."""
    west, south, east, north = bounds
    length = round_length_m((east - west) / 3)
    y = south - 0.16 * metres_per_inch
    style: dict[str, Any] = {"height": 0.06 * metres_per_inch, "edgecolor": INK, "lw": 0.8, "clip_on": False}
    axes.barh([y, y], length / 2, left=[west, west + length / 2], color=[INK, "white"], **style)
    label = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"
    axes.text(west + length + 0.08 * metres_per_inch, y, label, va="center", fontsize=8.5, color=INK)
    axes.set(xlim=(west, east), ylim=(south, north))


def _draw_north_arrow(axes: "Axes") -> None:
    """Draw an arrow and an N below the right corner of the map; rows run along the grid's north."""
    corner: dict[str, Any] = {
        "xy": (1.0, 0.0),
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "annotation_clip": False,
    }
    arrow = {"arrowstyle": "-|>,head_width=0.28,head_length=0.5", "color": INK, "lw": 1.2}
    axes.annotate("", xytext=(0, -26), arrowprops=arrow, **corner)
    axes.annotate(
        "N", xytext=(-7, -14), ha="right", va="center", fontsize=10, fontweight="bold", color=INK, **corner
    )


def outline_style(width_pt: float = 0.5) -> dict[str, Any]:
    """Black outlines over pale land, for :func:`draw_polygons`."""
    return {"facecolor": LAND, "edgecolor": OUTLINE, "linewidth": width_pt, "zorder": 1}
