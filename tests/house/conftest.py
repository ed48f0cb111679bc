"""Where the rooms of the house stand."""

import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).parents[2]


@pytest.fixture(scope="session")
def project(root: Path) -> dict[str, Any]:
    """The table of ``pyproject.toml``."""
    return tomllib.loads((root / "pyproject.toml").read_text())
