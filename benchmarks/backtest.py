"""A rolling-origin backtest of all baselines of places on a city's store: which of them beats the static map.

Ingest a city first, then for instance::

    python benchmarks/backtest.py STORE chicago-cell-1km --out results
    python benchmarks/backtest.py STORE baltimore-neighborhood --out results

It writes ``QUESTION.json`` and ``QUESTION.md`` under ``--out`` and keeps finished folds in ``OUT/folds``, so that
a run that was cut short goes on where it stopped.
"""

import argparse
import json
import time
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from cnn.place_net import ResidualCnn
from incidents.selection import on_record_at
from incidents.store import IncidentStore
from verify.backtest import (
    BacktestOptions,
    Flagged,
    Judging,
    Schedule,
    Workers,
    render_backtest,
    run_backtest,
)
from verify.panel import (
    NOWHERE,
    LagLogistic,
    LogLinearHistories,
    Oracle,
    Panel,
    PlaceBaseline,
    PlaceEvents,
    PlaceUnits,
    Pool,
    ProspectiveKernel,
    WithLevel,
    default_place_baselines,
    local_periods,
    units_from_raster,
)
from verify.sepp import SelfExciting

Ints = npt.NDArray[np.int64]

TARGETS = ("homicide", "shooting")
# Reported by victims: what the police find by looking would tell where they look.
HELPERS = ("aggravated_assault", "robbery")


@dataclass(frozen=True)
class Question:
    """What is forecast.

    Args:
        text: In words.
        days: First local day of the record, first day scored, and the day after the last.
        hours: Length of a period.
        layer: Polygons: the units, or, with ``cell_m``, the areas that group the cells.
        cell_m: Side of square units; None for the polygons themselves.
        node_m: Side of the squares that areas are made of.
        groups: Polygons that group the units.
        as_one: Whether all polygons together are the one unit.
    """

    text: str
    days: tuple[date, date, date]
    hours: int
    layer: str
    cell_m: int | None = None
    node_m: int = 250
    groups: str | None = None
    as_one: bool = False


CHICAGO = (date(2014, 1, 1), date(2017, 1, 1), date(2018, 1, 1))
BALTIMORE = (date(2011, 1, 1), date(2015, 1, 1), date(2016, 1, 1))

QUESTIONS = {
    "chicago-cell-1km": Question("Chicago, 1 km cell, next 24 hours", CHICAGO, 24, "community_area", 1000),
    "chicago-cell-500m": Question("Chicago, 500 m cell, next 24 hours", CHICAGO, 24, "community_area", 500),
    "chicago-beat": Question("Chicago, beat, next 24 hours", CHICAGO, 24, "beat", groups="district"),
    "chicago-district": Question("Chicago, district, next 72 hours", CHICAGO, 72, "district"),
    "baltimore-neighborhood": Question(
        "Baltimore, neighborhood, next 24 hours", BALTIMORE, 24, "neighborhood", node_m=100
    ),
    "baltimore-city": Question("Baltimore, city, next 2 hours", BALTIMORE, 2, "neighborhood", as_one=True),
}


@dataclass(frozen=True)
class Lattice:
    """Squares over a layer: the polygon of each, (rows, cols), -1 outside, row 0 in the north."""

    polygon: Ints
    west_m: float
    north_m: float
    size_m: int


def lay_lattice(polygons: npt.NDArray[np.object_], size_m: int, *, step_m: int) -> Lattice:
    """Lay squares over polygons, their edges on multiples of ``step_m``; every polygon gets one at least."""
    west, south, east, north = shapely.union_all(polygons).bounds
    west, north = np.floor(west / step_m) * step_m, np.ceil(north / step_m) * step_m
    rows, cols = (int(np.ceil(span / step_m)) * step_m // size_m for span in (north - south, east - west))
    row, col = np.divmod(np.arange(rows * cols), cols)
    middles = shapely.points(west + (col + 0.5) * size_m, north - (row + 0.5) * size_m)
    square, polygon = shapely.STRtree(polygons).query(middles, predicate="within")
    found = np.full(rows * cols, NOWHERE)
    found[square] = polygon
    for missing in np.setdiff1d(np.arange(len(polygons)), found):
        point = shapely.point_on_surface(polygons[missing])
        found[int((north - point.y) // size_m) * cols + int((point.x - west) // size_m)] = missing
    return Lattice(found.reshape(rows, cols), float(west), float(north), size_m)


def cut_cells(lattice: Lattice, cell_m: int) -> tuple[PlaceUnits, Ints]:
    """Square units with a quarter of their ground or more inside, grouped by polygon, and their raster."""
    parts = cell_m // lattice.size_m
    rows, cols = (length // parts for length in lattice.polygon.shape)
    inside = lattice.polygon >= 0
    share = inside.reshape(rows, parts, cols, parts).mean(axis=(1, 3))
    number = np.where(share >= 0.25, np.cumsum(share >= 0.25).reshape(share.shape) - 1, NOWHERE)
    nodes = np.where(inside, np.kron(number, np.ones((parts, parts), dtype=np.int64)), NOWHERE)
    units = units_from_raster(
        nodes, west_m=lattice.west_m, north_m=lattice.north_m, cell_size_m=lattice.size_m
    )
    within = nodes >= 0
    shared = np.zeros((len(units), int(lattice.polygon.max()) + 1))
    np.add.at(shared, (nodes[within], lattice.polygon[within]), 1)
    return replace(units, group=shared.argmax(axis=1)), number


def locate(points: npt.NDArray[np.float64], polygons: npt.NDArray[np.object_]) -> Ints:
    """Index of the polygon that each point lies in, ``NOWHERE`` for none."""
    unit = np.full(len(points), NOWHERE)
    placed = np.flatnonzero(np.isfinite(points).all(axis=1))
    found, polygon = shapely.STRtree(polygons).query(shapely.points(points[placed]), predicate="intersects")
    unit[placed[found]] = polygon
    return unit


def locate_in_cells(points: npt.NDArray[np.float64], number: Ints, lattice: Lattice, cell_m: int) -> Ints:
    """Index of the cell that each point lies in, ``NOWHERE`` for none."""
    row = np.floor((lattice.north_m - points[:, 1]) / cell_m)
    col = np.floor((points[:, 0] - lattice.west_m) / cell_m)
    inside = (row >= 0) & (row < number.shape[0]) & (col >= 0) & (col < number.shape[1])
    unit = np.full(len(points), NOWHERE)
    unit[inside] = number[row[inside].astype(np.int64), col[inside].astype(np.int64)]
    return unit


def lay_units(
    store: IncidentStore, question: Question, points: npt.NDArray[np.float64], areas: pl.Series
) -> tuple[PlaceUnits, Ints]:
    """Units of a question, and the unit of each incident; its area counts where the units are the store's areas."""
    layer = store.layer(question.layer)
    polygons = np.asarray(layer.geometry.values)
    if question.as_one:
        polygons = np.array([shapely.union_all(polygons)])
    lattice = lay_lattice(polygons, question.node_m, step_m=question.cell_m or question.node_m)
    if question.cell_m is not None:
        units, number = cut_cells(lattice, question.cell_m)
        return units, locate_in_cells(points, number, lattice, question.cell_m)
    units = units_from_raster(
        lattice.polygon, west_m=lattice.west_m, north_m=lattice.north_m, cell_size_m=question.node_m
    )
    if question.groups is not None:
        coarse = np.asarray(store.layer(question.groups).geometry.values)
        units = replace(units, group=shapely.STRtree(coarse).nearest(shapely.points(units.centre)))
    if question.as_one or question.layer != store.city.area_layer:
        return units, locate(points, polygons)
    units = replace(units, residents=layer["population"].fillna(0.0).to_numpy(dtype=np.float64))
    places = {name: index for index, name in enumerate(layer["area"])}
    return units, areas.replace_strict(places, default=NOWHERE, return_dtype=pl.Int64).to_numpy()


def build_panel(store: IncidentStore, question: Question) -> Panel:
    """Read the record and the polygons of a question."""
    known = on_record_at(store.city.reporting_delay_hours)
    rows = store.scan(categories=(*TARGETS, *HELPERS)).with_columns(known=known).sort("occurred_at").collect()
    points = rows.select(pl.col("x", "y").cast(pl.Float64)).to_numpy()
    units, unit = lay_units(store, question, points, rows["area"])
    first, _, stop = question.days
    periods = local_periods(first, stop, zone=store.city.time_zone, hours=question.hours)
    instants = (rows[name].dt.replace_time_zone(None).to_numpy() for name in ("occurred_at", "known"))
    time_, known_ = (values.astype("datetime64[us]") for values in instants)
    kind = rows["category"].cast(pl.String).is_in(HELPERS).to_numpy().astype(np.int64)
    kinds = ("homicides and shootings", "assaults and robberies")
    events = PlaceEvents(periods.start[0], time_, known_, unit, points, kind, kinds)
    return Panel(question.text, events, units, periods)


def choose_models(panel: Panel) -> tuple[PlaceBaseline, ...]:
    """All baselines, the candidates (a pool chosen on 2016, the network), and the oracle of what happened."""
    return (
        *default_place_baselines(),
        SelfExciting(),
        WithLevel(SelfExciting()),
        Pool((LogLinearHistories(), LagLogistic())),
        ResidualCnn(WithLevel(ProspectiveKernel())),
        Oracle.of_outcomes(panel),
    )


def main() -> None:
    """Run one question and write its findings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("question", choices=QUESTIONS)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=20170101)
    given = parser.parse_args()
    question = QUESTIONS[given.question]
    started = time.perf_counter()
    panel = build_panel(IncidentStore(given.store), question)
    scored, stop = (datetime(day.year, day.month, day.day, tzinfo=UTC) for day in question.days[1:])
    result = run_backtest(
        panel,
        choose_models(panel),
        Schedule(scored, stop),
        folder=given.out / "folds",
        rng=np.random.default_rng(given.seed),
        options=BacktestOptions(
            judging=Judging(
                candidates=("pool", "residual CNN"),
                oracles=("oracle",),
                flagged=Flagged.GROUND if question.cell_m is None else Flagged.UNITS,
            ),
            workers=Workers(given.processes),
        ),
    )
    (given.out / f"{given.question}.json").write_text(json.dumps(result.to_json(), indent=1))
    (given.out / f"{given.question}.md").write_text(render_backtest(result))
    print(render_backtest(result))
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
