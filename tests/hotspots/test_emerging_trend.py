"""Mann-Kendall trends of many series at once: by hand, as pymannkendall has them, blind to the form of a rise."""

import numpy as np
import numpy.typing as npt
import pymannkendall
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hotspots.emerging.trend import mann_kendall
from incidents.errors import DataError

Floats = npt.NDArray[np.float64]
SERIES = st.integers(3, 25).flatmap(lambda n: arrays(np.float64, (n, 3), elements=st.integers(-4, 4)))


def test_a_series_with_ties_by_hand() -> None:
    # 1 2 2 3: five pairs rise, one is tied. Variance (4 * 3 * 13 - 2 * 1 * 9) / 18 = 23 / 3.
    trend = mann_kendall([1.0, 2.0, 2.0, 3.0])
    assert trend.score == 5
    assert trend.tau == pytest.approx(5 / 6)
    assert trend.z == pytest.approx(4 / np.sqrt(23 / 3))


@given(SERIES)
def test_equal_to_pymannkendall(series: Floats) -> None:
    ours = mann_kendall(series)
    for place in range(3):
        if (series[:, place] == series[0, place]).all():
            assert (ours.score[place], ours.z[place], ours.p[place]) == (0, 0, 1)
            continue
        theirs = pymannkendall.original_test(series[:, place])
        assert ours.score[place] == theirs.s
        assert ours.tau[place] == pytest.approx(theirs.Tau)
        assert ours.z[place] == pytest.approx(theirs.z)
        assert ours.p[place] == pytest.approx(theirs.p)


@given(SERIES)
def test_only_the_order_of_values_counts(series: Floats) -> None:
    plain = mann_kendall(series)
    np.testing.assert_allclose(mann_kendall(np.exp(series) * 7 - 3).z, plain.z)
    np.testing.assert_allclose(mann_kendall(-series).z, -plain.z)
    np.testing.assert_allclose(mann_kendall(series[::-1]).z, -plain.z)


def test_chance_alone_is_a_trend_as_often_as_it_says() -> None:
    p = mann_kendall(np.random.default_rng(1).normal(size=(24, 20_000))).p
    assert (p <= 0.05).mean() == pytest.approx(0.05, abs=0.01)


def test_any_shape_of_places_and_unknown_values() -> None:
    series = np.random.default_rng(2).normal(size=(6, 2, 3))
    series[3, 1, 2] = np.nan
    trend = mann_kendall(series)
    assert trend.z.shape == (2, 3)
    assert np.isnan([trend.score[1, 2], trend.tau[1, 2], trend.z[1, 2], trend.p[1, 2]]).all()
    assert np.isfinite(trend.p[0]).all()


def test_error_texts() -> None:
    for short in (np.zeros((1, 5)), np.float64(3)):
        with pytest.raises(DataError) as error:
            mann_kendall(short)
        assert str(error.value) == (
            f"Expected series of at least 2 slices of time. Received: shape {np.shape(short)}. "
            "Take a longer period."
        )
