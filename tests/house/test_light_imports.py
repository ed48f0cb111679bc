"""Heavy libraries load when they are used, not before: an import is cheap on every machine."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAVY = {"keras", "matplotlib", "statsmodels", "tensorflow", "jax", "torch"}
GEOGRAPHY = {"geopandas", "rasterio", "polars", "pandas", "pyogrio", "pyproj", "shapely"}


def loaded_by(root: Path, statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after a statement."""
    code = f"import sys\n{statement}\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def test_no_package_loads_a_heavy_library(root: Path, project: dict[str, Any]) -> None:
    packages = project["tool"]["setuptools"]["packages"]
    assert loaded_by(root, "import " + ", ".join(packages)) & HEAVY == set()


@pytest.mark.parametrize(
    "modules",
    [
        "verify, verify.evaluation, verify.report, verify.baselines",
        "rasterize.tensors, rasterize.windows, rasterize.grid",
        "cnn, cnn.bundle, cnn.labels, cnn.settings, cnn.trained",
    ],
)
def test_a_training_box_needs_no_geography(root: Path, modules: str) -> None:
    assert loaded_by(root, f"import {modules}") & (HEAVY | GEOGRAPHY) == set()


def test_training_needs_numpy_and_keras_alone(root: Path) -> None:
    assert loaded_by(root, "import cnn.training") & GEOGRAPHY == set()


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["train", "--help"]])
def test_help_loads_nothing_heavy(root: Path, words: list[str]) -> None:
    ask = (
        "from tocsin.cli import main\n"
        f"sys.argv = ['tocsin', *{words}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code"
    )
    libraries = {"numpy", "scipy", "sklearn", "yaml"}
    assert loaded_by(root, ask) & (HEAVY | GEOGRAPHY | libraries) == set()
