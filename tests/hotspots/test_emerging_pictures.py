"""The map of emerging hot spots: every pattern that occurs in its colour, with its letter on areas, and named."""

import geopandas as gpd
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from shapely.geometry import box

from hotspots.city_map import MapWords
from hotspots.emerging.hot_spots import EmergingHotSpots
from hotspots.emerging.patterns import Pattern
from hotspots.emerging.picture import COLORS, draw_emerging_map
from hotspots.emerging.trend import mann_kendall
from rasterize.grid import Grid
from rasterize.sheet import LAND

WORDS = MapWords("test_ville", "burglary", "2015")
GRID = Grid("EPSG:26985", west=0.0, north=100.0, cell_size_m=100.0, rows=1, cols=18)


@pytest.fixture
def town() -> gpd.GeoDataFrame:
    """Eighteen square neighborhoods from west to east, on the cells of the grid."""
    squares = [box(100 * col, 0, 100 * col + 100, 100) for col in range(18)]
    return gpd.GeoDataFrame({"area": [str(n) for n in range(18)]}, geometry=squares, crs=GRID.crs)


def every_pattern(shape: tuple[int, ...]) -> EmergingHotSpots:
    """All patterns, and a last place that was not tested."""
    pattern = np.array([*Pattern, 0], dtype=np.int8)
    z = np.zeros((2, 18))
    z[:, 17] = np.nan
    series = z.reshape(2, *shape)
    return EmergingHotSpots(pattern.reshape(shape), series, series, mann_kendall(series))


def texts_of(figure: Figure) -> list[str]:
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    return [text.get_text() for text in figure.texts] + inside


@pytest.mark.parametrize("on_grid", [True, False])
def test_every_pattern_has_its_colour_in_its_place(town: gpd.GeoDataFrame, on_grid: bool) -> None:
    found = every_pattern(GRID.shape if on_grid else (18,))
    figure = draw_emerging_map(
        town, found, grid=GRID if on_grid else None, words=WORDS, slices="2 slices", neighbors=""
    )
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba()) / 255
    for place, pattern in enumerate([*Pattern, None]):
        # Beside the letter in the middle.
        col, row = figure.axes[0].transData.transform((100 * place + 15, 20))
        expected = "white" if pattern is None else COLORS.get(pattern, LAND)
        assert pixels[pixels.shape[0] - 1 - round(row), round(col), :3] == pytest.approx(
            to_rgb(expected), abs=0.01
        )


def test_the_legend_names_what_occurs_and_areas_have_letters(town: gpd.GeoDataFrame) -> None:
    found = every_pattern((18,))
    texts = texts_of(
        draw_emerging_map(town, found, words=WORDS, slices="24 slices of 28 days", neighbors="Queen.")
    )
    assert {pattern.title for pattern in Pattern} <= set(texts)
    assert texts.count("N") == 5  # new, hot and cold, on the map and in the legend; and the north arrow
    told = " ".join(texts).replace("\n", " ")
    for part in ("Test Ville: emerging hot and cold spots", "24 slices of 28 days", "Mann-Kendall", "Queen."):
        assert part in told
    few = EmergingHotSpots(np.full(18, Pattern.NEW_HOT, dtype=np.int8), found.z, found.p_fdr, found.trend)
    listed = texts_of(draw_emerging_map(town, few, words=WORDS, slices="2 slices", neighbors=""))
    assert [pattern.title for pattern in Pattern if pattern.title in listed] == ["No pattern", "New hot spot"]


def test_patterns_stay_apart() -> None:
    assert set(COLORS) == set(Pattern) - {Pattern.NONE}
    assert len({*COLORS.values(), LAND}) == 17
