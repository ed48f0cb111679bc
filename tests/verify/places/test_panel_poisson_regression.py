"""Poisson regression: by hand, against scikit-learn, and what cannot be fitted is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import PoissonRegressor

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify.panel.poisson import fit_poisson


def test_two_groups_by_hand():
    fit = fit_poisson([[0.0], [0.0], [1.0], [1.0]], [1, 3, 8, 8], l2=0.0)
    assert fit.expected([[0.0], [1.0]]) == pytest.approx([2.0, 8.0])


def test_an_offset_is_exposure_and_a_weight_of_two_counts_twice():
    counts, hours = np.array([2.0, 3.0, 12.0]), np.array([1.0, 2.0, 3.0])
    empty = np.empty((3, 0))
    fit = fit_poisson(empty, counts, offset=np.log(hours), weights=[1.0, 1.0, 2.0])
    assert fit.expected(empty, offset=np.log(hours)) == pytest.approx(hours * (2 + 3 + 24) / (1 + 2 + 6))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_agrees_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(0.0, 1.0, (300, 3)) @ rng.normal(0.0, 1.0, (3, 3))
    counts = rng.poisson(np.exp(0.3 * features[:, 0] - 0.5))
    weights = rng.uniform(0.2, 2.0, 300)
    fit = fit_poisson(features, counts, l2=5.0, weights=weights)
    mine = PoissonRegressor(alpha=5.0 / weights.sum(), solver="newton-cholesky", tol=1e-10, max_iter=1000)
    theirs = mine.fit((features - fit.mean) / fit.scale, counts, sample_weight=weights)
    assert fit.coefficients == pytest.approx(theirs.coef_, abs=1e-6)
    assert fit.intercept == pytest.approx(theirs.intercept_, abs=1e-6)


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(NoPositivesError, match="Expected at least one event to fit"):
        fit_poisson([[1.0], [2.0]], [0, 0])
    with pytest.raises(DataError, match="Expected finite counts >= 0"):
        fit_poisson([[1.0], [2.0]], [1, -1])
    with pytest.raises(DataError, match=r"Expected finite features \(n, k\) and n counts"):
        fit_poisson([[np.nan], [2.0]], [1, 1])
    with pytest.raises(ConfigError, match=r"Expected l2 >= 0\. Received: -1\.0\. Use 1\.0 unless"):
        fit_poisson([[1.0], [2.0]], [1, 1], l2=-1.0)
