import re
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import stats

from incidents.schema import Category
from incidents.simulate import SimulatedCity, SimulationSettings, simulate_city
from incidents.simulate.city import CRS
from incidents.simulate.intensity import CATEGORIES, CODES
from incidents.simulate.layout import SOURCE
from incidents.simulate.reports import BROKEN, TIME_FORMAT, WORDINGS, draw_delays
from incidents.simulate.settings import VIOLENT, Defects, ReportingDelay

SETTINGS = SimulationSettings(
    start=date(2023, 2, 1),
    stop=date(2023, 8, 1),
    defects=Defects(
        extra_victims=0.1,
        heaped_times=0.3,
        missing_coordinates=0.05,
        broken_rows=0.06,
        redelivered_rows=0.02,
    ),
)
CLEAN = replace(SETTINGS, defects=Defects(0.0, 0.0, 0.0, 0.0, 0.0))


@pytest.fixture(scope="module")
def city() -> SimulatedCity:
    return simulate_city(SETTINGS, rng=np.random.default_rng(31))


@pytest.fixture(scope="module")
def clean() -> SimulatedCity:
    return simulate_city(CLEAN, rng=np.random.default_rng(31))


def local_times(rows: pl.DataFrame, column: str) -> pl.Series:
    return rows[column].str.to_datetime(TIME_FORMAT)


def is_share(count: int, total: int, share: float) -> bool:
    return abs(count - share * total) < 4 * np.sqrt(share * (1 - share) * total)


def test_delays_are_lognormal_by_category() -> None:
    delays = {"default": ReportingDelay(24.0, 1.0), "shooting": ReportingDelay(0.5, 0.3)}
    code = np.repeat([CODES[Category.SHOOTING], CODES[Category.LARCENY]], 5000).astype(np.int8)
    hours = draw_delays(code, delays, rng=np.random.default_rng(1))
    assert (hours > 0).all()
    assert stats.kstest(np.log(hours[:5000] / 0.5) / 0.3, "norm").pvalue > 1e-3
    assert stats.kstest(np.log(hours[5000:] / 24.0), "norm").pvalue > 1e-3


def test_a_clean_file_has_one_row_an_incident_with_its_own_words(clean: SimulatedCity) -> None:
    rows, code = clean.reports.rows, clean.events.code
    assert rows.height == len(clean.events)
    assert rows["incident_id"].n_unique() == rows.height
    assert rows["offense"].to_list() == [WORDINGS[CATEGORIES[each]].offense for each in code]
    assert set(clean.reports.counts.values()) == {0}


def test_times_are_the_wall_clock_of_the_city(clean: SimulatedCity) -> None:
    utc = pl.Series(clean.intensity.clock.at(clean.events.hours)).dt.replace_time_zone("UTC")
    wall = utc.dt.convert_time_zone("America/New_York").dt.replace_time_zone(None)
    assert local_times(clean.reports.rows, "occurred_at").equals(wall)
    assert wall.min().date() == date(2023, 2, 1)
    assert wall.max().date() == date(2023, 7, 31)


def test_nothing_is_reported_before_it_happens(city: SimulatedCity) -> None:
    readable = city.reports.rows.filter(pl.col("occurred_at") != "unknown")
    gap = local_times(readable, "reported_at") - local_times(readable, "occurred_at")
    assert gap.min().total_seconds() >= 0


def test_coordinates_lead_back_to_the_incident(clean: SimulatedCity) -> None:
    from pyproj import Transformer

    back = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    rows = clean.reports.rows
    points = np.column_stack(back.transform(rows["longitude"].to_numpy(), rows["latitude"].to_numpy()))
    assert np.hypot(*(points - clean.events.points).T).max() < 0.1


def test_heaped_times_stay_in_their_window(city: SimulatedCity, clean: SimulatedCity) -> None:
    def first_rows(each: SimulatedCity) -> pl.DataFrame:
        rows = each.reports.rows.unique("incident_id", keep="first", maintain_order=True)
        return rows.filter(pl.col("incident_id").str.ends_with("-1"), pl.col("occurred_at") != "unknown")

    both = first_rows(city).join(first_rows(clean), on="incident_id", suffix="_true")
    said, true = local_times(both, "occurred_at"), local_times(both, "occurred_at_true")
    moved = said != true
    assert (said.filter(moved) == true.filter(moved).dt.truncate("30m")).all()
    assert is_share(city.reports.counts["heaped_times"], len(city.events), 0.3)
    assert is_share(int(moved.sum()), both.height, 0.3 * (1 - 1 / 1800))


def test_extra_victims_are_rows_of_violent_incidents(city: SimulatedCity) -> None:
    rows = city.reports.rows.unique("incident_id", maintain_order=True)
    second = rows.filter(pl.col("incident_id").str.ends_with("-2"))
    violent = np.isin(city.events.code, [CODES[category] for category in VIOLENT])
    assert second["offense"].is_in([WORDINGS[category].offense for category in VIOLENT]).all()
    assert second.height == city.reports.counts["extra_victims"]
    assert is_share(second.height, int(violent.sum()), 0.1)


def test_every_defect_is_counted(city: SimulatedCity) -> None:
    rows, counts = city.reports.rows, city.reports.counts
    once = rows.unique("incident_id", maintain_order=True)
    longitude, latitude = once["longitude"], once["latitude"]
    found = {
        "missing_coordinates": longitude.null_count(),
        "swapped_coordinates": int((longitude > 0).sum()),
        "zero_coordinates": int(((longitude == 0) & (latitude == 0)).sum()),
        "unreadable_time": int((once["occurred_at"] == "unknown").sum()),
        "redelivered_rows": rows.height - once.height,
    }
    assert found == {name: counts[name] for name in found}
    assert is_share(found["missing_coordinates"], once.height, 0.05)
    assert is_share(sum(counts[way] for way in BROKEN), once.height, 0.95 * 0.06)
    assert is_share(found["redelivered_rows"], once.height, 0.02 * (1 - 0.95 * 0.06))


def test_redelivered_rows_are_exact_copies(city: SimulatedCity) -> None:
    rows = city.reports.rows
    assert rows.unique().height == rows["incident_id"].n_unique()


def test_each_wording_is_mapped_to_its_category_alone() -> None:
    rules = SOURCE["categories"]
    assert isinstance(rules, list)
    for category in Category:
        matching = [
            rule["category"] for rule in rules if re.search(rule["offense"], WORDINGS[category].offense)
        ]
        assert matching == [category.value]
