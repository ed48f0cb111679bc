"""A town of two square neighborhoods, its windows, and incidents from short lines."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import polars as pl
import pytest
from shapely.geometry import box

from incidents.schema import INCIDENT_SCHEMA, Category
from rasterize.build import Frame, build_tensor
from rasterize.grid import Grid
from rasterize.overlay import draw_overlay
from rasterize.tensors import EventTensor
from rasterize.windows import make_windows

CHANNELS: Mapping[str, tuple[Category, ...]] = {
    "shooting": (Category.HOMICIDE, Category.SHOOTING),
    "robbery": (Category.ROBBERY,),
    "theft": (Category.LARCENY, Category.AUTO_THEFT),
}
Row = Mapping[str, Any]


def make_incidents(rows: list[Row]) -> pl.DataFrame:
    """Give rows of ``occurred_at``, ``category`` and what else matters the other columns of an incident."""
    ordinary = {"known_at": None, "offense": "TEST", "origin": "reported", "place": "unknown", "area": None}
    ordinary |= {"x": None, "y": None, "time_is_heaped": False}
    complete = [{"incident_id": str(index)} | ordinary | dict(row) for index, row in enumerate(rows)]
    columns = {name: [row.get(name) for row in complete] for name in INCIDENT_SCHEMA}
    return pl.DataFrame(columns, schema=INCIDENT_SCHEMA)


@pytest.fixture(scope="session")
def incidents_of() -> Callable[[list[Row]], pl.DataFrame]:
    return make_incidents


@pytest.fixture(scope="session")
def town() -> gpd.GeoDataFrame:
    """West and East: two squares of 300 m that share an edge at x = 300."""
    squares = [box(0, 0, 300, 300), box(300, 0, 600, 300)]
    return gpd.GeoDataFrame({"area": ["West", "East"]}, geometry=squares, crs="EPSG:26985")


@pytest.fixture(scope="session")
def town_frame(town: gpd.GeoDataFrame) -> Frame:
    """Cells of 100 m around the town, four days of July 2015 in New York, assumed delay of 24 hours."""
    grid = Grid("EPSG:26985", west=-100.0, north=400.0, cell_size_m=100.0, rows=5, cols=8)
    windows = make_windows(date(2015, 7, 1), date(2015, 7, 5), time_zone="America/New_York")
    return Frame(grid, windows, draw_overlay(town, grid), CHANNELS, {"default": 24.0, "shooting": 2.0})


@pytest.fixture(scope="session")
def tensor_of(town_frame: Frame) -> Callable[[list[Row]], EventTensor]:
    def build(rows: list[Row]) -> EventTensor:
        return build_tensor(make_incidents(rows).lazy(), town_frame, about={"city": "testville"})

    return build


@pytest.fixture(scope="session")
def first_midnight() -> datetime:
    """Start of window 0 of the town: midnight of 1 July 2015 in New York."""
    return datetime(2015, 7, 1, 4, tzinfo=UTC)
