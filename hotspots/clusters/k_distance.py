"""Which reach and weight suit the data: how far around each incident so and so many others lie.

The curve of these distances, sorted, is flat within clusters and steep outside them; the reach is read off where
it bends.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hotspots.clusters.dbscan import check_min_weight
from hotspots.points import Bools, Floats, Ints
from hotspots.sites import Sites
from incidents.errors import ConfigError, DataError

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

FIRST_NEIGHBORS = 16
CHUNK_DISTANCES = 4_000_000
TAIL_SHARE = 0.02


@dataclass(frozen=True)
class KDistanceCurve:
    """Distances sorted, and where their curve bends.

    Args:
        share: Share of the incidents with at most the distance, rising to 1, ``(sites,)``.
        distance_m: How far ``min_weight`` incidents lie around, rising, metres, ``(sites,)``.
        min_weight: The weight asked for.
        reach_m: Distance at the bend, metres: a suggestion for ``reach_m``.
    """

    share: Floats
    distance_m: Floats
    min_weight: float
    reach_m: float

    def reach_for(self, share: float) -> float:
        """Shortest reach, metres, with which at least a share of the incidents, in (0, 1], is at core places."""
        first = int(np.searchsorted(self.share, share - 1e-12))
        return float(self.distance_m[min(first, len(self.share) - 1)])


def suggest_reach(sites: Sites, *, min_weight: float) -> KDistanceCurve:
    """Read a reach off the curve of distances within which ``min_weight`` incidents lie.

    The bend is where the curve, scaled to the unit square, lies farthest below its chord. Its last 2%, single
    incidents far from all others, are left out of the scaling, since one of them could move the bend at will.

    Where not to use: the bend parts clusters from scattered incidents. Where a whole city is more or less dense, most
    incidents lie below it, and clusters grow together; read a shorter reach off the same curve with
    :meth:`KDistanceCurve.reach_for`, such as the one for a fifth of the incidents.

    Args:
        sites: Places with their weights.
        min_weight: As for :func:`hotspots.clusters.dbscan.cluster_dbscan`.

    Returns:
        The curve and the suggestion.

    Raises:
        ConfigError: The weight is not positive, or more than there is.
        DataError: The curve has no bend: distances are equal, or 0 since most places hold that many incidents.

    Reference:
        Ester et al. (1996), KDD 226-231, section 4.2; the bend as in Satopää et al. (2011), Kneedle,
        doi:10.1109/ICDCSW.2011.20.
    """
    distance = k_distances(sites, min_weight=min_weight)
    order = np.argsort(distance, kind="stable")
    share, rising = np.cumsum(sites.weight[order]) / sites.weight.sum(), distance[order]
    return KDistanceCurve(share, rising, float(min_weight), _find_bend(share, rising))


def _find_bend(share: Floats, rising: Floats) -> float:
    """Distance at which the curve, without its tail, lies farthest below its chord."""
    last = max(int(np.searchsorted(share, 1 - TAIL_SHARE, side="right")) - 1, 0)
    if rising[last] > rising[0]:
        across = (share[: last + 1] - share[0]) / (share[last] - share[0])
        up = (rising[: last + 1] - rising[0]) / (rising[last] - rising[0])
        bend = float(rising[np.argmax(across - up)])
        if bend > 0:
            return bend
    raise DataError(
        f"Expected distances that rise from a bend above 0 m. Received: {rising[0]:g} m to {rising[last]:g} m, with "
        f"{share[np.searchsorted(rising, rising[0], side='right') - 1]:.0%} of the incidents at the least of them. "
        "Ask for more incidents than lie at single places, or choose reach_m from what is known of the coordinates."
    )


def k_distances(sites: Sites, *, min_weight: float) -> Floats:
    """How far around each site ``min_weight`` incidents lie, itself included, metres, ``(sites,)``.

    Raises:
        ConfigError: The weight is not positive, or more than there is.
    """
    from scipy.spatial import cKDTree

    check_min_weight(min_weight)
    if sites.weight.sum() < min_weight:
        raise ConfigError(
            f"Expected min_weight of at most all {sites.weight.sum():g} incidents. Received: {min_weight:g}. "
            "Ask for fewer."
        )
    tree = cKDTree(sites.xy)
    distance = np.full(len(sites), np.nan)
    open_sites, neighbors = np.arange(len(sites)), min(FIRST_NEIGHBORS, len(sites))
    while open_sites.size:
        found = [
            _reach_weight(tree, sites, chunk, neighbors=neighbors, min_weight=min_weight)
            for chunk in np.array_split(open_sites, -(-open_sites.size * neighbors // CHUNK_DISTANCES))
        ]
        distance[open_sites] = np.concatenate(found)
        open_sites = open_sites[np.isnan(distance[open_sites])]
        neighbors = min(2 * neighbors, len(sites))
    return distance


def suggest_min_weight(sites: Sites, *, reach_m: float, area_km2: float, level: float = 0.001) -> int:
    """Least number of incidents within reach that even spreading over the city would hardly ever give.

    It asks how many incidents a disc of that radius would hold with a probability below ``level`` if the
    incidents were spread evenly and independently, and is a floor: cities are never even.

    Args:
        sites: Places with their weights.
        reach_m: Radius, metres.
        area_km2: Area of the city, square kilometres.
        level: Probability that a disc holds that many or more.

    Returns:
        A number of incidents, at least 3.

    Raises:
        ConfigError: A parameter is not positive.

    Example:
        >>> from hotspots.sites import group_sites
        >>> city = group_sites(np.linspace(1000, 9000, 2000), np.zeros(2000))
        >>> suggest_min_weight(city, reach_m=200.0, area_km2=200.0)
        7
    """
    from scipy.stats import poisson

    if not (reach_m > 0 and area_km2 > 0 and 0 < level < 1):
        raise ConfigError(
            f"Expected reach_m and area_km2 above 0 and level between 0 and 1. Received: {reach_m}, {area_km2}, "
            f"{level}. Take the area of the city's polygons."
        )
    expected = sites.weight.sum() * np.pi * (reach_m / 1000) ** 2 / area_km2
    return max(3, int(poisson.isf(level, expected)) + 1)


def _reach_weight(
    tree: "cKDTree", sites: Sites, chosen: Ints, *, neighbors: int, min_weight: float
) -> Floats:
    """Distance at which some sites reach the weight, NaN where so many neighbors do not hold it."""
    gap, index = tree.query(sites.xy[chosen], k=np.arange(1, neighbors + 1))
    enough: Bools = np.cumsum(sites.weight[index], axis=1) >= min_weight
    first = enough.argmax(axis=1)
    reached = gap[np.arange(len(chosen)), first]
    return np.where(enough[:, -1] | (neighbors == len(sites)), reached, np.nan)
