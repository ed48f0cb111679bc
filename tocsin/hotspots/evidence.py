"""What a question is answered from: the store's incidents of a period, on the cells or areas of the city."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import polars as pl

from hotspots.city_map import MapWords
from hotspots.points import Bools, CityPoints, Floats, Ints, count_in_cells, locate_points
from incidents.errors import ConfigError, DataError
from incidents.location import find_areas
from incidents.schema import ENFORCEMENT_CREATED, Category
from incidents.store import IncidentStore
from rasterize.grid import Grid, cover_polygons
from rasterize.overlay import draw_overlay
from rasterize.windows import zone
from tocsin.config import CityConfig
from tocsin.hotspots.options import HotspotOptions

if TYPE_CHECKING:
    from datetime import tzinfo

DEFAULT_CELL_M = 200.0
MOST_CELLS = 4_000_000


@dataclass(frozen=True)
class Evidence:
    """Incidents of one period.

    Args:
        city: The config.
        options: The question.
        rows: Incidents of the categories, columns of the incident schema, on record as asked.
        polygons: Outlines for maps; the areas themselves where areas were asked for.
        start: Start of the period, UTC.
        stop: Its end.
        as_of: Only what was on record then is in ``rows``; None for everything.
    """

    city: CityConfig
    options: HotspotOptions
    rows: pl.DataFrame
    polygons: gpd.GeoDataFrame
    start: datetime
    stop: datetime
    as_of: datetime | None

    @property
    def x(self) -> Floats:
        """Eastings, metres, ``(rows,)``; NaN where unknown."""
        return self.rows["x"].cast(pl.Float64).fill_null(np.nan).to_numpy()

    @property
    def y(self) -> Floats:
        """Northings, metres, ``(rows,)``; NaN where unknown."""
        return self.rows["y"].cast(pl.Float64).fill_null(np.nan).to_numpy()

    @property
    def occurred_at(self) -> npt.NDArray[np.datetime64]:
        """When each incident happened, UTC, ``datetime64[us]``, ``(rows,)``."""
        return self.rows["occurred_at"].dt.replace_time_zone(None).to_numpy().astype("datetime64[us]")

    @property
    def local(self) -> pl.Series:
        """When each incident happened on the city's clock, ``(rows,)``."""
        return self.rows["occurred_at"].dt.convert_time_zone(self.city.source.time_zone)

    @property
    def rng(self) -> np.random.Generator:
        """A fresh source of randomness, the same for the same seed."""
        return np.random.default_rng(self.options.seed)

    @property
    def words(self) -> MapWords:
        """What a map of them says about itself."""
        what = " or ".join(category.value.replace("_", " ") for category in self.categories)
        if any(category in ENFORCEMENT_CREATED for category in self.categories):
            found = self.rows.filter(pl.col("origin").cast(pl.String) == "discovered").height
            what += f" ({found:,} of {self.rows.height:,} found by enforcement)"
        last = self.options.stop - timedelta(days=1)
        return MapWords(self.city.source.name, what, f"{self.options.first} to {last}")

    @property
    def categories(self) -> tuple[Category, ...]:
        """Categories asked for, or the config's target."""
        return asked_categories(self.city, self.options)


@dataclass(frozen=True)
class Places:
    """Incidents on cells or areas.

    Args:
        grid: The cells, or None for areas.
        inside: Places of the city, ``(rows, cols)`` or ``(areas,)``.
        counts: Incidents in each, the same shape.
        of_row: Index of the place of each incident, flat, ``(incidents,)``; -1 where in none.
        points: Those in cells, or None for areas.
        unlocated: Number of incidents without coordinates.
        outside: Number of incidents in none of the places.
    """

    grid: Grid | None
    inside: Bools
    counts: Floats
    of_row: Ints
    points: CityPoints | None
    unlocated: int
    outside: int

    @property
    def unit(self) -> str:
        """What one of them is called."""
        return "cells" if self.grid else "areas"

    @property
    def figures(self) -> dict[str, Any]:
        """How many incidents were used and how many not."""
        size = {"cell_size_m": self.grid.cell_size_m, "shape": list(self.grid.shape)} if self.grid else {}
        return {
            "used": int(self.counts.sum()),
            "unlocated": self.unlocated,
            "outside": self.outside,
            self.unit: int(self.inside.sum()),
        } | size


def gather_evidence(city: CityConfig, store: IncidentStore, options: HotspotOptions) -> Evidence:
    """Read the incidents that a question is about.

    A judged question sees what was on record at the end of its period, unless an earlier instant is asked for.

    Raises:
        ConfigError: An unknown layer, or an instant after the period that is judged.
        DataError: The store has nothing of a category, or the period holds none of them.
    """
    start, stop = (_midnight(day, zone(city.source.time_zone)) for day in (options.first, options.stop))
    as_of = options.as_of
    if options.judge_until is not None:
        as_of = as_of or stop
        if as_of > stop:
            raise ConfigError(
                f"Expected --as-of up to the end of the period, {stop.isoformat()}, with --judge-until. "
                f"Received: {as_of.isoformat()}. Leave it out."
            )
    polygons = store.layer(options.areas or city.source.area_layer)
    categories = asked_categories(city, options)
    rows = scan_rows(store, city, categories, start=start, stop=stop, as_of=as_of)
    if rows.is_empty():
        raise _nothing(store, categories, options)
    return Evidence(city, options, rows, polygons, start, stop, as_of)


def gather_later(store: IncidentStore, evidence: Evidence, until: date) -> Evidence:
    """Read the incidents after the period, up to a day, whenever they were recorded.

    Raises:
        DataError: There are none.
    """
    stop = _midnight(until, zone(evidence.city.source.time_zone))
    rows = scan_rows(store, evidence.city, evidence.categories, start=evidence.stop, stop=stop, as_of=None)
    if rows.is_empty():
        raise DataError(
            f"Expected incidents from {evidence.options.stop} to {until} to judge by. Received: none in the store. "
            "Ingest that period, or leave out --judge-until."
        )
    return replace(evidence, rows=rows, start=evidence.stop, stop=stop, as_of=None)


def scan_rows(
    store: IncidentStore,
    city: CityConfig,
    categories: tuple[Category, ...],
    *,
    start: datetime,
    stop: datetime,
    as_of: datetime | None,
) -> pl.DataFrame:
    """Incidents of some categories in ``[start, stop)``, on record at an instant."""
    delays = city.source.reporting_delay_hours
    found = store.scan(start=start, stop=stop, categories=categories, as_of=as_of, delay_hours=delays)
    return found.collect()


def asked_categories(city: CityConfig, options: HotspotOptions) -> tuple[Category, ...]:
    """Categories asked for, or the config's target."""
    return options.categories or tuple(Category(name) for name in city.target.categories)


def place_evidence(evidence: Evidence) -> Places:
    """Put incidents into the areas asked for, or else into cells.

    Raises:
        ConfigError: The cells are too many to hold.
        DataError: No incident has a place in the city.
    """
    return _in_areas(evidence) if evidence.options.areas else _in_cells(evidence)


def lay_cells(evidence: Evidence) -> tuple[Grid, Bools]:
    """The cells asked for and which of them lie in the city.

    Raises:
        ConfigError: They are too many to hold.
    """
    asked = evidence.options.cell_size_m
    size = DEFAULT_CELL_M if asked is None else asked
    if not 0 < size < np.inf:
        raise ConfigError(
            f"Expected --cell-size-m of a positive number of metres. Received: {size}. Try 200."
        )
    grid = cover_polygons(evidence.polygons, cell_size_m=size)
    if grid.rows * grid.cols > MOST_CELLS:
        raise ConfigError(
            f"Expected at most {MOST_CELLS:,} cells. Received: {grid.rows:,} x {grid.cols:,} of {size:g} m. "
            "Choose a larger --cell-size-m."
        )
    return grid, draw_overlay(evidence.polygons, grid).inside


def check_within_city(option: str, metres: float, evidence: Evidence) -> None:
    """Refuse a distance that reaches beyond the city, within which every place would be alike.

    Raises:
        ConfigError: It is longer than the city.
    """
    west, south, east, north = evidence.polygons.total_bounds.tolist()
    longest = max(east - west, north - south)
    if metres > longest:
        raise ConfigError(
            f"Expected {option} shorter than the city, {longest:,.0f} m. Received: {metres:g}. Choose a shorter one."
        )


def _in_cells(evidence: Evidence) -> Places:
    grid, inside = lay_cells(evidence)
    points = locate_points(evidence.x, evidence.y, grid, inside=inside)
    of_row = np.full(evidence.rows.height, -1, dtype=np.int64)
    of_row[points.index] = points.row * grid.cols + points.col
    counts = count_in_cells(points, grid)
    return Places(grid, inside, counts, of_row, points, points.unlocated, points.outside)


def _in_areas(evidence: Evidence) -> Places:
    areas = len(evidence.polygons)
    of_row = find_areas(evidence.x, evidence.y, evidence.polygons).astype(np.int64)
    known = np.isfinite(evidence.x) & np.isfinite(evidence.y)
    if not (of_row >= 0).any():
        raise DataError(
            f"Expected incidents in the areas of {evidence.options.areas}. Received: {evidence.rows.height} incidents, "
            f"{int((~known).sum())} of them without coordinates, none in an area. Choose another layer or period."
        )
    counts = np.bincount(of_row[of_row >= 0], minlength=areas).astype(np.float64)
    outside = int((known & (of_row < 0)).sum())
    return Places(None, np.ones(areas, dtype=bool), counts, of_row, None, int((~known).sum()), outside)


def describe_evidence(evidence: Evidence) -> Mapping[str, Any]:
    """What every result says of the incidents it was made from."""
    rows, source = evidence.rows, evidence.city.source
    assumed = rows.filter(pl.col("known_at").is_null())
    without = sorted(assumed["category"].cast(pl.String).unique().to_list())
    return {
        "city": source.name,
        "categories": [category.value for category in evidence.categories],
        "from": str(evidence.options.first),
        "to": str(evidence.options.stop),
        "as_of": evidence.as_of.isoformat() if evidence.as_of else None,
        "incidents": rows.height,
        "by_origin": _tally(rows["origin"]),
        "by_category": _tally(rows["category"]),
        "without_report_time": assumed.height,
        "assumed_delay_hours": {name: source.delay_hours(Category(name)) for name in without},
        "seed": evidence.options.seed,
    }


def _tally(column: pl.Series) -> dict[str, int]:
    counted = column.cast(pl.String).value_counts(sort=True)
    return {str(name): int(count) for name, count in counted.iter_rows()}


def _midnight(day: date, city: "tzinfo") -> datetime:
    return datetime.combine(day, clock(), tzinfo=city).astimezone(UTC)


def _nothing(store: IncidentStore, categories: tuple[Category, ...], options: HotspotOptions) -> DataError:
    """Say whether the category or the period is to blame that nothing was found."""
    held = _tally(store.scan().select("category").collect()["category"])
    names = [category.value for category in categories]
    if not any(name in held for name in names):
        return DataError(
            f"Expected incidents of {', '.join(names)} in the store. Received: none on any day. It has: "
            f"{', '.join(f'{name} {count:,}' for name, count in held.items()) or 'nothing'}. Choose --category from these."
        )
    span = store.span()
    days = f"{span[0]:%Y-%m-%d} to {span[1]:%Y-%m-%d}" if span else "no days"
    return DataError(
        f"Expected incidents of {', '.join(names)} from {options.first} to {options.stop}"
        f"{' on record at --as-of' if options.as_of else ''}. Received: none. The store covers {days}. "
        "Correct --from, --to or --as-of."
    )
