"""``tocsin hotspots``: where incidents gather, and whether that is more than chance."""

import time
from pathlib import Path
from typing import Annotated

import typer

from tocsin.arguments import Config, Json, Store
from tocsin.output import finish

METHOD_HELP = "kde, dbscan, hdbscan, gi-star, local-moran, emerging, near-repeat, places or patrol."


def hotspots(
    config: Config,
    store: Store,
    method: Annotated[str, typer.Option("--method", help=METHOD_HELP, show_default=False)],
    first_day: Annotated[
        str, typer.Option("--from", help="First local day, YYYY-MM-DD.", show_default=False)
    ],
    stop_day: Annotated[
        str, typer.Option("--to", help="Local day after the last, YYYY-MM-DD.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for map, data and figures.", show_default=False)],
    category: Annotated[
        str | None, typer.Option(help="Categories, e.g. shooting,homicide; the config's target if left out.")
    ] = None,
    cell_size_m: Annotated[float | None, typer.Option(help="Side of a cell; 200 if left out.")] = None,
    areas: Annotated[
        str | None, typer.Option(help="A polygon layer of the store, e.g. neighborhood, instead of cells.")
    ] = None,
    neighbors_m: Annotated[
        float | None, typer.Option(help="Largest distance of neighbors; 500 for cells, areas touch.")
    ] = None,
    bandwidth_m: Annotated[
        str | None, typer.Option(help="Of a density: metres, silverman, or cv, which is taken if left out.")
    ] = None,
    permutations: Annotated[
        int | None, typer.Option(help="For p by permutation; near-repeat takes 999 if left out.")
    ] = None,
    slice_days: Annotated[
        int | None, typer.Option(help="Of emerging: length of a slice; by the period if left out.")
    ] = None,
    reach_m: Annotated[
        float | None, typer.Option(help="Of dbscan: radius; read off the k-distance curve if left out.")
    ] = None,
    min_incidents: Annotated[
        int | None, typer.Option(help="Of clusters: fewest incidents; suggested by the data if left out.")
    ] = None,
    replicates: Annotated[
        int | None, typer.Option(help="Of clusters: bootstrap draws of weeks; 20 if left out, 0 for none.")
    ] = None,
    places: Annotated[
        Path | None, typer.Option(help="Of places: GeoJSON, GeoPackage or CSV of places of interest.")
    ] = None,
    patrol_areas: Annotated[int | None, typer.Option(help="Of patrol: most areas; 5 if left out.")] = None,
    patrol_km2: Annotated[
        float | None, typer.Option(help="Of patrol: square kilometres in all; 4 if left out.")
    ] = None,
    harm: Annotated[
        str | None, typer.Option(help="Of patrol: weights, e.g. homicide=10,shooting=5; 1 if left out.")
    ] = None,
    judge_until: Annotated[
        str | None,
        typer.Option(help="Score the result by the incidents from --to to this day, beside the static map."),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="Only what was on record then, e.g. 2015-07-04T20:00 on the city's clock."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 1,
    as_json: Json = False,
) -> None:
    """Find hotspots of reported incidents: a GeoTIFF or GeoPackage, a map, and a JSON of figures.

    One row is one victim or report and counts as given. Counts under 10 are withheld from what is written.

    Example: tocsin hotspots configs/baltimore.yaml --store stores/baltimore --method gi-star
    --from 2011-01-01 --to 2016-01-01 --out hotspots
    """
    from tocsin.config import load_config
    from tocsin.hotspots.methods import find_hotspots
    from tocsin.hotspots.options import HotspotOptions, parse_categories
    from tocsin.hotspots.patrol import parse_harm
    from tocsin.tensors import open_store
    from tocsin.times import parse_day, parse_instant

    city = load_config(config)
    started = time.perf_counter()
    options = HotspotOptions(
        first=parse_day(first_day, option="--from"),
        stop=parse_day(stop_day, option="--to"),
        categories=parse_categories(category),
        as_of=parse_instant(as_of, option="--as-of", time_zone=city.source.time_zone) if as_of else None,
        seed=seed,
        cell_size_m=cell_size_m,
        areas=areas,
        neighbors_m=neighbors_m,
        bandwidth_m=bandwidth_m,
        permutations=permutations,
        slice_days=slice_days,
        reach_m=reach_m,
        min_incidents=min_incidents,
        replicates=replicates,
        places=places,
        patrol_areas=patrol_areas,
        patrol_km2=patrol_km2,
        harm=parse_harm(harm),
        judge_until=parse_day(judge_until, option="--judge-until") if judge_until else None,
    )
    written = find_hotspots(city, open_store(store, city), method, options, folder=out)
    seconds = round(time.perf_counter() - started, 3)
    finish(
        written.told | {"seconds": seconds},
        f"{written.summary}: {written.told['files'][-1]}, {seconds:.1f} s.",
        as_json=as_json,
    )
