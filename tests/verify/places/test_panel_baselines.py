"""Baselines of places: by hand where a hand can, and none of them knows what was not yet on record."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.stats import nbinom

from incidents.errors import ConfigError, DataError
from verify.panel import (
    Constant,
    LagLogistic,
    LagTrees,
    LogLinearHistories,
    MapToDate,
    Oracle,
    Panel,
    PlaceEvents,
    Pool,
    ProspectiveKernel,
    RecentWindow,
    StaticMap,
    WithLevel,
    WithRhythm,
    default_place_baselines,
    local_periods,
    probability_of_any,
    units_from_raster,
)
from verify.panel.level import CityLevel, fit_level
from verify.panel.rhythm import fit_rhythm
from verify.panel.shrinkage import SHAPES, choose_shape, learn_surroundings, size_of_units
from verify.panel.training_rows import choose_rows
from verify.sepp import SelfExciting, SeppSettings

BRIEFLY = SelfExciting(settings=SeppSettings((200.0,), longest_days=20.0, farthest_m=800.0, most_steps=30))
PLAIN = tuple(model for model in default_place_baselines() if not isinstance(model, LagTrees))
MODELS = (*PLAIN, Pool((StaticMap(), RecentWindow(28))), LagTrees(most_trees=15), BRIEFLY, WithLevel(BRIEFLY))


def count_panel(counts, *, first=date(2020, 1, 1)):
    """A panel of days with given counts (days, units) in a row of cells, each event at noon and known at once."""
    counts = np.asarray(counts)
    periods = local_periods(first, date.fromordinal(first.toordinal() + len(counts)), zone="UTC")
    day, unit = (
        np.repeat(index, counts.ravel()) for index in np.divmod(np.arange(counts.size), counts.shape[1])
    )
    time = periods.start[day] + np.timedelta64(12, "h")
    points = np.column_stack([100.0 * unit + 50.0, np.full(unit.size, 50.0)])
    events = PlaceEvents(periods.start[0], time, time, unit, points, np.zeros(unit.size, dtype=np.int64))
    cells = units_from_raster(np.arange(counts.shape[1])[None], west_m=0.0, north_m=100.0, cell_size_m=100.0)
    return Panel("counted", events, cells, periods)


def forecast(model, panel, split):
    """Fit as of a period's issue, and forecast from that period on."""
    after = panel.periods.rows(slice(split, None))
    return model.fit(panel.as_of(after.issue[0])).expected(panel.events, after)


def test_constant_is_the_mean_rate():
    panel = count_panel([[2, 0], [0, 0], [1, 1], [9, 9]])
    assert forecast(Constant(), panel, 3).tolist() == [[4 / 6, 4 / 6]]


def test_a_map_is_between_its_counts_and_the_mean_and_keeps_their_sum():
    panel = count_panel([[6, 0, 0, 0], [5, 1, 0, 0], [9, 9, 9, 9]])
    rates = forecast(StaticMap(), panel, 2)[0]
    assert rates.sum() == pytest.approx(6.0)
    assert 1.5 < rates[0] < 5.5
    assert 0.0 < rates[2] == rates[3] < rates[1] < 1.5


def test_a_map_to_date_is_the_static_map_refitted_every_day(make_panel):
    panel = make_panel(2)
    fitted = MapToDate().fit(panel.as_of(panel.periods.issue[300]))
    later = panel.periods.rows(slice(310, 311))
    refitted = StaticMap().fit(panel.as_of(later.issue[0]))
    found, wanted = fitted.expected(panel.events, later), refitted.expected(panel.events, later)
    # One counts all that was known, the other what fell into ended periods: the same here.
    assert found == pytest.approx(wanted, rel=0.02)


def test_a_recent_window_moves_towards_what_was_seen_lately():
    rng = np.random.default_rng(5)
    level = np.where(np.arange(400) % 100 < 50, 4.0, 0.2)
    panel = count_panel(rng.poisson(np.stack([level, np.full(400, 1.0)], axis=1)))
    after = forecast(RecentWindow(7), panel, 250)
    high, low = after[level[250:] > 1.0], after[level[250:] < 1.0]
    assert high[8:, 0].min() > 2.0 > 1.0 > low[60:, 0].max()
    assert after[:, 1].mean() == pytest.approx(1.0, abs=0.2)


def test_the_rhythm_finds_weekend_and_season():
    days = np.arange(1096)
    weekend = (days + 2) % 7 >= 5  # 2020-01-01 was a Wednesday
    season = np.exp(0.4 * np.cos(2 * np.pi * (days - 200) / 365.25))
    panel = count_panel(
        np.random.default_rng(0).poisson(30.0 * season * np.where(weekend, 2.0, 1.0))[:, None]
    )
    rhythm = fit_rhythm(panel)
    factor = rhythm.factor(panel.periods)
    assert factor @ panel.periods.hours == pytest.approx(panel.periods.hours.sum())
    assert np.hypot(*rhythm.season) == pytest.approx(0.4, abs=0.03)
    assert factor[weekend].mean() / factor[~weekend].mean() == pytest.approx(2.0, rel=0.03)


def test_a_short_record_has_no_season():
    panel = count_panel(np.random.default_rng(0).poisson(30.0, (200, 1)))
    assert fit_rhythm(panel).season.tolist() == [0.0, 0.0]


def test_the_level_is_the_decayed_rate_by_hand():
    panel = count_panel([[4], [0], [2], [0]])
    flat = replace(fit_rhythm(panel), by_hour=np.ones(168), scale=1.0)
    found = CityLevel(2.0, flat).expected(panel.events, panel.periods)
    weight = 2.0 ** (-0.5 * np.arange(3) - 0.25)
    sums = [4 * weight[0], 4 * weight[1], 4 * weight[2] + 2 * weight[0]]
    assert found[1:] == pytest.approx((np.array(sums) + 0.5) / np.cumsum(weight), rel=1e-12)


def test_a_scaled_map_sums_to_the_level_of_the_city(make_panel):
    panel = make_panel(3)
    history, after = panel.as_of(panel.periods.issue[300]), panel.periods.rows(slice(300, None))
    scaled = WithLevel(StaticMap()).fit(history).expected(panel.events, after)
    assert scaled.sum(axis=1) == pytest.approx(fit_level(history).expected(panel.events, after))
    shares = scaled / scaled.sum(axis=1, keepdims=True)
    assert shares == pytest.approx(np.broadcast_to(shares[0], shares.shape))


def test_the_kernel_chooses_the_memory_that_the_town_has():
    rng = np.random.default_rng(1)
    steady = rng.poisson(np.geomspace(0.05, 3.0, 12), (500, 12))
    wandering = np.stack([rng.poisson(np.roll(np.geomspace(0.05, 3.0, 12), day // 40)) for day in range(500)])
    model = ProspectiveKernel(bandwidths_m=(60.0,), half_lives_days=(14.0, 1000.0))
    chosen = [model.fit(count_panel(counts)).findings["half_life_days"] for counts in (steady, wandering)]
    assert chosen == [1000.0, 14.0]


@pytest.mark.parametrize(
    "model",
    [LagLogistic(), LagTrees(rows_per_leaf=100, most_trees=80), LogLinearHistories()],
    ids=lambda m: m.name,
)
def test_what_is_learned_beats_the_map_where_risk_wanders(model):
    rng = np.random.default_rng(2)
    truth = np.stack([np.roll(np.geomspace(0.02, 1.5, 16), day // 60) for day in range(700)])
    panel = count_panel(rng.poisson(truth))
    counts = panel.counts()[500:]

    def loss(expected):
        return (expected - counts * np.log(expected)).sum()

    own, still, best = (
        loss(forecast(each, panel, 500))
        for each in (model, WithLevel(StaticMap()), Oracle(panel.periods.start, truth))
    )
    assert best < own < still - 0.5 * (still - best)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_what_becomes_known_later_changes_nothing_before(make_panel, rewrite_after, model):
    panel = make_panel(7)
    split, cut = panel.periods.issue[330], panel.periods.issue[370]
    after = panel.periods.rows(slice(330, 400))
    told = rewrite_after(panel, cut)
    fits = [model.fit(record.as_of(split)) for record in (panel, told)]
    before = after.issue <= cut
    expected = [fit.expected(record.events, after) for fit, record in zip(fits, (panel, told), strict=True)]
    assert np.array_equal(expected[0][before], expected[1][before])
    assert np.isfinite(expected[0]).all()
    assert expected[0].min() >= 0.0
    # The rewriting is not idle: fitted after it, every model says something else.
    late = panel.periods.issue[400]
    again = [model.fit(record.as_of(late)).expected(record.events, after) for record in (panel, told)]
    assert not np.array_equal(*again)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_expected_counts_are_of_the_size_of_what_happens(make_panel, model):
    panel = make_panel(8)
    expected = forecast(model, panel, 300)
    assert expected.shape == (120, 25)
    assert expected.sum() == pytest.approx(panel.counts()[300:].sum(), rel=0.2)


def test_the_shape_of_the_prior_is_the_most_likely_one():
    rng = np.random.default_rng(3)
    means = rng.uniform(0.5, 20.0, 300)
    counts = rng.poisson(means * rng.gamma(2.0, 0.5, 300)).astype(float)
    likelihood = [nbinom.logpmf(counts, shape, shape / (shape + means)).sum() for shape in SHAPES]
    assert choose_shape(counts, means) == SHAPES[int(np.argmax(likelihood))]


def test_groups_draw_their_units_to_their_own_level():
    rng = np.random.default_rng(4)
    cells = units_from_raster(np.arange(60)[None], west_m=0.0, north_m=100.0, cell_size_m=100.0)
    grouped = replace(cells, group=np.repeat([0, 1, 2], 20))
    counts = rng.poisson(np.repeat([0.5, 3.0, 20.0], 20)).astype(float)
    drawn = learn_surroundings(counts, grouped).draw(counts[None])[0]
    assert drawn.sum() == pytest.approx(counts.sum())
    assert drawn.reshape(3, 20).mean(axis=1) == pytest.approx(counts.reshape(3, 20).mean(axis=1), rel=0.1)
    assert drawn.reshape(3, 20).std(axis=1).max() < 3.0


def test_a_park_without_residents_is_not_without_risk():
    cells = units_from_raster(np.arange(2)[None], west_m=0.0, north_m=100.0, cell_size_m=100.0)
    assert size_of_units(replace(cells, residents=np.array([0.0, 300.0]))).tolist() == [0.25, 0.75]


def test_rows_are_thinned_without_bias_and_without_chance():
    rng = np.random.default_rng(6)
    counts = (rng.random((700, 91)) < 0.01).astype(np.uint16)
    rows = choose_rows(counts, most_quiet=5000)
    assert rows.weight.sum() == pytest.approx(counts.size)
    assert rows.count.sum() == counts.sum()
    by_unit = np.bincount(rows.unit, weights=rows.weight, minlength=91)
    assert by_unit == pytest.approx(np.full(91, 700.0), rel=0.15)
    assert np.array_equal(choose_rows(counts, most_quiet=5000).period, rows.period)
    assert len(choose_rows(counts, most_quiet=10**9)) == counts.size


def test_the_oracle_of_outcomes_says_what_happened(make_panel):
    panel = make_panel()
    oracle = Oracle.of_outcomes(panel)
    after = panel.periods.rows(slice(200, 210))
    assert np.array_equal(oracle.fit(panel).expected(panel.events, after), panel.counts()[200:210])
    with pytest.raises(DataError, match="Expected periods that the oracle knows"):
        oracle.expected(panel.events, local_periods(date(2030, 1, 1), date(2030, 1, 2), zone="UTC"))


def test_the_probability_of_any_is_that_of_a_poisson_count():
    assert probability_of_any(np.array([0.0, np.log(2.0)])).tolist() == [0.0, 0.5]


def test_a_pool_is_the_geometric_mean_of_its_models(make_panel):
    panel = make_panel(9)
    models = (StaticMap(), RecentWindow(28))
    found = forecast(Pool(models), panel, 300)
    one, two = (forecast(model, panel, 300) for model in models)
    assert found == pytest.approx(np.sqrt(one * two))
    silent = Pool((StaticMap(), Oracle(panel.periods.start, np.zeros(panel.shape))))
    assert forecast(silent, panel, 300).min() > 0.0
    assert Pool((RecentWindow(28),)).fit(panel).findings.keys() == {"last 28 days: prior_events"}


def test_settings_out_of_range_are_refused():
    with pytest.raises(ConfigError, match=r"Expected a window of 1 day or more\. Received: 0\. Use 28\."):
        RecentWindow(0)
    with pytest.raises(ConfigError, match="Expected one or more models to pool"):
        Pool(())
    with pytest.raises(ConfigError, match="Expected bandwidths and half-lives above 0"):
        ProspectiveKernel(bandwidths_m=())
    with pytest.raises(ConfigError, match=r"Expected tail between 0 and 1\. Received: 1\.0\. Use 0\.25\."):
        LagTrees(tail=1.0)
    with pytest.raises(ConfigError, match="Expected a bandwidth, a half-life and days to learn from"):
        LogLinearHistories(train_days=0)


def test_rhythm_multiplies_a_baseline(make_panel):
    panel = make_panel(9)
    split = panel.periods.issue[300]
    history, after = panel.as_of(split), panel.periods.rows(slice(300, None))
    plain, timed = (
        model.fit(history).expected(panel.events, after) for model in (StaticMap(), WithRhythm(StaticMap()))
    )
    assert timed / plain == pytest.approx(
        np.broadcast_to(fit_rhythm(history).factor(after)[:, None], plain.shape)
    )
