"""Every row of a delivery is accepted, redelivered or quarantined, and nothing else happens to the store."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents.errors import ConfigError, DataError, LayoutError, PolygonError, UnreadableFileError
from incidents.ingest import IngestReport, check_account, check_source, ingest_files
from incidents.schema import INCIDENT_SCHEMA, QUARANTINE_SCHEMA, Category
from incidents.source import CategoryRule, CitySource
from incidents.store import IncidentStore

SPOILED: dict[str, dict[str, str]] = {
    "unparsable_time": {"Date": "02/30/2015"},
    "missing_offense": {"Offense": " "},
    "unparsable_coordinates": {"Lon": "west"},
    "outside_city": {"Lon": "0", "Lat": "0"},
    "extra_cells": {"Street": "1 MAIN ST, REAR"},
}
KEPT: dict[str, dict[str, str]] = {
    "midnight_24": {"Clock": "24:00:00"},
    "dst_gap": {"Date": "03/08/2015", "Clock": "02:30:00"},
    "unmapped_offense": {"Offense": "LITTERING"},
    "missing_coordinates": {"Lon": "", "Lat": ""},
    "outside_tolerance": {"Lat": "39.2845"},
}


def folder_state(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_one_row_by_hand(town: Any) -> None:
    report = town.ingest(town.write([town.row(Offense="BATTERY", Detail="HAND GUN")]))
    assert report == IngestReport(1, 1, 0, 0, reasons={}, repaired={}, without_report_time=1)
    (incident,) = town.store.scan().collect().to_dicts()
    assert incident.pop("incident_id").startswith("town:")
    assert incident.pop("x") == pytest.approx(431_000, abs=0.2)
    assert incident.pop("y") == pytest.approx(181_000, abs=0.2)
    row = town.row()
    assert incident == {
        "occurred_at": datetime(2015, 7, 5, 0, 15, tzinfo=UTC),
        "known_at": None,
        "category": "shooting",
        "offense": "BATTERY",
        "origin": "reported",
        "lon": float(row["Lon"]),
        "lat": float(row["Lat"]),
        "area": "West",
        "district": "WEST",
        "place": "outdoors",
        "weapon": "FIREARM",
        "time_is_heaped": False,
    }


def test_report_times_and_ids_of_the_source(reporting_town: Any) -> None:
    town = reporting_town
    rows = [
        town.row(Number="1"),
        town.row(Number="2", Reported=""),
        town.row(Number="3", Reported="soon"),
        town.row(Number="4", Reported="07/04/2015 20:14:59"),
        town.row(Number="1", Offense="BATTERY"),
    ]
    report = town.ingest(town.write(rows))
    assert report == IngestReport(
        5, 3, 1, 1, {"known_before_occurred": 1}, {"unparsable_report_time": 1}, without_report_time=2
    )
    stored = town.store.scan().collect()
    assert stored["incident_id"].to_list() == ["town:1", "town:2", "town:3"]
    assert stored["known_at"].to_list() == [datetime(2015, 7, 5, 1, tzinfo=UTC), None, None]
    assert stored["offense"].to_list() == ["HOMICIDE"] * 3


@pytest.mark.parametrize("reason", SPOILED)
def test_a_row_that_cannot_be_used_is_set_aside_as_it_was_read(town: Any, reason: str) -> None:
    report = town.ingest(town.write([town.row(), town.row(**SPOILED[reason])], name="delivery.csv"))
    assert report.reasons == {reason: 1}
    assert (report.read, report.accepted, report.quarantined) == (2, 1, 1)
    (row,) = town.store.scan_quarantine().collect().to_dicts()
    assert list(row) == list(QUARANTINE_SCHEMA)
    assert row["reason"] == reason
    assert (row["source_file"], row["source_row"], row["layout"]) == ("delivery.csv", 2, "plain")
    assert row["weapon" if reason != "extra_cells" else "offense"] is not None
    assert "27" not in row.values()


@pytest.mark.parametrize("repair", KEPT)
def test_a_row_with_a_known_defect_is_kept_and_counted(town: Any, repair: str) -> None:
    report = town.ingest(town.write([town.row(), town.row(**KEPT[repair])]))
    assert report.repaired == {repair: 1}
    assert report.accepted == 2


def test_swapped_coordinates_are_put_right_and_counted(town: Any) -> None:
    row = town.row()
    report = town.ingest(town.write([row | {"Lon": row["Lat"], "Lat": row["Lon"]}]))
    assert report.repaired == {"swapped_coordinates": 1}
    (incident,) = town.store.scan().collect().to_dicts()
    assert (incident["area"], incident["lon"]) == ("West", float(row["Lon"]))


def test_an_empty_row_is_set_aside(town: Any) -> None:
    empty = dict.fromkeys(town.row(), "")
    assert town.ingest(town.write([town.row(), empty, town.row()])).reasons == {"empty_row": 1}


def test_times_on_the_half_hour_are_flagged_by_the_wall_clock(town: Any) -> None:
    clocks = ["20:00:00", "20:30:00", "20:30:01", "20:15:00"]
    town.ingest(town.write([town.row(Clock=clock) for clock in clocks]))
    heaped = town.store.scan().select("occurred_at", "time_is_heaped").collect()
    assert heaped["time_is_heaped"].to_list() == [True, False, True, False]


def test_equal_victims_stay_apart_and_a_second_delivery_adds_nothing(town: Any) -> None:
    path = town.write([town.row()] * 3 + [town.row(**SPOILED["outside_city"])] * 2)
    first = town.ingest(path)
    before = folder_state(town.store.root)
    second = town.ingest(path)
    assert (first.accepted, first.quarantined) == (3, 2)
    assert (second.accepted, second.redelivered, second.quarantined) == (0, 3, 2)
    assert folder_state(town.store.root) == before
    assert town.store.scan().collect().height == 3
    assert town.store.scan_quarantine().collect().height == 2


def test_overlapping_files_in_one_delivery_or_two(town: Any) -> None:
    rows = [town.row(Clock=f"20:{minute:02d}:00") for minute in range(10)]
    early, late = town.write(rows[:7], "early.csv"), town.write(rows[4:], "late.csv")
    report = town.ingest(early, late)
    assert (report.read, report.accepted, report.redelivered) == (13, 10, 3)
    assert town.ingest(late, early).redelivered == 13


def test_the_order_of_deliveries_does_not_matter(town: Any, tmp_path: Path) -> None:
    rows = [town.row(Date=f"0{1 + day % 9}/04/2015", Clock=f"20:{day:02d}:00") for day in range(30)]
    files = [town.write(rows[start : start + 12], f"{start}.csv") for start in (0, 9, 18)]
    stored = []
    for number, order in enumerate((files, files[::-1])):
        store = IncidentStore(tmp_path / f"store-{number}")
        for path in order:
            ingest_files([path], source=town.source, store=store, search=[town.folder])
        stored.append(store.scan().collect())
    assert stored[0].equals(stored[1])
    assert stored[0].height == 30


def test_two_layouts_of_one_city(town: Any, reporting_town: Any) -> None:
    layouts = {"reporting": reporting_town.source.layouts["plain"], "plain": town.source.layouts["plain"]}
    source = replace(town.source, layouts=layouts)
    path = town.write([town.row(Number="7")])
    short = town.folder / "short.csv"
    text = path.read_text().splitlines()
    short.write_text("\n".join(line.split(",", 1)[1] for line in text) + "\n")
    report = ingest_files([path, short], source=source, store=town.store, search=[town.folder])
    assert report.accepted == 2
    assert "town:7" in town.store.scan().collect()["incident_id"].to_list()


damage = st.sampled_from([{}, {}, *SPOILED.values(), *KEPT.values(), dict.fromkeys(["Number", "Weapon"], "")])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    deliveries=st.lists(
        st.lists(st.tuples(damage, st.integers(0, 59)), min_size=1, max_size=12), min_size=1, max_size=4
    ),
    again=st.booleans(),
    data=st.data(),
)
def test_no_row_is_lost_or_counted_twice(
    town: Any,
    tmp_path_factory: pytest.TempPathFactory,
    deliveries: list[list[tuple[dict[str, str], int]]],
    again: bool,
    data: st.DataObject,
) -> None:
    store = IncidentStore(tmp_path_factory.mktemp("property") / "store")
    reports, accepted = [], 0
    for number, delivery in enumerate(deliveries + deliveries * again):
        rows = [town.row(Clock=f"20:{minute:02d}:00") | changes for changes, minute in delivery]
        end = data.draw(st.sampled_from(["\n", ""]), label="end of file")
        path = town.write(rows, f"{number % len(deliveries)}.csv", end=end)
        report = ingest_files([path], source=town.source, store=store, search=[town.folder])
        assert report.read == len(rows)
        assert report.accepted + report.redelivered + report.quarantined == report.read
        assert sum(report.reasons.values()) == report.quarantined
        accepted += report.accepted
        reports.append(report)
    stored = store.scan().collect()
    assert stored.height == accepted
    assert stored["incident_id"].is_unique().all()
    assert stored.schema == INCIDENT_SCHEMA
    if again:
        assert all(report.accepted == 0 for report in reports[len(deliveries) :])


def test_an_account_that_does_not_add_up_is_an_error() -> None:
    with pytest.raises(DataError) as caught:
        check_account(IngestReport(10, 5, 1, 3, {}, {}, 0))
    assert str(caught.value) == (
        "Expected every row to be accepted, redelivered or quarantined. "
        "Received: 10 rows read, 5 + 1 + 3 = 9. Report this as a fault."
    )


# Deliveries that are refused leave the store as it was.


def cut_short(path: Path) -> None:
    path.write_bytes(gzip.compress(path.read_bytes())[:-9])


def rename_a_column(path: Path) -> None:
    path.write_text(path.read_text().replace("Offense", "Crime"))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_encoding(path: Path) -> None:
    path.write_bytes(path.read_bytes() + "é".encode("latin-1"))


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (cut_short, UnreadableFileError),
        (rename_a_column, LayoutError),
        (empty, UnreadableFileError),
        (other_encoding, UnreadableFileError),
    ],
)
@pytest.mark.parametrize("has_store", [False, True])
def test_one_bad_file_keeps_the_whole_delivery_out(
    town, spoil: Callable[[Path], None], error: type, has_store: bool
) -> None:
    if has_store:
        town.ingest(town.write([town.row(Clock="10:00:00")], "before.csv"))
    before = folder_state(town.folder / "store")
    good, bad = town.write([town.row()], "good.csv"), town.write([town.row()], "bad.csv")
    spoil(bad)
    with pytest.raises(error):
        town.ingest(good, bad)
    assert folder_state(town.folder / "store") == before
    assert town.store.exists == has_store


def test_a_missing_polygon_file_writes_nothing(town: Any) -> None:
    path = town.write([town.row()])
    with pytest.raises(PolygonError):
        ingest_files([path], source=town.source, store=town.store, search=[town.folder / "elsewhere"])
    assert not town.store.root.exists()


def test_later_deliveries_use_the_polygons_of_the_store(town: Any) -> None:
    town.ingest(town.write([town.row()]))
    (town.folder / "areas.geojson").unlink()
    assert town.ingest(town.write([town.row(Clock="21:00:00")])).accepted == 1
    assert town.store.scan().collect()["area"].to_list() == ["West"] * 2


def test_another_city_is_kept_out_of_the_store(town: Any) -> None:
    path = town.write([town.row()])
    town.ingest(path)
    other = replace(town.source, name="village")
    with pytest.raises(ConfigError) as caught:
        ingest_files([path], source=other, store=town.store, search=[town.folder])
    assert str(caught.value) == (
        f"Expected a config with name 'town', which the store {town.store.root} was made with. "
        "Received: 'village'. Use the config of this city, or another --store."
    )


def test_no_files_at_all(town: Any) -> None:
    with pytest.raises(ConfigError, match=r"Received: none\. Name the city's incident files"):
        town.ingest()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_zone": "America/Baltimore"}, "Expected an IANA time zone such as America/New_York. Received: 'America/Baltimore'. "),
        ({"area_layer": "beat"}, "Expected area_layer to be one of layers. Received: 'beat', not in neighborhood. "),
        ({"reporting_delay_hours": {"homicide": 2.0}}, "Expected reporting delays for default and any of homicide, "),
        ({"reporting_delay_hours": {"default": 2.0, "murder": 2.0}}, "Expected reporting delays for default and any of "),
        ({"categories": (CategoryRule(Category.ARSON, "("),)}, "Expected a regular expression for arson. Received: '(' "),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_first(
    town: Any, changes: dict[str, object], message: str
) -> None:
    source: CitySource = replace(town.source, **changes)
    with pytest.raises(ConfigError) as caught:
        check_source(source)
    assert str(caught.value).startswith(message)
    with pytest.raises(ConfigError):
        ingest_files([town.folder / "absent.csv"], source=source, store=town.store, search=[])


def test_every_setting_of_the_city_changes_what_is_stored(town: Any) -> None:
    rows = [town.row(Clock="20:15:00"), town.row(Clock="20:30:00", Lat="39.2845")]
    path = town.write(rows)

    def stored(**changes: object) -> pl.DataFrame:
        name = "-".join(["varied", *changes])
        source = replace(town.source, **changes)
        store = IncidentStore(town.folder / name)
        ingest_files([path], source=source, store=store, search=[town.folder])
        return store.scan().drop("incident_id").collect()

    usual = stored()
    assert not stored(time_zone="America/Chicago")["occurred_at"].equals(usual["occurred_at"])
    assert not stored(crs="EPSG:32618")["x"].equals(usual["x"])
    assert not stored(categories=())["category"].equals(usual["category"])
    assert not stored(places={})["place"].equals(usual["place"])
    assert stored(outside_tolerance_m=10.0).height == 1
    assert not stored(heaped_minutes=(15,))["time_is_heaped"].equals(usual["time_is_heaped"])
