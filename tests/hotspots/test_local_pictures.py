"""Maps of hot spots: every class in its place and colour, places that were not tested left white, all of it named."""

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from shapely.geometry import box

from hotspots.city_map import MapWords, Swatch
from hotspots.local.gi_star import GiStar
from hotspots.local.moran import LocalMoran, Quadrant
from hotspots.local.picture import CONFIDENCE_SWATCHES, QUADRANT_SWATCHES, draw_gi_star_map, draw_moran_map
from incidents.errors import DataError
from rasterize.grid import Grid

Floats = npt.NDArray[np.float64]
WORDS = MapWords("test_ville", "burglary", "2015")
GRID = Grid("EPSG:26985", west=0.0, north=300.0, cell_size_m=100.0, rows=3, cols=3)


@pytest.fixture
def town() -> gpd.GeoDataFrame:
    """Nine square neighborhoods, row by row from the north-west, on the cells of the grid."""
    squares = [
        box(100 * col, 200 - 100 * row, 100 * col + 100, 300 - 100 * row)
        for row in range(3)
        for col in range(3)
    ]
    return gpd.GeoDataFrame({"area": [str(n) for n in range(9)]}, geometry=squares, crs=GRID.crs)


def found_with(z: Floats, p_fdr: Floats) -> GiStar:
    return GiStar(count=np.ones(z.shape), z=z, p=p_fdr, p_fdr=p_fdr, neighbors=np.full(z.shape, 8))


EVERY_CLASS = found_with(
    np.array([[5.0, 4.0, 3.0], [1.0, -3.0, -4.0], [-5.0, np.nan, 0.0]]),
    np.array([[0.001, 0.03, 0.08], [0.5, 0.08, 0.03], [0.001, np.nan, 1.0]]),
)
CODES = [3, 2, 1, 0, -1, -2, -3, None, 0]


def color_at(figure: Figure, x: float, y: float) -> tuple[float, float, float]:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    col, row = figure.axes[0].transData.transform((x, y))
    red, green, blue, _ = (pixels[pixels.shape[0] - 1 - round(row), round(col)] / 255).tolist()
    return red, green, blue


def texts_of(figure: Figure) -> str:
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    return " ".join([text.get_text() for text in figure.texts] + inside).replace("\n", " ")


@pytest.mark.parametrize("on_grid", [True, False])
def test_every_class_has_its_colour_in_its_place(town: gpd.GeoDataFrame, on_grid: bool) -> None:
    colors = {swatch.code: to_rgb(swatch.color) for swatch in CONFIDENCE_SWATCHES}
    found = EVERY_CLASS if on_grid else found_with(EVERY_CLASS.z.ravel(), EVERY_CLASS.p_fdr.ravel())
    grid = GRID if on_grid else None
    figure = draw_gi_star_map(town, found, grid=grid, words=WORDS, neighbors="Neighbors: queen.")
    for place, code in enumerate(CODES):
        row, col = divmod(place, 3)
        expected = (1.0, 1.0, 1.0) if code is None else colors[code]
        assert color_at(figure, 100 * col + 50, 250 - 100 * row) == pytest.approx(expected, abs=0.01)


def test_everything_that_must_be_said_is_on_the_map(town: gpd.GeoDataFrame) -> None:
    text = texts_of(
        draw_gi_star_map(town, EVERY_CLASS, grid=GRID, words=WORDS, neighbors="Neighbors: queen.")
    )
    for part in (
        "Test Ville: hot and cold spots",
        "Reported incidents, burglary; 2015",
        "Hot spot, 99% confidence",
        "Cold spot, 90%",
        "cells",
        "Getis-Ord Gi*",
        "false discovery rate",
        "Neighbors: queen.",
    ):
        assert part in text
    areas = found_with(EVERY_CLASS.z.ravel(), EVERY_CLASS.p_fdr.ravel())
    assert "areas" in texts_of(draw_gi_star_map(town, areas, words=WORDS, neighbors=""))


def test_quadrants_are_drawn_where_they_are_significant(town: gpd.GeoDataFrame) -> None:
    quadrant = np.array([1, 2, 3, 4, 1, 2, 3, 4, 0], dtype=np.int8)
    z = np.array([1.0] * 8 + [np.nan])
    p_fdr = np.array([0.01] * 4 + [0.2] * 4 + [np.nan])
    found = LocalMoran(np.ones(9), z, z, p_fdr, p_fdr, quadrant, np.full(9, 8))
    figure = draw_moran_map(town, found, words=WORDS, neighbors="")
    colors = {swatch.code: to_rgb(swatch.color) for swatch in QUADRANT_SWATCHES}
    for place in range(9):
        row, col = divmod(place, 3)
        code = quadrant[place] if place < 4 else Quadrant.NONE
        expected = (1.0, 1.0, 1.0) if place == 8 else colors[code]
        assert color_at(figure, 100 * col + 50, 250 - 100 * row) == pytest.approx(expected, abs=0.01)
    text = texts_of(figure)
    for part in ("clusters and outliers", "High among low", "Low among high", "Local Moran's I at 95%"):
        assert part in text


def test_classes_of_one_map_stay_apart() -> None:
    for swatches in (CONFIDENCE_SWATCHES, QUADRANT_SWATCHES):
        assert len({swatch.color for swatch in swatches}) == len(swatches)
        assert len({swatch.code for swatch in swatches}) == len(swatches)
        assert all(isinstance(swatch, Swatch) and swatch.name for swatch in swatches)


def test_error_texts(town: gpd.GeoDataFrame) -> None:
    with pytest.raises(DataError) as error:
        draw_gi_star_map(town, EVERY_CLASS, words=WORDS, neighbors="")
    assert str(error.value) == (
        "Expected a class for each place of (9,). Received: (3, 3). "
        "Draw with the grid or the areas that were tested."
    )
