"""From raw logits to probabilities: what is recovered, what is not believed, and the words of refusal."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from cnn.calibration import StackedCalibration, fit_calibration
from incidents.errors import NoPositivesError
from verify.logistic import sigmoid


def draw(seed, weights=(1.0, 0.5), intercept=-0.3, count=6000):
    """Two columns of raw logits, labels drawn from their weighted sum, and weeks of 84 windows."""
    rng = np.random.default_rng(seed)
    columns = np.column_stack([rng.normal(-1.5, 0.7, count), rng.normal(0, 0.8, count)])
    labels = (rng.random(count) < sigmoid(intercept + columns @ np.array(weights))).astype(float)
    return columns, labels, np.arange(count) // 84


def fit(columns, labels, weeks, seed=0):
    return fit_calibration(columns, labels, weeks=weeks, rng=np.random.default_rng(seed))


def test_applied_by_hand():
    calibration = StackedCalibration(
        1.0, np.array([2.0, 0.0]), np.array([0.0, 1.0, 2.0]), np.array([[2.0, 0.0]] * 3)
    )
    found = calibration.apply(np.array([[-0.5, 9.0], [0.5, -9.0]]))
    np.testing.assert_allclose(found.probability, sigmoid([0.0, 2.0]), rtol=1e-12)
    # Percentiles 2.5 and 97.5 of three values lie a twentieth of a step inside the ends.
    np.testing.assert_allclose(found.lo, 0.95 * sigmoid([-1.0, 1.0]) + 0.05 * sigmoid([0.0, 2.0]), rtol=1e-12)
    np.testing.assert_allclose(found.hi, 0.95 * sigmoid([1.0, 3.0]) + 0.05 * sigmoid([0.0, 2.0]), rtol=1e-12)


def test_the_interval_reaches_to_the_centre_where_the_replicates_lie_to_one_side():
    beside = StackedCalibration(0.0, np.array([1.0]), np.array([1.0, 2.0]), np.ones((2, 1)))
    above = beside.apply(np.array([[0.5]]))
    assert above.lo == above.probability == sigmoid(0.5)
    below = StackedCalibration(3.0, np.array([1.0]), np.array([1.0, 2.0]), np.ones((2, 1))).apply(
        np.array([[0.5]])
    )
    assert below.hi == below.probability == sigmoid(3.5)


@pytest.fixture
def few_replicates(monkeypatch):
    """A tenth of the replicates, where only their spread is asked for."""
    monkeypatch.setattr("cnn.calibration.REPLICATES", 20)


@pytest.mark.usefixtures("few_replicates")
def test_known_weights_are_recovered():
    calibration = fit(*draw(1, count=20_000))
    assert calibration.intercept == pytest.approx(-0.3, abs=0.1)
    np.testing.assert_allclose(calibration.weights, [1.0, 0.5], atol=0.08)
    spread = calibration.replicate_weights.std(axis=0)
    assert (spread > 0.005).all()
    assert (np.abs(calibration.weights - [1.0, 0.5]) < 4 * spread).all()


def test_agrees_with_scikit_learn_up_to_the_weak_penalty():
    columns, labels, weeks = draw(2)
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(columns, labels)
    ours = fit(columns, labels, weeks)
    np.testing.assert_allclose(ours.weights, theirs.coef_[0], rtol=0.01)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=0.01)


def test_an_addition_that_points_the_wrong_way_is_not_believed():
    columns, labels, weeks = draw(3, weights=(1.0, -0.5))
    calibration = fit(columns, labels, weeks)
    assert calibration.weights[1] == 0.0
    alone = fit(columns[:, :1], labels, weeks)
    assert calibration.weights[0] == alone.weights[0]
    assert calibration.intercept == alone.intercept
    assert (calibration.replicate_weights >= 0).all()


def test_the_column_that_points_the_wrong_way_is_the_one_that_goes():
    columns, labels, weeks = draw(3, weights=(-0.7, 1.0))
    calibration = fit(columns, labels, weeks)
    assert calibration.weights[0] == 0.0
    assert calibration.weights[1] == pytest.approx(1.0, abs=0.15)


def test_where_all_point_the_wrong_way_only_the_base_rate_is_left():
    columns, labels, weeks = draw(4, weights=(-1.0, -0.5))
    calibration = fit(columns, labels, weeks)
    assert calibration.weights.tolist() == [0.0, 0.0]
    np.testing.assert_allclose(calibration.apply(columns).probability, labels.mean(), rtol=1e-9)


def test_a_column_that_does_not_vary_gets_no_weight():
    columns, labels, weeks = draw(5)
    silent = np.column_stack([columns[:, 0], np.zeros(len(labels))])
    calibration = fit(silent, labels, weeks)
    assert calibration.weights[1] == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(
        calibration.apply(silent).probability,
        fit(columns[:, :1], labels, weeks).apply(columns[:, :1]).probability,
    )


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_interval_holds_the_centre_and_the_mean_is_the_rate(seed):
    columns, labels, weeks = draw(seed, count=1500)
    calibration = fit(columns, labels, weeks, seed)
    extreme = np.vstack([columns, [[-40.0, -40.0], [40.0, 40.0]]])
    found = calibration.apply(extreme)
    assert (found.lo <= found.probability).all()
    assert (found.probability <= found.hi).all()
    assert (found.lo >= 0).all()
    assert (found.hi <= 1).all()
    assert found.probability[:-2].mean() == pytest.approx(labels.mean(), abs=1e-6)
    assert (found.hi - found.lo)[:-2].mean() > 0.005


@pytest.mark.usefixtures("few_replicates")
def test_weeks_are_drawn_whole():
    """Ten copies of each week add no information when they are drawn as one block."""
    columns, labels, weeks = draw(6, count=840)
    once = fit(columns, labels, weeks)
    as_blocks, as_rows = (
        fit(np.tile(columns, (10, 1)), np.tile(labels, 10), blocks)
        for blocks in (np.tile(weeks, 10), np.arange(8400))
    )
    width = [np.ptp(fitted.replicate_weights[:, 1]) for fitted in (once, as_blocks, as_rows)]
    assert width[1] == pytest.approx(width[0], rel=0.1)
    assert width[2] < 0.5 * width[0]


def test_the_generator_decides_the_replicates():
    data = draw(7, count=1500)
    first, again, other = fit(*data, seed=1), fit(*data, seed=1), fit(*data, seed=2)
    assert first.replicate_weights.tobytes() == again.replicate_weights.tobytes()
    assert first.replicate_weights.tobytes() != other.replicate_weights.tobytes()
    assert first.weights.tobytes() == other.weights.tobytes()


def test_replicates_of_one_class_are_left_out():
    columns, labels, weeks = draw(8, count=840)
    labels[weeks > 0] = 0
    calibration = fit(columns, labels, weeks)
    assert 0 < len(calibration.replicate_intercepts) < 200
    assert np.isfinite(calibration.replicate_weights).all()


def test_json_round_trip_is_exact():
    columns, labels, weeks = draw(9, count=1500)
    calibration = fit(columns, labels, weeks)
    again = StackedCalibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    for name in ("probability", "lo", "hi"):
        assert (
            getattr(again.apply(columns), name).tobytes()
            == getattr(calibration.apply(columns), name).tobytes()
        )


@pytest.mark.parametrize("label, count", [(0.0, 0), (1.0, 90)])
def test_one_class_is_refused_in_these_words(label, count):
    columns, _, weeks = draw(10, count=90)
    with pytest.raises(NoPositivesError) as refusal:
        fit(columns, np.full(90, label), weeks)
    assert str(refusal.value) == (
        f"Expected windows with and without the event in the calibration period. Received: 90 windows, {count} "
        "with it. Choose a longer calibration period."
    )
