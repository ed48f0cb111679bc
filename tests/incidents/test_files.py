"""A result file or folder is replaced whole or not at all, whatever goes wrong on the way."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from incidents.errors import StoreError
from incidents.files import replacing_file, replacing_folder

FULL = Path("/dev/full")


def failing(function: Callable[..., Any], *, code: int = errno.ENOSPC, calls: int = 0) -> Callable[..., Any]:
    """Let ``function`` pass for some calls and fail once after them."""
    made = []

    def fail(*args: Any, **named: Any) -> Any:
        made.append(args)
        if len(made) == calls + 1:
            raise OSError(code, os.strerror(code))
        return function(*args, **named)

    return fail


def replace_file(path: Path, *, then: Callable[[], object] = lambda: None) -> None:
    with replacing_file(path) as aside:
        aside.write_text("new")
        then()


def replace_folder(path: Path, *, then: Callable[[], object] = lambda: None) -> None:
    with replacing_folder(path) as fresh:
        (fresh / "manifest.json").write_text("new")
        (fresh / "card.md").write_text("new")
        then()


def write_to_a_full_disk(path: Path) -> None:
    with replacing_file(path) as aside:
        aside.symlink_to(FULL)
        aside.write_text("new")


def give_up() -> None:
    raise ZeroDivisionError


def names(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*"))


def full_disk(path: Path) -> str:
    return (
        f"Expected to write {path}. Received: No space left on device. Nothing was changed. "
        "Free some space and run the command again."
    )


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text("old")
    return path


@pytest.fixture
def old_folder(tmp_path: Path) -> Path:
    path = tmp_path / "bundle"
    (path / "weights").mkdir(parents=True)
    (path / "weights" / "a.npz").write_text("old")
    return path


def test_the_new_file_takes_the_place_of_the_old(old: Path) -> None:
    with replacing_file(old) as aside:
        assert (aside.name, aside.exists(), aside.parent.parent) == ("report.json", False, old.parent)
        aside.write_text("new")
        assert old.read_text() == "old"
    assert old.read_text() == "new"
    assert names(old.parent) == ["report.json"]


def test_missing_folders_are_made(tmp_path: Path) -> None:
    with replacing_file(tmp_path / "a" / "b" / "report.json") as aside:
        aside.write_text("new")
    assert names(tmp_path) == ["a", "a/b", "a/b/report.json"]


def test_an_error_in_the_block_leaves_the_old_file(old: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        replace_file(old, then=give_up)
    assert old.read_text() == "old"
    assert names(old.parent) == ["report.json"]


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full on this system")
def test_a_full_disk_at_write_leaves_the_old_file(old: Path) -> None:
    with pytest.raises(StoreError) as error:
        write_to_a_full_disk(old)
    assert str(error.value) == full_disk(old)
    assert old.read_text() == "old"
    assert names(old.parent) == ["report.json"]


# The first mkdir finds the folder there already; the second makes the temporary one.
@pytest.mark.parametrize(("step", "calls"), [("fsync", 0), ("replace", 0), ("mkdir", 1)])
def test_a_full_disk_at_any_step_leaves_the_old_file(
    old: Path, monkeypatch: pytest.MonkeyPatch, step: str, calls: int
) -> None:
    monkeypatch.setattr(os, step, failing(getattr(os, step), calls=calls))
    with pytest.raises(StoreError) as error:
        replace_file(old)
    assert str(error.value) == full_disk(old)
    assert old.read_text() == "old"
    assert names(old.parent) == ["report.json"]


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.EACCES, "Give write permission on the folder, or choose another --out."),
        (errno.EROFS, "Choose a folder on a writable disk."),
        (errno.EIO, "Check the disk and run the command again."),
    ],
)
def test_the_remedy_fits_the_cause(
    old: Path, monkeypatch: pytest.MonkeyPatch, code: int, remedy: str
) -> None:
    monkeypatch.setattr(os, "replace", failing(os.replace, code=code))
    with pytest.raises(StoreError) as error:
        replace_file(old)
    assert str(error.value) == (
        f"Expected to write {old}. Received: {os.strerror(code)}. Nothing was changed. {remedy}"
    )


def test_a_block_that_writes_nothing_is_an_error(old: Path) -> None:
    with pytest.raises(StoreError, match="No such file or directory"), replacing_file(old):
        pass
    assert old.read_text() == "old"


def test_the_new_folder_takes_the_place_of_the_old(old_folder: Path) -> None:
    with replacing_folder(old_folder) as fresh:
        (fresh / "manifest.json").write_text("new")
        assert names(old_folder) == ["weights", "weights/a.npz"]
    assert names(old_folder.parent) == ["bundle", "bundle/manifest.json"]


def test_a_folder_that_was_not_there_is_made(tmp_path: Path) -> None:
    with replacing_folder(tmp_path / "runs" / "first") as fresh:
        (fresh / "log.txt").write_text("new")
    assert names(tmp_path) == ["runs", "runs/first", "runs/first/log.txt"]


@pytest.mark.parametrize(("step", "calls"), [("fsync", 0), ("fsync", 1), ("rename", 0), ("rename", 1)])
def test_a_full_disk_at_any_step_leaves_the_old_folder(
    old_folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, calls: int
) -> None:
    monkeypatch.setattr(os, step, failing(getattr(os, step), calls=calls))
    with pytest.raises(StoreError) as error:
        replace_folder(old_folder)
    assert str(error.value) == full_disk(old_folder)
    assert names(old_folder.parent) == ["bundle", "bundle/weights", "bundle/weights/a.npz"]
    assert (old_folder / "weights" / "a.npz").read_text() == "old"


def test_an_error_in_the_block_leaves_the_old_folder(old_folder: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        replace_folder(old_folder, then=give_up)
    assert names(old_folder.parent) == ["bundle", "bundle/weights", "bundle/weights/a.npz"]
