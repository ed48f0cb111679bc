"""GeoTIFFs and GeoPackages: what comes back is what went in, with names, CRS and place."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio

from exports.geopackage import write_geopackage
from exports.raster import write_raster
from incidents.errors import ConfigError, CrsError, DataError, StoreError
from rasterize.grid import Grid

GRID = Grid("EPSG:26985", west=430_000.0, north=180_300.0, cell_size_m=100.0, rows=3, cols=2)
Z = np.array([[1.25, -2.0], [np.nan, 0.1 + 0.2], [1e-300, 7.0]])


def test_bands_come_back_bit_for_bit_with_their_names(tmp_path: Path) -> None:
    path = tmp_path / "z.tif"
    size = write_raster(path, {"z": Z, "p_fdr": Z**2}, grid=GRID, tags={"city": "test_ville"})
    assert size == path.stat().st_size
    assert [file.name for file in tmp_path.iterdir()] == ["z.tif"]
    with rasterio.open(path) as file:
        assert file.descriptions == ("z", "p_fdr")
        assert np.array_equal(file.read(1), Z, equal_nan=True)
        assert np.array_equal(file.read(2), Z**2, equal_nan=True)
        assert np.isnan(file.nodata)
        assert file.crs == GRID.crs
        assert file.bounds == GRID.bounds
        assert file.tags()["city"] == "test_ville"
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_the_north_is_up(tmp_path: Path) -> None:
    write_raster(tmp_path / "z.tif", {"z": Z}, grid=GRID)
    with rasterio.open(tmp_path / "z.tif") as file:
        (value,) = next(file.sample([(430_150.0, 180_250.0)]))
    assert value == Z[0, 1]


def test_a_large_raster_has_overviews_of_true_values(tmp_path: Path) -> None:
    grid = Grid("EPSG:26985", 0.0, 130_000.0, 100.0, 1300, 1300)
    classes = np.random.default_rng(1).choice([-3.0, 3.0], grid.shape)
    write_raster(tmp_path / "classes.tif", {"class": classes}, grid=grid)
    with rasterio.open(tmp_path / "classes.tif") as file:
        assert file.overviews(1)
        assert set(np.unique(file.read(1, out_shape=(325, 325)))) == {-3.0, 3.0}


def test_what_cannot_be_a_raster_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ending in \.tif or \.tiff\. Received: z\.png"):
        write_raster(tmp_path / "z.png", {"z": Z}, grid=GRID)
    with pytest.raises(DataError, match=r"of shape \(3, 2\)\. Received: none"):
        write_raster(tmp_path / "z.tif", {}, grid=GRID)
    with pytest.raises(DataError, match=r"Received: \{'z': \(2, 3\)\}"):
        write_raster(tmp_path / "z.tif", {"z": Z.T}, grid=GRID)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StoreError, match="Nothing was changed"):
        write_raster(tmp_path / "out" / "z.tif", {"z": Z}, grid=GRID)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_layer_comes_back_in_metres(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "areas.gpkg"
    layer = town.assign(z=[0.1, np.nan, -3.0], note=["", "withheld", ""])
    size = write_geopackage(path, layer)
    assert size == path.stat().st_size
    read = gpd.read_file(path, layer="areas")
    assert read.crs == town.crs
    assert read["z"].tolist()[::2] == [0.1, -3.0]
    assert np.isnan(read["z"][1])
    assert read.geometry.geom_equals(layer.geometry).all()


def test_a_layer_without_rows_is_a_layer(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_geopackage(tmp_path / "none.gpkg", town.iloc[:0])
    read = gpd.read_file(tmp_path / "none.gpkg")
    assert (len(read), read.crs) == (0, town.crs)
    assert "area" in read


def test_what_cannot_be_a_geopackage_is_refused(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ending in \.gpkg\. Received: a\.shp"):
        write_geopackage(tmp_path / "a.shp", town)
    with pytest.raises(CrsError, match="states its CRS"):
        write_geopackage(tmp_path / "a.gpkg", town.set_crs(None, allow_override=True))
