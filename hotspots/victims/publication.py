"""What may be published of clusters: sizes and protected tables. Everything a report says is computed from these.

Nothing below this point sees a row, so that profiles, sentences, maps and intervals give away no more than the tables.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from hotspots.points import Ints
from hotspots.victims.consensus import withhold_small
from hotspots.victims.suppression import SMALLEST_SHOWN, SafeTable, withhold_small_cells
from hotspots.victims.variables import Levels, levels_of

UNDECIDED = "undecided"


@dataclass(frozen=True)
class Published:
    """Clusters as they may be shown.

    Args:
        clusters: Their names, the undecided rows last if there are any.
        sizes: Rows of each, ``(clusters,)``.
        tables: Clusters by level, by the name of the variable.
        areas: Clusters by area, or None where no area is known.
        smallest_shown: Counts from 1 to below this are withheld.
    """

    clusters: tuple[str, ...]
    sizes: Ints
    tables: Mapping[str, SafeTable]
    areas: SafeTable | None
    smallest_shown: int

    @property
    def rows(self) -> int:
        """All rows."""
        return int(self.sizes.sum())

    @property
    def found(self) -> int:
        """Number of clusters, the undecided rows not counted."""
        return len(self.clusters) - (UNDECIDED in self.clusters)


def publish_clusters(
    labels: Ints, levels: Sequence[Levels], areas: pl.Series, *, smallest_shown: int = SMALLEST_SHOWN
) -> Published:
    """Count rows by cluster and level, and by cluster and area, and withhold what is small.

    Args:
        labels: Cluster of each row, ``(rows,)``, -1 undecided; clusters too small to be shown become undecided.
        levels: Variables of words, of the same rows.
        areas: Area of each row, null where unknown.
        smallest_shown: The smallest count that may be shown.

    Returns:
        The tables. All of them have the sizes of the clusters as sums of rows.
    """
    safe = withhold_small(labels, smallest=smallest_shown)
    found = int(safe.max(initial=-1)) + 1
    undecided = bool((safe < 0).any())
    row = np.where(safe < 0, found, safe)
    names = (*(f"cluster {number + 1}" for number in range(found)), *([UNDECIDED] if undecided else []))
    tables = {
        each.name: withhold_small_cells(
            _count(row, each, len(names)), each.names, smallest_shown=smallest_shown
        )
        for each in levels
    }
    where = levels_of("area", "place", areas.to_list()) if areas.null_count() < len(areas) else None
    by_area = where and withhold_small_cells(
        _count(row, where, len(names)), where.names, smallest_shown=smallest_shown
    )
    return Published(names, np.bincount(row, minlength=len(names)), tables, by_area or None, smallest_shown)


def _count(row: Ints, levels: Levels, rows: int) -> Ints:
    """Rows of each cluster at each level, ``(rows, levels)``."""
    cells = np.bincount(row * len(levels.names) + levels.codes, minlength=rows * len(levels.names))
    return np.asarray(cells.reshape(rows, len(levels.names)), dtype=np.int64)
