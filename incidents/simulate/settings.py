"""The knobs of the simulated city, and the one function that refuses impossible ones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from incidents.errors import ConfigError
from incidents.schema import Category
from incidents.source import STRICT

TARGETS = (Category.HOMICIDE, Category.SHOOTING)
"""The incidents that excite each other and whose risk the truth states."""

VIOLENT = frozenset(
    {*TARGETS, Category.ROBBERY, Category.AGGRAVATED_ASSAULT, Category.COMMON_ASSAULT, Category.WEAPONS}
)
"""Categories of the nights, the hot spots and the places; all others follow the days and the residents."""


@dataclass(frozen=True)
class PlaceKind:
    """Points of interest of one kind, spread evenly over the city, and what they do nearby.

    Args:
        kind: Its name in ``places.geojson``.
        count: Number of places.
        radius_m: Reach of the effect.
        rate_ratio: Factor on the background of violent incidents within reach of one or more of them; 1 for
            a kind that does nothing (a control).
    """

    __pydantic_config__ = STRICT

    kind: str
    count: int
    radius_m: float
    rate_ratio: float


@dataclass(frozen=True)
class CityShape:
    """Where people live.

    Args:
        neighborhoods: Number of polygons that tile the city.
        districts: Number of groups of neighborhoods, sectors around the centre.
        extent_m: Diameter of the smallest circle around the centre that holds the city.
        population: Residents.
        places: Kinds of points of interest.
    """

    __pydantic_config__ = STRICT

    neighborhoods: int = 40
    districts: int = 6
    extent_m: float = 8000.0
    population: int = 160_000
    places: tuple[PlaceKind, ...] = (
        PlaceKind("late_license", 40, 200.0, 2.5),
        PlaceKind("pharmacy", 25, 200.0, 1.0),
    )


@dataclass(frozen=True)
class Background:
    """When and where incidents arise of themselves: an inhomogeneous Poisson process for each category.

    Args:
        per_day: Mean number a day over a whole year, by category; triggered incidents come on top.
        hour_amplitude: Strength of the weekly rhythm on the log scale; 0 makes all hours equal.
        season_amplitude: Relative swing between the mean and the summer peak, in [0, 1).
        hot_spots: Number of hot spots of violent incidents.
        hot_spot_strength: Relative risk that each adds at its centre.
        hot_spot_sigma_m: Standard deviation of their Gaussian shape.
        neighborhood_spread: Standard deviation of the log relative risk between neighborhoods.
    """

    __pydantic_config__ = STRICT

    per_day: Mapping[Category, float] = field(
        default_factory=lambda: {
            Category.HOMICIDE: 0.18,
            Category.SHOOTING: 0.32,
            Category.ROBBERY: 5.0,
            Category.AGGRAVATED_ASSAULT: 6.0,
            Category.COMMON_ASSAULT: 2.5,
            Category.BURGLARY: 12.0,
            Category.LARCENY: 18.0,
            Category.LARCENY_FROM_AUTO: 12.0,
            Category.AUTO_THEFT: 8.0,
            Category.NARCOTICS: 6.0,
            Category.CRIMINAL_DAMAGE: 8.0,
        }
    )
    hour_amplitude: float = 1.0
    season_amplitude: float = 0.25
    hot_spots: int = 6
    hot_spot_strength: float = 8.0
    hot_spot_sigma_m: float = 400.0
    neighborhood_spread: float = 0.5


@dataclass(frozen=True)
class Precursor:
    """Incidents that raise the risk of homicides and shootings around them for a while.

    Args:
        category: Which ones; not a target itself.
        offspring: Mean number of homicides and shootings that each one triggers.
        decay_days: Mean of the exponential waiting time.
        sigma_m: Standard deviation of the Gaussian displacement, in x and in y.
    """

    __pydantic_config__ = STRICT

    category: Category
    offspring: float
    decay_days: float
    sigma_m: float


@dataclass(frozen=True)
class Excitation:
    """How incidents trigger homicides and shootings (a Hawkes process with exponential-Gaussian kernels).

    Args:
        branching_ratio: Mean number of direct offspring of a homicide or shooting, in [0, 1).
        decay_days: Mean of the exponential waiting time.
        sigma_m: Standard deviation of the Gaussian displacement, in x and in y.
        precursors: Other categories that trigger them.
    """

    __pydantic_config__ = STRICT

    branching_ratio: float = 0.25
    decay_days: float = 3.0
    sigma_m: float = 150.0
    precursors: tuple[Precursor, ...] = (
        Precursor(Category.ROBBERY, 0.05, 0.2, 200.0),
        Precursor(Category.AGGRAVATED_ASSAULT, 0.04, 0.2, 200.0),
        Precursor(Category.COMMON_ASSAULT, 0.25, 0.15, 150.0),
    )


@dataclass(frozen=True)
class ReportingDelay:
    """A lognormal delay from the incident to its record.

    Args:
        median_hours: Half of the records are there by then.
        log_sigma: Standard deviation of the log delay.
    """

    __pydantic_config__ = STRICT

    median_hours: float
    log_sigma: float


@dataclass(frozen=True)
class Defects:
    """What goes wrong on the way from an incident to a row of the file; each is a share in [0, 1].

    Args:
        extra_victims: Violent incidents with a second victim, hence a second row of its own id.
        heaped_times: Incidents whose time is written as the last full or half hour.
        missing_coordinates: Rows without coordinates.
        broken_rows: Rows with swapped coordinates, with zeros for coordinates, or without a readable time.
        redelivered_rows: Rows that come twice, with the same id.
    """

    __pydantic_config__ = STRICT

    extra_victims: float = 0.05
    heaped_times: float = 0.15
    missing_coordinates: float = 0.02
    broken_rows: float = 0.002
    redelivered_rows: float = 0.002


@dataclass(frozen=True)
class SimulationSettings:
    """A whole simulated city.

    Args:
        start: First local day.
        stop: The local day after the last one.
        shape: Geometry, residents, places.
        background: Incidents that arise of themselves.
        excitation: Incidents that trigger others.
        delays: Reporting delay by category name, with ``default`` for the rest.
        defects: What goes wrong in the file.
    """

    __pydantic_config__ = STRICT

    start: date = date(2021, 1, 1)
    stop: date = date(2024, 1, 1)
    shape: CityShape = field(default_factory=CityShape)
    background: Background = field(default_factory=Background)
    excitation: Excitation = field(default_factory=Excitation)
    delays: Mapping[str, ReportingDelay] = field(
        default_factory=lambda: {
            "default": ReportingDelay(12.0, 1.2),
            "homicide": ReportingDelay(0.5, 0.8),
            "shooting": ReportingDelay(0.5, 0.8),
            "robbery": ReportingDelay(1.0, 1.0),
            "aggravated_assault": ReportingDelay(1.0, 1.0),
            "common_assault": ReportingDelay(1.0, 1.0),
        }
    )
    defects: Defects = field(default_factory=Defects)


def check_settings(settings: SimulationSettings) -> None:
    """Refuse settings that no city can have.

    Args:
        settings: What a config or a caller asks for.

    Raises:
        ConfigError: The first setting that is out of range, with its range.
    """
    for name, value, expected, holds in _requirements(settings):
        if not holds:
            raise ConfigError(
                f"Expected {name} to be {expected}. Received: {value}. "
                "Change it under simulation in the config of the city."
            )


_Requirement = tuple[str, object, str, bool]


def _requirements(settings: SimulationSettings) -> Iterator[_Requirement]:
    yield "stop", settings.stop, f"after start ({settings.start})", settings.stop > settings.start
    yield from _shape_requirements(settings.shape)
    yield from _background_requirements(settings.background)
    yield from _excitation_requirements(settings.excitation)
    yield from _delay_requirements(settings.delays)
    for name, share in vars(settings.defects).items():
        yield f"defects.{name}", share, "a share in [0, 1]", 0 <= share <= 1


def _shape_requirements(shape: CityShape) -> Iterator[_Requirement]:
    count = shape.neighborhoods
    yield "shape.neighborhoods", count, "2 or more", count >= 2
    yield (
        "shape.districts",
        shape.districts,
        "1 to the number of neighborhoods",
        1 <= shape.districts <= count,
    )
    yield "shape.extent_m", shape.extent_m, "1000 metres or more", shape.extent_m >= 1000
    yield "shape.population", shape.population, "1 or more", shape.population >= 1
    for place in shape.places:
        name = f"shape.places[{place.kind}]"
        yield f"{name}.count", place.count, "0 or more", place.count >= 0
        yield _positive(f"{name}.radius_m", place.radius_m)
        yield _positive(f"{name}.rate_ratio", place.rate_ratio)


def _background_requirements(background: Background) -> Iterator[_Requirement]:
    yield "background.per_day", "{}", "a rate for one category or more", bool(background.per_day)
    for category, rate in background.per_day.items():
        yield f"background.per_day.{category.value}", rate, "0 or more", rate >= 0
    swing = background.season_amplitude
    yield "background.season_amplitude", swing, "in [0, 1)", 0 <= swing < 1
    yield _positive("background.hot_spot_sigma_m", background.hot_spot_sigma_m)
    for name in ("hour_amplitude", "hot_spots", "hot_spot_strength", "neighborhood_spread"):
        value = getattr(background, name)
        yield f"background.{name}", value, "0 or more", value >= 0


def _excitation_requirements(excitation: Excitation) -> Iterator[_Requirement]:
    ratio = excitation.branching_ratio
    yield "excitation.branching_ratio", ratio, "in [0, 1), or the city explodes", 0 <= ratio < 1
    yield _positive("excitation.decay_days", excitation.decay_days)
    yield _positive("excitation.sigma_m", excitation.sigma_m)
    for precursor in excitation.precursors:
        category = precursor.category
        name = f"excitation.precursors[{category.value}]"
        yield f"{name}.category", category.value, "no target", category not in TARGETS
        yield f"{name}.offspring", precursor.offspring, "0 or more", precursor.offspring >= 0
        yield _positive(f"{name}.decay_days", precursor.decay_days)
        yield _positive(f"{name}.sigma_m", precursor.sigma_m)


def _delay_requirements(delays: Mapping[str, ReportingDelay]) -> Iterator[_Requirement]:
    known = {"default", *(category.value for category in Category)}
    yield "delays", sorted(delays), "a mapping with the key default", "default" in delays
    for name, delay in delays.items():
        yield "delays", name, f"keyed by {', '.join(sorted(known))}", name in known
        yield _positive(f"delays.{name}.median_hours", delay.median_hours)
        yield f"delays.{name}.log_sigma", delay.log_sigma, "0 or more", delay.log_sigma >= 0


def _positive(name: str, value: float) -> _Requirement:
    return name, value, "above 0", value > 0
