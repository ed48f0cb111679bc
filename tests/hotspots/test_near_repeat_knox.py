"""Knox test: counts to the pair, the mean that algebra gives, p that keeps its promise."""

from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.near_repeat import knox
from hotspots.near_repeat.events import Events, gather_events
from hotspots.near_repeat.knox import Bands, KnoxTest, branching_ratio, knox_test
from incidents.errors import ConfigError, DataError
from incidents.schema import Category
from incidents.simulate.settings import Background, CityShape, Excitation, SimulationSettings
from incidents.simulate.simulation import simulate_city

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
DAY_S = 86_400
BANDS = Bands(metres=(0.0, 1.0, 150.0, 400.0), days=(0.0, 2.0, 5.0, 10.0))


def events_at(x: npt.ArrayLike, y: npt.ArrayLike, days: npt.ArrayLike) -> Events:
    second = np.rint(np.asarray(days) * DAY_S).astype(np.int64)
    return Events(np.asarray(x, float), np.asarray(y, float), second, np.arange(len(second)))


def scatter(seed: int, count: int) -> Events:
    """Events on a lattice of 100 m, so that places repeat, over forty whole and half days."""
    rng = np.random.default_rng(seed)
    x, y = 5000 + 100.0 * rng.integers(0, 12, (2, count))
    return events_at(x, y, rng.integers(0, 80, count) / 2)


def all_pairs(events: Events, bands: Bands) -> tuple[Ints, Ints]:
    """Distance band and lag band of every pair, by a full table."""
    one, other = np.triu_indices(len(events), 1)
    gap = np.hypot(events.x[one] - events.x[other], events.y[one] - events.y[other])
    lag = np.abs(events.second[one] - events.second[other]) / DAY_S
    far = np.digitize(gap, bands.metres) - 1
    late = np.digitize(lag, bands.days) - 1
    return np.where(far < bands.shape[0], far, -1), np.where(late < bands.shape[1], late, -1)


def table(far: Ints, late: Ints, shape: tuple[int, int]) -> Ints:
    counts = np.zeros(shape, dtype=np.int64)
    held = (far >= 0) & (late >= 0)
    np.add.at(counts, (far[held], late[held]), 1)
    return counts


def test_pairs_by_hand() -> None:
    # Two at one place a day apart; a third 100 m off, two days after the second: on the bound of both bands.
    events = events_at([5000, 5000, 5100], [5000, 5000, 5000], [10.0, 11.0, 13.0])
    bands = Bands(metres=(0.0, 1.0, 100.0, 200.0), days=(0.0, 2.0, 4.0))
    test = knox_test(events, bands, permutations=99, rng=np.random.default_rng(0))
    assert test.observed.tolist() == [[1, 0], [0, 0], [0, 2]]
    assert test.events == 3


@pytest.mark.parametrize("seed", range(4))
def test_counts_agree_with_all_pairs(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knox, "CHUNK_PAIRS", 100)
    events = scatter(seed, 150)
    test = knox_test(events, BANDS, permutations=1, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(test.observed, table(*all_pairs(events, BANDS), BANDS.shape))


def test_bands_need_not_start_at_nothing_nor_be_whole() -> None:
    bands = Bands(metres=(120.0, 250.5), days=(0.5, 1.25, 3.1))
    events = scatter(5, 200)
    test = knox_test(events, bands, permutations=1, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(test.observed, table(*all_pairs(events, bands), bands.shape))


def test_the_mean_is_the_one_that_algebra_gives() -> None:
    # Under permutation a pair of places meets any pair of times: E = pairs in space x pairs in time / all pairs.
    events = scatter(6, 120)
    far, late = all_pairs(events, BANDS)
    in_space = np.bincount(far[far >= 0], minlength=3)
    in_time = np.bincount(late[late >= 0], minlength=3)
    exact = np.outer(in_space, in_time) / far.size
    test = knox_test(events, BANDS, permutations=4000, rng=np.random.default_rng(1))
    np.testing.assert_allclose(test.expected, exact, atol=4 * test.deviation.max() / np.sqrt(4000))


def test_every_p_agrees_with_a_loop() -> None:
    events = scatter(7, 60)
    test = knox_test(events, BANDS, permutations=40, rng=np.random.default_rng(2))
    rng = np.random.default_rng(2)
    dealt = [
        table(*all_pairs(replace(events, second=events.second[rng.permutation(60)]), BANDS), BANDS.shape)
        for _ in range(40)
    ]
    simulated = np.stack(dealt)
    np.testing.assert_allclose(test.expected, simulated.mean(axis=0))
    np.testing.assert_allclose(test.deviation, simulated.std(axis=0))
    np.testing.assert_allclose(test.p, (1 + (simulated >= test.observed).sum(axis=0)) / 41)
    pooled = np.concatenate([test.observed[None], simulated])
    z = (pooled - pooled.mean(axis=0)) / pooled.std(axis=0)
    reached = z[1:].max(axis=(1, 2))[:, None, None] >= z[0]
    np.testing.assert_allclose(test.p_adjusted, (1 + reached.sum(axis=0)) / 41)
    assert test.total_deviation == pytest.approx(simulated.sum(axis=(1, 2)).std())


def test_agrees_with_pointpats() -> None:
    pointpats = pytest.importorskip("pointpats", reason="pointpats is not installed")
    events = scatter(8, 120)
    # pointpats counts pairs at most so far apart; nothing lies between 150 and 151 m, or 5 and 5.1 days.
    theirs = pointpats.Knox(
        np.column_stack([events.x, events.y]),
        (events.second / DAY_S)[:, None],
        delta=150.5,
        tau=5.1,
        permutations=99,
    )
    ours = knox_test(events, Bands((0.0, 150.5), (0.0, 5.1)), permutations=99, rng=np.random.default_rng(3))
    assert ours.observed[0, 0] == theirs.statistic_
    assert ours.p[0, 0] == pytest.approx(theirs.p_sim, abs=0.15)


@given(
    angle=st.floats(0, 6.28),
    shift=st.integers(-10_000, 10_000),
    days=st.integers(-4000, 4000),
    seed=st.integers(0, 99),
)
@settings(max_examples=25)
def test_rotation_shift_and_calendar_change_nothing(angle: float, shift: int, days: int, seed: int) -> None:
    rng = np.random.default_rng(9)
    x, y, when = rng.normal(5000, 300, 80), rng.normal(5000, 300, 80), rng.uniform(0, 60, 80)
    turn = np.exp(1j * angle) * (x + 1j * y) + shift * (1 + 1j)
    here, there = (
        knox_test(events, BANDS, permutations=5, rng=np.random.default_rng(seed))
        for events in (events_at(x, y, when), events_at(turn.real, turn.imag, when + 5000 + days))
    )
    np.testing.assert_array_equal(here.observed, there.observed)
    np.testing.assert_array_equal(here.expected, there.expected)


def test_times_stay_in_their_strata() -> None:
    # Two places: all events of one in the first year, of the other in the second. Nothing follows anything.
    rng = np.random.default_rng(10)
    place = np.repeat([0, 1], 150)
    x = 5000 + 3000.0 * place + rng.normal(0, 30, 300)
    events = events_at(x, x, rng.uniform(0, 365, 300) + 365 * place)
    bands = Bands((0.0, 200.0), (0.0, 10.0))
    loose = knox_test(events, bands, permutations=199, rng=rng)
    within = knox_test(events, bands, permutations=199, strata=place, rng=rng)
    assert loose.p[0, 0] == 1 / 200
    assert loose.ratio[0, 0] > 1.7
    assert within.p[0, 0] > 0.05
    assert within.ratio[0, 0] == pytest.approx(1.0, abs=0.1)


def test_p_keeps_its_promise_under_chance() -> None:
    rng = np.random.default_rng(11)
    bands = Bands((0.0, 100.0, 300.0), (0.0, 3.0, 9.0))
    tests = [
        knox_test(
            events_at(*rng.normal(5000, 250, (2, 80)), rng.uniform(0, 200, 80)),
            bands,
            permutations=39,
            rng=rng,
        )
        for _ in range(200)
    ]
    single = np.mean([test.p[0, 1] <= 0.05 for test in tests])
    anywhere = np.mean([(test.p_adjusted <= 0.05).any() for test in tests])
    assert single <= 0.09
    assert 0.005 <= anywhere <= 0.09
    assert np.mean([(test.p <= 0.05).any() for test in tests]) > 0.09


def violent_city(branching: float) -> Events:
    """Three years of a city in which homicides and shootings trigger each other, and nothing else does."""
    settings = SimulationSettings(
        start=date(2021, 1, 1),
        stop=date(2024, 1, 1),
        shape=CityShape(extent_m=9000.0, places=()),
        background=Background(per_day={Category.SHOOTING: 3.0}),
        excitation=Excitation(branching_ratio=branching, decay_days=3.0, sigma_m=150.0, precursors=()),
    )
    happened = simulate_city(settings, rng=np.random.default_rng(12)).events
    times = np.datetime64("2021-01-01T05:00", "us") + (happened.hours * 3600e6).astype("timedelta64[us]")
    return gather_events(*happened.points.T, times, same_event_hours=0.0)


WIDE = Bands(metres=(0.0, 150.0, 300.0, 600.0, 1000.0, 1500.0), days=(0.0, 3.0, 7.0, 14.0, 28.0, 56.0))
WITHIN = Bands(metres=(0.0, 600.0), days=(0.0, 21.0))
"""Where nearly all offspring lie: 150 m away in x and in y, after 3 days on average."""


def test_a_simulated_city_shows_its_near_repeats_where_they_are() -> None:
    events = violent_city(0.25)
    test = knox_test(events, WIDE, permutations=199, rng=np.random.default_rng(13))
    assert (test.p_adjusted[:2, :2] == 1 / 200).all()
    assert test.ratio[0, 0] > 2
    assert test.p_adjusted[3:].min() > 0.05
    assert test.p_adjusted[:, 3:].min() > 0.05
    near = branching_ratio(knox_test(events, WITHIN, permutations=199, rng=np.random.default_rng(13)))
    assert near.lo < 0.25 < near.hi
    assert near.value == pytest.approx(0.25, abs=0.05)


def test_a_simulated_city_without_triggering_is_silent() -> None:
    events = violent_city(0.0)
    test = knox_test(events, WIDE, permutations=199, rng=np.random.default_rng(13))
    assert test.p_adjusted.min() > 0.05
    near = branching_ratio(knox_test(events, WITHIN, permutations=199, rng=np.random.default_rng(13)))
    assert near.lo < 0.0 < near.hi
    assert abs(near.value) < 0.05


@pytest.mark.parametrize("ratio", [-0.3, 0.0, 0.2, 0.7])
def test_the_branching_ratio_by_hand(ratio: float) -> None:
    relatives = (1 / (1 - ratio) ** 2 - 1) / 2
    pairs = np.array([[400]])
    test = KnoxTest(
        BANDS,
        100,
        pairs,
        pairs - 100 * relatives,
        pairs * 0.1,
        pairs * 1.0,
        pairs * 1.0,
        total_deviation=5.0,
        permutations=9,
    )
    found = branching_ratio(test)
    assert found.value == pytest.approx(ratio)
    assert found.lo < ratio < found.hi
    assert np.isnan(branching_ratio(replace(test, expected=pairs + 60.0)).value)


def test_equal_events_and_few_bands_are_no_error() -> None:
    same = events_at([5000.0] * 5, [5000.0] * 5, [3.0] * 5)
    test = knox_test(same, Bands((0.0, 1.0), (0.0, 1.0)), permutations=9, rng=np.random.default_rng(0))
    assert test.observed.tolist() == [[10]]
    assert np.isnan(test.residual).all()
    assert test.p.tolist() == test.p_adjusted.tolist() == [[1.0]]


def test_a_century_of_events_does_not_overflow() -> None:
    events = events_at([5000.0] * 3, [5000.0] * 3, [0.0, 36_500.0, 36_501.0])
    test = knox_test(events, Bands((0.0, 1.0), (0.0, 2.0)), permutations=9, rng=np.random.default_rng(0))
    assert test.observed.tolist() == [[1]]


def test_error_texts() -> None:
    events, rng = events_at([5000.0] * 3, [5000.0] * 3, [0.0, 1.0, 2.0]), np.random.default_rng(0)
    with pytest.raises(ConfigError) as bounds:
        knox_test(events, Bands(metres=(0.0, 100.0, 100.0)), rng=rng)
    assert str(bounds.value) == (
        "Expected bounds of metres that rise from 0 or more. Received: (0.0, 100.0, 100.0). "
        "Name at least two, such as 0 and 100."
    )
    with pytest.raises(
        ConfigError, match=r"Expected bounds of days that rise from 0 or more. Received: \(-1"
    ):
        knox_test(events, Bands(days=(-1.0, 2.0)), rng=rng)
    with pytest.raises(ConfigError, match="Expected at least one permutation"):
        knox_test(events, BANDS, permutations=0, rng=rng)
    with pytest.raises(DataError) as one:
        knox_test(events_at([5e3], [5e3], [0.0]), BANDS, rng=rng)
    assert str(one.value) == (
        "Expected at least two events. Received: 1. Take a longer period or more categories."
    )
    with pytest.raises(DataError, match=r"Expected a whole number for each of 3 events. Received: float64"):
        knox_test(events, BANDS, strata=[0.0, 1.0, 2.0], rng=rng)
