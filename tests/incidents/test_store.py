"""The store gives back what was put in, in order, and as it was known at a time."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import polars as pl
import pyarrow.dataset
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.errors import ConfigError, DataError, StoreError
from incidents.schema import INCIDENT_SCHEMA, QUARANTINE_SCHEMA, Category
from incidents.store import AppendResult, IncidentStore
from incidents.stored_city import StoredCity

NEW_YEAR = datetime(2015, 1, 1, tzinfo=UTC)
NOTHING = pl.DataFrame(schema=QUARANTINE_SCHEMA)


def incidents(*rows: dict[str, Any]) -> pl.DataFrame:
    """Incidents an hour apart from the new year of 2015, with the given values changed."""
    usual = {
        "incident_id": None, "occurred_at": NEW_YEAR, "known_at": None, "category": "robbery", "offense": "ROBBERY",
        "origin": "reported", "x": 431_000.0, "y": 181_000.0, "lon": -76.641, "lat": 39.292, "area": "West",
        "district": None, "place": "unknown", "weapon": None, "time_is_heaped": True,
    }  # fmt: skip
    return pl.DataFrame(
        [
            usual | {"incident_id": f"town:{number}", "occurred_at": NEW_YEAR + timedelta(hours=number)} | row
            for number, row in enumerate(rows)
        ],
        schema=INCIDENT_SCHEMA,
    )


def ids(scan: pl.LazyFrame) -> list[str]:
    return [name.removeprefix("town:") for name in scan.collect()["incident_id"]]


@pytest.fixture
def store(town: Any) -> IncidentStore:
    """An empty store of the town."""
    west = gpd.GeoDataFrame(
        {"area": ["West"], "population": [1.0]}, geometry=[shapely.box(0, 0, 1, 1)], crs=town.source.crs
    )
    made = IncidentStore(town.folder / "store")
    made.create(town.source, {"neighborhood": west, "beat": west})
    return made


def test_an_empty_store(store: IncidentStore) -> None:
    assert store.exists
    assert store.scan().collect().schema == INCIDENT_SCHEMA
    assert store.scan_quarantine().collect().schema == QUARANTINE_SCHEMA
    assert store.span() is None
    assert store.append(incidents(), NOTHING) == AppendResult(0, 0)


def test_what_goes_in_comes_out_in_order_of_time_and_id(store: IncidentStore) -> None:
    put = incidents(
        {"incident_id": "town:b"},
        {"incident_id": "town:a", "occurred_at": NEW_YEAR},
        {"x": None, "lon": None, "lat": None},
    )
    assert store.append(put.reverse()) == AppendResult(3, 0)
    assert store.scan().collect().equals(put.sort("occurred_at", "incident_id"))
    assert store.span() == (NEW_YEAR, NEW_YEAR + timedelta(hours=2))


def test_months_that_arrive_in_several_deliveries_are_merged_in_order(store: IncidentStore) -> None:
    every = incidents(*[{"occurred_at": NEW_YEAR + timedelta(days=9 * day)} for day in range(40)])
    for part in (every.gather_every(3, 1), every.gather_every(3, 0), every.gather_every(3, 2)):
        store.append(part)
    assert store.scan().collect().equals(every)
    assert len(list((store.root / "incidents").rglob("*.parquet"))) > 12


def test_of_rows_with_one_id_the_first_counts(store: IncidentStore) -> None:
    assert store.append(
        incidents({"area": "West"}, {"incident_id": "town:0", "area": "East"})
    ) == AppendResult(1, 1)
    moved = incidents({"occurred_at": NEW_YEAR + timedelta(days=90), "area": "North"})
    assert store.append(moved) == AppendResult(0, 1)
    assert store.scan().collect()["area"].to_list() == ["West"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.lists(st.integers(0, 30)), max_size=5))
def test_any_deliveries_give_the_set_of_their_incidents(
    store: IncidentStore, tmp_path_factory: pytest.TempPathFactory, deliveries: list[list[int]]
) -> None:
    fresh = IncidentStore(tmp_path_factory.mktemp("sets") / "store")
    source = replace_source(store)
    fresh.create(source, {"neighborhood": store.layer("neighborhood")})
    all_rows = incidents(*[{"occurred_at": NEW_YEAR + timedelta(days=5 * day)} for day in range(31)])
    seen: set[int] = set()
    for numbers in deliveries:
        result = fresh.append(all_rows[numbers])
        assert result.accepted == len(set(numbers) - seen)
        assert result.accepted + result.redelivered == len(numbers)
        seen |= set(numbers)
    assert fresh.scan().collect().equals(all_rows[sorted(seen)])


def replace_source(store: IncidentStore) -> Any:
    from incidents.source import CitySource

    city = store.city
    return CitySource(
        name=city.name, time_zone=city.time_zone, crs=city.crs, layouts={}, categories=(), layers={},
        area_layer=city.area_layer, reporting_delay_hours=city.reporting_delay_hours,
    )  # fmt: skip


# Questions.


def test_a_period_has_its_start_and_not_its_stop(store: IncidentStore) -> None:
    store.append(incidents(*[{}] * 5, {"occurred_at": NEW_YEAR + timedelta(days=40)}))
    hour = timedelta(hours=1)
    assert ids(store.scan(start=NEW_YEAR + hour, stop=NEW_YEAR + 3 * hour)) == ["1", "2"]
    assert ids(store.scan(start=NEW_YEAR + 4 * hour)) == ["4", "5"]
    assert ids(store.scan(stop=NEW_YEAR + hour)) == ["0"]
    assert ids(store.scan(start=NEW_YEAR + timedelta(days=41))) == []


def test_months_outside_the_period_are_not_opened(store: IncidentStore) -> None:
    store.append(incidents({}, {"occurred_at": NEW_YEAR + timedelta(days=40)}))
    (february,) = (store.root / "incidents").rglob("month=02/*.parquet")
    february.write_bytes(b"damaged")
    assert ids(store.scan(stop=NEW_YEAR + timedelta(days=31))) == ["0"]


def test_categories_and_areas(store: IncidentStore) -> None:
    store.append(incidents({"category": "homicide"}, {"category": "arson"}, {"area": "East"}, {"area": None}))
    assert ids(store.scan(categories=[Category.HOMICIDE, Category.ARSON])) == ["0", "1"]
    assert ids(store.scan(categories=["robbery"], areas=["East"])) == ["2"]
    assert ids(store.scan(categories=[])) == []
    with pytest.raises(ConfigError, match=r"Received: 'homocide'\. Use one of: homicide, "):
        store.scan(categories=["homocide"])


@pytest.mark.parametrize(
    ("hours", "known"),
    [(0.9, []), (1.0, ["0"]), (2.9, ["0"]), (3.0, ["0", "1"]), (7.9, ["0", "1"]), (8.0, ["0", "1", "2"]), (27, ["0", "1", "2", "3"])],
)  # fmt: skip
def test_what_was_on_record_at_a_time(store: IncidentStore, hours: float, known: list[str]) -> None:
    store.append(
        incidents(
            {"known_at": NEW_YEAR + timedelta(hours=1)},
            {"category": "homicide"},
            {"category": "homicide", "known_at": NEW_YEAR + timedelta(hours=8)},
            {"category": "robbery"},
        )
    )
    assert ids(store.scan(as_of=NEW_YEAR + timedelta(hours=hours))) == known


def test_assumed_delays_can_be_given_and_none_is_needed_where_reports_have_times(
    store: IncidentStore,
) -> None:
    store.append(incidents({"category": "homicide"}, {"category": "arson"}))
    now = NEW_YEAR + timedelta(hours=1)
    assert ids(store.scan(as_of=now, delay_hours={"default": 0.0})) == ["0", "1"]
    assert ids(store.scan(as_of=now, delay_hours={"default": 0.0, "homicide": 1.5})) == ["1"]
    with pytest.raises(ConfigError, match=r"Received: homicide\. Correct reporting_delay_hours"):
        store.scan(as_of=now, delay_hours={"homicide": 2.0})


def test_nothing_is_known_before_it_happened(store: IncidentStore) -> None:
    store.append(incidents(*[{}] * 30))
    for hour in range(60):
        as_of = NEW_YEAR + timedelta(hours=hour)
        assert all(time <= as_of for time in store.scan(as_of=as_of).collect()["occurred_at"])


@pytest.mark.parametrize("name", ["start", "stop", "as_of"])
def test_times_without_a_zone_are_refused(store: IncidentStore, name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        store.scan(**{name: datetime(2015, 7, 4)})  # type: ignore[arg-type]  # noqa: DTZ001
    assert str(caught.value) == (
        f"Expected {name} with a time zone. Received: 2015-07-04T00:00:00. Add one, such as tzinfo=UTC."
    )


def test_the_city_and_its_layers(store: IncidentStore) -> None:
    assert store.city == StoredCity(
        "town", "America/New_York", "EPSG:26985", "neighborhood", {"default": 24.0, "homicide": 2.0}
    )
    layer = store.layer("neighborhood")
    assert layer["area"].tolist() == ["West"]
    assert layer.crs == "EPSG:26985"
    with pytest.raises(ConfigError, match=r"Received: 'beats'\. It has: beat, neighborhood\."):
        store.layer("beats")


@pytest.mark.parametrize(("fact", "value"), [("name", "village"), ("time_zone", "UTC"), ("crs", "EPSG:32618"), ("area_layer", "beat")])  # fmt: skip
def test_another_city_is_refused(store: IncidentStore, town: Any, fact: str, value: str) -> None:
    layer = store.layer("neighborhood")
    with pytest.raises(ConfigError, match=f"Expected a config with {fact} "):
        store.create(replace(town.source, **{fact: value}), {"neighborhood": layer, "beat": layer})


def test_creating_a_store_twice_keeps_what_is_in_it(store: IncidentStore, town: Any) -> None:
    store.append(incidents({}))
    store.create(town.source, {"neighborhood": store.layer("neighborhood")})
    assert ids(store.scan()) == ["0"]


# At rest.


def test_other_programs_can_read_the_files(store: IncidentStore) -> None:
    store.append(incidents({}, {"lon": None, "lat": None}, {"occurred_at": NEW_YEAR + timedelta(days=40)}))
    folder = store.root / "incidents"
    points = gpd.read_parquet(folder)
    assert points.crs == "OGC:CRS84"
    assert [point and (point.x, point.y) for point in points.geometry] == [
        (-76.641, 39.292),
        None,
        (-76.641, 39.292),
    ]
    table = pyarrow.dataset.dataset(folder, partitioning="hive").to_table()
    assert table["month"].to_pylist() == [1, 1, 2]
    assert table["category"].to_pylist() == ["robbery"] * 3
    lazy = pl.scan_parquet(folder / "**/*.parquet", hive_partitioning=True)
    assert lazy.select("year").unique().collect().item() == 2015


def test_the_same_incidents_make_the_same_files(store: IncidentStore, town: Any) -> None:
    twin = IncidentStore(town.folder / "twin")
    twin.create(town.source, {"neighborhood": store.layer("neighborhood")})
    rows = incidents(*[{}] * 50)
    store.append(rows)
    twin.append(rows.sample(fraction=1, shuffle=True, seed=5))
    files = [sorted((one.root / "incidents").rglob("*.parquet")) for one in (store, twin)]
    assert [path.name for path in files[0]] == [path.name for path in files[1]]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


# Refusals.


def change_type(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("x").cast(pl.Float32))


def blank(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(offense=pl.lit(None, pl.String))


def strip_zone(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("occurred_at").dt.replace_time_zone(None))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frame: frame.drop("weapon"), "Expected the columns incident_id, occurred_at, "),
        (change_type, "Expected x of type Float64. Received: Float32. Cast it."),
        (strip_zone, "Expected occurred_at of type "),
        (blank, "Expected offense in every incident. Received: 1 without it. Set these rows aside."),
    ],
)
def test_frames_of_another_shape_are_refused(
    store: IncidentStore, spoil: Callable[[pl.DataFrame], pl.DataFrame], message: str
) -> None:
    with pytest.raises(DataError) as caught:
        store.append(spoil(incidents({})))
    assert str(caught.value).startswith(message)
    assert store.span() is None


def test_a_folder_without_a_store(tmp_path: Path) -> None:
    absent = IncidentStore(tmp_path / "absent")
    message = (
        f"Expected an incident store in {tmp_path / 'absent'}. Received: no manifest.json there. "
        "Make it with: tocsin ingest CONFIG FILE... --store DIR."
    )
    for ask in (
        absent.scan,
        absent.span,
        absent.scan_quarantine,
        lambda: absent.city,
        lambda: absent.append(incidents({})),
    ):
        with pytest.raises(StoreError) as caught:
            ask()
        assert str(caught.value) == message
    assert not absent.root.exists()


@pytest.mark.parametrize(
    "content", ["", "{}", '{"format": 2}', "[]", '{"format": 1, "incidents": [{}], "quarantine": []}']
)
def test_a_damaged_manifest_is_refused(store: IncidentStore, content: str) -> None:
    (store.root / "manifest.json").write_text(content)
    with pytest.raises(StoreError, match="Expected a manifest of format 1"):
        store.scan()


def test_a_file_that_is_missing_is_named(store: IncidentStore) -> None:
    store.append(incidents({}))
    path = json.loads((store.root / "manifest.json").read_text())["incidents"][0]["path"]
    (store.root / path).unlink()
    with pytest.raises(StoreError) as caught:
        store.scan()
    assert str(caught.value).startswith(f"Expected {path} in the store {store.root}. Received: no such file")


def test_a_page_of_the_quarantine_that_is_missing_is_named(store: IncidentStore) -> None:
    row = dict.fromkeys(QUARANTINE_SCHEMA) | {"incident_id": "town:0", "reason": "empty_row"}
    store.append(incidents(), pl.DataFrame([row], schema=QUARANTINE_SCHEMA))
    (page,) = (store.root / "quarantine").iterdir()
    page.unlink()
    with pytest.raises(StoreError, match=f"Expected quarantine/{page.name} in the store"):
        store.scan_quarantine()


def test_a_damaged_city_file_is_refused(store: IncidentStore) -> None:
    (store.root / "city.json").write_text("{")
    with pytest.raises(StoreError, match=r"Expected the city of the store in .*city.json"):
        _ = store.city


def test_an_area_layer_that_is_not_given_makes_no_store(store: IncidentStore, town: Any) -> None:
    other = IncidentStore(town.folder / "other")
    with pytest.raises(
        ConfigError, match=r"Expected the area layer 'neighborhood' among the layers\. Received: beat"
    ):
        other.create(town.source, {"beat": store.layer("beat")})
    assert not other.exists
