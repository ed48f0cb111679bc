"""``tocsin audit leak``: silent on our own model, and loud on a nowcast, on wider fits and on tables with leaks."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from cnn.bundle import Bundle, load_bundle
from cnn.inputs import MapInputs
from cnn.trained import BaselineBlock, TrainedModel, offset_columns
from cnn.training import OFFSET_PENALTY
from incidents.store import IncidentStore
from tocsin.audit import audit_blocks, audit_names
from tocsin.audit_fits import audit_fits
from tocsin.audited_run import Run, open_run
from tocsin.model_reader import ModelReader
from tocsin.tensor_changes import LATER, announced_changes
from verify.leaks import Leak, audit_time_travel
from verify.logistic import fit_logistic

Tocsin = Callable[..., Any]


def audit_model(tocsin: Tocsin, town: Any, model: Path) -> Any:
    return tocsin("audit", "leak", town.config, "--model", model, "--store", town.store, "--json")


def where_by_kind(told: Mapping[str, Any]) -> dict[str, list[str]]:
    return {finding["kind"]: finding["where"] for finding in told["findings"]}


def test_our_own_model_has_no_leak(town: Any, tocsin: Tocsin) -> None:
    said = audit_model(tocsin, town, town.model)
    assert said.code == 0
    assert said.json["findings"] == []
    assert said.json["notes"] == []
    asked = " ".join(said.json["checks"])
    for check in (
        "delete, shuffle, invent, backdate, the store as of then after each of 3 cuts",
        "the very records that decide the label (removed, added); other records of the announced window",
        "split: train before calibrate",
        "fitted on train alone: offset",
        "fitted on train alone: scaling: mean, scaling: spread",
        "fitted on calibrate alone: calibration",
        "post-hoc columns",
        "label echo",
    ):
        assert check in asked
    assert said.err.startswith("no leak found in ")


def train(tocsin: Tocsin, town: Any, out: Path, *words: str) -> Path:
    said = tocsin("train", town.config, "--tensors", town.tensors, "--out", out, *words)
    assert said.code == 0
    return out


def test_a_nowcast_is_named_part_by_part(town: Any, tocsin: Tocsin, tmp_path: Path) -> None:
    said = audit_model(tocsin, town, train(tocsin, town, tmp_path / "run", "--framing", "nowcast"))
    assert said.code == 1
    where = where_by_kind(said.json)
    assert set(where) == {"time travel", "same record", "same window"}
    assert set(where["same record"]) == {
        "map: homicide 1 back",
        "map: shooting 1 back",
        "map: active neighborhoods 1 back",
    }
    assert "map: theft 1 back" in where["same window"]
    assert "map: shooting 1 back" not in where["same window"]
    assert "forecast: surface" in where["time travel"]
    assert said.err.startswith("3 leaks found: time travel, same record, same window: ")


def test_a_nowcast_without_its_own_dots_still_shows_the_rest_of_its_window(
    town: Any, tocsin: Tocsin, tmp_path: Path
) -> None:
    words = ("--framing", "nowcast", "--hide-own-dots")
    model = train(tocsin, town, tmp_path / "run", *words)
    said = tocsin("audit", "leak", town.config, "--model", model, "--store", town.store)
    assert said.code == 1
    leaks = [line for line in said.out.splitlines() if line.startswith("LEAK (")]
    assert [line.split(")")[0] for line in leaks] == ["LEAK (time travel", "LEAK (same window"]
    assert "map: theft 1 back; " in leaks[1]
    assert said.out.splitlines()[-1] == f"2 leaks found: time travel, same window: {town.config}."


@pytest.fixture(scope="module")
def run(town: Any) -> Run:
    return open_run(load_bundle(town.model), town.model, IncidentStore(town.store))


def tampered(run: Run, **changes: object) -> list[tuple[Leak, tuple[str, ...]]]:
    """Findings for the same model with something else in it."""
    other = replace(run, bundle=Bundle(replace(run.model, **changes), {}, run.bundle.hash))
    return [(finding.kind, finding.where) for finding in audit_fits(other).findings]


def test_a_scaling_measured_over_all_days_is_found(run: Run) -> None:
    maps = MapInputs(run.tensor, run.target, stack=run.model.training.stack, half_lives_days=(7.0,))
    everything = maps.measure_scaling(np.arange(1, len(run.tensor.windows)))
    assert tampered(run, scaling=everything) == [
        (Leak.FITTED, ("scaling: mean",)),
        (Leak.FITTED, ("scaling: spread",)),
    ]


def test_an_offset_fitted_on_both_blocks_is_found(run: Run) -> None:
    block = run.model.block
    rows = np.vstack([offset_columns(block.train), offset_columns(block.calibrate)])
    labels = np.concatenate([block.train_labels, block.calibrate_labels])
    # The calibration was fitted with the right offset, so it no longer fits this one either.
    found = tampered(run, offset=fit_logistic(rows, labels, l2=OFFSET_PENALTY))
    assert (Leak.FITTED, ("offset",)) in found
    assert {kind for kind, _ in found} == {Leak.FITTED}


def test_a_calibration_on_later_days_is_found(run: Run) -> None:
    later = replace(run.model.calibration, intercept=run.model.calibration.intercept + 0.2)
    assert tampered(run, calibration=later) == [(Leak.FITTED, ("calibration",))]


def test_rows_of_later_days_among_those_learned_from_are_found(run: Run) -> None:
    block = run.model.block
    rows = np.arange(len(block.train_labels) + 100) % len(block.train_labels)
    wider = BaselineBlock(
        block.train.rows(rows), block.train_labels[rows], block.calibrate, block.calibrate_labels
    )
    found = tampered(run, block=wider)
    assert (Leak.FITTED, ("block train",)) in found


def test_an_evaluation_on_days_that_were_seen_is_found(run: Run, tmp_path: Path) -> None:
    for days in ("2021-03-20-2021-04-20", "2021-04-07-2021-05-01"):
        (tmp_path / f"evaluation-{days}").mkdir()
        (tmp_path / f"evaluation-{days}" / "report.json").write_text("{}")
    audit = audit_blocks(replace(run, folder=tmp_path))
    (finding,) = audit.findings
    assert finding.kind is Leak.SPLIT
    assert finding.where == ("calibrate", "evaluation 2021-03-20 to 2021-04-20")


@pytest.mark.parametrize("lead_hours, horizon_hours", [(0, 24), (6, 2), (24, 72)])
def test_blocks_of_a_longer_target_still_follow_each_other(
    run: Run, tmp_path: Path, lead_hours: int, horizon_hours: int
) -> None:
    (tmp_path / "evaluation-2021-04-07-2021-05-01").mkdir()
    (tmp_path / "evaluation-2021-04-07-2021-05-01" / "report.json").write_text("{}")
    target = replace(run.model.target, lead_hours=lead_hours, horizon_hours=horizon_hours)
    model = Bundle(replace(run.model, target=target), {}, run.bundle.hash)
    audit = audit_blocks(replace(run, bundle=model, folder=tmp_path))
    assert audit.findings == ()
    assert len(audit.checks) == 2


def test_a_mapped_clearance_is_found() -> None:
    audit = audit_names(("Description", "Arrest"))
    assert [(finding.kind, finding.where) for finding in audit.findings] == [(Leak.POST_HOC, ("Arrest",))]


def test_features_that_the_store_no_longer_gives_are_a_note_and_not_a_leak(run: Run) -> None:
    block = run.model.block
    other = replace(block, train=replace(block.train, lags=block.train.lags + 1))
    audit = audit_fits(replace(run, bundle=Bundle(replace(run.model, block=other), {}, run.bundle.hash)))
    assert audit.findings == ()
    (note,) = audit.notes
    assert note.startswith(
        "scaling and calibration were not fitted again: the store no longer gives the features"
    )


def early(model: TrainedModel) -> Callable[..., Any]:
    """The model on records that are known one window before they are: the mistake that the audit is for."""

    def read(tensor: Any, issues: Any) -> Any:
        known = np.maximum(tensor.entries.known - 1, 0).astype(np.int32)
        return ModelReader(model)(tensor.with_entries(replace(tensor.entries, known=known)), issues)

    return read


def test_one_window_too_early_is_found(run: Run) -> None:
    cuts = {cut: np.array([cut - 1, cut]) for cut in (700, 1000)}
    rng = np.random.default_rng(1)
    right = audit_time_travel(ModelReader(run.model), run.tensor, LATER, cuts=cuts, rng=rng)
    assert right.findings == ()
    (finding,) = audit_time_travel(early(run.model), run.tensor, LATER, cuts=cuts, rng=rng).findings
    assert {"lags: theft, last 1 windows", "recent: log rate of all, 7 d", "forecast: surface"} <= set(
        finding.where
    )


@pytest.mark.parametrize("name", LATER)
@pytest.mark.parametrize("issue", [0, 300, 1000])
def test_changes_keep_what_was_on_record_and_change_the_rest(run: Run, name: str, issue: int) -> None:
    tensor = run.tensor
    other = LATER[name](tensor, issue, np.random.default_rng(1))
    before, after = tensor.known_by(issue).entries, other.known_by(issue).entries
    for column in ("window", "row", "col", "channel", "count", "known", "area"):
        np.testing.assert_array_equal(getattr(before, column), getattr(after, column))
    assert (np.diff(other.entries.window) >= 0).all()
    assert (other.entries.known > other.entries.window).all()
    later = other.entries.where(other.entries.known > issue)
    assert len(later) == (
        0 if name == "delete" else len(tensor.entries) - len(before) + 500 * (name == "invent")
    )
    if name == "shuffle":
        was = tensor.entries.where(tensor.entries.known > issue)
        assert was.count.sum() == later.count.sum()
        assert not np.array_equal(was.channel, later.channel)


def test_announced_changes_touch_the_announced_windows_alone(run: Run) -> None:
    target, tensor = run.target, run.tensor
    issue = int(np.flatnonzero(run.model.labels(tensor) == 1)[50])
    for kind, ways in announced_changes(target, len(tensor.channels)).items():
        own = kind is Leak.SAME_RECORD
        for name, change in ways.items():
            other = change(tensor, issue, np.random.default_rng(1)).entries
            inside = (other.window == issue) & (np.isin(other.channel, target.channels) == own)
            was = tensor.entries
            same = was.where(~((was.window == issue) & (np.isin(was.channel, target.channels) == own)))
            np.testing.assert_array_equal(other.where(~inside).channel, same.channel)
            assert inside.sum() == (0 if name == "removed" else len(was) - len(same) + 3)


@pytest.fixture
def table() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 400)
    issued = np.datetime64("2021-01-01", "us") + np.arange(400).astype("timedelta64[h]")
    return pl.DataFrame(
        {
            "shooting": label,
            "issued_at": issued,
            "calls": rng.poisson(3, 400),
            "rate": rng.normal(size=400),
            "code": np.where(label == 1, "9S", "5A"),
            "block": np.where(np.arange(400) < 300, "train", "test"),
        }
    )


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".tsv", ".parquet"])
def test_a_table_of_any_kind(table: pl.DataFrame, tocsin: Tocsin, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"windows{suffix}"
    if suffix == ".parquet":
        table.write_parquet(path)
    else:
        written = table.write_csv(separator="\t" if "tsv" in suffix else ",").encode()
        path.write_bytes(gzip.compress(written) if suffix.endswith("gz") else written)
    words = ("audit", "leak", path, "--label", "shooting", "--time", "issued_at", "--split", "block")
    said = tocsin(*words, "--json")
    assert said.code == 1
    assert where_by_kind(said.json) == {"label echo": ["code"]}
    clean = tocsin(*words, "--without", "code")
    assert clean.code == 0
    assert clean.out.splitlines()[-1] == f"no leak found in 6 checks: {path}."


def test_what_cannot_be_audited_is_refused(
    table: pl.DataFrame, town: Any, tocsin: Tocsin, tmp_path: Path
) -> None:
    path = tmp_path / "windows.csv"
    table.write_csv(path)
    assert tocsin("audit", "leak", path).err == (
        f"error: Expected --label with {path}, and none of --model, --store. Received: none of them. "
        "See tocsin audit leak --help.\n"
    )
    said = tocsin("audit", "leak", path, "--label", "shootings")
    assert said.code == 2
    assert "Received: 'shootings'. Use one of: shooting, " in said.err
    said = tocsin("audit", "leak", town.config, "--model", town.model, "--label", "shooting")
    assert said.code == 2
    assert said.err == (
        f"error: Expected --model and --store with {town.config}, and none of --label, --time, --split, --without. "
        "Received: --model, --label. See tocsin audit leak --help.\n"
    )
    said = tocsin("audit", "leak", tmp_path / "windows.xlsx", "--label", "x")
    assert said.code == 2
    assert "Expected a config (.yaml) or a table (.csv, .csv.gz, .tsv, .tsv.gz, .parquet)" in said.err
    said = tocsin("audit", "leak", tmp_path / "none.csv", "--label", "x")
    assert said.code == 3
    assert "Give a CSV, a gzipped CSV or a Parquet file." in said.err
    (tmp_path / "bad.parquet").write_bytes(b"not parquet")
    assert tocsin("audit", "leak", tmp_path / "bad.parquet", "--label", "x").code == 3
