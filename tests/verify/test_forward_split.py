"""Forward splits never let a label of an earlier block reach into a later one."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidents.errors import ConfigError
from verify import splits
from verify.splits import ForwardSplit, forward_split


def test_example_in_the_docs_is_true():
    assert doctest.testmod(splits).failed == 0


@given(st.integers(0, 5), st.integers(1, 40), st.integers(0, 99), st.tuples(*[st.integers(60, 200)] * 3))
def test_no_label_reaches_into_the_next_block(lead, horizon, start, lengths):
    calibrate, test = start + lengths[0], start + lengths[0] + lengths[1]
    split = forward_split(
        (start, calibrate, test, test + lengths[2]), lead_windows=lead, horizon_windows=horizon
    )
    for (_, stop), (later, _) in ((split.train, split.calibrate), (split.calibrate, split.test)):
        last_window_of_last_label = (stop - 1) + lead + horizon
        assert last_window_of_last_label < later
        assert last_window_of_last_label + 1 == later


@pytest.mark.parametrize(
    "blocks, message",
    [
        (
            ((0, 10), (9, 20), (20, 30)),
            r"^Expected block calibrate to start at window 10 or later, after block train\.",
        ),
        (
            ((0, 10), (20, 30), (10, 20)),
            r"^Expected block test to start at window 30 or later, after block calibrate\.",
        ),
        (((0, 0), (1, 2), (2, 3)), r"^Expected windows in block train\. Received: \[0, 0\)\."),
        (
            ((-5, 10), (10, 20), (20, 30)),
            r"^Expected block train to start at window 0 or later, after the first window\.",
        ),
    ],
)
def test_blocks_that_overlap_or_go_back_are_refused(blocks, message):
    with pytest.raises(ConfigError, match=message):
        ForwardSplit(*blocks)


def test_an_embargo_longer_than_a_block_is_refused():
    with pytest.raises(ConfigError, match=r"^Expected windows in block calibrate\. Received: \[100, 98\)\."):
        forward_split((0, 100, 110, 200), lead_windows=0, horizon_windows=12)


def test_an_empty_horizon_is_refused():
    with pytest.raises(
        ConfigError, match=r"^Expected lead >= 0 and horizon >= 1 windows\. Received: 0 and 0\."
    ):
        forward_split((0, 100, 110, 200), lead_windows=0, horizon_windows=0)
