"""Pictures of clusters: the map for a briefing, and the curve from which the reach is read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from hotspots.city_map import MapWords, open_city_map, write_note
from hotspots.clusters.k_distance import KDistanceCurve
from hotspots.clusters.profile import HOURS, Dominance, Outlines
from hotspots.clusters.result import Clusters
from hotspots.clusters.stability import Stability
from rasterize.sheet import FAINT_INK, INK, LINE_IN, PANEL_WIDTH_IN, Sheet, draw_polygons, outline_style

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.figure import Figure

FILL, EDGE = "#FDBF8A", "#B3430B"
MOST_LISTED = 7
SIZE_IN = (7.2, 4.6)
NOTE = (
    "{method}. Hulls show where reports lie close together at block level; they are no borders of anything. A large "
    "cluster need not be more than chance, nor may it mean more risk to each resident. They describe the past."
)


def draw_clusters_map(
    polygons: "gpd.GeoDataFrame",
    clusters: Clusters,
    outlines: Outlines,
    *,
    words: MapWords,
    method: str,
    notes: Sequence[str] = (),
) -> "Figure":
    """Draw the clusters over the neighborhoods, the heaviest with number and words.

    Args:
        polygons: Neighborhoods: ``area`` and ``geometry``, in metres.
        clusters: What to draw.
        outlines: Their hulls.
        words: What the incidents are.
        method: How they were found, e.g. ``DBSCAN: 30 incidents within 150 m``.
        notes: A line for each cluster, as from :func:`describe_clusters`.

    Returns:
        A matplotlib figure; ``exports.figures.save_figure`` writes it.
    """
    import geopandas as gpd

    sheet = open_city_map(polygons, title="clusters of incidents", words=words)
    draw_polygons(sheet.map, polygons, **outline_style(0.4))
    hulls = gpd.GeoDataFrame(geometry=list(outlines.hull), crs=polygons.crs)
    draw_polygons(sheet.map, hulls, facecolor=FILL, edgecolor=EDGE, linewidth=0.9, alpha=0.85, zorder=2)
    listed = min(MOST_LISTED, len(clusters))
    _number(sheet, outlines, listed)
    top = _write_totals(sheet, clusters)
    names = _name_places(polygons, outlines, listed)
    for index in range(listed):
        top = _write_cluster(sheet, clusters, names[index], index, notes, top=top)
    if len(clusters) > listed:
        sheet.write(f"and {len(clusters) - listed:,} smaller ones", top=top, color=FAINT_INK, fontsize=8)
    write_note(sheet, NOTE.format(method=method), lines=7)
    return sheet.figure


def describe_clusters(
    outlines: Outlines,
    *,
    hours: Dominance | None = None,
    width: int = 4,
    stability: Stability | None = None,
) -> tuple[str, ...]:
    r"""Say in a line or two what each cluster is.

    Args:
        outlines: Area and density.
        hours: Dominant hours, if known.
        width: Number of hours of which ``hours`` has the first.
        stability: Overlap under the bootstrap, if known.

    Example:
        >>> one = np.array([0.5])
        >>> ground = Outlines(np.array([None]), one, one * 80, np.array([9]), one, one)
        >>> describe_clusters(ground, hours=Dominance(np.array([22]), one * 0.8, one * 2))
        ('0.50 km² with 40 per km²\n40% at 22:00 to 02:00',)
    """
    lines = []
    for index, area in enumerate(outlines.area_km2):
        parts = []
        if hours is not None and hours.value[index] >= 0:
            first = int(hours.value[index])
            parts.append(f"{hours.share[index]:.0%} at {first:02}:00 to {(first + width) % HOURS:02}:00")
        if stability is not None:
            parts.append(f"found again {stability.recovered[index]:.0%}")
        ground = f"{area:.2f} km² with {outlines.per_km2[index]:,.0f} per km²"
        lines.append("\n".join([ground, *(["; ".join(parts)] if parts else [])]))
    return tuple(lines)


def draw_k_distances(curve: KDistanceCurve, *, what: str) -> "Figure":
    """Draw the curve from which the reach is read, with the suggestion.

    Args:
        curve: As from :func:`hotspots.clusters.k_distance.suggest_reach`.
        what: Which reported incidents.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_IN, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.plot(curve.share * 100, curve.distance_m, color=EDGE, linewidth=1.8)
    at_bend = float(np.interp(curve.reach_m, curve.distance_m, curve.share)) * 100
    axes.axhline(curve.reach_m, color=FAINT_INK, linewidth=0.8, linestyle="--")
    axes.plot([at_bend], [curve.reach_m], "o", color=INK, markersize=5)
    axes.annotate(
        f"bend at {curve.reach_m:,.0f} m: {at_bend:.0f}% of the incidents",
        (at_bend, curve.reach_m), (-8, 8), textcoords="offset points", ha="right", color=INK,
    )  # fmt: skip
    # Beyond the bend the curve soon leaves the scale of a city block.
    axes.set(xlim=(0, 100), ylim=(0, min(4 * curve.reach_m, 1.05 * float(curve.distance_m[-1]))))
    axes.set_xlabel("Share of the incidents, %")
    axes.set_ylabel(f"Distance within which {curve.min_weight:,.0f} incidents lie, m")
    axes.set_title(f"Reported incidents, {what}", loc="left", fontsize=11)
    axes.grid(color="#E4E4E0", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _number(sheet: Sheet, outlines: Outlines, listed: int) -> None:
    """Write the numbers of the listed clusters inside their hulls."""
    from matplotlib.patheffects import withStroke

    style: dict[str, Any] = {
        "ha": "center",
        "va": "center",
        "fontsize": 8.5,
        "fontweight": "bold",
        "zorder": 5,
    }
    style["path_effects"] = [withStroke(linewidth=2.4, foreground="white")]
    for index in range(listed):
        point = outlines.hull[index].representative_point()
        sheet.map.text(point.x, point.y, str(index + 1), color=INK, **style)


def _write_totals(sheet: Sheet, clusters: Clusters) -> float:
    """Write how many incidents lie in clusters; return where the next line goes."""
    total = float(clusters.sites.weight.sum())
    share = float(clusters.weight.sum()) / total if total else 0.0
    plural = "cluster" if len(clusters) == 1 else "clusters"
    text = f"{len(clusters):,} {plural} with {share:.0%} of {total:,.0f} located incidents"
    return sheet.write(text, top=0.05, fontweight="bold") + 0.12


def _write_cluster(
    sheet: Sheet, clusters: Clusters, name: str, index: int, notes: Sequence[str], *, top: float
) -> float:
    """Write number, place, weight and note of a cluster; return where the next one goes."""
    count = f"{clusters.weight[index]:,.0f}"
    sheet.panel.text(PANEL_WIDTH_IN - 0.05, top, count, ha="right", va="top", fontsize=8.5, color=INK)
    top = sheet.write(f"{index + 1}  {name}"[:38], top=top, fontweight="bold", color=EDGE)
    for line in notes[index].splitlines() if index < len(notes) else ():
        top = sheet.write(line, top=top, x=0.16, color=FAINT_INK, fontsize=7.5) - 0.1 * LINE_IN
    return top + 0.07


def _name_places(polygons: "gpd.GeoDataFrame", outlines: Outlines, listed: int) -> list[str]:
    """Name of the neighborhood in the middle of each listed cluster; empty where there is none."""
    import shapely

    points = np.asarray(shapely.points(outlines.x[:listed], outlines.y[:listed]))
    cluster, area = shapely.STRtree(polygons.geometry.to_numpy()).query(points, predicate="intersects")
    names = [""] * listed
    for index, place in zip(cluster[::-1], area[::-1], strict=True):
        name = str(polygons["area"].iloc[place])
        names[index] = f"area {name}" if name.isdigit() else name
    return names
