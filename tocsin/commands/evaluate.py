"""``tocsin evaluate``: a trained model against its baselines on later days."""

from pathlib import Path
from typing import Annotated

import typer

from tocsin.arguments import Config, Json, Model, Store
from tocsin.output import finish

NO_SKILL_EXIT = 4


def evaluate(
    config: Config,
    model: Model,
    store: Store,
    first_day: Annotated[
        str, typer.Option("--from", help="First local day to score, YYYY-MM-DD.", show_default=False)
    ],
    stop_day: Annotated[
        str, typer.Option("--to", help="Local day after the last, YYYY-MM-DD.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Report folder; MODEL/evaluation-FROM-TO if left out.")
    ] = None,
    fail_without_skill: Annotated[
        bool, typer.Option("--fail-without-skill", help="Exit 4 where no skill is shown.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 1,
    as_json: Json = False,
) -> None:
    """Score a model on days after its calibration, beside its baselines, with week-bootstrap intervals.

    The first line of the report says whether the model beats its best baseline. Incidents may have been
    ingested after training; the model stays as it is.

    Example: tocsin evaluate configs/baltimore.yaml --model runs/baltimore --store stores/baltimore
    --from 2015-01-01 --to 2016-01-01
    """
    from tocsin.config import load_config
    from tocsin.evaluation import TestPeriod, evaluate_model
    from tocsin.models import open_model, require_same_city
    from tocsin.tensors import open_store
    from tocsin.times import parse_day
    from verify.report import write_report

    city = load_config(config)
    incidents = open_store(store, city)
    period = TestPeriod(parse_day(first_day, option="--from"), parse_day(stop_day, option="--to"))
    bundle = open_model(model)
    require_same_city(bundle, incidents)
    evaluation = evaluate_model(bundle, incidents, period, seed=seed)
    folder = out or model / f"evaluation-{period.start}-{period.stop}"
    write_report(evaluation, folder)
    finish(
        evaluation.to_json() | {"report": str(folder / "report.md")},
        f"{evaluation.verdict.text}. {evaluation.n} windows, base rate {evaluation.base_rate:.3f}. "
        f"Report: {folder / 'report.md'}",
        as_json=as_json,
    )
    if fail_without_skill and not evaluation.verdict.skill:
        raise typer.Exit(NO_SKILL_EXIT)
