"""The room opens with NumPy alone: heavy libraries load only when a function needs them."""

import pkgutil
import subprocess
import sys

import verify

MODULES = sorted(module.name for module in pkgutil.walk_packages(verify.__path__, "verify."))

BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"scipy", "sklearn", "matplotlib", "pandas", "polars", "geopandas", "rasterio"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import importlib
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def test_every_module_imports_with_numpy_alone():
    assert "verify.baselines.trees" in MODULES
    done = subprocess.run(
        [sys.executable, "-c", BLOCK, *MODULES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
