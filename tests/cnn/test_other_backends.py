"""A box with NumPy, Keras and one backend trains from a saved tensor file, and its model is read here."""

import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnn.bundle import load_bundle
from cnn.settings import Learning

ROOT = Path(__file__).parents[2]
ABSENT = (
    "geopandas",
    "matplotlib",
    "pandas",
    "polars",
    "pyarrow",
    "pydantic",
    "pyogrio",
    "pyproj",
    "rasterio",
    "shapely",
    "sklearn",
    "tensorflow",
    "typer",
    "yaml",
)
# Runs the script for GPU boxes where none of ABSENT can be imported, then reads back what it wrote.
PROGRAM = """
import json, runpy, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
sys.argv = ["train_gpu.py", "tensor.npz", "--out", "run"]
runpy.run_path({script!r}, run_name="__main__")

import keras
import numpy as np
from cnn.bundle import load_bundle
from rasterize.tensors import EventTensor

model = load_bundle(__import__("pathlib").Path("run")).model
forecast = model.predict(EventTensor.load(__import__("pathlib").Path("tensor.npz")), np.arange(400, 420))
loaded = sorted(set(sys.modules) & {absent})
backend = keras.backend.backend()
print(json.dumps({{"backend": backend, "loaded": loaded, "probability": forecast.probability.tolist(),
                  "surface": forecast.surface.tolist()}}))
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_training_with_numpy_keras_and_one_backend(simulated, tmp_path, backend):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"needs {backend}: uv pip install {backend}")
    learning = Learning(
        simulated.config.target, simulated.periods, replace(simulated.training, epochs=1, batch_size=128)
    )
    about = {**simulated.tensor.about, "learning": learning.to_json()}
    replace(simulated.tensor, about=about).save(tmp_path / "tensor.npz")
    program = PROGRAM.format(absent=set(ABSENT), script=str(ROOT / "scripts" / "train_gpu.py"))
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    run = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    there = json.loads(run.stdout.splitlines()[-1])
    assert (there["backend"], there["loaded"]) == (backend, [])
    here = load_bundle(tmp_path / "run")
    assert here.manifest["versions"]["backend"] == backend
    assert np.isfinite(here.model.figures["losses"]["val_loss"]).all()
    forecast = here.model.predict(simulated.tensor, np.arange(400, 420))
    np.testing.assert_allclose(forecast.probability, there["probability"], rtol=1e-4)
    np.testing.assert_allclose(forecast.surface, there["surface"], rtol=1e-3, atol=1e-6)
