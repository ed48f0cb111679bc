"""What a clustering says: which sites belong together, how firmly, and which belong to nothing.

Clusters are numbered from the heaviest; -1 means none.
"""

from dataclasses import dataclass

import numpy as np

from hotspots.points import Bools, Floats, Ints
from hotspots.sites import Sites

NONE = -1


@dataclass(frozen=True)
class Clusters:
    """Sites in clusters.

    Args:
        sites: What was clustered.
        label: Cluster of each site, ``(sites,)``; -1 for none, 0 is the cluster of the greatest weight.
        membership: How firmly each site belongs, in [0, 1], ``(sites,)``; 0 outside clusters. DBSCAN: the weight
            around it over the weight asked for, at most 1 (1 is a core site). HDBSCAN: its density over that of
            the densest site of the cluster.
        persistence: How long each cluster lasts as the density asked for rises, in [0, 1], ``(clusters,)``; NaN
            for DBSCAN, which looks at one density.
    """

    sites: Sites
    label: Ints
    membership: Floats
    persistence: Floats

    def __len__(self) -> int:
        """Number of clusters."""
        return int(self.label.max(initial=NONE)) + 1

    @property
    def weight(self) -> Floats:
        """Weight of each cluster, falling, ``(clusters,)``."""
        return sum_clusters(self.label, self.sites.weight)

    @property
    def of_point(self) -> Ints:
        """Cluster of each point given, ``(n,)``; -1 for none or where its place is unknown."""
        return np.append(self.label, NONE)[self.sites.of_point]


def sum_clusters(label: Ints, values: Floats) -> Floats:
    """Sums of values by cluster, ``(clusters,)``; those in none are left out.

    Args:
        label: Cluster of each value, ``(n,)``, -1 for none.
        values: ``(n,)``.
    """
    held = label >= 0
    total = np.bincount(label[held], weights=values[held], minlength=int(label.max(initial=NONE)) + 1)
    return total.astype(np.float64)


def gather(sites: Sites, group: Ints, *, membership: Floats, persistence: Floats | None = None) -> Clusters:
    """Number groups of sites by falling weight; of equal ones the first site's group comes first.

    Args:
        sites: What was clustered.
        group: Any number for each group, ``(sites,)``; negative for none.
        membership: As in :class:`Clusters`.
        persistence: By group number, ``(groups,)``; NaN if left out.
    """
    held: Bools = group >= 0
    names, first, member = np.unique(group[held], return_index=True, return_inverse=True)
    weight = np.bincount(member, weights=sites.weight[held], minlength=len(names))
    order = np.lexsort((first, -weight))
    number = np.empty(len(names), dtype=np.int64)
    number[order] = np.arange(len(names))
    label = np.full(len(sites), NONE, dtype=np.int64)
    label[held] = number[member]
    lasting = np.full(len(names), np.nan) if persistence is None else persistence[names][order]
    return Clusters(sites, label, np.where(held, membership, 0.0), lasting)
