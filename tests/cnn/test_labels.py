"""Labels by issue and events by cell: by hand, against plain loops, and the words of refusal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn.labels import TargetWindows, count_events, events_in_cells, label_issues, resolve_target
from cnn.settings import Target
from incidents.errors import ConfigError, DataError

VIOLENT = ("homicide", "shooting")
NAN = float("nan")
none = np.empty(0, dtype=np.int64)
# window, row, col, channel, count, known
ONE_SHOOTING = [(5, 2, 2, 0, 1, 6)]


def target_of(lead, horizon, channels=(0,)):
    return TargetWindows(np.array(channels), lead, horizon, as_of=lead >= 0, hidden=none)


def announced(town, fill, rows, target):
    """Issues labelled 1, and those without a label."""
    labels = label_issues(fill(town(days=1), rows), target)
    assert len(labels) == 13
    return np.flatnonzero(labels == 1).tolist(), np.flatnonzero(np.isnan(labels)).tolist()


@pytest.mark.parametrize(
    "lead, horizon, positive, unlabelled",
    [
        (0, 1, [5], [12]),
        (1, 1, [4], [11, 12]),
        (0, 3, [3, 4, 5], [10, 11, 12]),
        (2, 2, [2, 3], [9, 10, 11, 12]),
        (-1, 1, [6], [0]),
    ],
)
def test_one_shooting_in_window_5_by_hand(town, fill, lead, horizon, positive, unlabelled):
    assert announced(town, fill, ONE_SHOOTING, target_of(lead, horizon)) == (positive, unlabelled)


def test_an_incident_without_a_place_counts_for_the_city_and_for_no_cell(town, fill):
    rows = [(5, -1, -1, 0, 2, 6)]
    assert announced(town, fill, rows, target_of(0, 1)) == ([5], [12])
    assert events_in_cells(fill(town(days=1), rows), target_of(0, 1), np.arange(13)).sum() == 0


def test_other_channels_do_not_count(town, fill):
    assert announced(town, fill, [(5, 2, 2, 1, 9, 6)], target_of(0, 1)) == ([], [12])
    assert announced(town, fill, [(5, 2, 2, 1, 9, 6)], target_of(0, 1, channels=(0, 1))) == ([5], [12])


def test_a_late_record_is_still_a_fact(town, fill):
    assert announced(town, fill, [(5, 2, 2, 0, 1, 12)], target_of(0, 1)) == ([5], [12])


def test_counts_add_up_by_window(town, fill):
    tensor = fill(town(days=1), [(0, 1, 1, 0, 2, 1), (0, -1, -1, 2, 3, 1), (11, 1, 1, 0, 255, 12)])
    assert count_events(tensor, np.array([0, 2])).tolist() == [5, *[0] * 10, 255]
    assert count_events(tensor, none).tolist() == [0] * 12


@settings(max_examples=60, deadline=None)
@given(data=st.data(), lead=st.integers(-1, 30), horizon=st.integers(1, 30))
def test_labels_agree_with_a_loop(tensors, data, lead, horizon):
    tensor = data.draw(tensors)
    target = target_of(lead, horizon)
    events = [
        int(tensor.entries.count[(tensor.entries.window == w) & (tensor.entries.channel == 0)].sum())
        for w in range(48)
    ]
    expected = [
        float(any(events[i + lead : i + lead + horizon]))
        if i + lead >= 0 and i + lead + horizon <= 48
        else NAN
        for i in range(49)
    ]
    np.testing.assert_array_equal(label_issues(tensor, target), expected)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), lead=st.integers(-1, 20), horizon=st.integers(1, 20))
def test_events_in_cells_agree_with_a_loop(tensors, data, lead, horizon):
    tensor = data.draw(tensors)
    issues = np.array(data.draw(st.lists(st.integers(0, 48), max_size=6)), dtype=np.int64)
    target = target_of(lead, horizon, channels=(0, 2))
    expected = np.zeros((len(issues), 8, 8))
    entries = tensor.entries
    for place, issue in enumerate(issues):
        for k in range(len(entries)):
            ahead = issue + lead <= entries.window[k] < issue + lead + horizon
            if ahead and entries.channel[k] in (0, 2) and entries.row[k] >= 0:
                expected[place, entries.row[k], entries.col[k]] += entries.count[k]
    found = events_in_cells(tensor, target, issues)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_targets_in_windows(town):
    impending = resolve_target(Target(VIOLENT, lead_hours=4, horizon_hours=6), town())
    assert (impending.lead, impending.horizon, impending.as_of) == (2, 3, True)
    assert (impending.channels.tolist(), impending.hidden.tolist()) == ([0], [])
    nowcast = resolve_target(Target(VIOLENT, framing="nowcast"), town())
    assert (nowcast.lead, nowcast.horizon, nowcast.as_of, nowcast.hidden.tolist()) == (-1, 1, False, [])
    blind = resolve_target(Target(VIOLENT, framing="nowcast", own_dots=False), town())
    assert blind.hidden.tolist() == [0]
    several = resolve_target(Target(("homicide", "shooting", "robbery")), town())
    assert several.channels.tolist() == [0, 1]


def test_history_ends_where_the_announced_or_classified_window_begins():
    issues = np.array([0, 1, 7])
    assert target_of(0, 1).history_issues(issues).tolist() == [0, 1, 7]
    assert target_of(3, 1).history_issues(issues).tolist() == [0, 1, 7]
    assert target_of(-1, 1).history_issues(issues).tolist() == [0, 0, 6]


@pytest.mark.parametrize(
    "target, error, words",
    [
        (
            Target(("homicide", "larceny")),
            DataError,
            (
                "Expected channels that count the target ['homicide', 'larceny'] and nothing else. Received: mixed "
                "channels ['shooting', 'theft'], no channel for []. Split them under raster.channels."
            ),
        ),
        (
            Target(("arson", "robbery")),
            DataError,
            (
                "Expected channels that count the target ['arson', 'robbery'] and nothing else. Received: mixed "
                "channels [], no channel for ['arson']. Split them under raster.channels."
            ),
        ),
        (
            Target(VIOLENT, lead_hours=1),
            ConfigError,
            (
                "Expected lead and horizon in multiples of the 2-hour window. Received: lead 1 h, horizon 2 h. "
                "Change them under target."
            ),
        ),
        (
            Target(VIOLENT, horizon_hours=3),
            ConfigError,
            (
                "Expected lead and horizon in multiples of the 2-hour window. Received: lead 0 h, horizon 3 h. "
                "Change them under target."
            ),
        ),
        (
            Target(VIOLENT, lead_hours=-2),
            ConfigError,
            (
                "Expected a lead of 0 or more and a horizon above 0: what is over is not impending. Received: lead "
                "-2 h, horizon 2 h. Change them under target."
            ),
        ),
        (
            Target(VIOLENT, horizon_hours=0),
            ConfigError,
            (
                "Expected a lead of 0 or more and a horizon above 0: what is over is not impending. Received: lead "
                "0 h, horizon 0 h. Change them under target."
            ),
        ),
        (
            Target(VIOLENT, framing="nowcast", lead_hours=2),
            ConfigError,
            (
                "Expected a nowcast of one window with no lead. Received: lead 2 h, horizon 2 h. A look ahead is "
                "framing: impending."
            ),
        ),
        (
            Target(VIOLENT, framing="nowcast", horizon_hours=4),
            ConfigError,
            (
                "Expected a nowcast of one window with no lead. Received: lead 0 h, horizon 4 h. A look ahead is "
                "framing: impending."
            ),
        ),
    ],
)
def test_impossible_targets_are_refused_in_these_words(town, target, error, words):
    with pytest.raises(error) as refusal:
        resolve_target(target, town())
    assert str(refusal.value) == words
