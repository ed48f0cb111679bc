"""What a result would have been worth: how much of the later incidents it caught, and how steady its ranks are.

Beside it stands the static map, the counts of the same period, which any method has to beat.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from hotspots.emerging.cube import slice_time
from hotspots.points import Bools, Floats
from incidents.errors import ConfigError
from tocsin.hotspots.answer import Answer, Scores
from tocsin.hotspots.evidence import Evidence, Places, place_evidence
from verify.hotspot_scores import HotspotScores, score_hotspots

SHARES = (0.01, 0.02, 0.05, 0.1)
MONTH_DAYS = 28
TOP_SHARE = 0.05


def judge_answer(answer: Answer, evidence: Evidence, later: Evidence) -> dict[str, Any]:
    """Score a result by later incidents, and its ranks from month to month.

    Args:
        answer: What was found.
        evidence: What it was found from.
        later: Incidents after that period.

    Returns:
        Hit rate, PAI and PEI* at equal shares of the area for the method and the static map; for methods that rank
        places anew from fewer incidents, rank correlation and overlap of the top from month to month.

    Raises:
        ConfigError: The method ranks no places.
    """
    before, after = place_evidence(evidence), place_evidence(later)
    told: dict[str, Any] = {
        "from": str(evidence.options.stop),
        "to": str(evidence.options.judge_until),
        "incidents": int(after.counts.sum()),
    }
    if answer.scores is not None:
        area = _sizes(before, evidence.polygons)
        for name, risk in {
            "method": _on_all(answer.scores) * area,
            "static_map": before.counts,
        }.items():
            told[name] = _describe(score_hotspots(risk[None], after.counts[None], area=area, shares=SHARES))
        return {"judged": told, "month_to_month": _stability(answer.scores, evidence, before)}
    if answer.layer is None:
        raise ConfigError(
            "Expected a method that ranks or outlines places with --judge-until. Received: one that does neither. "
            "Leave --judge-until out."
        )
    return {"judged": told | _judge_hulls(answer.layer, evidence, later, before, after)}


def _sizes(places: Places, polygons: gpd.GeoDataFrame) -> Floats:
    """Size of each place: cells alike, 0 outside, areas by their ground."""
    sizes = places.inside if places.grid else polygons.geometry.area
    return np.asarray(sizes, dtype=np.float64)


def _on_all(scores: Scores) -> Floats:
    """Scores of all places; those of which nothing is said come last."""
    known = scores.risk[np.isfinite(scores.risk)]
    return np.nan_to_num(scores.risk, nan=float(known.min()) if known.size else 0.0)


def _describe(scores: HotspotScores) -> dict[str, Floats]:
    return {
        "share": scores.share,
        "hit_rate": scores.hit_rate,
        "pai": scores.pai,
        "pei_star": scores.pei_star,
    }


def _judge_hulls(
    layer: gpd.GeoDataFrame, evidence: Evidence, later: Evidence, before: Places, after: Places
) -> dict[str, Any]:
    """Share of the later incidents in the hulls, beside that in as much ground of the static map."""
    city = evidence.polygons.union_all()
    flagged = shapely.intersection(shapely.union_all(layer.geometry.to_numpy()), city)
    share = float(shapely.area(flagged) / shapely.area(city))
    if share == 0.0:
        return {"share": 0.0, "method": None, "static_map": None}
    inside = shapely.contains_xy(flagged, later.x, later.y)
    hit_rate = float(inside.sum() / np.count_nonzero(np.isfinite(later.x)))
    static = score_hotspots(
        before.counts[None], after.counts[None], area=_sizes(before, evidence.polygons), shares=share
    )
    return {
        "share": share,
        "method": {"hit_rate": hit_rate, "pai": hit_rate / share},
        "static_map": {"hit_rate": static.hit_rate[0], "pai": static.pai[0]},
    }


def _stability(scores: Scores, evidence: Evidence, places: Places) -> dict[str, Any] | None:
    """How alike the ranks of places are in one month and the next; None where there are no two months."""
    if scores.again is None or (evidence.stop - evidence.start).days < 2 * MONTH_DAYS:
        return None
    edges = slice_time(evidence.start, evidence.stop, days=MONTH_DAYS)
    times = evidence.occurred_at
    months = [(times >= start) & (times < stop) for start, stop in pairwise(edges)]

    def count(chosen: Bools) -> Floats:
        flat = places.of_row[chosen & (places.of_row >= 0)]
        counts = np.bincount(flat, minlength=places.counts.size).astype(np.float64)
        return counts.reshape(places.counts.shape)

    return {
        "month_days": MONTH_DAYS,
        "months": len(months),
        "method": _steadiness(scores.again, months, places.inside),
        "static_map": _steadiness(count, months, places.inside),
    }


def _steadiness(score: Callable[[Bools], Floats], months: list[Bools], inside: Bools) -> dict[str, float]:
    """Mean rank correlation, and mean overlap of the top places, of each month and the next."""
    from scipy.stats import rankdata

    surfaces = [np.nan_to_num(score(month)[inside], nan=-np.inf) for month in months]
    ranks = [rankdata(surface) for surface in surfaces]
    tops = [
        (surface >= np.quantile(surface, 1 - TOP_SHARE)) & (surface > surface.min()) for surface in surfaces
    ]
    pairs = [_correlate(one, other) for one, other in pairwise(ranks)]
    overlaps = [_overlap(one, other) for one, other in pairwise(tops)]
    return {"rank_correlation": _mean(pairs), "top_overlap": _mean(overlaps)}


def _correlate(one: Floats, other: Floats) -> float:
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def _overlap(one: Bools, other: Bools) -> float:
    either = int((one | other).sum())
    return float((one & other).sum() / either) if either else float("nan")


def _mean(values: list[float]) -> float:
    """Mean of what is defined; NaN where nothing is."""
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
