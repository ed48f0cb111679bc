import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from incidents.simulate.city import CENTRE, City, lay_out_city
from incidents.simulate.risk import HotSpots, RiskSurface, keep_within, map_risk, place_factor
from incidents.simulate.settings import CityShape, PlaceKind

NOWHERE = HotSpots(np.empty((0, 2)), 0.0, 100.0)


def city_with(*places: PlaceKind, seed: int = 5) -> City:
    return lay_out_city(CityShape(12, 3, 3000.0, 9000, places), rng=np.random.default_rng(seed))


def surface_of(city: City, hot_spots: HotSpots | None = NOWHERE) -> RiskSurface:
    return map_risk(city, spread=0.5, hot_spots=hot_spots, rng=np.random.default_rng(6))


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    neighborhoods=st.integers(2, 80),
    extent_m=st.floats(1000, 30_000),
)
def test_neighborhoods_partition_the_city(seed: int, neighborhoods: int, extent_m: float) -> None:
    shape = CityShape(neighborhoods, 2, extent_m, 10_000)
    city = lay_out_city(shape, rng=np.random.default_rng(seed))
    assert shapely.is_valid(city.polygons).all()
    assert (shapely.area(city.polygons) > 0).all()
    assert shapely.area(city.polygons).sum() == pytest.approx(city.outline.area, abs=extent_m * 0.01)
    one, other = shapely.STRtree(city.polygons).query(city.polygons, predicate="overlaps")
    assert (
        shapely.area(shapely.intersection(city.polygons[one], city.polygons[other])).sum() < extent_m * 0.01
    )
    assert city.population.sum() == 10_000
    assert np.unique(city.names).size == neighborhoods
    reach = np.hypot(*(shapely.get_coordinates(city.outline) - CENTRE).T)
    assert reach.max() == pytest.approx(extent_m / 2, abs=0.02)


def test_many_neighborhoods_still_have_unique_names() -> None:
    city = lay_out_city(CityShape(700, 4, 9000.0), rng=np.random.default_rng(1))
    assert np.unique(city.names).size == 700


def test_the_nearest_seed_names_the_neighborhood() -> None:
    city = city_with()
    points = surface_of(city).draw(2000, rng=np.random.default_rng(1))
    containing = [int(np.flatnonzero(shapely.contains_xy(city.polygons, *point))[0]) for point in points]
    assert city.neighborhood_of(points).tolist() == containing


def test_districts_are_equal_sectors_around_the_centre() -> None:
    city = city_with()
    names, members = np.unique(city.districts, return_counts=True)
    assert names.tolist() == ["District 1", "District 2", "District 3"]
    assert members.tolist() == [4, 4, 4]


def test_places_lie_inside_the_city() -> None:
    city = city_with(PlaceKind("bar", 30, 100.0, 2.0), PlaceKind("school", 0, 100.0, 1.0))
    bars, schools = city.places
    assert bars.points.shape == (30, 2)
    assert schools.points.shape == (0, 2)
    assert shapely.contains_xy(city.outline, bars.points).all()


def test_two_places_of_one_kind_count_once_and_kinds_multiply() -> None:
    city = city_with(PlaceKind("bar", 2, 100.0, 3.0), PlaceKind("station", 1, 50.0, 0.5))
    bars, station = city.places
    here = np.array([[0.0, 0.0], [60.0, 0.0], [200.0, 0.0]])
    placed = (
        type(bars)("bar", np.array([[0.0, 0.0], [10.0, 0.0]]), 100.0, 3.0),
        type(station)("station", np.array([[0.0, 40.0]]), 50.0, 0.5),
    )
    assert place_factor(here, placed).tolist() == [1.5, 3.0, 1.0]


def test_hot_spots_add_their_strength_at_the_centre() -> None:
    spots = HotSpots(np.array([[0.0, 0.0]]), 8.0, 400.0)
    factor = spots.factor(np.array([[0.0, 0.0], [400.0, 0.0], [9000.0, 0.0]]))
    assert factor == pytest.approx([9.0, 1 + 8 * np.exp(-0.5), 1.0])


def test_points_follow_the_shares_of_the_cells() -> None:
    city = city_with(PlaceKind("bar", 8, 130.0, 4.0))
    surface = surface_of(city, HotSpots(np.array([CENTRE]), 5.0, 300.0))
    points = surface.draw(200_000, rng=np.random.default_rng(2))
    assert shapely.contains_xy(city.outline, points).all()
    observed = np.bincount(surface.cells.locate(points), minlength=surface.share.size)
    expected = 200_000 * surface.share.ravel()
    frequent = expected > 20
    pull = (observed - expected)[frequent] / np.sqrt(expected[frequent])
    assert surface.share.sum() == pytest.approx(1)
    assert observed[expected == 0].sum() < 10
    assert np.abs(pull).max() < 6
    assert stats.chi2.sf(np.square(pull).sum(), frequent.sum()) > 1e-3


@pytest.mark.parametrize("ratio", [0.25, 3.0])
def test_the_rate_ratio_of_places_is_what_the_settings_say(ratio: float) -> None:
    draws = 100_000
    plain, changed = (surface_of(city_with(PlaceKind("bar", 10, 120.0, each))) for each in (1.0, ratio))
    bars = changed.city.places
    near_plain, near_changed = (
        (place_factor(surface.draw(draws, rng=np.random.default_rng(3)), bars) != 1).mean()
        for surface in (plain, changed)
    )
    expected = ratio * near_plain / (1 + (ratio - 1) * near_plain)
    error = np.sqrt(expected * (1 - expected) / draws)
    assert near_changed == pytest.approx(expected, abs=5 * error * (1 + ratio))


def test_the_edge_cells_know_their_share_of_the_city() -> None:
    surface = surface_of(city_with())
    area = surface.inside.sum() * surface.cells.size_m**2
    assert area == pytest.approx(surface.city.outline.area, rel=1e-3)


def test_kept_share_agrees_with_throwing_points() -> None:
    surface = surface_of(city_with())
    points = np.concatenate([surface.draw(40, rng=np.random.default_rng(4)), [CENTRE]])
    thrown = points[:, None] + np.random.default_rng(5).normal(0, 150.0, (len(points), 20_000, 2))
    share = (
        shapely.contains_xy(surface.city.outline, thrown.reshape(-1, 2)).reshape(len(points), -1).mean(axis=1)
    )
    kept = keep_within(surface, points, sigma_m=150.0)
    assert kept == pytest.approx(share, abs=0.015)
    assert kept[-1] == pytest.approx(1, abs=1e-6)
    assert kept.min() < 0.9
