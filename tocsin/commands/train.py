"""``tocsin train``: a tensor file into a calibrated model, kept as a checked folder."""

import platform
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from tocsin.arguments import Config, Json
from tocsin.output import epoch_bar, finish

LIBRARIES = ("keras", "numpy", "polars", "scikit-learn")


def train(
    config: Config,
    tensors: Annotated[
        Path, typer.Option("--tensors", help="File that `tocsin rasterize` wrote.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", help="Run folder to write.", show_default=False)],
    model: Annotated[str | None, typer.Option(help="warning_net, seed_model_1 or seed_model_2.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Most epochs.")] = None,
    framing: Annotated[str | None, typer.Option(help="impending, or nowcast, which is no forecast.")] = None,
    hide_own_dots: Annotated[
        bool, typer.Option("--hide-own-dots", help="Nowcast without the target's dots.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train on the config's training block, calibrate on the later block, and write the run folder.

    Keras picks its backend from KERAS_BACKEND (tensorflow, jax or torch).

    Example: tocsin train configs/baltimore.yaml --tensors baltimore.npz --out runs/baltimore
    """
    from cnn.bundle import save_bundle
    from cnn.training import train_model
    from rasterize.tensors import EventTensor
    from tocsin.backend import start_keras
    from tocsin.config import load_config
    from tocsin.models import require_replaceable
    from tocsin.overrides import override

    city = load_config(config)
    training = override(city.training, {"model": model, "epochs": epochs})
    target = override(city.target, {"framing": framing})
    target = replace(target, own_dots=target.own_dots and not hide_own_dots)
    require_replaceable(out)
    tensor = EventTensor.load(tensors)
    start_keras()
    started = time.perf_counter()
    lines: list[str] = []
    with epoch_bar(f"Training {training.model}") as advance:

        def report(epoch: int, most: int, losses: Mapping[str, float]) -> None:
            figures = " ".join(f"{name}={value:.6f}" for name, value in losses.items())
            lines.append(f"epoch {epoch}/{most} {figures}")
            advance(epoch, most, losses)

        trained = train_model(tensor, target, city.periods, training, progress=report)
    seconds = round(time.perf_counter() - started, 1)
    model_hash = save_bundle(
        trained,
        out,
        manifest={"versions": _versions(), "command": " ".join(sys.argv), "seconds": seconds},
        texts={"config.yaml": city.text, "training.log": "\n".join(lines) + "\n"},
    )
    figures = {key: value for key, value in trained.figures.items() if key != "losses"}
    finish(
        {"model": training.model, "seconds": seconds, "hash": model_hash, "out": str(out), **figures},
        f"{training.model} ({target.framing}) trained {trained.train[0]} to {trained.train[1]}, calibrated to "
        f"{trained.calibrate[1]}: {figures['epochs']} epochs in {seconds:.0f} s, {out}, hash {model_hash[:12]}.",
        as_json=as_json,
    )


def _versions() -> dict[str, str]:
    """Versions of what shapes the result."""
    import keras

    from tocsin import __version__

    return {
        "tocsin": __version__,
        "python": platform.python_version(),
        "backend": keras.backend.backend(),
        **{name: version(name) for name in LIBRARIES},
    }
