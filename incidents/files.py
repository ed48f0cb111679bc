"""How a result file reaches its place: written aside, flushed to disk, then renamed.

A reader therefore sees the old file or the new one, never half of one, whatever happens in between.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from incidents.errors import StoreError


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that replaces it when the block ends without an error.

    Args:
        path: The final place; its folder is made if missing.

    Yields:
        A path with the same suffix in the same folder, not yet existing.

    Raises:
        StoreError: The disk is full, the folder is read-only, or the write failed otherwise.
    """
    with _explaining(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        with _explaining(path):
            yield aside / path.name
            _flush(aside / path.name)
            (aside / path.name).replace(path)
            _flush(path.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder that becomes ``path`` when the block ends without an error.

    An existing folder is moved aside first and removed last, so that its place is never half filled; if the
    new one cannot take its place, the old one moves back.

    Args:
        path: The final place; its parent is made if missing.

    Yields:
        An empty folder beside ``path``.

    Raises:
        StoreError: The disk is full, the parent is read-only, or the write failed otherwise.
    """
    with _explaining(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        fresh, old = aside / "new", aside / "old"
        fresh.mkdir()
    try:
        with _explaining(path):
            yield fresh
            for file in fresh.rglob("*"):
                _flush(file)
            _exchange(path, fresh, old)
            _flush(path.parent)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(path: Path, fresh: Path, old: Path) -> None:
    """Put ``fresh`` in the place of ``path`` and what was there at ``old``, or leave ``path`` as it is."""
    if not path.exists():
        fresh.rename(path)
        return
    path.rename(old)
    try:
        fresh.rename(path)
    except OSError:
        old.rename(path)
        raise


@contextmanager
def _explaining(path: Path) -> Iterator[None]:
    """Turn an operating-system error into one that names the file and the next step."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        remedy = {
            errno.ENOSPC: "Free some space and run the command again.",
            errno.EACCES: "Give write permission on the folder, or choose another --out.",
            errno.EROFS: "Choose a folder on a writable disk.",
        }.get(error.errno or 0, "Check the disk and run the command again.")
        raise StoreError(
            f"Expected to write {path}. Received: {error.strerror or error}. Nothing was changed. {remedy}"
        ) from error


def _flush(path: Path) -> None:
    """Force a file or folder to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
