"""``tocsin hotspots`` on the public files of Baltimore and Chicago, against what is known of them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

Tocsin = Callable[..., Any]
ROOT = Path(__file__).parents[2]
FOLDERS = [*os.environ.get("TOCSIN_DATA", "").split(os.pathsep), str(ROOT.parent / "shared" / "data")]
FILES = {
    "baltimore": ["baltimore/part1_victim_based_crime_2011_2015.csv.gz"],
    "chicago": [f"chicago/chicago_crimes_{year}.csv.gz" for year in range(2014, 2018)],
}

pytestmark = pytest.mark.realdata


def find(file: str) -> Path:
    for folder in FOLDERS:
        if folder and (Path(folder) / file).is_file():
            return Path(folder) / file
    pytest.skip(f"no {file} in TOCSIN_DATA or ../shared/data")


@pytest.fixture(scope="module")
def store(tocsin: Tocsin, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    def ingest(city: str) -> Path:
        root: Path = tmp_path_factory.getbasetemp() / f"hotspots-{city}"
        if not root.exists():
            said = tocsin("ingest", config(city), *map(find, FILES[city]), "--store", root)
            assert said.code == 0, said.err
        return root

    return ingest


def config(city: str) -> Path:
    return ROOT / "configs" / f"{city}.yaml"


def test_gi_star_and_density_agree_on_where_baltimore_is_hot(
    store: Callable[[str], Path], tocsin: Tocsin, tmp_path: Path
) -> None:
    words = ("--from", "2011-01-01", "--to", "2016-01-01", "--out", tmp_path, "--json")
    told = {
        method: tocsin(
            "hotspots", config("baltimore"), "--store", store("baltimore"), "--method", method, *words
        ).json
        for method in ("gi-star", "kde")
    }
    assert told["gi-star"]["by_category"] == {"shooting": 2156, "homicide": 1203}
    assert told["gi-star"]["without_report_time"] == 3359
    assert told["gi-star"]["assumed_delay_hours"] == {"homicide": 2.0, "shooting": 2.0}
    assert 300 < told["gi-star"]["hot"]["99%"] < 900
    assert 100 < told["kde"]["settings"]["bandwidth_m"] < 400
    with rasterio.open(tmp_path / "gi-star.tif") as hot, rasterio.open(tmp_path / "kde.tif") as dense:
        z, per_km2 = hot.read(1), dense.read(1)
    known = np.isfinite(z)
    assert np.corrcoef(z[known], per_km2[known])[0, 1] > 0.8
    assert per_km2[known & (z > 5)].min() > np.median(per_km2[known])


def test_the_static_map_of_baltimore_is_beside_every_forecast(
    store: Callable[[str], Path], tocsin: Tocsin, tmp_path: Path
) -> None:
    words = (
        "--from",
        "2011-01-01",
        "--to",
        "2015-01-01",
        "--judge-until",
        "2016-01-01",
        "--out",
        tmp_path,
        "--json",
    )
    told = tocsin(
        "hotspots", config("baltimore"), "--store", store("baltimore"), "--method", "kde", *words
    ).json
    judged = told["judged"]
    assert judged["incidents"] == pytest.approx(978, abs=3)
    assert judged["static_map"]["pai"][0] > judged["method"]["pai"][0] > 5


def test_shootings_of_chicago_repeat_within_a_day_at_the_same_place(
    store: Callable[[str], Path], tocsin: Tocsin, tmp_path: Path
) -> None:
    words = ("--from", "2014-01-01", "--to", "2018-01-01", "--permutations", 199, "--out", tmp_path, "--json")
    told = tocsin(
        "hotspots", config("chicago"), "--store", store("chicago"), "--method", "near-repeat", *words
    ).json
    nearest = told["profile"][0]
    assert (nearest["distance"], nearest["lag"]) == ("same place", "under 1 day")
    assert nearest["p_adjusted"] == 1 / 200
    assert 5 < nearest["ratio"] < 20
    assert told["settings"]["permuted_within"] == "calendar years"
