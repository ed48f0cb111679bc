"""Baltimore's own neighborhoods on the grid of its config."""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest

from rasterize.grid import Grid, cover_polygons
from rasterize.overlay import Overlay, draw_overlay

pytestmark = pytest.mark.realdata

FILE = Path("baltimore/neighborhoods_census2010.geojson")
FOLDERS = [
    *os.environ.get("TOCSIN_DATA", "").split(os.pathsep),
    str(Path(__file__).parents[3] / "shared" / "data"),
]


@pytest.fixture(scope="module")
def neighborhoods() -> gpd.GeoDataFrame:
    files = [Path(folder) / FILE for folder in FOLDERS if folder and (Path(folder) / FILE).is_file()]
    if not files:
        pytest.skip(f"no {FILE} under TOCSIN_DATA or ../shared/data")
    return gpd.read_file(files[0]).rename(columns={"name": "area"}).to_crs("EPSG:26985")


@pytest.fixture(scope="module")
def grid(neighborhoods: gpd.GeoDataFrame) -> Grid:
    return cover_polygons(neighborhoods, cell_size_m=500)


@pytest.fixture(scope="module")
def overlay(neighborhoods: gpd.GeoDataFrame, grid: Grid) -> Overlay:
    return draw_overlay(neighborhoods, grid)


def test_the_grid_covers_the_city(grid: Grid, overlay: Overlay) -> None:
    assert grid.shape == (40, 33)
    # The city has 239 km2 with its water, of which the neighborhoods leave out the harbour.
    assert 200 < overlay.inside.sum() * 0.25 < 300


def test_labels_are_the_neighborhoods_at_the_centres(
    neighborhoods: gpd.GeoDataFrame, grid: Grid, overlay: Overlay
) -> None:
    x, y = np.meshgrid(*grid.cell_centers())
    centres = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x.ravel(), y.ravel()), crs=grid.crs)
    held = centres.sjoin(neighborhoods[["geometry"]], predicate="within")["index_right"]
    sure = held[~held.index.duplicated(keep=False)]
    assert len(sure) > 800
    np.testing.assert_array_equal(overlay.labels.ravel()[sure.index], sure)


def test_every_neighborhood_has_an_outline(overlay: Overlay) -> None:
    assert len(overlay.areas) == 278
    assert (np.diff(overlay.outline_offsets) > 0).all()
