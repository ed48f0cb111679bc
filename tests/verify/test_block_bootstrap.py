"""The paired block bootstrap: each replicate equals scoring the drawn blocks, and intervals mean what they say."""

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify.bootstrap import Metric, bootstrap_scores
from verify.calibration import calibration_slope_intercept
from verify.logistic import logit, sigmoid
from verify.probability_scores import average_precision, brier_skill, log_score, roc_auc


def draw(seed=0, count=600, noise=0.5):
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1.0, 1.0, count)
    labels = rng.random(count) < sigmoid(truth)
    forecasts = {"good": sigmoid(truth), "noisy": np.round(sigmoid(truth + rng.normal(0, noise, count)), 2)}
    return forecasts, labels, rng.permutation(np.arange(count) // 30)


def score_rows(forecast, labels):
    return {
        Metric.AUC: roc_auc(forecast, labels),
        Metric.AVERAGE_PRECISION: average_precision(forecast, labels),
        Metric.BRIER_SKILL: brier_skill(forecast, labels, reference=labels.mean()),
        Metric.LOG_SCORE: log_score(forecast, labels),
        Metric.CALIBRATION_SLOPE: calibration_slope_intercept(forecast, labels).slope,
    }


def test_every_replicate_is_the_score_of_its_rows():
    forecasts, labels, blocks = draw()
    scores = bootstrap_scores(forecasts, labels, blocks, replicates=25, rng=np.random.default_rng(3))
    draws = np.random.default_rng(3).multinomial(20, np.full(20, 0.05), size=25)
    for name, forecast in forecasts.items():
        for replicate, drawn in enumerate(draws):
            rows = np.repeat(np.arange(len(labels)), drawn[blocks])
            for metric, expected in score_rows(forecast[rows], labels[rows]).items():
                assert scores.replicates[name][metric][replicate] == pytest.approx(expected, abs=1e-6), metric


def test_the_value_is_the_score_of_the_sample():
    forecasts, labels, blocks = draw()
    scores = bootstrap_scores(forecasts, labels, blocks, replicates=2, rng=np.random.default_rng(3))
    for name, forecast in forecasts.items():
        for metric, expected in score_rows(forecast, labels).items():
            assert scores.estimate(name, metric).value == pytest.approx(expected, abs=1e-9), metric


def test_calibration_slope_agrees_with_scikit_learn():
    forecasts, labels, blocks = draw()
    scores = bootstrap_scores(forecasts, labels, blocks, replicates=1, rng=np.random.default_rng(3))
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(forecasts["good"])[:, None], labels)
    assert scores.values["good"][Metric.CALIBRATION_SLOPE] == pytest.approx(theirs.coef_[0, 0], abs=1e-5)


def test_the_same_forecast_twice_differs_by_nothing():
    forecasts, labels, blocks = draw()
    twins = {"a": forecasts["good"], "b": forecasts["good"]}
    scores = bootstrap_scores(twins, labels, blocks, replicates=50, rng=np.random.default_rng(0))
    for difference in scores.differences("a")["b"].values():
        assert (difference.value, difference.lo, difference.hi) == (0.0, 0.0, 0.0)


def test_names_of_blocks_and_chunks_of_replicates_do_not_matter(monkeypatch):
    forecasts, labels, blocks = draw()
    plain = bootstrap_scores(forecasts, labels, blocks, replicates=20, rng=np.random.default_rng(1))
    monkeypatch.setattr("verify.resampling.CHUNK_VALUES", 1)
    renamed = bootstrap_scores(
        forecasts, labels, blocks * 10 - 7, replicates=20, rng=np.random.default_rng(1)
    )
    for metric in Metric:
        np.testing.assert_allclose(
            plain.replicates["noisy"][metric], renamed.replicates["noisy"][metric], atol=1e-9, err_msg=metric
        )


def test_intervals_of_clustered_events_cover_the_truth():
    # Weeks share a random effect, so rows are dependent: only whole-block resampling keeps its 95%.
    covered, truth = 0, 0.3
    for seed in range(150):
        rng = np.random.default_rng(seed)
        weekly = np.repeat(rng.beta(0.3 * 6, 0.7 * 6, 50), 40)
        labels = rng.random(2000) < weekly
        scores = bootstrap_scores(
            {"p": np.full(2000, 0.5)}, labels, np.arange(2000) // 40, replicates=200, rng=rng
        )
        # The Brier score of 0.5 is always 0.25, so skill is a function of the base rate alone.
        skill = scores.estimate("p", Metric.BRIER_SKILL)
        covered += skill.lo <= 1.0 - 0.25 / (truth * (1 - truth)) <= skill.hi
    assert 0.88 <= covered / 150 <= 0.99


def test_undefined_scores_are_nan_and_left_out_of_intervals():
    labels = np.zeros(40, dtype=bool)
    labels[[3, 5]] = True
    forecast = np.linspace(0.1, 0.5, 40)
    scores = bootstrap_scores(
        {"p": forecast, "flat": np.full(40, 0.1)},
        labels,
        np.arange(40) // 10,
        replicates=200,
        rng=np.random.default_rng(0),
    )
    # Events in one of four blocks: about (3/4)^4 of the replicates have none.
    undefined = np.isnan(scores.replicates["p"][Metric.AUC]).mean()
    assert undefined == pytest.approx(0.75**4, abs=0.1)
    assert math.isfinite(scores.estimate("p", Metric.AUC).lo)
    slope = scores.estimate("flat", Metric.CALIBRATION_SLOPE)
    assert all(math.isnan(number) for number in (slope.value, slope.lo, slope.hi))


def test_errors_name_the_remedy():
    forecasts, labels, blocks = draw()
    rng = np.random.default_rng(0)
    with pytest.raises(
        DataError, match=r"^Expected at least 2 blocks of time\. Received: 1\. Score a longer period\.$"
    ):
        bootstrap_scores(forecasts, labels, np.zeros(600, dtype=int), rng=rng)
    with pytest.raises(DataError, match=r"^Expected an integer block for each of 600 rows\."):
        bootstrap_scores(forecasts, labels, blocks.astype(float), rng=rng)
    with pytest.raises(NoPositivesError, match=r"^Expected both events and non-events to score a forecast\."):
        bootstrap_scores(forecasts, np.zeros(600), blocks, rng=rng)
    with pytest.raises(ConfigError, match=r"^Expected at least one forecast\. Received: none\."):
        bootstrap_scores({}, labels, blocks, rng=rng)
    with pytest.raises(ConfigError, match=r"^Expected at least one replicate\. Received: 0\. Use 1000\.$"):
        bootstrap_scores(forecasts, labels, blocks, replicates=0, rng=rng)
    scores = bootstrap_scores(forecasts, labels, blocks, replicates=1, rng=rng)
    with pytest.raises(ConfigError, match=r"^Expected a baseline among good, noisy\. Received: best\.$"):
        scores.differences("best")
