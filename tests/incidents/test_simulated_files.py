import gzip
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas
import numpy as np
import polars as pl
import pytest
import yaml
from pydantic import TypeAdapter

from incidents.errors import StoreError
from incidents.simulate import SimulatedCity, SimulationSettings, simulate_city, write_city
from incidents.simulate.layout import SOURCE
from incidents.source import CitySource

SETTINGS = SimulationSettings(start=date(2023, 3, 1), stop=date(2023, 4, 1))
FILES = [
    "incidents.csv.gz",
    "neighborhoods.geojson",
    "districts.geojson",
    "places.geojson",
    "city.yaml",
    "truth.json",
    "truth.npz",
]
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(SETTINGS, rng=np.random.default_rng(41))


@pytest.fixture(scope="module")
def folder(city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "city"
    write_city(city, folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    written = write_city(simulate_city(SETTINGS, rng=np.random.default_rng(41)), tmp_path / "again")
    assert [path.name for path in written] == FILES
    assert contents(tmp_path / "again") == contents(folder)


def test_the_archive_does_not_tell_when_it_was_written(folder: Path) -> None:
    assert (folder / "incidents.csv.gz").read_bytes()[4:8] == bytes(4)


def test_another_seed_gives_another_city(folder: Path, tmp_path: Path) -> None:
    write_city(simulate_city(SETTINGS, rng=np.random.default_rng(42)), tmp_path)
    same = {name for name, content in contents(tmp_path).items() if content == contents(folder)[name]}
    assert same == {"city.yaml"}


def test_incidents_round_trip(city: SimulatedCity, folder: Path) -> None:
    rows = pl.read_csv(gzip.decompress((folder / "incidents.csv.gz").read_bytes()))
    assert rows.equals(city.reports.rows)


def test_polygons_round_trip_through_degrees(city: SimulatedCity, folder: Path) -> None:
    ground = city.intensity.city
    frame = geopandas.read_file(folder / "neighborhoods.geojson")
    metres = frame.to_crs(ground_crs := SOURCE["crs"]).geometry
    assert frame.crs == "EPSG:4326"
    assert frame["name"].tolist() == ground.names.tolist()
    assert frame["population"].sum() == SETTINGS.shape.population
    assert metres.is_valid.all()
    assert metres.area.sum() == pytest.approx(metres.union_all().area, abs=10)
    assert metres.area.to_numpy() == pytest.approx([polygon.area for polygon in ground.polygons], rel=1e-5)
    districts = geopandas.read_file(folder / "districts.geojson").to_crs(ground_crs)
    assert districts.geometry.area.sum() == pytest.approx(ground.outline.area, rel=1e-5)
    assert districts["population"].sum() == SETTINGS.shape.population


def test_reports_fall_into_the_district_they_name(city: SimulatedCity, folder: Path) -> None:
    rows = city.reports.rows.filter(pl.col("longitude") < -1)
    points = geopandas.GeoSeries.from_xy(rows["longitude"], rows["latitude"], crs="EPSG:4326").to_crs(
        SOURCE["crs"]
    )
    districts = (
        geopandas.read_file(folder / "districts.geojson").set_index("name").geometry.to_crs(SOURCE["crs"])
    )
    distance = points.distance(
        geopandas.GeoSeries(districts.loc[rows["district"]].to_numpy(), crs=SOURCE["crs"])
    )
    assert distance.max() < 0.2


def test_places_carry_their_effect(folder: Path) -> None:
    places = geopandas.read_file(folder / "places.geojson")
    assert places.groupby("kind").size().to_dict() == {"late_license": 40, "pharmacy": 25}
    assert set(places["rate_ratio"]) == {1.0, 2.5}


def test_a_city_without_places_has_an_empty_layer(tmp_path: Path) -> None:
    bare = replace(SETTINGS, stop=date(2023, 3, 3), shape=replace(SETTINGS.shape, places=()))
    write_city(simulate_city(bare, rng=np.random.default_rng(1)), tmp_path)
    assert json.loads((tmp_path / "places.geojson").read_text())["features"] == []


def test_the_truth_round_trips(city: SimulatedCity, folder: Path) -> None:
    truth = city.truth()
    with np.load(folder / "truth.npz", allow_pickle=False) as arrays:
        assert np.array_equal(arrays["window_start"], truth.start)
        assert np.array_equal(arrays["window_stop"], truth.stop)
        for name in ("background", "compensator", "expected", "probability"):
            assert np.array_equal(arrays[name], getattr(truth, name))
        assert arrays["count"].sum() == city.events.is_target.sum()
        assert arrays["violent_share"].shape == arrays["inside"].shape
        targets, parents = arrays["target_number"], arrays["target_parent"]
    assert np.array_equal(city.events.parent[targets], parents)
    number = city.reports.rows["incident_id"].str.slice(1, 8).cast(pl.Int64).to_numpy()
    target_rows = city.reports.rows.filter(pl.Series(np.isin(number, targets)))
    assert set(target_rows["offense"]) == {"HOMICIDE", "SHOOTING"}


def test_the_parameters_are_written_beside(city: SimulatedCity, folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    assert truth["format"] == "tocsin-truth-1"
    assert (truth["start_utc"], truth["stop_utc"]) == (
        "2023-03-01T05:00:00.000000Z",
        "2023-04-01T04:00:00.000000Z",
    )
    assert truth["branching_ratio"] == SETTINGS.excitation.branching_ratio
    assert sum(truth["incidents"].values()) == len(city.events)
    assert truth["rows"] == city.reports.rows.height
    assert sum(each["violent_share"] for each in truth["neighborhoods"]) == pytest.approx(1)
    assert len(truth["weekly_rhythm"]["violent"]) == 168
    assert truth["settings"]["excitation"]["precursors"][0]["category"] == "robbery"


def test_the_config_leads_back_to_the_settings(folder: Path) -> None:
    config = yaml.safe_load((folder / "city.yaml").read_text())
    simulation = config.pop("simulation")
    assert TypeAdapter(SimulationSettings).validate_python(simulation) == SETTINGS
    source = TypeAdapter(CitySource).validate_python(config)
    assert source.layouts["simulated"].known is not None
    assert source.area_layer in source.layers


def test_keys_of_a_given_config_are_kept(city: SimulatedCity, tmp_path: Path) -> None:
    write_city(
        city, tmp_path, config={**SOURCE, "model": {"epochs": 3}, "simulation": {"start": "1999-01-01"}}
    )
    config = yaml.safe_load((tmp_path / "city.yaml").read_text())
    assert config["model"] == {"epochs": 3}
    assert config["simulation"]["start"] == "2023-03-01"


def test_the_shipped_config_is_what_the_code_writes() -> None:
    config = yaml.safe_load((REPOSITORY / "configs" / "simulated.yaml").read_text())
    assert {name: config[name] for name in SOURCE} == SOURCE
    assert TypeAdapter(SimulationSettings).validate_python(config["simulation"]) == SimulationSettings()


def test_a_second_city_replaces_the_first_and_leaves_nothing_aside(
    city: SimulatedCity, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    write_city(simulate_city(SETTINGS, rng=np.random.default_rng(1)), tmp_path)
    write_city(city, tmp_path)
    write_city(city, tmp_path)
    assert sorted(contents(tmp_path)) == sorted([*FILES, "notes.txt"])


def test_a_folder_that_cannot_be_written_is_refused(city: SimulatedCity, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    with pytest.raises(StoreError) as caught:
        write_city(city, taken)
    assert str(caught.value) == (
        f"Expected a folder that can be written. Received: {taken} (File exists). "
        "Free space or name another folder."
    )
    assert taken.read_text() == "a file"
