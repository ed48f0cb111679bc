"""``tocsin audit leak``: does a trained model, or a table of examples, know what it could not have known?"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tocsin.output import finish

if TYPE_CHECKING:
    import numpy as np

    from verify.leaks import Audit, Roles

audit = typer.Typer(no_args_is_help=True, help="Audits: is what is claimed also true?")


@audit.callback()
def _main() -> None:
    """Take the name of an audit."""


@audit.command()
def leak(
    subject: Annotated[
        Path, typer.Argument(help="A city's YAML, or a table: CSV, CSV.gz or Parquet.", show_default=False)
    ],
    model: Annotated[
        Path | None, typer.Option("--model", help="With a YAML: folder of `tocsin train`.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option("--store", help="With a YAML: folder of the incidents.")
    ] = None,
    label: Annotated[
        str | None, typer.Option("--label", help="With a table: what is to be foretold.")
    ] = None,
    time: Annotated[
        str | None,
        typer.Option("--time", help="With a table: when each row is asked; what is later is not known."),
    ] = None,
    split: Annotated[str | None, typer.Option("--split", help="With a table: block of each row.")] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="With a table: column to leave out; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the changes, folds and shuffles.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look for leaks in a trained model or in a table; exit 1 if there is one, 0 if not.

    A model: every record after an issue is deleted, shuffled, invented or moved back, and features, inputs and
    forecast must stay the same to the bit; the announced window must not be in the input; blocks must follow each
    other in time; scaling, offset and calibration must come from their own block. A table: no column may echo the
    label, hold the event itself or be written after it, and no row may stand on both sides of a split.

    Example: tocsin audit leak configs/baltimore.yaml --model runs/baltimore --store stores/baltimore

    Example: tocsin audit leak windows.csv --label shooting --time issued_at --split block
    """
    import numpy as np

    from incidents.errors import ConfigError
    from tocsin.audit_tables import TABLE_SUFFIXES, is_table
    from verify.leaks import Roles

    rng = np.random.default_rng(seed)
    of_table = {"--label": label, "--time": time, "--split": split, "--without": without}
    of_model = {"--model": model, "--store": store}
    if is_table(subject):
        _require(subject, {"--label": label}, refused=of_model)
        found = _audit_file(subject, Roles(str(label), time, split, tuple(without or ())), rng)
    elif subject.suffix in (".yaml", ".yml"):
        _require(subject, of_model, refused=of_table)
        found = _audit_model(subject, Path(str(model)), Path(str(store)), rng)
    else:
        raise ConfigError(
            f"Expected a config (.yaml) or a table ({', '.join(TABLE_SUFFIXES)}). Received: {subject}. "
            "Rename or convert it."
        )
    _report(found, subject, as_json=as_json)


def _require(subject: Path, needed: Mapping[str, object], *, refused: Mapping[str, object]) -> None:
    """Refuse options that are missing, or that belong to the other kind of subject."""
    from incidents.errors import ConfigError

    given = [name for name, value in {**needed, **refused}.items() if value]
    if set(given) >= set(needed) and not set(given) & set(refused):
        return
    raise ConfigError(
        f"Expected {' and '.join(needed)} with {subject}, and none of {', '.join(refused)}. "
        f"Received: {', '.join(given) or 'none of them'}. See tocsin audit leak --help."
    )


def _audit_file(path: Path, roles: "Roles", rng: "np.random.Generator") -> "Audit":
    from tocsin.audit_tables import read_table
    from verify.leaks import audit_table

    return audit_table(read_table(path), roles, rng=rng)


def _audit_model(config: Path, model: Path, store: Path, rng: "np.random.Generator") -> "Audit":
    from incidents.layouts import mapped_columns
    from tocsin.audit import audit_run
    from tocsin.audited_run import open_run
    from tocsin.config import load_config
    from tocsin.models import open_model
    from tocsin.tensors import open_store

    city = load_config(config)
    incidents = open_store(store, city)
    run = open_run(open_model(model), model, incidents)
    mapped = [column for layout in city.source.layouts.values() for column in mapped_columns(layout)]
    return audit_run(run, mapped=mapped, rng=rng)


def _report(found: "Audit", subject: Path, *, as_json: bool) -> None:
    """Say what was checked and found; leave with 1 where there is a leak."""
    if not as_json:
        for line in found.lines():
            typer.echo(line)
    finish(found.to_json() | {"subject": str(subject)}, f"{found.summary}: {subject}.", as_json=as_json)
    if found.exit_code:
        raise typer.Exit(found.exit_code)
