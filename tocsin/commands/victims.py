"""``tocsin victims``: groups of incidents and of the places they fall in, without a row about a person."""

import time
from pathlib import Path
from typing import Annotated

import typer

from tocsin.arguments import Config, From, Json, Store, To
from tocsin.output import finish


def victims(
    config: Config,
    store: Store,
    out: Annotated[Path, typer.Option("--out", help="Folder for the report.", show_default=False)],
    table: Annotated[
        Path | None,
        typer.Option("--table", help="A table of victims, read as victims.table of the config says."),
    ] = None,
    first_day: From = None,
    stop_day: To = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same clusters.")] = 1,
    as_json: Json = False,
) -> None:
    """Group reported incidents twice, by themselves and with what is known of their neighborhoods.

    The report has no rows, withholds counts under 10 and whatever would give them away, and says where there is
    no cluster structure. Clusters are no risk score of a person.

    Example: tocsin victims configs/baltimore.yaml --store stores/baltimore --out victims
    """
    from hotspots.victims.report import to_json
    from tocsin.config import load_config
    from tocsin.tensors import open_store
    from tocsin.times import parse_day
    from tocsin.victims import group_victims, write_report

    city = load_config(config)
    started = time.perf_counter()
    incidents = open_store(store, city)
    report = group_victims(
        city,
        incidents,
        first=parse_day(first_day, option="--from") if first_day else None,
        stop=parse_day(stop_day, option="--to") if stop_day else None,
        table=table,
        seed=seed,
    )
    files = write_report(report, incidents.layer(city.source.area_layer), folder=out)
    seconds = round(time.perf_counter() - started, 1)
    verdicts = "; ".join(
        f"{part.name}: {f'{part.published.found} clusters' if part.published else 'no cluster structure'}"
        for part in report.parts
    )
    rows = len(report.parts[0].grouping.labels)
    finish(
        to_json(report) | {"seconds": seconds, "files": [str(file) for file in files]},
        f"{rows} rows. {verdicts}. Report: {out / 'report.md'}, {seconds:.1f} s.",
        as_json=as_json,
    )
