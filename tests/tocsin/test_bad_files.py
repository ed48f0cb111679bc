"""Files that cannot be used are named with what is wrong and what to do, and nothing is written."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rasterize.tensors import EventTensor

Tocsin = Callable[..., Any]
Refused = Callable[..., str]


def rename_column(text: str) -> bytes:
    return text.replace("occurred_at", "occured", 1).encode()


def leave_out_column(text: str) -> bytes:
    return "\n".join(line.split(",", 1)[1] for line in text.splitlines()).encode()


def part_by_semicolons(text: str) -> bytes:
    return text.replace(",", ";").encode()


def write_in_latin_1(text: str) -> bytes:
    return text.replace("ROBBERY", "VOL À MAIN ARMÉE").encode("latin-1")


def cut_gzip(text: str) -> bytes:
    packed = gzip.compress(text.encode())
    return packed[: len(packed) // 2]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (rename_column, "a file without 'occurred_at' (nearest: 'occured')"),
        (leave_out_column, "a file without 'incident_id'"),
        (part_by_semicolons, "Received: semicolons. Set delimiter: ';' in the layout"),
        (write_in_latin_1, "Set encoding of this layout in the city's YAML, for example encoding: cp1252"),
        (cut_gzip, "cut short"),
        (lambda text: b"", "Received: an empty file. Fetch it again"),
        (lambda text: text.splitlines()[0].encode() + b"\n", "a header and no rows"),
        (lambda text: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "without 'incident_id'"),
    ],
)
def test_a_delivery_that_cannot_be_read(
    town: Any, refused: Refused, tmp_path: Path, damage: Callable[[str], bytes], words: str
) -> None:
    delivery = tmp_path / "delivery.csv"
    delivery.write_bytes(damage(town.first_delivery.read_text()))
    told = refused(3, "ingest", town.config, town.first_delivery, delivery, "--store", tmp_path / "store")
    assert str(delivery) in told
    assert words in told


@pytest.mark.parametrize("name", ["nowhere.csv", "."])
def test_a_delivery_that_is_not_there(town: Any, refused: Refused, tmp_path: Path, name: str) -> None:
    told = refused(3, "ingest", town.config, tmp_path / name, "--store", tmp_path / "store")
    assert "Expected a readable file" in told


def test_a_bad_delivery_leaves_a_store_as_it_is(town: Any, refused: Refused, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    refused(3, "ingest", town.config, empty, "--store", town.store, unchanged=town.store)


def polygons_of(town: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((town.folder / "neighborhoods.geojson").read_text())
    return content


def cross_an_outline(content: dict[str, Any]) -> None:
    ring = content["features"][0]["geometry"]["coordinates"][0]
    ring[1], ring[len(ring) // 2] = ring[len(ring) // 2], ring[1]


def shift_an_area(content: dict[str, Any]) -> None:
    for point in content["features"][0]["geometry"]["coordinates"][0]:
        point[0] += 0.005


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cross_an_outline, "is invalid (Self-intersection"),
        (shift_an_area, "Expected areas that do not overlap"),
        (lambda content: content["features"].clear(), "Received: no features"),
        (lambda content: content["features"][3]["properties"].update(name=None), "1 without it"),
    ],
)
def test_polygons_that_cannot_be_used(
    town: Any,
    refused: Refused,
    changed_config: Callable[..., Path],
    tmp_path: Path,
    damage: Callable[[dict[str, Any]], None],
    words: str,
) -> None:
    content = polygons_of(town)
    damage(content)
    file = tmp_path / "polygons.geojson"
    file.write_text(json.dumps(content))
    layers = {"neighborhood": {"file": str(file), "id": "name", "population": "population"}}
    told = refused(
        3, "ingest", changed_config(layers=layers), town.first_delivery, "--store", tmp_path / "store"
    )
    assert str(file) in told
    assert words in told


def test_polygons_that_are_not_there(
    town: Any, refused: Refused, changed_config: Callable[..., Path], tmp_path: Path
) -> None:
    layers = {"neighborhood": {"file": "nowhere.geojson", "id": "name"}}
    told = refused(
        3, "ingest", changed_config(layers=layers), town.first_delivery, "--store", tmp_path / "store"
    )
    assert "TOCSIN_DATA" in told


def write_arrays(path: Path) -> None:
    with path.open("wb") as file:
        np.savez(file, counts=np.zeros(3))


def write_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("meta.json", json.dumps({"format": "something/1"}))


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_text("no tensor\n"),
        lambda path: path.write_bytes(b""),
        lambda path: path.mkdir(),
        lambda path: None,
        write_arrays,
        write_archive,
    ],
    ids=["text", "empty", "folder", "missing", "arrays", "archive"],
)
def test_a_tensor_file_that_is_none(
    town: Any, refused: Refused, tmp_path: Path, write: Callable[[Path], object]
) -> None:
    file = tmp_path / "tensors.npz"
    write(file)
    told = refused(3, "train", town.config, "--tensors", file, "--out", tmp_path / "run")
    assert f"Received: {file}" in told
    assert "Run `tocsin rasterize` again" in told


@pytest.mark.parametrize("share", [0.2, 0.6, 0.99])
def test_a_tensor_file_that_was_cut_short(town: Any, refused: Refused, tmp_path: Path, share: float) -> None:
    whole, file = town.tensors.read_bytes(), tmp_path / "tensors.npz"
    file.write_bytes(whole[: int(len(whole) * share)])
    refused(3, "train", town.config, "--tensors", file, "--out", tmp_path / "run")


def test_a_tensor_file_with_changed_counts(town: Any, refused: Refused, tmp_path: Path) -> None:
    file, tensor = tmp_path / "tensors.npz", EventTensor.load(town.tensors)
    content = bytearray(town.tensors.read_bytes())
    content[content.find(tensor.entries.window.tobytes()) + 1000] ^= 0xFF
    file.write_bytes(content)
    refused(3, "train", town.config, "--tensors", file, "--out", tmp_path / "run")
