"""Glue between a config, a store, a table of victims and the report on their clusters."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path

import geopandas as gpd
import numpy as np
import polars as pl

from exports.figures import save_figure
from hotspots.victims.picture import draw_embedding, draw_heatmap, draw_maps, draw_measures
from hotspots.victims.places import Places, measure_areas, read_census, variables_of_places
from hotspots.victims.report import Part, Report, make_part, to_json, to_markdown
from hotspots.victims.rows import PERSON, rows_of_incidents, variables_of_rows
from hotspots.victims.table import read_victims
from incidents.errors import ConfigError, DataError
from incidents.files import replacing_file
from incidents.polygons import search_folders
from incidents.store import IncidentStore
from rasterize.windows import zone
from tocsin.config import CityConfig
from tocsin.tensors import Days, stored_days

ALONE, WITH_PLACES = "incidents only", "with neighborhoods"
DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class _Rows:
    """Rows to group, what they are, their local days, and what was left out of them."""

    frame: pl.DataFrame
    what: str
    days: Days
    notes: tuple[str, ...]


def group_victims(
    city: CityConfig,
    store: IncidentStore,
    *,
    first: date | None = None,
    stop: date | None = None,
    table: Path | None = None,
    seed: int = 1,
) -> Report:
    """Group rows by themselves and with their neighborhoods.

    Args:
        city: The config.
        store: Its incidents; where a table gives the rows, they give the rates of areas.
        first: First local day, None for the first on record.
        stop: Local day after the last.
        table: A table of victims, or None for the store's incidents.
        seed: Of all randomness.

    Raises:
        ConfigError: A table is given, but the config does not say how to read it.
        DataError: The period has no rows, or the table identifies persons.
    """
    polygons, stored = store.layer(city.source.area_layer), stored_days(store)
    days = Days(first or stored.start, stop or stored.stop)
    rated = stored if table else days
    incidents = _incidents_of(city, store, rated)
    if table:
        rows = _rows_of_table(city, table, polygons, (first or date.min, stop or date.max))
    else:
        rows = _rows_of_store(city, incidents, days)
    years = (rated.stop - rated.start).days / DAYS_OF_YEAR
    places = (_census(city, polygons), measure_areas(polygons, incidents, years=years))
    period = f"{rows.days.start} to {rows.days.stop - timedelta(days=1)}"
    parts = _group_twice(rows.frame, places, city, seed)
    has_persons = any(name in PERSON for name in rows.frame.columns)
    return Report(city.source.name, rows.what, period, parts, rows.notes, has_persons)


def _group_twice(
    rows: pl.DataFrame, places: tuple[Places, ...], city: CityConfig, seed: int
) -> tuple[Part, ...]:
    """Both parts of the original question: rows by themselves, and with what is known of their neighborhoods."""
    alone, of_places = variables_of_rows(rows), variables_of_places(rows, *places)
    first, added = (", ".join(variable.name for variable in chosen) for chosen in (alone, of_places))
    rng = np.random.default_rng(seed)
    asked = {
        ALONE: (f"Grouped by {first}.", alone),
        WITH_PLACES: (f"Grouped by {first}, and of the neighborhood by {added}.", [*alone, *of_places]),
    }
    return tuple(
        make_part(name, about, rows, chosen, settings=city.victims, places=places, rng=rng)
        for name, (about, chosen) in asked.items()
    )


def write_report(report: Report, polygons: gpd.GeoDataFrame, *, folder: Path) -> list[Path]:
    """Write report and pictures, ``report.json`` last; each file is whole or not there.

    Raises:
        StoreError: The folder could not be written.
    """
    pictures = {part.name: _draw(part, polygons, report, folder) for part in report.parts}
    names = {part: [file.name for file in files] for part, files in pictures.items()}
    texts = {
        "report.md": to_markdown(report, pictures=names),
        "report.json": json.dumps(to_json(report), indent=1, allow_nan=False) + "\n",
    }
    for name, text in texts.items():
        with replacing_file(folder / name) as aside:
            aside.write_text(text, encoding="utf-8")
    return [*(file for files in pictures.values() for file in files), *(folder / name for name in texts)]


def _draw(part: Part, polygons: gpd.GeoDataFrame, report: Report, folder: Path) -> list[Path]:
    """Pictures of one part; where there is no structure, only how that was seen."""
    title = f"{report.title} ({part.name})"
    figures = {"measures": draw_measures(part.grouping, title=title)}
    if part.published:
        smallest = part.published.smallest_shown
        figures["embedding"] = draw_embedding(part.grouping, title=title, smallest_shown=smallest)
        figures["heatmap"] = draw_heatmap(part.profiles, title=title)
        if part.published.areas:
            figures["maps"] = draw_maps(polygons, part.published, title=title)
    files = [folder / f"{part.name.replace(' ', '_')}_{name}.png" for name in figures]
    for file, figure in zip(files, figures.values(), strict=True):
        save_figure(figure, file)
    return files


def _incidents_of(city: CityConfig, store: IncidentStore, days: Days) -> pl.DataFrame:
    local = zone(city.source.time_zone)
    start, stop = (
        datetime.combine(day, clock(), tzinfo=local).astimezone(UTC) for day in (days.start, days.stop)
    )
    found = store.scan(start=start, stop=stop).collect()
    if found.is_empty():
        raise DataError(
            f"Expected incidents from {days.start} to {days.stop}. Received: none. Correct --from and --to."
        )
    return found


def _rows_of_store(city: CityConfig, incidents: pl.DataFrame, days: Days) -> _Rows:
    frame = rows_of_incidents(incidents, time_zone=city.source.time_zone)
    notes = (
        f"{frame.height:,} rows of the store; {frame['area'].null_count():,} of them lie in no known neighborhood.",
        "The store has no age, race or sex of victims.",
        f"{int(incidents['time_is_heaped'].sum()):,} times are round ones (:00 or :30), which reports are apt to give.",
    )
    return _Rows(frame, "reported incidents", days, notes)


def _rows_of_table(
    city: CityConfig, path: Path, polygons: gpd.GeoDataFrame, period: tuple[date, date]
) -> _Rows:
    table = city.victims.table
    if table is None:
        raise ConfigError(
            f"Expected victims.table in {city.path}, which says how to read {path}. Received: none. "
            "See configs/baltimore.yaml."
        )
    read = read_victims(path, table, polygons, time_zone=city.source.time_zone)
    inside = (read.dates >= period[0]) & (read.dates < period[1])
    frame, dates = read.rows.filter(inside), read.dates.filter(inside)
    if frame.is_empty():
        raise DataError(
            f"Expected victims from {period[0]} on in {path}. Received: none. Correct --from and --to."
        )
    left_out = f"{read.undated:,} without a time, {int((~inside).sum()):,} of other days"
    notes = [
        f"{frame.height:,} rows of a table of victims; {frame['area'].null_count():,} lie in no known neighborhood.",
        f"Left out: {left_out}.",
    ]
    if read.ages:
        repaired = f"{read.ages.repaired:,} off by a century and put right"
        impossible = f"{read.ages.impossible:,} impossible and set missing"
        notes.append(f"Ages: {repaired}, {impossible}, {read.ages.missing:,} missing from the start.")
    days = Days(dates.min(), dates.max() + timedelta(days=1))  # type: ignore[arg-type,operator]
    return _Rows(frame, "victims in a table", days, tuple(notes))


def _census(city: CityConfig, polygons: gpd.GeoDataFrame) -> Places:
    areas = [str(area) for area in polygons["area"]]
    if not city.victims.census:
        return Places(tuple(areas), {})
    search = search_folders(
        config_folder=city.path.parent,
        data_folders=[
            Path(folder) for folder in os.environ.get("TOCSIN_DATA", "").split(os.pathsep) if folder
        ],
        polygon_folders=[city.path.parent / folder for folder in city.source.polygon_folders],
    )
    layer = city.source.layers[city.source.area_layer]
    return read_census(layer, city.victims.census, areas, search=search)
