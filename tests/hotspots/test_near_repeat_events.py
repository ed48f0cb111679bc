"""Rows of one incident are one event; rows of several are not."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.near_repeat.events import gather_events
from incidents.errors import ConfigError, CrsError, DataError

START = np.datetime64("2015-07-04T20:00", "us")


def at(hours: list[float]) -> npt.NDArray[np.datetime64]:
    return START + (np.array(hours) * 3600e6).astype("timedelta64[us]")


def test_events_by_hand() -> None:
    # At 2 km: 0 h, 0.5 h, 1.4 h (each within an hour of the one before), 3 h. At 3 km: 0.5 h. Two unusable.
    x = [2000.0, 2000.0, 3000.0, 2000.0, 2000.0, np.nan, 2000.0]
    times = at([1.4, 0.0, 0.5, 0.5, 3.0, 0.0, 0.0])
    times[6] = np.datetime64("NaT")
    events = gather_events(x, [5000.0] * 7, times)
    assert events.of_row.tolist() == [0, 0, 1, 0, 2, -1, -1]
    assert events.x.tolist() == [2000.0, 3000.0, 2000.0]
    assert (events.second - events.second[0]).tolist() == [0, 1800, 10_800]
    assert (len(events), events.merged, events.unlocated) == (3, 2, 2)


def test_no_gap_gathers_equal_times_only() -> None:
    times = at([0.0, 0.0, 0.001])
    assert len(gather_events([2000.0] * 3, [2000.0] * 3, times, same_event_hours=0.0)) == 2
    assert len(gather_events([2000.0] * 3, [2000.0] * 3, times)) == 1


@given(
    st.lists(st.tuples(st.integers(1, 3), st.integers(0, 40)), min_size=1, max_size=30),
    st.integers(0, 5),
)
def test_agrees_with_a_loop_over_places(rows: list[tuple[int, int]], gap: int) -> None:
    x, hours = np.array([place * 1000.0 for place, _ in rows]), [float(hour) for _, hour in rows]
    events = gather_events(x, x, at(hours), same_event_hours=float(gap))
    starts = []
    for place in np.unique(x):
        previous = -np.inf
        for hour in sorted(h for east, h in zip(x, hours, strict=True) if east == place):
            if hour - previous > gap:
                starts.append((hour, place))
            previous = hour
    found = (events.second - START.astype("datetime64[s]").astype(int)) / 3600
    assert list(zip(found.tolist(), events.x.tolist(), strict=True)) == sorted(starts)
    assert events.merged + len(events) == len(rows)
    np.testing.assert_array_equal(events.x[events.of_row], x)


def test_error_texts() -> None:
    with pytest.raises(ConfigError) as gap:
        gather_events([5e3], [5e3], at([0]), same_event_hours=-1.0)
    assert str(gap.value) == (
        "Expected same_event_hours of 0 or more. Received: -1.0. Use 1, or 24 for dates without a clock."
    )
    with pytest.raises(DataError, match=r"Expected a time for each of 1 points. Received: \(2,\)"):
        gather_events([5e3], [5e3], at([0, 1]))
    with pytest.raises(CrsError, match="look like longitude and latitude"):
        gather_events([-76.6], [39.3], at([0]))
