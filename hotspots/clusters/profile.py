"""What each cluster is: outline, size, density, hours, categories, and in how much of the period it was active."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hotspots.clusters.result import Clusters, sum_clusters
from hotspots.points import Floats, Ints
from incidents.errors import ConfigError, DataError

if TYPE_CHECKING:
    import geopandas as gpd

HOURS = 24
M2_PER_KM2 = 1e6


@dataclass(frozen=True)
class Outlines:
    """The ground of each cluster, from the heaviest.

    Args:
        hull: Concave hull of its sites, widened by a margin, ``(clusters,)`` of shapely geometries.
        area_km2: Square kilometres of the hull, ``(clusters,)``.
        per_km2: Weight per square kilometre of the hull, ``(clusters,)``.
        sites: Number of sites, ``(clusters,)``.
        x: Easting of its centre of weight, metres, ``(clusters,)``.
        y: Northing, metres, ``(clusters,)``.
    """

    hull: npt.NDArray[np.object_]
    area_km2: Floats
    per_km2: Floats
    sites: Ints
    x: Floats
    y: Floats


@dataclass(frozen=True)
class Dominance:
    """The part of the incidents of each cluster that stands out, from the heaviest cluster.

    Args:
        value: First hour of the dominant hours, or index of the dominant category, ``(clusters,)``; -1 where no
            incident has one.
        share: Share of the cluster's incidents that have it, ``(clusters,)``; NaN where none has one.
        ratio: That share over the share among all incidents, ``(clusters,)``.
    """

    value: Ints
    share: Floats
    ratio: Floats


def outline_clusters(clusters: Clusters, *, margin_m: float, ratio: float = 0.3) -> Outlines:
    """Draw a hull around each cluster.

    Args:
        clusters: The clusters.
        margin_m: How far the hull reaches beyond the sites, metres: half the reach of DBSCAN, or the resolution of
            HDBSCAN. It gives a cluster at a single place an area.
        ratio: From 0, the most concave hull, to 1, the convex one.

    Raises:
        ConfigError: The margin is not positive or the ratio not in [0, 1].
    """
    import shapely

    if not (0 < margin_m < np.inf and 0 <= ratio <= 1):
        raise ConfigError(
            f"Expected margin_m above 0 and ratio in [0, 1]. Received: {margin_m}, {ratio}. "
            "Use half the reach, and 0.3."
        )
    held = np.flatnonzero(clusters.label >= 0)
    order = held[np.argsort(clusters.label[held], kind="stable")]
    points = np.asarray(shapely.points(clusters.sites.xy[order]))
    gathered = shapely.multipoints(points, indices=clusters.label[order])
    hull = np.asarray(shapely.buffer(shapely.concave_hull(gathered, ratio=ratio), margin_m))
    area_km2 = np.asarray(shapely.area(hull), dtype=np.float64) / M2_PER_KM2
    weight = clusters.weight
    return Outlines(
        hull=hull,
        area_km2=area_km2,
        per_km2=weight / area_km2,
        sites=np.bincount(clusters.label[held], minlength=len(clusters)),
        x=sum_clusters(clusters.label, clusters.sites.weight * clusters.sites.x) / weight,
        y=sum_clusters(clusters.label, clusters.sites.weight * clusters.sites.y) / weight,
    )


def dominant_hours(clusters: Clusters, hour: npt.ArrayLike, *, width: int = 4) -> Dominance:
    """Find the hours of the day in which most of each cluster's incidents happened.

    Args:
        clusters: The clusters.
        hour: Hour of the city's wall clock of each point given, 0 to 23, ``(n,)``; -1 where unknown or, at heaped
            midnights, not to be trusted.
        width: Number of consecutive hours.

    Returns:
        ``value`` is the first of the hours; they may run past midnight. Of equal ones the earliest.

    Raises:
        ConfigError: The width is not 1 to 24.
        DataError: Not an hour for each point.
    """
    if not 1 <= width <= HOURS:
        raise ConfigError(f"Expected a width of 1 to {HOURS} hours. Received: {width}. Use 4.")
    table, total = _tables(clusters, hour, kinds=HOURS)
    run, total_run = _sum_around_the_clock(table, width), _sum_around_the_clock(total[None], width)[0]
    return _dominance(run, total_run, table.sum(axis=1), float(total.sum()))


def dominant_categories(clusters: Clusters, category: npt.ArrayLike, *, categories: int) -> Dominance:
    """Find the category of which each cluster has most.

    Args:
        clusters: The clusters.
        category: Index of the category of each point given, ``(n,)``; -1 where unknown.
        categories: Number of categories.

    Returns:
        ``value`` is an index of a category; its ``ratio`` above 1 says that the category is more than usual there.

    Raises:
        DataError: Not a category for each point, or an index too large.
    """
    table, total = _tables(clusters, category, kinds=categories)
    return _dominance(table, total, table.sum(axis=1), float(total.sum()))


def active_share(clusters: Clusters, slices: npt.ArrayLike, *, count: int) -> Floats:
    """Share of the slices of the period (its months, say) in which each cluster had an incident, ``(clusters,)``.

    A cluster that is active in a few of them is a burst; one that is active in all is a lasting place.

    Args:
        clusters: The clusters.
        slices: Index of the slice of each point given, ``(n,)``; -1 where in none.
        count: Number of slices.

    Raises:
        DataError: Not a slice for each point, or an index too large.
    """
    table, _ = _tables(clusters, slices, kinds=count)
    return np.asarray((table > 0).mean(axis=1), dtype=np.float64)


def clusters_layer(
    clusters: Clusters, outlines: Outlines, *, crs: str, bands: Mapping[str, npt.NDArray[Any]] | None = None
) -> "gpd.GeoDataFrame":
    """Clusters as a layer: one row each, from the heaviest.

    Args:
        clusters: The clusters.
        outlines: As from :func:`outline_clusters`.
        crs: CRS of the coordinates.
        bands: Further columns, ``(clusters,)`` each.

    Returns:
        ``cluster``, ``incidents`` (weight), ``sites``, ``area_km2``, ``per_km2``, ``persistence``, the bands, and
        ``geometry``.
    """
    import geopandas as gpd

    columns: dict[str, npt.NDArray[Any]] = {
        "cluster": np.arange(len(clusters)),
        "incidents": clusters.weight,
        "sites": outlines.sites,
        "area_km2": outlines.area_km2,
        "per_km2": outlines.per_km2,
        "persistence": clusters.persistence,
    }
    return gpd.GeoDataFrame(columns | dict(bands or {}), geometry=outlines.hull, crs=crs)


def _tables(clusters: Clusters, kind: npt.ArrayLike, *, kinds: int) -> tuple[Floats, Floats]:
    """Points by cluster and kind, ``(clusters, kinds)``, and by kind in all, ``(kinds,)``."""
    given, label = np.asarray(kind), clusters.of_point
    if given.shape != label.shape or not np.issubdtype(given.dtype, np.integer):
        raise DataError(
            f"Expected a whole number for each of {label.size} points. Received: {given.dtype} of shape "
            f"{given.shape}. Pass both columns uncut, -1 where unknown."
        )
    if given.max(initial=-1) >= kinds:
        raise DataError(f"Expected numbers below {kinds}. Received: {given.max()}. Count from 0.")
    held = (label >= 0) & (given >= 0)
    cell = label[held] * kinds + given[held]
    table = np.bincount(cell, minlength=len(clusters) * kinds).reshape(len(clusters), kinds)
    return table.astype(np.float64), np.bincount(given[given >= 0], minlength=kinds).astype(np.float64)


def _dominance(table: Floats, total: Floats, held: Floats, everywhere: float) -> Dominance:
    """Largest entry of each row of ``table``, as a share of what each cluster holds, beside that in all of ``total``."""
    value = table.argmax(axis=1) if len(table) else np.empty(0, dtype=np.int64)
    share = _ratio(np.take_along_axis(table, value[:, None], axis=1)[:, 0], held)
    return Dominance(np.where(held > 0, value, -1), share, _ratio(share * everywhere, total[value]))


def _sum_around_the_clock(table: Floats, width: int) -> Floats:
    """Sums over ``width`` hours from each hour on, past midnight, of ``(rows, 24)``."""
    return np.asarray(sum(np.roll(table, -step, axis=1) for step in range(width)), dtype=np.float64)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    quotient: Floats = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=np.asarray(denominator) > 0)
    return quotient
