"""Whose incidents a store holds: the facts of a city's config that must never change under them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from incidents.errors import ConfigError, StoreError
from incidents.files import replacing_file
from incidents.source import CitySource

CITY = "city.json"
LASTING = ("name", "time_zone", "crs", "area_layer")
"""Facts on which everything in a store depends; assumed delays may be revised."""


@dataclass(frozen=True)
class StoredCity:
    """Whose incidents a store holds, and how its places and times are to be read.

    Args:
        name: Short name of the city.
        time_zone: IANA name.
        crs: Projected CRS of ``x``, ``y`` and the layers.
        area_layer: Layer whose ids fill ``area``.
        reporting_delay_hours: Assumed delay by category where a row has no report time, as first ingested.
    """

    name: str
    time_zone: str
    crs: str
    area_layer: str
    reporting_delay_hours: Mapping[str, float]


def write_city(root: Path, source: CitySource) -> None:
    """Keep the city of a new store."""
    with replacing_file(root / CITY) as aside:
        aside.write_text(json.dumps(asdict(_as_stored(source)), indent=1))


def read_city(root: Path) -> StoredCity:
    """The city of a store.

    Raises:
        StoreError: ``city.json`` is missing or damaged.
    """
    try:
        return StoredCity(**json.loads((root / CITY).read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise StoreError(
            f"Expected the city of the store in {root / CITY}. Received: {error}. "
            "Restore it from a backup, or ingest the files again into a new store."
        ) from error


def check_same_city(stored: StoredCity, source: CitySource, *, root: Path) -> None:
    """Refuse a config that differs from the store in a lasting fact.

    Raises:
        ConfigError: Names the fact and both values.
    """
    ours, theirs = asdict(stored), asdict(_as_stored(source))
    for fact in LASTING:
        if ours[fact] != theirs[fact]:
            raise ConfigError(
                f"Expected a config with {fact} {ours[fact]!r}, which the store {root} was made with. "
                f"Received: {theirs[fact]!r}. Use the config of this city, or another --store."
            )


def _as_stored(source: CitySource) -> StoredCity:
    delays = {str(category): float(hours) for category, hours in source.reporting_delay_hours.items()}
    return StoredCity(source.name, source.time_zone, source.crs, source.area_layer, delays)
