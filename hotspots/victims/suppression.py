"""Tables of counts in which no small cell can be found, not even by a reader who knows every total.

A cell from 1 to below the threshold is withheld together with three others, in its row, in its column and at the
fourth corner of their rectangle, each of at least the threshold. Moving rows around the four corners changes no total,
so that the totals and all other cells leave the small one anywhere from 1 to above the threshold. Where a column has
no such rectangle, it is put together with other columns. Zeros are shown: they tell of nobody.

What this does not cover: readers who hold a table of the same rows divided another way by cluster (one day less), or
who know by which rule the other corners were chosen. Totals of rows and columns are taken as known everywhere, so that
other tables of the same rows without clusters (an open-data portal) give nothing away.
"""

from dataclasses import dataclass

import numpy as np

from hotspots.points import Bools, Floats, Ints
from incidents.errors import ConfigError, DataError

SMALLEST_SHOWN = 10
TOGETHER = "all others"
"""Name of the levels that were put together."""


@dataclass(frozen=True)
class SafeTable:
    """Counts of clusters by level, some withheld.

    Args:
        levels: Names of the columns; `TOGETHER` is what was put together.
        shown: ``(clusters, levels)``, NaN where withheld.
        of_level: Total of each level, ``(levels,)``.
        pooled: Names of the levels within `TOGETHER`.
    """

    levels: tuple[str, ...]
    shown: Floats
    of_level: Ints
    pooled: tuple[str, ...]

    @property
    def withheld(self) -> Bools:
        """Which cells are withheld."""
        return np.isnan(self.shown)


def withhold_small_cells(
    counts: Ints, levels: tuple[str, ...], *, smallest_shown: int = SMALLEST_SHOWN
) -> SafeTable:
    """Withhold cells from 1 to below a threshold, and others so that no sum gives them away.

    Args:
        counts: Rows by cluster and level, ``(clusters, levels)``; every cluster has rows enough to be shown.
        levels: Names of the columns.
        smallest_shown: The smallest count that may be shown.

    Returns:
        The table to publish. Levels with a smaller total, or that cannot be protected, are put together.

    Raises:
        ConfigError: A threshold below 2.
        DataError: Negative counts, or a cluster smaller than the threshold.

    Reference:
        Hundepool et al., Statistical Disclosure Control (2012), doi:10.1002/9781118348239, section 4.4.4
        (hypercube method).

    Example:
        >>> table = withhold_small_cells(np.array([[40, 3, 25], [12, 30, 0], [50, 11, 60]]), ("a", "b", "c"))
        >>> table.shown.tolist()
        [[nan, nan, 25.0], [nan, nan, 0.0], [50.0, 11.0, 60.0]]
    """
    _check(counts, smallest_shown)
    here = counts.sum(axis=0) > 0
    names = np.array(levels, dtype=object)[here]
    kept = counts[:, here]
    together = _enough_together(kept.sum(axis=0) < smallest_shown, kept, smallest_shown)
    while True:
        table = _pooled(kept, together)
        withheld, exposed = _protect(table, smallest_shown)
        if exposed < 0:
            break
        separate = np.flatnonzero(~together)
        # The column of all that is together comes last; if it is the exposed one, the smallest joins it.
        joining = exposed if exposed < len(separate) else int(kept[:, separate].sum(axis=0).argmin())
        together = together.copy()
        together[separate[joining]] = True
        together = _enough_together(together, kept, smallest_shown)
    shown = np.where(withheld, np.nan, table.astype(np.float64))
    pooled = tuple(names[together].tolist())
    apart = tuple(names[~together].tolist())
    columns = (*apart, TOGETHER if len(pooled) > 1 else pooled[0]) if pooled else apart
    return SafeTable(columns, shown, table.sum(axis=0), pooled if len(pooled) > 1 else ())


def _check(counts: Ints, smallest_shown: int) -> None:
    """Refuse what the method does not hold for."""
    if smallest_shown < 2:
        raise ConfigError(
            f"Expected a threshold of at least 2. Received: {smallest_shown}. Use 10 unless a rule says otherwise."
        )
    if counts.size == 0 or (counts < 0).any() or counts.sum(axis=1).min() < smallest_shown:
        raise DataError(
            f"Expected counts of clusters with at least {smallest_shown} rows each. Received: "
            f"{counts.sum(axis=1).tolist() if counts.size else 'no counts'}. Merge small clusters first."
        )


def _enough_together(together: Bools, counts: Ints, smallest_shown: int) -> Bools:
    """Levels to put together, with the smallest others added until their total may be shown."""
    joined = together.copy()
    totals = counts.sum(axis=0)
    while joined.any() and not joined.all() and totals[joined].sum() < smallest_shown:
        joined[np.flatnonzero(~joined)[totals[~joined].argmin()]] = True
    return joined


def _pooled(counts: Ints, together: Bools) -> Ints:
    """Counts with some columns added up as the last one."""
    if not together.any():
        return counts
    return np.column_stack([counts[:, ~together], counts[:, together].sum(axis=1)])


def _protect(counts: Ints, smallest_shown: int) -> tuple[Bools, int]:
    """Which cells to withhold, and the first column with a cell that nothing protects, -1 if there is none.

    The cells are looked at one after the other, smallest first, because each may use corners withheld before.
    """
    small = (counts > 0) & (counts < smallest_shown)
    withheld = small.copy()
    enough = counts >= smallest_shown
    rows, cols = np.nonzero(small)
    for turn in np.argsort(counts[rows, cols], kind="stable"):
        corner = _cheapest_corner(counts, withheld, enough, int(rows[turn]), int(cols[turn]))
        if corner is None:
            return withheld, int(cols[turn])
        across, along = corner
        withheld[across, cols[turn]] = withheld[rows[turn], along] = withheld[across, along] = True
    return withheld, -1


def _cheapest_corner(
    counts: Ints, withheld: Bools, enough: Bools, row: int, col: int
) -> tuple[int, int] | None:
    """Opposite corner of the rectangle that withholds the fewest rows more, or None where there is none."""
    usable = enough & enough[:, [col]] & enough[[row], :]
    if not usable.any():
        return None
    lost = np.where(withheld, 0, counts)
    cost = np.where(usable, lost + lost[:, [col]] + lost[[row], :], np.inf)
    across, along = np.unravel_index(int(cost.argmin()), cost.shape)
    return int(across), int(along)
