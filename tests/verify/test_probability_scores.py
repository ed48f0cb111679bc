"""Scores of probabilities: by hand, by invariant, and against scikit-learn."""

import doctest
import math

import numpy as np
import pytest
import scores
import scores.probability
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from incidents.errors import ConfigError, DataError
from verify import probability_scores, ranking
from verify.probability_scores import (
    average_precision,
    brier_decomposition,
    brier_score,
    brier_skill,
    log_score,
    roc_auc,
)
from verify.ranking import ranking_curves

# Few distinct values, so that ties are the rule.
rows = st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 3)), min_size=2, max_size=60)


def unpack(table):
    forecasts, labels, weights = (np.array(column) for column in zip(*table, strict=True))
    return forecasts / 8.0, labels, weights.astype(float)


@pytest.mark.parametrize("module", [probability_scores, ranking])
def test_examples_in_the_docs_are_true(module):
    assert doctest.testmod(module).failed == 0


def test_auc_counts_pairs_and_ties_as_half():
    # Pairs (event, other): 0.8>0.6, 0.8>0.3, 0.6=0.6, 0.6>0.3 -> 3.5 of 4.
    assert roc_auc([0.8, 0.6, 0.6, 0.3], [1, 1, 0, 0]) == 3.5 / 4


def test_average_precision_of_a_tie_takes_the_whole_tie():
    # Top rung: 1 event of 1; next rung: an event tied with a non-event, 2 of 3.
    assert average_precision([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0]) == pytest.approx(0.5 * 1.0 + 0.5 * 2 / 3)


def test_brier_skill_against_the_base_rate_of_a_known_table():
    # Brier 0.25 * (0.01 + 0.04 + 0.09 + 0.16) = 0.075; the base rate 0.5 scores 0.25.
    assert brier_skill([0.9, 0.8, 0.3, 0.4], [1, 1, 0, 0], reference=0.5) == pytest.approx(0.7)


def test_skill_is_undefined_against_a_perfect_reference():
    assert math.isnan(brier_skill([0.9, 0.1], [1, 0], reference=[1.0, 0.0]))


def test_a_certain_forecast_that_fails_costs_36_nats_not_infinity():
    assert log_score([0.0], [1]) == pytest.approx(-math.log(np.finfo(float).eps))


def test_one_class_leaves_ranking_undefined():
    assert math.isnan(roc_auc([0.1, 0.2], [0, 0]))
    assert math.isnan(average_precision([0.1, 0.2], [0, 0]))
    assert average_precision([0.1, 0.2], [1, 1]) == 1.0


def test_ranking_ignores_rows_of_weight_zero():
    assert roc_auc([0.9, 0.8, 0.1], [0, 1, 0], weights=[0, 1, 1]) == 1.0


@given(rows)
def test_auc_of_reversed_forecasts_is_the_complement(table):
    forecasts, labels, weights = unpack(table)
    weights = weights + 1.0
    if labels.all() or not labels.any():
        return
    forward = roc_auc(forecasts, labels, weights=weights)
    assert roc_auc(-forecasts, labels, weights=weights) == pytest.approx(1.0 - forward, abs=1e-12)
    assert roc_auc(np.exp(5 * forecasts), labels, weights=weights) == pytest.approx(forward, abs=1e-12)


@given(rows)
def test_weights_are_repeated_rows(table):
    forecasts, labels, weights = unpack(table)
    repeated = np.repeat(np.arange(len(labels)), weights.astype(int))
    if repeated.size == 0:
        return
    for score in (roc_auc, average_precision, brier_score, log_score):
        expected = score(forecasts[repeated], labels[repeated])
        assert score(forecasts, labels, weights=weights) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(rows, st.one_of(st.none(), st.integers(1, 12)))
def test_brier_decomposition_closes(table, bins):
    forecasts, labels, weights = unpack(table)
    parts = brier_decomposition(forecasts * 0.97, labels, bins=bins, weights=weights + 0.5)
    rebuilt = parts.reliability - parts.generalised_resolution + parts.uncertainty
    assert abs(parts.brier - rebuilt) < 1e-12
    assert parts.brier == pytest.approx(
        brier_score(forecasts * 0.97, labels, weights=weights + 0.5), abs=1e-12
    )


@given(rows)
def test_distinct_forecasts_leave_nothing_inside_bins(table):
    forecasts, labels, _ = unpack(table)
    parts = brier_decomposition(forecasts, labels)
    assert abs(parts.within_bin_variance) < 1e-15
    assert abs(parts.within_bin_covariance) < 1e-15


def test_within_bin_terms_by_hand():
    # One bin, forecasts 0 and 0.5, outcomes 0 and 1: mean 0.25 and 0.5.
    parts = brier_decomposition([0.0, 0.5], [0, 1], bins=1)
    assert parts.reliability == pytest.approx(0.0625)
    assert parts.resolution == 0.0
    assert parts.within_bin_variance == pytest.approx(0.0625)
    assert parts.within_bin_covariance == pytest.approx(0.25)
    assert parts.brier == pytest.approx(0.125)


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_agrees_with_scikit_learn_and_the_package_scores(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 80))
    labels = rng.random(count) < 0.4
    labels[:2] = True, False
    forecasts = rng.integers(0, 21, count) / 20.0 if rng.random() < 0.5 else rng.random(count)
    weights = rng.random(count) + 0.01 if rng.random() < 0.5 else None
    theirs = {"sample_weight": weights}
    assert roc_auc(forecasts, labels, weights=weights) == pytest.approx(
        metrics.roc_auc_score(labels, forecasts, **theirs), abs=1e-10
    )
    assert average_precision(forecasts, labels, weights=weights) == pytest.approx(
        metrics.average_precision_score(labels, forecasts, **theirs), abs=1e-10
    )
    assert brier_score(forecasts, labels, weights=weights) == pytest.approx(
        metrics.brier_score_loss(labels, forecasts, **theirs), abs=1e-10
    )
    assert log_score(forecasts, labels, weights=weights) == pytest.approx(
        metrics.log_loss(labels, forecasts, **theirs), abs=1e-10
    )
    forecast, observed = (xr.DataArray(column.astype(float), dims="row") for column in (forecasts, labels))
    weight = None if weights is None else xr.DataArray(weights, dims="row")
    assert brier_score(forecasts, labels, weights=weights) == pytest.approx(
        float(scores.probability.brier_score(forecast, observed, weights=weight)), abs=1e-10
    )
    assert roc_auc(forecasts, labels) == pytest.approx(
        float(scores.probability.roc_auc(forecast, observed, check_args=False)), abs=1e-10
    )


def test_curves_enclose_the_scores():
    rng = np.random.default_rng(5)
    labels = rng.random(500) < 0.3
    forecasts = np.round(rng.random(500) * 0.5 + 0.3 * labels, 2)
    curves = ranking_curves(forecasts, labels)
    assert np.trapezoid(curves.hit_rate, curves.false_alarm_rate) == pytest.approx(roc_auc(forecasts, labels))
    steps = np.diff(curves.recall, prepend=0.0)
    assert steps @ curves.precision == pytest.approx(average_precision(forecasts, labels))


@pytest.mark.parametrize(
    "forecasts, labels, message",
    [
        (
            [0.5, 1.5],
            [0, 1],
            r"^Expected probabilities in \[0, 1\]\. Received: 0\.5 to 1\.5\. Pass logits through",
        ),
        (
            [0.5, math.nan],
            [0, 1],
            r"^Expected finite forecasts\. Received: 1 of 2 not finite\. Drop those rows",
        ),
        (
            [0.5],
            [0, 1],
            r"^Expected 2 forecasts, one per label\. Received: shape \(1,\)\. Align them first\.$",
        ),
        ([0.5, 0.5], [0, 2], r"^Expected labels of 0 and 1\. Received: 2\. Turn counts into labels first"),
        ([], [], r"^Expected labels of shape \(n,\), n > 0\. Received: \(0,\)\."),
    ],
)
def test_bad_input_is_refused_with_its_remedy(forecasts, labels, message):
    with pytest.raises(DataError, match=message):
        brier_score(forecasts, labels)


def test_bad_weights_and_bins_are_refused():
    with pytest.raises(
        DataError, match=r"^Expected finite weights >= 0 with a positive sum\. Received: 0 to 0\."
    ):
        brier_score([0.5], [1], weights=[0.0])
    with pytest.raises(DataError, match=r"^Expected 1 weights, one per label\. Received: shape \(2,\)\."):
        brier_score([0.5], [1], weights=[0.5, 0.5])
    with pytest.raises(ConfigError, match=r"^Expected at least 1 bin\. Received: 0\."):
        brier_decomposition([0.5], [1], bins=0)
