"""Baltimore 2011-2015: what the analyses say of real incidents, and that hot spots of the past hold the next year."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import polars as pl
import pyproj
import pytest

from hotspots.city_map import MapWords
from hotspots.density.bandwidth import search_bandwidth
from hotspots.density.picture import draw_density_map, draw_ratio_map
from hotspots.density.ratio import relative_risk, smooth_population
from hotspots.density.surface import estimate_density, expected_in_cells
from hotspots.emerging.cube import count_cells, slice_time
from hotspots.emerging.hot_spots import find_emerging
from hotspots.emerging.patterns import Pattern
from hotspots.emerging.picture import draw_emerging_map
from hotspots.local.gi_star import gi_star
from hotspots.local.picture import draw_gi_star_map
from hotspots.local.weights import cells_within, touching_areas
from hotspots.points import CityPoints, count_in_cells, locate_points
from incidents.polygons import load_layer
from incidents.source import PolygonLayer
from rasterize.grid import Grid, cover_polygons
from rasterize.overlay import Overlay, draw_overlay

pytestmark = pytest.mark.realdata

CRS = "EPSG:26985"
LAYER = PolygonLayer("baltimore/neighborhoods_census2010.geojson", id="name", population="population")
FILE = "baltimore/part1_victim_based_crime_2011_2015.csv.gz"
FOLDERS = [
    *os.environ.get("TOCSIN_DATA", "").split(os.pathsep),
    str(Path(__file__).parents[3] / "shared" / "data"),
]
WORDS = MapWords("baltimore", "homicide or shooting", "2011 to 2015")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Baltimore:
    """Neighborhoods, cells of 250 m, and homicides and shootings with their day."""

    polygons: gpd.GeoDataFrame
    grid: Grid
    overlay: Overlay
    x: Floats
    y: Floats
    day: npt.NDArray[np.datetime64]

    def located(self, first: str, stop: str) -> CityPoints:
        """Incidents from a day until before another."""
        during = (self.day >= np.datetime64(first)) & (self.day < np.datetime64(stop))
        return locate_points(self.x[during], self.y[during], self.grid, inside=self.overlay.inside)


@pytest.fixture(scope="module")
def city() -> Baltimore:
    folders = [Path(folder) for folder in FOLDERS if folder and (Path(folder) / FILE).is_file()]
    if not folders:
        pytest.skip(f"no {FILE} under TOCSIN_DATA or ../shared/data")
    polygons = load_layer(LAYER, crs=CRS, search=folders)
    grid = cover_polygons(polygons, cell_size_m=250.0)
    columns = ["CrimeDate", "Description", "Longitude", "Latitude"]
    rows = pl.read_csv(folders[0] / FILE, columns=columns, infer_schema_length=0).filter(
        pl.col("Description").is_in(["HOMICIDE", "SHOOTING"])
    )
    places = rows.select(pl.col("Longitude", "Latitude").cast(pl.Float64)).fill_null(np.nan).to_numpy()
    to_metres = pyproj.Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    x, y = (np.where(np.isfinite(axis), axis, np.nan) for axis in to_metres.transform(*places.T))
    day = rows["CrimeDate"].str.to_date("%m/%d/%Y").to_numpy().astype("datetime64[us]")
    return Baltimore(polygons, grid, draw_overlay(polygons, grid), x, y, day)


def test_density_keeps_every_incident_and_likes_two_hundred_metres(city: Baltimore) -> None:
    fine = cover_polygons(city.polygons, cell_size_m=100.0)
    inside = draw_overlay(city.polygons, fine).inside
    width = search_bandwidth(city.x, city.y, fine, inside=inside)
    assert 100 < width.bandwidth_m < 400
    surface = estimate_density(city.x, city.y, fine, bandwidth_m=width.bandwidth_m, inside=inside)
    assert surface.used + surface.unlocated + surface.outside == 3359
    assert surface.used >= 3340
    assert np.nansum(expected_in_cells(surface)) == pytest.approx(surface.used)


def test_hot_spots_of_four_years_hold_a_large_part_of_the_fifth(city: Baltimore) -> None:
    before, after = city.located("2011-01-01", "2015-01-01"), city.located("2015-01-01", "2016-01-01")
    band = cells_within(city.overlay.inside, cell_size_m=250.0, distance_m=500.0)
    found = gi_star(count_in_cells(before, city.grid), band)
    hot = found.classes == 3
    share_of_area = hot.sum() / city.overlay.inside.sum()
    share_of_next_year = count_in_cells(after, city.grid)[hot].sum() / len(after)
    assert share_of_area < 0.12
    assert share_of_next_year / share_of_area > 3
    # Few incidents a cell are far from normal: shuffling marks fewer cells, nearly all of them among these.
    shuffled = gi_star(
        count_in_cells(before, city.grid), band, permutations=9999, rng=np.random.default_rng(1)
    )
    sure = shuffled.classes >= 2
    assert 0 < sure.sum() < (found.classes >= 2).sum()
    assert (found.classes[sure] >= 2).mean() > 0.95


def test_the_one_island_gets_no_result(city: Baltimore) -> None:
    touching = touching_areas(city.polygons)
    islands = touching.neighbors == 0
    assert islands.sum() == 1
    assert np.isnan(gi_star(np.arange(278.0), touching).z).tolist() == islands.tolist()


def test_emerging_hot_spots_of_twenty_quarters(city: Baltimore) -> None:
    points = locate_points(city.x, city.y, city.grid, inside=city.overlay.inside)
    edges = slice_time(datetime(2011, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC), days=91)
    cube = count_cells(points, city.day, edges=edges, grid=city.grid)
    band = cells_within(city.overlay.inside, cell_size_m=250.0, distance_m=750.0)
    found = find_emerging(cube.counts, band)
    patterns = set(np.unique(found.pattern).tolist())
    # 2015 was the worst year by far: places turned hot, and hardly any hot spot ended.
    assert {Pattern.NEW_HOT, Pattern.CONSECUTIVE_HOT, Pattern.SPORADIC_HOT} <= patterns
    assert Pattern.DIMINISHING_HOT not in patterns
    figure = draw_emerging_map(
        city.polygons, found, grid=city.grid, words=WORDS, slices="20 slices of 91 days", neighbors=""
    )
    assert len(figure.axes[0].images) == 1


def test_maps_are_drawn_of_the_whole_city(city: Baltimore) -> None:
    surface = estimate_density(city.x, city.y, city.grid, bandwidth_m=400.0, inside=city.overlay.inside)
    residents = smooth_population(city.polygons, city.overlay, surface)
    assert residents.total == pytest.approx(city.polygons["population"].sum())
    risk = relative_risk(surface, residents, fewest_in_reference=500.0)
    assert np.nanmax(risk.ratio) > 2
    band = cells_within(city.overlay.inside, cell_size_m=250.0, distance_m=500.0)
    points = locate_points(city.x, city.y, city.grid, inside=city.overlay.inside)
    figures = (
        draw_density_map(city.polygons, surface, words=WORDS),
        draw_ratio_map(city.polygons, surface, risk, words=WORDS, reference="residents"),
        draw_gi_star_map(
            city.polygons,
            gi_star(count_in_cells(points, city.grid), band),
            grid=city.grid,
            words=WORDS,
            neighbors="",
        ),
    )
    for figure in figures:
        figure.canvas.draw()
        assert len(figure.axes[0].images) == 1
