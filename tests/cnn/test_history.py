"""What had been on record at each issue: by hand and against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn.history import HistoryMaps, history_maps, recent_counts, recent_rates, same_hour_counts

TARGET = np.array([0])
A_DAY = 12
A_WEEK = 84


def entries_of(tensor, channels):
    """The entries of some channels as plain numbers."""
    entries = tensor.entries
    columns = (entries.window, entries.known, entries.row, entries.col, entries.count, entries.channel)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [row[:5] for row in rows if row[5] in channels]


def test_recent_counts_by_hand(town, fill):
    # Two in window 3, on record at once; one in window 4, on record from issue 7 on.
    tensor = fill(town(days=1), [(3, 1, 1, 0, 2, 4), (4, -1, -1, 0, 1, 7)])
    assert recent_counts(tensor, TARGET, 3).tolist() == [0, 0, 0, 0, 2, 2, 2, 1, 0, 0, 0, 0, 0]
    assert recent_counts(tensor, TARGET, 99).tolist() == [0, 0, 0, 0, 2, 2, 2, 3, 3, 3, 3, 3, 3]


def test_what_is_recorded_after_it_is_forgotten_never_counts(town, fill):
    assert not recent_counts(fill(town(days=1), [(3, 1, 1, 0, 2, 7)]), TARGET, 3).any()


def test_rates_warm_up_over_what_there_was(town, fill):
    tensor = fill(town(days=1), [(window, 1, 1, 0, 1, window + 1) for window in range(12)])
    assert recent_rates(tensor, TARGET, 5).tolist() == [0.0] + [1.0] * 12


def test_same_hour_by_hand(town, fill):
    tensor = fill(town(days=15), [(10, 1, 1, 0, 2, 11), (11, 1, 1, 0, 4, 100)])
    counts = same_hour_counts(tensor, TARGET, weeks=2, lead=0)
    # Window 11 a week later is announced at issue 95, but was not yet on record.
    assert {int(issue): counts[issue] for issue in np.flatnonzero(counts)} == {94: 2, 178: 2, 179: 4}
    later = same_hour_counts(tensor, TARGET, weeks=1, lead=3)
    assert {int(issue): later[issue] for issue in np.flatnonzero(later)} == {91: 2}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), span=st.integers(1, 60), everything=st.booleans())
def test_recent_counts_and_rates_agree_with_a_loop(tensors, data, span, everything):
    tensor = data.draw(tensors)
    channels = [0, 1, 2] if everything else [0]
    entries = entries_of(tensor, channels)
    expected = [
        sum(count for window, known, _, _, count in entries if i - span <= window < i and known <= i)
        for i in range(49)
    ]
    assert recent_counts(tensor, np.array(channels), span).tolist() == expected
    rates = [count / min(i, span) if i else 0.0 for i, count in enumerate(expected)]
    assert recent_rates(tensor, np.array(channels), span).tolist() == rates


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    weeks=st.integers(1, 3),
    lead=st.integers(0, 5) | st.just(A_WEEK) | st.just(A_WEEK + 1),
)
def test_same_hour_counts_agree_with_a_loop(town, fill, seed, weeks, lead):
    rng = np.random.default_rng(seed)
    windows = rng.integers(0, 300, size=60)
    known = windows + 1 + rng.integers(0, 200, size=60)
    rows = [
        (int(w), 1, 1, int(rng.integers(2)), int(rng.integers(1, 4)), int(k))
        for w, k in zip(windows, known, strict=True)
    ]
    tensor = fill(town(days=25), rows)
    entries = entries_of(tensor, [0])
    expected = [
        sum(
            count
            for back in range(1, weeks + 1)
            for window, known, _, _, count in entries
            if window == i + lead - back * A_WEEK and known <= i
        )
        for i in range(301)
    ]
    assert same_hour_counts(tensor, TARGET, weeks=weeks, lead=lead).tolist() == expected


def test_history_by_hand(town, fill):
    # One in the middle of day 0, on record at the start of day 1: half a day old then.
    maps = history_maps(fill(town(days=3), [(6, 2, 3, 0, 1, 12)]), (TARGET,), (1.0,)).maps
    assert maps.shape == (4, 8, 8, 1)
    np.testing.assert_allclose(maps[:, 2, 3, 0], [0.0, 0.5**0.5, 0.5**1.5 / 1.5, 0.5**2.5 / 1.75], rtol=1e-6)
    assert np.count_nonzero(maps) == 3


def test_an_issue_sees_the_newest_map_that_is_not_newer():
    maps = HistoryMaps(np.arange(3, dtype=np.float32).reshape(3, 1, 1, 1), windows_a_day=12)
    issues = np.array([0, 11, 12, 35, 36, 40])
    assert maps.at(issues).reshape(-1).tolist() == [0, 0, 1, 2, 2, 2]


def test_a_steady_rate_gives_that_rate_from_the_first_day_on(town, fill):
    # One in every window of the day: when a map is taken, the newest day is half a day old on average.
    rows = [(window, 1, 1, 0, 1, window + 1) for window in range(12 * 60)]
    maps = history_maps(fill(town(days=60), rows), (TARGET,), (14.0,)).maps[1:, 1, 1, 0]
    np.testing.assert_allclose(maps, 12.0 * 0.5 ** (6.5 / 12 / 14), rtol=1e-3)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), half_life=st.floats(0.3, 500.0))
def test_history_agrees_with_a_loop(tensors, data, half_life):
    tensor = data.draw(tensors)
    groups = (TARGET, np.array([0, 1, 2]))
    found = history_maps(tensor, groups, (half_life, 7.0))
    assert found.windows_a_day == A_DAY
    expected = np.zeros((5, 8, 8, 4))
    for day in range(1, 5):
        for group, channels in enumerate(groups):
            for half, life in enumerate((half_life, 7.0)):
                for window, known, row, col, count in entries_of(tensor, channels):
                    # Taken at the first daily map at which the record is there.
                    if row >= 0 and known <= day * A_DAY:
                        age = day - window / A_DAY
                        expected[day, row, col, 2 * group + half] += count * 2.0 ** (-age / life)
                seen = sum(2.0 ** (-back / life) for back in range(day))
                expected[day, :, :, 2 * group + half] /= seen
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("days", [1, 2])
def test_there_is_a_map_for_the_issue_at_the_end(town, days):
    assert len(history_maps(town(days=days), (TARGET,), (7.0,)).maps) == days + 1
