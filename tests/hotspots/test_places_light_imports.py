"""Methods on points load no geography, no statistics and no drawing before they are used."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "geopandas",
    "hdbscan",
    "keras",
    "matplotlib",
    "rasterio",
    "scipy",
    "shapely",
    "sklearn",
    "tensorflow",
}
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "module",
    [
        "hotspots.clusters.picture",
        "hotspots.clusters.hierarchy",
        "hotspots.near_repeat.picture",
        "hotspots.patrol.picture",
        "hotspots.places.correlation",
        "hotspots.places.picture",
        "hotspots.rank_stability",
    ],
)
def test_heavy_libraries_load_on_use(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert module in loaded
    assert loaded & HEAVY == set()
