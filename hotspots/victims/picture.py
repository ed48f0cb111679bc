"""Pictures of clusters: what sets them apart, how clear they are, how they lie to each other, and where they fall.

None shows a row. Drawing needs matplotlib, which is loaded on use.
"""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hotspots.points import Floats, Ints
from hotspots.victims.analysis import Grouping
from hotspots.victims.embedding import EMPTY, QUANTILES
from hotspots.victims.profiles import Difference, Profile
from hotspots.victims.publication import UNDECIDED, Published
from rasterize.palette import ACTIVE_OUTLINE, CHANNEL_COLORS
from rasterize.sheet import FAINT_INK, INK, LAND, draw_polygons

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.figure import Figure

COLORS = CHANNEL_COLORS
UNDECIDED_COLOR = "#BBBBBB"
WITHHELD_COLOR = "#FFFFFF"
ROWS_SHOWN = 36
STRONGEST = 1.5
LEAST_SHOWN = 0.1


def draw_heatmap(profiles: Sequence[Profile], *, title: str) -> "Figure":
    """Standardised differences by cluster, of all levels and places in which some cluster is set apart.

    Args:
        profiles: As from `describe_clusters`.
        title: First line.
    """
    from matplotlib.figure import Figure

    rows = _heatmap_rows(profiles)
    values = np.full((len(rows), len(profiles)), np.nan)
    for col, profile in enumerate(profiles):
        told = {_row_name(each): each.standardised for each in (*profile.levels, *profile.places)}
        values[:, col] = [told.get(row, np.nan) for row in rows]
    figure = Figure(figsize=(4.4 + 0.9 * len(profiles), 1.9 + 0.24 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(values, cmap="RdBu_r", vmin=-STRONGEST, vmax=STRONGEST, aspect="auto")
    axes.set_facecolor("#DDDDDD")
    axes.set_xticks(range(len(profiles)), [f"{each.cluster}\n{each.share:.0%}" for each in profiles])
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    for (row, col), value in np.ndenumerate(values):
        word, color = ("withheld", FAINT_INK) if np.isnan(value) else (f"{value:+.1f}", INK)
        white = abs(value) > 0.7 * STRONGEST
        axes.text(col, row, word, ha="center", va="center", fontsize=7, color="white" if white else color)
    figure.colorbar(image, ax=axes, label="standardised difference from all other rows", shrink=0.6)
    figure.suptitle(_wrap(f"{title}: what sets the clusters apart", width=50), fontsize=10)
    return figure


def _wrap(text: str, *, width: int) -> str:
    """Text in lines of so many characters."""
    return "\n".join(textwrap.wrap(text, width))


def _row_name(difference: Difference) -> str:
    return f"{difference.variable}: {difference.level}" if difference.level else difference.variable


def _heatmap_rows(profiles: Sequence[Profile]) -> list[str]:
    """Names of rows, those that differ most, in the order of their variables."""
    strongest: dict[str, float] = {}
    for profile in profiles:
        for each in (*profile.levels, *profile.places):
            name = _row_name(each)
            strongest[name] = max(strongest.get(name, 0.0), abs(each.standardised))
    chosen = sorted(
        (name for name, value in strongest.items() if value >= LEAST_SHOWN), key=lambda name: -strongest[name]
    )
    return sorted(chosen[:ROWS_SHOWN], key=lambda name: (": " not in name, name))


def draw_measures(grouping: Grouping, *, title: str) -> "Figure":
    """Elbow, silhouette and BIC by number of clusters, and silhouettes within each cluster.

    Args:
        grouping: The clusters.
        title: First line.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.4), layout="constrained")
    elbow, silhouette, bic, within = figure.subplots(2, 2).ravel()
    scan, mixture = grouping.scan, grouping.mixture
    _draw_curve(elbow, scan.k, scan.inertia, marked=scan.elbow, label="spread within clusters (elbow)")
    _draw_curve(silhouette, scan.k, scan.silhouette, marked=scan.best, label="mean silhouette")
    _draw_curve(bic, mixture.k, mixture.bic, marked=mixture.best, label="BIC of a Gaussian mixture")
    for curve in grouping.silhouettes:
        label = f"cluster {curve.cluster + 1} (mean {curve.mean:.2f})"
        within.plot(100 * QUANTILES, curve.quantiles, color=COLORS[curve.cluster % len(COLORS)], label=label)
    within.axhline(0, color=FAINT_INK, lw=0.8)
    within.set(xlabel="% of the cluster's rows", ylabel="silhouette")
    if grouping.silhouettes:
        within.legend(fontsize=8, frameon=False)
    figure.suptitle(f"{title}\nhow many clusters, and how clear they are", fontsize=11)
    return figure


def _draw_curve(axes: "Axes", k: Ints, values: Floats, *, marked: int, label: str) -> None:
    axes.plot(k, values, color=INK, marker="o", ms=3.5, lw=1.2)
    axes.axvline(marked, color=ACTIVE_OUTLINE, lw=1, ls="--")
    axes.set(xlabel="number of clusters", ylabel=label, xticks=np.asarray(k))
    axes.annotate(
        f" {marked}", (marked, 1), xycoords=("data", "axes fraction"), va="top", color=ACTIVE_OUTLINE
    )


def draw_embedding(grouping: Grouping, *, title: str, smallest_shown: int) -> "Figure":
    """The cluster of each bin on the first two axes, where enough rows lie.

    Args:
        grouping: The clusters.
        title: First line.
        smallest_shown: Fewest rows of a bin, for the caption.
    """
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    embedding, explained = grouping.embedding, grouping.axes.explained
    found = int(embedding.cluster.max(initial=-1)) + 1
    colors = [UNDECIDED_COLOR, *(COLORS[index % len(COLORS)] for index in range(max(found, 1)))]
    shown = np.ma.masked_equal(embedding.cluster, EMPTY)
    figure = Figure(figsize=(7.2, 6.2), layout="constrained")
    axes = figure.add_subplot()
    axes.pcolormesh(
        embedding.x_edges,
        embedding.y_edges,
        shown,
        cmap=ListedColormap(colors),
        vmin=-1.5,
        vmax=len(colors) - 1.5,
    )
    axes.set(xlabel=f"axis 1 ({explained[0]:.0%} of the variance)", ylabel=_second_axis(explained))
    named = [UNDECIDED, *(f"cluster {index + 1}" for index in range(found))]
    figure.legend(
        handles=[Patch(color=color, label=name) for color, name in zip(colors, named, strict=False)],
        loc="outside lower center",
        ncols=min(len(colors), 6),
        fontsize=8,
        frameon=False,
    )
    figure.suptitle(
        f"{title}\nlargest cluster of each bin with at least {smallest_shown} of its rows", fontsize=11
    )
    return figure


def _second_axis(explained: Floats) -> str:
    return f"axis 2 ({explained[1]:.0%} of the variance)" if len(explained) > 1 else "axis 2 (none)"


def draw_maps(polygons: "gpd.GeoDataFrame", published: Published, *, title: str) -> "Figure":
    """One map for each cluster: its share of the rows in each area, where that may be shown.

    Args:
        polygons: ``area`` and ``geometry``, in metres.
        published: Protected tables.
        title: First line.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    found = published.found
    columns = min(found, 3)
    lines = -(-found // columns)
    figure = Figure(figsize=(3.6 * columns + 0.9, 3.9 * lines + 0.9), layout="constrained")
    grid = figure.subplots(lines, columns, squeeze=False).ravel()
    scale = ScalarMappable(Normalize(0, 1), "YlOrBr")
    for index, axes in enumerate(grid):
        axes.set_axis_off()
        if index < found:
            _draw_map(axes, polygons, _share_by_area(polygons, published, index), scale)
            axes.set_title(f"{published.clusters[index]} ({published.sizes[index]:,} rows)", fontsize=10)
    figure.colorbar(scale, ax=list(grid), label="share of the area's rows", shrink=0.6)
    figure.suptitle(
        f"{title}\n"
        f"white with grey lines: withheld, counts under {published.smallest_shown} or needed to hide one",
        fontsize=10,
    )
    return figure


def _draw_map(axes: "Axes", polygons: "gpd.GeoDataFrame", share: Floats, scale: "ScalarMappable") -> None:
    west, south, east, north = polygons.total_bounds
    axes.set(xlim=(west, east), ylim=(south, north), aspect="equal")
    hidden = np.isnan(share)
    draw_polygons(
        axes, polygons[hidden], facecolor=WITHHELD_COLOR, edgecolor="#BBBBBB", hatch="////", linewidth=0.3
    )
    step = np.floor(20 * np.nan_to_num(share)).clip(0, 19)
    for tone in np.unique(step[~hidden]):
        of_tone = polygons[~hidden & (step == tone)]
        color = scale.to_rgba((tone + 0.5) / 20) if tone else LAND
        draw_polygons(axes, of_tone, facecolor=color, edgecolor=FAINT_INK, linewidth=0.3)


def _share_by_area(polygons: "gpd.GeoDataFrame", published: Published, index: int) -> Floats:
    """Share of each polygon's rows that are of one cluster; NaN where withheld, put together, or without rows."""
    table = published.areas
    if table is None:
        return np.full(len(polygons), np.nan)
    share = dict(zip(table.levels, table.shown[index] / table.of_level, strict=True))
    return np.array([share.get(str(area), np.nan) for area in polygons["area"]])
