"""Statistics on arrays load no geography and no drawing."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"geopandas", "keras", "matplotlib", "rasterio", "scipy", "shapely", "sklearn", "tensorflow"}
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "module",
    [
        "hotspots",
        "hotspots.density.bandwidth",
        "hotspots.density.decay",
        "hotspots.density.picture",
        "hotspots.density.ratio",
        "hotspots.emerging.picture",
        "hotspots.layers",
        "hotspots.local.moran",
        "hotspots.local.picture",
        "hotspots.local.weights",
    ],
)
def test_heavy_libraries_load_on_use(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert module in loaded
    assert loaded & HEAVY == set()
