"""How long all two-hour windows of five years take from the store to a saved tensor, and what a picture each took.

Run ``python benchmarks/store_to_tensor.py [STORE CONFIG]``. Without a store it ingests the public Baltimore file
if it finds it (TOCSIN_DATA, or ../shared/data), else five simulated years. The old way is one PNG per window with
geopandas and matplotlib, as the original project made its maps; it is timed on a sample of windows in the same
run, without the time to load its data.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import pandas as pd

from incidents.store import IncidentStore
from rasterize.palette import ACTIVE_OUTLINE, CHANNEL_COLORS
from rasterize.tensors import EventTensor
from tocsin.commands.ingest import ingest
from tocsin.commands.simulate import simulate
from tocsin.config import CityConfig, load_config
from tocsin.tensors import open_store, stored_days, tensor_of_config

ROOT = Path(__file__).resolve().parents[1]
BALTIMORE = Path("baltimore/part1_victim_based_crime_2011_2015.csv.gz")
RUNS, PICTURES = 5, 8
TARGET_S, TARGET_FACTOR = 1.0, 5000


@contextmanager
def store_of_arguments(arguments: list[str], folder: Path) -> Iterator[tuple[IncidentStore, CityConfig]]:
    """The store named on the command line, or a new one of the best data at hand."""
    if arguments:
        config = load_config(Path(arguments[1]))
        yield open_store(Path(arguments[0]), config), config
        return
    folders = [*os.environ.get("TOCSIN_DATA", "").split(os.pathsep), str(ROOT.parent / "shared" / "data")]
    found = [Path(data) / BALTIMORE for data in folders if data and (Path(data) / BALTIMORE).is_file()]
    config_path, file = ROOT / "configs" / "baltimore.yaml", found[0] if found else None
    if file is None:
        simulate(
            ROOT / "configs" / "simulated.yaml", out=folder, first_day="2016-01-01", stop_day="2021-01-01"
        )
        config_path, file = folder / "city.yaml", folder / "incidents.csv.gz"
    ingest(config_path, files=[file], store=folder / "store")
    config = load_config(config_path)
    yield open_store(folder / "store", config), config


def store_to_file(store: IncidentStore, config: CityConfig, path: Path) -> tuple[EventTensor, float]:
    """Rasterise the whole store and save it; return the tensor and the seconds."""
    started = time.perf_counter()
    tensor = tensor_of_config(config, store, stored_days(store))
    tensor.save(path)
    return tensor, time.perf_counter() - started


def draw_the_old_way(polygons: gpd.GeoDataFrame, incidents: pd.DataFrame, path: Path) -> None:
    """Draw one window with geopandas and matplotlib: black outlines, red active ones, coloured dots."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4))
    polygons.boundary.plot(ax=axes, color="black", linewidth=0.5)
    points = gpd.GeoDataFrame(
        incidents, geometry=gpd.points_from_xy(incidents.x, incidents.y), crs=polygons.crs
    )
    active = polygons[polygons.index.isin(points.sjoin(polygons, predicate="within")["index_right"])]
    if len(active):
        active.boundary.plot(ax=axes, color=ACTIVE_OUTLINE, linewidth=1)
    for color, (_, group) in zip(CHANNEL_COLORS, points.groupby("category", observed=True), strict=False):
        group.plot(ax=axes, color=color, markersize=6)
    axes.set_axis_off()
    figure.savefig(path, dpi=72)
    plt.close(figure)


def seconds_a_picture(store: IncidentStore, config: CityConfig, tensor: EventTensor, folder: Path) -> float:
    """Mean seconds of the old way over windows spread evenly over the period."""
    polygons = store.layer(config.source.area_layer)[["area", "geometry"]]
    scanned = store.scan().select("occurred_at", "category", "x", "y").collect()
    window = tensor.windows.of(scanned["occurred_at"].dt.epoch("s").to_numpy())
    incidents = scanned.to_pandas()
    chosen = range(0, len(tensor.windows), len(tensor.windows) // PICTURES)[:PICTURES]
    draw_the_old_way(polygons, incidents[window == chosen[0]], folder / "warm_up.png")
    started = time.perf_counter()
    for index in chosen:
        draw_the_old_way(polygons, incidents[window == index], folder / f"{index}.png")
    return (time.perf_counter() - started) / len(chosen)


def main() -> None:
    """Print a table."""
    import matplotlib as mpl

    mpl.use("Agg")
    with (
        tempfile.TemporaryDirectory() as name,
        store_of_arguments(sys.argv[1:], Path(name)) as (store, config),
    ):
        runs = [store_to_file(store, config, Path(name) / "tensor.npz") for _ in range(RUNS)]
        tensor, best = runs[0][0], min(seconds for _, seconds in runs)
        picture = seconds_a_picture(store, config, tensor, Path(name))
    factor = picture / (best / len(tensor.windows))
    print(
        f"{config.source.name}: {len(tensor.windows):,} windows, {tensor.incidents:,} incidents, {tensor.shape[1:]}"
    )
    print(f"{'':<42} {'measured':>12} {'target':>12}")
    print(f"{'store to saved tensor, first run':<42} {runs[0][1]:>10.2f} s")
    print(f"{f'store to saved tensor, best of {RUNS}':<42} {best:>10.2f} s {f'<= {TARGET_S:g} s':>12}")
    print(f"{'  a window':<42} {best / len(tensor.windows) * 1e6:>9.1f} us")
    print(f"{'one PNG with geopandas and matplotlib':<42} {picture:>10.3f} s")
    print(f"{'factor a window':<42} {factor:>11,.0f}x {f'>= {TARGET_FACTOR:,}x':>12}")


if __name__ == "__main__":
    main()
