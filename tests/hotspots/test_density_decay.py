"""Old incidents count less, and those that were not on record do not count at all."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.density.decay import weigh_recent
from incidents.errors import ConfigError, DataError

NOW = datetime(2015, 7, 1, tzinfo=UTC)


def test_half_lives_by_hand() -> None:
    occurred = np.array(["2015-07-01", "2015-06-24", "2015-06-17", "2015-04-08"], dtype="datetime64[us]")
    weights = weigh_recent(occurred, occurred, as_of=NOW, half_life_days=7.0)
    np.testing.assert_allclose(weights, [1, 1 / 2, 1 / 4, 2.0**-12])


def test_what_was_not_on_record_does_not_count() -> None:
    occurred = np.array(
        ["2015-06-30", "2015-06-30", "2015-06-30", "2015-07-02", "NaT"], dtype="datetime64[us]"
    )
    known = np.array(
        ["2015-06-30", "2015-07-01T00:00:01", "NaT", "2015-06-30", "2015-06-30"], dtype="datetime64[us]"
    )
    weights = weigh_recent(occurred, known, as_of=NOW, half_life_days=1.0)
    np.testing.assert_allclose(weights, [0.5, 0, 0, 0, 0])


@given(
    ages=st.lists(st.floats(0, 3000), min_size=1, max_size=20),
    half_life=st.floats(0.5, 400),
    wait_days=st.integers(0, 300),
)
def test_waiting_fades_all_alike(ages: list[float], half_life: float, wait_days: int) -> None:
    occurred = np.datetime64("2015-07-01", "us") - (np.array(ages) * 86_400e6).astype("timedelta64[us]")
    now = weigh_recent(occurred, occurred, as_of=NOW, half_life_days=half_life)
    later = weigh_recent(occurred, occurred, as_of=NOW + timedelta(days=wait_days), half_life_days=half_life)
    np.testing.assert_allclose(later, now * 0.5 ** (wait_days / half_life), rtol=1e-9, atol=1e-300)
    assert (now > 0).all() or max(ages) / half_life > 1000


def test_error_texts() -> None:
    times = np.array(["2015-06-30"], dtype="datetime64[us]")
    with pytest.raises(ConfigError) as half_life:
        weigh_recent(times, times, as_of=NOW, half_life_days=0.0)
    assert str(half_life.value) == (
        "Expected a positive half-life in days. Received: 0.0. Try 14 for near repeats."
    )
    with pytest.raises(ConfigError, match="Expected as_of with a time zone"):
        weigh_recent(times, times, as_of=NOW.replace(tzinfo=None), half_life_days=1.0)
    with pytest.raises(
        DataError, match=r"Expected two times for every incident. Received: \(1,\) and \(2,\)"
    ):
        weigh_recent(times, np.repeat(times, 2), as_of=NOW, half_life_days=1.0)
