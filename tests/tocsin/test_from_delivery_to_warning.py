"""The life of a model: deliveries overlap and grow, the past stays as it was known, a nowcast is no forecast."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Tocsin = Callable[..., Any]


def test_an_overlapping_delivery_adds_only_what_is_new(town: Any, tocsin: Tocsin, tmp_path: Path) -> None:
    first, second = town.said["ingest"].json, town.said["ingest again"].json
    assert second["redelivered"] >= first["accepted"]
    at_once = tocsin("ingest", town.config, town.incidents, "--store", tmp_path / "store", "--json").json
    assert at_once["accepted"] == first["accepted"] + second["accepted"]


def test_a_second_delivery_of_the_same_file_changes_nothing(
    town: Any, tocsin: Tocsin, files_in: Callable[[Path], dict[str, str]]
) -> None:
    before = files_in(town.store)
    told = tocsin("ingest", town.config, town.incidents, "--store", town.store, "--json").json
    assert told["redelivered"] == told["read"] - told["quarantined"]
    assert told["accepted"] == 0
    after = files_in(town.store)
    assert {name for name in before if name != ".lock" and after[name] != before[name]} == set()
    assert set(after) == set(before)


@pytest.mark.parametrize(
    ("first_day", "stop_day", "words"),
    [
        ("2021-04-06", "2021-05-01", "Expected a test period from 2021-04-07 on"),
        ("2021-02-01", "2021-03-01", "A score on days that the model has seen is no skill"),
        ("2021-04-20", "2021-04-20", "Expected --to after --from"),
        ("2022-01-01", "2022-02-01", "Ingest that period first"),
    ],
)
def test_only_days_that_the_model_has_not_seen_are_scored(
    town: Any, tocsin: Tocsin, first_day: str, stop_day: str, words: str
) -> None:
    period = ("--from", first_day, "--to", stop_day)
    said = tocsin("evaluate", town.config, "--model", town.model, "--store", town.store, *period)
    assert said.code == 2
    assert words in said.err
    assert not list(town.model.glob(f"evaluation-{first_day}*"))


@pytest.mark.parametrize("as_of", ["2021-04-10T06:00", "2021-04-20T20:00", "2021-04-28T23:17"])
def test_a_replay_says_what_was_said_then(
    town: Any, tocsin: Tocsin, delivery: Callable[..., Path], tmp_path: Path, as_of: str
) -> None:
    """What came later, or was reported later, must not show: the messages are equal byte for byte."""
    until = as_of.replace("T", " ") + ":00"
    known = delivery(town.incidents, tmp_path / "known.csv", column="reported_at", until=until)
    store = tmp_path / "store"
    assert tocsin("ingest", town.config, known, "--store", store, "--json").json["accepted"] > 5000
    words = ("alert", town.config, "--once", "--model", town.model, "--as-of", as_of, "--json")
    then, now = tocsin(*words, "--store", store), tocsin(*words, "--store", town.store)
    assert then.json["status"] == "warning"
    assert then.out == now.out


def test_a_warning_depends_on_the_hour(town: Any, tocsin: Tocsin) -> None:
    words = ("alert", town.config, "--once", "--model", town.model, "--store", town.store, "--json")
    told = [tocsin(*words, "--as-of", as_of).json for as_of in ("2021-04-20T06:00", "2021-04-24T22:00")]
    assert told[0]["probability"] != told[1]["probability"]
    assert told[0]["id"] != told[1]["id"]


def test_a_look_back_at_days_that_the_model_has_seen_says_so(town: Any, tocsin: Tocsin) -> None:
    words = ("alert", town.config, "--once", "--model", town.model, "--store", town.store, "--json")
    told = [tocsin(*words, "--as-of", f"{day}T12:00").json["skill"] for day in ("2021-04-06", "2021-04-07")]
    assert told[0] == "A look back, not a forecast: the model has learned from the days before 2021-04-07."
    assert "look back" not in told[1]


@pytest.fixture
def elsewhere(
    town: Any, tocsin: Tocsin, changed_config: Callable[..., Path], tmp_path: Path
) -> tuple[Path, Path]:
    """Config and store of another city."""
    config, store = changed_config(name="elsewhere"), tmp_path / "store"
    assert tocsin("ingest", config, town.first_delivery, "--store", store).code == 0
    return config, store


@pytest.mark.parametrize(
    "words",
    [
        ("alert", "--once", "--as-of", "2021-04-05T12:00"),
        ("evaluate", "--from", "2021-04-07", "--to", "2021-04-20"),
    ],
)
def test_a_model_of_another_city_is_refused(
    town: Any, refused: Callable[..., str], elsewhere: tuple[Path, Path], words: tuple[str, ...]
) -> None:
    config, store = elsewhere
    told = refused(2, words[0], config, *words[1:], "--model", town.model, "--store", store)
    assert "Expected a model of elsewhere" in told
    assert "Received: a model of simulated" in told


@pytest.fixture(scope="module")
def nowcast(town: Any, tocsin: Tocsin, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("nowcast") / "run"
    said = tocsin("train", town.config, "--tensors", town.tensors, "--out", out, "--framing", "nowcast")
    assert said.code == 0
    assert "nowcast" in said.out
    return out


def test_a_nowcast_is_refused_for_alerts(town: Any, tocsin: Tocsin, nowcast: Path) -> None:
    words = ("--once", "--model", nowcast, "--store", town.store, "--as-of", "2021-04-20T20:00", "--json")
    said = tocsin("alert", town.config, *words)
    assert (said.code, said.out) == (2, "")
    assert "Expected a model of framing impending. Received: nowcast" in said.err


def test_a_nowcast_is_labelled_as_such(town: Any, tocsin: Tocsin, nowcast: Path) -> None:
    period = ("--from", "2021-04-07", "--to", "2021-05-01")
    told = tocsin("evaluate", town.config, "--model", nowcast, "--store", town.store, *period, "--json").json
    assert told["question"].startswith("NOWCAST, not a forecast")
    assert any("not warning skill" in note for note in told["notes"])
    assert "NOWCAST" in Path(told["report"]).read_text()
