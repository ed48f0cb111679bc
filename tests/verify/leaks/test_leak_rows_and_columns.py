"""Copies across a split, records on both sides, counts that hold the event, and columns written afterwards."""

import numpy as np
import polars as pl
import pytest

from verify.leaks import Leak
from verify.leaks.post_hoc import find_post_hoc_names

N = 3000


@pytest.fixture(scope="module")
def table(clean_table):
    return clean_table(5, N)


def with_copies(table, changed=None, copies=40):
    train = table.filter(pl.col("block") == "train")
    added = train.sample(copies, seed=1).with_columns(pl.lit("test").alias("block"))
    fresh = pl.int_range(10 * N, 10 * N + copies, dtype=pl.Int64)
    return pl.concat([table, added.with_columns(fresh.alias("row id"), **(changed or {}))])


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"noise": pl.col("noise") * (1 + 1e-6), "strong": pl.col("strong") - 1e-7},
        {"person": pl.lit("somebody else")},
        {"strong": pl.col("strong") + 1.0},
    ],
    ids=["copies", "rounded", "other person", "one number"],
)
def test_copies_and_near_copies_are_paired(table, audit, changed):
    (finding,) = audit(with_copies(table, changed), split="block").findings
    assert finding.kind is Leak.DUPLICATES
    assert 38 <= finding.figures["rows"] <= 40
    assert finding.figures["expected"] < 1
    later, earlier = (int(side.split()[-1]) for side in finding.where[0].split(" = "))
    rows = with_copies(table, changed)
    first, second = rows.row(later - 1, named=True), rows.row(earlier - 1, named=True)
    assert (first["narrative"], first["block"], second["block"]) == (second["narrative"], "test", "train")


def test_the_words_of_a_pair_by_hand(audit):
    rows = pl.DataFrame(
        {
            "label": [0, 1] * 6,
            "x": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.1, 0.2, 0.3, 0.4],
            "y": [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 8.0, 7.0, 6.0, 5.0],
            "block": ["train"] * 8 + ["test"] * 4,
        }
    )
    (finding,) = audit(rows, split="block").findings
    assert finding.where == tuple(f"test row {k + 8} = train row {k}" for k in (1, 2, 3, 4))
    assert finding.evidence.startswith(
        "4 of 4 rows of test (100.0%) agree with a row of train, where chance would"
    )


def test_blocks_beyond_the_tenth_are_said_to_be_left_out(audit):
    rows = pl.DataFrame({"label": [0, 1] * 60, "x": np.arange(120) * 0.1, "y": np.arange(120) % 7 * 0.5})
    folds = rows.with_columns(pl.Series("block", [f"fold {k % 12:02}" for k in range(120)]))
    assert "duplicates were not looked for in fold 10, fold 11." in audit(folds, split="block").notes


def test_raising_the_rare_class_before_splitting_is_found(table, guilty):
    raised = pl.concat([table, *[table.filter(pl.col("label") == 1)] * 3])
    blocks = np.random.default_rng(0).choice(["train", "test"], raised.height, p=[0.7, 0.3])
    found = guilty(raised.with_columns(pl.Series("block", blocks)), split="block")
    assert set(found.values()) == {Leak.DUPLICATES}


def test_a_random_split_over_time_is_found(table, guilty, audit):
    blocks = np.random.default_rng(0).choice(["train", "test"], N, p=[0.7, 0.3])
    mixed = table.with_columns(pl.Series("block", blocks))
    assert guilty(mixed, time="when", split="block") == {("train", "test"): Leak.SPLIT}
    assert (
        "mixed in time, half of test within" in audit(mixed, time="when", split="block").findings[0].evidence
    )


@pytest.mark.parametrize("names", [("fit", "validation", "holdout"), ("2019", "2020", "2021")])
def test_blocks_are_put_in_their_order_by_name_or_by_time(table, guilty, names):
    block = np.array(names)[np.minimum(np.arange(N) * 3 // N, 2)]
    ordered = table.with_columns(pl.Series("block", block))
    assert guilty(ordered, time="when", split="block") == {}


def test_a_test_block_before_its_training_block_is_found(table, guilty):
    block = np.where(np.arange(N) < 1000, "test", "train")
    backward = table.with_columns(pl.Series("block", block))
    assert guilty(backward, time="when", split="block") == {("train", "test"): Leak.SPLIT}


def test_one_record_on_both_sides_is_found(table, guilty):
    number = np.random.default_rng(0).permutation(np.arange(N) // 2)
    cases = table.with_columns(caseNumber=pl.Series([f"C{k}" for k in number]))
    assert guilty(cases, split="block") == {("caseNumber",): Leak.SAME_RECORD}
    # A number that names a place comes back honestly.
    places = table.with_columns(beat_no=pl.Series(number % 50))
    assert guilty(places, split="block") == {}


def test_a_count_that_holds_the_event_itself_is_found(clean_table, guilty, audit):
    rows = clean_table(3, 6000, 0.1)
    other = np.random.default_rng(0).poisson(0.8, 6000)
    own = rows.with_columns(in_window=pl.Series(other + rows["label"].to_numpy()), before=pl.Series(other))
    assert guilty(own) == {("in_window",): Leak.SAME_RECORD}
    (finding,) = audit(own).findings
    zeros = int((own["in_window"] == 0).sum())
    assert finding.evidence.startswith(
        f"It is zero in {zeros:,} rows and none of them has label = 1; where it is one, "
    )


@pytest.mark.parametrize(
    "name",
    [
        "CLEARANCE_STATUS",
        "clearanceDate",
        "Disposition",
        "updated_on",
        "Updated On",
        "case_status",
        "Arrest",
        "closed",
    ],
)
def test_names_of_what_comes_afterwards(name, table, guilty):
    assert find_post_hoc_names([name]) == (name,)
    named = table.with_columns(pl.Series(name, np.random.default_rng(0).choice(["a", "b"], N)))
    assert guilty(named) == {(name,): Leak.POST_HOC}


def test_names_of_what_was_before_are_left_in_peace():
    honest = [
        "prior_arrests",
        "arrests_28d",
        "arrests last week",
        "status",
        "priority",
        "closest_bar",
        "updates",
        "division",
    ]
    assert find_post_hoc_names(honest) == ()


def test_words_of_how_cases_end_are_known_under_any_name(table, guilty):
    ends = np.random.default_rng(0).choice(
        ["Open", "Cleared by Arrest", "Exceptionally Cleared", "Unfounded"], N
    )
    assert guilty(table.with_columns(x9=pl.Series(ends))) == {("x9",): Leak.POST_HOC}
    doors = np.random.default_rng(0).choice(["open", "closed", "unknown"], N)
    assert guilty(table.with_columns(x9=pl.Series(doors))) == {}


def test_times_later_than_the_row_are_found_plans_and_earlier_times_are_not(table, guilty, audit):
    later = pl.col("when") + pl.duration(hours=50)
    assert guilty(table.with_columns(seen_at=later), time="when") == {("seen_at",): Leak.POST_HOC}
    assert guilty(table.with_columns(due_at=later), time="when") == {}
    assert guilty(table.with_columns(called_at=pl.col("when") - pl.duration(hours=1)), time="when") == {}
    words = later.dt.strftime("%m/%d/%Y %I:%M:%S %p")
    (finding,) = audit(table.with_columns(seen_at=words), time="when").findings
    assert finding.evidence == (
        "3,000 of 3,000 times (100.0%) are later than the row's own time, by 50.0 h in the median."
    )


def test_the_findings_as_json(table, audit):
    found = audit(table.with_columns(copy=pl.col("label"), disposition=pl.lit("x"))).to_json()
    assert found["leaks"] == 2
    assert [one["kind"] for one in found["findings"]] == ["label echo", "post-hoc column"]
    assert found["findings"][0]["where"] == ["copy"]
    assert set(found["findings"][0]) == {"kind", "where", "evidence", "why", "remedy", "figures"}
    assert found["notes"] == ["no split column: the split was not looked at."]
