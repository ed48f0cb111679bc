"""Neighborhoods on the grid: labels, outlines and which cells lie inside."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPoint, Point, box
from shapely.ops import voronoi_diagram

from incidents.errors import PolygonError
from rasterize.build import Frame
from rasterize.grid import Grid, cover_polygons
from rasterize.overlay import Overlay, draw_overlay, expand_runs


@pytest.fixture(scope="module")
def mosaic() -> gpd.GeoDataFrame:
    """Thirty irregular polygons that fill an irregular hull."""
    points = np.random.default_rng(3).uniform(0, 5000, (30, 2))
    hull = Point(2500.3, 2500.7).buffer(2611.7, quad_segs=5)
    cells = [cell.intersection(hull) for cell in voronoi_diagram(MultiPoint(points)).geoms]
    return gpd.GeoDataFrame(
        {"area": [f"n{index}" for index in range(len(cells))]}, geometry=cells, crs="EPSG:26985"
    )


@pytest.fixture(scope="module")
def grid(mosaic: gpd.GeoDataFrame) -> Grid:
    return cover_polygons(mosaic, cell_size_m=97.0)


@pytest.fixture(scope="module")
def drawn(mosaic: gpd.GeoDataFrame, grid: Grid) -> Overlay:
    return draw_overlay(mosaic, grid)


def cell_boxes(grid: Grid) -> gpd.GeoSeries:
    """Every cell as a square, in flat order."""
    x, y = np.meshgrid(*grid.cell_centers())
    half = grid.cell_size_m / 2
    squares = [box(cx - half, cy - half, cx + half, cy + half) for cx, cy in zip(x.flat, y.flat, strict=True)]
    return gpd.GeoSeries(squares, crs=grid.crs)


def test_two_squares_by_hand(town_frame: Frame) -> None:
    overlay = town_frame.overlay
    expected = np.full((5, 8), -1)
    expected[1:4, 1:4], expected[1:4, 4:7] = 0, 1
    assert overlay.areas == ("West", "East")
    # GDAL counts a cell as touched by an edge that runs along it, so only inner cells are compared here.
    assert overlay.labels[1:4, 1:7].tolist() == expected[1:4, 1:7].tolist()
    assert overlay.inside[1:4, 1:7].all()
    assert not overlay.outline[2, [2, 5]].any()
    assert overlay.outline[1, 1:7].all()


def test_labels_agree_with_point_in_polygon(mosaic: gpd.GeoDataFrame, grid: Grid, drawn: Overlay) -> None:
    x, y = np.meshgrid(*grid.cell_centers())
    centres = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x.ravel(), y.ravel()), crs=grid.crs)
    held = centres.sjoin(mosaic, predicate="within")
    expected = held["index_right"].reindex(centres.index, fill_value=-1).to_numpy()
    within = expected >= 0
    assert within.sum() > 1500
    np.testing.assert_array_equal(drawn.labels.ravel()[within], expected[within])


def test_cells_that_are_only_touched_take_a_polygon_that_touches_them(
    mosaic: gpd.GeoDataFrame, grid: Grid, drawn: Overlay
) -> None:
    squares = cell_boxes(grid)
    touched = squares.intersects(mosaic.union_all()).to_numpy()
    np.testing.assert_array_equal(drawn.inside.ravel(), touched)
    chosen = mosaic.geometry.iloc[drawn.labels.ravel()[touched]].reset_index(drop=True)
    assert squares[touched].reset_index(drop=True).intersects(chosen).all()


def test_outlines_are_the_cells_that_the_boundaries_cross(
    mosaic: gpd.GeoDataFrame, grid: Grid, drawn: Overlay
) -> None:
    squares = cell_boxes(grid)
    for area, boundary in enumerate(mosaic.boundary):
        _, cells = drawn.outlines_of(np.array([area]))
        np.testing.assert_array_equal(cells, np.flatnonzero(squares.intersects(boundary)))
    np.testing.assert_array_equal(drawn.outline.ravel(), squares.intersects(mosaic.boundary.union_all()))


@given(
    lengths=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    runs=st.lists(st.integers(0, 7), max_size=12),
)
def test_runs_expand_like_a_loop(lengths: list[int], runs: list[int]) -> None:
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    chosen = np.array([run % len(lengths) for run in runs], dtype=np.int64)
    values = np.arange(100, 100 + offsets[-1])
    position, value = expand_runs(offsets, chosen, values)
    expected = [
        (place, int(element))
        for place, run in enumerate(chosen)
        for element in values[offsets[run] : offsets[run + 1]]
    ]
    assert list(zip(position.tolist(), value.tolist(), strict=True)) == expected


def test_no_polygons_are_refused(town: gpd.GeoDataFrame, town_frame: Frame) -> None:
    with pytest.raises(PolygonError) as error:
        draw_overlay(town.iloc[:0], town_frame.grid)
    assert str(error.value) == (
        "Expected at least one polygon. Received: none. Check the layer's file in the config."
    )


def test_polygons_elsewhere_are_refused(town: gpd.GeoDataFrame) -> None:
    far = Grid("EPSG:26985", west=1e6, north=1e6, cell_size_m=100.0, rows=2, cols=2)
    with pytest.raises(PolygonError) as error:
        draw_overlay(town, far)
    assert str(error.value) == (
        "Expected polygons on the grid (1000000.0, 999800.0, 1000200.0, 1000000.0). "
        "Received: (0.0, 0.0, 600.0, 300.0). Reproject them to the crs of the config."
    )
