"""A box with NumPy alone loads and densifies a tensor: nothing heavy comes along."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    "geopandas",
    "keras",
    "matplotlib",
    "pandas",
    "polars",
    "pyproj",
    "rasterio",
    "scipy",
    "shapely",
    "sklearn",
    "tensorflow",
)
ROOT = Path(__file__).parents[2]


def loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize("module", ["rasterize.tensors", "rasterize.paint"])
def test_tensors_need_numpy_only(module: str) -> None:
    loaded = loaded_by(module)
    assert module in loaded
    assert loaded & set(HEAVY) == set()


@pytest.mark.parametrize(
    "module", ["rasterize.build", "rasterize.overlay", "rasterize.window_map", "exports.risk_map"]
)
def test_drawing_and_geography_load_on_use(module: str) -> None:
    assert loaded_by(module) & (set(HEAVY) - {"polars"}) == set()
