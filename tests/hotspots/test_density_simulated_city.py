"""The density of a simulated city has its peaks where the city's truth has them."""

from datetime import date

import geopandas as gpd
import numpy as np
import pytest

from hotspots.density.bandwidth import search_bandwidth
from hotspots.density.surface import estimate_density
from incidents.simulate.intensity import CODES
from incidents.simulate.settings import VIOLENT, SimulationSettings
from incidents.simulate.simulation import SimulatedCity, simulate_city
from rasterize.grid import cover_polygons
from rasterize.overlay import draw_overlay


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    year = SimulationSettings(start=date(2022, 1, 1), stop=date(2023, 1, 1))
    return simulate_city(year, rng=np.random.default_rng(2))


def test_the_density_follows_the_known_risk(city: SimulatedCity) -> None:
    ground = city.intensity.city
    polygons = gpd.GeoDataFrame({"area": ground.names}, geometry=ground.polygons, crs="EPSG:32618")
    grid = cover_polygons(polygons, cell_size_m=100.0)
    inside = draw_overlay(polygons, grid).inside
    violent = np.isin(city.events.code, [CODES[category] for category in VIOLENT])
    x, y = city.events.points[violent].T
    width = search_bandwidth(x, y, grid, inside=inside)
    assert not width.at_limit
    surface = estimate_density(x, y, grid, bandwidth_m=width.bandwidth_m, inside=inside)
    truth = city.intensity.violent
    cells = truth.cells
    row, col = grid.locate(*cells.centres.T)
    known = (row >= 0) & (truth.inside.ravel() > 0.99)
    known[known] = inside[row[known], col[known]]
    risk, density = truth.share.ravel()[known], surface.per_km2[row[known], col[known]]
    assert np.corrcoef(risk, density)[0, 1] > 0.85
    at_centers = surface.per_km2[grid.locate(*city.intensity.hot_spots.points.T)]
    assert (at_centers > np.nanquantile(surface.per_km2, 0.8)).all()
