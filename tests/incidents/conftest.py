"""A town of two square neighborhoods, whose true borders are known in metres, and its source config."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyproj
import pytest

from incidents.ingest import IngestReport, ingest_files
from incidents.schema import Category, Origin, Place
from incidents.source import CategoryRule, CitySource, Layout, PolygonLayer, TimeColumns
from incidents.store import IncidentStore

CRS = "EPSG:26985"
WEST, MIDDLE, EAST = 430_000.0, 432_000.0, 434_000.0
SOUTH, NORTH = 180_000.0, 182_000.0

PLAIN = Layout(
    occurred=TimeColumns(("Date", "Clock"), "%m/%d/%Y %H:%M:%S"),
    offense="Offense",
    detail="Detail",
    longitude="Lon",
    latitude="Lat",
    address="Street",
    district="District",
    place="Inside",
    weapon="Weapon",
)
REPORTED = replace(
    PLAIN,
    incident_id="Number",
    known=TimeColumns(("Reported",), "%m/%d/%Y %H:%M:%S"),
)
RULES = (
    CategoryRule(Category.HOMICIDE, "^HOMICIDE"),
    CategoryRule(Category.SHOOTING, "^BATTERY", detail="GUN"),
    CategoryRule(Category.COMMON_ASSAULT, "^BATTERY"),
    CategoryRule(Category.NARCOTICS, "DRUG", origin=Origin.DISCOVERED),
)


def to_degrees(x: float, y: float) -> tuple[float, float]:
    """Longitude and latitude of a point given in metres."""
    lon, lat = pyproj.Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(x, y)
    return float(lon), float(lat)


def square(west: float, south: float, east: float, north: float) -> list[tuple[float, float]]:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [to_degrees(*corner) for corner in corners]


def write_polygons(path: Path, rings: dict[str, list[tuple[float, float]]], **more: object) -> Path:
    """A GeoJSON file of one polygon per name, each with 100 residents."""
    features = [
        {
            "type": "Feature",
            "properties": {"name": name, "people": 100, **more},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for name, ring in rings.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


HEADER = ["Number", "Date", "Clock", "Reported", "Offense", "Detail", "Lon", "Lat", "Street", "District"]
HEADER += ["Inside", "Weapon", "VictimAge"]


@dataclass(frozen=True)
class Town:
    """The town, its folder, and short ways to write files and ingest them."""

    folder: Path
    source: CitySource
    store: IncidentStore = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "store", IncidentStore(self.folder / "store"))

    def row(self, **cells: str) -> dict[str, str]:
        """A usable row in the middle of the western neighborhood, with the given cells changed."""
        lon, lat = to_degrees(WEST + 1000, SOUTH + 1000)
        usual = {
            "Number": "1",
            "Date": "07/04/2015",
            "Clock": "20:15:00",
            "Reported": "07/04/2015 21:00:00",
            "Offense": "HOMICIDE",
            "Detail": "",
            "Lon": f"{lon:.6f}",
            "Lat": f"{lat:.6f}",
            "Street": "100 MAIN ST",
            "District": "WEST",
            "Inside": "O",
            "Weapon": "FIREARM",
            "VictimAge": "27",
        }
        return usual | cells

    def write(self, rows: Sequence[dict[str, str]], name: str = "incidents.csv", end: str = "\n") -> Path:
        lines = [",".join(HEADER), *(",".join(row[column] for column in HEADER) for row in rows)]
        path = self.folder / name
        path.write_text("\n".join(lines) + end)
        return path

    def ingest(self, *paths: Path) -> IngestReport:
        return ingest_files(paths, source=self.source, store=self.store, search=[self.folder])


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Without row ids and report times."""
    return make_town(tmp_path, PLAIN)


@pytest.fixture
def reporting_town(tmp_path: Path) -> Town:
    """With row ids and report times."""
    return make_town(tmp_path, REPORTED)


def make_town(folder: Path, layout: Layout) -> Town:
    write_polygons(
        folder / "areas.geojson",
        {"West": square(WEST, SOUTH, MIDDLE, NORTH), "East": square(MIDDLE, SOUTH, EAST, NORTH)},
    )
    source = CitySource(
        name="town",
        time_zone="America/New_York",
        crs=CRS,
        layouts={"plain": layout},
        categories=RULES,
        layers={"neighborhood": PolygonLayer("areas.geojson", "name", "people")},
        area_layer="neighborhood",
        places={"I": Place.INDOORS, "O": Place.OUTDOORS},
        reporting_delay_hours={"default": 24.0, "homicide": 2.0},
    )
    return Town(folder, source)
