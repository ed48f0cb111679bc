"""What is installed is what is here: the wheel holds every package and works away from the source."""

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

import pytest


def run(*command: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, project: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy so that nothing is left in the source."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for room in {name.split(".")[0] for name in project["tool"]["setuptools"]["packages"]}:
        shutil.copytree(root / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", project["project"]["readme"], *project["project"]["license-files"]):
        shutil.copy(root / file, source / file)
    # The build tools of this environment, so that it also works without a network.
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=source)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel and, by a ``.pth`` file, the libraries of this one."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "env")
    python = folder / "env" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    (site,) = (folder / "env").glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_every_package_is_imported_from_the_wheel(elsewhere: Path, project: dict[str, Any]) -> None:
    packages = project["tool"]["setuptools"]["packages"]
    code = "import importlib, sys; print(*(importlib.import_module(name).__file__ for name in sys.argv[1:]))"
    files = run(elsewhere / "env" / "bin" / "python", "-c", code, *packages, cwd=elsewhere).split()
    assert len(files) == len(packages)
    assert {file.startswith(str(elsewhere)) for file in files} == {True}


def test_every_module_of_the_source_is_in_the_wheel(
    root: Path, elsewhere: Path, project: dict[str, Any]
) -> None:
    (site,) = (elsewhere / "env").glob("lib/python*/site-packages")
    for room in {name.split(".")[0] for name in project["tool"]["setuptools"]["packages"]}:
        ours = {str(path.relative_to(root)) for path in (root / room).rglob("*.py")}
        theirs = {str(path.relative_to(site)) for path in (site / room).rglob("*.py")}
        assert theirs == ours


def test_the_command_runs_elsewhere(elsewhere: Path, project: dict[str, Any]) -> None:
    tocsin = elsewhere / "env" / "bin" / "tocsin"
    assert run(tocsin, "--version", cwd=elsewhere) == f"tocsin {project['project']['version']}\n"


def test_the_packages_listed_are_the_packages_there(root: Path, project: dict[str, Any]) -> None:
    listed = project["tool"]["setuptools"]["packages"]
    rooms = [path for path in root.iterdir() if (path / "__init__.py").is_file()]
    found = {
        ".".join(path.parent.relative_to(root).parts) for room in rooms for path in room.rglob("__init__.py")
    }
    assert sorted(listed) == sorted(found), "list each folder with an __init__.py in pyproject.toml"
    assert sorted(project["tool"]["mypy"]["packages"]) == sorted(room.name for room in rooms)
