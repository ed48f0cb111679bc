"""Calibration: Platt scaling, the calibration line, and the reliability curve with its consistency bars."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.calibration import _SigmoidCalibration

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify.calibration import Platt, calibration_slope_intercept, fit_platt, pool_levels, reliability_curve
from verify.logistic import logit, sigmoid


def draw(seed, count=3000, slope=1.0, intercept=0.0):
    """Logits and labels whose true calibration line is ``slope * logit + intercept``."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(-1.5, 1.0, count)
    return logits, rng.random(count) < sigmoid(slope * logits + intercept)


def test_platt_undoes_a_known_distortion():
    logits, labels = draw(0, count=200_000, slope=0.5, intercept=0.7)
    platt = fit_platt(logits, labels)
    assert platt.slope == pytest.approx(0.5, abs=0.02)
    assert platt.intercept == pytest.approx(0.7, abs=0.03)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_platt_agrees_with_scikit_learn(seed):
    logits, labels = draw(seed, count=300)
    theirs = _SigmoidCalibration().fit(logits, labels)
    platt = fit_platt(logits, labels)
    np.testing.assert_allclose(platt.apply(logits), theirs.predict(logits), atol=1e-4)


def test_platt_never_reverses_a_ranking():
    logits, labels = draw(1, slope=-1.0)
    platt = fit_platt(logits, labels)
    assert platt.slope == 0.0
    assert platt.apply([-5.0, 5.0]) == pytest.approx(np.full(2, labels.mean()), abs=1e-3)


def test_platt_of_a_constant_moves_it_to_the_base_rate():
    labels = np.arange(100) < 20
    platt = fit_platt(np.full(100, -3.0), labels)
    assert platt.slope == 1.0
    assert platt.apply([-3.0])[0] == pytest.approx(0.2, abs=0.01)


def test_platt_of_separable_logits_stays_finite():
    platt = fit_platt([-2.0, -1.0, 1.0, 2.0], [0, 0, 1, 1])
    assert 0.0 < platt.slope < 10.0


def test_platt_round_trip_and_errors():
    platt = Platt(1.1, -0.2)
    assert Platt.from_dict(json.loads(json.dumps(platt.to_dict()))) == platt
    with pytest.raises(DataError, match=r"^Expected a saved calibration\. Received: one without intercept\."):
        Platt.from_dict({"slope": 1.0})
    with pytest.raises(NoPositivesError, match=r"^Expected both events and non-events to calibrate\."):
        fit_platt([0.1, 0.2], [0, 0])


def test_calibration_line_of_two_groups_by_hand():
    # Forecast 0.2 with half events, forecast 0.8 with half events: slope 0.
    line = calibration_slope_intercept([0.2, 0.2, 0.8, 0.8], [0, 1, 0, 1])
    assert line.slope == pytest.approx(0.0, abs=1e-9)
    assert line.intercept == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 3.0), st.floats(-1.0, 1.0))
def test_a_distorted_forecast_has_the_inverse_line(seed, factor, shift):
    logits, labels = draw(seed)
    plain = calibration_slope_intercept(sigmoid(logits), labels)
    distorted = calibration_slope_intercept(sigmoid(factor * logits + shift), labels)
    assert distorted.slope == pytest.approx(plain.slope / factor, rel=1e-6)
    assert distorted.intercept == pytest.approx(plain.intercept - plain.slope * shift / factor, abs=1e-6)


def test_pooled_rows_give_the_slope_of_all_rows(monkeypatch):
    logits, labels = draw(5, count=120_000, slope=0.7, intercept=0.2)
    pooled = calibration_slope_intercept(sigmoid(logits), labels)
    assert pool_levels(logits).logits.size < 10_000
    monkeypatch.setattr("verify.calibration.ROWS_KEPT_APART", 1_000_000)
    exact = calibration_slope_intercept(sigmoid(logits), labels)
    assert pooled.slope == pytest.approx(exact.slope, rel=2e-5)
    assert pooled.intercept == pytest.approx(exact.intercept, abs=2e-5)


@pytest.mark.parametrize(
    "forecasts, labels",
    [
        ([0.3, 0.3, 0.3], [0, 1, 0]),
        ([0.1, 0.2], [0, 0]),
        ([0.1, 0.2, 0.8], [0, 0, 1]),
        ([0.9, 0.8, 0.1], [0, 0, 1]),
    ],
)
def test_no_line_where_none_is_finite(forecasts, labels):
    line = calibration_slope_intercept(forecasts, labels)
    assert math.isnan(line.slope)
    assert math.isnan(line.intercept)


def test_reliability_bins_by_hand():
    curve = reliability_curve([0.1, 0.3, 0.6, 0.8], [0, 1, 0, 1], bins=2)
    assert curve.forecast == pytest.approx([0.2, 0.7])
    assert curve.observed.tolist() == [0.5, 0.5]
    assert curve.count.tolist() == [2, 2]


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=50), st.integers(1, 9))
def test_reliability_counts_every_row_once_and_keeps_equal_forecasts_together(table, bins):
    forecasts, labels = (np.array(column) for column in zip(*table, strict=True))
    curve = reliability_curve(forecasts / 6, labels, bins=bins)
    assert curve.count.sum() == len(table)
    assert curve.count.min() > 0
    assert curve.count @ curve.observed == pytest.approx(labels.sum())
    assert len(curve.count) <= min(bins, np.unique(forecasts).size)


@pytest.mark.parametrize(
    "count, probability", [(1, 0.0), (7, 0.5), (440, 0.163), (50_000, 1e-4), (300_000, 0.6), (9, 1.0)]
)
def test_consistency_bars_are_binomial_quantiles(count, probability):
    curve = reliability_curve(np.full(count, probability), np.zeros(count), bins=1)
    expected = binom.ppf([0.025, 0.975], count, probability).clip(0) / count
    assert [curve.lo[0], curve.hi[0]] == pytest.approx(expected.tolist(), abs=1e-12)


def test_consistency_bars_hold_a_calibrated_forecast_as_resampling_says():
    rng = np.random.default_rng(8)
    forecasts = sigmoid(rng.normal(-2.0, 1.0, 2000))
    inside = [
        (curve.lo <= curve.observed) & (curve.observed <= curve.hi)
        for curve in (reliability_curve(forecasts, rng.random(2000) < forecasts) for _ in range(200))
    ]
    assert 0.93 < np.mean(inside) < 0.985


def test_an_overconfident_forecast_leaves_its_bars():
    logits, labels = draw(3, slope=0.3)
    curve = reliability_curve(sigmoid(logits), labels)
    assert ((curve.observed < curve.lo) | (curve.observed > curve.hi)).sum() >= 5


def test_bins_below_one_are_refused():
    with pytest.raises(ConfigError, match=r"^Expected at least 1 bin\. Received: 0\. Use 10\.$"):
        reliability_curve([0.5], [1], bins=0)


def test_logit_is_what_platt_reads():
    assert Platt(1.0, 0.0).apply(logit([0.25]))[0] == pytest.approx(0.25)
