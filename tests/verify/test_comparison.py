"""Comparing forecasts: Diebold-Mariano and Benjamini-Hochberg, by hand, by simulation, and against others."""

import doctest
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, ttest_1samp
from scores.stats.statistical_tests import diebold_mariano as their_diebold_mariano

from incidents.errors import ConfigError, DataError
from verify import comparison
from verify.comparison import benjamini_hochberg, diebold_mariano


def test_example_in_the_docs_is_true():
    assert doctest.testmod(comparison).failed == 0


@given(st.integers(0, 2**32 - 1))
def test_one_step_ahead_it_is_the_paired_t_test(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.gamma(2.0, 1.0, (2, 30))
    ours, theirs = diebold_mariano(first, second), ttest_1samp(first - second, 0.0)
    assert ours.difference == pytest.approx((first - second).mean())
    assert ours.statistic == pytest.approx(theirs.statistic)
    assert ours.p_value == pytest.approx(theirs.pvalue)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_agrees_with_the_package_scores(seed, horizon):
    rng = np.random.default_rng(seed)
    gap = np.convolve(rng.normal(0.2, 1.0, 60), np.ones(horizon), mode="valid")
    series = xr.DataArray(
        gap[None, :], dims=("series", "time"), coords={"series": [0], "h": ("series", [horizon])}
    )
    theirs = float(their_diebold_mariano(series, "series", "h", method="HLN")["dm_test_stat"][0])
    ours = diebold_mariano(gap, np.zeros(gap.size), horizon=horizon).statistic
    assert ours == pytest.approx(theirs, abs=1e-10, nan_ok=True)


def test_swapping_forecasts_turns_the_sign():
    rng = np.random.default_rng(3)
    first, second = rng.random((2, 50))
    forward, backward = diebold_mariano(first, second, horizon=3), diebold_mariano(second, first, horizon=3)
    assert forward.statistic == -backward.statistic
    assert forward.p_value == backward.p_value


def test_equal_losses_differ_by_nothing():
    assert diebold_mariano([1.0, 2.0], [1.0, 2.0]).p_value == 1.0


def test_a_variance_that_is_not_positive_is_undefined():
    gap = np.tile([1.0, -1.0], 10)
    assert math.isnan(diebold_mariano(gap, np.zeros(20), horizon=2).p_value)


def test_it_rejects_equal_forecasts_as_often_as_it_says():
    rng = np.random.default_rng(4)
    rejected = np.mean([diebold_mariano(*rng.random((2, 40))).p_value < 0.05 for _ in range(1000)])
    assert rejected == pytest.approx(0.05, abs=0.02)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_discoveries_agree_with_scipy(p_values):
    found = benjamini_hochberg(p_values, rate=0.1)
    np.testing.assert_allclose(found.adjusted, false_discovery_control(p_values), atol=1e-12)
    assert found.kept.tolist() == (found.adjusted <= 0.1).tolist()


def test_no_test_is_no_discovery():
    assert benjamini_hochberg([]).kept.size == 0


def test_errors_name_the_remedy():
    with pytest.raises(
        ConfigError, match=r"^Expected a horizon in \[1, 3\)\. Received: 3\. Score more time steps\.$"
    ):
        diebold_mariano([1, 2, 3], [1, 2, 4], horizon=3)
    with pytest.raises(
        DataError, match=r"^Expected finite losses of one shape \(n,\)\. Received: \(2,\) and \(3,\)\."
    ):
        diebold_mariano([1, 2], [1, 2, 3])
    with pytest.raises(DataError, match=r"^Expected p-values in \[0, 1\], shape \(k,\)\."):
        benjamini_hochberg([0.5, math.nan])
    with pytest.raises(ConfigError, match=r"^Expected a rate between 0 and 1\. Received: 5\. Use 0\.05\.$"):
        benjamini_hochberg([0.5], rate=5)
