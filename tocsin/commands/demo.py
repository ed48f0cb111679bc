"""``tocsin demo``: the whole way once, on a simulated city, without any data of one's own."""

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from tocsin.commands.alert import alert
from tocsin.commands.evaluate import evaluate
from tocsin.commands.ingest import ingest
from tocsin.commands.rasterize import rasterize
from tocsin.commands.render import render
from tocsin.commands.simulate import simulate
from tocsin.commands.train import train


def demo(
    config: Annotated[Path, typer.Argument(help="A config with a section simulation.")] = Path(
        "configs/simulated.yaml"
    ),
    out: Annotated[Path, typer.Option("--out", help="Folder for everything that the demo makes.")] = Path(
        "demo"
    ),
    seed: Annotated[int, typer.Option(help="Of the simulated city.")] = 1,
) -> None:
    """Simulate a city, learn from it, judge the model honestly, and issue one warning with its map.

    Example: tocsin demo configs/simulated.yaml --out demo
    """
    from cnn.bundle import load_bundle
    from incidents.store import IncidentStore
    from tocsin.tensors import stored_days

    store, tensors, run = out / "store", out / "tensors.npz", out / "run"
    if (out / "city" / "truth.json").exists():  # an earlier demo, perhaps of another seed
        shutil.rmtree(store, ignore_errors=True)
    _announce(1, "Simulate a city whose true risk is known")
    simulate(config, out=out / "city", seed=seed)
    city = out / "city" / "city.yaml"
    _announce(2, "Ingest its incidents")
    ingest(city, files=[out / "city" / "incidents.csv.gz"], store=store)
    _announce(3, "Rasterize them into 2-hour map tensors")
    rasterize(city, store=store, out=tensors)
    _announce(4, "Train warning_net, calibrate it on later days")
    train(city, tensors=tensors, out=run)
    _announce(5, "Judge it on the last days, beside its baselines")
    first, stop = load_bundle(run).model.calibrate[1], stored_days(IncidentStore(store)).stop
    evaluate(city, model=run, store=store, first_day=str(first), stop_day=str(stop))
    night = f"{stop - timedelta(days=2)}T22:00"
    _announce(6, "Issue the warning of one night, with its map")
    alert(city, model=run, store=store, once=True, as_of=night, map_file=out / "risk.png", as_json=True)
    _announce(7, "Draw what was reported in that window")
    render(city, store=store, window=night, out=out / "window.png")
    typer.echo(
        f"Look at {out / 'risk.png'}, {out / 'window.png'} and {run}/evaluation-{first}-{stop}/report.md"
    )


def _announce(step: int, what: str) -> None:
    from rich.console import Console

    Console(stderr=True).rule(f"{step} of 7: {what}", align="left")
