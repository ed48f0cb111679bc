"""Incidents and places of interest for a briefing: where they are, and how many more incidents there are near places."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hotspots.city_map import MapWords, open_city_map, write_note
from hotspots.places.cross_k import CrossK
from hotspots.places.distance_bands import BandRates
from hotspots.sites import Sites
from rasterize.sheet import FAINT_INK, INK, Sheet, draw_polygons, outline_style

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCIDENT_COLOR, PLACE_COLOR, RANGE_COLOR = "#9AA3AB", "#B3430B", "#DCDCD6"
SMALLEST_PT, LARGEST_PT = 1.2, 22.0
NOTE = (
    "{kind}: {places:,} places. Grey: what {simulations:,} relocations of the places give, all distances at once "
    "(95%). Below: rates within the same neighborhoods or tiles, intervals from drawing these anew. More near a place is "
    "no proof that the place brings it: both follow main streets."
)


def draw_places_map(
    polygons: "gpd.GeoDataFrame",
    incidents: Sites,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    found: tuple[CrossK, BandRates],
    words: MapWords,
    kind: str,
) -> "Figure":
    """Draw places over incidents, and both results beside them.

    Args:
        polygons: Neighborhoods, in metres.
        incidents: Sites with their weights.
        x: Eastings of the places, metres.
        y: Northings.
        found: What cross-K and distance bands say.
        words: What the incidents are.
        kind: What the places are, e.g. ``late licenses``.

    Returns:
        A matplotlib figure; ``exports.figures.save_figure`` writes it.
    """
    around, rates = found
    sheet = open_city_map(polygons, title=f"incidents around {kind}", words=words)
    draw_polygons(sheet.map, polygons, **outline_style(0.4))
    share = incidents.weight / max(float(incidents.weight.max(initial=1.0)), 1.0)
    size = SMALLEST_PT + (LARGEST_PT - SMALLEST_PT) * share
    sheet.map.scatter(incidents.x, incidents.y, s=size, color=INCIDENT_COLOR, linewidths=0, zorder=2)
    style: dict[str, Any] = {"color": PLACE_COLOR, "edgecolors": "white", "linewidths": 0.4, "zorder": 3}
    sheet.map.scatter(x, y, s=18, **style)
    _write_panel(sheet, around, rates, kind)
    return sheet.figure


def draw_cross_k(axes: "Axes", around: CrossK) -> None:
    """Draw the ratio to the relocated places over the distance, above the range of chance."""
    radii = around.radii_m
    axes.fill_between(radii, around.envelope.lo, around.envelope.hi, color=RANGE_COLOR, linewidth=0)
    axes.axhline(1.0, color=FAINT_INK, linewidth=0.8)
    axes.plot(radii, around.ratio, color=PLACE_COLOR, marker="o", markersize=3, linewidth=1.4)
    axes.set_xlim(0, float(radii[-1]))
    axes.set_xlabel("Distance from a place, m", fontsize=8)
    _tidy(axes)


def draw_band_ratios(axes: "Axes", rates: BandRates) -> None:
    """Draw the rate of each band over that of the last one, with its interval."""
    position = np.arange(len(rates.edges_m))
    low, high = rates.ratio - rates.ratio_lo, rates.ratio_hi - rates.ratio
    axes.axhline(1.0, color=FAINT_INK, linewidth=0.8)
    style: dict[str, Any] = {
        "color": PLACE_COLOR,
        "fmt": "o",
        "markersize": 4,
        "elinewidth": 1.2,
        "capsize": 2.5,
    }
    axes.errorbar(position, rates.ratio, yerr=np.maximum([low, high], 0.0), **style)
    axes.set_xticks(position, [f"to {edge:g}" for edge in rates.edges_m])
    axes.set_xlim(-0.5, len(position) - 0.5)
    axes.set_xlabel("Distance to the nearest place, m", fontsize=8)
    _tidy(axes)


def _write_panel(sheet: Sheet, around: CrossK, rates: BandRates, kind: str) -> None:
    """Write the main figures and draw both charts."""
    where = int(np.argmin(np.abs(around.radii_m - rates.edges_m[0])))
    text = (
        f"Within {around.radii_m[where]:g} m of a place: {around.ratio[where]:.1f} times the incidents expected "
        f"(p = {around.envelope.p:.3f}, all distances)"
    )
    top = sheet.write(text, top=0.05, fontweight="bold") + 0.18
    sheet.write("Times as many as around relocated places", top=top, fontsize=8)
    draw_cross_k(sheet.add_panel_axes(top=top + 0.25, height=1.4), around)
    top += 2.2
    sheet.write(f"Rate over that {_last_band(rates)} away", top=top, fontsize=8)
    draw_band_ratios(sheet.add_panel_axes(top=top + 0.25, height=1.4), rates)
    note = NOTE.format(kind=kind[:1].upper() + kind[1:], places=around.places, simulations=around.simulations)
    write_note(sheet, note, lines=7)


def _last_band(rates: BandRates) -> str:
    return f"{rates.edges_m[-2]:g} to {rates.edges_m[-1]:g} m"


def _tidy(axes: "Axes") -> None:
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=7.5, colors=INK, length=2)
    axes.spines[["top", "right"]].set_visible(False)
