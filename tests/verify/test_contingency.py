"""Yes-or-no warnings: Finley's table, invariants, and agreement with the package scores."""

import doctest
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scores.categorical import BinaryContingencyManager
from scores.probability import relative_economic_value

from incidents.errors import ConfigError, DataError
from verify import contingency
from verify.contingency import ContingencyTable, count_outcomes
from verify.economic_value import economic_value

FINLEY = ContingencyTable(hits=28, misses=23, false_alarms=72, correct_rejections=2680)


def test_finley_tornado_table_as_published():
    # Murphy (1996) and Jolliffe and Stephenson (2012), table 3.1 and after.
    assert FINLEY.total == 2803
    assert FINLEY.proportion_correct == pytest.approx(0.966, abs=5e-4)
    assert FINLEY.pod == pytest.approx(0.549, abs=5e-4)
    assert FINLEY.far == pytest.approx(0.720, abs=5e-4)
    assert FINLEY.pofd == pytest.approx(0.026, abs=5e-4)
    assert FINLEY.csi == pytest.approx(0.228, abs=5e-4)
    assert FINLEY.frequency_bias == pytest.approx(1.961, abs=5e-4)
    assert FINLEY.peirce == pytest.approx(0.523, abs=5e-4)
    assert FINLEY.heidke == pytest.approx(0.355, abs=5e-4)
    assert FINLEY.gilbert == pytest.approx(0.216, abs=5e-4)


def test_never_warning_is_more_often_right_than_finley_and_worth_nothing():
    never = ContingencyTable(hits=0, misses=51, false_alarms=0, correct_rejections=2752)
    assert never.proportion_correct > FINLEY.proportion_correct
    assert never.peirce == 0.0
    assert never.heidke == 0.0
    assert math.isnan(never.far)


def test_outcomes_by_hand():
    table = count_outcomes([1, 1, 0, 0, 1], [1, 0, 1, 0, 1], weights=[1, 1, 1, 1, 2])
    assert table == ContingencyTable(hits=3, misses=1, false_alarms=1, correct_rejections=1)
    assert table.base_rate == pytest.approx(4 / 6)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_outcomes_are_conserved(pairs):
    warned, occurred = (np.array(column) for column in zip(*pairs, strict=True))
    table = count_outcomes(warned, occurred)
    swapped = count_outcomes(occurred, warned)
    assert table.total == len(pairs)
    assert table.csi == pytest.approx(swapped.csi, nan_ok=True)
    assert table.pod == pytest.approx(1.0 - swapped.far, nan_ok=True)


@settings(max_examples=1000, deadline=None)
@given(st.tuples(*[st.integers(0, 60)] * 4).filter(lambda counts: sum(counts) > 0))
def test_agrees_with_the_package_scores(counts):
    hits, misses, false_alarms, rejections = counts
    table = ContingencyTable(hits, misses, false_alarms, rejections)
    theirs = BinaryContingencyManager(
        xr.DataArray(np.repeat([1.0, 0.0, 1.0, 0.0], counts), dims="row"),
        xr.DataArray(np.repeat([1.0, 1.0, 0.0, 0.0], counts), dims="row"),
    )
    with np.errstate(all="ignore"):
        pairs = [
            (table.pod, theirs.probability_of_detection()),
            (table.far, theirs.false_alarm_ratio()),
            (table.pofd, theirs.probability_of_false_detection()),
            (table.csi, theirs.critical_success_index()),
            (table.frequency_bias, theirs.frequency_bias()),
            (table.proportion_correct, theirs.accuracy()),
            (table.peirce, theirs.peirce_skill_score()),
            (table.heidke, theirs.heidke_skill_score()),
            (table.gilbert, theirs.gilberts_skill_score()),
        ]
    for ours, other in pairs:
        # Where a denominator is zero they give inf, nan, or a ratio of rounding errors; here it is always nan.
        if math.isnan(ours):
            assert (
                min(hits + misses, hits + false_alarms, false_alarms + rejections, misses + rejections) == 0
            )
        else:
            assert ours == pytest.approx(float(other), abs=1e-10)


def test_value_of_finley_by_hand():
    # At a cost/loss ratio equal to the base rate the value is Peirce's score (Richardson 2000).
    warned = np.repeat([1.0, 0.0, 1.0, 0.0], [28, 23, 72, 2680])
    occurred = np.repeat([1, 1, 0, 0], [28, 23, 72, 2680])
    value = economic_value(warned, occurred, cost_loss=[51 / 2803])
    assert value.value[0] == pytest.approx(FINLEY.peirce, abs=1e-12)


def test_nobody_gains_from_a_constant_and_all_from_a_perfect_forecast():
    labels = np.arange(50) % 5 == 0
    constant = economic_value(np.full(50, 0.2), labels)
    np.testing.assert_allclose(constant.potential, 0.0, atol=1e-12)
    np.testing.assert_allclose(constant.value, 0.0, atol=1e-12)
    np.testing.assert_allclose(economic_value(labels.astype(float), labels).value, 1.0)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_value_agrees_with_the_package_scores(seed):
    rng = np.random.default_rng(seed)
    labels = rng.random(60) < 0.3
    labels[:2] = True, False
    forecast = rng.integers(0, 21, 60) / 20.0
    ratios = np.arange(1, 20) / 20.0
    ours = economic_value(forecast, labels, cost_loss=ratios)
    theirs = relative_economic_value(
        xr.DataArray(forecast, dims="row"),
        xr.DataArray(labels.astype(float), dims="row"),
        cost_loss_ratios=list(ratios),
        probability_thresholds=[0.0, *np.arange(1, 21) / 20.0],
    ).transpose("cost_loss_ratio", "probability_threshold")
    at_own = theirs.to_numpy()[np.arange(19), np.arange(1, 20)]
    np.testing.assert_allclose(ours.value, at_own, atol=1e-10)
    # Their thresholds leave out "never"; nobody has to heed a forecast.
    np.testing.assert_allclose(ours.potential, np.maximum(theirs.to_numpy().max(axis=1), 0.0), atol=1e-10)
    assert (ours.potential >= ours.value - 1e-12).all()


def test_example_in_the_docs_is_true():
    assert doctest.testmod(contingency).failed == 0


def test_bad_input_is_refused_with_its_remedy():
    with pytest.raises(DataError, match=r"^Expected 2 labels\. Received: shape \(3,\)\. Align them first\.$"):
        count_outcomes([1, 0, 1], [1, 0])
    with pytest.raises(
        ConfigError, match=r"^Expected cost/loss ratios between 0 and 1\. Received: 0 to 0\.5\.$"
    ):
        economic_value([0.5], [1], cost_loss=[0.0, 0.5])
    assert np.isnan(economic_value([0.5], [1], cost_loss=[0.5]).value).all()
