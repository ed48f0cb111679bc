"""The command ``tocsin``: its commands, its exit codes, and nothing heavy until one of them runs."""

import sys

import typer

from incidents.errors import TocsinError
from tocsin import __version__
from tocsin.commands.alert import alert
from tocsin.commands.audit import audit
from tocsin.commands.demo import demo
from tocsin.commands.evaluate import evaluate
from tocsin.commands.hotspots import hotspots
from tocsin.commands.ingest import ingest
from tocsin.commands.rasterize import rasterize
from tocsin.commands.render import render
from tocsin.commands.simulate import simulate
from tocsin.commands.train import train
from tocsin.commands.victims import victims

INTERRUPTED_EXIT = 130

app = typer.Typer(
    name="tocsin",
    help="Honest early warnings from a city's reported incidents. "
    "Exit codes: 0 done, 1 failed, 2 bad arguments or config, 3 bad input data, "
    "4 abstained or no skill where asked to fail on it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (demo, simulate, ingest, rasterize, render, train, evaluate, alert, hotspots, victims):
    app.command()(command)
app.add_typer(audit, name="audit")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tocsin {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: bool = typer.Option(
        False, "--version", callback=_print_version, is_eager=True, help="Print the version."
    ),
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line; an expected error becomes one line and its exit code."""
    try:
        app()
    except TocsinError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(error.exit_code) from None
    except OSError as error:
        print(f"error: {_explain(error)}", file=sys.stderr)  # noqa: T201
        raise SystemExit(TocsinError.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED_EXIT) from None


def _explain(error: OSError) -> str:
    """Say what the operating system refused, where no room has said it better."""
    return (
        f"Expected to read and write {error.filename or 'files'}. Received: {error.strerror or error}. "
        "Free some space, correct the path or its permissions, and run the command again."
    )
