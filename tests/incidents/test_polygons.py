"""Polygon files are found, dissolved, projected and checked before anything relies on them."""

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from incidents.errors import CrsError, PolygonError
from incidents.polygons import REPAIRED, find_polygon_file, load_layer, search_folders
from incidents.source import PolygonLayer

CRS = "EPSG:26985"
X0, Y0 = 430_000.0, 180_000.0
LAYER = PolygonLayer("areas.gpkg", "name", "people")

Write = Callable[..., gpd.GeoDataFrame]


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    return shapely.box(X0 + west, Y0 + south, X0 + east, Y0 + north)


@pytest.fixture
def load(tmp_path: Path) -> Write:
    """Write shapes in metres to a GeoPackage and load them as a layer."""

    def write_and_load(
        *named: tuple[str | None, shapely.Geometry], people: float | None = 10.0, layer: PolygonLayer = LAYER
    ) -> gpd.GeoDataFrame:
        names, shapes = zip(*named, strict=True)
        frame = gpd.GeoDataFrame({"name": names, "people": people}, geometry=list(shapes), crs=CRS)
        frame.to_file(tmp_path / "areas.gpkg")
        return load_layer(layer, crs=CRS, search=[tmp_path])

    return write_and_load


def test_areas_are_sorted_and_parts_of_one_name_become_one(load: Write) -> None:
    areas = load(("B", box(0, 0, 100, 100)), ("A", box(100, 0, 200, 100)), ("B", box(0, 100, 100, 150)))
    assert areas.columns.tolist() == ["area", "population", "geometry"]
    assert areas["area"].tolist() == ["A", "B"]
    assert areas["population"].tolist() == [10.0, 20.0]
    assert areas.area.tolist() == [10_000.0, 15_000.0]
    assert areas.crs == CRS


def test_residents_are_nan_where_the_layer_names_no_property(load: Write) -> None:
    areas = load(("A", box(0, 0, 1, 1)), layer=PolygonLayer("areas.gpkg", "name"))
    assert np.isnan(areas["population"]).all()


def test_degrees_are_projected_to_metres(tmp_path: Path) -> None:
    square = gpd.GeoDataFrame({"name": ["A"]}, geometry=[box(0, 0, 1000, 1000)], crs=CRS)
    square.to_crs("EPSG:4326").to_file(tmp_path / "areas.geojson")
    areas = load_layer(PolygonLayer("areas.geojson", "name"), crs=CRS, search=[tmp_path])
    assert areas.area.iloc[0] == pytest.approx(1_000_000, rel=1e-6)


def test_numbers_make_ids_without_a_decimal_point(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"name": [7.0, 8.0]}, geometry=[box(0, 0, 1, 1), box(1, 0, 2, 1)], crs=CRS)
    frame.to_file(tmp_path / "areas.gpkg")
    areas = load_layer(PolygonLayer("areas.gpkg", "name"), crs=CRS, search=[tmp_path])
    assert areas["area"].tolist() == ["7", "8"]


def test_a_slip_of_the_pen_is_mended_and_listed(load: Write) -> None:
    spike = shapely.Polygon(
        [(X0, Y0), (X0 + 100, Y0), (X0 + 100, Y0 + 100), (X0, Y0 + 100), (X0 + 1, Y0 - 1)]
    )
    assert not spike.is_valid
    areas = load(("A", spike), ("B", box(200, 0, 300, 100)))
    assert areas.attrs[REPAIRED] == ["A"]
    assert areas.is_valid.all()
    assert areas.area.iloc[0] == pytest.approx(10_000, abs=100)


def test_a_figure_of_eight_is_refused(load: Write, tmp_path: Path) -> None:
    eight = shapely.Polygon([(X0, Y0), (X0 + 100, Y0 + 100), (X0 + 100, Y0), (X0, Y0 + 100)])
    with pytest.raises(PolygonError) as caught:
        load(("A", eight), layer=PolygonLayer("areas.gpkg", "name", sliver_m2=100.0))
    assert str(caught.value) == (
        f"Expected valid polygons in {tmp_path / 'areas.gpkg'}. Received: area 'A' is invalid "
        "(Self-intersection[430050 180050]), and 5000 m2 of it are in doubt. "
        "Repair its outline (for example QGIS: Fix geometries), or raise sliver_m2 of this layer."
    )


def test_overlaps_larger_than_a_sliver_are_refused(load: Write, tmp_path: Path) -> None:
    load(("A", box(0, 0, 100, 100)), ("B", box(95, 0, 200, 100)), ("C", box(200, 0, 300, 100)))
    with pytest.raises(PolygonError) as caught:
        load(
            ("A", box(0, 0, 100, 100)),
            ("B", box(80, 0, 200, 100)),
            layer=PolygonLayer("areas.gpkg", "name", None, 1500.0),
        )
    assert str(caught.value) == (
        f"Expected areas that do not overlap by more than 1500 m2 in {tmp_path / 'areas.gpkg'}. "
        "Received: 'A' and 'B' share 2000 m2. Correct their outlines, or raise sliver_m2 of this layer."
    )


def test_an_area_within_another_is_an_overlap(load: Write) -> None:
    with pytest.raises(PolygonError, match="'A' and 'B' share 2500 m2"):
        load(("A", box(0, 0, 100, 100)), ("B", box(20, 20, 70, 70)))


def test_the_same_outline_twice_under_two_names_is_an_overlap(load: Write) -> None:
    with pytest.raises(PolygonError, match="share 10000 m2"):
        load(("A", box(0, 0, 100, 100)), ("B", box(0, 0, 100, 100)))


def test_points_are_refused(load: Write) -> None:
    with pytest.raises(PolygonError, match="Received: Point for area 'A'"):
        load(("A", shapely.Point(X0, Y0)))


def test_features_without_ground_are_left_out_unless_they_are_all_there_is(load: Write) -> None:
    areas = load(("A", box(0, 0, 1, 1)), ("A", shapely.Polygon()))
    assert areas["area"].tolist() == ["A"]
    with pytest.raises(PolygonError, match="Received: none for B"):
        load(("A", box(0, 0, 1, 1)), ("B", shapely.Polygon()))


def test_a_feature_without_a_name_is_refused(load: Write) -> None:
    with pytest.raises(PolygonError, match="Received: 2 features, 1 without it"):
        load(("A", box(0, 0, 1, 1)), (None, box(1, 0, 2, 1)))


def test_residents_that_are_no_numbers_are_refused(load: Write) -> None:
    layer = PolygonLayer("areas.gpkg", "name", "name")
    with pytest.raises(PolygonError, match="Expected numbers of residents in 'name' of"):
        load(("A", box(0, 0, 1, 1)), layer=layer)


def test_an_unknown_property_names_the_nearest(load: Write, tmp_path: Path) -> None:
    with pytest.raises(PolygonError) as caught:
        load(("A", box(0, 0, 1, 1)), layer=PolygonLayer("areas.gpkg", "nmae"))
    assert str(caught.value) == (
        f"Expected the property 'nmae' in {tmp_path / 'areas.gpkg'}. Received: name. "
        "Correct id or population of this layer in the city's YAML."
    )


@pytest.mark.parametrize(
    ("crs", "received"),
    [
        ("EPSG:4326", "EPSG:4326 (degrees)"),
        ("EPSG:2248", "EPSG:2248 (US survey foot)"),
        ("EPSG:0", "EPSG:0, which is unknown"),
        ("EPSG:4978", "EPSG:4978 (degrees)"),
    ],
)
def test_only_metres_will_do(crs: str, received: str) -> None:
    with pytest.raises(CrsError) as caught:
        load_layer(LAYER, crs=crs, search=[])
    assert str(caught.value) == (
        f"Expected a projected CRS in metres. Received: {received}. "
        "Name a projected CRS in metres in the city's YAML under crs, such as its UTM or state plane zone."
    )


def test_a_file_without_a_crs_is_refused(tmp_path: Path) -> None:
    gpd.GeoDataFrame({"name": ["A"]}, geometry=[box(0, 0, 1, 1)], crs=CRS).to_file(tmp_path / "areas.shp")
    (tmp_path / "areas.prj").unlink()
    with pytest.raises(CrsError, match=r"Received: none in .*areas.shp. Add the .prj file"):
        load_layer(PolygonLayer("areas.shp", "name"), crs=CRS, search=[tmp_path])


def test_metres_under_the_name_of_degrees_are_refused(tmp_path: Path) -> None:
    ring = [[X0, Y0], [X0 + 1, Y0], [X0 + 1, Y0 + 1], [X0, Y0]]
    feature = {
        "type": "Feature",
        "properties": {"name": "A"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    (tmp_path / "areas.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    with pytest.raises(CrsError, match="Expected coordinates in WGS 84"):
        load_layer(PolygonLayer("areas.geojson", "name"), crs=CRS, search=[tmp_path])


def test_a_file_that_is_no_polygon_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "areas.gpkg").write_text("no polygons here")
    with pytest.raises(PolygonError, match="Fetch the file again"):
        load_layer(LAYER, crs=CRS, search=[tmp_path])


def test_folders_are_searched_in_order_and_bare_names_last(tmp_path: Path) -> None:
    folders = search_folders(
        config_folder=tmp_path / "config",
        data_folders=[tmp_path / "data"],
        incident_files=[tmp_path / "delivery" / "a.csv", tmp_path / "delivery" / "b.csv"],
        polygon_folders=[tmp_path / "polygons", tmp_path / "data"],
    )
    assert [folder.name for folder in folders] == ["config", "data", "delivery", "polygons"]
    found = []
    for place in ("delivery/areas.gpkg", "polygons/city/areas.gpkg", "data/city/areas.gpkg"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).touch()
        found.append(find_polygon_file("city/areas.gpkg", folders).relative_to(tmp_path).as_posix())
    assert found == ["delivery/areas.gpkg", "polygons/city/areas.gpkg", "data/city/areas.gpkg"]


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(PolygonError) as caught:
        find_polygon_file("city/areas.gpkg", [tmp_path / "a", tmp_path / "b"])
    assert str(caught.value) == (
        f"Expected the polygon file city/areas.gpkg. Received: nothing of that name in {tmp_path / 'a'}, "
        f"{tmp_path / 'b'}. Download it from the city's portal into one of these folders, or name its folder "
        "in TOCSIN_DATA."
    )
