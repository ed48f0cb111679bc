"""Clusters of a store's incidents as hulls: DBSCAN and HDBSCAN."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from exports.disclosure import SMALLEST_SHOWN
from hotspots.clusters.dbscan import cluster_dbscan
from hotspots.clusters.hierarchy import Selection, cluster_hdbscan
from hotspots.clusters.k_distance import KDistanceCurve, suggest_min_weight, suggest_reach
from hotspots.clusters.picture import describe_clusters, draw_clusters_map, draw_k_distances
from hotspots.clusters.profile import (
    Dominance,
    clusters_layer,
    dominant_categories,
    dominant_hours,
    outline_clusters,
)
from hotspots.clusters.result import NONE, Clusters
from hotspots.clusters.stability import Stability, bootstrap_stability
from hotspots.points import Ints
from hotspots.sites import Sites, group_sites
from incidents.errors import ConfigError, DataError
from tocsin.hotspots.answer import Answer
from tocsin.hotspots.evidence import Evidence

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIRST_REACH_M = 150.0
"""Radius with which the first weight is suggested: a block and its neighbors."""

DENSE_SHARE = 0.2
"""Share of the incidents that may lie at core places: beyond it, clusters of a city grow together."""

HDBSCAN_SHARE = 0.01
"""Least weight of a cluster of HDBSCAN as a share of all incidents."""

RESOLUTION_M = 50.0
REPLICATES = 20
HOURS_WIDTH = 4
MIDNIGHT_HEAPED = -1
M2_PER_KM2 = 1e6


@dataclass(frozen=True)
class Recipe:
    """How clusters are found.

    Args:
        cluster: From sites to clusters.
        margin_m: How far hulls reach beyond the sites, metres.
        words: For the map.
        settings: For the JSON.
        pictures: Beside the map, by the end of their file name.
    """

    cluster: Callable[[Sites], Clusters]
    margin_m: float
    words: str
    settings: dict[str, Any]
    pictures: "dict[str, Figure]"


def find_dbscan(evidence: Evidence) -> Answer:
    """Clusters of one density."""
    sites = group_sites(evidence.x, evidence.y)
    weight = _choose_weight(evidence, sites)
    _require_enough(sites, weight)
    curve = _suggest(sites, weight)
    reach = _choose_reach(evidence, curve)
    recipe = Recipe(
        cluster=lambda some: cluster_dbscan(some, reach_m=reach, min_weight=weight),
        margin_m=reach / 2,
        words=f"DBSCAN: {weight:,} incidents within {reach:,.0f} m",
        settings={
            "reach_m": reach,
            "min_incidents": weight,
            "bend_m": curve.reach_m if curve else None,
            "reach_of_a_fifth_m": curve.reach_for(DENSE_SHARE) if curve else None,
        },
        pictures={"-distances": draw_k_distances(curve, what=evidence.words.what)} if curve else {},
    )
    return _answer(evidence, sites, recipe)


def _choose_weight(evidence: Evidence, sites: Sites) -> int:
    """Fewest incidents around a core place: as asked, or more than even spreading would give."""
    asked = evidence.options
    if asked.min_incidents is not None:
        return asked.min_incidents
    area_km2 = float(evidence.polygons.geometry.area.sum()) / M2_PER_KM2
    reach = FIRST_REACH_M if asked.reach_m is None else asked.reach_m
    return max(SMALLEST_SHOWN, suggest_min_weight(sites, reach_m=reach, area_km2=area_km2))


def _choose_reach(evidence: Evidence, curve: KDistanceCurve | None) -> float:
    """Radius: as asked, or at the bend of the curve, but no longer than for a fifth of the incidents."""
    if evidence.options.reach_m is not None:
        return evidence.options.reach_m
    if curve is None:
        return FIRST_REACH_M
    return max(RESOLUTION_M, min(curve.reach_m, curve.reach_for(DENSE_SHARE)))


def find_hdbscan(evidence: Evidence) -> Answer:
    """Clusters of any density."""
    sites = group_sites(evidence.x, evidence.y)
    weight = evidence.options.min_incidents
    if weight is None:
        weight = max(2 * SMALLEST_SHOWN, round(HDBSCAN_SHARE * float(sites.weight.sum())))
    _require_enough(sites, weight)
    recipe = Recipe(
        cluster=lambda some: cluster_hdbscan(
            some, min_weight=weight, resolution_m=RESOLUTION_M, selection=Selection.LEAVES
        ),
        margin_m=RESOLUTION_M,
        words=f"HDBSCAN: clusters of {weight:,} incidents or more",
        settings={"min_incidents": weight, "resolution_m": RESOLUTION_M, "selection": Selection.LEAVES.value},
        pictures={},
    )
    return _answer(evidence, sites, recipe)


def drop_small(clusters: Clusters) -> Clusters:
    """Clusters without those whose number of incidents may not be shown.

    A cluster can be that small where its places within reach joined another one.
    """
    kept = int(np.count_nonzero(clusters.weight >= SMALLEST_SHOWN))
    label = np.where(clusters.label < kept, clusters.label, NONE)
    membership = np.where(label >= 0, clusters.membership, 0.0)
    return replace(clusters, label=label, membership=membership, persistence=clusters.persistence[:kept])


def _answer(evidence: Evidence, sites: Sites, recipe: Recipe) -> Answer:
    clusters = drop_small(recipe.cluster(sites))
    outlines = outline_clusters(clusters, margin_m=recipe.margin_m)
    hours = _hide_small(clusters, dominant_hours(clusters, _hours(evidence), width=HOURS_WIDTH))
    kinds = _hide_small(clusters, _categories(evidence, clusters))
    stability = _stability(evidence, clusters, recipe)
    notes = describe_clusters(outlines, hours=hours, width=HOURS_WIDTH, stability=stability)
    figure = draw_clusters_map(
        evidence.polygons, clusters, outlines, words=evidence.words, method=recipe.words, notes=notes
    )
    located, held = float(sites.weight.sum()), float(clusters.weight.sum())
    figures = {
        "used": int(located),
        "unlocated": int(np.count_nonzero(sites.of_point < 0)),
        "outside": 0,
        "clusters": len(clusters),
        "share_in_clusters": held / located,
        "area_km2": float(outlines.area_km2.sum()),
        "largest": int(clusters.weight.max(initial=0)),
        "settings": {**recipe.settings, "margin_m": recipe.margin_m, "replicates": _replicates(evidence)},
        "stability": _describe_stability(stability),
        "notes": [
            "Coordinates are those of blocks: hulls are no borders of anything.",
            f"Clusters of fewer than {SMALLEST_SHOWN} incidents are left out, and so are hours and categories of fewer.",
        ],
    }
    bands = _columns(evidence, hours, kinds, stability, count=len(clusters))
    layer = clusters_layer(clusters, outlines, crs=str(evidence.polygons.crs), bands=bands)
    plural = "cluster holds" if len(clusters) == 1 else "clusters hold"
    summary = f"{len(clusters):,} {plural} {held / located:.0%} of {located:,.0f} located incidents"
    return Answer(summary, figures, {"": figure, **recipe.pictures}, layer=layer)


def _columns(
    evidence: Evidence, hours: Dominance, kinds: Dominance, stability: Stability | None, *, count: int
) -> dict[str, Any]:
    """Further columns of the layer."""
    names = np.array([*(category.value for category in evidence.categories), None], dtype=object)
    unknown = np.full(count, np.nan)
    return {
        "first_hour": np.where(hours.value >= 0, hours.value, np.nan),
        "hour_share": hours.share,
        "category": names[kinds.value],
        "category_share": kinds.share,
        "jaccard": stability.jaccard if stability else unknown,
        "recovered": stability.recovered if stability else unknown,
    }


def _hide_small(clusters: Clusters, found: Dominance) -> Dominance:
    """Leave out what fewer incidents have than may be shown."""
    shown = np.nan_to_num(found.share) * clusters.weight >= SMALLEST_SHOWN - 1e-9
    return Dominance(
        np.where(shown, found.value, -1),
        np.where(shown, found.share, np.nan),
        np.where(shown, found.ratio, np.nan),
    )


def _hours(evidence: Evidence) -> Ints:
    """Hour of each incident on the city's clock; -1 at midnight sharp, which often stands for an unknown time."""
    local = evidence.local
    hour, minute = (part.cast(int).to_numpy() for part in (local.dt.hour(), local.dt.minute()))
    return np.asarray(np.where((hour == 0) & (minute == 0), MIDNIGHT_HEAPED, hour), dtype=np.int64)


def _categories(evidence: Evidence, clusters: Clusters) -> Dominance:
    names = {category.value: index for index, category in enumerate(evidence.categories)}
    index = evidence.rows["category"].cast(str).replace_strict(names).to_numpy().astype(np.int64)
    return dominant_categories(clusters, index, categories=len(names))


def _stability(evidence: Evidence, clusters: Clusters, recipe: Recipe) -> Stability | None:
    """Overlap under draws of weeks, where there are two weeks or more."""
    week = (evidence.occurred_at - evidence.occurred_at.min()) // np.timedelta64(7, "D")
    located = clusters.sites.of_point >= 0
    if not _replicates(evidence) or len(np.unique(week[located])) < 2 or not len(clusters):
        return None
    return bootstrap_stability(
        clusters, recipe.cluster, blocks=week, replicates=_replicates(evidence), rng=evidence.rng
    )


def _replicates(evidence: Evidence) -> int:
    asked = evidence.options.replicates
    return REPLICATES if asked is None else asked


def _describe_stability(stability: Stability | None) -> dict[str, Any] | None:
    if stability is None:
        return None
    return {
        "adjusted_rand": float(stability.adjusted_rand.mean()),
        "stable": int((stability.jaccard >= 0.75).sum()),
        "unreliable": int((stability.jaccard < 0.5).sum()),
    }


def _suggest(sites: Sites, weight: int) -> KDistanceCurve | None:
    """The curve from which the reach is read; None where it has no bend, as of few places."""
    try:
        return suggest_reach(sites, min_weight=weight)
    except DataError:
        return None


def _require_enough(sites: Sites, weight: int) -> None:
    """Refuse clusters whose size may not be shown, or that would need more incidents than there are."""
    if weight < SMALLEST_SHOWN:
        raise ConfigError(
            f"Expected --min-incidents of at least {SMALLEST_SHOWN}, below which numbers are not shown. "
            f"Received: {weight}. Ask for {SMALLEST_SHOWN}."
        )
    if sites.weight.sum() < weight:
        raise DataError(
            f"Expected at least {weight:,} located incidents. Received: {sites.weight.sum():,.0f}. "
            "Take a longer period, more categories, or a smaller --min-incidents."
        )
