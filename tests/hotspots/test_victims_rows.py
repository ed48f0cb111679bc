"""Rows of incidents and of a table of victims: clocks, age bands, neighborhoods, and nothing that names a person."""

import gzip
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import box

from hotspots.victims.identity import identity_by_content, identity_by_name, refuse_identifying
from hotspots.victims.places import measure_areas, read_census, variables_of_places
from hotspots.victims.rows import (
    band_ages,
    clock_columns,
    levels_to_report,
    repair_ages,
    rows_of_incidents,
    variables_of_rows,
)
from hotspots.victims.settings import CensusShare, VictimTable
from hotspots.victims.table import read_victims
from hotspots.victims.variables import Cycle, Levels, Numbers
from incidents.errors import ConfigError, DataError, LayoutError, PolygonError
from incidents.schema import INCIDENT_SCHEMA
from incidents.source import PolygonLayer, TimeColumns

TABLE = VictimTable(
    occurred=TimeColumns(("date",), "%Y-%m-%d"),
    longitude="lng",
    latitude="lat",
    levels={"category": "kind", "sex": "SEX"},
    age="age",
)


@pytest.fixture
def town() -> gpd.GeoDataFrame:
    """Two neighborhoods side by side, in metres; the third has no residents."""
    areas = gpd.GeoDataFrame(
        {"area": ["West", "East", "Docks"], "population": [1000.0, 4000.0, 0.0]},
        geometry=[
            box(-76.7, 39.2, -76.6, 39.4),
            box(-76.6, 39.2, -76.5, 39.4),
            box(-76.5, 39.2, -76.4, 39.4),
        ],
        crs="EPSG:4326",
    )
    return areas.to_crs("EPSG:26985")


def write_table(folder: Path, rows: list[str], *, header: str = "date,kind,SEX,age,lat,lng,name") -> Path:
    path = folder / "victims.csv.gz"
    path.write_bytes(gzip.compress(("\n".join([header, *rows]) + "\n").encode()))
    return path


def test_ages_off_by_a_century_are_put_right_and_others_set_missing() -> None:
    ages = repair_ages(np.array([0.0, 34.0, 110.0, 134.0, -66.0, 300.0, np.nan, 111.0]))
    assert ages.years.tolist()[:5] == [0.0, 34.0, 110.0, 34.0, 34.0]
    assert np.isnan(ages.years[[5, 6]]).all()
    assert ages.years[7] == 11.0
    assert (ages.repaired, ages.impossible, ages.missing) == (3, 1, 1)


@given(st.lists(st.one_of(st.floats(-300, 500), st.just(float("nan"))), max_size=20))
def test_every_age_is_kept_repaired_impossible_or_missing(years: list[float]) -> None:
    given_years = np.array(years, dtype=np.float64)
    ages = repair_ages(given_years)
    untouched = int((ages.years == given_years).sum())
    assert untouched + ages.repaired + ages.impossible + ages.missing == len(years)
    known = ages.years[np.isfinite(ages.years)]
    assert ((known >= 0) & (known <= 110)).all()
    assert band_ages(ages.years).null_count() == ages.impossible + ages.missing


def test_clock_of_a_summer_night_by_hand() -> None:
    # 4 July 2015, a Saturday, 23:30 in New York, is 5 July in UTC.
    wall = (
        pl.Series(["2015-07-05 03:30"])
        .str.to_datetime(time_zone="UTC")
        .dt.convert_time_zone("America/New_York")
    )
    row = clock_columns(wall, has_hour=True).row(0, named=True)
    assert row["hour"] == 23.5
    assert row["weekday"] == pytest.approx(5 + 23.5 / 24)
    assert row["year_day"] == pytest.approx(184 + 23.5 / 24)
    assert row["year"] == 2015


def incidents(count: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    times = np.datetime64("2015-01-01T00:00", "us") + rng.integers(0, 365 * 24, count) * np.timedelta64(
        1, "h"
    )
    return pl.DataFrame(
        {name: [None] * count for name in INCIDENT_SCHEMA}
        | {
            "occurred_at": pl.Series(times).dt.replace_time_zone("UTC"),
            "category": rng.choice(["homicide", "larceny"], count),
            "place": rng.choice(["indoors", "unknown"], count),
            "weapon": ["KNIFE", None] * (count // 2),
            "area": rng.choice(["West", "East"], count),
        },
        schema=INCIDENT_SCHEMA,
    )


def test_incidents_become_times_and_words_and_nothing_finer_than_an_area() -> None:
    rows = rows_of_incidents(incidents(60), time_zone="America/New_York")
    assert set(rows.columns) == {"hour", "weekday", "year_day", "year", "area", "category", "place", "weapon"}
    assert set(rows["place"]) == {"indoors", None}
    kinds = {variable.name: type(variable) for variable in variables_of_rows(rows)}
    assert kinds == {
        "hour of day": Cycle,
        "day of week": Cycle,
        "time of year": Cycle,
        "category": Levels,
        "place": Levels,
        "weapon": Levels,
    }


def test_bands_of_a_report_count_every_row_once() -> None:
    rows = rows_of_incidents(incidents(60), time_zone="America/New_York")
    levels = {each.name: each for each in levels_to_report(rows)}
    assert {"season", "hour of day", "day of week", "category"} <= set(levels)
    assert all(np.bincount(each.codes).sum() == 60 for each in levels.values())


@pytest.mark.parametrize(
    ("day", "season"),
    [
        ("2015-01-15", "winter"),
        ("2015-12-05", "winter"),
        ("2015-04-10", "spring"),
        ("2015-07-15", "summer"),
        ("2015-10-15", "autumn"),
    ],
)
def test_seasons(day: str, season: str) -> None:
    rows = clock_columns(pl.Series([day]).str.to_datetime(), has_hour=False).with_columns(area=pl.lit("West"))
    found = next(each for each in levels_to_report(rows) if each.name == "season")
    assert found.names == (season,)


def test_a_table_is_read_without_its_other_columns(tmp_path: Path, town: gpd.GeoDataFrame) -> None:
    path = write_table(
        tmp_path,
        [
            "2015-07-04,HOMICIDE,MALE,23,39.3,-76.65,Doe",
            "2015-07-05,SHOOTING,UNKNOWN,-77,39.3,-76.55,Roe",
            "soon,SHOOTING,MALE,30,39.3,-76.55,Poe",
            "2015-07-06,SHOOTING,FEMALE,,50.0,-76.55,Coe",
        ],
    )
    read = read_victims(path, TABLE, town, time_zone="America/New_York")
    assert read.rows["area"].to_list() == ["West", "East", None]
    assert read.rows["sex"].to_list() == ["male", None, "female"]
    assert read.rows["age"].to_list() == ["18 to 24", "18 to 24", None]
    assert read.rows["hour"].null_count() == 3
    assert "hour of day" not in {variable.name for variable in variables_of_rows(read.rows)}
    assert {each.block for each in variables_of_rows(read.rows) if each.name in {"age", "sex"}} == {"person"}
    assert (read.undated, read.unplaced) == (1, 1)
    assert read.ages is not None
    assert (read.ages.repaired, read.ages.missing) == (1, 1)
    assert not {"name", "lat", "lng"} & set(read.rows.columns)


@pytest.mark.parametrize(
    "name",
    [
        "VictimName",
        "last_name",
        "LNAME",
        "RowID",
        "case_number",
        "CaseNumber",
        "SSN",
        "Address",
        "street",
        "Location",
        "dob",
        "DateOfBirth",
        "birth_date",
        "BirthYear",
        "phone",
        "person id",
    ],
)
def test_columns_are_refused_by_name(name: str) -> None:
    assert identity_by_name(name)
    with pytest.raises(DataError, match=rf"Received: '{name}', a column whose name says that it is an? "):
        refuse_identifying(pl.DataFrame({name: ["x"]}))


@pytest.mark.parametrize(
    "name",
    [
        "weapon_inferred",
        "RACE",
        "vict_type_generic",
        "Inside/Outside",
        "age_at_case",
        "premise",
        "CASE_DATE",
        "lat",
    ],
)
def test_columns_that_many_share_are_not_refused(name: str) -> None:
    assert identity_by_name(name) is None


@pytest.mark.parametrize(
    "values",
    [
        ["1200 N CALVERT ST", "14 Light Street", "3 W 25TH AVE"],
        ["1991-03-04", "1975-11-30"],
        ["03/04/1991", "11/30/1975"],
        ["Smith, John", "O'Neil, Ann B"],
        ["123-45-6789", "987-65-4321"],
        ["2015004711", "2015004712"],
        ["ann@mail.org", "bob@mail.org"],
        ["410 555 0199", "(410) 555-0100"],
    ],
)
def test_columns_are_refused_by_what_stands_in_them(values: list[str]) -> None:
    column = pl.Series("note", values * 20)
    assert identity_by_content(column)
    with pytest.raises(DataError, match=r"Received: 'note', values that look like .* are never read\."):
        refuse_identifying(column.to_frame())


def test_a_column_with_a_value_for_almost_every_row_is_refused() -> None:
    surnames = pl.DataFrame({"who": [f"Person{chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(200)] * 2})
    with pytest.raises(
        DataError, match=r"'who', values that look like a name or an id: 200 different ones in 400 rows"
    ):
        refuse_identifying(surnames)
    refuse_identifying(pl.DataFrame({"kind": ["KNIFE", "FIREARM", "18-24", "BLACK", None] * 20}))


def test_a_table_that_names_persons_is_refused(tmp_path: Path, town: gpd.GeoDataFrame) -> None:
    path = write_table(tmp_path, [f"2015-07-04,HOMICIDE,MALE,{20 + i},39.3,-76.65,Doe" for i in range(30)])
    named = replace(TABLE, levels={"category": "kind", "who": "name"})
    with pytest.raises(DataError, match="Received: 'name'"):
        read_victims(path, named, town, time_zone="America/New_York")
    disguised = replace(TABLE, levels={"name": "kind"})
    with pytest.raises(DataError, match="Received: 'name'"):
        read_victims(path, disguised, town, time_zone="America/New_York")
    births = write_table(tmp_path, ["2015-07-04,HOMICIDE,MALE,1990-02-03,39.3,-76.65,Doe"] * 20)
    with pytest.raises(DataError, match=r"Received: 'age', values that look like a date of birth\."):
        read_victims(births, TABLE, town, time_zone="America/New_York")


def test_a_missing_column_is_named(tmp_path: Path, town: gpd.GeoDataFrame) -> None:
    path = write_table(tmp_path, ["2015-07-04,1"], header="date,kind")
    with pytest.raises(LayoutError, match=r"a file without lng, lat, SEX, age; it has date, kind\."):
        read_victims(path, TABLE, town, time_zone="America/New_York")


def test_rates_and_density_by_hand(town: gpd.GeoDataFrame) -> None:
    reported = pl.DataFrame(
        {"area": ["West"] * 10 + ["East"] * 20 + [None], "category": ["robbery"] * 4 + ["larceny"] * 27}
    )
    places = measure_areas(town, reported, years=2.0)
    violent = places.values["violent rate (log10)"]
    assert violent[:2] == pytest.approx(np.log10([4.5 / 1000 / 2 * 1000, 0.5 / 4000 / 2 * 1000]))
    assert np.isnan(violent[2])
    assert places.values["residents per km2 (log10)"][0] == pytest.approx(
        np.log10(1000 / (town.area.iloc[0] / 1e6))
    )


def test_census_shares_by_hand(tmp_path: Path, town: gpd.GeoDataFrame) -> None:
    file = town.assign(name=town["area"], young=[100, 400, 0], old=[50, 800, 0], people=[1000, 4000, 0])
    file.drop(columns=["area"]).to_crs("EPSG:4326").to_file(tmp_path / "areas.geojson")
    layer = PolygonLayer("areas.geojson", "name")
    shares = {"young or old": CensusShare(("young", "old"), "people")}
    census = read_census(layer, shares, ["East", "West", "Docks", "Elsewhere"], search=[tmp_path])
    assert census.values["young or old"] == pytest.approx([0.3, 0.15, np.nan, np.nan], nan_ok=True)
    rows = pl.DataFrame({"area": ["West", None, "East", "Nowhere"]})
    (numbers,) = variables_of_places(rows, census)
    assert isinstance(numbers, Numbers)
    assert numbers.of_row.tolist() == [1, -1, 0, -1]
    with pytest.raises(ConfigError, match=r"Received: elders\. It has: .*young"):
        read_census(layer, {"x": CensusShare(("elders",), "people")}, ["East"], search=[tmp_path])
    with pytest.raises(PolygonError, match=r"Expected the polygon file areas\.geojson"):
        read_census(layer, shares, ["East"], search=[])
