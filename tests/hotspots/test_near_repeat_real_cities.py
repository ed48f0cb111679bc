"""Shootings of Baltimore and Chicago: how many events there are, and how they follow each other."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hotspots.near_repeat.events import Events, gather_events
from hotspots.near_repeat.knox import Bands, KnoxTest, knox_test
from incidents.ingest import ingest_files
from incidents.schema import Category
from incidents.store import IncidentStore
from tocsin.config import load_config

pytestmark = pytest.mark.realdata

ROOT = Path(__file__).parents[2]
FOLDERS = [*os.environ.get("TOCSIN_DATA", "").split(os.pathsep), str(ROOT.parent / "shared" / "data")]
BALTIMORE = ("baltimore/part1_victim_based_crime_2011_2015.csv.gz",)
CHICAGO = ("chicago/chicago_crimes_2016.csv.gz", "chicago/chicago_crimes_2017.csv.gz")


def shootings(city: str, files: tuple[str, ...], folder: Path) -> pl.DataFrame:
    """Homicides and shootings of a city's files, or a skip where they are absent."""
    found = [Path(root) for root in FOLDERS if root and all((Path(root) / file).is_file() for file in files)]
    if not found:
        pytest.skip(f"no {files[0]} under TOCSIN_DATA or ../shared/data")
    source = load_config(ROOT / "configs" / f"{city}.yaml").source
    store = IncidentStore(folder / "store")
    ingest_files([found[0] / file for file in files], source=source, store=store, search=found)
    return store.scan(categories=[Category.HOMICIDE, Category.SHOOTING]).collect()


def events_of(rows: pl.DataFrame) -> Events:
    times = rows["occurred_at"].dt.replace_time_zone(None).to_numpy()
    return gather_events(rows["x"].to_numpy(), rows["y"].to_numpy(), times)


def profile(events: Events) -> KnoxTest:
    bands = Bands(metres=(0.0, 100.0, 400.0, 1000.0), days=(0.0, 4.0, 14.0))
    return knox_test(events, bands, permutations=199, rng=np.random.default_rng(1))


def test_rows_of_baltimore_are_victims(tmp_path: Path) -> None:
    rows = shootings("baltimore", BALTIMORE, tmp_path)
    assert rows.height == 1203 + 2156
    events = events_of(rows)
    assert events.unlocated + events.merged + len(events) == rows.height
    assert events.merged > 400
    test = profile(events)
    # Rows as they are: several victims of one incident look like near repeats.
    times = rows["occurred_at"].dt.replace_time_zone(None).to_numpy()
    apart = gather_events(
        rows["x"].to_numpy() + np.arange(rows.height) * 1e-3,
        rows["y"].to_numpy(),
        times,
        same_event_hours=0.0,
    )
    assert profile(apart).ratio[0, 0] > 5 * test.ratio[0, 0]
    assert test.ratio.max() < 2


def test_shootings_of_chicago_follow_each_other_closely(tmp_path: Path) -> None:
    test = profile(events_of(shootings("chicago", CHICAGO, tmp_path)))
    assert test.p_adjusted[0, 0] == 1 / 200
    assert 1.4 < test.ratio[0, 0] < 2.5
    assert test.ratio[0, 0] > test.ratio[1, 0] > 1.0
    assert test.ratio[0, 0] > test.ratio[0, 1] > 1.0
