"""The clusters of a simulated city lie on its hot spots."""

from datetime import date

import numpy as np
import pytest
import shapely

from hotspots.clusters.dbscan import cluster_dbscan
from hotspots.clusters.hierarchy import Selection, cluster_hdbscan
from hotspots.clusters.profile import outline_clusters
from hotspots.clusters.result import Clusters
from hotspots.sites import Sites, group_sites
from incidents.simulate.intensity import CODES
from incidents.simulate.settings import VIOLENT, Background, CityShape, SimulationSettings
from incidents.simulate.simulation import SimulatedCity, simulate_city


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    """A year of a city whose risk has hot spots, and nothing else that could make a cluster."""
    settings = SimulationSettings(
        start=date(2022, 1, 1),
        stop=date(2023, 1, 1),
        shape=CityShape(extent_m=12_000.0, places=()),
        background=Background(hot_spot_strength=40.0, hot_spot_sigma_m=250.0, neighborhood_spread=0.0),
    )
    return simulate_city(settings, rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def sites(city: SimulatedCity) -> Sites:
    violent = np.isin(city.events.code, [CODES[category] for category in VIOLENT])
    return group_sites(*city.events.points[violent].T)


def check(found: Clusters, city: SimulatedCity) -> None:
    """Every hot spot lies in a cluster, and every large cluster on a hot spot."""
    centres = city.intensity.hot_spots.points
    outlines = outline_clusters(found, margin_m=60.0)
    hulls = shapely.union_all(outlines.hull)
    assert shapely.contains_xy(hulls, centres).all()
    large = found.weight > found.weight[0] / 3
    apart = np.hypot(outlines.x[large, None] - centres[:, 0], outlines.y[large, None] - centres[:, 1])
    assert apart.min(axis=1).max() < 250.0


def test_dbscan_finds_the_hot_spots(city: SimulatedCity, sites: Sites) -> None:
    check(cluster_dbscan(sites, reach_m=120.0, min_weight=20.0), city)


def test_hdbscan_finds_the_hot_spots(city: SimulatedCity, sites: Sites) -> None:
    check(
        cluster_hdbscan(sites, min_weight=100.0, resolution_m=10.0, selection=Selection.LEAVES, smoothing=20),
        city,
    )
