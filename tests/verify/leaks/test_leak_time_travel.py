"""A pipeline that looks ahead is caught and its guilty part named; one that does not is left in peace."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from incidents.errors import DataError
from verify.leaks import Leak, audit_overlap, audit_time_travel
from verify.leaks.readings import add_moves, rows_that_differ

HOURS = 200


@dataclass(frozen=True)
class Log:
    """Events of a small world: when they happened, when they were known, and how many."""

    happened: np.ndarray
    known: np.ndarray
    count: np.ndarray


def make_log(seed=0, events=600):
    rng = np.random.default_rng(seed)
    happened = np.sort(rng.integers(0, HOURS, events))
    return Log(happened, happened + 1 + rng.integers(0, 20, events), rng.integers(1, 5, events))


def count_before(log, issues, *, seen):
    return np.array([log.count[seen(log, issue)].sum() for issue in issues], dtype=np.float64)


def honest(log, issues):
    recent = count_before(log, issues, seen=lambda one, i: (one.known <= i) & (one.happened >= i - 24))
    return {"recent": recent, "hour": issues % 24, "forecast": 1 - np.exp(-recent / 100)}


def by_occurrence(log, issues):
    """The usual mistake: what had happened by then, whenever it was reported."""
    late = count_before(log, issues, seen=lambda one, i: (one.happened < i) & (one.happened >= i - 24))
    return honest(log, issues) | {"recent by occurrence": late}


def by_day(log, issues):
    """Another one: counts of the whole day, of which only a part has passed."""
    day = count_before(log, issues, seen=lambda one, i: one.happened // 24 == i // 24)
    return honest(log, issues) | {"today": day, "forecast": np.tanh(day / 100)}


def delete(log, cut, rng):
    kept = log.known <= cut
    return Log(log.happened[kept], log.known[kept], log.count[kept])


def shuffle(log, cut, rng):
    later = np.flatnonzero(log.known > cut)
    count = log.count.copy()
    count[later] = rng.permutation(count[later])
    return replace(log, count=count)


CHANGES = {"delete": delete, "shuffle": shuffle}
CUTS = {cut: np.array([cut - 30, cut - 1, cut]) for cut in (60, 100, 140)}


def audit(read, log=None, cuts=CUTS, changes=CHANGES):
    return audit_time_travel(read, log or make_log(), changes, cuts=cuts, rng=np.random.default_rng(1))


def test_an_honest_pipeline_is_left_in_peace():
    found = audit(honest)
    assert found.findings == ()
    assert found.exit_code == 0
    assert found.checks == (
        "time travel: delete, shuffle after each of 3 cuts; 3 parts at 9 issues compared to the bit.",
    )


@pytest.mark.parametrize(
    "read, guilty", [(by_occurrence, {"recent by occurrence"}), (by_day, {"today", "forecast"})]
)
def test_a_pipeline_that_looks_ahead_is_named_part_by_part(read, guilty):
    found = audit(read)
    (finding,) = found.findings
    assert finding.kind is Leak.TIME_TRAVEL
    assert set(finding.where) == guilty
    assert "delete (" in finding.evidence
    assert finding.figures["largest_change"] > 0
    assert found.exit_code == 1


def test_one_late_record_is_enough():
    # One report of hour 50 that comes in at hour 61, seen at issue 60 by a pipeline that counts by occurrence.
    log = Log(np.array([10, 50]), np.array([11, 61]), np.array([1, 7]))
    (finding,) = audit(by_occurrence, log, cuts={60: np.array([60])}).findings
    assert finding.where == ("recent by occurrence",)
    assert finding.figures == {"parts": 1, "issues": 1, "of": 1, "largest_change": 7.0}
    assert "recent by occurrence changed by up to 7: delete (1 of 1 issues)." in finding.evidence


def test_the_smallest_bit_counts():
    def nearly(log, issues):
        parts = honest(log, issues)
        return parts | {"recent": parts["recent"] + 1e-12 * log.count.sum()}

    assert audit(nearly).findings[0].where == ("recent",)


def test_a_pipeline_that_is_not_repeatable_cannot_be_audited():
    rng = np.random.default_rng(0)
    with pytest.raises(DataError) as refusal:
        audit(lambda log, issues: honest(log, issues) | {"noise": rng.random(len(issues))}, changes={})
    assert str(refusal.value) == (
        "Expected the same reading of the same world twice. Received: ['noise'] differ. Fix the pipeline's random "
        "draws; only then can a change be traced to the future."
    )


def test_a_pipeline_that_reads_nothing_is_no_proof():
    with pytest.raises(DataError) as refusal:
        audit(lambda log, issues: {"hour": issues % 24})
    assert str(refusal.value) == (
        "Expected some part of ['hour'] to follow the records. Received: none does, even when all of them change. "
        "Check what the audit hands to the pipeline; as it is, it could find nothing."
    )


def test_issues_after_the_cut_are_refused():
    with pytest.raises(
        DataError, match=r"^Expected issues up to the cut 60\. Received: \[60, 61\]\. Later ones may"
    ):
        audit(honest, cuts={60: np.array([60, 61])})


def test_parts_that_come_and_go_are_refused():
    def fickle(log, issues):
        return honest(log, issues) | {f"events {len(log.happened)}": issues}

    with pytest.raises(DataError, match=r"in only one\. Name parts by their place, not by what they hold\.$"):
        audit(fickle)


def test_rows_are_compared_to_the_bit():
    first = np.array([[0.0, np.nan], [1.0, 2.0], [0.0, 1.0]])
    second = np.array([[0.0, np.nan], [1.0, np.nextafter(2.0, 3.0)], [-0.0, 1.0]])
    assert rows_that_differ(first, second).tolist() == [False, True, True]
    assert rows_that_differ(np.array(["a", "b"]), np.array(["a", "c"])).tolist() == [False, True]
    assert rows_that_differ(np.zeros((2, 0)), np.zeros((2, 0))).tolist() == [False, False]
    with pytest.raises(
        DataError, match=r"alike in shape and type\. Received: float64 \(3, 2\) and float32 \(3, 2\)"
    ):
        rows_that_differ(first, first.astype(np.float32))


def test_moves_add_up_over_changes():
    before, after = {"a": np.array([1.0, 2.0])}, {"a": np.array([1.0, 5.0])}
    moves = add_moves(add_moves({}, "x", before, after), "y", before, after)
    assert (moves["a"].rows, moves["a"].largest, moves["a"].most_rows) == ({"x": 1, "y": 1}, 3.0, 1)
    assert add_moves({}, "x", before, before) == {}


# The label of issue i: an event with count 4 in hours [i, i + 2).
def remove_fours(log, issue, rng):
    return drop(log, (log.happened >= issue) & (log.happened < issue + 2) & (log.count == 4))


def remove_others(log, issue, rng):
    return drop(log, (log.happened >= issue) & (log.happened < issue + 2) & (log.count != 4))


def drop(log, gone):
    return Log(log.happened[~gone], log.known[~gone], log.count[~gone])


ANNOUNCED = {
    Leak.SAME_RECORD: {"removed": remove_fours},
    Leak.SAME_WINDOW: {"removed": remove_others},
}


def overlap(read):
    log = make_log()
    fours = np.unique(log.happened[log.count == 4])[10:14]
    return audit_overlap(read, log, ANNOUNCED, issues=fours, rng=np.random.default_rng(1))


def test_inputs_that_end_before_the_window_are_left_in_peace():
    found = overlap(honest)
    assert found.findings == ()
    assert (
        "changed at 4 issues: the very records that decide the label (removed); other records"
        in found.checks[0]
    )


def test_own_records_and_other_records_of_the_window_are_told_apart():
    def own(log, issues):
        seen = count_before(log, issues, seen=lambda one, i: (one.happened == i) & (one.count == 4))
        return honest(log, issues) | {"own dots": seen}

    def others(log, issues):
        seen = count_before(log, issues, seen=lambda one, i: (one.happened == i) & (one.count < 4))
        return honest(log, issues) | {"other dots": seen}

    (finding,) = overlap(own).findings
    assert (finding.kind, finding.where) == (Leak.SAME_RECORD, ("own dots",))
    assert finding.figures["issues"] == finding.figures["of"] == 4
    (finding,) = overlap(others).findings
    assert (finding.kind, finding.where) == (Leak.SAME_WINDOW, ("other dots",))
    both = overlap(lambda log, issues: own(log, issues) | others(log, issues))
    assert [finding.kind for finding in both.findings] == [Leak.SAME_RECORD, Leak.SAME_WINDOW]
