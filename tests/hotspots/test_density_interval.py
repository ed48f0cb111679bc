"""Intervals of weighted sums and of ratios: as the exact Poisson interval, and right as often as they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from hotspots.density.interval import Interval, bound_ratio, bound_sum


@given(count=st.integers(0, 500), weight=st.floats(0.01, 100))
def test_of_equal_weights_it_is_the_exact_poisson_interval(count: int, weight: float) -> None:
    found = bound_sum(np.array([count * weight]), np.array([count * weight**2]), heaviest=weight)
    lower = weight * chi2.ppf(0.025, 2 * count) / 2 if count else 0.0
    assert found.lower[0] == pytest.approx(lower)
    assert found.upper[0] == pytest.approx(weight * chi2.ppf(0.975, 2 * count + 2) / 2)


def test_of_unequal_weights_it_holds_the_truth_often_enough() -> None:
    rng = np.random.default_rng(1)
    weights, means = rng.gamma(0.5, size=30), rng.gamma(0.3, size=30)
    counts = rng.poisson(means, (20_000, 30))
    found = bound_sum(counts @ weights, counts @ weights**2, heaviest=weights.max())
    truth = weights @ means
    assert ((found.lower <= truth) & (truth <= found.upper)).mean() >= 0.95


def test_what_is_known_has_no_width() -> None:
    known = bound_sum(np.array([0.0, 3.0]), np.zeros(2), heaviest=0.0)
    assert known.lower.tolist() == known.upper.tolist() == [0.0, 3.0]


def test_a_ratio_to_what_is_known_is_the_interval_itself() -> None:
    above = bound_sum(np.array([0.0, 4.0, 90.0]), np.array([0.0, 4.0, 90.0]), heaviest=1.0)
    two = np.full(3, 2.0)
    found = bound_ratio(above, Interval(two, two, two))
    np.testing.assert_allclose(found.estimate, above.estimate / 2)
    np.testing.assert_allclose(found.lower, above.lower / 2)
    np.testing.assert_allclose(found.upper, above.upper / 2)


@pytest.mark.parametrize(("above", "below"), [(3.0, 40.0), (60.0, 8.0), (150.0, 400.0)])
def test_a_ratio_of_counts_is_right_as_often_as_it_says(above: float, below: float) -> None:
    rng = np.random.default_rng(2)
    first, second = (rng.poisson(mean, 40_000).astype(float) for mean in (above, below))
    found = bound_ratio(bound_sum(first, first, heaviest=1.0), bound_sum(second, second, heaviest=1.0))
    held = ((found.lower <= above / below) & (above / below <= found.upper)).mean()
    assert 0.95 <= held <= 0.985


def test_nothing_above_or_below() -> None:
    none, some = (bound_sum(np.array([n]), np.array([n]), heaviest=1.0) for n in (0.0, 10.0))
    nothing = bound_ratio(none, some)
    assert (nothing.estimate[0], nothing.lower[0]) == (0.0, 0.0)
    assert nothing.upper[0] == pytest.approx(none.upper[0] / 10, rel=0.01)
    everything = bound_ratio(some, none)
    assert (everything.estimate[0], everything.upper[0]) == (np.inf, np.inf)
    assert everything.lower[0] == pytest.approx(10 / none.upper[0], rel=0.01)
