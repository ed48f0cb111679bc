"""Pictures of clusters: hulls where they are, and beside them what each one is."""

import geopandas as gpd
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from shapely.geometry import box

from hotspots.city_map import MapWords
from hotspots.clusters.dbscan import cluster_dbscan
from hotspots.clusters.k_distance import suggest_reach
from hotspots.clusters.picture import FILL, describe_clusters, draw_clusters_map, draw_k_distances
from hotspots.clusters.profile import Outlines, dominant_hours, outline_clusters
from hotspots.clusters.result import Clusters
from hotspots.sites import group_sites
from rasterize.palette import rgb

WORDS = MapWords("test_ville", "robbery", "2015")


@pytest.fixture
def town() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"area": ["West End", "7"]},
        geometry=[box(0, 0, 3000, 4000), box(3000, 0, 6000, 4000)],
        crs="EPSG:26985",
    )


@pytest.fixture
def found() -> Clusters:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.normal(1500, 200, 200), rng.normal(4500, 150, 120), [500.0]])
    y = np.concatenate([rng.normal(1500, 200, 200), rng.normal(2500, 150, 120), [3800.0]])
    return cluster_dbscan(group_sites(x, y), reach_m=150.0, min_weight=10.0)


def texts_of(figure: Figure) -> str:
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    return " ".join([text.get_text() for text in figure.texts] + inside).replace("\n", " ")


def color_at(figure: Figure, x: float, y: float) -> tuple[int, int, int]:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    col, row = figure.axes[0].transData.transform((x, y))
    red, green, blue, _ = pixels[pixels.shape[0] - 1 - round(row), round(col)].tolist()
    return red, green, blue


def test_the_map_shows_hulls_where_clusters_are(town: gpd.GeoDataFrame, found: Clusters) -> None:
    outlines = outline_clusters(found, margin_m=75.0)
    figure = draw_clusters_map(town, found, outlines, words=WORDS, method="DBSCAN")
    within = color_at(figure, outlines.x[0] + 150, outlines.y[0] - 100)
    np.testing.assert_allclose(within, rgb(FILL), atol=25)
    assert color_at(figure, 500, 3500) == (244, 244, 241)


def test_the_panel_says_what_each_cluster_is(town: gpd.GeoDataFrame, found: Clusters) -> None:
    outlines = outline_clusters(found, margin_m=75.0)
    hours = dominant_hours(found, np.array([22, 23, 0, 1])[np.arange(321) % 4], width=4)
    text = texts_of(
        draw_clusters_map(
            town,
            found,
            outlines,
            words=WORDS,
            method="DBSCAN",
            notes=describe_clusters(outlines, hours=hours),
        )
    )
    for part in (
        "Test Ville: clusters of incidents",
        "Reported incidents, robbery; 2015",
        "2 clusters with",
        "of 321 located incidents",
        "1  West End",
        "2  area 7",
        f"{outlines.area_km2[0]:.2f} km² with {outlines.per_km2[0]:,.0f} per km²",
        "100% at 22:00 to 02:00",
        "DBSCAN. Hulls show",
    ):
        assert part in text
    assert f" {found.weight[0]:.0f} " in text


def test_many_clusters_are_cut_short_and_none_are_no_error(town: gpd.GeoDataFrame) -> None:
    x = np.repeat(np.arange(20) * 250.0 + 500, 9)
    many = cluster_dbscan(group_sites(x, x * 0 + 2000), reach_m=50.0, min_weight=5.0)
    assert "and 13 smaller ones" in texts_of(
        draw_clusters_map(town, many, outline_clusters(many, margin_m=20.0), words=WORDS, method="DBSCAN")
    )
    none = cluster_dbscan(group_sites([2000.0], [2000.0]), reach_m=50.0, min_weight=5.0)
    figure = draw_clusters_map(
        town, none, outline_clusters(none, margin_m=20.0), words=WORDS, method="DBSCAN"
    )
    assert "0 clusters with 0% of 1 located incidents" in texts_of(figure)


def test_the_hull_of_a_cluster_outside_every_neighborhood_has_no_name(town: gpd.GeoDataFrame) -> None:
    out = cluster_dbscan(group_sites([9000.0] * 6, [9000.0] * 6), reach_m=50.0, min_weight=5.0)
    text = texts_of(
        draw_clusters_map(town, out, outline_clusters(out, margin_m=9.0), words=WORDS, method="D")
    )
    assert "West End" not in text


def test_ground_alone_is_one_line() -> None:
    one = np.array([0.25])
    ground = Outlines(np.array([None]), one, one * 4000, np.array([9]), one, one)
    assert describe_clusters(ground) == ("0.25 km² with 1,000 per km²",)


def test_the_curve_names_its_bend() -> None:
    rng = np.random.default_rng(2)
    sites = group_sites(
        *np.concatenate([rng.normal(5000, 100, (2, 300)), rng.uniform(0, 9999, (2, 60))], axis=1)
    )
    curve = suggest_reach(sites, min_weight=8.0)
    figure = draw_k_distances(curve, what="robbery")
    (axes,) = figure.axes
    assert f"bend at {curve.reach_m:,.0f} m" in axes.texts[0].get_text()
    assert axes.get_ylabel() == "Distance within which 8 incidents lie, m"
    np.testing.assert_allclose(axes.lines[0].get_ydata(), curve.distance_m)
