"""The gate says skill only where a model beats its best baseline beyond chance."""

import numpy as np
import pytest

from incidents.errors import ConfigError
from verify.bootstrap import BootstrapScores, Metric, bootstrap_scores
from verify.gate import judge
from verify.logistic import sigmoid


def score(seed=0, weeks=60, **noise):
    """Scores of forecasts that know the truth up to noise of the given size, and of the base rate."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(-1.5, 1.0, weeks * 84)
    labels = rng.random(truth.size) < sigmoid(truth)
    forecasts = {name: sigmoid(truth + rng.normal(0, size, truth.size)) for name, size in noise.items()}
    forecasts["constant"] = np.full(truth.size, 0.22)
    return bootstrap_scores(forecasts, labels, np.arange(truth.size) // 84, replicates=300, rng=rng)


def scores_by_hand(log_gain, brier_gain):
    """A model and one baseline whose replicates spread by 0.01 around the given gains."""
    spread = np.linspace(-0.01, 0.01, 101)
    values = {
        "model": {Metric.LOG_SCORE: 0.5 - log_gain, Metric.BRIER_SKILL: brier_gain},
        "base": {Metric.LOG_SCORE: 0.5, Metric.BRIER_SKILL: 0.0},
    }
    replicates = {name: {m: np.full(101, number) for m, number in by.items()} for name, by in values.items()}
    replicates["model"][Metric.LOG_SCORE] = values["model"][Metric.LOG_SCORE] + spread
    return BootstrapScores(values, replicates, blocks=50)


def test_a_better_model_is_told_so_against_the_best_baseline_not_the_worst():
    verdict = judge(score(model=0.1, close=0.8), model="model")
    assert verdict.skill
    assert verdict.baseline == "close"
    assert verdict.difference.lo > 0.0
    assert verdict.text.startswith("beats the best baseline (close) by 0.")
    assert verdict.text.endswith("] in log score (nats per window)")


def test_the_sentences_by_hand():
    assert judge(scores_by_hand(0.02, 0.01), model="model").text == (
        "beats the best baseline (base) by 0.0200 [0.0105, 0.0295] in log score (nats per window)"
    )
    assert judge(scores_by_hand(0.002, 0.01), model="model").text == (
        "no skill shown: the gain over the best baseline (base) is 0.0020 [-0.0075, 0.0115] "
        "in log score (nats per window)"
    )
    assert judge(scores_by_hand(0.02, -0.03), model="model", unit="cell and window").text == (
        "no skill shown: the gain over the best baseline (base) is 0.0200 [0.0105, 0.0295] "
        "in log score (nats per cell and window), but the Brier skill is lower by 0.0300"
    )


def test_a_worse_model_and_a_constant_have_no_skill():
    assert not judge(score(model=1.0, close=0.2), model="model").skill
    assert not judge(score(close=0.2), model="constant").skill


def test_an_equal_model_seldom_passes():
    # Two equally noisy forecasts: at most a few of 40 may pass the one-sided 2.5%.
    passed = sum(judge(score(seed, weeks=15, model=0.5, twin=0.5), model="model").skill for seed in range(40))
    assert passed <= 4


def test_a_model_without_baseline_or_score_is_refused():
    scores = score(model=0.1)
    with pytest.raises(
        ConfigError,
        match=r"^Expected scores of other and of at least one baseline\. Received: model, constant\.",
    ):
        judge(scores, model="other")
    alone = BootstrapScores({"model": scores.values["model"]}, {"model": scores.replicates["model"]}, 2)
    with pytest.raises(ConfigError, match=r"Received: model\. Score the baselines on the same rows\.$"):
        judge(alone, model="model")
