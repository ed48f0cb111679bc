"""The command and its report: two parts side by side, no row, no small count, and the word where there is nothing."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import polars as pl
import pytest
import yaml
from shapely.geometry import box

from hotspots.victims.picture import draw_heatmap, draw_maps, draw_measures
from hotspots.victims.profiles import Difference, Profile, describe_clusters
from hotspots.victims.publication import Published, publish_clusters
from hotspots.victims.report import Report, make_part, measure, to_json, to_markdown
from hotspots.victims.rows import variables_of_rows
from hotspots.victims.settings import VictimSettings
from hotspots.victims.suppression import withhold_small_cells
from hotspots.victims.variables import Representation, levels_of
from hotspots.victims.words import say_profile
from incidents.errors import ConfigError
from incidents.store import IncidentStore
from tocsin.commands.ingest import ingest
from tocsin.commands.simulate import simulate
from tocsin.commands.victims import victims

ROOT = Path(__file__).parents[2]
SETTINGS = VictimSettings(sample=400, smallest_cluster=20)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that wait for a busy core would make small tests take minutes."""
    import sklearn.mixture  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield


def rows_of_two_kinds(count: int, *, apart: bool) -> pl.DataFrame:
    """Night shootings and day thefts, or the same words and hours with nothing that hangs together."""
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 2, count)
    words, hours, places = (kind if apart else rng.permutation(kind) for _ in range(3))
    return pl.DataFrame(
        {
            "hour": rng.normal(np.where(hours == 0, 3, 14), 2) % 24,
            "weekday": rng.uniform(0, 7, count),
            "year_day": rng.uniform(0, 365, count),
            "year": rng.integers(2014, 2016, count),
            "area": rng.choice(["North", "South"], count),
            "category": np.where(words == 0, "shooting", "larceny"),
            "place": np.where(places == 0, "outdoors", "indoors"),
            "weapon": rng.choice(["knife", "hands", "firearm"], count),
        }
    )


def report_on(rows: pl.DataFrame, settings: VictimSettings = SETTINGS) -> Report:
    part = make_part(
        "incidents only",
        "Grouped by what is known.",
        rows,
        variables_of_rows(rows),
        settings=settings,
        places=(),
        rng=np.random.default_rng(2),
    )
    return Report(
        "test_ville", "reported incidents", "2014 to 2015", (part,), ("A note.",), has_persons=False
    )


@pytest.fixture(scope="module")
def usual_report() -> Report:
    return report_on(rows_of_two_kinds(400, apart=True))


def test_two_kinds_of_incident_are_described_in_plain_words(usual_report: Report) -> None:
    text = to_markdown(usual_report, pictures={"incidents only": ["a.png"]})
    assert "Clusters are tighter than by chance" in text
    assert "More frequent than elsewhere: category shooting (100% against 0%)" in text
    assert "hour of day 0 to 4" in text
    assert "(ecological fallacy)" in text
    assert "![a.png](a.png)" in text
    assert len(usual_report.parts[0].profiles) == 2


def test_where_nothing_hangs_together_no_cluster_is_described() -> None:
    report = report_on(rows_of_two_kinds(600, apart=False))
    told = to_json(report)["parts"]["incidents only"]
    assert told["verdict"].startswith("No cluster structure: rows in which nothing hangs together")
    assert not {"sizes", "tables", "areas", "profiles"} & set(told)
    assert "No cluster structure" in to_markdown(report, pictures={})
    assert measure(report.parts[0])["structure"] is False


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("representation", Representation.FAMD),
        ("clusters", 3),
        ("smallest_cluster", 250),
        ("smallest_shown", 90),
        ("sample", 200),
        ("resamples", 45),
    ],
)
def test_every_key_of_the_section_changes_the_report(usual_report: Report, key: str, value: Any) -> None:
    changed = report_on(rows_of_two_kinds(400, apart=True), replace(SETTINGS, **{key: value}))
    assert to_json(changed)["parts"] != to_json(usual_report)["parts"]


def published(labels: list[int], words: list[str], areas: list[str]) -> Published:
    return publish_clusters(np.array(labels), [levels_of("weapon", "incident", words)], pl.Series(areas))


def test_a_standardised_difference_by_hand() -> None:
    told = published([0] * 100 + [1] * 100, ["a"] * 50 + ["b"] * 50 + ["a"] * 20 + ["b"] * 80, ["x"] * 200)
    first = describe_clusters(told)[0]
    difference = next(each for each in first.levels if each.level == "a")
    # Half a row is added each way: 50.5 and 20.5 of 101.
    expected = 0.3 / np.sqrt((0.25 + 20.5 / 101 * 80.5 / 101) / 2)
    assert difference.standardised == pytest.approx(expected)
    half = 1.96 * np.sqrt(200 / 10000 + expected**2 / 400)
    assert (difference.low, difference.high) == pytest.approx((expected - half, expected + half), abs=1e-4)
    assert difference.is_clear


def test_sentences_keep_to_what_is_clear_and_not_small() -> None:
    clear = Difference("weapon", "knife", 0.4, 0.1, 0.7, 0.5, 0.9)
    small = Difference("weapon", "fist", 0.31, 0.3, 0.02, 0.01, 0.03)
    unclear = Difference("vacant homes", "", 0.4, 0.1, 0.7, -0.1, 1.5)
    profile = Profile("cluster 2", 1200, 0.24, (clear, small), (unclear,), 0.9, (("Canton", 300),))
    assert say_profile(profile) == (
        "Cluster 2 has 1,200 rows, 24% of all. More frequent than elsewhere: weapon knife (40% against 10%). "
        "Most of its rows that may be shown by area are in Canton (300)."
    )


def test_withheld_cells_are_withheld_in_pictures_too() -> None:
    table = withhold_small_cells(np.array([[400, 3, 250], [120, 300, 60]]), ("a", "b", "c"))
    told = Published(("cluster 1", "cluster 2"), np.array([653, 480]), {"weapon": table}, table, 10)
    heatmap = draw_heatmap(describe_clusters(told), title="Town")
    words = [text.get_text() for text in heatmap.axes[0].texts]
    assert len(words) == 2 * len(heatmap.axes[0].get_yticklabels())
    areas = gpd.GeoDataFrame(
        {"area": ["a", "b", "c"]}, geometry=[box(i, 0, i + 1, 1) for i in range(3)], crs="EPSG:26985"
    )
    maps = draw_maps(areas, told, title="Town")
    hatched = [patch for patch in maps.axes[0].patches if patch.get_hatch()]
    assert len(hatched) == 1
    assert len(maps.axes[0].patches) == 2


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A simulated town of one month and its store."""
    folder = tmp_path_factory.mktemp("town")
    keys = yaml.safe_load((ROOT / "configs" / "simulated.yaml").read_text())
    keys["simulation"] |= {"start": "2021-01-01", "stop": "2021-02-01"}
    keys["simulation"]["shape"] |= {"neighborhoods": 12, "districts": 3, "extent_m": 4000, "places": []}
    keys["victims"] = {
        "sample": 500,
        "smallest_cluster": 30,
        "census": {"all residents": {"of": ["population"], "per": "population"}},
    }
    path = folder / "town.yaml"
    path.write_text(yaml.safe_dump(keys, sort_keys=False))
    simulate(path, out=folder / "city")
    config = folder / "city" / "city.yaml"
    ingest(config, files=[folder / "city" / "incidents.csv.gz"], store=folder / "store")
    return config, folder / "store"


@pytest.fixture(scope="module")
def written(town: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("report")
    victims(town[0], store=town[1], out=out)
    return out, json.loads((out / "report.json").read_text())


def test_both_parts_have_the_same_measures(written: tuple[Path, dict[str, Any]]) -> None:
    out, told = written
    alone, with_places = (
        told["parts"][name]["measures"] for name in ("incidents only", "with neighborhoods")
    )
    assert list(alone) == list(with_places)
    assert "all residents" in told["parts"]["with neighborhoods"]["about"]
    assert alone["rows"] == with_places["rows"] > 200
    for name in ("incidents_only_measures.png", "with_neighborhoods_measures.png", "report.md"):
        assert (out / name).stat().st_size > 1000
    assert any("ecological fallacy" in text for text in told["statements"])
    assert any("no risk score of a person" in text for text in told["statements"])


def test_no_output_has_rows_ids_or_small_counts(
    written: tuple[Path, dict[str, Any]], town: tuple[Path, Path]
) -> None:
    out, told = written
    ids = IncidentStore(town[1]).scan().select("incident_id").collect()["incident_id"].to_list()
    text = (out / "report.json").read_text() + (out / "report.md").read_text()
    assert not any(each in text for each in ids)
    for part in told["parts"].values():
        for table in [*part.get("tables", {}).values(), *([part["areas"]] if "areas" in part else [])]:
            cells = [table[cluster] for cluster in part["sizes"]]
            check_cells(np.array([[np.nan if cell is None else cell for cell in row] for row in cells]))
            assert min(table["totals"]) >= 10
        assert sum(part.get("sizes", {"all": part["measures"]["rows"]}).values()) == part["measures"]["rows"]


def check_cells(shown: np.ndarray[Any, np.dtype[np.float64]]) -> None:
    """No count from 1 to 9, and no cell that a sum of its row or column gives away."""
    known = shown[~np.isnan(shown)]
    assert not ((known > 0) & (known < 10)).any()
    assert 1 not in np.isnan(shown).sum(axis=0)
    assert 1 not in np.isnan(shown).sum(axis=1)


def test_a_table_without_its_columns_in_the_config_is_refused(
    town: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(
        ConfigError, match=r"Expected victims\.table in .*city\.yaml, which says how to read t\.csv"
    ):
        victims(town[0], store=town[1], out=tmp_path, table=Path("t.csv"))


def test_measures_are_drawn_without_any_cluster() -> None:
    report = report_on(rows_of_two_kinds(300, apart=False))
    figure = draw_measures(report.parts[0].grouping, title="Town")
    assert [len(axes.lines) > 0 for axes in figure.axes] == [True] * 4


def baltimore() -> Path:
    folders = [*os.environ.get("TOCSIN_DATA", "").split(os.pathsep), str(ROOT.parent / "shared" / "data")]
    found = [
        Path(folder) / "baltimore" for folder in folders if folder and (Path(folder) / "baltimore").is_dir()
    ]
    if not found:
        pytest.skip("the public files of Baltimore are not here")
    return found[0]


@pytest.fixture(scope="module")
def baltimore_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("baltimore") / "store"
    ingest(
        ROOT / "configs" / "baltimore.yaml",
        files=[baltimore() / "part1_victim_based_crime_2011_2015.csv.gz"],
        store=store,
    )
    return store


@pytest.mark.realdata
@pytest.mark.slow
def test_baltimore_five_years_in_two_parts(baltimore_store: Path, tmp_path: Path) -> None:
    victims(ROOT / "configs" / "baltimore.yaml", store=baltimore_store, out=tmp_path)
    told = json.loads((tmp_path / "report.json").read_text())
    for part in told["parts"].values():
        assert part["measures"]["rows"] > 244_000
        assert part["measures"]["structure"]
        assert part["measures"]["bootstrap_rand"] > 0.8
    alone, with_places = told["parts"].values()
    differing = {each["variable"] for profile in with_places["profiles"] for each in profile["differences"]}
    assert "vacant homes" in differing
    assert alone["sizes"]["cluster 1"] < 200_000


@pytest.mark.realdata
@pytest.mark.slow
def test_firearm_victims_are_aggregated_and_never_stored(baltimore_store: Path, tmp_path: Path) -> None:
    table = baltimore() / "firearm_victims_2012_2017.csv.gz"
    victims(ROOT / "configs" / "baltimore.yaml", store=baltimore_store, out=tmp_path, table=table)
    told = json.loads((tmp_path / "report.json").read_text())
    assert {part["measures"]["rows"] for part in told["parts"].values()} == {4097}
    assert any("Age, race and sex" in text for text in told["statements"])
    assert any(note.startswith("Ages: ") and "31 missing from the start" in note for note in told["notes"])
    stored = IncidentStore(baltimore_store).scan().collect_schema().names()
    assert not {"age", "race", "sex"} & set(stored)
