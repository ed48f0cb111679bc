"""``tocsin alert``: one warning for the next window, or an abstention with its reason."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tocsin.arguments import Config, Json, Model, Store
from tocsin.output import finish

ABSTAINED_EXIT = 4


def alert(
    config: Config,
    model: Model,
    store: Store,
    once: Annotated[bool, typer.Option("--once", help="Look once and exit; the only mode so far.")] = False,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Pretend it is this time (city's clock); the present if left out."),
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="Mark the message as meant; else it is a test.")
    ] = False,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="Also draw where the risk lies, PNG, PDF or SVG.")
    ] = None,
    fail_on_abstain: Annotated[bool, typer.Option("--fail-on-abstain", help="Exit 4 on abstention.")] = False,
    as_json: Json = False,
) -> None:
    """Print one JSON warning for the next window from what is on record, or abstain because data are stale.

    The message carries the probability with its interval, the base rate, the age of the data, the model's
    hash, its shown skill, and when it expires.

    Example: tocsin alert configs/baltimore.yaml --once --model runs/baltimore --store stores/baltimore
    --as-of 2015-07-04T20:00
    """
    from alerts.messages import Abstention, CityWarning, Exercise
    from alerts.once import warn_once
    from exports.figures import save_figure
    from incidents.errors import ConfigError
    from tocsin.briefing import draw_look
    from tocsin.config import load_config
    from tocsin.models import open_model, require_same_city
    from tocsin.risk import StoredRisk, skill_at
    from tocsin.tensors import open_store
    from tocsin.times import parse_instant

    if not once:
        raise ConfigError("Expected --once. Received: no mode. Run it from cron or a timer with --once.")
    city = load_config(config)
    now = (
        parse_instant(as_of, option="--as-of", time_zone=city.source.time_zone)
        if as_of
        else datetime.now(tz=UTC)
    )
    incidents = open_store(store, city)
    bundle = open_model(model)
    require_same_city(bundle, incidents)
    source = StoredRisk(bundle, incidents, skill_at(now, bundle, model))
    exercise = Exercise.LIVE if live else Exercise.TEST
    message = warn_once(source, now, city.alert, area=city.source.name, exercise=exercise)
    result = message.to_json()
    if map_file and isinstance(message, CityWarning):
        save_figure(draw_look(source, now), map_file)
        result["map"] = str(map_file)
    finish(result, result["text"], as_json=as_json)
    if fail_on_abstain and isinstance(message, Abstention):
        raise typer.Exit(ABSTAINED_EXIT)
