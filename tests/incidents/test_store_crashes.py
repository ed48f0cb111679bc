"""Whatever stops a writer, the store is the one before or the one after, and the next writer carries on."""

import errno
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import shapely

from incidents.errors import StoreBusyError, StoreError
from incidents.locking import write_lock
from incidents.schema import INCIDENT_SCHEMA, QUARANTINE_SCHEMA
from incidents.store import IncidentStore

# Dies just before its n-th call that changes the disk. Polars starts its threads on first use, after the fork.
DYING_WRITERS = """
import os, signal, sys
import polars, pyarrow.parquet
from pathlib import Path
from incidents.store import IncidentStore

def deliver(root, folder, deaths):
    calls = 0
    def dying(function):
        def call(*args, **named):
            nonlocal calls
            calls += 1
            if calls == deaths:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args, **named)
        return call
    for name in ("fsync", "mkdir", "rename", "replace", "unlink", "rmdir", "ftruncate", "pwrite", "write"):
        setattr(os, name, dying(getattr(os, name)))
    Path.write_bytes = dying(Path.write_bytes)
    Path.write_text = dying(Path.write_text)
    incidents = polars.read_parquet(folder / "second.parquet")
    IncidentStore(root).append(incidents, polars.read_parquet(folder / "set_aside.parquet"))

folder = Path(sys.argv[1])
for root in sorted((folder / "copies").iterdir()):
    child = os.fork()
    if child == 0:
        deliver(root, folder, int(root.name))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    (root / "status").write_text(str(os.waitstatus_to_exitcode(status)))
"""

BUSY_WRITER = """
import sys, polars
from pathlib import Path
from incidents.store import IncidentStore
root, folder = map(Path, sys.argv[1:])
print("ready", flush=True)
for path in sorted(folder.glob("delivery-*.parquet")):
    IncidentStore(root).append(polars.read_parquet(path))
"""

LOCK_HOLDER = """
import sys
from pathlib import Path
from incidents.locking import write_lock
with write_lock(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def delivery(number: int) -> pl.DataFrame:
    """Two hundred incidents over three months, none of which another delivery has."""
    start = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    rows = 200
    columns: dict[str, Any] = {
        "incident_id": [f"town:{number:02d}-{row:03d}" for row in range(rows)],
        "occurred_at": [start + timedelta(hours=10 * row) for row in range(rows)],
        "category": "robbery", "offense": "ROBBERY", "origin": "reported", "place": "unknown",
        "time_is_heaped": False, "lon": np.linspace(-76.7, -76.6, rows), "lat": 39.3,
    }  # fmt: skip
    frame = pl.DataFrame(columns)
    empty = [pl.lit(None).alias(name) for name in INCIDENT_SCHEMA if name not in columns]
    return frame.with_columns(empty).select(
        pl.col(name).cast(dtype) for name, dtype in INCIDENT_SCHEMA.items()
    )


def set_aside() -> pl.DataFrame:
    row = dict.fromkeys(QUARANTINE_SCHEMA) | {
        "incident_id": "town:bad",
        "reason": "outside_city",
        "source_row": 1,
    }
    return pl.DataFrame([row], schema=QUARANTINE_SCHEMA)


@pytest.fixture
def store(town: Any) -> IncidentStore:
    """A store with the first delivery in it."""
    layer = gpd.GeoDataFrame(
        {"area": ["West"], "population": [1.0]}, geometry=[shapely.box(0, 0, 1, 1)], crs=town.source.crs
    )
    made = IncidentStore(town.folder / "store")
    made.create(town.source, {"neighborhood": layer})
    made.append(delivery(0))
    return made


def expected(*numbers: int) -> pl.DataFrame:
    return pl.concat([delivery(number) for number in numbers]).sort("occurred_at", "incident_id")


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.name != ".lock"}


def test_a_writer_killed_before_any_of_its_steps(store: IncidentStore, town: Any) -> None:
    delivery(1).write_parquet(town.folder / "second.parquet")
    set_aside().write_parquet(town.folder / "set_aside.parquet")
    for step in range(1, 51):
        shutil.copytree(store.root, town.folder / "copies" / f"{step:03d}")
    subprocess.run([sys.executable, "-c", DYING_WRITERS, town.folder], check=True, timeout=300)
    whole = store.root.with_name("whole")
    shutil.copytree(store.root, whole)
    IncidentStore(whole).append(delivery(1), set_aside())
    finished = []
    for root in sorted((town.folder / "copies").iterdir()):
        survivor = IncidentStore(root)
        finished.append((root / "status").read_text() == "0")
        (root / "status").unlink()
        found = survivor.scan().collect()
        has_second = found.height > 200
        assert found.equals(expected(0, 1) if has_second else expected(0)), root.name
        assert survivor.scan_quarantine().collect().height == has_second
        assert has_second or not finished[-1]
        survivor.append(delivery(1), set_aside())
        assert survivor.scan().collect().equals(expected(0, 1))
        survivor.append(delivery(2))
        if not finished[-1]:
            assert {name for name in files(root) if "/.part" in name or name.startswith(".manifest")} == set()
    assert finished.count(False) > 30
    assert finished[-1], "raise the number of steps: no writer came to its end"


@pytest.mark.parametrize("moment", np.random.default_rng(11).uniform(0, 0.35, 4).round(3).tolist())
def test_a_writer_killed_at_any_moment(store: IncidentStore, town: Any, moment: float) -> None:
    for number in range(1, 30):
        delivery(number).write_parquet(town.folder / f"delivery-{number:02d}.parquet")
    command = [sys.executable, "-c", BUSY_WRITER, store.root, town.folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        time.sleep(moment)
        writer.kill()
    found = store.scan().collect()
    done = found.height // 200
    assert found.equals(expected(*range(done)))
    for number in range(1, 30):
        store.append(delivery(number))
    assert store.scan().collect().equals(expected(*range(30)))


def test_a_second_writer_is_told_who_is_writing_and_succeeds_after_that_one_died(
    store: IncidentStore,
) -> None:
    command = [sys.executable, "-c", LOCK_HOLDER, store.root]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(StoreBusyError) as caught:
            store.append(delivery(1))
        assert store.scan().collect().equals(expected(0))
        holder.kill()
    assert str(caught.value) == (
        f"Expected to write to the store {store.root}. Received: process {holder.pid} is writing to it. "
        "Wait until it is done, then run the command again."
    )
    store.append(delivery(1))
    assert store.scan().collect().equals(expected(0, 1))


def test_a_store_being_created_is_busy_too(town: Any) -> None:
    root = town.folder / "new"
    with write_lock(root), pytest.raises(StoreBusyError):
        create(root, town)


def create(root: Path, town: Any) -> None:
    layer = gpd.GeoDataFrame({"area": ["West"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=town.source.crs)
    IncidentStore(root).create(town.source, {"neighborhood": layer})


def test_a_creation_that_was_cut_off_is_done_again(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        refuse_after(patched, "replace", 1)
        with pytest.raises(StoreError):
            create(town.folder / "new", town)
    store = IncidentStore(town.folder / "new")
    assert not store.exists
    create(store.root, town)
    assert store.scan().collect().is_empty()


# Disks that refuse.


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let the kernel refuse to let any file grow beyond a size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 1, 500, 4096])
def test_a_disk_that_takes_no_more(store: IncidentStore, size: int) -> None:
    before = files(store.root)
    with pytest.raises(StoreError) as caught, file_size_limit(size):
        store.append(delivery(1), set_aside())
    assert "File too large" in str(caught.value)
    assert files(store.root) == before
    assert store.scan().collect().equals(expected(0))
    store.append(delivery(1))
    assert store.scan().collect().equals(expected(0, 1))


def refuse_after(patched: pytest.MonkeyPatch, name: str, calls: int) -> None:
    """Let a call of the operating system fail for lack of space after some that pass."""
    function, made = getattr(os, name), []

    def fail(*args: Any, **named: Any) -> Any:
        made.append(args)
        if len(made) > calls:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return function(*args, **named)

    patched.setattr(os, name, fail)


@pytest.mark.parametrize("name", ["fsync", "replace", "mkdir", "pwrite", "ftruncate"])
@pytest.mark.parametrize("calls", [0, 1, 2, 3, 5, 7])
def test_a_full_disk_at_any_step(
    store: IncidentStore, name: str, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        refuse_after(patched, name, calls)
        try:
            store.append(delivery(1), set_aside())
        except StoreError as error:
            assert "No space left on device" in str(error)  # noqa: PT017
            assert store.scan().collect().equals(expected(0))
        else:
            assert calls > 0
    store.append(delivery(1))
    assert store.scan().collect().equals(expected(0, 1))


def test_a_folder_that_may_not_be_written(town: Any) -> None:
    root = town.folder / "file"
    root.write_text("in the way")
    with pytest.raises(StoreError, match="Give write permission and free space, or choose another --store"):
        create(root / "store", town)
