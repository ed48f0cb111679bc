"""Results as layers: one row for each place that has a result, squares where the cells are."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapely.geometry import box

from hotspots.layers import areas_layer, cells_layer
from hotspots.local.gi_star import gi_star
from hotspots.local.weights import touching_areas, touching_cells
from hotspots.points import Bools, Floats
from incidents.errors import DataError
from rasterize.grid import Grid

GRID = Grid("EPSG:26985", west=100.0, north=900.0, cell_size_m=50.0, rows=4, cols=5)


def test_cells_by_hand() -> None:
    bands = {"z": np.full(GRID.shape, np.nan), "p": np.full(GRID.shape, np.nan)}
    bands["z"][0, 1], bands["p"][0, 1], bands["p"][3, 4] = 2.5, 0.01, 1.0
    layer = cells_layer(GRID, bands)
    assert layer.columns.tolist() == ["row", "col", "z", "p", "geometry"]
    assert layer[["row", "col", "p"]].to_numpy().tolist() == [[0, 1, 0.01], [3, 4, 1.0]]
    assert layer.geometry[0].equals(box(150, 850, 200, 900))
    assert layer.geometry[1].equals(box(300, 700, 350, 750))
    assert layer.crs == GRID.crs


@given(
    counts=arrays(np.float64, GRID.shape, elements=st.integers(0, 9)),
    inside=arrays(bool, GRID.shape).filter(lambda mask: mask.any()),
)
@settings(deadline=None, max_examples=25)
def test_a_round_trip_through_the_grid(counts: Floats, inside: Bools) -> None:
    found = gi_star(counts, touching_cells(inside))
    layer = cells_layer(GRID, found.bands)
    row, col = GRID.locate(layer.geometry.centroid.x.to_numpy(), layer.geometry.centroid.y.to_numpy())
    assert len(layer) == inside.sum()
    for name, band in found.bands.items():
        np.testing.assert_array_equal(layer[name], band[row, col])


def test_areas_by_hand() -> None:
    town = gpd.GeoDataFrame(
        {"area": list("abc"), "population": [1.0, 2.0, 3.0]},
        geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1), box(2, 0, 3, 1)],
        crs=GRID.crs,
    )
    found = gi_star([5.0, 1.0, 0.0], touching_areas(town, gap_m=0.0))
    layer = areas_layer(town, found.bands)
    assert layer.columns.tolist() == ["area", "z", "p", "p_fdr", "count", "geometry"]
    assert layer["count"].tolist() == [5.0, 1.0, 0.0]
    assert "z" not in town.columns


def test_error_texts() -> None:
    with pytest.raises(DataError) as shape:
        cells_layer(GRID, {"z": np.zeros((5, 4))})
    assert str(shape.value) == (
        "Expected one or more bands of shape (4, 5). Received: {'z': (5, 4)}. "
        "Pass the bands of a result on these cells or areas."
    )
    with pytest.raises(DataError, match=r"shape \(4, 5\)\. Received: none"):
        cells_layer(GRID, {})
