from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import shapely
from scipy import stats

from incidents.schema import Category
from incidents.simulate import SimulatedCity, SimulationSettings, simulate_city
from incidents.simulate.intensity import CODES, weekly_rhythm
from incidents.simulate.risk import keep_within
from incidents.simulate.settings import TARGETS, Background, CityShape, Excitation, Precursor

CONTAGIOUS = SimulationSettings(
    start=date(2022, 1, 1),
    stop=date(2024, 1, 1),
    shape=CityShape(20, 4, 12_000.0, 50_000),
    background=Background(
        {Category.HOMICIDE: 1.0, Category.SHOOTING: 3.0, Category.ROBBERY: 6.0, Category.LARCENY: 6.0}
    ),
    excitation=Excitation(0.4, 2.0, 120.0, (Precursor(Category.ROBBERY, 0.5, 0.5, 250.0),)),
)


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(CONTAGIOUS, rng=np.random.default_rng(11))


def with_excitation(excitation: Excitation) -> SimulatedCity:
    return simulate_city(replace(CONTAGIOUS, excitation=excitation), rng=np.random.default_rng(12))


def test_incidents_are_in_order_in_the_period_and_in_the_city(city: SimulatedCity) -> None:
    hours = city.events.hours
    assert (np.diff(hours) >= 0).all()
    assert hours[0] >= 0
    assert hours[-1] < city.intensity.clock.hours
    assert shapely.contains_xy(city.intensity.city.outline, city.events.points).all()


def test_parents_come_before_their_children(city: SimulatedCity) -> None:
    child = np.flatnonzero(city.events.parent >= 0)
    parent = city.events.parent[child]
    assert (city.events.hours[parent] < city.events.hours[child]).all()
    assert city.events.is_target[child].all()
    allowed = [CODES[category] for category in (*TARGETS, Category.ROBBERY)]
    assert np.isin(city.events.code[parent], allowed).all()


def test_background_counts_are_poisson_around_their_rates(city: SimulatedCity) -> None:
    background = city.events.code[city.events.parent < 0]
    for category, rate in CONTAGIOUS.background.per_day.items():
        count = np.count_nonzero(background == CODES[category])
        expected = city.intensity.hourly(category).sum()
        assert expected == pytest.approx(rate * 730, rel=0.005)
        assert abs(count - expected) < 4 * np.sqrt(expected)


def test_contagion_multiplies_the_targets_by_the_branching_ratio(city: SimulatedCity) -> None:
    expected = (4.0 + 0.5 * 6.0) * 730 / (1 - 0.4)
    lost = (city.cascade.outside + city.cascade.late) / (1 - 0.4)
    spread = 4 * np.sqrt(expected / (1 - 0.4) ** 2)
    assert np.count_nonzero(city.events.is_target) == pytest.approx(expected - lost, abs=spread)
    assert city.cascade.outside > 0


def test_a_quarter_of_the_targets_are_homicides(city: SimulatedCity) -> None:
    triggered = city.events.code[city.events.parent >= 0]
    homicides = np.count_nonzero(triggered == CODES[Category.HOMICIDE])
    assert homicides / triggered.size == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / triggered.size))


@pytest.mark.parametrize(
    ("of_targets", "decay_hours", "sigma_m", "offspring"), [(True, 48, 120, 0.4), (False, 12, 250, 0.5)]
)
def test_offspring_follow_the_kernels(
    city: SimulatedCity, of_targets: bool, decay_hours: float, sigma_m: float, offspring: float
) -> None:
    events, surface = city.events, city.intensity.violent
    parents = events.is_target if of_targets else events.code == CODES[Category.ROBBERY]
    central = keep_within(surface, events.points, sigma_m=300.0) > 0.9999
    early = events.hours < city.intensity.clock.hours - 20 * decay_hours
    eligible = parents & central & early
    child = np.flatnonzero(events.parent >= 0)
    child = child[eligible[events.parent[child]]]
    parent = events.parent[child]
    delays = (events.hours[child] - events.hours[parent]) / decay_hours
    shift = (events.points[child] - events.points[parent]) / sigma_m
    assert child.size > 1000
    assert stats.kstest(delays, "expon").pvalue > 1e-3
    assert stats.kstest(np.hypot(*shift.T), "rayleigh").pvalue > 1e-3
    assert stats.kstest(np.arctan2(*shift.T) / np.pi, stats.uniform(-1, 2).cdf).pvalue > 1e-3
    error = np.sqrt(offspring / eligible.sum())
    assert child.size / eligible.sum() == pytest.approx(offspring, abs=4 * error)


def test_without_excitation_nothing_is_triggered() -> None:
    city = with_excitation(Excitation(0.0, 1.0, 100.0, ()))
    assert (city.events.parent == -1).all()
    assert (city.cascade.outside, city.cascade.late) == (0, 0)


def test_excitation_leaves_the_ground_and_the_background_alone() -> None:
    calm, contagious = with_excitation(Excitation(0.0, 1.0, 100.0, ())), with_excitation(Excitation(0.5))
    background = contagious.events.parent < 0
    assert np.array_equal(calm.events.hours, contagious.events.hours[background])
    assert np.array_equal(calm.intensity.violent.share, contagious.intensity.violent.share)


@pytest.mark.parametrize("category", [Category.ROBBERY, Category.LARCENY])
def test_hours_of_the_week_follow_the_rhythm(city: SimulatedCity, category: Category) -> None:
    hours = city.events.hours[city.events.code == CODES[category]]
    observed = np.bincount(city.intensity.clock.hour_of_week[hours.astype(int)], minlength=168)
    rhythm = weekly_rhythm(CONTAGIOUS.background, violent=category is Category.ROBBERY)
    expected = rhythm * observed.sum() / 168
    groups = np.arange(168) // 4
    observed_4h, expected_4h = np.bincount(groups, observed), np.bincount(groups, expected)
    assert stats.chisquare(observed_4h, expected_4h).pvalue > 1e-3


def test_the_rhythm_by_hand() -> None:
    background = Background(hour_amplitude=0.5)
    other = weekly_rhythm(background, violent=False)
    violent = weekly_rhythm(background, violent=True)
    assert other.mean() == pytest.approx(1)
    assert other[15] / other[3] == pytest.approx(np.exp(2 * 0.5))
    assert violent[5 * 24] > violent[1 * 24]
    assert np.allclose(weekly_rhythm(Background(hour_amplitude=0.0), violent=True), 1)


def test_summers_are_worse_than_winters_by_the_season(city: SimulatedCity) -> None:
    rhythm, day = city.intensity.violent_rhythm, city.intensity.clock.day_of_year
    july, january = (day >= 197) & (day < 204), (day >= 15) & (day < 22)
    swing = CONTAGIOUS.background.season_amplitude
    assert rhythm[july].mean() / rhythm[january].mean() == pytest.approx((1 + swing) / (1 - swing), rel=0.01)


def test_a_city_without_targets_or_triggers_is_quiet() -> None:
    quiet = replace(CONTAGIOUS, background=Background({Category.LARCENY: 5.0}))
    city = simulate_city(quiet, rng=np.random.default_rng(1))
    assert not city.events.is_target.any()
    assert (city.truth().probability == 0).all()
