"""No withheld number can be found from what is shown; no place is exact."""

from itertools import product

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.disclosure import coarsen_to_areas, coarsen_to_cells, withhold_small_counts
from incidents.errors import ConfigError, DataError
from incidents.schema import INCIDENT_SCHEMA
from rasterize.grid import Grid


def incidents_at(x: list[float | None], y: list[float | None], area: list[str | None]) -> pl.DataFrame:
    columns = {name: [None] * len(x) for name in INCIDENT_SCHEMA}
    degrees = [-76.6] * len(x)
    filled = columns | {"x": x, "y": y, "area": area, "lon": degrees, "lat": degrees}
    return pl.DataFrame(filled, schema=INCIDENT_SCHEMA)


@pytest.mark.parametrize(
    ("counts", "withheld", "total"),
    [
        ([40, 12, 0, 25], [], 77),
        # One small count: the smallest other one goes with it.
        ([40, 12, 0, 3], [1, 3], 55),
        # Two small counts whose sum leaves both anywhere between 1 and 9.
        ([40, 12, 4, 6], [2, 3], 62),
        # Two ones: their sum gives them away.
        ([40, 12, 1, 1], [1, 2, 3], 54),
        # Two nines: their sum gives them away, too.
        ([40, 12, 9, 9], [1, 2, 3], 70),
        # Nothing else to withhold: the total goes.
        ([0, 3, 0], [1], None),
        ([], [], 0),
    ],
)
def test_tables_by_hand(counts: list[int], withheld: list[int], total: int | None) -> None:
    safe = withhold_small_counts(np.array(counts, dtype=np.int64))
    assert np.flatnonzero(safe.withheld).tolist() == withheld
    assert safe.total == total
    assert np.isnan(safe.shown).tolist() == safe.withheld.tolist()
    shown = [count for index, count in enumerate(counts) if index not in withheld]
    assert safe.shown[~safe.withheld].tolist() == shown


@given(counts=st.lists(st.integers(0, 6), min_size=1, max_size=5), smallest=st.integers(2, 4))
def test_a_reader_who_subtracts_learns_nothing_about_a_small_count(counts: list[int], smallest: int) -> None:
    table = np.array(counts)
    safe = withhold_small_counts(table, smallest_shown=smallest)
    small = (table > 0) & (table < smallest)
    assert safe.withheld[small].all()
    if safe.total is None or not safe.withheld.any():
        return
    # All tables that would look the same: positive numbers of the same sum in the withheld places, which were
    # all small unless one of them was withheld for the others' sake.
    places, rest = int(safe.withheld.sum()), safe.total - int(np.nansum(safe.shown))
    highest = smallest - 1 if (table[safe.withheld] < smallest).all() else rest
    possible = [t for t in product(range(1, highest + 1), repeat=places) if sum(t) == rest]
    for place in np.flatnonzero(small[safe.withheld]):
        assert {t[place] for t in possible} >= set(range(1, smallest))


@given(counts=st.lists(st.integers(0, 200), max_size=30), smallest=st.integers(2, 20))
def test_at_most_one_large_count_is_withheld_and_all_zeros_are_shown(
    counts: list[int], smallest: int
) -> None:
    table = np.array(counts, dtype=np.int64)
    safe = withhold_small_counts(table, smallest_shown=smallest)
    assert (safe.withheld & (table >= smallest)).sum() <= 1
    assert not safe.withheld[table == 0].any()
    assert safe.total in (int(table.sum()), None)


def test_counts_are_not_changed_in_place() -> None:
    counts = np.array([40, 3, 12])
    withhold_small_counts(counts)
    assert counts.tolist() == [40, 3, 12]


def test_incidents_move_to_the_centres_of_their_cells() -> None:
    grid = Grid("EPSG:26985", west=0.0, north=300.0, cell_size_m=100.0, rows=3, cols=3)
    incidents = incidents_at([10.0, 299.0, 500.0, None], [10.0, 250.0, 10.0, None], [None] * 4)
    moved = coarsen_to_cells(incidents, grid)
    assert moved["x"].to_list() == [50.0, 250.0, None, None]
    assert moved["y"].to_list() == [50.0, 250.0, None, None]
    assert moved["lon"].is_null().all()
    assert moved["lat"].is_null().all()
    assert moved.schema == incidents.schema
    assert moved.drop("x", "y", "lon", "lat").equals(incidents.drop("x", "y", "lon", "lat"))


def test_incidents_move_to_one_point_of_their_neighborhood(town: gpd.GeoDataFrame) -> None:
    x, y = [430_001.0, 430_299.0, 430_700.0, 430_001.0], [180_001.0, 180_150.0, 180_200.0, 180_001.0]
    moved = coarsen_to_areas(incidents_at(x, y, ["West", "West", "East", None]), town)
    points = gpd.GeoSeries.from_xy(moved["x"][:3], moved["y"][:3], crs=town.crs)
    assert points.iloc[0] == points.iloc[1]
    assert town.geometry.iloc[[0, 0, 2]].reset_index(drop=True).contains(points).all()
    assert moved["x"].to_list()[3] is None
    assert moved["lon"].is_null().all()


def test_error_texts() -> None:
    with pytest.raises(ConfigError) as error:
        withhold_small_counts(np.array([1]), smallest_shown=1)
    assert str(error.value) == (
        "Expected a threshold of at least 2. Received: 1. Use 10 unless a rule says otherwise."
    )
    with pytest.raises(DataError) as negative:
        withhold_small_counts(np.array([4, -2]))
    assert str(negative.value) == (
        "Expected counts of incidents. Received: -2. Count them again from the store."
    )
