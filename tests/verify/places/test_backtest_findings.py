"""What a backtest says: by hand on counted panels, and on a simulated city whose true risk is known."""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest

from incidents.schema import Category
from incidents.simulate import SimulationSettings, simulate_city
from incidents.simulate.settings import Background, Excitation
from verify.backtest import (
    BacktestOptions,
    Flagged,
    Judging,
    Schedule,
    render_backtest,
    run_backtest,
    tabulate_backtest,
)
from verify.backtest.catches import score_catches
from verify.bootstrap import GridMetric, Metric
from verify.hotspot_scores import score_hotspots
from verify.panel import (
    Constant,
    MapToDate,
    Nodes,
    Oracle,
    Panel,
    PlaceEvents,
    StaticMap,
    WithLevel,
    local_periods,
    units_from_raster,
)
from verify.probability_scores import log_score
from verify.resampling import resample
from verify.sepp import SelfExciting, SeppSettings

PLAN = Schedule(datetime(2020, 9, 1, tzinfo=UTC), datetime(2021, 2, 1, tzinfo=UTC), retrain_days=500.0)


def run(panel, folder, *models, plan=PLAN, **judging):
    options = BacktestOptions(judging=Judging(**{"replicates": 200, **judging}))
    return run_backtest(panel, models, plan, folder=folder, rng=np.random.default_rng(0), options=options)


def test_the_numbers_are_those_of_the_forecasts(make_panel, tmp_path):
    panel = make_panel()
    result = run(panel, tmp_path, Constant(), StaticMap(), WithLevel(StaticMap()))
    counts = result.forecasts.counts
    assert np.array_equal(counts, panel.counts()[244:397])
    history = panel.as_of(np.datetime64("2020-09-01"))
    expected = StaticMap().fit(history).expected(panel.events, panel.periods.rows(slice(244, 397)))
    assert result.forecasts.expected["static map"] == pytest.approx(expected, rel=1e-6)
    losses = {
        name: log_score(1.0 - np.exp(-values.ravel().astype(float)), counts.ravel() > 0)
        for name, values in result.forecasts.expected.items()
    }
    assert result.scores.values["static map"][Metric.LOG_SCORE] == pytest.approx(losses["static map"])
    against = {each.model: each for each in result.comparisons["static map"]}
    rows_per_event = counts.size / np.count_nonzero(counts)
    gain = (losses["static map"] - losses["constant"]) * rows_per_event
    assert against["constant"].gain.value == pytest.approx(gain)
    assert against["constant"].gain.lo < gain < against["constant"].gain.hi < 0.0
    caught = score_hotspots(expected, counts, area=panel.units.area_m2)
    assert result.catches.draws["static map"][0] == pytest.approx(caught.hit_rate)
    assert result.catches.pei_star("static map") == pytest.approx(caught.pei_star)
    assert result.level("static map") == pytest.approx(expected.sum() / counts.sum(), rel=1e-6)


def test_a_map_that_never_changes_has_no_temporal_skill(make_panel, tmp_path):
    result = run(make_panel(), tmp_path, Constant(), StaticMap(), candidates=("static map",))
    verdict = result.verdicts["static map"]
    assert verdict.skill
    assert verdict.temporal_skill is False
    assert result.scores.values["static map"][GridMetric.WITHIN_CELL_AUC] == 0.5


def test_what_learns_from_events_scores_below_one_half_within_cells_where_nothing_changes(tmp_path):
    """Steady risk: no forecast can tell times apart, and one that learns seems worse than none."""
    rng = np.random.default_rng(3)
    cells = units_from_raster(np.arange(40)[None], west_m=0.0, north_m=500.0, cell_size_m=500.0)
    days = local_periods(date(2020, 1, 1), date(2021, 2, 1), zone="UTC")
    day, unit = np.nonzero(rng.random((len(days), 40)) < rng.gamma(0.5, 0.03, 40))
    time, kind = days.start[day], np.zeros(day.size, dtype=np.int64)
    events = PlaceEvents(days.start[0], time, time, unit, np.full((day.size, 2), np.nan), kind)
    models = (StaticMap(), MapToDate())
    result = run(Panel("steady", events, cells, days), tmp_path, *models, flagged=Flagged.UNITS)
    assert result.scores.values["static map"][GridMetric.WITHIN_CELL_AUC] == 0.5
    assert result.scores.values["map to date"][GridMetric.WITHIN_CELL_AUC] < 0.45
    assert any("a map that never changes scores 0.5" in note for note in result.notes)


def test_shares_are_of_the_ground_or_of_the_units(make_panel, tmp_path):
    """One unit holds half of the ground: flagging 4% of 25 units is one unit, 4% of the ground is not."""
    panel = make_panel()
    hits = [
        run(panel, tmp_path, StaticMap(), flagged=flagged, shares=(0.04,)).catches.draws["static map"][0]
        for flagged in Flagged
    ]
    assert hits[0] == pytest.approx(hits[1])  # all units alike: both are the same
    wide = replace(panel, units=_widen_first(panel.units))
    ground, units = (
        run(wide, tmp_path, StaticMap(), flagged=flagged, shares=(0.04,)).catches.draws["static map"][0]
        for flagged in (Flagged.GROUND, Flagged.UNITS)
    )
    assert ground != pytest.approx(units)


def _widen_first(units):
    nodes = units.nodes
    extra = np.column_stack([np.full(96, 125.0), 2625.0 + 250.0 * np.arange(96)])
    more = Nodes(
        np.vstack([nodes.points, extra]), np.append(nodes.unit, np.zeros(96, dtype=np.int64)), nodes.size_m
    )
    return replace(units, nodes=more)


def test_draws_of_hit_rates_are_those_of_the_weeks():
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.05, (56, 30)).astype(np.uint16)
    risk, area = rng.random((56, 30)), rng.uniform(1.0, 2.0, 30)
    weeks = resample(np.repeat(np.arange(8), 7), count=56, replicates=5, rng=rng)
    shares = np.array([0.05, 0.3])
    catches = score_catches({"risk": risk}, counts, area, resampling=weeks, shares=shares)
    for draw, times in enumerate(weeks.draws):
        rows = np.repeat(np.arange(56), times[weeks.block].astype(int))
        wanted = score_hotspots(risk[rows], counts[rows], area=area, shares=shares).hit_rate
        assert catches.draws["risk"][draw] == pytest.approx(wanted)


def test_the_report_says_what_was_found(make_panel, tmp_path):
    panel = make_panel()
    models = (Constant(), StaticMap(), WithLevel(StaticMap()), Oracle.of_outcomes(panel))
    result = run(panel, tmp_path, *models, oracles=("oracle",), candidates=("static map x level",))
    text, found = render_backtest(result), result.to_json()
    assert text.startswith("## a made-up town\n\n**static map x level: ")
    assert found["best_baseline"] == "static map"
    assert found["events"] == int(result.forecasts.counts.sum())
    assert [fold["periods"] for fold in found["folds"]] == [153]
    scores, against = tabulate_backtest(result)
    assert [row[0] for row in scores.rows] == list(result.models)
    assert all(len(row) == len(table.head) for table in (scores, against) for row in table.rows)
    hit = found["models"]["static map"]["hit_rates"][3]["value"]
    assert f"| static map | {found['models']['static map']['hit_rates'][0]['value']:.1%} |" in text
    assert f"{hit:.1%}" in text
    assert found["comparisons"]["static map"]["oracle"]["hit_rate_differences"][3]["lo"] > 0.0


@pytest.fixture(scope="module")
def simulated():
    """A simulated city of 800 m cells by day: its panel, and the oracle that knows the true risk."""
    settings = SimulationSettings(
        start=date(2021, 1, 1),
        stop=date(2022, 7, 1),
        background=Background(per_day={Category.HOMICIDE: 1.0, Category.SHOOTING: 2.0}),
        excitation=Excitation(branching_ratio=0.5, decay_days=2.0, precursors=()),
    )
    city = simulate_city(settings, rng=np.random.default_rng(5))
    cells, factor = city.intensity.violent.cells, 16
    shape = tuple(-(-size // factor) for size in (cells.rows, cells.cols))
    inside = np.zeros((shape[0] * factor, shape[1] * factor))
    inside[: cells.rows, : cells.cols] = city.intensity.violent.inside
    blocks = inside.reshape(shape[0], factor, shape[1], factor).sum(axis=(1, 3))
    number = np.where(blocks >= factor**2 / 10, np.cumsum(blocks >= factor**2 / 10).reshape(shape) - 1, -1)
    fine = np.kron(number, np.ones((factor // 2, factor // 2), dtype=np.int64))
    ground = inside.reshape(shape[0] * factor // 2, 2, shape[1] * factor // 2, 2).mean(axis=(1, 3)) > 0.5
    units = units_from_raster(
        np.where(ground, fine, -1), west_m=cells.west, north_m=cells.north, cell_size_m=100.0
    )
    panel = Panel(
        "a simulated city",
        _events(city, cells, number),
        units,
        local_periods(settings.start, settings.stop, zone="America/New_York"),
    )
    scored = panel.periods.rows(slice(450, 546))
    truth = np.zeros((len(scored), len(units)))
    padded = np.zeros(inside.shape)
    for period, (start, stop) in enumerate(zip(scored.start, scored.stop, strict=True)):
        padded[: cells.rows, : cells.cols] = city.expected_in_cells(start, stop)
        by_block = padded.reshape(shape[0], factor, shape[1], factor).sum(axis=(1, 3))
        truth[period] = by_block[number >= 0]
    return panel, Oracle(scored.start, truth, name="truth")


def _events(city, cells, number):
    """What happened, known at once: the truth counts it so, too."""
    target = city.events.is_target
    points = city.events.points[target]
    time = city.intensity.clock.at(city.events.hours[target])
    row, col = ((axis // 16).astype(int) for axis in cells.fractional(points))
    kind = np.zeros(len(points), dtype=np.int64)
    return PlaceEvents(city.intensity.clock.start, time, time, number[row, col], points, kind)


def test_where_the_true_risk_is_known_the_oracle_wins_and_self_excitation_comes_next(simulated, tmp_path):
    panel, truth = simulated
    start = panel.periods.issue[450].item().replace(tzinfo=UTC)
    plan = Schedule(start, datetime(2022, 7, 1, 4, tzinfo=UTC), retrain_days=500.0)
    sepp = WithLevel(SelfExciting(settings=SeppSettings((300.0,), longest_days=20.0)))
    models = (Constant(), StaticMap(), WithLevel(StaticMap()), sepp, truth)
    result = run(panel, tmp_path, *models, plan=plan, oracles=("truth",), candidates=(sepp.name,))
    losses = {name: result.scores.values[name][Metric.LOG_SCORE] for name in result.models}
    assert min(losses, key=losses.get) == "truth"
    assert sorted(losses, key=losses.get)[1] == sepp.name
    assert result.verdicts[sepp.name].skill
    assert result.verdicts[sepp.name].temporal_skill
    ranks = result.scores.values
    assert ranks["truth"][GridMetric.WITHIN_CELL_AUC] > ranks[sepp.name][GridMetric.WITHIN_CELL_AUC] > 0.55
    fold = result.forecasts.findings[sepp.name][0]
    assert fold["productivity lo"] < 0.5 < fold["productivity hi"]
    assert fold["decay_days lo"] < 2.0 < fold["decay_days hi"]
    assert result.level("truth") == pytest.approx(1.0, abs=0.15)


def test_reports_that_come_late_cost_the_self_exciting_process_its_lead(simulated, tmp_path):
    panel, _ = simulated
    late = replace(panel, events=replace(panel.events, known=panel.events.time + np.timedelta64(10, "D")))
    start = panel.periods.issue[450].item().replace(tzinfo=UTC)
    plan = Schedule(start, datetime(2022, 7, 1, 4, tzinfo=UTC), retrain_days=500.0)
    sepp = SelfExciting(settings=SeppSettings((300.0,), longest_days=20.0))
    aucs = [
        run(each, tmp_path, StaticMap(), sepp, plan=plan).scores.values[sepp.name][GridMetric.WITHIN_CELL_AUC]
        for each in (panel, late)
    ]
    assert aucs[0] > aucs[1] + 0.02
