"""The public files of two cities, as they were found, with every defect that they have."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import geopandas as gpd
import polars as pl
import pytest
import shapely
import yaml
from pydantic import TypeAdapter

from incidents.ingest import IngestReport, ingest_files
from incidents.source import CitySource
from incidents.store import IncidentStore

ROOT = Path(__file__).parents[2]
FOLDERS = [*os.environ.get("TOCSIN_DATA", "").split(os.pathsep), str(ROOT.parent / "shared" / "data")]
DATA = next((Path(folder) for folder in FOLDERS if folder and (Path(folder) / "baltimore").is_dir()), None)

pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(DATA is None, reason="no public city files (set TOCSIN_DATA to their folder)"),
]
PART_1 = "baltimore/part1_victim_based_crime_2011_2015.csv.gz"
NIBRS = "baltimore/part1_nibrs_layout_2022_1000rows.geojson"


def source_of(city: str) -> CitySource:
    settings: Mapping[str, object] = yaml.safe_load((ROOT / "configs" / f"{city}.yaml").read_text())
    ours = {field.name for field in fields(CitySource)}
    return TypeAdapter(CitySource).validate_python(
        {key: value for key, value in settings.items() if key in ours}
    )


def data(file: str) -> Path:
    assert DATA is not None
    return DATA / file


def ingest(store: IncidentStore, city: str, *files: str) -> IngestReport:
    paths = [data(file) for file in files]
    return ingest_files(paths, source=source_of(city), store=store, search=[data("")])


@pytest.fixture(scope="module")
def baltimore(tmp_path_factory: pytest.TempPathFactory) -> tuple[IncidentStore, IngestReport]:
    store = IncidentStore(tmp_path_factory.mktemp("baltimore") / "store")
    return store, ingest(store, "baltimore", PART_1)


@pytest.fixture(scope="module")
def chicago(tmp_path_factory: pytest.TempPathFactory) -> tuple[IncidentStore, IngestReport]:
    store = IncidentStore(tmp_path_factory.mktemp("chicago") / "store")
    return store, ingest(
        store, "chicago", "chicago/chicago_crimes_2015.csv.gz", "chicago/chicago_crimes_2016.csv.gz"
    )


def test_every_row_of_baltimore_is_accounted_for(baltimore: tuple[IncidentStore, IngestReport]) -> None:
    _, report = baltimore
    assert report == IngestReport(
        read=244_494,
        accepted=244_493,
        redelivered=0,
        quarantined=1,
        reasons={"outside_city": 1},
        repaired={"midnight_24": 1, "dst_gap": 1, "missing_coordinates": 6632, "outside_tolerance": 188},
        without_report_time=244_493,
    )


def test_the_victims_of_each_year_are_those_that_the_portal_counts(
    baltimore: tuple[IncidentStore, IngestReport],
) -> None:
    store, _ = baltimore
    local = pl.col("occurred_at").dt.convert_time_zone("America/New_York").dt.year()
    counts = (
        store.scan(categories=["homicide", "shooting"])
        .group_by("category", local.alias("year"))
        .len()
        .collect()
    )
    by_category = {
        category: [
            counts.filter(pl.col("category") == category, pl.col("year") == year)["len"].item()
            for year in range(2011, 2016)
        ]
        for category in ("homicide", "shooting")
    }
    assert by_category == {"homicide": [197, 217, 235, 211, 343], "shooting": [379, 370, 401, 370, 636]}


def test_the_shooting_at_24_00_is_at_the_next_midnight(baltimore: tuple[IncidentStore, IngestReport]) -> None:
    store, _ = baltimore
    midnight = datetime(2012, 9, 25, 4, tzinfo=UTC)
    found = store.scan(start=midnight, stop=midnight.replace(minute=1), categories=["shooting"]).collect()
    assert found["area"].to_list() == ["Penrose/Fayette Street Outreach"]


def test_areas_agree_with_a_spatial_join(baltimore: tuple[IncidentStore, IngestReport]) -> None:
    store, _ = baltimore
    found = store.scan().filter(pl.col("x").is_not_null()).select("x", "y", "area").collect()
    layer = store.layer("neighborhood")
    points = gpd.GeoDataFrame(geometry=shapely.points(found["x"], found["y"]), crs=layer.crs)
    joined = points.sjoin(layer, how="left", predicate="within")
    joined = joined[~joined.index.duplicated()]["area"].fillna("none")
    assert joined.tolist() == found["area"].fill_null("none").to_list()


def test_the_areas_are_mostly_those_that_the_portal_names(
    baltimore: tuple[IncidentStore, IngestReport],
) -> None:
    store, _ = baltimore
    named = pl.read_csv(data(PART_1), columns=["Neighborhood", "Longitude", "Latitude"]).drop_nulls()
    ours = store.scan().select("lon", "lat", "area").collect().drop_nulls().unique(["lon", "lat"])
    both = named.join(ours, left_on=["Longitude", "Latitude"], right_on=["lon", "lat"])
    # The coordinates are block centroids, off by up to a block, so that some fall across the street.
    assert (both["Neighborhood"] == both["area"]).mean() > 0.85


def test_a_second_delivery_and_the_newer_layout(
    baltimore: tuple[IncidentStore, IngestReport], tmp_path: Path
) -> None:
    store = IncidentStore(tmp_path / "store")
    shutil.copytree(baltimore[0].root, store.root)
    again = ingest(store, "baltimore", PART_1)
    assert (again.accepted, again.redelivered, again.quarantined) == (0, 244_493, 1)
    newer = ingest(store, "baltimore", NIBRS)
    assert (newer.read, newer.accepted, newer.quarantined) == (1000, 1000, 0)
    first = (
        store.scan(start=datetime(2022, 1, 1, tzinfo=UTC))
        .filter(pl.col("incident_id") == "baltimore:1")
        .collect()
    )
    assert first["occurred_at"].to_list() == [datetime(2022, 11, 12, 11, 5, tzinfo=UTC)]
    assert first["category"].to_list() == ["common_assault"]


def test_no_person_field_reaches_the_disk(
    baltimore: tuple[IncidentStore, IngestReport], tmp_path: Path
) -> None:
    store = IncidentStore(tmp_path / "store")
    ingest(store, "baltimore", NIBRS)
    for path in [
        *store.root.rglob("incidents/**/*.parquet"),
        *baltimore[0].root.rglob("quarantine/*.parquet"),
    ]:
        content = path.read_bytes()
        for word in (b"BLACK_OR_AFRICAN_AMERICAN", b"NOT_HISPANIC_OR_LATINO", b"Gender", b"Race"):
            assert word not in content


def test_two_years_of_chicago(chicago: tuple[IncidentStore, IngestReport]) -> None:
    store, report = chicago
    assert (report.read, report.accepted, report.redelivered) == (263_929 + 268_813, 263_929 + 268_813, 0)
    assert set(report.repaired) == {"dst_gap", "missing_coordinates", "outside_tolerance"}
    assert "unmapped_offense" not in report.repaired
    source = pl.concat(
        [
            pl.read_csv(data(f"chicago/chicago_crimes_{year}.csv.gz"), infer_schema=False)
            for year in (2015, 2016)
        ]
    )
    battery = (pl.col("Primary Type") == "BATTERY") & pl.col("Description").str.contains(
        "HANDGUN|FIREARM|GUN"
    )
    counts = dict(store.scan().group_by("category").len().collect().rows())
    assert counts["homicide"] == source.filter(pl.col("Primary Type") == "HOMICIDE").height
    assert counts["shooting"] == source.filter(battery).height
    aggravated = source.filter(pl.col("FBI Code").is_in(["04A", "04B"]), ~battery).height
    assert counts["aggravated_assault"] == aggravated
    assert dict(store.scan().group_by("origin").len().collect().rows())["discovered"] > 50_000


def test_chicagos_areas_are_mostly_those_that_the_portal_names(
    chicago: tuple[IncidentStore, IngestReport],
) -> None:
    store, _ = chicago
    named = pl.read_csv(
        data("chicago/chicago_crimes_2015.csv.gz"), columns=["ID", "Community Area"], infer_schema=False
    )
    ours = (
        store.scan().select(pl.col("incident_id").str.strip_prefix("chicago:").alias("ID"), "area").collect()
    )
    both = named.join(ours, on="ID").drop_nulls()
    assert both.height > 250_000
    # Blocks on the street between two areas count for either.
    assert (both["Community Area"] == both["area"]).mean() > 0.97
