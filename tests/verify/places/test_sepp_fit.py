"""The self-exciting process: pieces against slow references, and the parameters of simulated cities recovered."""

from datetime import date

import numpy as np
import pytest
import shapely
from scipy.integrate import quad
from scipy.optimize import approx_fprime

from incidents.errors import ConfigError, DataError
from incidents.schema import Category
from incidents.simulate import SimulationSettings, simulate_city
from incidents.simulate.intensity import CODES
from incidents.simulate.settings import Background, Excitation, Precursor
from verify.panel import units_from_raster
from verify.sepp import PointPattern, SeppSettings, Triggering, fit_sepp
from verify.sepp.background import EVEN_SHARE, spread_background
from verify.sepp.ground import look_up_inside, tabulate_inside
from verify.sepp.likelihood import Observed, log_likelihood, pack, score, unpack
from verify.sepp.pattern import find_pairs

TRUTH = {"productivity": 0.25, "decay_days": 3.0, "sigma_m": 150.0}


def lay_square(side_m=4000.0, cell_m=100.0):
    cells = int(side_m // cell_m)
    return units_from_raster(
        np.zeros((cells, cells), dtype=np.int64), west_m=0.0, north_m=side_m, cell_size_m=cell_m
    )


def draw_pattern(rng, *, per_day=1.0, days=700.0, side_m=4000.0, triggering=None):
    """A Hawkes process on a square with an even background, by generations; what leaves the square is lost."""
    kernel = triggering or Triggering(*(np.array([value]) for value in TRUTH.values()))
    count = rng.poisson(per_day * days)
    when, place = rng.uniform(0.0, days, count), rng.uniform(0.0, side_m, (count, 2))
    all_when, all_place = [when], [place]
    while when.size:
        heirs = np.repeat(np.arange(when.size), rng.poisson(kernel.productivity[0], when.size))
        when = when[heirs] + rng.exponential(kernel.decay_days[0], heirs.size)
        place = place[heirs] + rng.normal(0.0, kernel.sigma_m[0], (heirs.size, 2))
        kept = (when < days) & ((place >= 0.0) & (place < side_m)).all(axis=1)
        when, place = when[kept], place[kept]
        all_when.append(when)
        all_place.append(place)
    when, place = np.concatenate(all_when), np.concatenate(all_place)
    order = np.argsort(when)
    count = when.size
    return PointPattern(when[order], place[order], np.zeros(count, dtype=np.int64), np.ones(count), 1, days)


def observe(pattern, units, *, longest_days=20.0):
    return Observed(
        pairs=find_pairs(pattern, longest_days=longest_days, farthest_m=1000.0),
        rhythm=pattern.rhythm[pattern.is_target],
        kind=pattern.kind,
        left_days=np.minimum(pattern.span_days - pattern.days, longest_days),
        inside=tabulate_inside(pattern.points, units),
        span_days=pattern.span_days,
    )


def test_pairs_are_those_that_comparing_all_finds():
    rng = np.random.default_rng(0)
    days = np.sort(np.round(rng.uniform(0, 50, 300), 1))  # rounded, so that some happen at the same instant
    points = np.round(rng.uniform(0, 3000, (300, 2)), 0)
    kind = rng.integers(0, 3, 300)
    pattern = PointPattern(days, points, kind, np.ones(300), 3, 50.1)
    pairs = find_pairs(pattern, longest_days=5.0, farthest_m=400.0)
    targets = np.flatnonzero(kind == 0)
    wanted = set()
    for child, target in enumerate(targets):
        for parent in range(300):
            lag, squared = (
                days[target] - days[parent],
                float(np.square(points[target] - points[parent]).sum()),
            )
            if 0.0 < lag <= 5.0 and squared <= 400.0**2:
                wanted.add((child, int(kind[parent]), float(lag), squared))
    found = zip(
        pairs.child.tolist(), pairs.kind.tolist(), pairs.days.tolist(), pairs.squared_m2.tolist(), strict=True
    )
    assert set(found) == wanted
    assert len(wanted) == pairs.days.size > 20


def test_the_score_is_the_slope_of_the_likelihood():
    rng = np.random.default_rng(1)
    pattern = draw_pattern(rng, days=120.0)
    kind = (rng.random(pattern.days.size) < 0.3).astype(np.int64)
    pattern = PointPattern(pattern.days, pattern.points, kind, np.ones(kind.size), 2, 120.0)
    observed = observe(pattern, lay_square())
    density = np.full(int(pattern.is_target.sum()), 1.0 / 16e6)
    logs = pack(0.8, Triggering(np.array([0.2, 0.4]), np.array([2.0, 5.0]), np.array([140.0, 333.0])))
    numeric = approx_fprime(logs, lambda at: log_likelihood(observed, density, *unpack(at)), 1e-6)
    # Widths change the share inside along a table, hence the looser end.
    assert score(observed, density, logs)[:5] == pytest.approx(numeric[:5], abs=1e-3)
    assert score(observed, density, logs)[5:] == pytest.approx(numeric[5:], abs=0.2)


def test_em_ends_where_the_score_is_zero():
    pattern = draw_pattern(np.random.default_rng(2))
    units = lay_square()
    settings = SeppSettings((400.0,), longest_days=40.0, tolerance=1e-7)
    fit = fit_sepp(pattern, units, settings=settings)
    assert fit.converged
    observed = observe(pattern, units, longest_days=40.0)
    inside = look_up_inside(pattern.points, units, sigma_m=400.0)
    density = spread_background(pattern.points, inside, units, bandwidth_m=400.0).density(fit.chances)
    slope = score(observed, density, pack(fit.background_per_day, fit.triggering))
    assert np.abs(slope * np.sqrt(np.diag(fit.covariance))).max() < 0.05


def test_no_event_explains_itself():
    points = np.array([[1000.0, 1000.0], [1300.0, 1000.0], [3900.0, 3900.0]])
    background = spread_background(points, np.ones(3), lay_square(), bandwidth_m=300.0)
    height = np.exp(-0.5) / (2.0 * np.pi * 300.0**2 * -np.expm1(-4.5))
    even = EVEN_SHARE / 16e6
    wanted = [(1 - EVEN_SHARE) * height / 4 + even, (1 - EVEN_SHARE) * height / 4 + even, even]
    assert background.density(np.array([0.25, 0.25, 0.5])) == pytest.approx(wanted)


@pytest.mark.parametrize("own", [0.3, 3.0, np.inf])
def test_the_response_counts_all_generations(own):
    triggering = Triggering(np.array([0.4, 1.0]), np.array([2.0, 0.3]), np.array([100.0, 100.0]))

    def direct(v):
        return np.exp(-v / own)

    def all_of_them(v):
        line = quad(lambda w: direct(w) * 0.2 * np.exp(-0.3 * (v - w)), 0.0, v)[0]
        return direct(v) + line

    wanted = quad(all_of_them, 0.5, 4.0)[0]
    assert float(triggering.response(own, 0.5, 4.0)) == pytest.approx(wanted, rel=1e-6)


def test_without_triggering_none_is_found():
    rng = np.random.default_rng(3)
    none = Triggering(np.array([0.0]), np.array([3.0]), np.array([150.0]))
    fit = fit_sepp(
        draw_pattern(rng, per_day=2.0, triggering=none), lay_square(), settings=SeppSettings((400.0,))
    )
    assert fit.branching_ratio < 0.1
    assert fit.background_per_day == pytest.approx(2.0, rel=0.1)


def cover(fits):
    """Share of fits whose interval holds the truth, by parameter."""
    intervals = [fit.intervals() for fit in fits]
    return {
        name: np.mean([each[name].lo <= truth <= each[name].hi for each in intervals])
        for name, truth in TRUTH.items()
    }


def test_intervals_cover_the_truth_of_even_towns():
    """Of 30 intervals at 95%, fewer than 25 hold the truth once in 300 such tests."""
    settings = SeppSettings((1000.0,), longest_days=30.0, farthest_m=1000.0, tolerance=1e-4)
    draws = (draw_pattern(np.random.default_rng(1000 + seed), days=600.0) for seed in range(30))
    fits = [fit_sepp(pattern, lay_square(cell_m=200.0), settings=settings) for pattern in draws]
    assert min(cover(fits).values()) >= 25 / 30
    logs = np.log([[interval.value for interval in fit.intervals().values()] for fit in fits])
    errors = np.sqrt([np.diag(fit.covariance)[1:] for fit in fits])
    off = (logs - np.log(list(TRUTH.values()))) / errors
    assert off.mean(axis=0) == pytest.approx(np.zeros(3), abs=0.6)
    assert off.std(axis=0) == pytest.approx(np.ones(3), abs=0.35)


def lay_city(city, cell_m=100.0):
    outline = city.intensity.city.outline
    west, south, east, north = outline.bounds
    row, col = np.mgrid[: int((north - south) // cell_m) + 1, : int((east - west) // cell_m) + 1]
    inside = shapely.contains_xy(outline, west + (col + 0.5) * cell_m, north - (row + 0.5) * cell_m)
    return units_from_raster(np.where(inside, 0, -1), west_m=west, north_m=north, cell_size_m=cell_m)


def pattern_of(city, *others):
    """Homicides and shootings of a simulated city, and other categories as possible parents."""
    kind = np.full(len(city.events), -1)
    kind[city.events.is_target] = 0
    for number, category in enumerate(others, start=1):
        kind[city.events.code == CODES[category]] = number
    kept = kind >= 0
    hours = city.events.hours[kept]
    return PointPattern(
        hours / 24.0,
        city.events.points[kept],
        kind[kept],
        city.intensity.violent_rhythm[hours.astype(np.int64)],
        1 + len(others),
        city.intensity.clock.hours / 24.0,
    )


def simulate(seed, precursors=()):
    per_day = {Category.HOMICIDE: 0.36, Category.SHOOTING: 0.64, Category.COMMON_ASSAULT: 2.5}
    settings = SimulationSettings(
        start=date(2021, 1, 1),
        stop=date(2023, 1, 1),
        background=Background(per_day=per_day),
        excitation=Excitation(precursors=precursors),
    )
    return simulate_city(settings, rng=np.random.default_rng(seed))


def test_disputes_are_told_apart_from_shootings_as_parents():
    city = simulate(11, (Precursor(Category.COMMON_ASSAULT, 0.25, 0.15, 150.0),))
    fit = fit_sepp(pattern_of(city, Category.COMMON_ASSAULT), lay_city(city))
    truth = {0: (0.25, 3.0, 150.0), 1: (0.25, 0.15, 150.0)}
    for kind, wanted in truth.items():
        for interval, value in zip(fit.intervals(kind).values(), wanted, strict=True):
            assert interval.lo <= value <= interval.hi


@pytest.mark.slow
def test_intervals_cover_the_truth_of_simulated_cities():
    """Hot spots, neighborhoods, rhythm and city limit as simulated: 95% intervals hold 92 to 98% of 200 truths."""
    fits = [fit_sepp(pattern_of(city), lay_city(city)) for city in map(simulate, range(200))]
    for name, share in cover(fits).items():
        assert share == pytest.approx(0.95, abs=0.03), name


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(DataError, match="Expected 10 events of the target or more"):
        PointPattern(np.arange(3.0), np.zeros((3, 2)), np.zeros(3, dtype=np.int64), np.ones(3), 1, 5.0)
    twelve = np.zeros(12, dtype=np.int64)
    with pytest.raises(DataError, match=r"Expected rising days in \[0, 5\). Received: 0 to 11."):
        PointPattern(np.arange(12.0), np.zeros((12, 2)), twelve, np.ones(12), 1, 5.0)
    with pytest.raises(ConfigError, match="Expected settings above 0, and a bandwidth"):
        SeppSettings(backgrounds_m=())
