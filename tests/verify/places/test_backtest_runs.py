"""A backtest that is cut short goes on where it stopped, notices what changed, and is the same on any worker."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify.backtest import BacktestOptions, Judging, Schedule, Workers, run_backtest
from verify.backtest.content_key import content_key
from verify.backtest.folds import load_forecast
from verify.panel import Constant, Oracle, ProspectiveKernel, RecentWindow, StaticMap
from verify.panel.static import FixedRates

PLAN = Schedule(datetime(2020, 9, 1, tzinfo=UTC), datetime(2020, 12, 1, tzinfo=UTC), retrain_days=30.0)
FEW = BacktestOptions(judging=Judging(replicates=20))


@dataclass(frozen=True)
class Logged:
    """A constant that notes every fit in a file, and may fail from some fold on."""

    log: str
    rate: float = 0.01
    fails_after: int = 100
    name: str = "logged"

    def fit(self, history):
        with Path(self.log).open("a") as file:
            file.write(f"{history.periods.stop[-1]}\n")
        if len(Path(self.log).read_text().splitlines()) > self.fails_after:
            raise DataError("The power went out.")
        return FixedRates(self.name, np.full(len(history.units), self.rate), {"rate": self.rate})


@dataclass(frozen=True)
class Wrong:
    """A model that forecasts something impossible."""

    value: float
    name: str = "wrong"

    def fit(self, history):
        return FixedRates(self.name, np.full(len(history.units), self.value), {})


def run(panel, folder, *models, options=FEW, plan=PLAN):
    return run_backtest(panel, models, plan, folder=folder, rng=np.random.default_rng(0), options=options)


def fits(log):
    return len(log.read_text().splitlines())


def test_a_finished_fold_is_never_computed_again(make_panel, tmp_path):
    panel, log = make_panel(), tmp_path / "log"
    first = run(panel, tmp_path / "run", StaticMap(), Logged(str(log)))
    assert fits(log) == len(first.forecasts.folds) == 4
    second = run(panel, tmp_path / "run", StaticMap(), Logged(str(log)))
    assert fits(log) == 4
    assert second.to_json() == first.to_json()
    third = run(panel, tmp_path / "run", Logged(str(log)), RecentWindow(28), StaticMap())
    assert fits(log) == 4
    assert third.models == ("logged", "last 28 days", "static map")


def test_a_run_that_was_cut_short_goes_on_where_it_stopped(make_panel, tmp_path):
    panel, log, folder = make_panel(), tmp_path / "log", tmp_path / "run"
    model = Logged(str(log), fails_after=2)
    with pytest.raises(DataError, match="The power went out"):
        run(panel, folder, StaticMap(), model)
    kept = sorted(folder.glob("*logged*"))
    assert len(kept) == 2
    kept[0].write_bytes(kept[0].read_bytes()[:100])  # a file that the disk has spoilt is no result
    assert [load_forecast(file) is None for file in kept] == [True, False]
    log.write_text("")
    with pytest.raises(DataError, match="The power went out"):
        run(panel, folder, StaticMap(), model)
    assert fits(log) == 3  # the spoilt one, the third, and the last, in which the power went out again
    log.write_text("")
    result = run(panel, folder, StaticMap(), model)
    assert fits(log) == 1
    assert result.forecasts.findings["logged"] == ({"rate": 0.01},) * 4
    assert not list(folder.glob(".*"))


def test_changed_settings_schedule_or_record_are_computed_anew(make_panel, tmp_path):
    panel, log = make_panel(), tmp_path / "log"
    changes = [
        lambda: run(panel, tmp_path, StaticMap(), Logged(str(log), rate=0.5)),
        lambda: run(panel, tmp_path, StaticMap(), Logged(str(log)), plan=replace(PLAN, gap_hours=24.0)),
        lambda: run(panel, tmp_path, StaticMap(), Logged(str(log)), plan=replace(PLAN, embargo_hours=24.0)),
        lambda: run(make_panel(1), tmp_path, StaticMap(), Logged(str(log))),
        lambda: run(
            replace(panel, units=replace(panel.units, group=None)), tmp_path, StaticMap(), Logged(str(log))
        ),
    ]
    run(panel, tmp_path, StaticMap(), Logged(str(log)))
    for count, change in enumerate(changes, start=2):
        change()
        assert fits(log) == 4 * count


def test_a_longer_record_leaves_finished_folds_as_they_are(make_panel, rewrite_after, tmp_path):
    panel, log = make_panel(), tmp_path / "log"
    last_issue = np.datetime64("2020-11-30", "us")
    run(panel, tmp_path, StaticMap(), Logged(str(log)))
    run(rewrite_after(panel, last_issue), tmp_path, StaticMap(), Logged(str(log)))
    assert fits(log) == 4
    run(rewrite_after(panel, last_issue - np.timedelta64(40, "D")), tmp_path, StaticMap(), Logged(str(log)))
    assert fits(log) == 7  # all but the first fold issue later forecasts


def test_several_processes_find_what_one_finds(make_panel, tmp_path):
    panel = make_panel()
    models = (
        Constant(),
        StaticMap(),
        ProspectiveKernel(bandwidths_m=(300.0,), half_lives_days=(50.0, 200.0)),
    )
    alone, team = (
        run(panel, tmp_path / str(count), *models, options=replace(FEW, workers=Workers(processes=count)))
        for count in (1, 2)
    )
    for name in alone.models:
        assert np.array_equal(alone.forecasts.expected[name], team.forecasts.expected[name])
    assert alone.to_json() == team.to_json()


def test_a_dask_cluster_finds_what_one_process_finds(make_panel, tmp_path):
    distributed = pytest.importorskip("distributed", reason="Dask is not installed")
    panel, models = make_panel(), (Constant(), StaticMap())
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        workers = Workers(scheduler=cluster.scheduler_address)
        far = run(panel, tmp_path / "far", *models, options=replace(FEW, workers=workers))
    assert far.to_json() == run(panel, tmp_path / "near", *models).to_json()


def test_a_scheduler_without_dask_is_an_error_that_says_what_to_install(make_panel, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(
        ConfigError, match=r"Expected Dask for the scheduler tcp://nowhere:1\..*dask\[distributed\]"
    ):
        run(
            make_panel(),
            tmp_path,
            StaticMap(),
            options=replace(FEW, workers=Workers(scheduler="tcp://nowhere:1")),
        )


def test_what_a_fold_may_see_is_what_it_is_told(make_panel, rewrite_after, tmp_path):
    """Forecasts before an instant are the same, to the bit, whatever became known after it."""
    panel, cut = make_panel(), np.datetime64("2020-10-20", "us")
    models = (
        StaticMap(),
        RecentWindow(28),
        ProspectiveKernel(bandwidths_m=(300.0,), half_lives_days=(50.0,)),
    )
    one, two = (
        run(record, tmp_path / name, *models)
        for name, record in (("told", panel), ("rewritten", rewrite_after(panel, cut)))
    )
    before = one.forecasts.periods.issue <= cut
    assert 0 < np.count_nonzero(before) < len(one.forecasts.periods)
    for name in one.models:
        own, other = (result.forecasts.expected[name] for result in (one, two))
        assert np.array_equal(own[before], other[before])
        assert not np.array_equal(own[~before], other[~before])


def test_impossible_forecasts_and_names_are_refused(make_panel, tmp_path):
    panel = make_panel()
    for value in (np.nan, -1.0, np.inf):
        with pytest.raises(
            DataError, match=r"Expected counts of shape \(30, 25\), finite and >= 0, from wrong"
        ):
            run(panel, tmp_path, StaticMap(), Wrong(value))
    with pytest.raises(ConfigError, match="Expected models with unique names"):
        run(panel, tmp_path, StaticMap(), StaticMap())
    with pytest.raises(ConfigError, match="Received: nobody"):
        run(panel, tmp_path, StaticMap(), options=BacktestOptions(Judging(candidates=("nobody",))))
    with pytest.raises(ConfigError, match="Received: no baseline"):
        run(panel, tmp_path, StaticMap(), options=BacktestOptions(Judging(candidates=("static map",))))
    early = Schedule(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC))
    with pytest.raises(NoPositivesError, match="Start the backtest later"):
        run(panel, tmp_path, StaticMap(), plan=early)


@dataclass(frozen=True)
class Settings:
    number: float = 1.0
    names: tuple[str, ...] = ("a", "b")
    table: np.ndarray = field(default_factory=lambda: np.arange(3.0))


def test_the_key_tells_every_part_apart():
    parts = [
        Settings(),
        Settings(number=2.0),
        Settings(names=("ab",)),
        Settings(names=("a", "b", "")),
        Settings(table=np.arange(4.0)),
        Settings(table=np.arange(3)),
        Settings(table=np.arange(3.0).astype("datetime64[s]")),
        {"number": 1.0},
        {"number": 1},
        {"number": None},
        [1, [2]],
        [[1], 2],
        "1",
        b"1",
        True,
    ]
    assert len({content_key(part) for part in parts}) == len(parts)
    assert content_key(Settings()) == content_key(Settings())
    with pytest.raises(ConfigError, match=r"Expected settings made of dataclasses.*Received: function"):
        content_key(lambda: 1)


def test_an_oracle_is_scored_but_is_no_rival(make_panel, tmp_path):
    panel = make_panel()
    judging = Judging(candidates=("last 91 days",), oracles=("oracle",), replicates=50)
    models = (StaticMap(), RecentWindow(91), Oracle.of_outcomes(panel))
    result = run(panel, tmp_path, *models, options=BacktestOptions(judging))
    assert result.best == "static map"
    assert "oracle" not in result.verdicts["last 91 days"].text
    assert result.catches.pei_star("oracle").tolist() == pytest.approx([1.0] * 4)
