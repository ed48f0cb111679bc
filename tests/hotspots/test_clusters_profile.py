"""What a cluster is said to be: its ground, hours, categories and lasting, in the right units."""

import geopandas as gpd
import numpy as np
import pytest
import shapely

from hotspots.clusters.dbscan import cluster_dbscan
from hotspots.clusters.profile import (
    active_share,
    clusters_layer,
    dominant_categories,
    dominant_hours,
    outline_clusters,
)
from hotspots.clusters.result import Clusters
from hotspots.sites import group_sites
from incidents.errors import ConfigError, DataError

SIDE = np.arange(0.0, 1001.0, 100.0)


@pytest.fixture
def square_and_block() -> Clusters:
    """A square of 1 km with 2 incidents at each of 121 places, and a block with 30; one incident is alone."""
    east, north = (part.ravel() for part in np.meshgrid(2000 + SIDE, 3000 + SIDE))
    x = np.concatenate([np.repeat(east, 2), np.full(30, 8000.0), [20_000.0]])
    y = np.concatenate([np.repeat(north, 2), np.full(30, 8000.0), [20_000.0]])
    return cluster_dbscan(group_sites(x, y), reach_m=101.0, min_weight=6.0)


def test_outlines_by_hand(square_and_block: Clusters) -> None:
    outlines = outline_clusters(square_and_block, margin_m=50.0, ratio=1.0)
    assert outlines.sites.tolist() == [121, 1]
    assert outlines.x.tolist() == pytest.approx([2500.0, 8000.0])
    assert outlines.y.tolist() == pytest.approx([3500.0, 8000.0])
    rounded = 1.0 + 4 * 0.05 + np.pi * 0.05**2
    assert outlines.area_km2.tolist() == pytest.approx([rounded, np.pi * 0.05**2], rel=0.02)
    np.testing.assert_allclose(outlines.per_km2, [242, 30] / outlines.area_km2)


def test_concave_hulls_leave_out_what_is_between_the_arms() -> None:
    # An L of two arms of 1 km, three places wide, 50 m apart.
    along, across = (part.ravel() for part in np.meshgrid(np.arange(0.0, 1001.0, 50.0), [0.0, 50.0, 100.0]))
    x, y = np.concatenate([along, across]) + 2000, np.concatenate([across, along]) + 2000
    found = cluster_dbscan(group_sites(x, y), reach_m=60.0, min_weight=2.0)
    concave, convex = (outline_clusters(found, margin_m=10.0, ratio=ratio) for ratio in (0.0, 1.0))
    assert concave.area_km2[0] < 0.5 * convex.area_km2[0]
    between = shapely.Point(2400, 2400)
    assert not concave.hull[0].contains(between)
    assert convex.hull[0].contains(between)
    assert shapely.covers(concave.hull[0], shapely.points(x, y)).all()


def test_hulls_hold_all_places_of_their_cluster() -> None:
    rng = np.random.default_rng(8)
    found = cluster_dbscan(group_sites(*rng.normal(5000, 800, (2, 600))), reach_m=150.0, min_weight=8.0)
    outlines = outline_clusters(found, margin_m=20.0)
    assert len(found) > 1
    for cluster, hull in enumerate(outlines.hull):
        assert shapely.covers(hull, shapely.points(found.sites.xy[found.label == cluster])).all()


def test_dominant_hours_run_past_midnight(square_and_block: Clusters) -> None:
    # The square: 61 at 23:00, 60 at 01:00, the rest at noon. The block: all unknown but 10 at 05:00.
    hour = np.concatenate([[23] * 61, [1] * 60, [12] * 121, [-1] * 20, [5] * 10, [12]])
    found = dominant_hours(square_and_block, hour, width=4)
    # Noon and night tie at 121; the earliest window with noon in it starts at 09:00.
    assert found.value.tolist() == [9, 2]
    assert found.share.tolist() == [0.5, 1.0]
    assert found.ratio.tolist() == pytest.approx([0.5 / (122 / 253), 1.0 / (10 / 253)])
    hour[61] = 23
    hour[200] = 0
    assert dominant_hours(square_and_block, hour, width=4).value[0] == 22


def test_dominant_categories_by_hand(square_and_block: Clusters) -> None:
    category = np.concatenate([[0] * 142, [1] * 100, [1] * 18, [2] * 12, [0]])
    found = dominant_categories(square_and_block, category, categories=4)
    assert found.value.tolist() == [0, 1]
    assert found.share.tolist() == pytest.approx([142 / 242, 18 / 30])
    assert found.ratio.tolist() == pytest.approx([142 / 242 / (143 / 273), 18 / 30 / (118 / 273)])
    nothing = dominant_categories(square_and_block, np.full(273, -1), categories=4)
    assert nothing.value.tolist() == [-1, -1]
    assert np.isnan(nothing.share).all()


def test_a_burst_is_active_in_few_months(square_and_block: Clusters) -> None:
    month = np.concatenate([np.arange(242) % 12, np.full(30, 7), [0]])
    assert active_share(square_and_block, month, count=12).tolist() == pytest.approx([1.0, 1 / 12])


def test_the_layer_holds_what_the_arrays_hold(square_and_block: Clusters) -> None:
    outlines = outline_clusters(square_and_block, margin_m=50.0)
    layer = clusters_layer(
        square_and_block, outlines, crs="EPSG:26985", bands={"active_share": np.array([1.0, 0.5])}
    )
    assert isinstance(layer, gpd.GeoDataFrame)
    assert layer.crs.to_epsg() == 26985
    assert layer["incidents"].tolist() == [242.0, 30.0]
    assert layer["active_share"].tolist() == [1.0, 0.5]
    np.testing.assert_allclose(layer.area / 1e6, layer["area_km2"])


def test_no_cluster_has_no_profile() -> None:
    none = cluster_dbscan(group_sites([4000.0], [4000.0]), reach_m=100.0, min_weight=5.0)
    outlines = outline_clusters(none, margin_m=50.0)
    assert outlines.area_km2.shape == outlines.hull.shape == (0,)
    assert len(clusters_layer(none, outlines, crs="EPSG:26985")) == 0
    assert dominant_hours(none, [3]).value.shape == (0,)
    assert active_share(none, [0], count=12).shape == (0,)


def test_error_texts(square_and_block: Clusters) -> None:
    with pytest.raises(ConfigError) as margin:
        outline_clusters(square_and_block, margin_m=0.0)
    assert str(margin.value) == (
        "Expected margin_m above 0 and ratio in [0, 1]. Received: 0.0, 0.3. Use half the reach, and 0.3."
    )
    with pytest.raises(ConfigError, match=r"Expected a width of 1 to 24 hours. Received: 25"):
        dominant_hours(square_and_block, np.zeros(273, dtype=int), width=25)
    with pytest.raises(DataError) as short:
        dominant_categories(square_and_block, np.zeros(3), categories=4)
    assert str(short.value) == (
        "Expected a whole number for each of 273 points. Received: float64 of shape (3,). "
        "Pass both columns uncut, -1 where unknown."
    )
    with pytest.raises(DataError, match=r"Expected numbers below 24. Received: 24. Count from 0"):
        dominant_hours(square_and_block, np.full(273, 24))
