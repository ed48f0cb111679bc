"""A point falls in exactly the area that covers it, and its coordinates are repaired or refused."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from incidents.location import find_areas, locate

CRS = "EPSG:26985"
X0, Y0 = 430_000.0, 180_000.0
ORIGIN = np.array([X0, Y0])
Floats = npt.NDArray[np.float64]


def layer(shapes: dict[str, shapely.Geometry]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"area": list(shapes)}, geometry=list(shapes.values()), crs=CRS)


@pytest.fixture(scope="module")
def blocks() -> gpd.GeoDataFrame:
    """Four blocks of a kilometre that share borders and one corner."""
    place = {"A": (0, 0), "B": (1, 0), "C": (0, 1), "D": (1, 1)}
    return layer(
        {
            name: shapely.box(X0 + 1000 * i, Y0 + 1000 * j, X0 + 1000 * (i + 1), Y0 + 1000 * (j + 1))
            for name, (i, j) in place.items()
        }
    )


def metres(*points: tuple[float, float]) -> tuple[Floats, Floats]:
    x, y = np.array(points, dtype=float).T
    return X0 + x, Y0 + y


def degrees(*points: tuple[float, float]) -> tuple[Floats, Floats]:
    lon, lat = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(*metres(*points))
    return lon, lat


def test_points_inside_on_borders_and_outside(blocks: gpd.GeoDataFrame) -> None:
    x, y = metres(
        (500, 500), (1500, 500), (1000, 500), (1000, 1000), (0, 0), (2000, 2000), (-1, 500), (500, 2001)
    )
    assert find_areas(x, y, blocks).tolist() == [0, 1, 0, 0, 0, 3, -1, -1]


def test_missing_coordinates_fall_nowhere(blocks: gpd.GeoDataFrame) -> None:
    assert find_areas(np.array([np.nan, X0 + 1]), np.array([Y0, np.nan]), blocks).tolist() == [-1, -1]
    assert find_areas(np.array([]), np.array([]), blocks).tolist() == []


@given(
    st.lists(
        st.tuples(*[st.sampled_from([-1.0, 0.0, 250.0, 999.999, 1000.0, 1500.0, 2000.0, 2000.1])] * 2),
        min_size=1,
    )
)
def test_a_border_belongs_to_one_block_in_any_order_of_the_points(
    blocks: gpd.GeoDataFrame, points: list[tuple[float, float]]
) -> None:
    found = find_areas(*metres(*points), blocks)
    shapes = list(blocks.geometry)
    for point, area in zip(points, found, strict=True):
        covering = [
            row
            for row, shape in enumerate(shapes)
            if shape.covers(shapely.Point(X0 + point[0], Y0 + point[1]))
        ]
        assert area == (covering[0] if covering else -1)
    assert find_areas(*metres(*points[::-1]), blocks).tolist() == found.tolist()[::-1]


def test_ragged_areas_agree_with_a_spatial_join() -> None:
    rng = np.random.default_rng(7)
    seeds = shapely.multipoints(rng.uniform(0, 8000, (60, 2)) + ORIGIN)
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds))
    holes = shapely.buffer(shapely.points(rng.uniform(0, 8000, (20, 2)) + ORIGIN), 150)
    areas = layer(
        {f"{row:03d}": shape for row, shape in enumerate(shapely.difference(cells, shapely.union_all(holes)))}
    )
    points = rng.uniform(-500, 8500, (20_000, 2)) + ORIGIN
    joined = gpd.GeoDataFrame(geometry=shapely.points(points), crs=CRS).sjoin(
        areas, how="left", predicate="within"
    )
    expected = joined["index_right"].fillna(-1).astype(int).tolist()
    assert find_areas(points[:, 0], points[:, 1], areas).tolist() == expected
    assert -1 in expected


def test_swapped_coordinates_are_put_right(blocks: gpd.GeoDataFrame) -> None:
    lon, lat = degrees((500, 500), (1500, 500))
    found = locate(np.array([lat[0], lon[1]]), np.array([lon[0], lat[1]]), blocks, tolerance_m=1000)
    np.testing.assert_array_equal(found.lon, lon)
    np.testing.assert_array_equal(found.lat, lat)
    assert found.area.tolist() == [0, 1]
    assert found.swapped.tolist() == [True, False]
    np.testing.assert_allclose(found.x, metres((500, 500), (1500, 500))[0], atol=1e-3)


def test_points_near_the_city_are_kept_and_far_ones_are_outside(blocks: gpd.GeoDataFrame) -> None:
    lon, lat = degrees((-999, 500), (-1001, 500), (-900, -900), (90_000, 500))
    lon, lat = np.append(lon, [0.0, 500.0, np.nan]), np.append(lat, [0.0, 95.0, 39.0])
    found = locate(lon, lat, blocks, tolerance_m=1000)
    assert found.tolerated.tolist() == [True, False, False, False, False, False, False]
    assert found.outside.tolist() == [False, True, True, True, True, True, False]
    assert (found.area == -1).all()


def test_every_given_coordinate_is_in_an_area_or_near_or_outside(blocks: gpd.GeoDataFrame) -> None:
    rng = np.random.default_rng(3)
    lon, lat = degrees(*rng.uniform(-3000, 5000, (2000, 2)).tolist())
    lon[::7] = np.nan
    found = locate(lon, lat, blocks, tolerance_m=500)
    kinds = np.stack([found.area >= 0, found.tolerated, found.outside, np.isnan(lon)])
    assert (kinds.sum(axis=0) == 1).all()
    assert kinds.any(axis=1).all()
    city = shapely.union_all(blocks.geometry.array)
    projected = np.isfinite(found.x)
    distance = np.full(len(lon), np.inf)
    distance[projected] = shapely.distance(shapely.points(found.x[projected], found.y[projected]), city)
    assert (distance[found.tolerated] <= 500).all()
    assert (distance[found.outside] > 500).all()


def test_arguments_are_left_as_they_are(blocks: gpd.GeoDataFrame) -> None:
    lon, lat = degrees((500, 500))
    before = lon.copy(), lat.copy()
    locate(lat, lon, blocks, tolerance_m=10)
    np.testing.assert_array_equal((lon, lat), before)
