"""One test for a whole curve: exact p, and an envelope that chance leaves as often as it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.places.envelope import global_envelope
from incidents.errors import ConfigError, DataError


def test_envelopes_by_hand() -> None:
    # Nineteen flat curves from 1 to 19. One that is highest at one point is less extreme than the lowest, which is
    # so everywhere, and than the highest, which is so at the two other points.
    flat = np.repeat(np.arange(1.0, 20.0)[:, None], 3, axis=1)
    above = global_envelope([10.0, 25.0, 10.0], flat, level=0.15)
    assert above.p == pytest.approx(3 / 20)
    assert above.lo.tolist() == [2.0, 2.0, 2.0]
    assert above.hi.tolist() == [18.0, 18.0, 18.0]
    assert global_envelope([25.0, 25.0, 10.0], flat, level=0.15).p == pytest.approx(2 / 20)
    assert global_envelope([10.0, 10.5, 10.0], flat, level=0.15).p == 1.0


def test_more_extreme_at_more_points_is_more_extreme() -> None:
    rng = np.random.default_rng(1)
    simulated = rng.normal(size=(199, 20))
    high = simulated.max(axis=0) + 1
    once, often = np.zeros(20), np.zeros(20)
    once[0], often[:5] = high[0], high[:5]
    assert global_envelope(often, simulated).p == 1 / 200
    assert global_envelope(once, simulated).p > 1 / 200


def test_chance_leaves_the_envelope_as_often_as_it_says() -> None:
    rng = np.random.default_rng(2)
    left, small = 0, 0
    for _ in range(400):
        curves = np.cumsum(rng.normal(size=(100, 15)), axis=1)
        found = global_envelope(curves[0], curves[1:], level=0.1)
        outside = bool(((curves[0] < found.lo) | (curves[0] > found.hi)).any())
        assert outside == (found.p <= 0.1)
        left += outside
        small += found.p <= 0.1
    assert 0.06 <= left / 400 <= 0.14


def test_pointwise_bounds_would_be_left_far_more_often() -> None:
    rng = np.random.default_rng(3)
    curves = rng.normal(size=(200, 15))
    found = global_envelope(curves[0], curves[1:])
    pointwise = np.quantile(curves[1:], [0.025, 0.975], axis=0)
    assert (found.lo < pointwise[0]).all()
    assert (found.hi > pointwise[1]).all()


@given(st.floats(0.01, 100), st.floats(-1000, 1000))
def test_units_do_not_matter(scale: float, shift: float) -> None:
    curves = np.random.default_rng(4).normal(size=(60, 6))
    here = global_envelope(curves[0], curves[1:])
    there = global_envelope(curves[0] * scale + shift, curves[1:] * scale + shift)
    assert here.p == there.p
    np.testing.assert_allclose(there.hi, here.hi * scale + shift, atol=1e-6)


def test_error_texts() -> None:
    with pytest.raises(ConfigError) as few:
        global_envelope([1.0], np.ones((18, 1)))
    assert str(few.value) == (
        "Expected at least 19 simulations for a level of 0.05. Received: 18. Ask for 499."
    )
    with pytest.raises(DataError, match=r"Expected curves of one length. Received: \(2,\) and \(30, 3\)"):
        global_envelope([1.0, 2.0], np.ones((30, 3)))
