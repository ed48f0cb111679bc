"""The network that adds to a baseline: its formula by hand, its start, and its losses."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn.models.warning_net import RiskSurface, build_warning_net, surface_loss

SHAPE = (8, 7, 5)


def batch_of(rng, size=6):
    share = rng.random((size, 8, 7)) + 0.01
    share /= share.sum(axis=(1, 2), keepdims=True)
    return {
        "maps": rng.normal(size=(size, *SHAPE)).astype(np.float32),
        "calendar": rng.normal(size=(size, 3)).astype(np.float32),
        "log_prior": np.log(share).astype(np.float32),
        "offset": rng.normal(-1.5, 1.0, size=(size, 1)).astype(np.float32),
    }


def test_the_risk_surface_by_hand():
    # Two cells with shares 3/4 and 1/4; the first is doubled: odds times 7/4, shares 6/7 and 1/7.
    prior = np.log(np.array([[[0.75, 0.25]]], dtype=np.float32))
    residual = np.log(np.array([[[[2.0], [1.0]]]], dtype=np.float32))
    city, shares = RiskSurface()(residual, prior, np.array([[-1.0]], dtype=np.float32))
    assert float(city[0, 0]) == pytest.approx(-1.0 + np.log(1.75), abs=1e-6)
    np.testing.assert_allclose(np.exp(np.asarray(shares)), [[6 / 7, 1 / 7]], rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), raised=st.floats(-5, 5))
def test_the_risk_surface_agrees_with_numpy(seed, raised):
    rng = np.random.default_rng(seed)
    batch = batch_of(rng)
    residual = rng.normal(0, 2, size=(6, 8, 7, 1)).astype(np.float32)
    city, shares = (np.asarray(out) for out in RiskSurface()(residual, batch["log_prior"], batch["offset"]))
    weight = np.exp(residual[..., 0].astype(np.float64) + batch["log_prior"]).reshape(6, -1)
    np.testing.assert_allclose(
        city[:, 0], batch["offset"][:, 0] + np.log(weight.sum(axis=1)), rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(np.exp(shares), weight / weight.sum(axis=1, keepdims=True), rtol=1e-4)
    # The same amount everywhere shifts the city alone.
    city_raised, shares_raised = (
        np.asarray(out)
        for out in RiskSurface()(residual + np.float32(raised), batch["log_prior"], batch["offset"])
    )
    np.testing.assert_allclose(city_raised, city + raised, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(shares_raised, shares, rtol=1e-4, atol=1e-4)


def test_it_starts_as_the_baseline_and_the_static_map():
    network = build_warning_net(SHAPE, 3, filters=4, seed=1)
    batch = batch_of(np.random.default_rng(0))
    outputs = network.predict(batch, verbose=0)
    np.testing.assert_allclose(outputs["city"], batch["offset"], atol=1e-6)
    np.testing.assert_allclose(outputs["surface"], batch["log_prior"].reshape(6, -1), atol=1e-6)


def test_it_is_fully_convolutional_and_small():
    network = build_warning_net(SHAPE, 3, filters=4, seed=1)
    first, later, dense, last = 9 * 5 * 4 + 4, 2 * (9 * 4 * 4 + 4), 3 * 4 + 4, 4
    assert network.count_params() == first + later + dense + last
    assert build_warning_net((30, 20, 5), 3, filters=4, seed=1).count_params() == network.count_params()


def test_the_seed_decides_the_first_weights():
    weights = [build_warning_net(SHAPE, 3, filters=4, seed=seed).get_weights() for seed in (1, 1, 2)]
    for first, again, other in zip(*weights, strict=True):
        assert first.tobytes() == again.tobytes()
        assert not first.any() or first.tobytes() != other.tobytes()
    kernels = [kernel for kernel in weights[0] if kernel.ndim == 4 and kernel.shape[2:] == (4, 4)]
    assert len(kernels) == 2
    assert not np.array_equal(*kernels)


def test_the_surface_loss_by_hand():
    shares = np.log(np.array([[0.5, 0.25, 0.25], [0.2, 0.3, 0.5], [0.2, 0.3, 0.5]], dtype=np.float32))
    counts = np.array([[1, 0, 0], [0, 0, 0], [0, 2, 1]], dtype=np.float32)
    expected = [np.log(2), 0.0, -2 * np.log(0.3) - np.log(0.5)]
    np.testing.assert_allclose(np.asarray(surface_loss(counts, shares)), expected, rtol=1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_no_shares_beat_those_of_the_events_themselves(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, size=(5, 12)).astype(np.float32) + np.float32(0.01)
    truth = np.log(counts / counts.sum(axis=1, keepdims=True))
    other = rng.normal(size=(5, 12)).astype(np.float32)
    other -= np.log(np.exp(other).sum(axis=1, keepdims=True))
    assert (np.asarray(surface_loss(counts, truth)) <= np.asarray(surface_loss(counts, other)) + 1e-4).all()


def test_the_precision_of_the_caller_is_left_alone():
    from cnn.networks import build_network
    from cnn.settings import Training

    before = keras.config.dtype_policy().name
    batch = batch_of(np.random.default_rng(0))
    network = build_network(batch, Training(filters=4))
    assert keras.config.dtype_policy().name == before
    assert {str(weight.dtype) for weight in network.weights} == {"float32"}
