"""Places of the simulated city, whose effect is known, and of Detroit, whose effect is not."""

import os
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pyproj
import pytest

from hotspots.places.cross_k import cross_k
from hotspots.places.distance_bands import (
    BandRates,
    Scatter,
    lay_ground,
    rates_by_distance,
    stratify_by_tiles,
)
from hotspots.places.relocation import shift_together, spread_evenly
from hotspots.sites import group_sites
from incidents.schema import Category
from incidents.simulate.intensity import CODES
from incidents.simulate.settings import CityShape, PlaceKind, SimulationSettings
from incidents.simulate.simulation import SimulatedCity, simulate_city

EDGES_M = (200.0, 300.0, 400.0, 600.0)
KINDS = (PlaceKind("late_license", 60, 200.0, 2.5), PlaceKind("pharmacy", 60, 200.0, 1.0))
VIOLENT = (Category.ROBBERY, Category.AGGRAVATED_ASSAULT, Category.COMMON_ASSAULT)


@pytest.fixture(scope="module", params=range(3))
def city(request: pytest.FixtureRequest) -> SimulatedCity:
    """A year of a city with late licenses, which multiply violence within 200 m by 2.5, and idle pharmacies."""
    settings = SimulationSettings(
        start=date(2022, 1, 1), stop=date(2023, 1, 1), shape=CityShape(extent_m=10_000.0, places=KINDS)
    )
    return simulate_city(settings, rng=np.random.default_rng(request.param))


def violence(city: SimulatedCity) -> Scatter:
    points = city.events.points[np.isin(city.events.code, [CODES[category] for category in VIOLENT])]
    return Scatter(*points.T, np.ones(len(points)), city.intensity.city.neighborhood_of(points))


def rates_around(city: SimulatedCity, kind: int) -> BandRates:
    ground = city.intensity.city
    polygons = gpd.GeoDataFrame({"area": ground.names}, geometry=ground.polygons, crs="EPSG:32618")
    return rates_by_distance(
        violence(city),
        lay_ground(polygons, spacing_m=25.0),
        *ground.places[kind].points.T,
        edges_m=EDGES_M,
        rng=np.random.default_rng(1),
    )


def test_the_known_effect_is_recovered(city: SimulatedCity) -> None:
    found = rates_around(city, 0)
    assert found.ratio_lo[0] < 2.5 < found.ratio_hi[0]
    assert found.ratio_lo[0] > 1.5
    assert (found.ratio[1:] < 1.6).all()


def test_the_control_is_silent(city: SimulatedCity) -> None:
    found = rates_around(city, 1)
    assert found.ratio_lo[0] < 1.0 < found.ratio_hi[0]


def test_cross_k_tells_the_kinds_apart(city: SimulatedCity) -> None:
    incidents, ground = violence(city), city.intensity.city
    sites = group_sites(incidents.x, incidents.y)
    late, pharmacy = (
        cross_k(
            sites,
            *place.points.T,
            spread_evenly(ground.outline, len(place.points)),
            radii_m=(100.0, 200.0, 300.0, 400.0, 600.0),
            simulations=199,
            rng=np.random.default_rng(2),
        )
        for place in ground.places
    )
    assert late.envelope.p <= 0.05
    assert late.ratio[1] > 1.4
    assert pharmacy.envelope.p > 0.05


FOLDERS = [
    *os.environ.get("TOCSIN_DATA", "").split(os.pathsep),
    str(Path(__file__).parents[3] / "shared" / "data"),
]


@pytest.mark.realdata
def test_green_light_businesses_of_detroit_stand_among_incidents() -> None:
    folders = [Path(root) / "detroit" for root in FOLDERS if root and (Path(root) / "detroit").is_dir()]
    if not folders:
        pytest.skip("no detroit under TOCSIN_DATA or ../shared/data")
    to_metres = pyproj.Transformer.from_crs("EPSG:4326", "EPSG:26990", always_xy=True)
    rows = pl.read_csv(folders[0] / "greatness522_points_notime.csv.gz").filter(
        pl.col("edition") == "2024_2026", pl.col("layer") == "Density | All Incidents Heatmap"
    )
    x, y = to_metres.transform(rows["longitude"].to_numpy(), rows["latitude"].to_numpy())
    shops = pl.read_csv(folders[0] / "project_green_light_locations.csv", encoding="utf8-lossy")
    shop_x, shop_y = to_metres.transform(shops[:, 0].to_numpy(), shops[:, 1].to_numpy())
    precincts = gpd.read_file(folders[0] / "detroit_police_precincts_2015.geojson").to_crs("EPSG:26990")
    assert shops.height == 766
    incidents, ground = stratify_by_tiles(
        Scatter(x, y, np.ones(len(x)), np.zeros(len(x), dtype=np.int64)),
        lay_ground(precincts.assign(area=precincts["name"]), spacing_m=50.0),
        side_m=1000.0,
    )
    rates = rates_by_distance(
        incidents, ground, shop_x, shop_y, edges_m=(100.0, 200.0, 400.0, 600.0), rng=np.random.default_rng(1)
    )
    # Within the same square kilometre the rate near a business is about three times that 400 to 600 m away.
    assert 2.5 < rates.ratio_lo[0] < rates.ratio_hi[0] < 3.8
    assert rates.poisson_hi[0] - rates.poisson_lo[0] < rates.hi[0] - rates.lo[0]
    found = cross_k(
        group_sites(x, y),
        shop_x,
        shop_y,
        shift_together(shop_x, shop_y, precincts.union_all()),
        simulations=39,
        rng=np.random.default_rng(2),
    )
    assert found.envelope.p <= 0.05
    assert found.ratio[1] > found.envelope.hi[1] > 1.0
