"""Rates by distance to the nearest place: exact in the simple case, and honest about what is uncertain."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from hotspots.places.distance_bands import Scatter, lay_ground, rates_by_distance, stratify_by_tiles
from incidents.errors import ConfigError, DataError

Floats = npt.NDArray[np.float64]


def scatter(x: npt.ArrayLike, y: npt.ArrayLike, stratum: npt.ArrayLike, weight: float = 1.0) -> Scatter:
    east = np.asarray(x, float)
    return Scatter(
        east, np.asarray(y, float), np.full(east.size, weight), np.asarray(stratum, dtype=np.int64)
    )


def test_rates_by_hand() -> None:
    # One place at 2000 m. Near it 2 km2 in stratum 0 and 1 km2 in stratum 1, farther 1 and 2 km2.
    ground = scatter([2010, 2020, 2030, 2150, 2160, 2170], [500] * 6, [0, 0, 1, 0, 1, 1])
    # Stratum 0: 8 near and 2 far; stratum 1: 3 near and 2 far; one beyond, one in no stratum.
    incidents = scatter(
        [2050] * 11 + [2150] * 4 + [2900, 2050], [500] * 17, [0] * 8 + [1] * 3 + [0, 0, 1, 1, 0, -1]
    )
    found = rates_by_distance(
        incidents,
        ground,
        [2000.0],
        [500.0],
        edges_m=[100.0, 200.0],
        replicates=500,
        rng=np.random.default_rng(1),
    )
    assert found.incidents.tolist() == [11.0, 4.0]
    assert found.exposure.tolist() == [3.0, 3.0]
    assert found.rate.tolist() == pytest.approx([11 / 3, 4 / 3])
    pooled = (8 * 1 / 3 + 3 * 2 / 3) / (2 * 2 / 3 + 2 * 1 / 3)
    assert found.ratio.tolist() == pytest.approx([pooled, 1.0])
    # Drawn alone, stratum 0 has a ratio of (8/2) / (2/1) and stratum 1 of (3/1) / (2/2).
    assert (found.ratio_lo[0], found.ratio_hi[0]) == pytest.approx((2.0, 3.0))
    assert found.ratio_of(0).lo == found.ratio_lo[0]


def test_poisson_intervals_are_exact() -> None:
    ground = scatter([2010, 2150] * 2, [500] * 4, [0, 0, 1, 1], weight=0.5)
    incidents = scatter([2050] * 7, [500] * 7, [0] * 7)
    found = rates_by_distance(
        incidents,
        ground,
        [2000.0],
        [500.0],
        edges_m=[100.0, 200.0],
        replicates=9,
        rng=np.random.default_rng(1),
    )
    low, high = found.poisson_lo[0], found.poisson_hi[0]
    assert poisson.sf(6, low) == pytest.approx(0.025)
    assert poisson.cdf(7, high) == pytest.approx(0.025)
    assert (found.poisson_lo[1], found.poisson_hi[1]) == pytest.approx((0.0, -np.log(0.025)))


def test_busier_neighborhoods_do_not_count_for_their_places() -> None:
    # Stratum 1 is ten times as busy and all near a place; within strata nothing depends on the distance.
    rng = np.random.default_rng(2)
    ground_x = np.concatenate([rng.uniform(2000, 2600, 3000), rng.uniform(2000, 2200, 3000)])
    stratum = np.repeat([0, 1], 3000)
    ground = scatter(ground_x, np.full(6000, 500.0), stratum, weight=0.001)
    x = np.concatenate([rng.uniform(2000, 2600, 600), rng.uniform(2000, 2200, 6000)])
    incidents = scatter(x, np.full(6600, 500.0), np.repeat([0, 1], [600, 6000]))
    found = rates_by_distance(
        incidents, ground, [2000.0], [500.0], edges_m=[100.0, 200.0, 600.0], replicates=50, rng=rng
    )
    assert found.rate[0] / found.rate[-1] > 5
    # The busy stratum has no ground in the last band, so it has nothing to compare with.
    assert found.ratio[0] == pytest.approx(1.0, abs=0.25)


@given(factor=st.floats(0.1, 10))
def test_another_unit_of_exposure_changes_rates_only(factor: float) -> None:
    rng = np.random.default_rng(3)
    x, y, stratum = rng.uniform(1000, 3000, 200), rng.uniform(1000, 3000, 200), rng.integers(0, 5, 200)
    incidents, places = scatter(x[:90], y[:90], stratum[:90]), rng.uniform(1000, 3000, (2, 6))
    one, other = (
        rates_by_distance(
            incidents,
            scatter(x[90:], y[90:], stratum[90:], weight),
            *places,
            edges_m=[200.0, 600.0],
            replicates=20,
            rng=np.random.default_rng(4),
        )
        for weight in (1.0, factor)
    )
    np.testing.assert_allclose(other.rate * factor, one.rate)
    np.testing.assert_allclose(other.hi * factor, one.hi)
    np.testing.assert_allclose(other.ratio, one.ratio)
    np.testing.assert_allclose(other.ratio_lo, one.ratio_lo)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(120):
        level = rng.gamma(4, 0.25, 40)
        stratum = np.arange(40)
        ground = scatter(np.tile([2050.0, 2300.0], 40), np.full(80, 500.0), np.repeat(stratum, 2))
        near, far = rng.poisson(20 * level), rng.poisson(10 * level)
        incidents = scatter(
            np.concatenate([np.full(near.sum(), 2050.0), np.full(far.sum(), 2300.0)]),
            np.full(near.sum() + far.sum(), 500.0),
            np.concatenate([np.repeat(stratum, near), np.repeat(stratum, far)]),
        )
        found = rates_by_distance(
            incidents, ground, [2000.0], [500.0], edges_m=[100.0, 400.0], replicates=200, rng=rng
        )
        held += found.ratio_lo[0] <= 2.0 <= found.ratio_hi[0]
    assert 0.86 <= held / 120 <= 0.99


@pytest.fixture
def town() -> gpd.GeoDataFrame:
    """A triangle beside a square with a hole."""
    shapes = [
        shapely.Polygon([(2000, 2000), (4000, 2000), (2000, 4000)]),
        shapely.box(4000, 2000, 6000, 4000).difference(shapely.box(4500, 2500, 5500, 3500)),
    ]
    return gpd.GeoDataFrame({"area": ["a", "b"]}, geometry=shapes, crs="EPSG:26985")


def test_the_ground_covers_the_city(town: gpd.GeoDataFrame) -> None:
    ground = lay_ground(town, spacing_m=20.0)
    areas = np.bincount(ground.stratum, ground.weight)
    np.testing.assert_allclose(areas, town.area / 1e6, rtol=0.02)
    assert len({*zip(ground.x, ground.y, strict=True)}) == ground.x.size
    assert shapely.covers(town.union_all(), shapely.points(ground.x, ground.y)).all()


def test_tiles_stand_for_neighborhoods(town: gpd.GeoDataFrame) -> None:
    ground = lay_ground(town, spacing_m=50.0)
    incidents = scatter(
        [2100.0, 5900.0, 5000.0, 9000.0, np.nan], [2100.0, 3900.0, 3000.0, 9000.0, 1.0], [0] * 5
    )
    tiled, tiles = stratify_by_tiles(incidents, ground, side_m=500.0)
    assert tiled.stratum[0] == tiles.stratum[(ground.x < 2500) & (ground.y < 2500)][0]
    assert tiled.stratum[1] == tiles.stratum[(ground.x > 5500) & (ground.y > 3500)][0]
    assert tiled.stratum[2:].tolist() == [-1, -1, -1]
    assert tiles.stratum.max() + 1 == len({*zip(ground.x // 500, ground.y // 500, strict=True)})
    assert incidents.stratum.tolist() == [0] * 5


def test_error_texts(town: gpd.GeoDataFrame) -> None:
    ground, rng = lay_ground(town), np.random.default_rng(0)
    incidents = scatter([2100.0], [2100.0], [0])
    with pytest.raises(DataError) as none:
        rates_by_distance(incidents, ground, [np.nan], [np.nan], rng=rng)
    assert "Expected points with coordinates. Received: 1 points, all without." in str(none.value)
    with pytest.raises(DataError, match=r"Expected places of interest\. Received: none"):
        rates_by_distance(incidents, ground, [], [], rng=rng)
    with pytest.raises(ConfigError, match="Expected two bands or more"):
        rates_by_distance(incidents, ground, [2e3], [2e3], edges_m=[100.0], rng=rng)
    with pytest.raises(DataError) as away:
        rates_by_distance(incidents, ground, [9e5], [9e5], rng=rng)
    assert str(away.value) == (
        "Expected ground near the places in two neighborhoods or more, some of it in the last band. Received: "
        "0 neighborhoods, 0 units in the last band. Choose wider bands or smaller neighborhoods."
    )
    with pytest.raises(ConfigError, match=r"Expected tiles of a positive number of metres. Received: 0.0"):
        stratify_by_tiles(incidents, ground, side_m=0.0)
