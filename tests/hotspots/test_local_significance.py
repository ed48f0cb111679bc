"""p-values, false discovery control and classes."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.stats import false_discovery_control, norm

from hotspots.local.significance import (
    Alternative,
    classify_confidence,
    control_false_discovery,
    normal_p,
)

Floats = npt.NDArray[np.float64]
P_VALUES = arrays(
    np.float64, array_shapes(max_dims=2, max_side=8), elements=st.floats(0, 1) | st.just(np.nan)
)


def test_adjustment_by_hand() -> None:
    # Benjamini and Hochberg: p times 5 over its rank, and never more than that of a larger p.
    p = np.array([[0.005, 0.9, np.nan], [0.04, 0.03, 0.0025]])
    adjusted = np.array([[0.0125, 0.9, np.nan], [0.05, 0.05, 0.0125]])
    np.testing.assert_allclose(control_false_discovery(p), adjusted)


def test_nothing_tested_is_nothing_adjusted() -> None:
    assert np.isnan(control_false_discovery(np.full((2, 2), np.nan))).all()
    assert control_false_discovery([]).shape == (0,)


@given(P_VALUES)
def test_equal_to_scipy_and_never_below_p(p: Floats) -> None:
    adjusted = control_false_discovery(p)
    tested = ~np.isnan(p)
    assert np.array_equal(np.isnan(adjusted), ~tested)
    if tested.any():
        np.testing.assert_allclose(adjusted[tested], false_discovery_control(p[tested]), rtol=1e-12)
    assert (adjusted[tested] >= p[tested]).all()


def test_of_the_places_found_by_chance_few_pass() -> None:
    # 900 places without an effect, 100 with one: of those found, at most 5% are false on average.
    shares = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=1000) + np.repeat([0.0, 4.0], [900, 100])
        found = control_false_discovery(normal_p(z, Alternative.TWO_SIDED)) <= 0.05
        shares.append(found[:900].sum() / max(found.sum(), 1))
    assert np.mean(shares) == pytest.approx(0.045, abs=0.01)


@given(st.floats(-8, 8))
def test_normal_p_equals_scipy(z: float) -> None:
    at = np.array([z])
    assert normal_p(at, Alternative.TWO_SIDED)[0] == pytest.approx(2 * norm.sf(abs(z)), rel=1e-12)
    assert normal_p(at, Alternative.GREATER)[0] == pytest.approx(norm.sf(z), rel=1e-12)
    assert normal_p(at, Alternative.LESS)[0] == pytest.approx(norm.cdf(z), rel=1e-12)


def test_classes_by_hand() -> None:
    p = np.array([0.01, 0.0101, 0.05, 0.0501, 0.1, 0.1001, np.nan])
    assert classify_confidence(np.ones(7), p).tolist() == [3, 2, 2, 1, 1, 0, 0]
    assert classify_confidence(-np.ones(7), p).tolist() == [-3, -2, -2, -1, -1, 0, 0]
    assert classify_confidence(np.array([np.nan, 0.0]), np.array([np.nan, 0.001])).tolist() == [0, 0]
