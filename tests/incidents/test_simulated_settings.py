from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from incidents.errors import ConfigError
from incidents.schema import Category
from incidents.simulate import SimulationSettings, simulate_city, write_city
from incidents.simulate.settings import (
    Background,
    CityShape,
    Defects,
    Excitation,
    PlaceKind,
    Precursor,
    ReportingDelay,
    check_settings,
)

BASE = SimulationSettings(
    start=date(2023, 3, 1),
    stop=date(2023, 5, 1),
    shape=CityShape(10, 3, 3000.0, 5000, (PlaceKind("bar", 5, 150.0, 2.0),)),
    background=Background({Category.SHOOTING: 3.0, Category.ROBBERY: 5.0, Category.LARCENY: 5.0}),
    excitation=Excitation(0.4, 1.0, 100.0, (Precursor(Category.ROBBERY, 0.3, 0.5, 100.0),)),
    delays={"default": ReportingDelay(5.0, 0.5), "larceny": ReportingDelay(20.0, 0.5)},
    defects=Defects(0.1, 0.1, 0.1, 0.1, 0.1),
)
PLACE, PRECURSOR = BASE.shape.places[0], BASE.excitation.precursors[0]


def shaped(**change: object) -> SimulationSettings:
    return replace(BASE, shape=replace(BASE.shape, **change))


def placed(**change: object) -> SimulationSettings:
    return shaped(places=(replace(PLACE, **change),))


def rated(**change: object) -> SimulationSettings:
    return replace(BASE, background=replace(BASE.background, **change))


def excited(**change: object) -> SimulationSettings:
    return replace(BASE, excitation=replace(BASE.excitation, **change))


def preceded(**change: object) -> SimulationSettings:
    return excited(precursors=(replace(PRECURSOR, **change),))


def delayed(**change: object) -> SimulationSettings:
    return replace(BASE, delays={**BASE.delays, "larceny": replace(BASE.delays["larceny"], **change)})


def flawed(**change: object) -> SimulationSettings:
    return replace(BASE, defects=replace(BASE.defects, **change))


CHANGES = {
    "start": replace(BASE, start=date(2023, 3, 2)),
    "stop": replace(BASE, stop=date(2023, 5, 2)),
    "neighborhoods": shaped(neighborhoods=11),
    "districts": shaped(districts=4),
    "extent_m": shaped(extent_m=3001.0),
    "population": shaped(population=5001),
    "kind": placed(kind="club"),
    "count": placed(count=6),
    "radius_m": placed(radius_m=200.0),
    "rate_ratio": placed(rate_ratio=4.0),
    "per_day": rated(per_day={**BASE.background.per_day, Category.LARCENY: 6.0}),
    "hour_amplitude": rated(hour_amplitude=0.1),
    "season_amplitude": rated(season_amplitude=0.9),
    "hot_spots": rated(hot_spots=1),
    "hot_spot_strength": rated(hot_spot_strength=20.0),
    "hot_spot_sigma_m": rated(hot_spot_sigma_m=150.0),
    "neighborhood_spread": rated(neighborhood_spread=1.0),
    "branching_ratio": excited(branching_ratio=0.7),
    "decay_days": excited(decay_days=2.0),
    "sigma_m": excited(sigma_m=50.0),
    "precursor category": preceded(category=Category.LARCENY),
    "precursor offspring": preceded(offspring=0.6),
    "precursor decay_days": preceded(decay_days=0.1),
    "precursor sigma_m": preceded(sigma_m=50.0),
    "median_hours": delayed(median_hours=21.0),
    "log_sigma": delayed(log_sigma=0.6),
    "default delay": replace(BASE, delays={**BASE.delays, "default": ReportingDelay(6.0, 0.5)}),
    "extra_victims": flawed(extra_victims=0.5),
    "heaped_times": flawed(heaped_times=0.5),
    "missing_coordinates": flawed(missing_coordinates=0.5),
    "broken_rows": flawed(broken_rows=0.5),
    "redelivered_rows": flawed(redelivered_rows=0.5),
}


def written(settings: SimulationSettings, folder: Path) -> dict[str, bytes]:
    """The files of a city but those that repeat its settings."""
    paths = write_city(simulate_city(settings, rng=np.random.default_rng(3)), folder)
    return {path.name: path.read_bytes() for path in paths if path.name not in ("city.yaml", "truth.json")}


@pytest.fixture(scope="module")
def base_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return written(BASE, tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize("name", CHANGES)
def test_every_setting_changes_the_city(name: str, base_files: dict[str, bytes], tmp_path: Path) -> None:
    assert written(CHANGES[name], tmp_path) != base_files


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (
            replace(BASE, stop=BASE.start),
            "Expected stop to be after start (2023-03-01). Received: 2023-03-01.",
        ),
        (shaped(neighborhoods=1), "Expected shape.neighborhoods to be 2 or more. Received: 1."),
        (
            shaped(districts=11),
            "Expected shape.districts to be 1 to the number of neighborhoods. Received: 11.",
        ),
        (shaped(extent_m=900.0), "Expected shape.extent_m to be 1000 metres or more. Received: 900.0."),
        (shaped(population=0), "Expected shape.population to be 1 or more. Received: 0."),
        (placed(count=-1), "Expected shape.places[bar].count to be 0 or more. Received: -1."),
        (placed(radius_m=0.0), "Expected shape.places[bar].radius_m to be above 0. Received: 0.0."),
        (placed(rate_ratio=0.0), "Expected shape.places[bar].rate_ratio to be above 0. Received: 0.0."),
        (
            rated(per_day={}),
            "Expected background.per_day to be a rate for one category or more. Received: {}.",
        ),
        (
            rated(per_day={Category.ARSON: -1.0}),
            "Expected background.per_day.arson to be 0 or more. Received: -1.0.",
        ),
        (rated(season_amplitude=1.0), "Expected background.season_amplitude to be in [0, 1). Received: 1.0."),
        (rated(hot_spot_sigma_m=0.0), "Expected background.hot_spot_sigma_m to be above 0. Received: 0.0."),
        (rated(hour_amplitude=-1.0), "Expected background.hour_amplitude to be 0 or more. Received: -1.0."),
        (
            excited(branching_ratio=1.0),
            "Expected excitation.branching_ratio to be in [0, 1), or the city explodes. Received: 1.0.",
        ),
        (excited(sigma_m=-5.0), "Expected excitation.sigma_m to be above 0. Received: -5.0."),
        (
            preceded(category=Category.SHOOTING),
            "Expected excitation.precursors[shooting].category to be no target. Received: shooting.",
        ),
        (
            preceded(offspring=float("nan")),
            "Expected excitation.precursors[robbery].offspring to be 0 or more. Received: nan.",
        ),
        (replace(BASE, delays={}), "Expected delays to be a mapping with the key default. Received: []."),
        (delayed(median_hours=0.0), "Expected delays.larceny.median_hours to be above 0. Received: 0.0."),
        (flawed(broken_rows=1.5), "Expected defects.broken_rows to be a share in [0, 1]. Received: 1.5."),
    ],
)
def test_impossible_settings_are_refused(settings: SimulationSettings, complaint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        simulate_city(settings, rng=np.random.default_rng(1))
    assert str(caught.value) == f"{complaint} Change it under simulation in the config of the city."


def test_a_delay_for_an_unknown_category_is_refused() -> None:
    settings = replace(BASE, delays={**BASE.delays, "shootings": ReportingDelay(1.0, 1.0)})
    with pytest.raises(
        ConfigError, match=r"^Expected delays to be keyed by aggravated_assault, .* Received: shootings"
    ):
        check_settings(settings)


def test_the_defaults_pass() -> None:
    check_settings(SimulationSettings())


@pytest.mark.parametrize(
    "spoil", [lambda plain: plain | {"strat": 1}, lambda plain: plain | {"shape": {"extent": 3}}]
)
def test_unknown_keys_are_refused(spoil: Callable[[dict[str, object]], dict[str, object]]) -> None:
    with pytest.raises(ValidationError, match="Unexpected keyword argument"):
        TypeAdapter(SimulationSettings).validate_python(spoil({"start": "2023-01-01"}))
