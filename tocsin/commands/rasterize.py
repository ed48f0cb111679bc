"""``tocsin rasterize``: the store into one sparse tensor file."""

import time
from pathlib import Path
from typing import Annotated

import typer

from tocsin.arguments import Config, From, Json, Store, To
from tocsin.output import finish


def rasterize(
    config: Config,
    store: Store,
    out: Annotated[Path, typer.Option("--out", help="The .npz file to write.", show_default=False)],
    first_day: From = None,
    stop_day: To = None,
    as_json: Json = False,
) -> None:
    """Count the store's incidents by 2-hour window, cell and channel.

    Example: tocsin rasterize configs/baltimore.yaml --store stores/baltimore --out baltimore.npz
    """
    # Loaded here so that importing them does not count as rasterizing.
    import geopandas  # noqa: F401
    import rasterio.features  # noqa: F401

    from tocsin.config import load_config
    from tocsin.tensors import Days, open_store, stored_days, tensor_of_config
    from tocsin.times import parse_day

    city = load_config(config)
    started = time.perf_counter()
    incidents = open_store(store, city)
    stored = stored_days(incidents)
    days = Days(
        parse_day(first_day, option="--from") if first_day else stored.start,
        parse_day(stop_day, option="--to") if stop_day else stored.stop,
    )
    tensor = tensor_of_config(city, incidents, days)
    size = tensor.save(out)
    seconds = round(time.perf_counter() - started, 3)
    finish(
        {
            "windows": len(tensor.windows),
            "incidents": tensor.incidents,
            "shape": list(tensor.shape),
            "bytes": size,
            "seconds": seconds,
        },
        f"{tensor.incidents} incidents in {len(tensor.windows)} windows of {tensor.grid.rows} x "
        f"{tensor.grid.cols} cells x {len(tensor.channels)} channels: {out}, {size / 1e6:.1f} MB, {seconds:.2f} s.",
        as_json=as_json,
    )
