"""A saved tensor comes back equal, or not at all."""

import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from incidents.errors import DataError
from rasterize.tensors import ENTRY_TYPES, EventTensor

Build = Callable[[list[Mapping[str, Any]]], EventTensor]


@pytest.fixture
def tensor(tensor_of: Build, first_midnight: datetime) -> EventTensor:
    rng = np.random.default_rng(5)
    categories = ["shooting", "robbery", "larceny"]
    return tensor_of(
        [
            {
                "occurred_at": first_midnight + timedelta(minutes=int(rng.integers(0, 5700))),
                "category": categories[index % 3],
                "x": float(rng.uniform(0, 600)),
                "y": float(rng.uniform(0, 300)),
                "area": ["West", "East", None][index % 3],
            }
            for index in range(60)
        ]
    )


def test_round_trip(tensor: EventTensor, tmp_path: Path) -> None:
    path = tmp_path / "tensors" / "town.npz"
    size = tensor.save(path)
    loaded = EventTensor.load(path)
    assert size == path.stat().st_size
    assert (loaded.grid, loaded.channels, loaded.about) == (tensor.grid, tensor.channels, tensor.about)
    assert (loaded.windows.time_zone, loaded.windows.hours) == ("America/New_York", 2)
    assert loaded.overlay.areas == tensor.overlay.areas
    pairs = [(getattr(loaded.entries, name), getattr(tensor.entries, name)) for name in ENTRY_TYPES]
    pairs += [(loaded.offsets, tensor.offsets)]
    for part, names in {
        "windows": ("bounds", "wall_start"),
        "overlay": ("inside", "labels", "outline_cell", "outline_offsets"),
    }.items():
        pairs += [(getattr(getattr(loaded, part), n), getattr(getattr(tensor, part), n)) for n in names]
    for got, expected in pairs:
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


def test_saving_twice_gives_the_same_arrays_and_leaves_nothing_else(
    tensor: EventTensor, tmp_path: Path
) -> None:
    path = tmp_path / "town.npz"
    tensor.save(path)
    tensor.known_by(5).save(path)
    assert len(EventTensor.load(path).entries) == len(tensor.known_by(5).entries) < len(tensor.entries)
    assert [file.name for file in tmp_path.iterdir()] == ["town.npz"]


def test_no_member_is_pickled(tensor: EventTensor, tmp_path: Path) -> None:
    path = tmp_path / "town.npz"
    tensor.save(path)
    with zipfile.ZipFile(path) as archive:
        members = [name for name in archive.namelist() if name.endswith(".npy")]
        assert len(members) == len(ENTRY_TYPES) + 7
        for name in members:
            with archive.open(name) as member:
                np.lib.format.read_array(member, allow_pickle=False)


def test_a_file_cut_short_is_refused(tensor: EventTensor, tmp_path: Path) -> None:
    path = tmp_path / "town.npz"
    tensor.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError) as error:
        EventTensor.load(path)
    assert str(error.value) == (
        f"Expected an event tensor written by `tocsin rasterize`. Received: {path} (File is not a zip file). "
        "Run `tocsin rasterize` again."
    )


def test_wherever_a_file_is_cut_it_is_refused(tensor: EventTensor, tmp_path: Path) -> None:
    path = tmp_path / "town.npz"
    tensor.save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 997):
        path.write_bytes(whole[:length])
        with pytest.raises(DataError, match=r"^Expected an event tensor written by `tocsin rasterize`"):
            EventTensor.load(path)


def test_a_changed_byte_is_refused_or_harmless(tensor: EventTensor, tmp_path: Path) -> None:
    path = tmp_path / "town.npz"
    tensor.save(path)
    whole = path.read_bytes()
    refused = 0
    for place in range(0, len(whole), 61):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            loaded = EventTensor.load(path)
        except DataError:
            refused += 1
        else:
            assert loaded.incidents == tensor.incidents
            np.testing.assert_array_equal(loaded.windows.bounds, tensor.windows.bounds)
    assert refused > len(whole) // 61 * 0.8


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.npz"
    with pytest.raises(DataError) as error:
        EventTensor.load(path)
    assert str(error.value) == (
        f"Expected an event tensor written by `tocsin rasterize`. Received: {path} "
        f"([Errno 2] No such file or directory: '{path}'). Run `tocsin rasterize` again."
    )


def test_another_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.npz"
    np.savez(path, counts=np.arange(3))
    with pytest.raises(DataError, match=r"There is no item named 'meta\.json' in the archive"):
        EventTensor.load(path)


def test_another_format_version_is_refused(tensor: EventTensor, tmp_path: Path) -> None:
    path, newer = tmp_path / "town.npz", tmp_path / "newer.npz"
    tensor.save(path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"tocsin-event-tensor/1", b"tocsin-event-tensor/9"))
    with pytest.raises(DataError) as error:
        EventTensor.load(newer)
    assert str(error.value) == (
        "Expected an event tensor of format tocsin-event-tensor/1. "
        f"Received: tocsin-event-tensor/9 in {newer}. Run `tocsin rasterize` again."
    )
