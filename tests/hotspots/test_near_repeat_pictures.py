"""The near-repeat profile as a picture: every figure is there, and chance stays pale."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from hotspots.city_map import MapWords
from hotspots.near_repeat.knox import Bands, KnoxTest
from hotspots.near_repeat.picture import draw_near_repeats, name_bands


@pytest.fixture
def tested() -> KnoxTest:
    return KnoxTest(
        bands=Bands(metres=(0.0, 1.0, 200.0), days=(0.0, 1.0, 7.0)),
        events=1234,
        observed=np.array([[30, 12], [5, 0]]),
        expected=np.array([[10.0, 8.0], [5.0, 0.0]]),
        deviation=np.ones((2, 2)),
        p=np.array([[0.001, 0.03], [0.5, 1.0]]),
        p_adjusted=np.array([[0.001, 0.2], [1.0, 1.0]]),
        total_deviation=3.0,
        permutations=999,
    )


def test_bands_in_words() -> None:
    far, late = name_bands(Bands(metres=(0.0, 125.0, 250.5), days=(0.0, 0.5, 2.0)))
    assert far == ("up to 125 m", "125 to 250.5 m")
    assert late == ("under 0.5 day", "0.5 to 2 days")
    assert name_bands(Bands(metres=(0.0, 1.0, 2000.0), days=(3.0, 7.0))) == (
        ("same place", "up to 2000 m"),
        ("3 to 7 days",),
    )


def test_the_profile_shows_every_figure(tested: KnoxTest) -> None:
    words = MapWords("test_ville", "homicide or shooting", "2011 to 2015")
    figure = draw_near_repeats(tested, words=words, same_event_hours=1.0)
    (axes,) = figure.axes
    written = {text.get_text(): text for text in axes.texts}
    assert {"3.00", "1.50", "1.00", "none", "30", "12", "5", "0"} == set(written)
    assert written["3.00"].get_fontweight() == "bold"
    assert written["1.50"].get_fontweight() == "normal"
    said = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    for part in (
        "Test Ville: near repeats",
        "Reported incidents, homicide or shooting; 2011 to 2015",
        "999 permutations",
        "1,234 events",
        "within 1 h are one event",
    ):
        assert part in said


def test_chance_is_pale_and_more_is_darker(tested: KnoxTest) -> None:
    figure = draw_near_repeats(tested, words=MapWords("t", "robbery", "2015"), same_event_hours=1.0)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)

    def brightness(col: float, row: float) -> int:
        x, y = figure.axes[0].transData.transform((col - 0.4, row - 0.4))
        return int(pixels[pixels.shape[0] - 1 - round(y), round(x)].sum())

    assert brightness(0, 0) < brightness(1, 0) < brightness(0, 1) == brightness(1, 1)
