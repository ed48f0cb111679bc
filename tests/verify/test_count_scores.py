"""Scores of counts: by hand, by invariant, and against scores, scikit-learn and summed distributions."""

import doctest

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scores.continuous import quantile_score
from scores.probability import crps_for_ensemble
from sklearn.metrics import mean_pinball_loss

from incidents.errors import ConfigError, DataError
from verify import count_scores
from verify.count_scores import crps_ensemble, crps_of_mass, crps_poisson, fair_crps_ensemble, pinball_loss

seeds = st.integers(0, 2**32 - 1)


def test_examples_in_the_docs_are_true():
    assert doctest.testmod(count_scores).failed == 0


def test_a_sure_forecast_costs_its_distance():
    sure = np.zeros((3, 4))
    sure[:, 1] = 1.0
    assert crps_of_mass(sure, [0, 1, 6]).tolist() == [1.0, 0.0, 5.0]
    assert crps_ensemble([[1.0], [1.0], [1.0]], [0, 1, 6]).tolist() == [1.0, 0.0, 5.0]


def test_two_members_by_hand():
    # mean|x - y| = (1 + 1) / 2, mean over ordered pairs |x - x'| = 4 / 4 (all) or 4 / 2 (distinct).
    assert crps_ensemble([[1.0, 3.0]], [2]) == pytest.approx([0.5])
    assert fair_crps_ensemble([[1.0, 3.0]], [2]) == pytest.approx([0.0])


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_poisson_form_is_the_sum_over_counts(seed):
    rng = np.random.default_rng(seed)
    mean = rng.gamma(1.0, 3.0, 20) + 1e-3
    counts = rng.poisson(mean)
    mass = stats.poisson.pmf(np.arange(200), mean[:, None])
    np.testing.assert_allclose(crps_poisson(mean, counts), crps_of_mass(mass, counts), atol=1e-10)


def test_poisson_form_holds_for_large_means():
    counts = np.array([900, 1000, 1100])
    mass = stats.poisson.pmf(np.arange(3000), 1000.0)[None, :].repeat(3, axis=0)
    np.testing.assert_allclose(
        crps_poisson(np.full(3, 1000.0), counts), crps_of_mass(mass, counts), atol=1e-8
    )


@settings(max_examples=1000, deadline=None)
@given(seeds)
def test_ensembles_and_quantiles_agree_with_the_package_scores_and_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    rows, size = int(rng.integers(1, 6)), int(rng.integers(2, 9))
    members, counts = rng.poisson(2.0, (rows, size)).astype(float), rng.poisson(2.0, rows)
    forecast, observed = (
        xr.DataArray(members, dims=("row", "m")),
        xr.DataArray(counts.astype(float), dims="row"),
    )
    for ours, method in ((crps_ensemble, "ecdf"), (fair_crps_ensemble, "fair")):
        theirs = crps_for_ensemble(forecast, observed, "m", method=method, preserve_dims="all")
        np.testing.assert_allclose(ours(members, counts), theirs, atol=1e-10)
    level = float(rng.uniform(0.05, 0.95))
    loss = pinball_loss(members[:, 0], counts, level=level)
    theirs = quantile_score(forecast.isel(m=0), observed, level, preserve_dims="all")
    np.testing.assert_allclose(loss, theirs, atol=1e-10)
    assert loss.mean() == pytest.approx(mean_pinball_loss(counts, members[:, 0], alpha=level), abs=1e-10)


def test_the_true_distribution_scores_best():
    rng = np.random.default_rng(1)
    counts = rng.poisson(3.0, 40_000)
    losses = {mean: crps_poisson(np.full(counts.size, mean), counts).mean() for mean in (2.5, 3.0, 3.5)}
    assert min(losses, key=losses.__getitem__) == 3.0
    quantiles = {q: pinball_loss(np.full(counts.size, q), counts, level=0.9).mean() for q in (4.0, 5.0, 6.0)}
    assert min(quantiles, key=quantiles.__getitem__) == stats.poisson.ppf(0.9, 3.0)


def test_fair_score_does_not_depend_on_the_number_of_members():
    rng = np.random.default_rng(2)
    counts = rng.poisson(3.0, 30_000)
    few, many = (fair_crps_ensemble(rng.poisson(3.0, (counts.size, m)), counts).mean() for m in (2, 30))
    exact = crps_poisson(np.full(counts.size, 3.0), counts).mean()
    assert few == pytest.approx(exact, abs=0.03)
    assert many == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize(
    "score, message",
    [
        (
            lambda: crps_of_mass([[0.5, 0.4]], [1]),
            r"^Expected rows of mass >= 0 that add up to 1\. Received: sums from 0\.9",
        ),
        (
            lambda: crps_ensemble([[1.0], [2.0]], [1]),
            r"^Expected finite members of shape \(1, k\)\. Received: \(2, 1\)\.",
        ),
        (
            lambda: fair_crps_ensemble([[1.0]], [1]),
            r"^Expected at least 2 members\. Received: 1\. Use crps_ensemble",
        ),
        (lambda: crps_poisson([0.0], [1]), r"^Expected 1 finite means > 0\."),
        (lambda: crps_poisson([1.0], [1.5]), r"^Expected whole counts >= 0\. Received: 1\.5 to 1\.5\."),
        (lambda: crps_poisson([], []), r"^Expected counts of shape \(n,\), n > 0\."),
        (lambda: pinball_loss([np.nan], [1], level=0.5), r"^Expected 1 finite quantiles\."),
    ],
)
def test_bad_input_is_refused_with_its_remedy(score, message):
    with pytest.raises(DataError, match=message):
        score()


def test_a_level_outside_its_range_is_refused():
    with pytest.raises(ConfigError, match=r"^Expected a level between 0 and 1\. Received: 90\."):
        pinball_loss([1.0], [1], level=90)
