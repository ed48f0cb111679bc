"""How a command speaks: one summary line for people, JSON for programs, progress for the waiting."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


def finish(result: Mapping[str, Any], summary: str, *, as_json: bool) -> None:
    """Print the summary line, and with ``--json`` the result alone on standard output."""
    if as_json:
        print(json.dumps(result, default=str))  # noqa: T201
        print(summary, file=sys.stderr)  # noqa: T201
    else:
        print(summary)  # noqa: T201


@contextmanager
def epoch_bar(title: str) -> Iterator[Callable[[int, int, Mapping[str, float]], None]]:
    """Show a bar over the epochs of a training on standard error; silent where there is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None)

        def advance(epoch: int, epochs: int, losses: Mapping[str, float]) -> None:
            loss = losses.get("val_city_loss", losses.get("val_loss", float("nan")))
            bar.update(task, completed=epoch, total=epochs, description=f"{title}, held-out loss {loss:.4f}")

        yield advance
