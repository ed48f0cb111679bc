"""The map of one window for people: what was reported where in those two hours.

Neighborhoods in black outline, those with an incident in red, incidents by colour and shape of their channel.
Places are metres of the city's projected CRS.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from incidents.schema import Category
from rasterize.palette import ACTIVE_OUTLINE, CHANNEL_COLORS, CHANNEL_MARKERS
from rasterize.sheet import (
    FAINT_INK,
    INK,
    LINE_IN,
    MAP_HEIGHT_IN,
    PANEL_WIDTH_IN,
    Bounds,
    Sheet,
    city_title,
    draw_polygons,
    open_sheet,
    outline_style,
)
from rasterize.windows import HOUR_S, Windows, zone

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

Channels = Mapping[str, tuple[Category, ...]]

ACTIVE_TINT = "#FDEBE8"
LEGEND_LINE_IN = 0.235
MARGIN_SHARE, SPREAD_SHARE = 0.02, 0.018
MOST_NAMES = 18
"""Neighborhoods named in the panel; the map shows the rest."""


def draw_window_map(
    polygons: "gpd.GeoDataFrame",
    incidents: pl.DataFrame,
    *,
    window: Windows,
    channels: Channels,
    city: str,
    places: str = "block level",
) -> "Figure":
    """Draw the incidents of a window over the neighborhoods.

    It shows single incidents: for a map that leaves the house, coarsen their places first
    (``exports.disclosure``) and say so in ``places``.

    Args:
        polygons: Columns ``area`` (id) and ``geometry``, in metres.
        incidents: Rows of the incident schema, ``x`` and ``y`` in the CRS of the polygons; those of other
            windows and categories are left out.
        window: The one window.
        channels: Channel name to its categories, in the order of the legend.
        city: Name of the city.
        places: How exact the places are, for the note.

    Returns:
        A matplotlib figure; ``exports.figures.save_figure`` writes it.
    """
    shown = _incidents_of(incidents, window, channels)
    sheet = open_sheet(
        _bounds_of(polygons, shown),
        title=f"{city_title(city)}: reported incidents",
        subtitle=describe_window(window),
    )
    active = polygons["area"].isin(shown["area"].drop_nulls().to_list())
    draw_polygons(sheet.map, polygons, **outline_style())
    draw_polygons(
        sheet.map, polygons[active], facecolor=ACTIVE_TINT, edgecolor=ACTIVE_OUTLINE, linewidth=1.8, zorder=2
    )
    _draw_incidents(sheet, shown, tuple(channels))
    _write_panel(sheet, shown, tuple(channels), places)
    return sheet.figure


def describe_window(window: Windows) -> str:
    """Say in words of the wall clock when a window is.

    Example:
        >>> from rasterize.windows import window_at
        >>> describe_window(window_at("2015-03-08T02:00", time_zone="America/New_York"))
        'Sunday 8 March 2015, 02:00 to 04:00 EDT (the clock changes: 1 h)'
    """
    start = datetime.fromtimestamp(int(window.wall_start[0]), UTC)
    stop = datetime.fromtimestamp(int(window.wall_start[0]) + window.hours * HOUR_S, UTC)
    named = datetime.fromtimestamp(int(window.bounds[-1]), zone(window.time_zone)).tzname()
    lasted = float(window.exposure_hours[0])
    change = "" if lasted == window.hours else f" (the clock changes: {lasted:g} h)"
    return f"{start:%A} {start.day} {start:%B %Y, %H:%M} to {stop:%H:%M} {named}{change}"


def _incidents_of(incidents: pl.DataFrame, window: Windows, channels: Channels) -> pl.DataFrame:
    """Rows of the window's channels, with the index of their ``channel``."""
    channel_of = {c.value: index for index, group in enumerate(channels.values()) for c in group}
    start, stop = (datetime.fromtimestamp(int(bound), UTC) for bound in window.bounds)
    return incidents.filter(
        pl.col("occurred_at").is_between(start, stop, closed="left"),
        pl.col("category").cast(pl.String).is_in(list(channel_of)),
    ).with_columns(
        channel=pl.col("category").cast(pl.String).replace_strict(channel_of, return_dtype=pl.Int64)
    )


def _bounds_of(polygons: "gpd.GeoDataFrame", shown: pl.DataFrame) -> Bounds:
    """Bounds of the neighborhoods and of incidents outside them, with a margin for lines and marks at the edge."""
    west, south, east, north = polygons.total_bounds.tolist()
    xs, ys = [west, east, *shown["x"].drop_nulls()], [south, north, *shown["y"].drop_nulls()]
    pad = MARGIN_SHARE * max(east - west, north - south)
    return min(xs) - pad, min(ys) - pad, max(xs) + pad, max(ys) + pad


def _marks_of(shown: pl.DataFrame, width_m: float) -> pl.DataFrame:
    """One mark for each place and channel: how many incidents, and how far aside of others at the same place."""
    shift = (pl.col("channel").rank("ordinal") - (pl.len() + 1) / 2).over("x", "y")
    return (
        shown.drop_nulls(["x", "y"])
        .group_by("x", "y", "channel")
        .len("count")
        .sort("x", "y", "channel")
        .with_columns(aside=shift * SPREAD_SHARE * width_m)
    )


def _draw_incidents(sheet: Sheet, shown: pl.DataFrame, channels: tuple[str, ...]) -> None:
    """Draw the marks, and a number beside those that stand for several incidents."""
    west, east = sheet.map.get_xlim()
    marks = _marks_of(shown, east - west)
    for index in range(len(channels)):
        of_channel = marks.filter(channel=index)
        # The first channels are the gravest ones: they are drawn over the others.
        order = 5 - index / len(channels)
        x, y = (of_channel["x"] + of_channel["aside"]).to_numpy(), of_channel["y"].to_numpy()
        sheet.map.scatter(x, y, **mark_style(index), zorder=order)
    _number_marks(sheet, marks.filter(pl.col("count") > 1))


def _number_marks(sheet: Sheet, marks: pl.DataFrame) -> None:
    """Write numbers above marks, below those that stand right of another at the same place."""
    from matplotlib.patheffects import withStroke

    style: dict[str, Any] = {"ha": "center", "fontsize": 8, "zorder": 6}
    style["path_effects"] = [withStroke(linewidth=2.2, foreground="white")]
    for x, y, aside, count in marks.select("x", "y", "aside", "count").iter_rows():
        lift_pt = 6 if aside <= 0 else -13
        sheet.map.annotate(f"×{count}", (x + aside, y), (0, lift_pt), textcoords="offset points", **style)


def mark_style(channel: int) -> dict[str, Any]:
    """Colour, shape and size of a channel's mark, for ``scatter``."""
    size = 150 if CHANNEL_MARKERS[channel] == "*" else 62
    return {
        "color": CHANNEL_COLORS[channel],
        "marker": CHANNEL_MARKERS[channel],
        "s": size,
        "edgecolors": INK,
        "linewidths": 0.7,
    }


def _write_panel(sheet: Sheet, shown: pl.DataFrame, channels: tuple[str, ...], places: str) -> None:
    """Write the legend, the names of the active neighborhoods and what the map does not show."""
    top = _write_legend(sheet, shown, channels)
    names = sorted(shown["area"].drop_nulls().unique().to_list())
    sheet.panel.plot([0.0, 0.2], [top, top], color=ACTIVE_OUTLINE, lw=1.8)
    _label(sheet, top, "neighborhoods with an incident", len(names))
    more = len(names) - MOST_NAMES
    listed = "; ".join(names[:MOST_NAMES]) + (f"; and {more} more" if more > 0 else "")
    sheet.write(listed, top=top + LINE_IN, color=ACTIVE_OUTLINE, fontsize=8)
    lost = shown.filter(pl.col("x").is_null() | pl.col("y").is_null()).height
    note = (f"Reported incidents, {places};", f"{_count(shown.height)}, {lost} without a location")
    for line, text in enumerate(note):
        sheet.write(text, top=MAP_HEIGHT_IN - (len(note) - line) * LINE_IN, color=FAINT_INK, fontsize=8)


def _write_legend(sheet: Sheet, shown: pl.DataFrame, channels: tuple[str, ...]) -> float:
    """Write one line for each channel with its number of incidents; return where the next line goes."""
    counts = dict(shown.group_by("channel").len().iter_rows())
    top = sheet.write("Incidents", top=0.05, fontweight="bold") + 0.1
    for index, channel in enumerate(channels):
        sheet.panel.scatter([0.1], [top], **mark_style(index))
        _label(sheet, top, channel.replace("_", " "), counts.get(index, 0))
        top += LEGEND_LINE_IN
    return top + 0.08


def _label(sheet: Sheet, y: float, text: str, count: int) -> None:
    """Write a line of the legend: what a mark means, and how many there are."""
    style: dict[str, Any] = {"va": "center", "fontsize": 9, "color": INK if count else FAINT_INK}
    sheet.panel.text(0.28, y, text, **style)
    sheet.panel.text(PANEL_WIDTH_IN - 0.1, y, str(count), ha="right", **style)


def _count(incidents: int) -> str:
    return f"{incidents:,} incident" + ("" if incidents == 1 else "s")
