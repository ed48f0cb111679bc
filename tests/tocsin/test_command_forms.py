"""What others script against: the keys and types of every command's JSON, summary lines and exit codes."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tocsin import __version__

NUMBER = (int, float)
Tocsin = Callable[..., Any]


def types_of(result: dict[str, Any], expected: dict[str, Any]) -> dict[str, str]:
    """Keys that are missing or of another type; empty if all is as expected."""
    return {
        key: type(result.get(key)).__name__
        for key, kind in expected.items()
        if not isinstance(result.get(key), kind)
    }


def is_one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.endswith("\n") and len(text) > 20


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("simulate", {"rows": int, "seed": int, "seconds": NUMBER, "files": list}),
        (
            "ingest",
            {
                "read": int,
                "accepted": int,
                "redelivered": int,
                "quarantined": int,
                "reasons": dict,
                "seconds": NUMBER,
            },
        ),
        ("rasterize", {"windows": int, "incidents": int, "shape": list, "bytes": int, "seconds": NUMBER}),
        ("train", {"model": str, "seconds": NUMBER, "hash": str, "out": str, "epochs": int}),
    ],
)
def test_json_alone_on_standard_output_and_one_line_beside_it(
    town: Any, command: str, expected: dict[str, Any]
) -> None:
    said = town.said[command]
    assert types_of(said.json, expected) == {}
    assert is_one_line(said.err)


def test_figures_of_ingest_add_up(town: Any) -> None:
    told = town.said["ingest"].json
    assert told["read"] == told["accepted"] + told["redelivered"] + told["quarantined"]
    assert told["quarantined"] == sum(told["reasons"].values()) > 0


def test_figures_of_rasterize_describe_the_file(town: Any) -> None:
    told = town.said["rasterize"].json
    days = (datetime(2021, 4, 7) - datetime(2021, 1, 1)).days  # noqa: DTZ001
    assert told["windows"] == told["shape"][0] == 12 * days
    assert told["shape"][3] == 8
    assert told["bytes"] == town.tensors.stat().st_size
    assert 0 < told["incidents"] < town.said["ingest"].json["accepted"]


@pytest.fixture(scope="module")
def evaluation(town: Any, tocsin: Tocsin, files_in: Tocsin) -> tuple[Any, dict[str, str], dict[str, str]]:
    """An evaluation on days that were ingested after training; the model's files before and after."""
    before = files_in(town.model)
    words = ("--model", town.model, "--store", town.store, "--from", "2021-04-07", "--to", "2021-05-01")
    said = tocsin("evaluate", town.config, *words, "--json")
    return said, before, files_in(town.model)


def test_evaluate_scores_every_model_with_intervals(evaluation: Any) -> None:
    said, told = evaluation[0], evaluation[0].json
    assert said.code == 0
    expected = {"verdict": str, "question": str, "n": int, "base_rate": float, "models": dict}
    assert types_of(told, expected) == {}
    assert told["n"] == 12 * 24
    assert {"warning_net", "constant", "hour_of_week", "calendar_recent_logistic", "boosted_trees"} <= set(
        told["models"]
    )
    for scores in told["models"].values():
        assert {"auc", "ap", "brier_skill", "log_score", "calibration_slope"} <= set(scores)
        assert all({"value", "lo", "hi"} <= set(score) for score in scores.values())
    own = told["models"]["warning_net"]["log_score"]
    assert own["lo"] <= own["value"] <= own["hi"]
    assert {"baseline", "log_score"} <= set(told["difference_to_best_baseline"])
    assert told["difference_to_best_baseline"]["baseline"] in told["models"]


def test_the_verdict_is_the_first_line_of_the_report(evaluation: Any) -> None:
    told = evaluation[0].json
    assert told["verdict"] in Path(told["report"]).read_text().splitlines()[0]
    assert evaluation[0].err.startswith(told["verdict"])


def test_evaluating_later_days_leaves_the_model_as_it_is(evaluation: Any) -> None:
    _, before, after = evaluation
    assert {name: after[name] for name in before} == before
    assert {Path(name).parts[0] for name in set(after) - set(before)} == {"evaluation-2021-04-07-2021-05-01"}


def test_the_warning_repeats_the_verdict(town: Any, tocsin: Tocsin, evaluation: Any) -> None:
    words = ("--once", "--model", town.model, "--store", town.store, "--as-of", "2021-04-20T20:00", "--json")
    told = tocsin("alert", town.config, *words).json
    assert evaluation[0].json["verdict"] in told["skill"]


def test_alert_gives_a_warning_with_all_that_the_design_lists(town: Any, tocsin: Tocsin) -> None:
    words = ("--once", "--model", town.model, "--store", town.store, "--as-of", "2021-04-20T20:00", "--json")
    said = tocsin("alert", town.config, *words)
    assert said.code == 0
    text = ("status", "id", "exercise", "severity", "area", "question", "model_hash", "rule", "skill", "text")
    times = ("issued_at", "as_of", "valid_from", "valid_until", "expires", "data_cutoff")
    numbers = ("probability", "base_rate", "ratio_to_base_rate", "baseline_probability", "data_age_hours")
    expected = dict.fromkeys(text + times, str) | dict.fromkeys(numbers, float) | {"areas": list}
    told = said.json
    assert types_of(told, expected) == {}
    assert told["status"] == "warning"
    assert told["exercise"] == "test"
    assert told["valid_from"] == "2021-04-20T20:00-04:00"
    assert told["valid_until"] == told["expires"] == "2021-04-20T22:00-04:00"
    assert told["interval_95"][0] <= told["probability"] <= told["interval_95"][1]
    assert datetime.fromisoformat(told["data_cutoff"]) <= datetime.fromisoformat(told["as_of"])
    assert told["model_hash"] == town.said["train"].json["hash"]
    assert told["text"].startswith("TEST. ")
    assert is_one_line(said.err)


def test_alert_marks_what_is_meant(town: Any, tocsin: Tocsin) -> None:
    words = ("--once", "--model", town.model, "--store", town.store, "--as-of", "2021-04-20T20:00", "--json")
    told = tocsin("alert", town.config, *words, "--live").json
    assert told["exercise"] == "live"
    assert not told["text"].startswith("TEST")


def test_alert_abstains_today_because_the_data_are_old(town: Any, tocsin: Tocsin) -> None:
    words = ("alert", town.config, "--once", "--model", town.model, "--store", town.store, "--json")
    said = tocsin(*words)
    assert said.code == 0
    assert (said.json["status"], said.json["reason"]) == ("abstained", "stale_data")
    assert "does not mean that the risk is low" in said.json["text"]
    asked = tocsin(*words, "--fail-on-abstain")
    assert asked.code == 4
    assert asked.json["status"] == "abstained"


def test_render_draws_the_window(town: Any, tocsin: Tocsin, tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    words = ("--store", town.store, "--window", "2021-04-20T20:00", "--out", out, "--json")
    said = tocsin("render", town.config, *words)
    assert said.code == 0
    assert types_of(said.json, {"window": str, "incidents": int, "out": str, "bytes": int}) == {}
    assert out.read_bytes().startswith(b"\x89PNG")
    assert said.json["bytes"] == out.stat().st_size


def test_the_map_of_the_risk_is_drawn_beside_the_warning(town: Any, tocsin: Tocsin, tmp_path: Path) -> None:
    out = tmp_path / "risk.png"
    words = ("--once", "--model", town.model, "--store", town.store, "--as-of", "2021-04-20T20:00", "--json")
    said = tocsin("alert", town.config, *words, "--map", out)
    assert said.json["map"] == str(out)
    assert out.read_bytes().startswith(b"\x89PNG")


def test_without_json_only_the_summary_is_printed(town: Any, tocsin: Tocsin, tmp_path: Path) -> None:
    said = tocsin("rasterize", town.config, "--store", town.store, "--out", tmp_path / "again.npz")
    assert (said.code, said.err) == (0, "")
    assert is_one_line(said.out)


def test_a_process_of_its_own_says_our_lines_and_no_others(
    town: Any, tocsin_process: Tocsin, clean_environment: dict[str, str]
) -> None:
    words = ("--once", "--model", town.model, "--store", town.store, "--as-of", "2021-04-20T20:00", "--json")
    said = tocsin_process("alert", town.config, *words, env=clean_environment)
    assert said.code == 0, said.err
    assert said.json["status"] == "warning"
    assert said.err == said.json["text"] + "\n"


def test_version(tocsin: Tocsin) -> None:
    assert tocsin("--version").out == f"tocsin {__version__}\n"


@pytest.mark.parametrize(
    "words", [(), ("ingest",), ("no-such-command",), ("evaluate", "a.yaml", "--form", "x")]
)
def test_wrong_words_end_with_2(tocsin: Tocsin, words: tuple[str, ...]) -> None:
    assert tocsin(*words).code == 2
