"""Sums over the past as known at each issue, and Gaussians over areas, against slow and exact references."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from verify.panel.events import days_between
from verify.panel.histories import decayed_sums, effective_days, in_own_unit, windowed_sums
from verify.panel.kernels import share_inside, spread_over_units
from verify.panel.units import units_from_raster

HOUR = np.timedelta64(3_600_000_000, "us")


def slowly(panel, weight_of_age):
    """Sum over every event known at every issue, one by one."""
    events, sums = panel.events, np.zeros(panel.shape)
    for period, issue in enumerate(panel.periods.issue):
        for time, known, unit in zip(events.time, events.known, events.unit, strict=True):
            if known <= issue and time < issue:
                sums[period, unit] += weight_of_age(float(days_between(time, issue)))
    return sums


def small(make_panel, seed, lead_hours):
    panel = make_panel(seed, days=40, per_day=2.0)
    issue = panel.periods.start - lead_hours * HOUR
    panel = replace(panel, periods=replace(panel.periods, issue=issue))
    return replace(panel, events=panel.events.of_kind(0))


@pytest.mark.parametrize("lead_hours", [0, 30])
@pytest.mark.parametrize("seed", range(3))
def test_decayed_sums_add_up_every_known_event(make_panel, seed, lead_hours):
    panel = small(make_panel, seed, lead_hours)
    spread = in_own_unit(panel.events, units=25)
    for half_life in (2.0, 30.0, np.inf):
        found = decayed_sums(spread, panel.events, panel.periods, half_life_days=half_life)
        assert found == pytest.approx(slowly(panel, lambda age, h=half_life: 2.0 ** (-age / h)), abs=1e-9)


@pytest.mark.parametrize("window", [1, 7, 100])
def test_windowed_sums_count_the_events_of_the_window(make_panel, window):
    panel = small(make_panel, 4, 0)
    found = windowed_sums(
        in_own_unit(panel.events, units=25), panel.events, panel.periods, window_days=window
    )
    assert np.array_equal(found, slowly(panel, lambda age: float(age <= window)))


def test_what_happens_at_the_very_instant_of_an_issue_is_not_known_then(make_panel):
    """Times heaped at midnight, put on record at once: each belongs to the day that it begins."""
    panel = make_panel(3, days=20)
    midnight = panel.events.of_kind(0).time.astype("datetime64[D]").astype("datetime64[us]")
    events = replace(panel.events.of_kind(0), time=midnight, known=midnight)
    panel = replace(panel, events=events)
    sums = decayed_sums(in_own_unit(events, units=25), events, panel.periods)
    before = np.vstack([np.zeros((1, 25)), np.cumsum(panel.counts(), axis=0)[:-1]])
    assert np.array_equal(sums, before)
    assert panel.as_of(panel.periods.issue[7]).counts().sum() == panel.counts()[:7].sum()
    assert panel.as_of(panel.periods.issue[7]).events.time.max() < panel.periods.issue[7]


def test_sums_do_not_depend_on_where_the_block_of_periods_begins(make_panel):
    panel = make_panel(1)
    targets = panel.events.of_kind(0)
    spread = in_own_unit(targets, units=25)
    whole = decayed_sums(spread, targets, panel.periods, half_life_days=10.0)
    tail = decayed_sums(spread, targets, panel.periods.rows(slice(100, None)), half_life_days=10.0)
    assert tail == pytest.approx(whole[100:], rel=1e-12)


def test_effective_days_are_the_integral_of_the_weights(make_panel):
    panel = make_panel(0, days=60)
    age = days_between(panel.events.since, panel.periods.issue)
    found = effective_days(panel.events, panel.periods, half_life_days=9.0)
    steps = np.linspace(0.0, age[30], 200_001)
    assert found[30] == pytest.approx(np.trapezoid(2.0 ** (-steps / 9.0), steps), rel=1e-8)
    assert effective_days(panel.events, panel.periods, window_days=7.0)[[3, 30]].tolist() == [3.0, 7.0]


@settings(max_examples=25, deadline=None)
@given(st.floats(20.0, 800.0), st.integers(0, 2**32 - 1))
def test_a_gaussian_over_cells_is_the_product_of_normal_integrals(bandwidth, seed):
    """On a city much wider than the Gaussian, the exact share of a square is known."""
    cells = np.arange(144).reshape(12, 12)
    units = units_from_raster(
        np.kron(cells, np.ones((5, 5), dtype=np.int64)), west_m=0.0, north_m=9600.0, cell_size_m=160.0
    )
    point = np.random.default_rng(seed).uniform(4000.0, 5600.0, 2)
    found = (
        spread_over_units(point[None], np.array([0]), units, bandwidth_m=bandwidth).toarray().reshape(12, 12)
    )
    edges = np.linspace(0.0, 9600.0, 13)
    across, down = (np.diff(norm.cdf((edges - middle) / bandwidth)) for middle in point)
    assert found == pytest.approx(np.outer(down[::-1], across), abs=3e-4)


def test_every_event_is_shared_out_in_full(make_panel):
    panel = make_panel()
    events = panel.events.of_kind(0)
    spread = spread_over_units(events.points, events.unit, panel.units, bandwidth_m=300.0)
    assert np.isnan(events.points).any()
    assert spread.sum(axis=1) == pytest.approx(np.ones(len(events)))
    alone = np.isnan(events.points).any(axis=1)
    assert np.array_equal(spread.toarray()[alone].argmax(axis=1), events.unit[alone])


def test_half_of_a_gaussian_at_the_edge_lies_inside(make_panel):
    units = make_panel(0, days=2).units
    points = np.array([[1250.0, 0.0], [0.0, 0.0], [1250.0, 1250.0]])
    assert share_inside(points, units, bandwidth_m=250.0) == pytest.approx([0.5, 0.25, 1.0], abs=2e-3)
