"""``tocsin hotspots``: files that open elsewhere, hold what the library computes, and give no small count away."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import rasterio

from hotspots.density.surface import estimate_density, expected_in_cells
from hotspots.emerging.cube import count_cells, slice_time
from hotspots.emerging.hot_spots import find_emerging
from hotspots.local.gi_star import gi_star
from hotspots.local.moran import local_moran
from hotspots.local.weights import cells_within, touching_areas
from hotspots.near_repeat.events import gather_events
from hotspots.near_repeat.knox import Bands, knox_test
from hotspots.places.cross_k import cross_k
from hotspots.places.relocation import shift_together
from hotspots.points import CityPoints, count_in_cells, locate_points
from hotspots.sites import group_sites
from incidents.location import find_areas
from incidents.schema import Category
from incidents.store import IncidentStore
from rasterize.grid import Grid, cover_polygons
from rasterize.overlay import draw_overlay
from tocsin.hotspots.methods import METHODS
from tocsin.hotspots.place_file import read_places
from verify.hotspot_scores import score_hotspots

Tocsin = Callable[..., Any]
Floats = npt.NDArray[np.float64]
FIRST, STOP = "2021-01-05", "2021-04-27"
THEFTS = (Category.LARCENY, Category.BURGLARY)
CELL_M = 400.0


class Ask:
    """Asks one question of the town and keeps what was said and written."""

    def __init__(self, town: Any, tocsin: Tocsin, out: Path) -> None:
        self.town, self.tocsin, self.out = town, tocsin, out

    def __call__(self, method: str, *words: object, categories: str = "larceny,burglary") -> dict[str, Any]:
        base = (
            "--store",
            self.town.store,
            "--method",
            method,
            "--from",
            FIRST,
            "--to",
            STOP,
            "--out",
            self.out,
        )
        said = self.tocsin("hotspots", self.town.config, *base, "--category", categories, *words, "--json")
        assert said.code == 0, said.err
        assert said.err.count("\n") == 1
        assert said.err.startswith(f"{method}: ")
        told: dict[str, Any] = said.json
        seconds = told.pop("seconds")
        assert seconds > 0
        assert json.loads((self.out / f"{method}.json").read_text()) == told
        assert sorted(map(str, self.out.iterdir())) == sorted(told["files"])
        assert (self.out / f"{method}.png").read_bytes().startswith(b"\x89PNG")
        assert told["used"] + told["unlocated"] + told["outside"] == told["incidents"]
        return told

    def bands(self, method: str) -> dict[str, Floats]:
        with rasterio.open(self.out / f"{method}.tif") as file:
            assert file.crs == self.polygons.crs
            assert file.bounds == self.grid.bounds
            return dict(zip(file.descriptions, file.read(), strict=True))

    @property
    def polygons(self) -> gpd.GeoDataFrame:
        return IncidentStore(self.town.store).layer("neighborhood")

    @property
    def grid(self) -> Grid:
        return cover_polygons(self.polygons, cell_size_m=CELL_M)

    @property
    def inside(self) -> npt.NDArray[np.bool_]:
        return draw_overlay(self.polygons, self.grid).inside

    @property
    def rows(self) -> pl.DataFrame:
        start, stop = datetime(2021, 1, 5, 5, tzinfo=UTC), datetime(2021, 4, 27, 4, tzinfo=UTC)
        return IncidentStore(self.town.store).scan(start=start, stop=stop, categories=THEFTS).collect()

    @property
    def xy(self) -> tuple[Floats, Floats]:
        return self.rows["x"].to_numpy(), self.rows["y"].to_numpy()

    @property
    def times(self) -> npt.NDArray[np.datetime64]:
        return self.rows["occurred_at"].dt.replace_time_zone(None).to_numpy()

    @property
    def points(self) -> CityPoints:
        return locate_points(*self.xy, self.grid, inside=self.inside)


@pytest.fixture
def ask(town: Any, tocsin: Tocsin, tmp_path: Path) -> Ask:
    return Ask(town, tocsin, tmp_path / "out")


def same(one: Floats, other: Floats) -> bool:
    return np.array_equal(one, other, equal_nan=True)


def shows_no_small_count(counts: Floats, *, true: Floats) -> bool:
    shown = np.isfinite(counts)
    return bool(np.all((counts[shown] == true[shown]) & ((counts[shown] == 0) | (counts[shown] >= 10))))


def test_gi_star_on_cells_is_the_library_s(ask: Ask) -> None:
    told = ask("gi-star", "--cell-size-m", CELL_M, "--neighbors-m", 900)
    band = cells_within(ask.inside, cell_size_m=CELL_M, distance_m=900.0)
    found = gi_star(count_in_cells(ask.points, ask.grid), band)
    bands = ask.bands("gi-star")
    assert list(bands) == ["z", "p", "p_fdr", "count"]
    assert all(same(bands[name], found.bands[name]) for name in ("z", "p", "p_fdr"))
    assert shows_no_small_count(bands["count"], true=found.count)
    withheld = np.isfinite(found.count) & np.isnan(bands["count"])
    assert told["disclosure"] == {"smallest_shown": 10, "counts_withheld": int(withheld.sum())}
    assert 0 < withheld.sum() < np.isfinite(found.count).sum()
    assert told["bands"]["z"]["max"] == np.nanmax(found.z)
    assert told["bands"]["p_fdr"]["significant"] == int((found.p_fdr <= 0.05).sum())
    assert told["hot"]["95%"] == int((found.classes >= 2).sum())
    assert told["used"] == found.count[ask.inside].sum()


def test_gi_star_on_areas_is_the_library_s(ask: Ask) -> None:
    told = ask("gi-star", "--areas", "neighborhood", "--permutations", 99, "--seed", 7)
    area = find_areas(*ask.xy, ask.polygons)
    counts = np.bincount(area[area >= 0], minlength=len(ask.polygons)).astype(float)
    found = gi_star(counts, touching_areas(ask.polygons), permutations=99, rng=np.random.default_rng(7))
    layer = gpd.read_file(ask.out / "gi-star.gpkg")
    assert layer.crs == ask.polygons.crs
    assert layer["area"].tolist() == ask.polygons["area"].tolist()
    assert same(layer["p"].to_numpy(), found.p)
    assert same(layer["z"].to_numpy(), found.z)
    assert shows_no_small_count(layer["count"].to_numpy(), true=counts)
    assert told["settings"]["permutations"] == 99
    assert "no p is below 0.02" in told["notes"][0]


def test_local_moran_is_the_library_s(ask: Ask) -> None:
    told = ask("local-moran", "--cell-size-m", CELL_M)
    band = cells_within(ask.inside, cell_size_m=CELL_M, distance_m=1.5 * CELL_M)
    found, bands = local_moran(count_in_cells(ask.points, ask.grid), band), ask.bands("local-moran")
    assert list(bands) == ["i", "z", "p", "p_fdr", "quadrant", "count"]
    assert all(same(bands[name], found.bands[name]) for name in ("i", "z", "p", "p_fdr", "quadrant"))
    assert told["significant"]["high_high"] == int((found.significant() == 1).sum())


@pytest.mark.parametrize("width", ["300", "silverman", "cv"])
def test_kde_is_the_library_s(ask: Ask, width: str) -> None:
    told = ask("kde", "--cell-size-m", CELL_M, "--bandwidth-m", width)
    bandwidth_m = told["settings"]["bandwidth_m"]
    assert (bandwidth_m == 300) == (width == "300")
    surface = estimate_density(*ask.xy, ask.grid, bandwidth_m=bandwidth_m, inside=ask.inside)
    bands = ask.bands("kde")
    assert list(bands) == ["per_km2", "standard_error"]
    assert same(bands["per_km2"], surface.per_km2)
    assert told["bands"]["per_km2"]["max"] == np.nanmax(surface.per_km2)


def test_emerging_is_the_library_s(ask: Ask) -> None:
    told = ask("emerging", "--cell-size-m", CELL_M)
    assert told["settings"]["slice_days"] == 7
    start, stop = datetime(2021, 1, 5, 5, tzinfo=UTC), datetime(2021, 4, 27, 4, tzinfo=UTC)
    cube = count_cells(ask.points, ask.times, edges=slice_time(start, stop, days=7), grid=ask.grid)
    found = find_emerging(cube.counts, cells_within(ask.inside, cell_size_m=CELL_M, distance_m=600.0))
    bands = ask.bands("emerging")
    assert same(bands["pattern"], np.where(ask.inside, found.pattern, np.nan))
    assert same(bands["z_last"], found.z[-1])
    assert told["patterns"]["new_hot"] == int((found.pattern == 1).sum())
    assert "count" not in bands


def test_emerging_on_areas(ask: Ask) -> None:
    told = ask("emerging", "--areas", "neighborhood", "--slice-days", 10)
    layer = gpd.read_file(ask.out / "emerging.gpkg")
    assert len(layer) == 12
    assert sum(told["patterns"].values()) == int((layer["pattern"].fillna(0) != 0).sum())


def test_near_repeats_are_the_library_s(ask: Ask) -> None:
    told = ask("near-repeat", "--permutations", 39, "--seed", 3)
    events = gather_events(*ask.xy, ask.times)
    test = knox_test(events, Bands(), permutations=39, rng=np.random.default_rng(3))
    assert [band["observed"] for band in told["profile"]] == test.observed.ravel().tolist()
    assert [band["p"] for band in told["profile"]] == test.p.ravel().tolist()
    assert (told["events"], told["merged"]) == (len(events), events.merged)


@pytest.mark.parametrize("method", ["dbscan", "hdbscan"])
def test_clusters_are_hulls_of_ten_incidents_or_more(ask: Ask, method: str) -> None:
    told = ask(method, "--min-incidents", 10, "--replicates", 3)
    layer = gpd.read_file(ask.out / f"{method}.gpkg")
    assert layer.crs == ask.polygons.crs
    assert len(layer) == told["clusters"] > 0
    assert layer["incidents"].min() >= 10
    assert layer["incidents"].sum() == pytest.approx(told["share_in_clusters"] * told["used"])
    shares = layer["hour_share"].dropna() * layer["incidents"][layer["hour_share"].notna()]
    assert (shares >= 10 - 1e-9).all()
    points = gpd.GeoSeries.from_xy(*ask.xy, crs=layer.crs)
    held = [int(points.within(hull).sum()) for hull in layer.geometry]
    assert (np.array(held) >= layer["incidents"].to_numpy()).all()


@pytest.fixture
def shops(ask: Ask, tmp_path: Path) -> Path:
    """Twenty places where something was stolen, one without coordinates and one in another city."""
    chosen = ask.rows.drop_nulls("lon").sample(20, seed=1)
    lines = [f"{lon},{lat},a name" for lon, lat in chosen.select("lon", "lat").iter_rows()]
    path = tmp_path / "late_shops.csv"
    path.write_text("\n".join(["Longitude,Latitude,owner", *lines, ",,unknown", "-100.0,40.0,far off"]))
    return path


def test_places_are_compared_with_places_elsewhere(ask: Ask, shops: Path) -> None:
    told = ask(
        "places", "--places", shops, "--permutations", 39, "--cell-size-m", CELL_M, "--bandwidth-m", 300
    )
    assert (told["kind"], told["places"]) == ("late shops", 20)
    assert (told["places_unlocated"], told["places_outside"]) == (1, 1)
    found = read_places(shops, crs=str(ask.polygons.crs))
    inside = find_areas(*found, ask.polygons) >= 0
    x, y = (axis[inside] for axis in found)
    relocate = shift_together(x, y, ask.polygons.union_all())
    around = cross_k(group_sites(*ask.xy), x, y, relocate, simulations=39, rng=np.random.default_rng(1))
    assert told["cross_k"]["ratio"] == around.ratio.tolist()
    assert told["cross_k"]["p"] == around.envelope.p
    surface = estimate_density(x, y, ask.grid, bandwidth_m=300.0, inside=ask.inside)
    assert same(ask.bands("places")["places_per_km2"], surface.per_km2)
    shown = [count for count in told["distance_bands"]["incidents"] if count is not None]
    assert all(count == 0 or count >= 10 for count in shown)
    assert "a name" not in (ask.out / "places.json").read_text()


def test_places_of_a_layer_are_those_of_the_table(ask: Ask, shops: Path, tmp_path: Path) -> None:
    crs = str(ask.polygons.crs)
    x, y = read_places(shops, crs=crs)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x[:20], y[:20]), crs=crs).to_crs("EPSG:4326")
    points.to_file(tmp_path / "shops.geojson")
    again = read_places(tmp_path / "shops.geojson", crs=crs)
    assert np.abs(np.subtract(again, (x[:20], y[:20]))).max() < 0.2


def test_patrol_areas_are_contiguous_and_of_the_size(ask: Ask) -> None:
    words = ("--patrol-areas", 2, "--patrol-km2", 1.6, "--harm", "burglary=3", "--cell-size-m", CELL_M)
    told = ask("patrol", *words, "--bandwidth-m", 300)
    layer = gpd.read_file(ask.out / "patrol.gpkg")
    assert layer.crs == ask.polygons.crs
    assert len(layer) == told["plan"]["areas"] <= 2
    assert (layer.geom_type.isin(["Polygon", "MultiPolygon"])).all()
    assert layer["area_km2"].sum() == pytest.approx(sum(told["plan"]["cells"]) * 0.16)
    assert sum(told["plan"]["cells"]) <= 10
    weights = np.where(ask.rows["category"] == "burglary", 3.0, 1.0)
    surface = estimate_density(*ask.xy, ask.grid, bandwidth_m=300.0, inside=ask.inside, weights=weights)
    harm = ask.bands("patrol")["harm_per_day"]
    days = (
        datetime(2021, 4, 27, 4, tzinfo=UTC) - datetime(2021, 1, 5, 5, tzinfo=UTC)
    ).total_seconds() / 86400
    assert np.allclose(harm, expected_in_cells(surface) / days, rtol=1e-12, equal_nan=True)
    assert told["plan"]["share"] == pytest.approx(layer["share"].sum())
    assert told["settings"]["harm"] == {"larceny": 1.0, "burglary": 3.0}


@pytest.mark.parametrize("method", ["kde", "gi-star", "local-moran", "emerging"])
def test_a_result_is_judged_by_later_incidents_beside_the_static_map(ask: Ask, method: str) -> None:
    words = ("--to", "2021-04-06", "--judge-until", "2021-05-01", "--cell-size-m", CELL_M)
    told = ask(method, *words)
    rows = IncidentStore(ask.town.store).scan(categories=THEFTS).collect()
    start, stop = datetime(2021, 1, 5, 5, tzinfo=UTC), datetime(2021, 4, 6, 4, tzinfo=UTC)
    later = rows.filter(pl.col("occurred_at") >= stop)
    seen = rows.filter(
        pl.col("occurred_at").is_between(start, stop, closed="left") & (pl.col("known_at") <= stop)
    )
    assert told["incidents"] == seen.height
    before, after = (
        count_in_cells(
            locate_points(
                *frame.select("x", "y").fill_null(np.nan).to_numpy().T, ask.grid, inside=ask.inside
            ),
            ask.grid,
        )
        for frame in (seen, later)
    )
    static = score_hotspots(
        before[None], after[None], area=ask.inside.astype(float), shares=[0.01, 0.02, 0.05, 0.1]
    )
    assert told["judged"]["incidents"] == after.sum()
    assert told["judged"]["static_map"]["pai"] == pytest.approx(static.pai.tolist())
    risk = {"kde": "per_km2", "gi-star": "z", "emerging": "z_last"}
    if method in risk:
        own = np.nan_to_num(ask.bands(method)[risk[method]], nan=-99.0)
        scores = score_hotspots(
            own[None], after[None], area=ask.inside.astype(float), shares=[0.01, 0.02, 0.05, 0.1]
        )
        assert told["judged"]["method"]["pai"] == pytest.approx(scores.pai.tolist())
    months = told["month_to_month"]
    assert (months is None) == (method == "emerging")
    if months:
        assert months["months"] == 3
        assert -1 <= months["method"]["rank_correlation"] <= 1


@pytest.mark.parametrize("words", [("dbscan", "--min-incidents", 10, "--replicates", 0), ("patrol",)])
def test_hulls_are_judged_by_their_share_of_the_city(ask: Ask, words: tuple[object, ...]) -> None:
    judged = ask(*words, "--to", "2021-04-06", "--judge-until", "2021-05-01")["judged"]
    assert 0 < judged["share"] < 1
    assert judged["method"]["pai"] == pytest.approx(judged["method"]["hit_rate"] / judged["share"])
    assert judged["static_map"]["pai"] > 0


def test_the_same_seed_gives_the_same_files(ask: Ask, files_in: Tocsin) -> None:
    words = ("gi-star", "--cell-size-m", CELL_M, "--permutations", 19)
    ask(*words)
    before = files_in(ask.out)
    ask(*words)
    assert files_in(ask.out) == before


def test_only_what_was_on_record_counts(ask: Ask) -> None:
    everything, earlier = ask("kde"), ask("kde", "--as-of", "2021-03-01T00:00")
    assert 0 < earlier["incidents"] < everything["incidents"]
    assert earlier["as_of"] == "2021-03-01T05:00:00+00:00"
    known = ask.rows["known_at"] <= datetime(2021, 3, 1, 5, tzinfo=UTC)
    assert earlier["incidents"] == int(known.sum())


def test_the_target_of_the_config_is_the_default(town: Any, tocsin: Tocsin, tmp_path: Path) -> None:
    words = ("--store", town.store, "--method", "gi-star", "--from", FIRST, "--to", STOP, "--out", tmp_path)
    told = tocsin("hotspots", town.config, *words, "--json").json
    assert told["categories"] == ["homicide", "shooting"]
    assert sum(told["by_category"].values()) == told["incidents"]


def test_what_enforcement_finds_is_named_so(ask: Ask) -> None:
    told = ask("kde", categories="narcotics")
    assert told["by_origin"] == {"discovered": told["incidents"]}


def test_help_names_every_method(tocsin: Tocsin) -> None:
    from tocsin.commands.hotspots import METHOD_HELP

    assert METHOD_HELP.rstrip(".").replace(" or ", ", ").split(", ") == list(METHODS)


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("--method", "gi_star"), 2, "Received: 'gi_star'. Use one of: gi-star"),
        (("--method", "kde", "--category", "shootings"), 2, "Use one of: shooting"),
        (("--method", "kde", "--permutations", 9), 2, "that kde reads: --bandwidth-m, --cell-size-m, --judge-until. Received: --perm"),
        (("--method", "kde", "--areas", "neighborhood"), 2, "Received: --areas. Leave it out"),
        (("--method", "gi-star", "--areas", "beat"), 2, "Received: 'beat'. It has: "),
        (("--method", "gi-star", "--areas", "neighborhood", "--cell-size-m", 300), 2, "Expected cells or areas"),
        (("--method", "kde", "--category", "rape"), 3, "in the store. Received: none on any day. It has: larceny "),
        (("--method", "kde", "--from", "2031-01-01", "--to", "2031-02-01"), 3, "The store covers 2021-01-01 to 2021-0"),
        (("--method", "kde", "--to", "2021-01-05"), 2, "Expected --to after --from"),
        (("--method", "kde", "--from", "yesterday"), 2, "for --from. Received: 'yesterday'"),
        (("--method", "kde", "--bandwidth-m", "wide"), 2, "silverman or cv. Received: 'wide'"),
        (("--method", "kde", "--bandwidth-m", 5), 2, "bandwidth"),
        (("--method", "kde", "--cell-size-m", 0), 2, "positive number of metres. Received: 0.0"),
        (("--method", "kde", "--cell-size-m", "0.5"), 2, "Choose a larger --cell-size-m"),
        (("--method", "gi-star", "--neighbors-m", 10), 2, "at least one cell, 200 m"),
        (("--method", "gi-star", "--neighbors-m", "1e9"), 2, "Expected --neighbors-m shorter than the city"),
        (("--method", "gi-star", "--cell-size-m", 70_000), 3, "at least 3 cells with neighbors"),
        (("--method", "kde", "--bandwidth-m", "1e9"), 2, "Expected --bandwidth-m shorter than the city"),
        (("--method", "kde", "--bandwidth-m", "nan"), 2, "Received: nan"),
        (("--method", "gi-star", "--seed", -1), 2, "Expected --seed of 0 or more"),
        (("--method", "emerging", "--slice-days", 0), 2, "in slices of 0 days"),
        (("--method", "emerging", "--to", "2021-02-10"), 2, "at least 10 slices"),
        (("--method", "dbscan", "--min-incidents", 3), 2, "at least 10, below which numbers are not shown"),
        (("--method", "hdbscan", "--min-incidents", 10**6), 3, "at least 1,000,000 located incidents"),
        (("--method", "kde", "--judge-until", STOP), 2, "Expected --judge-until after --to"),
        (("--method", "kde", "--judge-until", "2021-05-01", "--as-of", "2021-04-28T00:00"), 2, "Expected --as-of up to"),
        (("--method", "kde", "--to", "2021-05-03", "--judge-until", "2021-06-01"), 3, "to judge by. Received: none"),
        (("--method", "near-repeat", "--judge-until", "2021-05-01"), 2, "Received: --judge-until"),
        (("--method", "places"), 2, "Expected --places with a file"),
        (("--method", "places", "--places", "shops.shp"), 2, "Received: shops.shp"),
        (("--method", "places", "--places", "nowhere.csv"), 3, "nowhere.csv"),
        (("--method", "patrol", "--category", "larceny,narcotics"), 2, "Received: narcotics, which enforcement creates"),
        (("--method", "patrol", "--harm", "larceny"), 2, "Received: 'larceny'. Example: homicide=10"),
        (("--method", "patrol", "--harm", "arson=2"), 2, "Received: arson. Add them to --category"),
        (("--method", "patrol", "--patrol-areas", 0), 2, "0 areas"),
        (("--method", "near-repeat", "--permutations", 0), 2, "at least one permutation"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(
    town: Any,
    refused: Callable[..., str],
    tmp_path: Path,
    words: tuple[object, ...],
    code: int,
    expected: str,
) -> None:
    usual = {"--from": FIRST, "--to": STOP, "--category": "larceny"}
    base = [part for name, value in usual.items() if name not in words for part in (name, value)]
    told = refused(
        code, "hotspots", town.config, "--store", town.store, "--out", tmp_path / "out", *base, *words
    )
    assert expected in told


def test_a_handful_of_incidents_is_mapped_but_not_counted(town: Any, tocsin: Tocsin, tmp_path: Path) -> None:
    robberies = IncidentStore(town.store).scan(categories=[Category.ROBBERY]).collect().drop_nulls("x")
    days = robberies["occurred_at"].dt.convert_time_zone("America/New_York").dt.date().value_counts()
    day, count = days.sort("count", "occurred_at").row(0)
    assert 0 < count < 10
    words = ("--store", town.store, "--method", "gi-star", "--category", "robbery", "--out", tmp_path)
    period = ("--from", day, "--to", day + timedelta(days=1))
    said = tocsin("hotspots", town.config, *words, *period, "--json")
    assert said.code == 0
    assert said.json["bands"]["count"]["places"] == 0
    assert said.json["bands"]["count"]["max"] is None
    assert said.json["bands"]["z"]["places"] > 0
