"""Who does the work of a backtest: this process, several on this machine, or a Dask cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from incidents.errors import ConfigError
from verify.backtest.folds import FoldForecast, Task, forecast_fold
from verify.panel.panel import Panel


@dataclass(frozen=True)
class Workers:
    """Where folds are computed; results are the same everywhere.

    Args:
        processes: On this machine, >= 1.
        scheduler: Address of a Dask scheduler, as ``tcp://host:8786``; then ``processes`` does not matter.

    Raises:
        ConfigError: Fewer than one process.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    processes: int = 1
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise ConfigError(f"Expected 1 process or more. Received: {self.processes}. Use 1.")


def compute(panel: Panel, tasks: Sequence[Task], workers: Workers) -> Iterator[tuple[Task, FoldForecast]]:
    """Results as they come in, in any order.

    Raises:
        ConfigError: A scheduler is named but Dask is not installed.
    """
    if workers.scheduler is not None:
        yield from _on_cluster(panel, tasks, workers.scheduler)
    elif workers.processes == 1 or len(tasks) < 2:
        for task in tasks:
            yield _perform(panel, task)
    else:
        from joblib import Parallel, delayed

        team = Parallel(n_jobs=workers.processes, return_as="generator_unordered")
        yield from team(delayed(_perform)(panel, task) for task in tasks)


def _perform(panel: Panel, task: Task) -> tuple[Task, FoldForecast]:
    return task, forecast_fold(panel, task.model, task.fold)


def _on_cluster(panel: Panel, tasks: Sequence[Task], scheduler: str) -> Iterator[tuple[Task, FoldForecast]]:
    distributed = _import_dask(scheduler)
    with distributed.Client(scheduler) as client:
        shared = client.scatter(panel, broadcast=True)
        waiting = [client.submit(_perform, shared, task, pure=False) for task in tasks]
        for done in distributed.as_completed(waiting):
            yield done.result()


def _import_dask(scheduler: str) -> Any:
    try:
        return import_module("distributed")
    except ImportError as error:
        raise ConfigError(
            f"Expected Dask for the scheduler {scheduler}. Received: {error}. Install dask[distributed], or leave "
            "the scheduler out."
        ) from error
