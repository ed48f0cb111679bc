"""The map of a window for people: what it shows, what it leaves out, and what it says about that."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from matplotlib.figure import Figure
from shapely.geometry import Polygon, box

from incidents.errors import ConfigError
from rasterize.build import Frame
from rasterize.palette import ACTIVE_OUTLINE, CHANNEL_COLORS, rgb
from rasterize.sheet import draw_polygons, open_sheet, round_length_m
from rasterize.window_map import describe_window, draw_window_map
from rasterize.windows import window_at

IncidentsOf = Callable[[list[Mapping[str, Any]]], pl.DataFrame]
DPI = 250


@pytest.fixture
def rows(first_midnight: datetime) -> list[dict[str, Any]]:
    """Window 20:00: two equal robberies and a shooting at one place of East, one robbery lost, others outside."""
    evening = first_midnight + timedelta(hours=20)
    robbery = {"occurred_at": evening, "category": "robbery", "x": 450.0, "y": 150.0, "area": "East"}
    return [
        robbery,
        robbery | {"occurred_at": evening + timedelta(minutes=119)},
        robbery | {"category": "shooting"},
        robbery | {"x": None, "y": None, "area": None},
        robbery | {"occurred_at": evening + timedelta(minutes=120), "x": 100.0, "area": "West"},
        robbery | {"category": "arson", "x": 100.0, "area": "West"},
    ]


def drawn(
    town: gpd.GeoDataFrame, town_frame: Frame, incidents: pl.DataFrame, label: str = "2015-07-01T20:00"
) -> Figure:
    window = window_at(label, time_zone="America/New_York")
    return draw_window_map(town, incidents, window=window, channels=town_frame.channels, city="test_ville")


def texts_of(figure: Figure) -> list[str]:
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    return [text.get_text() for text in figure.texts] + inside


def pixels_of(figure: Figure) -> npt.NDArray[np.uint8]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def share_in(figure: Figure, color: str, west: float, south: float, east: float, north: float) -> float:
    """Share of the pixels of a rectangle of the map, in metres, that have a colour, or nearly so at the edge of a line."""
    pixels = pixels_of(figure)
    left, bottom, right, top = figure.axes[0].transData.transform([(west, south), (east, north)]).ravel()
    height = pixels.shape[0]
    part = pixels[height - round(top) : height - round(bottom), round(left) : round(right)]
    difference = np.abs(part.astype(int) - rgb(color))
    return float((difference <= 40).all(axis=-1).mean())


def test_marks_by_hand(
    town: gpd.GeoDataFrame, town_frame: Frame, incidents_of: IncidentsOf, rows: list[dict[str, Any]]
) -> None:
    figure = drawn(town, town_frame, incidents_of(rows))
    marks = [np.asarray(collection.get_offsets()) for collection in figure.axes[0].collections]
    assert [len(offsets) for offsets in marks] == [1, 1, 0]
    # A shooting and two robberies at one place stand side by side around it.
    (shooting_x, y), (robbery_x, robbery_y) = marks[0][0], marks[1][0]
    assert y == robbery_y == 150.0
    assert shooting_x < 450.0 < robbery_x
    assert shooting_x + robbery_x == pytest.approx(900.0)
    assert [text.get_text() for text in figure.axes[0].texts if "×" in text.get_text()] == ["×2"]


def test_legend_title_and_note_by_hand(
    town: gpd.GeoDataFrame, town_frame: Frame, incidents_of: IncidentsOf, rows: list[dict[str, Any]]
) -> None:
    texts = texts_of(drawn(town, town_frame, incidents_of(rows)))
    assert texts[:2] == ["Test Ville: reported incidents", "Wednesday 1 July 2015, 20:00 to 22:00 EDT"]
    assert {"200 m", "N"} <= set(texts)
    panel = texts[texts.index("Incidents") :]
    assert panel == [
        "Incidents",
        *("shooting", "1", "robbery", "3", "theft", "0"),
        *("neighborhoods with an incident", "1", "East"),
        "Reported incidents, block level;",
        "4 incidents, 1 without a location",
    ]


def test_only_neighborhoods_with_an_incident_have_a_red_outline(
    town: gpd.GeoDataFrame, town_frame: Frame, incidents_of: IncidentsOf, rows: list[dict[str, Any]]
) -> None:
    figure = drawn(town, town_frame, incidents_of(rows))
    # Along the southern edges, away from the shared one.
    assert share_in(figure, ACTIVE_OUTLINE, 320, -2, 590, 2) > 0.1
    assert share_in(figure, ACTIVE_OUTLINE, 10, -2, 280, 2) == 0
    assert share_in(figure, "#000000", 10, -3, 280, 3) > 0
    assert share_in(figure, CHANNEL_COLORS[1], 450, 140, 470, 160) > 0.02


def test_a_quiet_window_is_drawn_as_well(
    town: gpd.GeoDataFrame, town_frame: Frame, incidents_of: IncidentsOf
) -> None:
    figure = drawn(town, town_frame, incidents_of([]))
    assert "0 incidents, 0 without a location" in texts_of(figure)
    assert share_in(figure, ACTIVE_OUTLINE, -10, -10, 610, 310) == 0


def test_incidents_outside_the_neighborhoods_are_on_the_map(
    town: gpd.GeoDataFrame, town_frame: Frame, incidents_of: IncidentsOf, rows: list[dict[str, Any]]
) -> None:
    figure = drawn(town, town_frame, incidents_of([rows[0] | {"x": 1500.0, "area": None}]))
    west, east = figure.axes[0].get_xlim()
    assert west < 0
    assert east > 1500.0


def test_many_names_are_cut_short(
    town_frame: Frame, incidents_of: IncidentsOf, rows: list[dict[str, Any]]
) -> None:
    names = [f"N{index:02}" for index in range(30)]
    strips = [box(index * 10, 0, index * 10 + 10, 300) for index in range(30)]
    city = gpd.GeoDataFrame({"area": names}, geometry=strips, crs="EPSG:26985")
    incidents = incidents_of([rows[0] | {"area": name} for name in names])
    listed = next(text for text in texts_of(drawn(city, town_frame, incidents)) if text.startswith("N00"))
    assert listed.replace("\n", " ").endswith("N17; and 12 more")


def test_holes_stay_holes() -> None:
    ring = Polygon([(0, 0), (0, 90), (90, 90), (90, 0)], holes=[[(30, 30), (60, 30), (60, 60), (30, 60)]])
    sheet = open_sheet((0, 0, 200, 100), title="", subtitle="")
    draw_polygons(sheet.map, gpd.GeoDataFrame(geometry=[ring, box(150, 0, 180, 30)]), facecolor="#00FF00")
    full, hole, other, land = (
        share_in(sheet.figure, "#00FF00", x, y, x + 10, y + 10)
        for x, y in ((10, 10), (40, 40), (160, 10), (110, 10))
    )
    assert (full, hole, other, land) == (1.0, 0.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("2015-07-04T22:00", "Saturday 4 July 2015, 22:00 to 00:00 EDT"),
        ("2015-03-08T02:00", "Sunday 8 March 2015, 02:00 to 04:00 EDT (the clock changes: 1 h)"),
        ("2015-11-01T00:00", "Sunday 1 November 2015, 00:00 to 02:00 EST (the clock changes: 3 h)"),
    ],
)
def test_windows_in_words(label: str, text: str) -> None:
    assert describe_window(window_at(label, time_zone="America/New_York")) == text


@pytest.mark.parametrize(("longest", "length"), [(1.0, 1.0), (4999.0, 2000.0), (5000.0, 5000.0), (0.3, 0.2)])
def test_scale_bars_have_round_lengths(longest: float, length: float) -> None:
    assert round_length_m(longest) == pytest.approx(length)


def test_a_window_by_its_label() -> None:
    window = window_at("2015-07-04T20:00", time_zone="America/New_York")
    assert (len(window), window.label(0), window.exposure_hours.tolist()) == (1, "2015-07-04T20:00", [2.0])


def test_error_texts() -> None:
    with pytest.raises(ConfigError) as error:
        window_at("last night", time_zone="UTC")
    assert str(error.value) == (
        "Expected the start of a window, e.g. 2015-07-04T20:00. Received: 'last night'. Write it in that form."
    )
    with pytest.raises(ConfigError, match="Expected an IANA time zone"):
        window_at("2015-07-04T20:00", time_zone="Nowhere")
    with pytest.raises(ConfigError) as error:
        window_at("2015-07-04T21:00", time_zone="UTC", hours=12)
    assert str(error.value) == (
        "Expected the start of a window in UTC, one of ['2015-07-04T00:00', '2015-07-04T12:00']. "
        "Received: '2015-07-04T21:00'. Choose one."
    )
