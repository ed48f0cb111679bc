"""Blocks out of order, fits on more than their block, and choices made on the window that is reported."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import ConfigError, DataError
from verify.leaks import Leak, SplitRows, Trials, audit_refit, audit_split, audit_tuning
from verify.splits import forward_split

ORDER = ("train", "calibrate", "test")


def rows_of(blocks, *, lead=0, horizon=1):
    """Rows of issues; each is decided when its announced windows end."""
    issues = np.concatenate([np.arange(*block) for block in blocks])
    names = np.repeat(ORDER[: len(blocks)], [stop - start for start, stop in blocks])
    return SplitRows(names, issues, issues + lead + horizon)


@given(lead=st.integers(0, 12), horizon=st.integers(1, 12))
def test_a_forward_split_with_its_embargo_is_left_in_peace(lead, horizon):
    split = forward_split((0, 100, 150, 200), lead_windows=lead, horizon_windows=horizon)
    rows = rows_of((split.train, split.calibrate, split.test), lead=lead, horizon=horizon)
    assert audit_split(rows, order=ORDER).findings == ()


@given(lead=st.integers(0, 12), horizon=st.integers(1, 12), missing=st.integers(1, 3))
def test_an_embargo_that_is_too_short_is_counted(lead, horizon, missing):
    split = forward_split((0, 100, 150, 200), lead_windows=lead, horizon_windows=horizon)
    # The last issue kept is decided one window before the next block, so one more is still in order.
    longer = (split.train[0], split.train[1] + 1 + missing)
    (finding,) = audit_split(
        rows_of((longer, split.calibrate), lead=lead, horizon=horizon), order=("train", "calibrate")
    ).findings
    assert (finding.kind, finding.where) == (Leak.SPLIT, ("train", "calibrate"))
    assert finding.figures["rows"] == missing
    assert "train reaches into calibrate" in finding.evidence


def test_a_random_split_is_found_and_told_from_a_short_embargo():
    rng = np.random.default_rng(0)
    issues = rng.permutation(500)
    rows = SplitRows(np.repeat(["train", "test"], [400, 100]), issues, issues + 1)
    (finding,) = audit_split(rows, order=("train", "test")).findings
    assert "mixed in time, half of test within 1 of a row of train" in finding.evidence
    assert finding.remedy == "Split forward in time, never at random."
    assert finding.figures["share_too_early"] == 1.0


def test_blocks_in_the_wrong_order_are_found():
    rows = SplitRows(
        np.array(["train"] * 3 + ["test"] * 3), np.array([7, 8, 9, 1, 2, 3]), np.array([8, 9, 10, 2, 3, 4])
    )
    assert audit_split(rows, order=("train", "test")).exit_code == 1
    assert audit_split(rows, order=("test", "train")).exit_code == 0


def test_gaps_between_times_are_said_in_hours():
    issued = np.array(["2015-01-01T00", "2015-01-01T04", "2015-01-01T02"], dtype="datetime64[h]")
    rows = SplitRows(np.array(["train", "train", "test"]), issued, issued + np.timedelta64(2, "h"))
    (finding,) = audit_split(rows, order=("train", "test")).findings
    assert finding.evidence == (
        "1 of 1 row of test (100.0%) are asked before the last label of train is decided (2015-01-01T06): the two are "
        "mixed in time, half of test within 2.0 h of a row of train."
    )


def test_stray_rows_may_be_tolerated():
    rows = rows_of(((0, 100), (100, 300)), horizon=2)
    assert audit_split(rows, order=("train", "calibrate")).exit_code == 1
    assert audit_split(rows, order=("train", "calibrate"), tolerated=0.01).exit_code == 0


def test_a_block_without_rows_is_refused():
    with pytest.raises(ConfigError) as refusal:
        audit_split(rows_of(((0, 5),)), order=("train", "test"))
    assert str(refusal.value) == (
        "Expected rows in every block. Received: none in ['test']; there are ['train']. Name those that exist."
    )


def test_rows_without_a_time_or_of_other_lengths_are_refused():
    with pytest.raises(DataError, match=r"^Expected one block and two times a row\. Received: 1, 2 and 2\."):
        SplitRows(np.array(["a"]), np.array([1, 2]), np.array([1, 2]))
    never = np.array(["NaT"], dtype="datetime64[s]")
    with pytest.raises(DataError, match=r"^Expected a time in every row\. Received: NaT\."):
        SplitRows(np.array(["a"]), never, never)


def test_a_scaling_fitted_on_everything_is_found():
    rng = np.random.default_rng(0)
    train, rest = rng.normal(0, 1, 500), rng.normal(1, 2, 500)
    everything = np.concatenate([train, rest])
    right = {"mean": np.array([train.mean()]), "spread": np.array([train.std()])}
    wrong = {"mean": np.array([everything.mean()]), "spread": np.array([train.std()])}
    slack = {"mean": 1e-6, "spread": 1e-6}
    assert audit_refit(right, right, tolerances=slack, block="train").findings == ()
    (finding,) = audit_refit(wrong, right, tolerances=slack, block="train").findings
    assert (finding.kind, finding.where) == (Leak.FITTED, ("mean",))
    assert finding.figures["difference"] == pytest.approx(abs(everything.mean() - train.mean()))


def test_a_number_that_is_not_finite_is_not_explained():
    once = {"x": np.array([1.0])}
    assert audit_refit({"x": np.array([np.nan])}, once, tolerances={"x": 9.0}, block="train").exit_code == 1


def test_a_fit_of_another_shape_is_refused():
    with pytest.raises(DataError, match=r"^Expected x refitted in shape \(2,\)\. Received: none\."):
        audit_refit({"x": np.zeros(2)}, {}, tolerances={"x": 1.0}, block="train")


def log_of(*trials):
    setting, start, stop, score = zip(*trials, strict=True)
    return Trials(np.array(setting), np.array(start), np.array(stop), np.array(score, dtype=float))


def test_choosing_on_the_reported_window_is_found_the_chosen_first():
    log = log_of(
        ("k=2", 852, 900, 9.0), ("k=4", 852, 900, 7.5), ("k=8", 852, 900, 8.0), ("k=4", 800, 848, 9.9)
    )
    (finding,) = audit_tuning(log, reported=(852, 900)).findings
    assert (finding.kind, finding.where) == (Leak.TUNING, ("k=4", "k=8", "k=2"))
    assert finding.figures == {"trials": 3, "of": 4, "best": 7.5, "median": 8.0}


@pytest.mark.parametrize(
    "start, stop, leak", [(804, 852, False), (805, 853, True), (860, 870, True), (900, 948, True)]
)
def test_what_ends_before_the_report_begins_is_left_in_peace(start, stop, leak):
    log = log_of(("k=2", start, stop, 9.0), ("k=4", start, stop, 7.5))
    assert audit_tuning(log, reported=(852, 900)).exit_code == int(leak)


def test_one_setting_on_the_reported_window_is_the_report_itself():
    log = log_of(("k=2", 804, 852, 9.0), ("k=4", 804, 852, 7.5), ("k=4", 852, 900, 8.5))
    assert audit_tuning(log, reported=(852, 900)).findings == ()


def test_logs_that_say_nothing_are_refused():
    with pytest.raises(
        DataError, match=r"^Expected one or more trials of equal columns\. Received: lengths \[0\]\."
    ):
        Trials(np.array([]), np.array([]), np.array([]), np.array([]))
    with pytest.raises(DataError, match=r"^Expected windows that end after they start\."):
        log_of(("a", 5, 5, 1.0))
