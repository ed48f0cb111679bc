"""``tocsin simulate``: a city whose truth is known."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from tocsin.arguments import Config, From, Json, To
from tocsin.output import finish


def simulate(
    config: Config,
    out: Annotated[Path, typer.Option("--out", help="Folder to write the city to.", show_default=False)],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    first_day: From = None,
    stop_day: To = None,
    as_json: Json = False,
) -> None:
    """Simulate a city: incidents, polygons, a ready config, and the truth beside them.

    Example: tocsin simulate configs/simulated.yaml --seed 1 --out cities/simulated
    """
    import numpy as np
    import yaml

    from incidents.errors import ConfigError
    from incidents.simulate import simulate_city, write_city
    from tocsin.config import load_config
    from tocsin.times import parse_day

    city = load_config(config)
    if city.simulation is None:
        raise ConfigError(
            f"Expected a section simulation in {config}. Received: none. Use configs/simulated.yaml."
        )
    settings = replace(
        city.simulation,
        start=parse_day(first_day, option="--from") if first_day else city.simulation.start,
        stop=parse_day(stop_day, option="--to") if stop_day else city.simulation.stop,
    )
    started = time.perf_counter()
    simulated = simulate_city(settings, rng=np.random.default_rng(seed))
    files = write_city(simulated, out, config=yaml.safe_load(city.text))
    seconds = round(time.perf_counter() - started, 2)
    rows = simulated.reports.rows.height
    finish(
        {"rows": rows, "seed": seed, "seconds": seconds, "files": [str(file) for file in files]},
        f"{rows} reported incidents from {settings.start} to {settings.stop} and their truth in {out}, "
        f"{seconds:.1f} s.",
        as_json=as_json,
    )
