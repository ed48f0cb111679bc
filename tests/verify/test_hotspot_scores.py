"""Hotspot scores: by hand, by invariant, and against a slow walk over the cells."""

import doctest
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify import hotspot_scores
from verify.hotspot_scores import SHARES, rri_levine, rri_wheeler_steenbeek, score_hotspots


def walk(risk, events, area, share):
    """Expected catch of one time step when cells are taken one by one, ties shared by area."""
    left, caught = share * area.sum(), 0.0
    for level in sorted(set(risk / area), reverse=True):
        tied = risk / area == level
        part = min(1.0, left / area[tied].sum())
        caught += part * events[tied].sum()
        left -= part * area[tied].sum()
    return caught


def test_examples_in_the_docs_are_true():
    assert doctest.testmod(hotspot_scores).failed == 0


def test_ten_cells_by_hand():
    # One tenth of the area holds 3 of 6 events; the best cell holds 4 of 6.
    risk = np.array([[9, 8, 7, 6, 5, 4, 3, 2, 1, 0]])
    events = np.array([[3, 0, 1, 0, 0, 0, 0, 0, 0, 2]])
    found = score_hotspots(risk, events, shares=[0.1, 0.3, 1.0])
    assert found.hit_rate == pytest.approx([3 / 6, 4 / 6, 1.0])
    assert found.pai == pytest.approx([5.0, 2.222222222, 1.0])
    assert found.pei_star == pytest.approx([1.0, 4 / 6, 1.0])
    assert found.pei.tolist() == found.pei_star.tolist()


def test_pei_against_the_smallest_area_that_an_analyst_may_choose():
    risk, events = np.array([[3, 2, 1, 0]]), np.array([[2, 2, 4, 0]])
    found = score_hotspots(risk, events, shares=[0.5], smallest_allowed=0.25)
    assert found.pai == pytest.approx([1.0])
    # The oracle flags the third cell alone: half of the events in a quarter of the area.
    assert found.pei == pytest.approx([0.5])
    assert found.pei_star == pytest.approx([4 / 6])


def test_equal_risk_catches_its_share_of_area_and_no_more():
    rng = np.random.default_rng(0)
    events = rng.poisson(0.3, (5, 40))
    area = rng.uniform(0.5, 2.0, 40)
    flat = np.broadcast_to(area, (5, 40))
    found = score_hotspots(flat, events, area=area, shares=[0.05, 0.5])
    expected = [
        sum(walk(flat[t], events[t], area, share) for t in range(5)) / events.sum() for share in (0.05, 0.5)
    ]
    assert found.hit_rate == pytest.approx(expected)
    equal = score_hotspots(np.ones((5, 40)), events, shares=SHARES)
    assert equal.pai == pytest.approx(np.ones(4))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_agrees_with_a_walk_over_the_cells(seed):
    rng = np.random.default_rng(seed)
    steps, cells = int(rng.integers(1, 6)), int(rng.integers(1, 30))
    area = rng.integers(1, 4, cells).astype(float)
    risk = rng.integers(0, 5, (steps, cells)) * area
    events = rng.poisson(0.3, (steps, cells))
    events[0, 0] = 1
    shares = rng.uniform(0.001, 1.0, 4)
    found = score_hotspots(risk, events, area=area, shares=shares)
    for number, share in enumerate(shares):
        caught = sum(walk(risk[t], events[t], area, share) for t in range(steps))
        best = sum(walk(events[t].astype(float), events[t], area, share) for t in range(steps))
        assert found.hit_rate[number] == pytest.approx(caught / events.sum())
        assert found.pei_star[number] == pytest.approx(caught / best)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_curve_rises_to_one_and_nobody_beats_the_oracle(seed):
    rng = np.random.default_rng(seed)
    risk, events = rng.random((4, 3, 5)), rng.poisson(0.4, (4, 3, 5))
    events[0, 0, 0] = 1
    found = score_hotspots(risk, events, shares=np.linspace(0.01, 1.0, 50))
    assert (np.diff(found.hit_rate) >= -1e-12).all()
    assert found.hit_rate[-1] == pytest.approx(1.0)
    assert (found.pei_star <= 1.0 + 1e-12).all()
    assert score_hotspots(events, events).pei_star == pytest.approx(np.ones(4))
    order = rng.permutation(15)
    shuffled = score_hotspots(
        risk.reshape(4, 15)[:, order], events.reshape(4, 15)[:, order], shares=found.share
    )
    np.testing.assert_allclose(shuffled.hit_rate, found.hit_rate, atol=1e-12)


def test_street_length_decides_what_a_percent_is():
    # The risky cell has nine tenths of the street, so flagging a tenth catches a ninth of its events.
    found = score_hotspots([[10.0, 1.0]], [[9, 0]], area=[900.0, 100.0], shares=[0.1])
    assert found.hit_rate == pytest.approx([1 / 9])


def test_cells_outside_are_left_out():
    risk = np.array([[1.0, np.nan, 0.5]])
    inside = score_hotspots(risk, [[1, 0, 1]], area=[1.0, 0.0, 1.0], shares=[0.5])
    assert inside.hit_rate.tolist() == [0.5]


def test_recapture_by_hand():
    # Hotspots went from 40 to 30 of events, the city from 100 to 60.
    flagged = np.array([[True, True], [False, False]])
    assert rri_levine(flagged, [[30, 10], [40, 20]], [[10, 20], [20, 10]]) == pytest.approx(
        (30 / 40) / (60 / 100)
    )
    assert rri_wheeler_steenbeek(flagged, [[30, 10], [9, 9]], [[10, 20], [20, 10]]) == pytest.approx(40 / 30)
    assert math.isnan(rri_levine([True], [0], [1]))
    assert math.isnan(rri_wheeler_steenbeek([True], [1], [0]))


def test_bad_input_is_refused_with_its_remedy():
    with pytest.raises(NoPositivesError, match=r"^Expected at least one event\. Received: none\."):
        score_hotspots([[1.0]], [[0]])
    with pytest.raises(
        DataError, match=r"^Expected risk and events of one shape .* Received: \(1,\) and \(1,\)\."
    ):
        score_hotspots([1.0], [1])
    with pytest.raises(DataError, match=r"^Expected areas >= 0 of shape \(2,\)\. Received: \(3,\)\."):
        score_hotspots([[1.0, 2.0]], [[1, 0]], area=[1, 1, 1])
    with pytest.raises(
        DataError, match=r"^Expected finite risk inside the area, and events >= 0 only inside it\."
    ):
        score_hotspots([[1.0, 2.0]], [[1, 1]], area=[1, 0])
    with pytest.raises(ConfigError, match=r"^Expected shares of the area in \(0, 1\]\. Received: \[5\.\]\."):
        score_hotspots([[1.0]], [[1]], shares=5)
    with pytest.raises(DataError, match=r"^Expected flagged cells as bool and two arrays of their shape\."):
        rri_levine([1, 0], [1, 1], [1, 1])
