"""The self-exciting process as a forecaster: its expectation is the mean of what it would simulate."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from incidents.errors import ConfigError
from verify.panel import Panel, PlaceEvents, local_periods, units_from_raster
from verify.panel.rhythm import Rhythm
from verify.sepp import SelfExciting, SeppFit, SeppSettings, Triggering
from verify.sepp.forecast import FittedSelfExciting

SIDE_M = 4000.0


def lay_quarters():
    quarter = np.kron(np.arange(4).reshape(2, 2), np.ones((20, 20), dtype=np.int64))
    return units_from_raster(quarter, west_m=0.0, north_m=SIDE_M, cell_size_m=100.0)


def fitted(triggering, *, per_day=0.5):
    process = SeppFit(per_day, triggering, np.ones(1), 400.0, np.full((4, 4), np.nan), 0.0, 1, True)
    even = Rhythm(np.ones(168), np.zeros(2), 1.0)
    return FittedSelfExciting("known", (), lay_quarters(), even, np.full(4, 0.25), process)


def continue_town(rng, past_days, past_points, *, until, triggering, per_day):
    """Numbers of events in each quarter from day 0 to ``until``, given what happened before."""
    theta, tau, sigma = (array[0] for array in vars(triggering).values())
    count = rng.poisson(per_day * until)
    days = np.concatenate([past_days, rng.uniform(0.0, until, count)])
    points = np.concatenate([past_points, rng.uniform(0.0, SIDE_M, (count, 2))])
    found = [points[days >= 0.0]]
    while days.size:
        heirs = np.repeat(np.arange(days.size), rng.poisson(theta, days.size))
        first = days[heirs] < 0.0
        days = days[heirs] + rng.exponential(tau, heirs.size)
        points = points[heirs] + rng.normal(0.0, sigma, (heirs.size, 2))
        kept = (days >= 0.0) & (days < until) if first.any() else days < until
        days, points = days[kept], points[kept]
        found.append(points)
    placed = np.concatenate(found)
    quarter = 2 * (placed[:, 1] < SIDE_M / 2) + (placed[:, 0] >= SIDE_M / 2)
    return np.bincount(quarter.astype(int), minlength=4)


def test_expected_counts_are_the_mean_of_simulated_futures():
    """Past events raise the rate of their quarter, and so do events that are yet to come."""
    rng = np.random.default_rng(0)
    triggering = Triggering(np.array([0.5]), np.array([2.0]), np.array([100.0]))
    past_days = np.array([-3.0, -1.0, -0.5, -0.25, -0.1])
    past_points = np.array([[1000.0, 3000.0]] * 4 + [[3000.0, 1000.0]])
    period = local_periods(date(2020, 2, 1), date(2020, 2, 4), zone="UTC", hours=72)
    time = period.issue[0] + (past_days * 86_400_000_000).astype("timedelta64[us]")
    events = PlaceEvents(
        np.datetime64("2020-01-01", "us"),
        time,
        time,
        np.array([0, 0, 0, 0, 3]),
        past_points,
        np.zeros(5, dtype=np.int64),
    )
    found = fitted(triggering).expected(events, period)[0]
    futures = [
        continue_town(rng, past_days, past_points, until=3.0, triggering=triggering, per_day=0.5)
        for _ in range(20_000)
    ]
    error = np.std(futures, axis=0) / np.sqrt(len(futures))
    assert found == pytest.approx(np.mean(futures, axis=0), abs=4.0 * error.max())
    assert found[0] > found[3] > found[1]


def test_what_happened_but_is_not_on_record_does_not_excite():
    triggering = Triggering(np.array([0.5]), np.array([2.0]), np.array([100.0]))
    period = local_periods(date(2020, 2, 1), date(2020, 2, 2), zone="UTC")
    time = period.issue - np.timedelta64(1, "h")
    told, untold = (
        PlaceEvents(
            np.datetime64("2020-01-01", "us"),
            time,
            known,
            np.array([0]),
            np.full((1, 2), 1000.0),
            np.zeros(1, dtype=np.int64),
        )
        for known in (time, period.issue + np.timedelta64(1, "h"))
    )
    model = fitted(triggering)
    quiet = model.expected(untold, period)[0]
    assert quiet == pytest.approx(np.full(4, quiet[0]))
    assert model.expected(told, period)[0].sum() > quiet.sum() + 0.1


def test_a_fit_sees_background_and_excitation_of_a_town(make_panel):
    panel = make_panel(5, days=500)
    settings = SeppSettings((400.0, 800.0), longest_days=20.0, farthest_m=800.0)
    fit = SelfExciting(settings=settings).fit(panel.as_of(panel.periods.issue[400]))
    assert 0.05 < fit.findings["productivity value"] < 0.5
    assert (
        fit.findings["productivity lo"] < fit.findings["productivity value"] < fit.findings["productivity hi"]
    )
    both = SelfExciting(precursors=("helper",), settings=settings).fit(panel.as_of(panel.periods.issue[400]))
    assert both.process.triggering.kinds == 2
    assert both.process.log_likelihood > fit.process.log_likelihood
    assert fit.background.sum() == pytest.approx(1.0)
    assert fit.background.min() > 0.0
    after = panel.periods.rows(slice(400, None))
    with pytest.raises(ConfigError, match=r"Expected precursors among target, helper\. Received: alarms"):
        SelfExciting(precursors=("alarms",)).fit(panel)
    nothing = replace(panel.events.known_by(after.issue[0] - np.timedelta64(60, "D")))
    expected, calm = (fit.expected(events, after)[0].sum() for events in (panel.events, nothing))
    assert expected > calm
    assert isinstance(panel, Panel)
