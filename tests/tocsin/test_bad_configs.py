"""A config or an argument that cannot work is refused before anything is written, with the key and the way out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Tocsin = Callable[..., Any]
Refused = Callable[..., str]
Config = Callable[..., Path]


def ingest(town: Any, config: Path, folder: Path) -> tuple[object, ...]:
    return "ingest", config, town.first_delivery, "--store", folder / "store"


@pytest.mark.parametrize(
    ("section", "keys", "words"),
    [
        ("", {"time_zon": "UTC"}, "time_zon. Did you mean time_zone?"),
        ("raster", {"cell_size": 500}, "raster.cell_size: unknown key. Did you mean cell_size_m?"),
        ("target", {"leadhours": 2}, "target.leadhours: unknown key. Did you mean lead_hours?"),
        ("periods", {"trian": ["2021-01-01", "2021-02-01"]}, "Did you mean train?"),
        ("training", {"epoch": 3}, "training.epoch: unknown key. Did you mean epochs?"),
        ("alert", {"max_age": 3}, "alert.max_age: unknown key. Did you mean max_data_age_hours?"),
        ("simulation", {"begin": "2021-01-01"}, "simulation.begin: unknown key"),
        ("simulation", {"shape": {"neighbourhoods": 9}}, "Did you mean neighborhoods?"),
        (
            "",
            {"layers": {"a": {"file": "a", "id": "b", "populaton": "c"}}},
            "layers.a.populaton: unknown key. Did you mean population?",
        ),
        ("", {"layouts": {"a": {"known": {"column": ["b"], "format": "c"}}}}, "Did you mean columns?"),
        (
            "",
            {"categories": [{"category": "other", "offence": "b"}]},
            "categories.0.offence: unknown key. Did you mean offense?",
        ),
        ("", {"layouts": {"a": {"ocurred": "x"}}}, "layouts.a.occurred: missing"),
        ("raster", {"cell_size_m": "wide"}, "raster.cell_size_m"),
        ("raster", {"channels": {"a": ["homicid"]}}, "raster.channels.a.0"),
        ("target", {"framing": "postcast"}, "target.framing"),
        ("target", {"unit": "county"}, "target.unit"),
        ("training", {"model": "resnet"}, "'warning_net', 'seed_model_1' or 'seed_model_2'"),
        ("training", {"epochs": 1.5}, "training.epochs"),
        ("periods", {"train": ["January", "March"]}, "periods.train.0"),
        ("periods", {"train": ["2021-01-01"]}, "periods.train"),
        ("target", {"categories": ["homicid"]}, "homicid. Did you mean homicide?"),
        ("target", {"categories": ["narcotics"]}, "Received: narcotics, which enforcement creates"),
        ("target", {"categories": ["homicide", "narcotics"]}, "Remove it from target.categories"),
        ("", {"time_zone": "America/Gotham"}, "Expected an IANA time zone"),
        ("", {"area_layer": "parish"}, "Expected area_layer to be one of layers"),
        ("", {"categories": [{"category": "robbery", "offense": "("}]}, "regular expression"),
        ("", {"reporting_delay_hours": {"homicide": 2}}, "default"),
    ],
)
def test_a_key_that_cannot_be_meant(
    town: Any, refused: Refused, changed_config: Config, tmp_path: Path, section: str, keys: Any, words: str
) -> None:
    config = changed_config(section, **keys)
    assert words in refused(2, *ingest(town, config, tmp_path))


@pytest.mark.parametrize(
    ("crs", "received"),
    [("EPSG:4326", "EPSG:4326 (degrees)"), ("EPSG:2248", "foot"), ("EPSG:0", "which is unknown")],
)
def test_a_crs_that_is_not_in_metres(
    town: Any, refused: Refused, changed_config: Config, tmp_path: Path, crs: str, received: str
) -> None:
    told = refused(3, *ingest(town, changed_config(crs=crs), tmp_path))
    assert "Expected a projected CRS in metres" in told
    assert received in told


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name: [town\n", "Expected YAML in"),
        (b"- a\n- b\n", "Received: list"),
        (b"", "Received: NoneType"),
        (b"just words\n", "Received: str"),
        (b"\xff\xfe\x00", "Expected a YAML config"),
        (b"name: !!python/object/apply:os.getcwd []\n", "Expected YAML in"),
        (b"name: town\n", "crs: missing"),
    ],
)
def test_a_config_that_is_none(
    town: Any, refused: Refused, tmp_path: Path, content: bytes, words: str
) -> None:
    config = tmp_path / "town.yaml"
    config.write_bytes(content)
    assert words in refused(2, *ingest(town, config, tmp_path))


@pytest.mark.parametrize("name", ["nowhere.yaml", "."])
def test_a_config_that_is_not_there(town: Any, refused: Refused, tmp_path: Path, name: str) -> None:
    assert "Expected a YAML config" in refused(2, *ingest(town, tmp_path / name, tmp_path))


@pytest.mark.parametrize("section", ["raster", "target"])
def test_a_section_that_is_missing(town: Any, refused: Refused, tmp_path: Path, section: str) -> None:
    keys = yaml.safe_load(town.config.read_text())
    del keys[section]
    config = tmp_path / "short.yaml"
    config.write_text(yaml.safe_dump(keys))
    assert f"Expected the sections ['{section}']" in refused(2, *ingest(town, config, tmp_path))


def test_a_city_that_is_not_the_stores(
    town: Any, refused: Refused, changed_config: Config, tmp_path: Path
) -> None:
    config = changed_config(name="elsewhere")
    words = ("--store", town.store)
    assert "Expected a config with name" in refused(3 - 1, "ingest", config, town.incidents, *words)
    assert "Expected a config with name" in refused(
        2, "rasterize", config, *words, "--out", tmp_path / "a.npz"
    )


def test_a_channel_that_no_row_fills(
    town: Any, refused: Refused, changed_config: Config, tmp_path: Path
) -> None:
    channels = {"homicide": ["homicide"], "weapons": ["weapons"]}
    config = changed_config("raster", channels=channels)
    told = refused(3, "rasterize", config, "--store", town.store, "--out", tmp_path / "a.npz")
    assert "Received: none for {'weapons': ['weapons']}" in told


@pytest.mark.parametrize(
    ("categories", "words"),
    [(["rape"], "no channel for ['rape']"), (["auto_theft"], "mixed channels ['theft']")],
)
def test_a_target_without_a_channel_of_its_own(
    town: Any, refused: Refused, changed_config: Config, tmp_path: Path, categories: list[str], words: str
) -> None:
    config = changed_config("target", categories=categories)
    told = refused(3, "train", config, "--tensors", town.tensors, "--out", tmp_path / "run")
    assert words in told


@pytest.mark.parametrize(
    ("train", "calibrate", "block"),
    [
        (["2021-01-01", "2021-01-02"], ["2021-03-14", "2021-04-07"], "train"),
        (["2021-01-01", "2021-03-14"], ["2021-03-14", "2021-03-15"], "calibrate"),
    ],
)
def test_a_period_without_the_event(
    town: Any,
    refused: Refused,
    changed_config: Config,
    tmp_path: Path,
    train: Any,
    calibrate: Any,
    block: str,
) -> None:
    values = yaml.safe_load(changed_config("target", categories=["homicide"]).read_text())
    config = tmp_path / "periods.yaml"
    config.write_text(yaml.safe_dump(values | {"periods": {"train": train, "calibrate": calibrate}}))
    told = refused(3, "train", config, "--tensors", town.tensors, "--out", tmp_path / "run")
    assert f"with and without the target in the block {block}" in told
    assert "Received: 0 with it among" in told


@pytest.mark.parametrize(
    ("train", "calibrate", "words"),
    [
        (
            ["2021-01-01", "2021-03-14"],
            ["2021-03-01", "2021-04-07"],
            "train before calibrate, forward in time",
        ),
        (
            ["2021-03-01", "2021-01-01"],
            ["2021-03-14", "2021-04-07"],
            "train before calibrate, forward in time",
        ),
        (["2019-01-01", "2019-03-01"], ["2019-03-01", "2019-04-07"], "the tensor runs from"),
        (["2021-01-01", "2021-03-14"], None, "dates for both train and calibrate"),
    ],
)
def test_periods_that_do_not_go_forward(
    town: Any,
    refused: Refused,
    changed_config: Config,
    tmp_path: Path,
    train: Any,
    calibrate: Any,
    words: str,
) -> None:
    config = changed_config("periods", train=train, calibrate=calibrate)
    assert words in refused(2, "train", config, "--tensors", town.tensors, "--out", tmp_path / "run")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "resnet"), "--model. Received: 'resnet'"),
        (("--framing", "postcast"), "--framing. Received: 'postcast'"),
    ],
)
def test_options_of_train_are_checked_like_the_config(
    town: Any, refused: Refused, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    told = refused(2, "train", town.config, "--tensors", town.tensors, "--out", tmp_path / "run", *options)
    assert words in told


def test_a_day_or_time_that_is_none(town: Any, refused: Refused, tmp_path: Path) -> None:
    store, out = ("--store", town.store), ("--out", tmp_path / "out.png")
    model = ("--model", town.model)
    evaluate = ("evaluate", town.config, *model, *store)
    assert "--from. Received: '01/02/2021'" in refused(
        2, *evaluate, "--from", "01/02/2021", "--to", "2021-05-01"
    )
    assert "--to. Received: 'May'" in refused(2, *evaluate, "--from", "2021-04-07", "--to", "May")
    alert = ("alert", town.config, "--once", *model, *store)
    assert "--as-of. Received: 'yesterday'" in refused(2, *alert, "--as-of", "yesterday")
    render = ("render", town.config, *store, *out)
    for window in ("2021-04-31T20:00", "2021-04-20T21:00", "noon", "2021-04-20"):
        assert repr(window)[1:-1] in refused(2, *render, "--window", window)
    rasterize = ("rasterize", town.config, *store, "--out", tmp_path / "a.npz")
    assert "--from. Received: '2021'" in refused(2, *rasterize, "--from", "2021")
    refused(2, *rasterize, "--from", "2021-03-01", "--to", "2021-02-01")
    simulate = ("simulate", town.config, "--out", tmp_path / "city")
    assert "--to. Received: '2021-02-30'" in refused(2, *simulate, "--to", "2021-02-30")
    refused(2, *simulate, "--from", "2022-01-01")


def test_an_alert_needs_its_mode(town: Any, refused: Refused) -> None:
    assert "Expected --once" in refused(2, "alert", town.config, "--model", town.model, "--store", town.store)


def test_a_city_that_is_not_simulated(town: Any, refused: Refused, tmp_path: Path) -> None:
    keys = yaml.safe_load(town.config.read_text())
    del keys["simulation"]
    config = tmp_path / "real.yaml"
    config.write_text(yaml.safe_dump(keys))
    assert "Expected a section simulation" in refused(2, "simulate", config, "--out", tmp_path / "city")


@pytest.mark.parametrize("backend", ["garbage", "numpy", ""])
def test_a_backend_that_cannot_train(
    town: Any, tocsin_process: Tocsin, clean_environment: dict[str, str], tmp_path: Path, backend: str
) -> None:
    words = ("train", town.config, "--tensors", town.tensors, "--out", tmp_path / "run")
    said = tocsin_process(*words, env=clean_environment | {"KERAS_BACKEND": backend})
    assert said.code == 2
    assert said.err == (
        f"error: Expected KERAS_BACKEND to be one of tensorflow, jax, torch. Received: {backend!r}. "
        "Unset it to use tensorflow.\n"
    )
    assert not (tmp_path / "run").exists()
