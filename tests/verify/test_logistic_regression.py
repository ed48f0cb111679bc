"""Logistic regression: by hand, by invariant, against scikit-learn, and on data that defeat naive Newton."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify.logistic import LogisticFit, fit_logistic, logit, sigmoid


def draw(seed, count=400, columns=4):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, columns)) * [1, 50, 0.01, 3][:columns] + [0, 1000, -1, 2][:columns]
    centred = (features - features.mean(axis=0)) / features.std(axis=0)
    labels = rng.random(count) < sigmoid(-1.0 + centred @ np.array([1.0, -0.5, 0.3, 0.0])[:columns])
    labels[:2] = True, False
    return features, labels


def test_two_groups_give_their_own_log_odds():
    # Group 0: 1 event of 4; group 1: 3 of 4. Without penalty the fit is saturated.
    features = np.repeat([[0.0], [1.0]], 4, axis=0)
    labels = [1, 0, 0, 0, 1, 1, 1, 0]
    fit = fit_logistic(features, labels, l2=0.0)
    np.testing.assert_allclose(fit.predict([[0.0], [1.0]]), [0.25, 0.75], atol=1e-9)


def test_no_features_give_the_base_rate():
    fit = fit_logistic(np.zeros((4, 0)), [1, 0, 0, 0])
    assert fit.intercept == pytest.approx(math.log(1 / 3))


def test_sigmoid_and_logit_are_inverse_and_survive_the_ends():
    logits = np.array([-800.0, -30.0, -1.0, 0.0, 2.0, 800.0])
    assert sigmoid(logits)[[0, -1]].tolist() == [0.0, 1.0]
    np.testing.assert_allclose(logit(sigmoid(logits[1:5])), logits[1:5], atol=1e-9)
    assert np.isfinite(logit([0.0, 1.0])).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 1.0, 30.0]), st.booleans())
def test_agrees_with_scikit_learn_on_standardised_features(seed, l2, weighted):
    features, labels = draw(seed)
    weights = np.random.default_rng(seed + 1).random(len(labels)) + 0.1 if weighted else None
    fit = fit_logistic(features, labels, l2=l2, weights=weights)
    theirs = LogisticRegression(C=1.0 / l2, solver="newton-cholesky", tol=1e-12, max_iter=200)
    theirs.fit((features - fit.mean) / fit.scale, labels, sample_weight=weights)
    np.testing.assert_allclose(fit.coefficients, theirs.coef_[0], atol=1e-7)
    assert fit.intercept == pytest.approx(theirs.intercept_[0], abs=1e-7)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_mean_forecast_is_the_base_rate_and_units_do_not_matter(seed):
    features, labels = draw(seed)
    fit = fit_logistic(features, labels)
    assert fit.predict(features).mean() == pytest.approx(labels.mean(), abs=1e-9)
    moved = fit_logistic(features * -7.0 + 3.0, labels)
    np.testing.assert_allclose(moved.predict(features * -7.0 + 3.0), fit.predict(features), atol=1e-8)


def test_weights_are_repeated_rows():
    features, labels = draw(3, count=80)
    weights = np.random.default_rng(4).integers(0, 4, 80)
    weights[:2] = 1
    kept = np.repeat(np.arange(80), weights)
    weighted = fit_logistic(features, labels, weights=weights)
    repeated = fit_logistic(features[kept], labels[kept])
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, atol=1e-8)


def test_an_offset_that_says_it_all_leaves_nothing_to_learn():
    features, labels = draw(7, count=20_000)
    offset = fit_logistic(features, labels, l2=0.0).logit(features)
    again = fit_logistic(features, labels, l2=0.0, offset=offset)
    np.testing.assert_allclose([again.intercept, *again.coefficients], 0.0, atol=1e-6)
    np.testing.assert_allclose(again.logit(features, offset=offset), offset, atol=1e-5)


def test_separable_labels_stay_finite_with_a_penalty_and_are_refused_without():
    features, labels = np.arange(20.0)[:, None], np.arange(20) >= 10
    fit = fit_logistic(features, labels, l2=1e-3)
    assert np.isfinite(fit.coefficients).all()
    assert (fit.predict(features) > 0.5).tolist() == labels.tolist()
    with pytest.raises(DataError, match=r"separable labels\. Use l2 > 0\.$"):
        fit_logistic(features, labels, l2=0.0)


def test_a_heavy_tail_that_overshoots_plain_newton_still_converges():
    features = np.concatenate([np.full(500, 0.0), [1e4, -1e4, 2e4]])[:, None]
    labels = np.concatenate([np.zeros(499), [1], [1, 0, 1]])
    fit = fit_logistic(features, labels, l2=1e-6)
    assert fit.predict(features).mean() == pytest.approx(labels.mean(), abs=1e-9)


def test_a_constant_column_gets_no_coefficient():
    features, labels = draw(1)
    fit = fit_logistic(np.column_stack([features, np.full(len(labels), 0.1)]), labels)
    assert fit.coefficients[-1] == pytest.approx(0.0, abs=1e-9)
    assert fit.scale[-1] == 1.0


def test_round_trip_through_json_is_exact():
    features, labels = draw(2)
    fit = fit_logistic(features, labels)
    again = LogisticFit.from_dict(json.loads(json.dumps(fit.to_dict())))
    assert again.predict(features).tolist() == fit.predict(features).tolist()


def test_arguments_stay_as_they_were():
    features, labels = draw(2)
    before = features.copy(), labels.copy()
    fit_logistic(features, labels)
    assert (features == before[0]).all()
    assert (labels == before[1]).all()


def test_errors_name_the_remedy():
    features, labels = draw(2)
    with pytest.raises(NoPositivesError, match=r"Received: 0 events in 400 rows\. Take a longer period"):
        fit_logistic(features, np.zeros(400))
    with pytest.raises(
        DataError, match=r"^Expected finite features\. Received: NaN or infinity\. Drop the first"
    ):
        fit_logistic(np.full((400, 1), np.nan), labels)
    with pytest.raises(DataError, match=r"^Expected 400 rows of features, one per label\. Received: 399\."):
        fit_logistic(features[1:], labels)
    with pytest.raises(ConfigError, match=r"^Expected l2 >= 0\. Received: -1\."):
        fit_logistic(features, labels, l2=-1)
    with pytest.raises(DataError, match=r"^Expected features of shape \(n, 4\)\. Received: \(400, 3\)\."):
        fit_logistic(features, labels).predict(features[:, :3])
    with pytest.raises(DataError, match=r"Received: one without mean, scale\. Train again\.$"):
        LogisticFit.from_dict({"intercept": 0.0, "coefficients": [1.0]})
    with pytest.raises(DataError, match=r"^Expected lists of one length\."):
        LogisticFit.from_dict({"intercept": 0.0, "coefficients": [1.0], "mean": [], "scale": [1.0]})
