from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy import stats

from incidents.errors import ConfigError
from incidents.schema import Category
from incidents.simulate import SimulatedCity, SimulationSettings, simulate_city
from incidents.simulate.process import Events
from incidents.simulate.settings import Background, CityShape, Excitation, Precursor
from incidents.simulate.truth import city_windows, expect_in_cells, mean_kept, state_truth

RATES = {Category.HOMICIDE: 0.5, Category.SHOOTING: 0.7, Category.ROBBERY: 3.0, Category.BURGLARY: 2.0}
SETTINGS = SimulationSettings(
    start=date(2020, 1, 1),
    stop=date(2024, 1, 1),
    shape=CityShape(20, 4, 12_000.0, 50_000),
    background=Background(RATES),
    excitation=Excitation(
        0.5,
        0.7,
        120.0,
        (Precursor(Category.ROBBERY, 0.3, 0.1, 150.0), Precursor(Category.BURGLARY, 0.1, 0.5, 150.0)),
    ),
)
CALM = replace(
    SETTINGS,
    start=date(2023, 11, 4),
    stop=date(2023, 11, 7),
    background=Background(RATES, hour_amplitude=0.0, season_amplitude=0.0),
    excitation=Excitation(0.0, 1.0, 100.0, ()),
)


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(SETTINGS, rng=np.random.default_rng(21))


def keep(events: Events, which: np.ndarray) -> Events:
    """Some of the events, without their pedigree."""
    parent = np.full(np.count_nonzero(which), -1)
    return Events(events.hours[which], events.code[which], events.points[which], parent)


def count_in(city: SimulatedCity, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Homicides and shootings in each window."""
    times = np.sort(city.intensity.clock.at(city.events.hours[city.events.is_target]))
    return np.searchsorted(times, stops) - np.searchsorted(times, starts)


def long_windows(city: SimulatedCity, hours: int) -> tuple[np.ndarray, np.ndarray]:
    edges = city.intensity.clock.at(np.arange(0, city.intensity.clock.hours + 1, hours))
    return edges[:-1], edges[1:]


def test_a_flat_calm_city_by_hand() -> None:
    truth = simulate_city(CALM, rng=np.random.default_rng(1)).truth()
    hourly = 1.2 / 24
    assert truth.start[12] == np.datetime64("2023-11-05T04:00:00")
    assert truth.probability[0] == pytest.approx(1 - np.exp(-2 * hourly), rel=1e-12)
    assert truth.probability[12] == pytest.approx(1 - np.exp(-3 * hourly), rel=1e-12)
    assert np.count_nonzero(truth.probability > truth.probability[0] * 1.01) == 1


def test_one_shooting_by_hand() -> None:
    contagious = replace(
        CALM, excitation=Excitation(0.5, 2.0, 100.0, ()), background=Background({Category.LARCENY: 1.0})
    )
    city = simulate_city(contagious, rng=np.random.default_rng(1))
    centre = city.intensity.city.outline.centroid
    one = Events(
        np.array([1.25]),
        np.array([list(Category).index(Category.SHOOTING)], dtype=np.int8),
        np.array([[centre.x, centre.y]]),
        np.array([-1]),
    )
    truth = state_truth(city.intensity, one, *city_windows(city.intensity.clock))
    first, second = 0.75 / 48, 2.75 / 48
    offspring = 0.5 * (np.exp(-first) - np.exp(-second))
    assert truth.probability[:2] == pytest.approx([0, 1 - np.exp(-offspring)], rel=1e-6)
    assert truth.compensator[:2] == pytest.approx([0.5 * (1 - np.exp(-first)), offspring], rel=1e-6)
    assert truth.expected[1] == pytest.approx(offspring * (1 + 0.5 / 48), rel=1e-3)


def test_without_excitation_windows_do_not_depend_on_history() -> None:
    city = simulate_city(
        replace(SETTINGS, excitation=Excitation(0.0, 1.0, 9.0, ())), rng=np.random.default_rng(2)
    )
    truth = city.truth()
    nothing = keep(city.events, np.zeros(len(city.events), dtype=bool))
    unseen = state_truth(city.intensity, nothing, truth.start, truth.stop)
    assert np.array_equal(truth.probability, unseen.probability)
    assert truth.compensator == pytest.approx(truth.background, rel=1e-9)
    assert truth.expected == pytest.approx(truth.background, rel=1e-12)


def test_what_comes_later_changes_nothing_before(city: SimulatedCity) -> None:
    truth = city.truth()
    cut = 9000
    hour = (truth.start[cut] - city.intensity.clock.start) / np.timedelta64(1, "h")
    past = state_truth(city.intensity, keep(city.events, city.events.hours < hour), truth.start, truth.stop)
    assert np.array_equal(past.probability[: cut + 1], truth.probability[: cut + 1])
    assert np.array_equal(past.expected[: cut + 1], truth.expected[: cut + 1])
    assert (past.probability[cut + 1 : cut + 100] != truth.probability[cut + 1 : cut + 100]).any()


def test_agrees_with_a_slow_double_sum(city: SimulatedCity) -> None:
    """Direct sums over parents and a fine grid of time, for incidents far from the city limit."""
    centre = np.array(city.intensity.city.outline.centroid.coords[0])
    near = (np.hypot(*(city.events.points - centre).T) < 2000) & (city.events.hours < 400)
    events = keep(city.events, near)
    starts, stops = (edge[50:120] for edge in city_windows(city.intensity.clock))
    truth = state_truth(city.intensity, events, starts, stops)
    start, stop = ((edge - city.intensity.clock.start) / np.timedelta64(1, "h") for edge in (starts, stops))
    compensator, exponent = truth.background.copy(), truth.background.copy()
    for kernel in city.intensity.kernels:
        for time in events.hours[kernel.is_parent(events.code)]:
            done = [1 - np.exp(-np.maximum(edge - time, 0) / kernel.decay_hours) for edge in (start, stop)]
            compensator += kernel.offspring * (done[1] - done[0])
            exponent += np.where(time < start, kernel.offspring * (done[1] - done[0]), 0)
    steps = (np.arange(2000) + 0.5) / 1000
    for kernel in city.intensity.precursors:
        hourly = city.intensity.hourly(*kernel.parents)
        offspring = kernel.offspring * mean_kept(city.intensity, kernel)
        chance = 1 - np.exp(-offspring * (1 - np.exp(-(2 - steps) / kernel.decay_hours)))
        rate = hourly[(start[:, None] + steps).astype(int)]
        exponent += (rate * chance).sum(axis=1) / 1000
    assert truth.compensator == pytest.approx(compensator, rel=1e-6)
    assert truth.probability == pytest.approx(1 - np.exp(-exponent), rel=1e-6)


@pytest.mark.parametrize("hours", [2, 6, 24])
def test_probabilities_are_calibrated(city: SimulatedCity, hours: int) -> None:
    starts, stops = long_windows(city, hours)
    probability = city.truth_between(starts, stops).probability
    happened = count_in(city, starts, stops) > 0
    tenth = np.argsort(np.argsort(probability)) * 10 // probability.size
    expected, variance = (np.bincount(tenth, each) for each in (probability, probability * (1 - probability)))
    pull = (np.bincount(tenth, happened) - expected) / np.sqrt(variance)
    assert probability.std() > 0.03
    assert stats.chi2.sf(np.square(pull).sum(), 10) > 1e-3
    assert abs(happened.sum() - probability.sum()) < 4 * np.sqrt(variance.sum())


@pytest.mark.parametrize("hours", [2, 24, 72])
def test_expected_counts_include_all_generations(city: SimulatedCity, hours: int) -> None:
    starts, stops = long_windows(city, hours)
    truth = city.truth_between(starts, stops)
    residual = count_in(city, starts, stops) - truth.expected
    error = residual.std() * np.sqrt(residual.size)
    assert abs(residual.sum()) < 4 * error
    slope = np.polyfit(truth.expected, residual, 1)[0]
    assert abs(slope) < 4 * residual.std() / truth.expected.std() / np.sqrt(residual.size)


def test_the_compensator_leaves_a_martingale(city: SimulatedCity) -> None:
    truth = city.truth()
    residual = count_in(city, truth.start, truth.stop) - truth.compensator
    variance = truth.compensator.sum()
    assert abs(residual.sum()) < 4 * np.sqrt(variance)
    weight = truth.probability - truth.probability.mean()
    assert abs((weight * residual).sum()) < 4 * np.sqrt((np.square(weight) * truth.compensator).sum())


def test_history_tells_more_than_the_background(city: SimulatedCity) -> None:
    truth = city.truth()
    happened = count_in(city, truth.start, truth.stop) > 0
    constant = happened.mean()
    timetable = truth.background / truth.background.mean() * truth.expected.mean()
    brier = [
        np.square(forecast - happened).mean()
        for forecast in (truth.probability, 1 - np.exp(-timetable), constant)
    ]
    assert brier[0] < 0.98 * brier[1] < 0.98 * brier[2]


def test_cells_add_up_to_the_city_and_follow_the_last_shooting(city: SimulatedCity) -> None:
    last = np.flatnonzero(city.events.is_target)[1000]
    hour = np.ceil(city.events.hours[last])
    start, stop = city.intensity.clock.at(np.array([hour, hour + 2]))
    cells = expect_in_cells(city.intensity, city.events, start, stop)
    truth = city.truth_between(np.array([start]), np.array([stop]))
    assert cells.sum() == pytest.approx(-np.log1p(-truth.probability[0]), rel=0.01)
    assert (cells[city.intensity.violent.inside == 0] == 0).all()
    usual = city.intensity.violent.share.ravel() * truth.background[0]
    cell = city.intensity.violent.cells.locate(city.events.points[[last]])
    assert cells.ravel()[cell] > 3 * usual[cell]


def test_cells_expect_where_it_happens(city: SimulatedCity) -> None:
    surface, events = city.intensity.violent, city.events
    time = city.intensity.clock.at(events.hours)
    hits, expected, variance = 0.0, 0.0, 0.0
    for start in city.intensity.clock.at(np.arange(20_000, 22_000, 16)):
        stop = start + np.timedelta64(4, "h")
        cells = city.expected_in_cells(start, stop).ravel()
        score = cells / cells.max()
        now = events.is_target & (time >= start) & (time < stop)
        hits += score[surface.cells.locate(events.points[now])].sum()
        expected += (score * cells).sum()
        variance += (np.square(score) * cells).sum()
    assert expected > 10 * np.sqrt(variance) / 4
    assert abs(hits - expected) < 4 * np.sqrt(variance)


OFF_THE_HOURS = (
    "Expected full hours from 2023-11-04T04:00:00.000000 to 2023-11-07T05:00:00.000000 UTC. Received: {}. "
    "Ask for windows of the simulated period, as city_windows lists them."
)
EMPTY = "Expected every window to stop after it starts. Received: {} to {}. Swap or widen them."


@pytest.mark.parametrize(
    ("start", "stop", "message"),
    [
        (
            "2023-11-04T05:00",
            "2023-11-04T05:00",
            EMPTY.format("2023-11-04T05:00:00.000000", "2023-11-04T05:00:00.000000"),
        ),
        ("2023-11-04T05:30", "2023-11-04T07:00", OFF_THE_HOURS.format("2023-11-04T05:30:00.000000")),
        ("2023-11-04T03:00", "2023-11-04T07:00", OFF_THE_HOURS.format("2023-11-04T03:00:00.000000")),
        ("2023-11-04T05:00", "2023-12-04T05:00", OFF_THE_HOURS.format("2023-12-04T05:00:00.000000")),
    ],
)
def test_impossible_windows_are_refused(start: str, stop: str, message: str) -> None:
    city = simulate_city(CALM, rng=np.random.default_rng(1))
    bounds = [np.array([edge], dtype="datetime64[us]") for edge in (start, stop)]
    with pytest.raises(ConfigError) as caught:
        city.truth_between(*bounds)
    assert str(caught.value) == message
