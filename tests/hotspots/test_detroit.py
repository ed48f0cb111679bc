"""Detroit's published points (400,000, without times) and weekly counts of 205 neighborhoods, through the methods."""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest

from hotspots.clusters.dbscan import cluster_dbscan
from hotspots.density.surface import estimate_density, expected_in_cells
from hotspots.emerging.trend import mann_kendall
from hotspots.local.gi_star import gi_star
from hotspots.local.significance import control_false_discovery
from hotspots.local.weights import cells_within
from hotspots.points import CityPoints, count_in_cells, locate_points
from hotspots.rank_stability import rank_stability
from hotspots.sites import group_sites
from rasterize.grid import Grid, cover_polygons
from rasterize.overlay import Overlay, draw_overlay

pytestmark = pytest.mark.realdata

CELL_M = 400.0
# DATA.md: this edition contains the shorter one, and this layer all incidents.
EDITION, LAYER = "2024_2026", "Density | All Incidents Heatmap"


def find(name: str) -> Path:
    path = Path(os.environ.get("TOCSIN_DATA", "../shared/data")) / "detroit" / name
    if not path.exists():
        pytest.skip(f"no detroit/{name} in TOCSIN_DATA or ../shared/data")
    return path


@pytest.fixture(scope="module")
def ground() -> tuple[Grid, Overlay]:
    precincts = gpd.read_file(find("detroit_police_precincts_2015.geojson")).to_crs("EPSG:26917")
    city = gpd.GeoDataFrame({"area": ["Detroit"]}, geometry=[precincts.union_all()], crs="EPSG:26917")
    grid = cover_polygons(city, cell_size_m=CELL_M)
    return grid, draw_overlay(city, grid)


@pytest.fixture(scope="module")
def points(ground: tuple[Grid, Overlay]) -> CityPoints:
    rows = pl.read_csv(find("greatness522_points_notime.csv.gz"), infer_schema_length=10_000).filter(
        pl.col("edition") == EDITION, pl.col("layer") == LAYER
    )
    places = gpd.GeoSeries(gpd.points_from_xy(rows["longitude"], rows["latitude"]), crs="EPSG:4326").to_crs(
        "EPSG:26917"
    )
    grid, overlay = ground
    return locate_points(places.x.to_numpy(), places.y.to_numpy(), grid, inside=overlay.inside)


def test_every_point_is_in_the_density(points: CityPoints, ground: tuple[Grid, Overlay]) -> None:
    grid, overlay = ground
    surface = estimate_density(points.x, points.y, grid, bandwidth_m=400.0, inside=overlay.inside)
    assert len(points) > 100_000
    assert float(np.nansum(expected_in_cells(surface))) == pytest.approx(len(points), rel=1e-9)


def test_a_few_cells_stand_out(points: CityPoints, ground: tuple[Grid, Overlay]) -> None:
    grid, overlay = ground
    counts = np.where(overlay.inside, count_in_cells(points, grid).astype(float), np.nan)
    found = gi_star(counts, cells_within(overlay.inside, cell_size_m=CELL_M, distance_m=800.0))
    hot = found.classes >= 2
    share_of_ground = hot[overlay.inside].mean()
    share_of_points = np.nansum(counts[hot]) / np.nansum(counts)
    assert 0.01 < share_of_ground < 0.25
    assert share_of_points > 2.0 * share_of_ground


def test_blocks_gather_in_clusters(points: CityPoints) -> None:
    clusters = cluster_dbscan(group_sites(points.x, points.y), reach_m=150.0, min_weight=300.0)
    assert len(clusters) > 5


def test_weekly_counts_of_neighborhoods() -> None:
    weekly = pl.read_csv(find("weekly_neighborhood_counts_2024_2026.csv"))
    counts = (
        weekly.pivot(on="neighborhood", index="week_start", values="incident_count")
        .sort("week_start")
        .drop("week_start")
        .fill_null(0)
        .to_numpy()
    )
    assert counts.shape == (139, 205)
    whole = counts[1:-1]
    trend = mann_kendall(whole)
    adjusted = control_false_discovery(trend.p)
    falling, rising = (int(((adjusted < 0.05) & (trend.z * sign > 0)).sum()) for sign in (-1, 1))
    assert falling + rising > 10
    stability = rank_stability(whole, share=0.1)
    assert np.nanmedian(stability.jaccard) > 3 * stability.chance
