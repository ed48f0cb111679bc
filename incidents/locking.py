"""Who may write to a store: one process at a time, by a lock that dies with its holder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from incidents.errors import StoreBusyError, StoreError

LOCK = ".lock"


@contextmanager
def write_lock(root: Path) -> Iterator[None]:
    """Hold the write lock of a store for the length of the block; do not wait for it.

    The operating system releases the lock when its holder ends, however it ends. On network file systems
    without ``flock`` it does not protect.

    Args:
        root: Folder of the store; it is made if missing.

    Raises:
        StoreBusyError: Another process holds it; the message gives its id.
        StoreError: The folder cannot be written.
    """
    handle = _open(root)
    try:
        _take(handle, root)
        yield
    finally:
        os.close(handle)


def _open(root: Path) -> int:
    try:
        root.mkdir(parents=True, exist_ok=True)
        return os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise _refused(root, error) from error


def _take(handle: int, root: Path) -> None:
    """Lock, and leave the process id for whoever comes next."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
    except BlockingIOError as error:
        holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
        raise StoreBusyError(
            f"Expected to write to the store {root}. Received: process {holder} is writing to it. "
            "Wait until it is done, then run the command again."
        ) from error
    except OSError as error:
        raise _refused(root, error) from error


def _refused(root: Path, error: OSError) -> StoreError:
    return StoreError(
        f"Expected to write to the store {root}. Received: {error.strerror}. "
        "Give write permission and free space, or choose another --store."
    )
