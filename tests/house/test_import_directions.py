"""Who may import whom: the table of the design, read off the source."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOR_ALL = ("incidents.errors", "incidents.files")
"""The exception tree and the writing of files belong to every room."""

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "incidents": (),
    "verify": (),
    "rasterize": ("incidents",),
    "hotspots": ("incidents", "rasterize", "verify"),
    "cnn": ("rasterize", "verify"),
    "forecasts": ("incidents", "verify"),
    "calls": ("incidents", "forecasts", "verify"),
    "alerts": ("incidents", "rasterize.grid", "rasterize.windows"),
    "exports": ("incidents", "rasterize", "verify"),
    "dashboard": ("exports",),
    "tocsin": (
        "incidents",
        "verify",
        "rasterize",
        "hotspots",
        "cnn",
        "forecasts",
        "calls",
        "alerts",
        "exports",
        "dashboard",
    ),
}
OURS = {*MAY_IMPORT, "scripts", "benchmarks", "tests"}


@dataclass(frozen=True)
class Import:
    """One import of ours: where it stands and what it names."""

    file: Path
    line: int
    module: str


def imports_of(file: Path, source: str) -> Iterator[Import]:
    """Imports of our own modules anywhere in a file, in functions and for type checkers too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno} imports relatively; name the module in full"
            # The longest names, so that `from incidents import store` counts as incidents.store.
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (Import(file, node.lineno, name) for name in names if name.split(".")[0] in OURS)


def is_within(module: str, allowed: str) -> bool:
    return module == allowed or module.startswith(allowed + ".")


def forbidden(room: str, found: Import) -> bool:
    allowed = (room, *FOR_ALL, *MAY_IMPORT[room])
    return not any(is_within(found.module, name) for name in allowed)


def rooms() -> list[str]:
    return [room for room in MAY_IMPORT if (ROOT / room / "__init__.py").is_file()]


def test_every_package_stands_in_the_table(project: dict[str, dict[str, dict[str, list[str]]]]) -> None:
    packages = {name.split(".")[0] for name in project["tool"]["setuptools"]["packages"]}
    assert packages <= set(MAY_IMPORT), "a new room: say in MAY_IMPORT whom it may import"


@pytest.mark.parametrize("room", rooms())
def test_imports_follow_the_design(room: str) -> None:
    files = sorted((ROOT / room).rglob("*.py"))
    assert files
    wrong = [
        f"{found.file.relative_to(ROOT)}:{found.line} imports {found.module}"
        for file in files
        for found in imports_of(file, file.read_text())
        if forbidden(room, found)
    ]
    allowed = ", ".join((*MAY_IMPORT[room], *FOR_ALL))
    assert not wrong, f"{room} may import {allowed} and nothing else of ours:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("room", "source", "wrong"),
    [
        ("incidents", "from rasterize.grid import Grid", True),
        ("verify", "from incidents.errors import DataError", False),
        ("verify", "import incidents.store", True),
        ("verify", "from incidents import store", True),
        ("alerts", "from rasterize.windows import zone", False),
        ("alerts", "from rasterize import windows", False),
        ("alerts", "def f():\n    from rasterize.tensors import EventTensor", True),
        ("cnn", "if TYPE_CHECKING:\n    from incidents.store import IncidentStore", True),
        ("tocsin", "import scripts.train_gpu", True),
        ("cnn", "from cnn.labels import x\nimport numpy", False),
    ],
)
def test_the_check_itself(room: str, source: str, wrong: bool) -> None:
    found = list(imports_of(Path("a.py"), source))
    assert any(forbidden(room, each) for each in found) == wrong
