"""Layers of neighborhoods: every row says how sure, why and until when, and gives no small number away."""

from pathlib import Path

import geopandas as gpd
import polars as pl
import pytest

from exports.caption import RiskCaption
from exports.layers import write_layer
from incidents.errors import ConfigError, DataError


@pytest.fixture
def forecast() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "area": ["East", "West", "Middle"],
            "expected": [0.02, 0.001, 0.004],
            "expected_lo": [0.01, 0.0, 0.001],
            "expected_hi": [0.04, 0.003, 0.009],
            "reason": ["near repeats", "quiet", "busy evening"],
            "reported": [3, 40, 12],
        }
    )


@pytest.mark.parametrize("name", ["risk.gpkg", "risk.geojson"])
def test_round_trip(
    town: gpd.GeoDataFrame, caption: RiskCaption, forecast: pl.DataFrame, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    size = write_layer(path, town, forecast, caption=caption)
    layer = gpd.read_file(path)
    assert size == path.stat().st_size
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert layer["area"].tolist() == ["West", "Middle", "East"]
    assert layer["expected"].tolist() == [0.001, 0.004, 0.02]
    assert layer["expected_lo"].tolist() == [0.0, 0.001, 0.01]
    assert layer["expected_hi"].tolist() == [0.003, 0.009, 0.04]
    assert layer["reason"].tolist() == ["quiet", "busy evening", "near repeats"]
    assert set(layer["unit"]) == {"expected reported incidents in the valid window"}
    assert set(layer["verdict"]) == {"model: better than its best baseline on later data"}
    expected = gpd.GeoSeries(town.geometry, crs=town.crs)
    assert layer.to_crs(town.crs).geometry.geom_equals_exact(expected, tolerance=0.2).all()


def test_small_numbers_are_withheld(
    town: gpd.GeoDataFrame, caption: RiskCaption, forecast: pl.DataFrame, tmp_path: Path
) -> None:
    write_layer(tmp_path / "risk.gpkg", town, forecast, caption=caption)
    layer = gpd.read_file(tmp_path / "risk.gpkg").set_index("area")
    assert layer["reported"].dropna().to_dict() == {"West": 40.0}
    note = "withheld: under 10, or would give one away"
    assert layer["reported_note"].to_dict() == {"West": "", "Middle": note, "East": note}


def test_times_are_in_utc_with_their_offset(
    town: gpd.GeoDataFrame, caption: RiskCaption, forecast: pl.DataFrame, tmp_path: Path
) -> None:
    write_layer(tmp_path / "risk.geojson", town, forecast, caption=caption)
    text = (tmp_path / "risk.geojson").read_text()
    for name, hour in {"issued_at": "05T00", "data_until": "04T23", "expires_at": "05T02"}.items():
        assert f'"{name}": "2015-07-{hour}:00:00+00:00"' in text


def test_a_geojson_is_in_degrees_and_a_geopackage_in_metres(
    town: gpd.GeoDataFrame, caption: RiskCaption, forecast: pl.DataFrame, tmp_path: Path
) -> None:
    for name, crs in {"risk.geojson": "EPSG:4326", "risk.gpkg": "EPSG:26985"}.items():
        write_layer(tmp_path / name, town, forecast, caption=caption)
        assert gpd.read_file(tmp_path / name).crs == crs


def test_columns_that_nobody_asked_for_stay_in_the_house(
    town: gpd.GeoDataFrame, caption: RiskCaption, forecast: pl.DataFrame, tmp_path: Path
) -> None:
    secret = forecast.drop("reported").with_columns(victims=pl.lit(3))
    write_layer(tmp_path / "risk.gpkg", town.assign(population=7), secret, caption=caption)
    columns = set(gpd.read_file(tmp_path / "risk.gpkg").columns)
    assert columns.isdisjoint({"victims", "population", "reported"})


def test_error_texts(
    town: gpd.GeoDataFrame, caption: RiskCaption, forecast: pl.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "risk.gpkg"
    with pytest.raises(ConfigError) as suffix:
        write_layer(tmp_path / "risk.shp", town, forecast, caption=caption)
    assert str(suffix.value) == (
        "Expected a layer ending in .gpkg or .geojson. Received: risk.shp. Change the name under --out."
    )
    with pytest.raises(DataError) as error:
        write_layer(path, town, forecast.drop("reason", "expected_hi"), caption=caption)
    assert str(error.value) == (
        "Expected the columns ['area', 'expected', 'expected_lo', 'expected_hi', 'reason']. "
        "Received: none of ['expected_hi', 'reason']. "
        "A forecast does not leave without its uncertainty and reason."
    )
    with pytest.raises(DataError) as error:
        write_layer(path, town.iloc[:2], forecast, caption=caption)
    assert str(error.value) == (
        "Expected areas of the polygon layer. Received: ['East']. Use the layer that the areas are from."
    )
    with pytest.raises(DataError) as error:
        write_layer(path, town, pl.concat([forecast, forecast[:1]]), caption=caption)
    assert str(error.value) == (
        "Expected one row for each area. Received: several for ['East']. Add them up first."
    )
    assert list(tmp_path.iterdir()) == []
