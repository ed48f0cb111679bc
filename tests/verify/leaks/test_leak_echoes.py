"""A column that was made from the label, or the other way about, is named with its numbers."""

import numpy as np
import polars as pl
import pytest

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify.leaks import EchoLimits, Leak, Roles, audit_labels
from verify.leaks.plausibility import chance_of
from verify.leaks.questions import choose_rows, make_folds
from verify.leaks.ranking_power import Power

RNG = np.random.default_rng(7)
N = 3000


@pytest.fixture(scope="module")
def table(clean_table):
    return clean_table(11, N)


def echoes(label):
    """Columns that give the label away, each in its own way."""
    noise = RNG.normal(size=N)
    return {
        "a copy": label,
        "its opposite": 1 - label,
        "words": np.where(label == 1, "ASSAULT", np.where(noise > 0, "FRAUD", "THEFT")),
        "codes in no order": np.where(label == 1, RNG.choice([3, 17, 40], N), RNG.choice([1, 5, 22, 60], N)),
        "nearly": label + RNG.normal(0, 0.15, N),
        "a band": np.where(
            label == 1, RNG.uniform(0.4, 0.6, N), RNG.choice([0.1, 0.9], N) + 0.1 * RNG.random(N)
        ),
        "given when it happened": [float(k) if one else None for k, one in enumerate(label)],
        "truth": label == 1,
        "a time": np.datetime64("2012-01-01", "us")
        + (label * 400 + RNG.integers(0, 300, N)).astype("timedelta64[D]"),
    }


@pytest.mark.parametrize("name", list(echoes(np.zeros(N, dtype=int))))
@pytest.mark.parametrize("time", [None, "when"])
def test_each_kind_of_echo_is_named_and_nothing_else(table, guilty, name, time):
    column = pl.Series(name, echoes(table["label"].to_numpy())[name])
    assert guilty(table.with_columns(column), time=time) == {(name,): Leak.LABEL_ECHO}


def test_the_evidence_by_hand(audit):
    # 100 rows, 40 of them "yes", and a code that says so.
    label = np.arange(100) % 5 < 2
    found = audit(pl.DataFrame({"label": label, "code": np.where(label, "13A", "23F")}))
    (finding,) = found.findings
    assert {name: finding.figures[name] for name in ("auc", "accuracy", "majority", "rows")} == {
        "auc": 1.0,
        "accuracy": 1.0,
        "majority": 0.6,
        "rows": 100,
    }
    assert finding.figures["auc_shuffled"] < 0.9
    assert finding.evidence.startswith(
        "Alone it ranks label = True with AUC 1.0000, accuracy 1.0000 (majority "
    )
    assert finding.remedy == "Leave code out, or show that it is known before the label is."


def test_a_level_that_stands_only_with_a_rare_answer_is_a_partial_echo(table, guilty, audit):
    label = table["label"].to_numpy()
    some = (label == 1) & (RNG.random(N) < 0.3)
    weapon = pl.Series("weapon", np.where(some, "FIREARM", RNG.choice(["NONE", "HANDS"], N)))
    closed = pl.Series("delay", [float(k) if one else None for k, one in enumerate(some)])
    assert guilty(table.with_columns(weapon)) == {("weapon",): Leak.LABEL_ECHO}
    assert guilty(table.with_columns(closed)) == {("delay",): Leak.LABEL_ECHO}
    (finding,) = audit(table.with_columns(weapon)).findings
    assert finding.figures["pure_rows"] == some.sum()
    assert f"All {some.sum()} rows with weapon = FIREARM have label = 1" in finding.evidence


def test_a_small_tree_of_two_columns(table, guilty):
    label = table["label"].to_numpy() == 1
    armed = np.where(label, 1, RNG.integers(0, 2, N))
    injured = np.where(label, 1, np.where(armed == 1, 0, RNG.integers(0, 2, N)))
    both = table.with_columns(armed=pl.Series(armed), injured=pl.Series(injured))
    assert {frozenset(where) for where in guilty(both)} == {frozenset({"armed", "injured"})}


@pytest.mark.parametrize("classes, echo", [(3, "kind 2"), (12, "kind 7")])
def test_one_class_of_many(guilty, classes, echo):
    kind = RNG.integers(0, classes, N)
    words = np.array([f"kind {k}" for k in range(classes)])[kind]
    flags = {"flag": words == echo, "noise": RNG.normal(size=N)}
    assert guilty(pl.DataFrame({"label": words, **flags})) == {("flag",): Leak.LABEL_ECHO}


def test_a_number_is_asked_about_its_median(audit):
    count = RNG.poisson(30, N)
    found = audit(
        pl.DataFrame({"label": count, "copy": count * 2.5 + RNG.normal(0, 0.1, N), "x": RNG.normal(size=N)})
    )
    (finding,) = found.findings
    assert finding.where == ("copy",)
    assert "label > 30 with AUC 1.0000" in finding.evidence


def test_time_forward_folds_do_not_fall_for_names_of_the_past(guilty):
    # Each person has one outcome and comes back the same week; later weeks have other persons.
    person = np.arange(N) // 3
    outcome = (np.random.default_rng(1).random(N) < 0.3)[person]
    week = np.arange(N) // 60
    rows = pl.DataFrame({"label": outcome.astype(int), "person": [f"p{k}" for k in person], "week": week})
    assert guilty(rows, time="week") == {}


@pytest.mark.parametrize("rows, found", [(24, False), (60, True)])
def test_few_rows_are_not_held_against_a_column_and_the_audit_says_so(audit, rows, found):
    label = np.arange(rows) % 2
    said = audit(pl.DataFrame({"label": label, "copy": label}))
    assert bool(said.findings) is found
    assert any(f"with {rows} rows not even the label itself" in note for note in said.notes) is not found


def test_luck_of_a_strong_column_agrees_with_plain_simulation():
    rng = np.random.default_rng(3)
    yes, no, honest = 12, 30, 0.95
    apart = 1.6449 * 2**0.5
    wins = []
    for _ in range(4000):
        events, others = rng.normal(apart, 1, yes), rng.normal(0, 1, no)
        wins.append((events[:, None] > others).mean() >= 0.99)
    found = chance_of(Power(0.99, 1.0, yes, no), honest=honest, rng=rng)
    assert found == pytest.approx(np.mean(wins), abs=0.04)
    # Many rows: the standard error of Hanley and McNeil against the spread of simulated areas.
    areas = []
    for _ in range(2000):
        others = np.sort(rng.normal(0, 1, 400))
        areas.append(np.searchsorted(others, rng.normal(apart, 1, 400)).mean() / 400)
    one_sd_up = chance_of(Power(honest + np.std(areas), 1.0, 400, 400), honest=honest, rng=rng)
    # One standard deviation up has 0.159 above it; the formula is known to err on the wide side.
    assert 0.15 < one_sd_up < 0.22


def test_forward_folds_never_fit_on_what_comes_later():
    time = RNG.permutation(300).astype(float)
    answer = RNG.random(300) < 0.4
    folds = make_folds(answer, time=time, rng=RNG)
    assert len(folds) == 5
    assert all(time[train].max() < time[test].min() for train, test in folds)


def test_random_folds_judge_every_row_once():
    answer = RNG.random(303) < 0.1
    judged = np.concatenate([test for _, test in make_folds(answer, time=None, rng=RNG)])
    assert sorted(judged.tolist()) == list(range(303))


@pytest.mark.parametrize("share, kept", [(0.5, 50), (0.8, 80), (0.2, 20), (0.02, 10), (0.0004, 4)])
def test_a_cut_keeps_the_share_of_both_answers_or_a_tenth_of_the_rarer(share, kept):
    answer = np.arange(10_000) < share * 10_000
    rows = choose_rows(answer, most=100, rng=RNG)
    assert len(rows) == 100
    assert answer[rows].sum() == kept
    assert (np.diff(rows) > 0).all()


def test_large_tables_are_cut(table):
    limits = EchoLimits(rows=500)
    with_copy = table.with_columns(copy=pl.col("label"))
    (finding,) = audit_labels(with_copy, Roles("label"), rng=RNG, limits=limits).findings
    assert (finding.where, finding.figures["rows"]) == (("copy",), 500)


def test_other_limits_are_obeyed(table):
    strict = EchoLimits(auc=0.85, honest=0.7)
    found = audit_labels(table, Roles("label"), rng=RNG, limits=strict)
    assert ("strong",) in {finding.where for finding in found.findings}


def test_what_cannot_be_asked_is_refused(table, audit):
    with pytest.raises(
        ConfigError, match=r"^Expected a column of the table\. Received: 'lable'\. Use one of: label, "
    ):
        audit(table, label="lable")
    with pytest.raises(
        NoPositivesError, match=r"^Expected a label constant with two classes of 5 rows or more\."
    ):
        audit(table, label="constant")
    empty = pl.DataFrame({"label": [None, None], "x": [1, 2]}, schema={"label": pl.Int64, "x": pl.Int64})
    with pytest.raises(DataError) as refusal:
        audit(empty)
    assert str(refusal.value) == (
        "Expected rows with label. Received: none among 2. Name columns that are filled."
    )
    with pytest.raises(DataError, match=r"^Expected times or numbers in area\. Received: 'area "):
        audit(table, time="area")


def test_columns_without_plain_values_are_said_to_be_left_out(table, audit):
    lists = table.head(200).with_columns(lists=pl.concat_list("noise", "strong"))
    assert "columns that hold no plain values were not looked at: lists." in audit(lists).notes


def test_columns_may_be_left_out(table, guilty):
    with_copy = table.with_columns(copy=pl.col("label"))
    assert guilty(with_copy, without=("copy",)) == {}
