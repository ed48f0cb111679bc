"""The facts about one city's data that its YAML file states, as frozen dataclasses.

They hold no behaviour: readers, windows and models take what they need from here. ``tocsin.config`` fills
them from YAML with pydantic, which refuses unknown keys (``__pydantic_config__``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from incidents.schema import Category, Origin, Place

STRICT = {"extra": "forbid"}


@dataclass(frozen=True)
class TimeColumns:
    """Where a layout keeps an instant, and how it is written.

    Args:
        columns: Source columns, joined by one space before parsing (a date and a clock, or one stamp).
        format: A ``strptime`` format such as ``%m/%d/%Y %H:%M:%S``, or ``iso8601`` or ``epoch_ms``.
        zone: ``local`` for the city's wall clock, ``utc`` for UTC. ``epoch_ms`` is always UTC.
    """

    __pydantic_config__ = STRICT

    columns: tuple[str, ...]
    format: str
    zone: Literal["local", "utc"] = "local"


@dataclass(frozen=True)
class Layout:
    """One file layout that a city publishes: which source column plays which role.

    A file belongs to the first layout of the config whose columns it all has. ``incident_id`` may be left
    out: the id is then a hash of the row's mapped columns and its ordinal among equal rows.
    """

    __pydantic_config__ = STRICT

    occurred: TimeColumns
    offense: str
    longitude: str
    latitude: str
    format: Literal["csv", "geojson", "arcgis_json"] = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    incident_id: str | None = None
    known: TimeColumns | None = None
    detail: str | None = None
    address: str | None = None
    district: str | None = None
    place: str | None = None
    weapon: str | None = None
    missing_values: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class CategoryRule:
    """One line of the category mapping; the first rule that matches a row decides.

    Args:
        category: What the row becomes.
        offense: Regular expression searched in the upper-cased ``offense`` text.
        detail: The same for the layout's ``detail`` column; a row without it does not match.
        origin: Who brought such incidents to light.
    """

    __pydantic_config__ = STRICT

    category: Category
    offense: str
    detail: str | None = None
    origin: Origin = Origin.REPORTED


@dataclass(frozen=True)
class PolygonLayer:
    """A polygon file: where it lies and which property names each polygon.

    Args:
        file: Path, looked for beside the config, in the folders given by ``TOCSIN_DATA``, beside the
            incident files and in ``polygon_folders`` of the config, in this order; if none has it, the bare
            file name is looked for in the same folders.
        id: Property that names the polygon; several features of one name are dissolved into one.
        population: Property with the number of residents, if there is one.
        sliver_m2: Overlaps of two polygons up to this area are boundary noise; larger ones are refused.
    """

    __pydantic_config__ = STRICT

    file: str
    id: str
    population: str | None = None
    sliver_m2: float = 1000.0


@dataclass(frozen=True)
class CitySource:
    """Everything the ``incidents`` room needs to know about a city.

    Args:
        name: Short name, used in messages and as the default store name.
        time_zone: IANA name; two-hour windows follow its wall clock.
        crs: Projected CRS in metres, e.g. ``EPSG:26985``.
        layouts: By name, in the order in which they are tried.
        categories: Mapping rules in order; what no rule matches becomes ``other`` and is counted.
        layers: Polygon layers by name.
        area_layer: The layer that fills ``area``.
        places: Upper-cased source value to ``indoors``/``outdoors``; anything else is ``unknown``.
        reporting_delay_hours: Assumed delay from occurrence to record where the source has no report time,
            by category, with ``default`` for the rest. Every run that relies on it says so.
        outside_tolerance_m: Points up to this far outside every polygon are kept (without an area);
            farther ones are quarantined.
        heaped_minutes: Minutes of the hour to which reported times are rounded; such times are flagged.
        polygon_folders: Further folders in which polygon files are looked for, relative to the config.
    """

    __pydantic_config__ = STRICT

    name: str
    time_zone: str
    crs: str
    layouts: Mapping[str, Layout]
    categories: tuple[CategoryRule, ...]
    layers: Mapping[str, PolygonLayer]
    area_layer: str
    places: Mapping[str, Place] = field(default_factory=dict)
    reporting_delay_hours: Mapping[str, float] = field(default_factory=lambda: {"default": 24.0})
    outside_tolerance_m: float = 1000.0
    heaped_minutes: tuple[int, ...] = (0, 30)
    polygon_folders: tuple[str, ...] = ()

    def delay_hours(self, category: Category) -> float:
        """Assumed hours from occurrence to record for a category, where the source has no report time."""
        return self.reporting_delay_hours.get(category.value, self.reporting_delay_hours["default"])
