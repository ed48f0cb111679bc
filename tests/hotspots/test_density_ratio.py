"""Relative risk: 1 where incidents follow the reference, with an interval that holds it as often as it says."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest
from shapely.geometry import box

from hotspots.density.ratio import relative_risk, smooth_population
from hotspots.density.surface import DensitySurface, estimate_density, expected_in_cells
from incidents.errors import ConfigError, DataError
from rasterize.grid import Grid
from rasterize.overlay import Overlay, draw_overlay

Floats = npt.NDArray[np.float64]
GRID = Grid("EPSG:26985", west=0.0, north=2000.0, cell_size_m=100.0, rows=20, cols=40)


def town() -> gpd.GeoDataFrame:
    """West and East, two squares of 2 km, with 1,000 and 3,000 residents."""
    return gpd.GeoDataFrame(
        {"area": ["West", "East"], "population": [1000.0, 3000.0]},
        geometry=[box(1, 1, 2000, 1999), box(2000, 1, 3999, 1999)],
        crs=GRID.crs,
    )


def evenly(rng: np.random.Generator, west: int, east: int) -> tuple[Floats, Floats]:
    """So many incidents spread over each half."""
    x = np.concatenate([rng.uniform(0, 2000, west), rng.uniform(2000, 4000, east)])
    return x, rng.uniform(0, 2000, west + east)


@pytest.fixture(scope="module")
def overlay() -> Overlay:
    return draw_overlay(town(), GRID)


def test_residents_by_hand(overlay: Overlay) -> None:
    like = estimate_density([], [], GRID, bandwidth_m=150.0)
    residents = smooth_population(town(), overlay, like)
    assert expected_in_cells(residents).sum() == pytest.approx(4000)
    # In the middle of each half: 1,000 and 3,000 on 4 square kilometres.
    assert residents.per_km2[10, 10] == pytest.approx(250, rel=0.005)
    assert residents.per_km2[10, 30] == pytest.approx(750, rel=0.005)
    assert (residents.standard_error == 0).all()


def test_ratio_by_hand(overlay: Overlay) -> None:
    # As many incidents in the half with a third of the residents: twice and two thirds of the city's mean.
    x, y = evenly(np.random.default_rng(1), 20_000, 20_000)
    cases = estimate_density(x, y, GRID, bandwidth_m=200.0)
    risk = relative_risk(cases, smooth_population(town(), overlay, cases))
    assert risk.ratio[:, :12].mean() == pytest.approx(2.0, rel=0.02)
    assert risk.ratio[:, 28:].mean() == pytest.approx(2 / 3, rel=0.02)
    assert (risk.lower[:, :12] > 1).all()
    assert (risk.upper[:, 28:] < 1).all()


def test_incidents_are_no_more_frequent_than_themselves() -> None:
    surface = estimate_density(*evenly(np.random.default_rng(2), 300, 100), GRID, bandwidth_m=300.0)
    risk = relative_risk(surface, surface, reference_holds_cases=True, fewest_in_reference=0.0)
    np.testing.assert_allclose(risk.ratio, 1.0)
    np.testing.assert_allclose(risk.upper, 1.0)
    # The next incident could be one that is not in question.
    assert (risk.lower < 1).all()
    assert risk.lower.max() > 0.8


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held = []
    for _ in range(150):
        controls = estimate_density(*evenly(rng, rng.poisson(900), rng.poisson(300)), GRID, bandwidth_m=250.0)
        cases = estimate_density(*evenly(rng, rng.poisson(450), rng.poisson(150)), GRID, bandwidth_m=250.0)
        risk = relative_risk(cases, controls)
        held.append((risk.lower <= 1) & (risk.upper >= 1))
    assert 0.95 <= np.mean(held) <= 0.985


def test_the_interval_allows_for_incidents_counted_on_both_sides() -> None:
    rng = np.random.default_rng(4)
    held = []
    for _ in range(150):
        x, y = evenly(rng, 900, 300)
        some = rng.random(1200) < 0.5
        everything = estimate_density(x, y, GRID, bandwidth_m=250.0)
        cases = estimate_density(x[some], y[some], GRID, bandwidth_m=250.0)
        risk = relative_risk(cases, everything, reference_holds_cases=True)
        held.append((risk.lower <= 1) & (risk.upper >= 1))
    assert 0.95 <= np.mean(held) <= 0.985


def test_nothing_is_said_where_the_reference_is_thin() -> None:
    rng = np.random.default_rng(5)
    reference = estimate_density(*evenly(rng, 2000, 2), GRID, bandwidth_m=200.0)
    cases = estimate_density(*evenly(rng, 50, 50), GRID, bandwidth_m=200.0)
    risk = relative_risk(cases, reference)
    assert np.isfinite(risk.ratio[:, :15]).all()
    assert np.isnan(risk.ratio[:, 30:]).all()
    # A kernel of 200 m averages over 4 pi (200 m)^2 = 0.5 km^2, with 250 of the reference on each half of 1 km^2.
    assert np.isnan(relative_risk(cases, reference, fewest_in_reference=600.0).ratio).all()


def test_without_incidents_the_interval_still_has_an_end() -> None:
    # 4,000 incidents of the reference, of which 8 square kilometres have 500 each, and 5 cases in a corner. Where
    # the nearest case is far, up to 3.69 could have been under a kernel, whose peak is 1 / (2 pi 0.1^2) = 15.9.
    rng = np.random.default_rng(6)
    reference = estimate_density(*evenly(rng, 2000, 2000), GRID, bandwidth_m=100.0)
    cases = estimate_density(np.full(5, 50.0), np.full(5, 50.0), GRID, bandwidth_m=100.0)
    risk = relative_risk(cases, reference, fewest_in_reference=0.0)
    assert (risk.ratio[:, 20:] == 0).all()
    assert (risk.lower[:, 20:] == 0).all()
    by_hand = 3.69 * 15.9 / 500 / (5 / 4000)
    assert np.median(risk.upper[:, 20:]) == pytest.approx(by_hand, rel=0.15)


def test_error_texts(overlay: Overlay) -> None:
    some = estimate_density([50.0], [50.0], GRID, bandwidth_m=100.0)
    none = estimate_density([], [], GRID, bandwidth_m=100.0)
    with pytest.raises(DataError) as empty:
        relative_risk(some, none)
    assert str(empty.value) == (
        "Expected incidents in both surfaces. Received: 1 and 0. Take a longer period or more categories."
    )
    with pytest.raises(ConfigError) as wide:
        relative_risk(some, estimate_density([50.0], [50.0], GRID, bandwidth_m=150.0))
    assert str(wide.value) == (
        "Expected two surfaces of one grid, kernel and bandwidth. "
        "Received: gaussian, 100 m, (20, 40) and gaussian, 150 m, (20, 40). Estimate both alike."
    )
    elsewhere: DensitySurface = replace(some, grid=replace(GRID, west=100.0))
    with pytest.raises(ConfigError, match="one grid"):
        relative_risk(some, elsewhere)
    unknown = town().assign(population=[1.0, np.nan])
    with pytest.raises(DataError) as residents:
        smooth_population(unknown, overlay, some)
    assert str(residents.value) == (
        "Expected the residents of every area. Received: none for East. "
        "Name the population property of the layer in the city's YAML, or compare with all incidents."
    )
    with pytest.raises(DataError, match="Expected the 2 areas of the overlay in its order"):
        smooth_population(town()[::-1], overlay, some)
    tiny = gpd.GeoDataFrame(
        {"area": ["All", "Dot"], "population": [10.0, 5.0]},
        geometry=[box(0, 0, 4000, 2000), box(10, 10, 11, 11)],
        crs=GRID.crs,
    )
    hidden = draw_overlay(tiny, GRID)
    with pytest.raises(DataError, match=r"Received: none for Dot\. Use smaller cells"):
        smooth_population(tiny, hidden, some)
