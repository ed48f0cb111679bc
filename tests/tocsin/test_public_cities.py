"""The commands on the public files of two real cities, against totals that were counted elsewhere."""

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rasterize.tensors import EventTensor

Tocsin = Callable[..., Any]
ROOT = Path(__file__).parents[2]
FOLDERS = [*os.environ.get("TOCSIN_DATA", "").split(os.pathsep), str(ROOT.parent / "shared" / "data")]
BALTIMORE = "baltimore/part1_victim_based_crime_2011_2015.csv.gz"
CHICAGO = "chicago/chicago_crimes_2014.csv.gz"

pytestmark = pytest.mark.realdata


def find(file: str) -> Path:
    for folder in FOLDERS:
        if folder and (Path(folder) / file).is_file():
            return Path(folder) / file
    pytest.skip(f"no {file} in TOCSIN_DATA or ../shared/data")


@pytest.fixture(scope="module")
def baltimore(tocsin: Tocsin, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What ingest says of five years, and the store."""
    delivery, store = find(BALTIMORE), tmp_path_factory.mktemp("baltimore") / "store"
    said = tocsin("ingest", ROOT / "configs" / "baltimore.yaml", delivery, "--store", store, "--json")
    assert said.code == 0, said.err
    return said.json, store


def test_all_victims_of_baltimore_but_one_are_accepted(baltimore: tuple[dict[str, Any], Path]) -> None:
    told, _ = baltimore
    assert (told["read"], told["accepted"], told["quarantined"]) == (244_494, 244_493, 1)
    assert told["redelivered"] == 0


def test_the_tensor_of_baltimore_holds_the_published_totals(
    baltimore: tuple[dict[str, Any], Path], tocsin: Tocsin, tmp_path: Path
) -> None:
    out = tmp_path / "tensors.npz"
    words = ("--store", baltimore[1], "--out", out, "--json")
    told = tocsin("rasterize", ROOT / "configs" / "baltimore.yaml", *words).json
    days = (date(2016, 1, 1) - date(2011, 1, 1)).days
    assert told["shape"] == [12 * days, 40, 33, 7]
    assert told["incidents"] == 244_493
    tensor = EventTensor.load(out)
    totals = dict(
        zip(tensor.channels, np.bincount(tensor.entries.channel, tensor.entries.count), strict=True)
    )
    assert totals["homicide"] == 197 + 217 + 235 + 211 + 343
    assert totals["shooting"] == 379 + 370 + 401 + 370 + 636


def test_a_year_of_chicago_is_accounted_for(tocsin: Tocsin, tmp_path: Path) -> None:
    store = tmp_path / "store"
    told = tocsin("ingest", ROOT / "configs" / "chicago.yaml", find(CHICAGO), "--store", store, "--json").json
    assert (told["read"], told["quarantined"], told["redelivered"]) == (275_200, 5, 0)
    assert told["reasons"] == {"outside_city": 5}
    words = ("--store", store, "--out", tmp_path / "tensors.npz", "--json")
    assert tocsin("rasterize", ROOT / "configs" / "chicago.yaml", *words).json["windows"] == 12 * 365
