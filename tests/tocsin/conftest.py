"""A small simulated town, a model of it, and the command line as its user meets it."""

import contextlib
import csv
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml

from tocsin.cli import main

ROOT = Path(__file__).parents[2]
TRAINED_UNTIL = "2021-04-07"
"""Local day on which the model's calibration block ends; the town's first delivery ends there too."""


@dataclass(frozen=True)
class Spoken:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        values: dict[str, Any] = json.loads(self.out)
        return values


@dataclass(frozen=True)
class Town:
    """Files of the town. The store holds both deliveries, the model has seen the first."""

    folder: Path
    config: Path
    first_delivery: Path
    incidents: Path
    store: Path
    tensors: Path
    model: Path
    said: Mapping[str, Spoken]


def speak(*words: object) -> Spoken:
    """Run a command in this process."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["tocsin", *map(str, words)]
    with (
        patch.object(sys, "argv", argv),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):
        main()
    return Spoken(int(ended.value.code or 0), out.getvalue(), err.getvalue())


def start(*words: object, env: Mapping[str, str]) -> Spoken:
    """Run a command in a process of its own."""
    command = [sys.executable, "-c", "from tocsin.cli import main; main()", *map(str, words)]
    run = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
    return Spoken(run.returncode, run.stdout, run.stderr)


def fingerprint(folder: Path) -> dict[str, str]:
    """Every file below a folder with its content, and every folder that was meant to be temporary."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in sorted(folder.rglob("*"))
        if path.is_file() or path.name.startswith(".")
    }


def settle(folder: Path) -> Path:
    """Write the config of a town of 12 neighborhoods and four months, quick to learn."""
    keys = yaml.safe_load((ROOT / "configs" / "simulated.yaml").read_text())
    keys["simulation"] |= {"start": "2021-01-01", "stop": "2021-05-01"}
    keys["simulation"]["shape"] |= {"neighborhoods": 12, "districts": 3, "extent_m": 4000, "places": []}
    keys["raster"]["cell_size_m"] = 500
    keys["periods"] = {"train": ["2021-01-01", "2021-03-14"], "calibrate": ["2021-03-14", TRAINED_UNTIL]}
    keys["training"] = {"epochs": 1, "filters": 4, "half_lives_days": [7.0]}
    path = folder / "town.yaml"
    path.write_text(yaml.safe_dump(keys, sort_keys=False))
    return path


def deliver(incidents: Path, to: Path, *, column: str, until: str) -> Path:
    """Copy the rows whose local time in a column sorts before another."""
    with gzip.open(incidents, "rt", newline="") as source, to.open("w", newline="") as target:
        rows = csv.DictReader(source)
        copy = csv.DictWriter(target, rows.fieldnames or [])
        copy.writeheader()
        copy.writerows(row for row in rows if row[column] < until)
    return to


@pytest.fixture(scope="session")
def tocsin() -> Callable[..., Spoken]:
    return speak


@pytest.fixture(scope="session")
def tocsin_process() -> Callable[..., Spoken]:
    return start


@pytest.fixture(scope="session")
def files_in() -> Callable[[Path], dict[str, str]]:
    return fingerprint


@pytest.fixture(scope="session")
def delivery() -> Callable[..., Path]:
    return deliver


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """Simulate, ingest the first delivery, rasterize, train, then ingest everything; no command may fail."""
    folder = tmp_path_factory.mktemp("town")
    said = {"simulate": speak("simulate", settle(folder), "--out", folder, "--json")}
    config, incidents = folder / "city.yaml", folder / "incidents.csv.gz"
    first = deliver(incidents, folder / "first.csv", column="occurred_at", until=TRAINED_UNTIL)
    store, tensors, model = folder / "store", folder / "tensors.npz", folder / "run"
    said["ingest"] = speak("ingest", config, first, "--store", store, "--json")
    said["rasterize"] = speak("rasterize", config, "--store", store, "--out", tensors, "--json")
    said["train"] = speak("train", config, "--tensors", tensors, "--out", model, "--json")
    said["ingest again"] = speak("ingest", config, incidents, "--store", store, "--json")
    failed = {command: spoken.err for command, spoken in said.items() if spoken.code}
    assert not failed
    return Town(folder, config, first, incidents, store, tensors, model, said)


@pytest.fixture
def changed_config(town: Town, tmp_path: Path) -> Callable[..., Path]:
    """Write the town's config with some keys of a section (``""`` for the top level) set otherwise."""

    def write(section: str = "", **keys: object) -> Path:
        values = yaml.safe_load(town.config.read_text())
        for layer in values["layers"].values():
            layer["file"] = str(town.folder / layer["file"])
        (values.setdefault(section, {}) if section else values).update(keys)
        path = tmp_path / f"changed-{section}-{'-'.join(keys)}.yaml"
        path.write_text(yaml.safe_dump(values, sort_keys=False))
        return path

    return write


@pytest.fixture
def clean_environment() -> dict[str, str]:
    """The environment without what a developer may have set for Keras and TensorFlow."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("KERAS_", "TF_"))}


@pytest.fixture
def refused(tmp_path: Path) -> Callable[..., str]:
    """Run a command that must be refused: exit code, a message in three parts, and nothing written."""

    def run(code: int, *words: object, unchanged: Path | None = None) -> str:
        watched = [tmp_path, *([unchanged] if unchanged else [])]
        before = [fingerprint(folder) for folder in watched]
        said = speak(*words)
        assert (said.code, said.out) == (code, ""), said.err
        told = " ".join(said.err.split())
        assert re.fullmatch(r"error: Expected .+\. Received: .+\. [A-Z].+\.", told), told
        assert [fingerprint(folder) for folder in watched] == before
        return told

    return run
