"""Nothing heavy comes along before it is used: Keras with the networks alone, tables and geography never."""

import subprocess
import sys
from pathlib import Path

HEAVY = (
    "geopandas",
    "keras",
    "matplotlib",
    "pandas",
    "polars",
    "pydantic",
    "rasterio",
    "scipy",
    "shapely",
    "sklearn",
    "statsmodels",
    "tensorflow",
)
ROOT = Path(__file__).parents[2]
LIGHT = (
    "cnn",
    "cnn.blocks",
    "cnn.bundle",
    "cnn.calibration",
    "cnn.examples",
    "cnn.features",
    "cnn.history",
    "cnn.inputs",
    "cnn.labels",
    "cnn.models",
    "cnn.settings",
    "cnn.trained",
    "cnn.training",
)


def test_all_but_the_networks_need_numpy_only() -> None:
    code = f"import sys, {', '.join(LIGHT)}; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert set(LIGHT) <= loaded
    assert loaded & set(HEAVY) == set()
