"""Cells: every point in exactly one, whole multiples of the cell size, metres only."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from incidents.errors import ConfigError, CrsError
from rasterize.grid import Grid, cover_polygons

GRID = Grid("EPSG:26985", west=1000.0, north=5000.0, cell_size_m=250.0, rows=12, cols=9)
NUMBERS = st.floats(-1e5, 1e5, allow_nan=False)
# Eighths of a metre are exact in binary, so no rounding moves a point over an edge.
EIGHTHS = st.integers(-800_000, 800_000).map(lambda eighths: eighths / 8)


def square(
    west: float, south: float, east: float, north: float, crs: str | None = "EPSG:26985"
) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"area": ["a"]}, geometry=[box(west, south, east, north)], crs=crs)


def test_corners_of_a_cell_by_hand() -> None:
    # The north-west corner belongs to the first cell; the south and east edges to its neighbours.
    row, col = GRID.locate(
        np.array([1000.0, 1249.9, 1250.0, 1000.0, 999.9]), np.array([5000.0, 4750.1, 4900.0, 4750.0, 5000.0])
    )
    assert row.tolist() == [0, 0, 0, 1, -1]
    assert col.tolist() == [0, 0, 1, 0, -1]


def test_transform_and_bounds_by_hand() -> None:
    assert GRID.bounds == (1000.0, 2000.0, 3250.0, 5000.0)
    assert GRID.transform == (250.0, 0.0, 1000.0, 0.0, -250.0, 5000.0)


def test_cover_by_hand() -> None:
    grid = cover_polygons(square(120.0, -30.0, 480.0, 200.0), cell_size_m=100.0)
    assert (grid.west, grid.north, grid.rows, grid.cols) == (100.0, 200.0, 3, 4)


@given(x=NUMBERS, y=NUMBERS)
def test_a_point_is_in_the_one_cell_whose_edges_enclose_it(x: float, y: float) -> None:
    west, south, east, north = GRID.bounds
    row, col = (int(index) for index in GRID.locate(np.array(x), np.array(y)))
    if west <= x < east and south < y <= north:
        left, top = west + col * 250.0, north - row * 250.0
        assert left <= x < left + 250.0
        assert top - 250.0 < y <= top
    else:
        assert (row, col) == (-1, -1)


@given(
    corner=st.tuples(EIGHTHS, EIGHTHS),
    size=st.tuples(st.integers(1, 50_000), st.integers(1, 50_000)),
    cell=st.integers(10, 5000),
)
def test_every_corner_of_the_polygons_is_on_the_grid(
    corner: tuple[float, float], size: tuple[int, int], cell: int
) -> None:
    polygons = square(*corner, corner[0] + size[0], corner[1] + size[1])
    grid = cover_polygons(polygons, cell_size_m=cell)
    x, y = polygons.geometry.iloc[0].exterior.coords.xy
    row, col = grid.locate(np.array(x), np.array(y))
    assert (row >= 0).all()
    assert {0, grid.rows - 1} == set(row.tolist())
    assert {0, grid.cols - 1} == set(col.tolist())


@given(
    cells=st.tuples(st.integers(-40, 40), st.integers(-40, 40)),
    eighths=st.tuples(st.integers(0, 17_999), st.integers(1, 24_000)),
)
def test_shifting_points_by_whole_cells_shifts_their_cells(
    cells: tuple[int, int], eighths: tuple[int, int]
) -> None:
    x, y = np.array(1000.0 + eighths[0] / 8), np.array(2000.0 + eighths[1] / 8)
    wide = Grid(
        "EPSG:26985", west=1000.0 - 40 * 250, north=5000.0 + 40 * 250, cell_size_m=250.0, rows=92, cols=89
    )
    row, col = wide.locate(x, y)
    moved_row, moved_col = wide.locate(x + cells[0] * 250.0, y + cells[1] * 250.0)
    assert (int(moved_row - row), int(moved_col - col)) == (-cells[1], cells[0])


def test_cells_agree_with_rasterio() -> None:
    from affine import Affine
    from rasterio.transform import rowcol

    rng = np.random.default_rng(7)
    x, y = rng.uniform(1000, 3250, 500), rng.uniform(2000, 5000, 500)
    expected = np.array(rowcol(Affine(*GRID.transform), x, y))
    np.testing.assert_array_equal(GRID.locate(x, y), expected)


def test_centers_fall_in_their_own_cells() -> None:
    x, y = GRID.cell_centers()
    row, col = GRID.locate(*np.meshgrid(x, y))
    np.testing.assert_array_equal(row, np.arange(12)[:, np.newaxis] * np.ones(9, dtype=int))
    np.testing.assert_array_equal(col, np.ones((12, 1), dtype=int) * np.arange(9))


def test_round_trip() -> None:
    assert Grid.from_dict(GRID.to_dict()) == GRID


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2248"])
def test_degrees_and_feet_are_refused(crs: str) -> None:
    with pytest.raises(CrsError) as error:
        cover_polygons(square(0, 0, 1, 1, crs), cell_size_m=100.0)
    assert str(error.value) == (
        f"Expected a projected CRS in metres. Received: {crs}. "
        "Name one under crs in the city's config, e.g. EPSG:26985."
    )


def test_a_missing_crs_is_refused() -> None:
    with pytest.raises(CrsError, match=r"^Expected a projected CRS in metres\. Received: None\."):
        cover_polygons(square(0, 0, 1, 1, None), cell_size_m=100.0)


def test_a_cell_size_of_zero_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        cover_polygons(square(0, 0, 1, 1), cell_size_m=0.0)
    assert str(error.value) == (
        "Expected a positive cell size in metres. Received: 0.0. Set raster.cell_size_m in the config."
    )


def test_too_many_cells_are_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^Expected at most 32767 rows and columns\. Received: 2 x 40001 cells"
    ):
        cover_polygons(square(0, 0, 40_000, 1), cell_size_m=1.0)
