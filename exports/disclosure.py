"""What may leave the house about places and small numbers.

Places become cells or neighborhoods, numbers under a threshold are withheld. This protects single cells of a
one-way table with a total, against a reader who knows the threshold. It does not protect against a reader who
holds other tables of the same incidents (other areas, other days), nor who knows how the extra number to
withhold is chosen; such publications need the tools of a statistical office.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from incidents.errors import ConfigError, DataError
from rasterize.grid import Grid

if TYPE_CHECKING:
    import geopandas as gpd

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SMALLEST_SHOWN = 10


@dataclass(frozen=True)
class SafeCounts:
    """Counts of which some are withheld.

    Args:
        shown: Counts, NaN where withheld, float64 ``(n,)``.
        withheld: Which are withheld, bool ``(n,)``.
        total: Sum of all counts, or None where it would give a withheld one away.
    """

    shown: Floats
    withheld: npt.NDArray[np.bool_]
    total: int | None


def withhold_small_counts(counts: Ints, *, smallest_shown: int = SMALLEST_SHOWN) -> SafeCounts:
    """Withhold counts from 1 to below a threshold, and what would give them away through the total.

    A reader of the table knows how many counts are withheld and, by subtraction, their sum. Where this narrows
    any of them to less than the whole range ``1 ... smallest_shown - 1``, the smallest other count is withheld as
    well; where there is none, the total is. Zeros are shown: they tell of no incident.

    Args:
        counts: Incidents by area, ``(n,)``, not negative.
        smallest_shown: The smallest count that may be shown.

    Returns:
        The counts to publish.

    Raises:
        ConfigError: A threshold below 2, which withholds nothing.
        DataError: A negative count.

    Reference:
        Hundepool et al., Statistical Disclosure Control (2012), doi:10.1002/9781118348239, chapter 4.

    Example:
        >>> safe = withhold_small_counts(np.array([40, 3, 0, 12]))
        >>> safe.shown.tolist(), safe.total
        ([40.0, nan, 0.0, nan], 55)
    """
    _check(counts, smallest_shown)
    withheld = (counts > 0) & (counts < smallest_shown)
    total: int | None = int(counts.sum())
    if not _hides_all(counts[withheld], smallest_shown):
        others = np.flatnonzero(counts >= smallest_shown)
        if len(others):
            withheld[others[np.argmin(counts[others])]] = True
        else:
            total = None
    return SafeCounts(np.where(withheld, np.nan, counts), withheld, total)


def _hides_all(small: Ints, smallest_shown: int) -> bool:
    """Whether the sum of some counts leaves each of them anywhere in ``1 ... smallest_shown - 1``."""
    if not len(small):
        return True
    largest, others, total = smallest_shown - 1, len(small) - 1, int(small.sum())
    return total - others >= largest and total - others * largest <= 1


def _check(counts: Ints, smallest_shown: int) -> None:
    """Refuse what the method does not hold for."""
    if smallest_shown < 2:
        raise ConfigError(
            f"Expected a threshold of at least 2. Received: {smallest_shown}. Use 10 unless a rule says otherwise."
        )
    if (counts < 0).any():
        raise DataError(
            f"Expected counts of incidents. Received: {int(counts.min())}. Count them again from the store."
        )


def coarsen_to_cells(incidents: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """Move incidents to the centres of their cells and drop their degrees.

    Args:
        incidents: Rows of the incident schema.
        grid: The cells; incidents off it lose their place.

    Returns:
        The same rows and columns.
    """
    row, col = grid.locate(incidents["x"].to_numpy(), incidents["y"].to_numpy())
    x, y = grid.cell_centers()
    return _placed(incidents, np.where(col < 0, np.nan, x[col]), np.where(row < 0, np.nan, y[row]))


def coarsen_to_areas(incidents: pl.DataFrame, polygons: "gpd.GeoDataFrame") -> pl.DataFrame:
    """Move incidents to one point inside their neighborhood and drop their degrees.

    Args:
        incidents: Rows of the incident schema; those without an area lose their place.
        polygons: Columns ``area`` and ``geometry``, in metres.

    Returns:
        The same rows and columns.
    """
    points = polygons.representative_point()
    areas = polygons["area"].to_list()
    x, y = (
        incidents["area"]
        .replace_strict(areas, axis.to_list(), default=None, return_dtype=pl.Float64)
        .to_numpy()
        for axis in (points.x, points.y)
    )
    return _placed(incidents, x, y)


def _placed(incidents: pl.DataFrame, x: Floats, y: Floats) -> pl.DataFrame:
    """Incidents at other places; NaN becomes null."""
    return incidents.with_columns(
        pl.Series("x", x).fill_nan(None),
        pl.Series("y", y).fill_nan(None),
        lon=pl.lit(None, pl.Float64),
        lat=pl.lit(None, pl.Float64),
    )
