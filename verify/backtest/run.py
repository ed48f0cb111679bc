"""A backtest from end to end: fit, forecast and judge, fold by fold, as it would have gone at the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from incidents.errors import ConfigError
from verify.backtest.folds import FoldForecast, Task, load_forecast, plan_task, save_forecast
from verify.backtest.result import BacktestResult, Forecasts
from verify.backtest.schedule import Schedule, cut_folds
from verify.backtest.scoring import Judging, score_backtest
from verify.backtest.workers import Workers, compute
from verify.panel.interface import PlaceBaseline
from verify.panel.panel import Panel


@dataclass(frozen=True)
class BacktestOptions:
    """How a backtest is computed and judged.

    Args:
        judging: What is held against what.
        workers: Where folds are computed.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    judging: Judging = field(default_factory=Judging)
    workers: Workers = field(default_factory=Workers)


def run_backtest(
    panel: Panel,
    models: Sequence[PlaceBaseline],
    schedule: Schedule,
    *,
    folder: Path,
    rng: np.random.Generator,
    options: BacktestOptions | None = None,
) -> BacktestResult:
    """Refit models at rolling origins, let them forecast as of each issue, and judge them on the same rows.

    Each fold of each model is written to ``folder`` as soon as it is done, under a name that holds a digest of
    the model, its code and the data that it saw. A run that was cut short therefore goes on where it stopped,
    and a changed model, schedule or record is computed anew.

    Args:
        panel: The record, units and periods.
        models: Forecasters, with unique names.
        schedule: Origins.
        folder: Where results are kept; made if missing.
        rng: Source of the resampling of weeks, the only chance in a backtest.
        options: Candidates, oracles, replicates, workers.

    Returns:
        The findings.

    Raises:
        ConfigError: No models, names that repeat or are unknown, or a schedule outside the panel.
        NoPositivesError: A fold has no event to learn from, or the scored periods have none.
        StoreError: A result could not be written.
    """
    chosen = options or BacktestOptions()
    names = [model.name for model in models]
    if not names or len(set(names)) != len(names):
        raise ConfigError(f"Expected models with unique names. Received: {', '.join(names) or 'none'}.")
    chosen.judging.check(names)
    folds = cut_folds(schedule, panel.periods)
    tasks = [plan_task(panel, model, fold) for fold in folds for model in models]
    done = complete(panel, tasks, folder, workers=chosen.workers)
    scored = panel.during(slice(folds[0].first, folds[-1].after))
    by_model = {name: [done[file] for file in _files_of(tasks, name)] for name in names}
    forecasts = Forecasts(
        periods=scored.periods,
        area_m2=panel.units.area_m2,
        counts=scored.counts(),
        expected={
            name: np.concatenate([each.expected for each in parts]) for name, parts in by_model.items()
        },
        findings={name: tuple(each.findings for each in parts) for name, parts in by_model.items()},
        folds=folds,
    )
    return score_backtest(panel.question, forecasts, chosen.judging, rng=rng)


def complete(
    panel: Panel, tasks: Sequence[Task], folder: Path, *, workers: Workers
) -> Mapping[str, FoldForecast]:
    """Results of all tasks by file name: those in the folder, and the others computed and written there."""
    found = {task.file_name: load_forecast(folder / task.file_name) for task in tasks}
    missing = [task for task in tasks if found[task.file_name] is None]
    for task, forecast in compute(panel, missing, workers):
        save_forecast(folder / task.file_name, forecast)
        found[task.file_name] = forecast
    return {name: forecast for name, forecast in found.items() if forecast is not None}


def _files_of(tasks: Sequence[Task], name: str) -> list[str]:
    return [task.file_name for task in tasks if task.model.name == name]
