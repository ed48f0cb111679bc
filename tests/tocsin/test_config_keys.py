"""Every key of a config is read by code: changing it changes what a command makes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from rasterize.tensors import EventTensor
from tocsin.config import SECTIONS

Tocsin = Callable[..., Any]
Config = Callable[..., Path]

RASTER = {
    "cell_size_m": 400,
    "channels": {"homicide": ["homicide"], "shooting": ["shooting"]},
    "window_hours": 4,
}
TARGET = {
    "categories": ["homicide", "shooting", "robbery"],
    "lead_hours": 2,
    "horizon_hours": 4,
    "framing": "nowcast",
    "own_dots": False,
}
PERIODS = {
    "train": ["2021-01-01", "2021-01-18"],
    "calibrate": ["2021-01-20", "2021-01-28"],
    "train_share": 0.5,
    "calibrate_share": 0.3,
}
TRAINING = {
    "model": "seed_model_2",
    "stack": 2,
    "half_lives_days": [3.0],
    "filters": 5,
    "epochs": 2,
    "batch_size": 16,
    "learning_rate": 0.01,
    "patience": 1,
    "negatives_kept": 0.5,
    "surface_weight": 0.1,
    "seed": 2,
}
ALERT = {"max_data_age_hours": 0.01, "elevated_ratio": 0.1, "high_ratio": 0.1, "areas_named": 2}

# A key that shows only beside others: what the rest of its section is then, before and after the change.
BESIDE: Mapping[str, Mapping[str, object]] = {
    "own_dots": {"framing": "nowcast"},
    "train_share": {"train": None, "calibrate": None},
    "calibrate_share": {"train": None, "calibrate": None},
    "patience": {"epochs": 5, "learning_rate": 3.0, "patience": 5},
}
ONE_VALUE = {"unit"}
"""Keys that take a single value so far; anything else is refused."""


@pytest.mark.parametrize(
    ("section", "changes"),
    [("raster", RASTER), ("target", TARGET), ("periods", PERIODS), ("training", TRAINING), ("alert", ALERT)],
)
def test_no_key_is_left_out_here(section: str, changes: Mapping[str, object]) -> None:
    assert set(changes) | ONE_VALUE >= {field.name for field in fields(SECTIONS[section])}


@pytest.mark.parametrize("key", RASTER)
def test_raster(town: Any, tocsin: Tocsin, changed_config: Config, tmp_path: Path, key: str) -> None:
    out = tmp_path / "tensors.npz"
    said = tocsin(
        "rasterize", changed_config("raster", **{key: RASTER[key]}), "--store", town.store, "--out", out
    )
    assert said.code == 0, said.err
    assert describe(out) != describe(town.tensors)


def describe(file: Path) -> tuple[object, ...]:
    """Cells, channels, areas and the length of a window; the number of windows follows the store."""
    tensor = EventTensor.load(file)
    return tensor.grid, tensor.channels, tensor.overlay.areas, tensor.windows.hours


@pytest.fixture(scope="module")
def january(town: Any, tocsin: Tocsin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tensor of one month, each category of a target in a channel of its own."""
    out: Path = tmp_path_factory.mktemp("january") / "tensors.npz"
    period = ("--from", "2021-01-01", "--to", "2021-02-01")
    assert tocsin("rasterize", town.config, "--store", town.store, "--out", out, *period).code == 0
    return out


@pytest.fixture(scope="module")
def learned(
    town: Any, tocsin: Tocsin, january: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., tuple[object, ...]]:
    """Train on January with some keys changed; what was learned, each combination once."""
    folder, known = tmp_path_factory.mktemp("learned"), {}

    def train(**changes: Mapping[str, object]) -> tuple[object, ...]:
        key = json.dumps(changes, sort_keys=True)
        if key not in known:
            known[key] = learn(tocsin, town.config, january, folder / str(len(known)), changes)
        return known[key]

    return train


def learn(
    tocsin: Tocsin, config: Path, tensors: Path, run: Path, changes: Mapping[str, Mapping[str, object]]
) -> tuple[object, ...]:
    keys = yaml.safe_load(config.read_text())
    keys["periods"] = {"train": ["2021-01-01", "2021-01-20"], "calibrate": ["2021-01-20", "2021-02-01"]}
    for section, values in changes.items():
        keys[section] |= values
    changed = run.with_suffix(".yaml")
    changed.write_text(yaml.safe_dump(keys))
    said = tocsin("train", changed, "--tensors", tensors, "--out", run)
    assert said.code == 0, said.err
    manifest = json.loads((run / "manifest.json").read_text())
    files = tuple((run / name).read_bytes() for name in ("network.npz", "offset.json", "metrics.json"))
    return *files, manifest["train"], manifest["calibrate"]


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        (section, key, value)
        for section, changes in (("target", TARGET), ("periods", PERIODS), ("training", TRAINING))
        for key, value in changes.items()
    ],
)
def test_training(learned: Callable[..., tuple[object, ...]], section: str, key: str, value: object) -> None:
    before = BESIDE.get(key, {})
    assert learned(**{section: {**before, key: value}}) != learned(**{section: before} if before else {})


def test_the_same_config_learns_the_same(
    town: Any, tocsin: Tocsin, january: Path, learned: Callable[..., tuple[object, ...]], tmp_path: Path
) -> None:
    """Without this, the differences above would mean nothing."""
    assert learn(tocsin, town.config, january, tmp_path / "run", {}) == learned()


@pytest.mark.parametrize("key", ALERT)
def test_alert(town: Any, tocsin: Tocsin, changed_config: Config, key: str) -> None:
    words = ("--once", "--model", town.model, "--store", town.store, "--as-of", "2021-04-20T20:00", "--json")
    usual = tocsin("alert", town.config, *words).json
    beside = {"elevated_ratio": {"high_ratio": 99.0}}.get(key, {})
    changed = tocsin("alert", changed_config("alert", **beside, **{key: ALERT[key]}), *words).json
    shown = {
        "max_data_age_hours": ("status", "abstained"),
        "elevated_ratio": ("severity", "elevated"),
        "high_ratio": ("severity", "high"),
        "areas_named": ("areas", usual["areas"][:2]),
    }
    field, value = shown[key]
    assert changed[field] == value
    assert usual[field] != value
