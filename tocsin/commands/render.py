"""``tocsin render``: the map of one window as a picture."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tocsin.arguments import Config, Json, Store
from tocsin.output import finish


def render(
    config: Config,
    store: Store,
    window: Annotated[
        str, typer.Option("--window", help="Start on the city's clock, e.g. 2015-07-04T20:00.")
    ],
    out: Annotated[Path, typer.Option("--out", help="PNG, PDF or SVG to write.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Draw a window: neighborhoods in black, those with an incident in red, incidents by type.

    Example: tocsin render configs/baltimore.yaml --store stores/baltimore --window 2015-07-04T20:00 --out map.png
    """
    from exports.figures import save_figure
    from rasterize.window_map import draw_window_map
    from rasterize.windows import window_at
    from tocsin.config import load_config
    from tocsin.tensors import open_store

    city = load_config(config)
    incidents = open_store(store, city)
    chosen = window_at(window, time_zone=city.source.time_zone, hours=city.raster.window_hours)
    start, stop = (datetime.fromtimestamp(int(bound), UTC) for bound in chosen.bounds)
    categories = [category for members in city.raster.channels.values() for category in members]
    shown = incidents.scan(start=start, stop=stop, categories=categories).collect()
    figure = draw_window_map(
        incidents.layer(city.source.area_layer),
        shown,
        window=chosen,
        channels=city.raster.channels,
        city=city.source.name,
    )
    size = save_figure(figure, out)
    finish(
        {"window": window, "incidents": shown.height, "out": str(out), "bytes": size},
        f"{shown.height} reported incidents in the window from {window}: {out}.",
        as_json=as_json,
    )
