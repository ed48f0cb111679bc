"""Travel between patrol areas, their outlines and their map."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from shapely.geometry import box

from hotspots.city_map import MapWords
from hotspots.patrol.layer import patrol_layer
from hotspots.patrol.picture import draw_patrol_map
from hotspots.patrol.plan import PatrolPlan, choose_areas
from hotspots.patrol.travel import Way, area_centers, travel_minutes
from incidents.errors import ConfigError, DataError
from rasterize.grid import Grid

GRID = Grid("EPSG:26985", west=1000.0, north=3000.0, cell_size_m=500.0, rows=3, cols=4)
HARM = np.array([[4.0, 3.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 5.0]])
WORDS = MapWords("test_ville", "robbery expected", "2015")


@pytest.fixture
def plan() -> PatrolPlan:
    """An L of three cells in the northwest and one cell in the southeast."""
    return choose_areas(HARM, areas=2, cells=4)


def test_centres_lie_in_their_areas(plan: PatrolPlan) -> None:
    x, y = area_centers(plan, HARM, GRID)
    # The centre of harm of the L is nearest to the middle of its corner cell.
    assert (x.tolist(), y.tolist()) == ([1250.0, 2750.0], [2750.0, 1750.0])
    row, col = GRID.locate(x, y)
    assert plan.area[row, col].tolist() == [0, 1]


def test_minutes_by_hand() -> None:
    x, y = np.array([0.0, 6000.0, 0.0]), np.array([0.0, 8000.0, 1000.0])
    along = travel_minutes(x, y, speed_kmh=28.0)
    straight = travel_minutes(x, y, speed_kmh=20.0, way=Way.STRAIGHT)
    assert along[0].tolist() == pytest.approx([0.0, 30.0, 60 / 28])
    assert straight[0].tolist() == pytest.approx([0.0, 30.0, 3.0])


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=2, max_size=6))
def test_minutes_are_distances(points: list[tuple[float, float]]) -> None:
    x, y = np.array(points).T
    for way in Way:
        minutes = travel_minutes(x, y, way=way)
        np.testing.assert_allclose(minutes, minutes.T)
        assert (np.diag(minutes) == 0).all()
        detour = minutes[:, :, None] + minutes[None, :, :]
        assert (minutes[:, None, :] <= detour + 1e-9).all()
    shorter = travel_minutes(x, y, way=Way.STRAIGHT)
    longer = travel_minutes(x, y, way=Way.MANHATTAN)
    assert (shorter <= longer + 1e-9).all()
    assert (longer <= np.sqrt(2) * shorter + 1e-9).all()


def test_the_layer_outlines_the_cells(plan: PatrolPlan) -> None:
    layer = patrol_layer(plan, GRID)
    assert layer["area"].tolist() == [1, 2]
    assert layer["harm"].tolist() == [9.0, 5.0]
    assert layer["share"].tolist() == pytest.approx([9 / 14, 5 / 14])
    assert layer["area_km2"].tolist() == [0.75, 0.25]
    assert layer.geometry[0].equals(box(1000, 2500, 2000, 3000).union(box(1000, 2000, 1500, 2500)))
    assert layer.crs.to_epsg() == 26985


def texts_of(figure: Figure) -> str:
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    return " ".join([text.get_text() for text in figure.texts] + inside).replace("\n", " ")


@pytest.fixture
def town() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"area": ["all"]}, geometry=[box(1000, 1500, 3000, 3000)], crs=GRID.crs)


def test_the_map_says_what_the_plan_holds(town: gpd.GeoDataFrame, plan: PatrolPlan) -> None:
    text = texts_of(draw_patrol_map(town, plan, HARM, GRID, words=WORDS, speed_kmh=15.0))
    for part in (
        "Test Ville: patrol areas",
        "2 areas of 1.00 km² with 100.0% of the expected harm of the city",
        "0.75 km²",
        "64.3%",
        "Minutes between them at 15 km/h along a street grid",
        " 10 ",
        "nothing of any person or address",
        "No plan within these limits is better.",
    ):
        assert part in text


def test_the_outline_is_drawn_where_the_area_is(town: gpd.GeoDataFrame, plan: PatrolPlan) -> None:
    figure = draw_patrol_map(town, plan, HARM, GRID, words=WORDS)
    drawn = [patch.get_path().get_extents().bounds for patch in figure.axes[0].patches]
    outline: npt.NDArray[np.float64] = np.array([1000.0, 1500.0, 2000.0, 1500.0])
    assert sum(np.allclose(bounds, outline) for bounds in drawn) >= 2


def test_one_area_has_nowhere_to_travel(town: gpd.GeoDataFrame) -> None:
    alone = choose_areas(HARM, areas=1, cells=2)
    assert "Minutes" not in texts_of(draw_patrol_map(town, alone, HARM, GRID, words=WORDS))


def test_error_texts(plan: PatrolPlan) -> None:
    with pytest.raises(ConfigError) as slow:
        travel_minutes(np.zeros(2), np.zeros(2), speed_kmh=0.0)
    assert str(slow.value) == "Expected a speed above 0 km/h. Received: 0.0. Use 30 in a city."
    other = Grid("EPSG:26985", 0.0, 0.0, 500.0, 2, 2)
    with pytest.raises(DataError) as grid:
        patrol_layer(plan, other)
    assert str(grid.value) == (
        "Expected a plan on the grid of (2, 2). Received: (3, 4). Use the grid that the plan was made on."
    )
    with pytest.raises(DataError, match=r"Expected a plan and harm on the grid of \(2, 2\)"):
        area_centers(plan, HARM, other)
