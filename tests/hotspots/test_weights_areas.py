"""Neighbors of areas, on polygons whose borders are shared, nearly shared, far apart or all the same."""

import geopandas as gpd
import libpysal
import numpy as np
import pytest
from shapely import affinity
from shapely.geometry import MultiPolygon, box

from hotspots.local.neighborhood import SparseNeighborhood
from hotspots.local.weights import areas_within, nearest_areas, touching_areas
from incidents.errors import ConfigError, CrsError, DataError
from incidents.simulate.city import lay_out_city
from incidents.simulate.settings import CityShape

CRS = "EPSG:26985"


def links_of(neighborhood: SparseNeighborhood) -> list[list[int]]:
    dense = neighborhood.links.toarray()
    return [np.flatnonzero(row).tolist() for row in dense]


@pytest.fixture(scope="module")
def tiles() -> gpd.GeoDataFrame:
    """The 40 neighborhoods of a simulated city, whose borders agree to the last digit."""
    city = lay_out_city(CityShape(), rng=np.random.default_rng(3))
    return gpd.GeoDataFrame({"area": city.names}, geometry=city.polygons, crs="EPSG:32618")


@pytest.fixture
def squares() -> gpd.GeoDataFrame:
    """Four squares of 100 m: two share an edge, one only a corner with them, one lies 50 m off."""
    shapes = [box(0, 0, 100, 100), box(100, 0, 200, 100), box(200, 100, 300, 200), box(350, 100, 450, 200)]
    return gpd.GeoDataFrame({"area": list("abcd")}, geometry=shapes, crs=CRS)


def test_touching_by_hand(squares: gpd.GeoDataFrame) -> None:
    queen = touching_areas(squares)
    assert links_of(queen) == [[1], [0, 2], [1], []]
    assert queen.neighbors.tolist() == [1, 2, 1, 0]
    assert queen.add_neighbors(np.array([1.0, 2.0, 4.0, 8.0])).tolist() == [2.0, 5.0, 2.0, 0.0]


def test_borders_drawn_twice_touch(squares: gpd.GeoDataFrame) -> None:
    apart = squares.assign(geometry=[affinity.scale(shape, 0.995, 0.995) for shape in squares.geometry])
    assert links_of(touching_areas(apart)) == links_of(touching_areas(squares))
    assert links_of(touching_areas(apart, gap_m=0.1)) == [[], [], [], []]
    assert links_of(touching_areas(squares, gap_m=50.0))[3] == [2]


def test_distance_and_nearest_by_hand(squares: gpd.GeoDataFrame) -> None:
    assert links_of(areas_within(squares, distance_m=100.0)) == [[1], [0], [], []]
    assert links_of(areas_within(squares, distance_m=150.0)) == [[1], [0, 2], [1, 3], [2]]
    assert links_of(nearest_areas(squares, count=1)) == [[1], [0], [1], [2]]
    assert links_of(nearest_areas(squares, count=3)) == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]]


def test_an_area_of_several_parts_touches_with_each(squares: gpd.GeoDataFrame) -> None:
    parts = MultiPolygon([box(0, 0, 100, 100), box(350, 0, 450, 100)])
    joined = squares.assign(geometry=[parts, *squares.geometry[1:]])
    assert links_of(touching_areas(joined)) == [[1, 3], [0, 2], [1], [0]]


def test_areas_at_one_place_are_each_others_nearest() -> None:
    same = gpd.GeoDataFrame({"area": list("abc")}, geometry=[box(0, 0, 10, 10)] * 3, crs=CRS)
    assert links_of(nearest_areas(same, count=2)) == [[1, 2], [0, 2], [0, 1]]
    assert links_of(areas_within(same, distance_m=1.0)) == [[1, 2], [0, 2], [0, 1]]


def test_equal_to_pysal(tiles: gpd.GeoDataFrame) -> None:
    queen = libpysal.weights.Queen.from_dataframe(tiles, use_index=False)
    np.testing.assert_array_equal(touching_areas(tiles, gap_m=0.0).links.toarray(), queen.sparse.toarray())
    centroids = np.column_stack([tiles.geometry.centroid.x, tiles.geometry.centroid.y])
    band = libpysal.weights.DistanceBand(centroids, threshold=1500.0, silence_warnings=True)
    np.testing.assert_array_equal(
        areas_within(tiles, distance_m=1500.0).links.toarray(), band.sparse.toarray()
    )
    nearest = libpysal.weights.KNN(centroids, k=5)
    np.testing.assert_array_equal(nearest_areas(tiles, count=5).links.toarray(), nearest.sparse.toarray())


def test_turned_moved_or_in_another_unit_neighbors_stay(tiles: gpd.GeoDataFrame) -> None:
    turned = tiles.set_geometry(tiles.geometry.rotate(90, origin=(500_000, 4_500_000)).translate(1e4, -2e4))
    assert links_of(touching_areas(turned)) == links_of(touching_areas(tiles))
    assert links_of(areas_within(turned, distance_m=1234.5)) == links_of(
        areas_within(tiles, distance_m=1234.5)
    )
    assert links_of(nearest_areas(turned, count=4)) == links_of(nearest_areas(tiles, count=4))
    doubled = tiles.set_geometry(tiles.geometry.scale(2, 2, origin=(0, 0)))
    assert links_of(areas_within(doubled, distance_m=2469.0)) == links_of(
        areas_within(tiles, distance_m=1234.5)
    )


def test_error_texts(squares: gpd.GeoDataFrame) -> None:
    with pytest.raises(DataError) as giant:
        touching_areas(squares[:1])
    assert str(giant.value) == (
        "Expected at least 3 areas, of which some stand out from the others. Received: 1. "
        "Use a finer layer, or cells of a grid."
    )
    with pytest.raises(CrsError, match=r"Received: EPSG:4326 \(degrees\)"):
        nearest_areas(squares.set_crs("EPSG:4326", allow_override=True), count=1)
    with pytest.raises(CrsError) as nowhere:
        areas_within(squares.set_crs(None, allow_override=True), distance_m=100.0)
    assert str(nowhere.value) == (
        "Expected polygons in a projected CRS in metres. Received: none stated. "
        "Load them with incidents.polygons.load_layer."
    )
    with pytest.raises(ConfigError) as distance:
        areas_within(squares, distance_m=0.0)
    assert str(distance.value) == (
        "Expected a positive distance in metres. Received: 0.0. Try 1500 for neighborhoods."
    )
    with pytest.raises(ConfigError, match=r"from 1 to 3\. Received: 4"):
        nearest_areas(squares, count=4)
