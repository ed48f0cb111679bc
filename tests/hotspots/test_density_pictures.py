"""Maps of densities: colours where the incidents are, and beside them all that a reader must know."""

import geopandas as gpd
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from shapely.geometry import box

from hotspots.city_map import MapWords
from hotspots.density.kernels import Kernel
from hotspots.density.picture import draw_density_map, draw_ratio_map
from hotspots.density.ratio import RelativeRisk
from hotspots.density.surface import DensitySurface, estimate_density
from rasterize.grid import Grid

WORDS = MapWords("test_ville", "homicide or shooting", "2011 to 2015")
GRID = Grid("EPSG:26985", west=0.0, north=3000.0, cell_size_m=100.0, rows=30, cols=30)


@pytest.fixture
def town() -> gpd.GeoDataFrame:
    """Two neighborhoods; the north of the grid is outside the city."""
    return gpd.GeoDataFrame(
        {"area": ["West", "East"]}, geometry=[box(0, 0, 1500, 2000), box(1500, 0, 3000, 2000)], crs=GRID.crs
    )


@pytest.fixture
def surface() -> DensitySurface:
    inside = np.indices(GRID.shape)[0] >= 10
    x, y = np.random.default_rng(1).normal(700, 150, (2, 200))
    return estimate_density(
        np.append(x, [np.nan, 2000]), np.append(y, [5, 2900]), GRID, bandwidth_m=200.0, inside=inside
    )


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


def test_density_darkens_where_incidents_are_and_stays_within_the_city(
    town: gpd.GeoDataFrame, surface: DensitySurface
) -> None:
    figure = draw_density_map(town, surface, words=WORDS)
    peak, slope, far = (sum(color_at(figure, x, 750)) for x in (750, 1150, 2750))
    assert peak < slope < far
    assert color_at(figure, 750, 2500) == (255, 255, 255)


def test_everything_that_must_be_said_is_on_the_density_map(
    town: gpd.GeoDataFrame, surface: DensitySurface
) -> None:
    text = texts_of(draw_density_map(town, surface, words=WORDS))
    for part in (
        "Test Ville: density of incidents",
        "Reported incidents, homicide or shooting; 2011 to 2015",
        "Incidents per square kilometre",
        "Incidents on the map",
        "200",
        "Without a location",
        "Outside the city",
        "Kernel: Gaussian, sigma",
        "200 m",
        "A peak may be chance",
    ):
        assert part in text
    quartic = estimate_density([700.0], [700.0], GRID, bandwidth_m=600.0, kernel=Kernel.QUARTIC)
    assert "Kernel: Quartic, radius 600 m" in texts_of(draw_density_map(town, quartic, words=WORDS)).replace(
        "600 m Kernel: Quartic, radius", "Kernel: Quartic, radius 600 m"
    )


def test_an_empty_city_is_drawn_pale(town: gpd.GeoDataFrame) -> None:
    nothing = estimate_density([], [], GRID, bandwidth_m=200.0)
    assert min(color_at(draw_density_map(town, nothing, words=WORDS), 750, 750)) > 200


def test_ratios_are_coloured_only_where_the_interval_is_clear(
    town: gpd.GeoDataFrame, surface: DensitySurface
) -> None:
    ratio = np.full(GRID.shape, 3.0)
    lower, upper = np.full(GRID.shape, 2.0), np.full(GRID.shape, 5.0)
    ratio[:, 10:20], lower[:, 10:20], upper[:, 10:20] = 0.3, 0.2, 0.5
    lower[:, 20:25] = 0.5
    for band in (ratio, lower, upper):
        band[:, 25:] = np.nan
    figure = draw_ratio_map(
        town, surface, RelativeRisk(ratio, lower, upper), words=WORDS, reference="residents"
    )
    high, low, unclear, thin = (color_at(figure, x, 750) for x in (550, 1350, 2250, 2750))
    assert high[0] > high[2] + 50  # orange
    assert low[2] > low[1] + 50  # purple
    assert unclear == (255, 255, 255)
    assert thin != unclear
    text = texts_of(figure)
    for part in (
        "Test Ville: incidents relative to residents",
        "Times the mean of the city",
        "Not clearly above or below",
        "Too few to compare with",
    ):
        assert part in text
