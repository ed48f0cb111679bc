"""Which issues belong to which block of time: by hand, never across a boundary, and the words of refusal."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn.blocks import issues_within, split_blocks
from cnn.labels import TargetWindows, label_issues
from cnn.settings import Periods
from incidents.errors import ConfigError
from rasterize.windows import make_windows

none = np.empty(0, dtype=np.int64)
JULY = date(2015, 7, 1)


def target_of(lead, horizon):
    return TargetWindows(np.array([0]), lead, horizon, as_of=lead >= 0, hidden=none)


def windows_of(days, start=JULY):
    return make_windows(start, start + timedelta(days=days), time_zone="America/New_York")


@pytest.mark.parametrize(
    "lead, horizon, first, last",
    [(0, 1, 12, 23), (0, 3, 12, 21), (2, 1, 12, 21), (2, 3, 12, 19), (-1, 1, 13, 24)],
)
def test_the_second_of_four_days_by_hand(lead, horizon, first, last):
    day = JULY + timedelta(days=1)
    found = issues_within(windows_of(4), target_of(lead, horizon), (day, day + timedelta(days=1)))
    assert found.tolist() == list(range(first, last + 1))


def test_the_first_window_has_nothing_behind_it_and_the_last_block_ends_with_the_tensor():
    far = JULY + timedelta(days=99)
    assert issues_within(windows_of(1), target_of(0, 1), (JULY, far)).tolist() == list(range(1, 12))
    assert issues_within(windows_of(1), target_of(0, 2), (JULY, far)).tolist() == list(range(1, 11))
    assert issues_within(windows_of(1), target_of(-1, 1), (JULY, far)).tolist() == list(range(1, 13))
    assert issues_within(windows_of(1), target_of(0, 1), (far, far + timedelta(days=1))).tolist() == []


@settings(max_examples=60, deadline=None)
@given(data=st.data(), lead=st.integers(-1, 14), horizon=st.integers(1, 14), cut=st.integers(1, 3))
def test_no_label_of_a_block_is_decided_in_the_next(tensors, data, lead, horizon, cut):
    tensor, target = data.draw(tensors), target_of(lead, horizon)
    boundary = JULY + timedelta(days=cut)
    before = issues_within(tensor.windows, target, (JULY, boundary))
    after = issues_within(tensor.windows, target, (boundary, JULY + timedelta(days=4)))
    early = tensor.entries.window < 12 * cut
    labels = label_issues(tensor, target)
    only_early, only_late = (
        label_issues(tensor.with_entries(tensor.entries.where(kept)), target) for kept in (early, ~early)
    )
    np.testing.assert_array_equal(only_early[before], labels[before])
    np.testing.assert_array_equal(only_late[after], labels[after])
    assert not np.isnan(labels[np.concatenate([before, after])]).any()
    assert len(np.intersect1d(before, after)) == 0
    assert after.tolist() == list(range(12 * cut - min(lead, 0), 48 - lead - horizon + 1))
    # What is learned before the boundary is decided before the first forecast after it.
    if len(before) and len(after):
        assert before.max() + lead + horizon <= after.min()


def test_shares_of_the_days():
    blocks = split_blocks(windows_of(10), target_of(0, 1), Periods(train_share=0.5, calibrate_share=0.3))
    assert blocks.train == (JULY, JULY + timedelta(days=5))
    assert blocks.calibrate == (JULY + timedelta(days=5), JULY + timedelta(days=8))
    assert blocks.train_issues.tolist() == list(range(1, 60))
    assert blocks.calibrate_issues.tolist() == list(range(60, 96))


def test_dates_give_what_equal_shares_give():
    windows, target = windows_of(10), target_of(2, 2)
    shares = split_blocks(windows, target, Periods())
    dates = split_blocks(windows, target, Periods(shares.train, shares.calibrate, 0.1, 0.1))
    assert (dates.train, dates.calibrate) == (shares.train, shares.calibrate)
    assert dates.train_issues.tolist() == shares.train_issues.tolist()
    assert dates.calibrate_issues.tolist() == shares.calibrate_issues.tolist()


def test_blocks_may_leave_a_gap_and_days_follow_the_clock():
    # On 8 March 2015 the clock goes forward; the day still has twelve windows.
    start = date(2015, 3, 7)
    day = [start + timedelta(days=k) for k in range(5)]
    periods = Periods((day[0], day[2]), (day[3], day[4]))
    blocks = split_blocks(windows_of(4, start), target_of(0, 1), periods)
    assert blocks.train_issues.tolist() == list(range(1, 24))
    assert blocks.calibrate_issues.tolist() == list(range(36, 48))


SECOND, THIRD = JULY + timedelta(days=1), JULY + timedelta(days=2)
FAR = (date(2016, 1, 1), date(2016, 2, 1))
REFUSED = [
    (
        Periods((JULY, THIRD), (SECOND, THIRD)),
        (
            "Expected train before calibrate, forward in time. Received: train 2015-07-01 to 2015-07-03, calibrate "
            "2015-07-02 to 2015-07-03. Change periods in the config."
        ),
    ),
    (
        Periods((SECOND, JULY), (SECOND, THIRD)),
        (
            "Expected train before calibrate, forward in time. Received: train 2015-07-02 to 2015-07-01, calibrate "
            "2015-07-02 to 2015-07-03. Change periods in the config."
        ),
    ),
    (
        Periods(train_share=0.9, calibrate_share=0.0),
        (
            "Expected train before calibrate, forward in time. Received: train 2015-07-01 to 2015-07-05, calibrate "
            "2015-07-05 to 2015-07-05. Change periods in the config."
        ),
    ),
    (
        Periods((JULY, SECOND), None),
        (
            "Expected dates for both train and calibrate, or for none. Received: train (datetime.date(2015, 7, 1), "
            "datetime.date(2015, 7, 2)), calibrate None. Complete periods in the config."
        ),
    ),
    (
        Periods((JULY, SECOND), FAR),
        (
            "Expected windows in the blocks ['calibrate']. Received: train 2015-07-01 to 2015-07-02, calibrate "
            "2016-01-01 to 2016-02-01, but the tensor runs from 2015-07-01T00:00 to 2015-07-04T22:00. Change "
            "periods in the config, or ingest that time and rasterize again."
        ),
    ),
]


@pytest.mark.parametrize("periods, words", REFUSED)
def test_impossible_blocks_are_refused_in_these_words(periods, words):
    with pytest.raises(ConfigError) as refusal:
        split_blocks(windows_of(4), target_of(0, 1), periods)
    assert str(refusal.value) == words
