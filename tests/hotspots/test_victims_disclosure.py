"""No withheld cell can be found: not by hand, not by linear programming over everything that is published."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array

from hotspots.points import Floats, Ints
from hotspots.victims.partitions import by_size
from hotspots.victims.profiles import describe_clusters
from hotspots.victims.publication import UNDECIDED, Published, publish_clusters
from hotspots.victims.suppression import TOGETHER, SafeTable, withhold_small_cells
from hotspots.victims.variables import levels_of
from incidents.errors import ConfigError, DataError

SMALLEST = 10
TARGETS = 1000


def names(count: int) -> tuple[str, ...]:
    return tuple(f"level {index}" for index in range(count))


def bounds_of(table: SafeTable, sizes: Ints, cells: Sequence[tuple[int, int]]) -> list[tuple[float, float]]:
    """Least and greatest value of withheld cells for a reader who knows sizes, level totals and shown cells."""
    rows, cols = np.nonzero(table.withheld)
    unknown = np.arange(len(rows))
    known = np.nan_to_num(table.shown)
    sums = csr_array(
        (np.ones(2 * len(rows)), (np.append(rows, len(sizes) + cols), np.tile(unknown, 2))),
        shape=(len(sizes) + len(table.levels), len(rows)),
    )
    totals = np.append(sizes - known.sum(axis=1), table.of_level - known.sum(axis=0))
    place = {cell: index for index, cell in enumerate(zip(rows.tolist(), cols.tolist(), strict=True))}

    def extreme(cell: tuple[int, int], sign: int) -> float:
        goal = np.zeros(len(rows))
        goal[place[cell]] = sign
        # Zeros are shown, so whatever is withheld is at least 1.
        solved = linprog(goal, A_eq=sums, b_eq=totals, bounds=(1, None), method="highs")
        return float(sign * solved.fun)

    return [(extreme(cell, 1), extreme(cell, -1)) for cell in cells]


def small_cells(counts: Ints, table: SafeTable) -> list[tuple[int, int]]:
    """Cells of the published table that had to be withheld."""
    full = counts[:, [names(counts.shape[1]).index(level) for level in table.levels if level != TOGETHER]]
    rows, cols = np.nonzero((full > 0) & (full < SMALLEST))
    return list(zip(rows.tolist(), cols.tolist(), strict=True))


def test_three_more_cells_are_withheld_with_a_small_one() -> None:
    counts = np.array([[40, 3, 25], [12, 30, 0], [50, 11, 60]])
    table = withhold_small_cells(counts, names(3))
    assert np.argwhere(table.withheld).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert bounds_of(table, counts.sum(axis=1), [(0, 1)]) == [(1.0, 32.0)]
    assert table.of_level.tolist() == [102, 44, 85]


def test_rare_levels_are_put_together_until_they_may_be_shown() -> None:
    table = withhold_small_cells(np.array([[40, 2, 3, 30], [40, 0, 1, 30]]), names(4))
    assert table.levels == ("level 0", TOGETHER)
    assert table.pooled == ("level 1", "level 2", "level 3")
    assert table.shown.tolist() == [[40, 35], [40, 31]]


def test_a_column_that_nothing_protects_is_put_together_with_another() -> None:
    # Of the second cluster only one cell is 10 or more, so that no rectangle has three such corners.
    table = withhold_small_cells(np.array([[500, 3, 60], [0, 60, 9]]), names(3))
    assert table.levels == ("level 0", TOGETHER)
    assert table.pooled == ("level 1", "level 2")
    assert table.shown.tolist() == [[500, 63], [0, 69]]


def test_tables_without_small_cells_are_shown_whole() -> None:
    counts = np.array([[40, 0, 25], [12, 30, 10]])
    table = withhold_small_cells(counts, names(3))
    assert table.shown.tolist() == counts.tolist()
    assert table.pooled == ()


tables = st.tuples(st.integers(2, 4), st.integers(2, 6)).flatmap(
    lambda shape: st.lists(
        st.lists(
            st.one_of(st.integers(0, 14), st.integers(10, 90)), min_size=shape[1], max_size=shape[1]
        ).filter(lambda row: sum(row) >= SMALLEST),
        min_size=shape[0],
        max_size=shape[0],
    )
)


@settings(max_examples=40, deadline=None)
@given(rows=tables)
def test_whatever_is_small_stays_anywhere_from_one_to_above_the_threshold(rows: list[list[int]]) -> None:
    counts = np.array(rows)
    table = withhold_small_cells(counts, names(counts.shape[1]))
    shown = table.shown[~table.withheld]
    assert not ((shown > 0) & (shown < SMALLEST)).any()
    assert table.of_level.sum() == counts.sum()
    assert ((table.of_level >= SMALLEST) | (len(table.levels) == 1)).all()
    for (row, col), (low, high) in zip(
        cells := small_cells(counts, table), bounds_of(table, counts.sum(axis=1), cells), strict=True
    ):
        assert low <= 1
        assert high >= SMALLEST, (row, col)


def test_an_attacker_finds_none_of_a_thousand_withheld_cells() -> None:
    """Tables of clusters by area as they occur, each with all its sums, until a thousand small cells are attacked."""
    rng = np.random.default_rng(1)
    attacked, recovered, narrowed = 0, 0, 0
    while attacked < TARGETS:
        shape = int(rng.integers(2, 6)), int(rng.integers(5, 40))
        counts = (rng.gamma(0.6, 1, shape) * rng.gamma(1, 60, shape[1])).astype(np.int64)
        counts[:, 0] += 200
        table = withhold_small_cells(counts, names(shape[1]))
        cells = small_cells(counts, table)[:100]
        bounds = np.array(bounds_of(table, counts.sum(axis=1), cells)).reshape(-1, 2)
        attacked += len(cells)
        recovered += int((np.floor(bounds[:, 1]) == np.ceil(bounds[:, 0])).sum())
        narrowed += int(((bounds[:, 0] > 1) | (bounds[:, 1] < SMALLEST - 1)).sum())
    assert recovered == narrowed == 0


def publish(
    rng: np.random.Generator, labels: Ints, *, words: Sequence[str], areas: Sequence[str]
) -> Published:
    levels = [levels_of("weapon", "incident", list(rng.choice(words, len(labels))))]
    return publish_clusters(labels, levels, pl.Series(list(rng.choice(areas, len(labels)))))


def test_differencing_two_parts_of_one_report_finds_nothing() -> None:
    """Both parts divide the same rows in other clusters, so that one part's shown cells tell the other's totals."""
    rng = np.random.default_rng(2)
    areas = [f"area {index}" for index in range(60)]
    area = np.minimum(rng.geometric(0.06, 3000) - 1, 59)
    parts = [(rng.random(3000) < 0.3 + 0.4 * (area % 2)).astype(int), rng.integers(0, 4, 3000)]
    for labels in map(by_size, parts):
        published = publish_clusters(labels, [], pl.Series([areas[each] for each in area]))
        table = published.areas
        assert table is not None
        # Level totals are given to the attacker anyway; this holds what the other part could tell.
        full = np.stack([np.bincount(area[labels == cluster], minlength=60) for cluster in np.unique(labels)])
        at = [areas.index(level) for level in table.levels if level != TOGETHER]
        cells = [(r, c) for r, c in np.argwhere((full[:, at] > 0) & (full[:, at] < SMALLEST)).tolist()]
        assert len(cells) > 10
        for low, high in bounds_of(table, published.sizes, cells):
            assert low <= 1 < SMALLEST <= high


def test_everything_said_of_clusters_follows_from_the_published_tables() -> None:
    """Rows that differ in withheld cells only, with equal tables, are described in the same words."""
    table = withhold_small_cells(np.array([[40, 3, 25], [12, 30, 20]]), names(3))
    other = withhold_small_cells(np.array([[40, 5, 23], [12, 28, 22]]), names(3))
    told = [
        describe_clusters(
            Published(("cluster 1", "cluster 2"), np.array([68, 62]), {"weapon": each}, None, SMALLEST)
        )
        for each in (table, other)
    ]
    assert told[0] == told[1]
    assert {difference.level for difference in told[0][0].levels} == {"level 0"}


def test_clusters_too_small_to_be_shown_become_undecided() -> None:
    labels = np.repeat([0, 1, 2, -1], [200, 100, 6, 30])
    published = publish(np.random.default_rng(3), labels, words=["a", "b"], areas=["north", "south"])
    assert published.clusters == ("cluster 1", "cluster 2", UNDECIDED)
    assert published.sizes.tolist() == [200, 100, 36]
    assert (published.rows, published.found) == (336, 2)


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(ConfigError, match=r"Expected a threshold of at least 2. Received: 1."):
        withhold_small_cells(np.array([[40, 30]]), names(2), smallest_shown=1)
    with pytest.raises(DataError, match=r"at least 10 rows each. Received: \[40, 4\]. Merge small clusters"):
        withhold_small_cells(np.array([[40], [4]]), names(1))


def test_values_are_floats_with_gaps() -> None:
    shown: Floats = withhold_small_cells(np.array([[40, 3], [30, 30]]), names(2)).shown
    assert np.isnan(shown).sum() == 4
