"""The map of places: where they are, and both results with what they do not prove."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hotspots.city_map import MapWords
from hotspots.places.cross_k import cross_k
from hotspots.places.distance_bands import Scatter, lay_ground, rates_by_distance
from hotspots.places.picture import PLACE_COLOR, draw_places_map
from hotspots.places.relocation import spread_evenly
from hotspots.sites import group_sites
from rasterize.palette import rgb


@pytest.fixture(scope="module")
def figure() -> Figure:
    """A place in each of two neighborhoods, with most incidents around one of them."""
    town = gpd.GeoDataFrame(
        {"area": ["West", "East"]},
        geometry=[shapely.box(1000, 1000, 3000, 3000), shapely.box(3000, 1000, 5000, 3000)],
        crs="EPSG:26985",
    )
    rng = np.random.default_rng(1)
    points = np.concatenate(
        [rng.normal([2000, 2000], 60, (200, 2)), rng.uniform(1000, [5000, 3000], (100, 2))]
    )
    points = points[shapely.contains_xy(town.union_all(), points)]
    x, y = np.array([2000.0, 4000.0]), np.array([2000.0, 2000.0])
    sites = group_sites(*points.T)
    around = cross_k(
        sites, x, y, spread_evenly(town.union_all(), 2), radii_m=[100.0, 300.0], simulations=39, rng=rng
    )
    incidents = Scatter(*points.T, np.ones(len(points)), (points[:, 0] > 3000).astype(np.int64))
    rates = rates_by_distance(
        incidents, lay_ground(town), x, y, edges_m=[100.0, 300.0, 900.0], replicates=50, rng=rng
    )
    return draw_places_map(
        town,
        sites,
        x,
        y,
        found=(around, rates),
        words=MapWords("test_ville", "robbery", "2015"),
        kind="late bars",
    )


def test_places_are_on_the_map(figure: Figure) -> None:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    for place in ((2000, 2000), (4000, 2000)):
        col, row = figure.axes[0].transData.transform(place)
        np.testing.assert_allclose(
            pixels[pixels.shape[0] - 1 - round(row), round(col), :3], rgb(PLACE_COLOR), atol=3
        )


def test_both_results_and_their_limits_are_beside_it(figure: Figure) -> None:
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    text = " ".join([text.get_text() for text in figure.texts] + inside).replace("\n", " ")
    for part in (
        "Test Ville: incidents around late bars",
        "Within 100 m of a place:",
        "times the incidents expected (p = 0.",
        "Rate over that 300 to 900 m away",
        "Late bars: 2 places.",
        "39 relocations",
        "no proof that the place brings it",
    ):
        assert part in text
    assert len(figure.axes) == 4
    labels = [label.get_text() for label in figure.axes[3].get_xticklabels()]
    assert labels == ["to 100", "to 300", "to 900"]
