"""A changed model, a busy store, a full disk: said plainly, and everything is as it was before."""

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from incidents.store import IncidentStore
from rasterize.tensors import EventTensor

Tocsin = Callable[..., Any]
Refused = Callable[..., str]

BUNDLE = (
    "SHA256SUMS",
    "baseline_block.npz",
    "calibration.json",
    "config.yaml",
    "frame.npz",
    "manifest.json",
    "metrics.json",
    "network.npz",
    "offset.json",
    "scaling.npz",
)


@pytest.fixture
def model(town: Any, tmp_path: Path) -> Path:
    """A copy of the model without its evaluations, to be damaged."""
    return Path(shutil.copytree(town.model, tmp_path / "run", ignore=shutil.ignore_patterns("evaluation-*")))


def ask(town: Any, model: Path) -> dict[str, tuple[object, ...]]:
    words = ("--model", model, "--store", town.store)
    return {
        "evaluate": ("evaluate", town.config, *words, "--from", "2021-04-07", "--to", "2021-05-01"),
        "alert": ("alert", town.config, "--once", *words, "--as-of", "2021-04-20T20:00"),
    }


def test_the_list_of_files_is_the_bundle(model: Path) -> None:
    assert set(BUNDLE) <= {path.name for path in model.iterdir()}


@pytest.mark.parametrize("name", BUNDLE)
@pytest.mark.parametrize("command", ["evaluate", "alert"])
def test_a_model_with_one_byte_changed(
    town: Any, refused: Refused, model: Path, name: str, command: str
) -> None:
    content = bytearray((model / name).read_bytes())
    content[len(content) // 2] ^= 1
    (model / name).write_bytes(content)
    told = refused(3, *ask(town, model)[command])
    assert str(model) in told
    if name != "SHA256SUMS":
        assert f"Expected {model / name} with SHA-256" in told
        assert "do not use it" in told


@pytest.mark.parametrize("name", BUNDLE)
def test_a_model_with_a_file_missing(town: Any, refused: Refused, model: Path, name: str) -> None:
    (model / name).unlink()
    assert name in refused(3, *ask(town, model)["alert"])


@pytest.mark.parametrize("kind", ["empty", "missing", "file"])
@pytest.mark.parametrize("command", ["evaluate", "alert"])
def test_a_folder_that_is_no_model(
    town: Any, refused: Refused, tmp_path: Path, kind: str, command: str
) -> None:
    model = tmp_path / "no-model"
    if kind == "empty":
        model.mkdir()
    if kind == "file":
        model.touch()
    assert "Give the folder that `tocsin train --out` wrote" in refused(3, *ask(town, model)[command])


def test_a_folder_of_other_files_is_not_replaced(town: Any, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "runs" / "first").mkdir(parents=True)
    told = refused(2, "train", town.config, "--tensors", town.tensors, "--out", tmp_path / "runs")
    assert f"Received: {tmp_path / 'runs'}, which holds other files" in told
    assert (tmp_path / "runs" / "first").is_dir()


def test_a_folder_that_is_no_store(town: Any, refused: Refused, tmp_path: Path) -> None:
    for store in (tmp_path / "nowhere", tmp_path):
        words = ("--store", store)
        refused(1, "rasterize", town.config, *words, "--out", tmp_path / "a.npz")
        refused(1, "render", town.config, *words, "--window", "2021-04-20T20:00", "--out", tmp_path / "a.png")
        refused(1, "alert", town.config, "--once", "--model", town.model, *words)


@pytest.fixture
def store(town: Any, tocsin: Tocsin, tmp_path: Path) -> Path:
    """A store with the first delivery only."""
    store = tmp_path / "store"
    assert tocsin("ingest", town.config, town.first_delivery, "--store", store).code == 0
    return store


HOLD = """
import fcntl, sys
with open(sys.argv[1]) as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def writing(store: Path) -> Iterator[int]:
    """Another process that holds the store's lock; yields its id."""
    command = [sys.executable, "-c", HOLD, str(store / ".lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other.pid
        other.communicate()


def test_a_store_that_another_process_is_writing(
    town: Any, refused: Refused, tocsin: Tocsin, store: Path, tmp_path: Path
) -> None:
    delivery = ("ingest", town.config, town.incidents, "--store", store, "--json")
    with writing(store):
        told = refused(1, *delivery)
        assert "is writing to it. Wait until it is done" in told
        reading = tocsin("rasterize", town.config, "--store", store, "--out", tmp_path / "a.npz")
        assert reading.code == 0
    assert tocsin(*delivery).json["accepted"] == town.said["ingest again"].json["accepted"]


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes: what a quota does to a process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_ingest_beyond_the_quota_leaves_the_store(
    town: Any, refused: Refused, tocsin: Tocsin, store: Path
) -> None:
    delivery = ("ingest", town.config, town.incidents, "--store", store, "--json")
    with files_up_to(30_000):
        told = refused(1, *delivery)
    assert "Received: File too large" in told
    assert tocsin(*delivery).json["accepted"] == town.said["ingest again"].json["accepted"]


def test_rasterize_beyond_the_quota_leaves_the_old_file(town: Any, refused: Refused, tmp_path: Path) -> None:
    out = tmp_path / "tensors.npz"
    shutil.copy(town.tensors, out)
    with files_up_to(50_000):
        refused(1, "rasterize", town.config, "--store", town.store, "--out", out)
    assert EventTensor.load(out).incidents == town.said["rasterize"].json["incidents"]


def test_train_beyond_the_quota_leaves_the_old_model(town: Any, refused: Refused, model: Path) -> None:
    with files_up_to(5_000):
        refused(1, "train", town.config, "--tensors", town.tensors, "--out", model)


def test_a_report_beyond_the_quota_is_not_left_in_halves(town: Any, refused: Refused, model: Path) -> None:
    with files_up_to(5_000):
        refused(1, *ask(town, model)["evaluate"])


@pytest.mark.parametrize("command", ["render", "alert"])
def test_a_map_beyond_the_quota_is_not_left_in_halves(
    town: Any, refused: Refused, tmp_path: Path, command: str
) -> None:
    words = {
        "render": ("render", town.config, "--store", town.store, "--window", "2021-04-20T20:00", "--out"),
        "alert": (*ask(town, town.model)["alert"], "--map"),
    }[command]
    with files_up_to(5_000):
        refused(1, *words, tmp_path / "map.png")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB of its own, which only root can make, with 48 KiB left beside the file ``filler``."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        (disk / "filler").write_bytes(bytes(4048 * 1024))
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_at_every_command_that_writes(
    town: Any, refused: Refused, small_disk: Path, tmp_path: Path
) -> None:
    full = "No space left on device. Nothing was changed. Free some space and run the command again."
    assert full in refused(1, "rasterize", town.config, "--store", town.store, "--out", small_disk / "a.npz")
    assert full in refused(1, "train", town.config, "--tensors", town.tensors, "--out", small_disk / "run")
    render = ("render", town.config, "--store", town.store, "--window", "2021-04-20T20:00")
    assert full in refused(1, *render, "--out", small_disk / "map.png")
    assert "No space left on device" in refused(1, "simulate", town.config, "--out", small_disk / "city")


def test_a_full_disk_while_a_store_is_made(town: Any, tocsin: Tocsin, small_disk: Path) -> None:
    store = small_disk / "store"
    words = ("ingest", town.config, town.first_delivery, "--store", store, "--json")
    said = tocsin(*words)
    assert (said.code, said.out) == (1, "")
    assert "No space left on device" in said.err
    assert not IncidentStore(store).exists
    assert not list(store.glob("incidents/**/*.parquet"))
    (small_disk / "filler").unlink()
    assert tocsin(*words).json["accepted"] == town.said["ingest"].json["accepted"]


@pytest.mark.parametrize("command", ["simulate", "ingest", "rasterize", "render", "train"])
def test_a_place_that_is_no_folder(town: Any, refused: Refused, tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "out.png"
    words = {
        "simulate": ("--out", place),
        "ingest": (town.first_delivery, "--store", place),
        "rasterize": ("--store", town.store, "--out", place),
        "render": ("--store", town.store, "--window", "2021-04-20T20:00", "--out", place),
        "train": ("--tensors", town.tensors, "--out", place),
    }[command]
    assert str(place) in refused(1, command, town.config, *words)
