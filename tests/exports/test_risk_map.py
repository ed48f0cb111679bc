"""The map of a forecast: numbers in their cells, within the city, with all that must be said beside them."""

from dataclasses import replace
from datetime import datetime

import geopandas as gpd
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from exports.caption import RiskCaption
from exports.risk_map import draw_risk_map, windows_for_one
from incidents.errors import ConfigError, DataError
from rasterize.grid import Grid, cover_polygons


@pytest.fixture
def grid(town: gpd.GeoDataFrame) -> Grid:
    return cover_polygons(town, cell_size_m=100.0)


def texts_of(figure: Figure) -> str:
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    return " ".join([text.get_text() for text in figure.texts] + inside).replace("\n", " ")


def brightness_at(figure: Figure, x: float, y: float) -> int:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    col, row = figure.axes[0].transData.transform((x, y))
    return int(pixels[pixels.shape[0] - 1 - round(row), round(col)].sum())


def test_everything_that_must_be_said_is_on_the_map(
    town: gpd.GeoDataFrame, grid: Grid, caption: RiskCaption
) -> None:
    text = texts_of(draw_risk_map(town, grid, np.full(grid.shape, 0.0004), caption=caption))
    for part in (
        "Test Ville: expected reported incidents, homicide or shooting",
        "Valid Sat 4 Jul 2015, 20:00 to 22:00 EDT; issued Sat 4 Jul 2015, 20:00 EDT",
        "Probability of at least one reported homicide or shooting in the city",
        "24%",
        "interval 17% to 31%",
        "base rate 12%, so 2.0 × usual",
        "Model: better than its best baseline on later data",
        "Data until",
        "Sat 4 Jul 2015, 19:00 EDT",
        "Expires",
        "Sat 4 Jul 2015, 22:00 EDT",
        "Expected reported incidents in a cell of 100 m × 100 m and 10,000 such windows",
        "Not to be used after it expires.",
        "200 m",
    ):
        assert part in text


def test_no_skill_is_said(town: gpd.GeoDataFrame, grid: Grid, caption: RiskCaption) -> None:
    figure = draw_risk_map(town, grid, np.zeros(grid.shape), caption=replace(caption, has_skill=False))
    assert "No skill shown: not better than its best baseline on later data" in texts_of(figure)
    assert "in a cell of 100 m × 100 m and this window" in texts_of(figure)


def test_cells_darken_with_risk_where_they_lie_and_only_within_the_city(
    town: gpd.GeoDataFrame, grid: Grid, caption: RiskCaption
) -> None:
    expected = np.full(grid.shape, 1e-4)
    row, col = grid.locate(np.array([430_150.0, 430_150.0]), np.array([180_150.0, 180_350.0]))
    assert row[1] == -1
    expected[row[0], col[0]] = 5e-3
    figure = draw_risk_map(town, grid, expected, caption=caption)
    centre, beside, outside = (
        brightness_at(figure, x, y) for x, y in ((430_150, 180_150), (430_250, 180_150), (430_150, 180_305))
    )
    assert centre < beside < outside == 3 * 255


def test_nothing_is_drawn_where_nothing_is_said(
    town: gpd.GeoDataFrame, grid: Grid, caption: RiskCaption
) -> None:
    expected = np.full(grid.shape, 5e-3)
    expected[:, :3] = np.nan
    figure = draw_risk_map(town, grid, expected, caption=caption)
    assert brightness_at(figure, 430_150, 180_150) == 3 * 255
    assert brightness_at(figure, 430_750, 180_150) < 3 * 255


@pytest.mark.parametrize(
    ("highest", "windows"), [(0.0, 1), (2.0, 1), (1.0, 1), (0.5, 10), (0.1, 10), (0.0004, 10_000)]
)
def test_number_of_windows_for_one_incident(highest: float, windows: int) -> None:
    assert windows_for_one(np.array([[np.nan, highest]])) == windows


def test_a_window_over_midnight_names_both_days(caption: RiskCaption) -> None:
    late = replace(caption, valid_to=caption.valid_to.replace(hour=5))
    assert late.valid == "Sat 4 Jul 2015, 20:00 EDT to Sun 5 Jul 2015, 01:00 EDT"


def test_error_texts(town: gpd.GeoDataFrame, grid: Grid, caption: RiskCaption) -> None:
    with pytest.raises(DataError) as error:
        draw_risk_map(town, grid, np.zeros((2, 2)), caption=caption)
    assert str(error.value) == (
        f"Expected numbers on the grid of {grid.shape}. Received: (2, 2). "
        "Use the grid that the model was trained on."
    )
    with pytest.raises(DataError) as error:
        draw_risk_map(town, grid, np.full(grid.shape, -0.5), caption=caption)
    assert str(error.value) == ("Expected numbers of incidents, not negative. Received: -0.5. Predict again.")
    with pytest.raises(ConfigError) as naive:
        caption.local(datetime(2015, 7, 5))  # noqa: DTZ001
    assert str(naive.value) == (
        "Expected a time with a zone. Received: 2015-07-05 00:00:00. Give times in UTC."
    )
