"""Incidents around places: counted to the incident, beside places moved about in three ways."""

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.places.cross_k import cross_k
from hotspots.places.relocation import draw_from, shift_together, spread_evenly
from hotspots.sites import group_sites
from incidents.errors import ConfigError, CrsError, DataError

Floats = npt.NDArray[np.float64]
CITY = shapely.Point(5000, 5000).buffer(4000).difference(shapely.box(5000, 5000, 6500, 6500))


def inside(rng: np.random.Generator, count: int) -> Floats:
    return spread_evenly(CITY, count)(rng).T


def test_counts_by_hand() -> None:
    # Two at 50 m and one at 120 m of the first place, none near the second, one without a place counted.
    incidents = group_sites([2000.0, 2000.0, 2070.0, 9000.0, np.nan], [5050.0, 5050.0, 4902.5, 9000.0, 1.0])
    relocate = draw_from([2000.0, 3000.0], [5000.0, 5000.0], 2)
    found = cross_k(
        incidents,
        [2000.0, 3000.0, np.nan],
        [5000.0] * 3,
        relocate,
        radii_m=[50.0, 200.0],
        simulations=19,
        rng=np.random.default_rng(0),
    )
    assert found.around.tolist() == found.expected.tolist() == [1.0, 1.5]
    assert found.ratio.tolist() == [1.0, 1.0]
    assert (found.places, found.incidents, found.envelope.p) == (2, 4.0, 1.0)


@given(st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_counts_agree_with_all_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = np.round(rng.uniform(2000, 8000, (2, 300)), -2)
    weights, places = rng.uniform(0, 3, 300), rng.uniform(2000, 8000, (2, 12))
    radii = np.array([150.0, 400.0, 2000.0])
    found = cross_k(
        group_sites(x, y, weights=weights),
        *places,
        draw_from(*places, 12),
        radii_m=radii,
        simulations=19,
        rng=rng,
    )
    gap = np.hypot(x[:, None] - places[0], y[:, None] - places[1])
    near = [(weights[:, None] * (gap <= radius)).sum() / 12 for radius in radii]
    np.testing.assert_allclose(found.around, near)


def test_agrees_with_the_k_function_of_even_incidents() -> None:
    # Far from any edge the cross-K function of independent points is pi r^2.
    rng = np.random.default_rng(1)
    x, y = rng.uniform(0, 10_000, (2, 40_000)) + 1000
    places = rng.uniform(3000, 9000, (2, 200))
    found = cross_k(
        group_sites(x, y), *places, draw_from(*places, 200), radii_m=[200.0, 500.0], simulations=19, rng=rng
    )
    k_m2 = found.around / (40_000 / 1e8)
    np.testing.assert_allclose(k_m2, np.pi * np.array([200.0, 500.0]) ** 2, rtol=0.03)


def test_attraction_is_found_where_it_is() -> None:
    rng = np.random.default_rng(2)
    shops = inside(rng, 30)
    near = shops[:, rng.integers(30, size=300)] + rng.normal(0, 60, (2, 300))
    incidents = group_sites(*np.concatenate([near, inside(rng, 1500)], axis=1))
    found = cross_k(incidents, *shops, spread_evenly(CITY, 30), simulations=199, rng=rng)
    assert found.envelope.p <= 0.01
    assert found.ratio[0] > 4
    assert (found.ratio[:4] > found.envelope.hi[:4]).all()


def test_controls_are_silent_as_often_as_they_should_be() -> None:
    rng = np.random.default_rng(8)
    busy = np.repeat(inside(rng, 8), 100, axis=1) + rng.normal(0, 300, (2, 800))
    incidents = group_sites(*np.concatenate([busy, inside(rng, 400)], axis=1))
    relocate = spread_evenly(CITY, 25)
    tests = [
        cross_k(incidents, *inside(rng, 25), relocate, radii_m=[200.0, 400.0, 800.0], simulations=39, rng=rng)
        for _ in range(100)
    ]
    assert np.mean([test.envelope.p <= 0.1 for test in tests]) <= 0.17


def test_avoidance_is_found_as_well() -> None:
    rng = np.random.default_rng(3)
    places = inside(rng, 40)
    x, y = inside(rng, 4000)
    far = np.hypot(x[:, None] - places[0], y[:, None] - places[1]).min(axis=1) > 200
    found = cross_k(group_sites(x[far], y[far]), *places, spread_evenly(CITY, 40), simulations=99, rng=rng)
    assert found.around[0] == 0.0
    assert (found.ratio[:4] < found.envelope.lo[:4]).all()


def test_places_that_stand_together_need_to_be_shifted_together() -> None:
    # Shops and incidents along their own, independent streets: relocating shop by shop overstates what is known.
    p_alone, p_together = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        streets = inside(rng, 5)
        shops = np.repeat(streets, 20, axis=1) + rng.normal(0, 120, (2, 100))
        shops = shops[:, shapely.contains_xy(CITY, shops.T)]
        busy = np.repeat(inside(rng, 8), 100, axis=1) + rng.normal(0, 200, (2, 800))
        incidents = group_sites(*busy)
        options = {"radii_m": [200.0, 400.0, 800.0], "simulations": 99}
        p_alone.append(
            cross_k(incidents, *shops, spread_evenly(CITY, shops.shape[1]), **options, rng=rng).envelope.p
        )
        p_together.append(
            cross_k(incidents, *shops, shift_together(*shops, CITY), **options, rng=rng).envelope.p
        )
    assert np.mean(np.array(p_alone) <= 0.05) > 0.5
    assert np.mean(np.array(p_together) <= 0.05) < 0.3


def test_relocated_places_lie_where_they_may() -> None:
    rng = np.random.default_rng(4)
    assert shapely.contains_xy(CITY, spread_evenly(CITY, 500)(rng)).all()
    x, y = np.arange(9) * 100.0 + 1000, np.full(9, 2000.0)
    drawn = draw_from(x, y, 5, weights=[0, 1, 1, 1, 1, 1, 1, 1, 50])(rng)
    assert len({*drawn[:, 0]}) == 5
    assert 1000.0 not in drawn[:, 0]
    places = inside(rng, 60)
    moved = shift_together(*places, CITY)(rng)
    assert shapely.contains_xy(CITY, moved).all()
    assert 15 <= len(moved) <= 60


def test_a_shift_keeps_the_pattern() -> None:
    box = shapely.box(1000, 1000, 9000, 9000)
    places = np.array([[2000.0, 2500.0, 6000.0], [3000.0, 3000.0, 7000.0]])
    moved = shift_together(*places, box)(np.random.default_rng(5))
    steps = (moved - places.T) % 8000.0
    np.testing.assert_allclose(steps, np.tile(steps[0], (3, 1)))


def test_error_texts() -> None:
    rng, incidents = np.random.default_rng(0), group_sites([2000.0], [2000.0])
    relocate = spread_evenly(CITY, 1)
    with pytest.raises(ConfigError) as radii:
        cross_k(incidents, [5e3], [5e3], relocate, radii_m=[0.0, 100.0], rng=rng)
    assert str(radii.value) == (
        "Expected distances in metres that rise from above 0. Received: [0.0, 100.0]. Use 100, 200, 400."
    )
    with pytest.raises(DataError) as nothing:
        cross_k(incidents, [5e3], [5e3], relocate, radii_m=[1.0], simulations=19, rng=rng)
    assert str(nothing.value) == (
        "Expected incidents within 1 m of some simulated place. Received: none in 19 simulations. "
        "Choose longer distances."
    )
    with pytest.raises(DataError, match=r"Expected incidents\. Received: none"):
        cross_k(group_sites([], []), [5e3], [5e3], relocate, rng=rng)
    with pytest.raises(DataError, match=r"Expected places of interest\. Received: none"):
        cross_k(incidents, [], [], relocate, rng=rng)
    with pytest.raises(CrsError, match="look like longitude and latitude"):
        cross_k(incidents, [-83.1], [42.3], relocate, rng=rng)
    with pytest.raises(DataError) as few:
        draw_from([5e3, np.nan], [5e3, 5e3], 2)
    assert str(few.value) == ("Expected at least 2 candidates for as many places. Received: 1. Give more.")
    with pytest.raises(DataError) as away:
        shift_together([5e5, 6e5], [5e5, 6e5], CITY)
    assert str(away.value) == (
        "Expected places inside the city. Received: 2 places, 0% of them inside. "
        "Check the CRS of the places and the polygons."
    )
