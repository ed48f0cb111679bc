"""Clusters and patrol areas of Baltimore's own violence, on its own ground."""

import os
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
from scipy.ndimage import label
from sklearn.cluster import DBSCAN

from hotspots.clusters.dbscan import cluster_dbscan
from hotspots.clusters.hierarchy import Selection, cluster_hdbscan
from hotspots.clusters.profile import dominant_hours, outline_clusters
from hotspots.patrol.plan import Search, cells_of_km2, choose_areas
from hotspots.sites import group_sites
from incidents.ingest import ingest_files
from incidents.schema import Category
from incidents.store import IncidentStore
from rasterize.grid import cover_polygons
from rasterize.overlay import draw_overlay
from tocsin.config import load_config

pytestmark = pytest.mark.realdata

ROOT = Path(__file__).parents[2]
FOLDERS = [*os.environ.get("TOCSIN_DATA", "").split(os.pathsep), str(ROOT.parent / "shared" / "data")]
FILE = Path("baltimore/part1_victim_based_crime_2011_2015.csv.gz")
SHOT = [Category.HOMICIDE, Category.SHOOTING]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> IncidentStore:
    found = [Path(folder) for folder in FOLDERS if folder and (Path(folder) / FILE).is_file()]
    if not found:
        pytest.skip(f"no {FILE} under TOCSIN_DATA or ../shared/data")
    store = IncidentStore(tmp_path_factory.mktemp("baltimore"))
    source = load_config(ROOT / "configs" / "baltimore.yaml").source
    ingest_files([found[0] / FILE], source=source, store=store, search=found)
    return store


@pytest.fixture(scope="module")
def incidents(store: IncidentStore) -> pl.DataFrame:
    return store.scan().collect()


@pytest.fixture(scope="module")
def neighborhoods(store: IncidentStore) -> gpd.GeoDataFrame:
    return store.layer("neighborhood")


def test_blocks_are_sites(incidents: pl.DataFrame) -> None:
    sites = group_sites(incidents["x"], incidents["y"])
    assert sites.weight.sum() == incidents["x"].is_not_null().sum() > 230_000
    assert 14_000 < len(sites) < 15_000
    assert sites.weight.max() > 500
    found = cluster_dbscan(sites, reach_m=100.0, min_weight=100.0)
    theirs = DBSCAN(eps=100.0, min_samples=100).fit(sites.xy, sample_weight=sites.weight)
    core = np.flatnonzero(found.membership == 1.0)
    np.testing.assert_array_equal(core, theirs.core_sample_indices_)
    pairs = {*zip(found.label[core].tolist(), theirs.labels_[core].tolist(), strict=True)}
    assert len(pairs) == len(found)


def test_most_heavy_blocks_belong_to_wider_clusters(incidents: pl.DataFrame) -> None:
    sites = group_sites(incidents["x"], incidents["y"])
    found = cluster_hdbscan(sites, min_weight=50.0, selection=Selection.STABLE)
    heavy = (sites.weight >= 50) & (found.label >= 0)
    alone = np.bincount(found.label[found.label >= 0])[found.label[heavy]] == 1
    assert heavy.sum() > 600
    assert alone.mean() < 0.3
    assert ((found.persistence >= 0) & (found.persistence <= 1)).all()


def test_shootings_gather_in_the_evening(incidents: pl.DataFrame) -> None:
    shot = incidents.filter(pl.col("category").cast(pl.String).is_in([c.value for c in SHOT]))
    hour = shot["occurred_at"].dt.convert_time_zone("America/New_York").dt.hour().cast(pl.Int64)
    found = cluster_dbscan(group_sites(shot["x"], shot["y"]), reach_m=200.0, min_weight=25.0)
    assert 10 <= len(found) <= 16
    first = dominant_hours(found, hour.to_numpy(), width=4).value
    assert np.isin(first[:5], [17, 18, 19, 20, 21, 22, 23]).all()
    outlines = outline_clusters(found, margin_m=100.0)
    assert (outlines.area_km2 < 1.0).all()
    assert (outlines.per_km2 > 50).all()


def test_patrol_areas_beat_greed_on_real_ground(
    incidents: pl.DataFrame, neighborhoods: gpd.GeoDataFrame
) -> None:
    grid = cover_polygons(neighborhoods, cell_size_m=250.0)
    inside = draw_overlay(neighborhoods, grid).inside
    shot = incidents.filter(pl.col("category").cast(pl.String).is_in([c.value for c in SHOT]))
    row, col = grid.locate(shot["x"].to_numpy(), shot["y"].to_numpy())
    harm = np.zeros(grid.shape)
    np.add.at(harm, (row[row >= 0], col[row >= 0]), 1.0)
    harm[~inside] = np.nan
    cells = cells_of_km2(1.5, cell_size_m=250.0)
    plan = choose_areas(harm, areas=4, cells=cells, search=Search(time_limit_s=10.0))
    assert plan.cells.sum() <= cells == 24
    assert label(plan.area >= 0)[1] == len(plan.harm) <= 4
    assert plan.total > 1.02 * plan.greedy_harm
    assert plan.total <= plan.bound < 1.2 * plan.total
    # 1% of the city's cells hold many times their part of the shootings.
    assert plan.share > 0.06
