"""What sets each cluster apart from all other rows, computed from published tables alone.

A standardised difference is the difference of two shares, or of two means, in standard deviations. Its interval takes
rows as independent, which victims of one event are not, and is then too narrow. Differences of places count areas, not
rows: thousands of incidents in ten neighborhoods are ten neighborhoods.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.points import Floats
from hotspots.victims.places import Places
from hotspots.victims.publication import UNDECIDED, Published
from hotspots.victims.suppression import TOGETHER, SafeTable

Z_95 = 1.959963984540054
LEAST_COVERED = 0.5
"""Share of a cluster's rows in areas that are shown, below which its places are not described."""


@dataclass(frozen=True)
class Difference:
    """How a cluster differs from all other rows in one level or number.

    Args:
        variable: Its name.
        level: The level, or an empty word for a number.
        here: Share or mean within the cluster.
        elsewhere: Share or mean of all other rows.
        standardised: Difference in standard deviations.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    variable: str
    level: str
    here: float
    elsewhere: float
    standardised: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Profile:
    """What sets one cluster apart.

    Args:
        cluster: Its name.
        rows: Its size.
        share: Of all rows.
        levels: Differences in words and times, the largest first.
        places: Differences of the places it falls in, the largest first; empty where too few may be shown.
        covered: Share of its rows in areas that are shown.
        top_areas: Areas with most of its rows among those shown, and their rows.
    """

    cluster: str
    rows: int
    share: float
    levels: tuple[Difference, ...]
    places: tuple[Difference, ...]
    covered: float
    top_areas: tuple[tuple[str, int], ...]


def describe_clusters(published: Published, places: Sequence[Places] = (), *, top: int = 3) -> list[Profile]:
    """Describe every cluster but the undecided rows.

    Args:
        published: Sizes and protected tables.
        places: What is known of areas.
        top: How many areas to name.

    Returns:
        One profile for each cluster.

    Reference:
        Yang and Dalton (2012), SAS Global Forum 335, standardised differences; Hedges and Olkin (1985) for the interval.
    """
    return [
        _describe(published, places, index, top)
        for index, name in enumerate(published.clusters)
        if name != UNDECIDED
    ]


def _describe(published: Published, places: Sequence[Places], index: int, top: int) -> Profile:
    size = int(published.sizes[index])
    levels = [
        found
        for name, table in published.tables.items()
        for found in _compare_levels(name, table, index, size, published.rows)
    ]
    areas = published.areas
    shown, covered = _shown_areas(areas, index, size) if areas else ([], 0.0)
    compared = _compare_places(areas, places, index, size) if areas and covered >= LEAST_COVERED else []
    return Profile(
        published.clusters[index],
        size,
        size / published.rows,
        _largest_first(levels),
        _largest_first(compared),
        covered,
        tuple(shown[:top]),
    )


def _largest_first(found: Sequence[Difference]) -> tuple[Difference, ...]:
    return tuple(sorted(found, key=lambda each: -abs(each.standardised)))


def _compare_levels(name: str, table: SafeTable, index: int, size: int, rows: int) -> list[Difference]:
    """Shares of the levels that are shown, in a cluster and in all other rows."""
    shown = ~table.withheld[index]
    here = table.shown[index, shown] / size
    elsewhere = (table.of_level[shown] - table.shown[index, shown]) / max(rows - size, 1)
    spread = np.sqrt((_variance(here, size) + _variance(elsewhere, rows - size)) / 2)
    names = [level for level, seen in zip(table.levels, shown, strict=True) if seen]
    return [
        _difference(name, level, values, size, rows - size)
        for level, *values in zip(names, here, elsewhere, spread, strict=True)
        if level != TOGETHER
    ]


def _variance(share: Floats, count: int) -> Floats:
    """Variance of a share; half a row is added each way, so that a level that all or none have is finite too."""
    smoothed = (share * count + 0.5) / (count + 1)
    return smoothed * (1 - smoothed)


def _difference(variable: str, level: str, values: Sequence[float], ours: float, others: float) -> Difference:
    """A standardised difference with its interval.

    Args:
        variable: Its name.
        level: The level.
        values: Share or mean here and elsewhere, and the standard deviation.
        ours: Independent observations here.
        others: Independent observations elsewhere.
    """
    here, elsewhere, spread = (float(value) for value in values)
    standardised = (here - elsewhere) / spread
    count = max(ours, 1.0), max(others, 1.0)
    error = np.sqrt(sum(count) / (count[0] * count[1]) + standardised**2 / (2 * sum(count)))
    low, high = standardised - Z_95 * error, standardised + Z_95 * error
    return Difference(variable, level, here, elsewhere, standardised, float(low), float(high))


def _shown_areas(areas: SafeTable, index: int, size: int) -> tuple[list[tuple[str, int]], float]:
    """Areas whose count is shown, most rows first, and the share of the cluster's rows that lies in them."""
    counts = np.where(_is_place(areas), np.nan_to_num(areas.shown[index]), 0).astype(int)
    order = np.argsort(-counts, kind="stable")
    named = [(areas.levels[each], int(counts[each])) for each in order if counts[each] > 0]
    return named, float(counts.sum() / size)


def _is_place(areas: SafeTable) -> npt.NDArray[np.bool_]:
    """Which columns are single areas."""
    from hotspots.victims.variables import NOT_STATED

    return ~np.isin(np.array(areas.levels, dtype=object), (TOGETHER, NOT_STATED))


def _compare_places(areas: SafeTable, places: Sequence[Places], index: int, size: int) -> list[Difference]:
    """Means of what is known of areas, over rows of the cluster and over all others, as far as shown.

    Of areas whose count is withheld all rows count as others: they are few of the cluster's.
    """
    ours = np.where(_is_place(areas), np.nan_to_num(areas.shown[index]), 0.0)
    others = np.where(_is_place(areas), areas.of_level - ours, 0.0)
    found = []
    for each in places:
        position = {area: at for at, area in enumerate(each.areas)}
        at = np.array([position.get(area, -1) for area in areas.levels])
        for name, values in each.values.items():
            of_area = np.where(at >= 0, values[at], np.nan)
            found += _compare_numbers(name, of_area, ours, others)
    return found


def _compare_numbers(name: str, values: Floats, ours: Floats, others: Floats) -> list[Difference]:
    """A mean over the rows of areas against the mean of all others; the interval counts areas."""
    known = np.isfinite(values)
    values, ours, others = values[known], ours[known], others[known]
    if ours.sum() == 0 or others.sum() == 0:
        return []
    here, elsewhere = np.average(values, weights=ours), np.average(values, weights=others)
    variances = [
        np.average(np.square(values - mean), weights=w) for mean, w in ((here, ours), (elsewhere, others))
    ]
    spread = float(np.sqrt(np.mean(variances)))
    if spread == 0:
        return []
    return [_difference(name, "", (here, elsewhere, spread), _areas_worth(ours), _areas_worth(others))]


def _areas_worth(weights: Floats) -> float:
    """How many equal areas some unequal ones are worth (Kish's effective sample size)."""
    return float(weights.sum() ** 2 / np.square(weights).sum())
