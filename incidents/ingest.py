"""How a city's files become incidents in its store, with every row accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Elsewhere these load on first use; whoever imports this module is about to need them.
import geopandas
import polars as pl
import pyarrow.parquet  # noqa: F401
import pyogrio  # noqa: F401
import pyproj  # noqa: F401

from incidents.categories import check_rules
from incidents.errors import ConfigError, DataError
from incidents.harmonise import harmonise
from incidents.polygons import load_layer
from incidents.rows import read_rows
from incidents.selection import check_delays
from incidents.source import CitySource
from incidents.store import IncidentStore


@dataclass(frozen=True)
class IngestReport:
    """What became of the rows of a delivery.

    Args:
        read: Rows of data in the files; always ``accepted + redelivered + quarantined``.
        accepted: New incidents in the store.
        redelivered: Rows whose incident the store, or an earlier row of the delivery, already had.
        quarantined: Rows set aside.
        reasons: Quarantined rows by reason.
        repaired: Usable rows by what was put right or is missing in them.
        without_report_time: Usable rows whose time of record has to be assumed.
    """

    read: int
    accepted: int
    redelivered: int
    quarantined: int
    reasons: Mapping[str, int]
    repaired: Mapping[str, int]
    without_report_time: int


def ingest_files(
    paths: Sequence[Path], *, source: CitySource, store: IncidentStore, search: Sequence[Path]
) -> IngestReport:
    """Read files, judge their rows, and add what is new to the store, all in one commit.

    Nothing is written before every file has been read. The store is created on the first delivery, with its
    own copy of the polygon layers; later deliveries use that copy.

    Args:
        paths: Files of one delivery, in any of the city's layouts.
        source: The city.
        store: Where to.
        search: Folders in which polygon files are looked for (`incidents.polygons.search_folders`).

    Raises:
        ConfigError: No files, or the store is of another city.
        DataError: A file or a polygon layer cannot be used; nothing is written.
        StoreError: The store could not be written; it is as before.
    """
    if not paths:
        raise ConfigError(
            "Expected at least one file to ingest. Received: none. Name the city's incident files."
        )
    check_source(source)
    with ThreadPoolExecutor(1) as beside:
        polygons = beside.submit(_layers, source, store, search)
        files = [read_rows(path, source.layouts) for path in paths]
        layers = polygons.result()
    judged = [harmonise(rows, source, layers[source.area_layer]) for rows in files]
    store.create(source, layers)
    accepted = pl.concat([one.accepted for one in judged])
    quarantined = pl.concat([one.quarantined for one in judged])
    result = store.append(accepted, quarantined)
    reasons = quarantined["reason"].value_counts(sort=True)
    report = IngestReport(
        read=sum(rows.frame.height for rows in files),
        accepted=result.accepted,
        redelivered=result.redelivered,
        quarantined=quarantined.height,
        reasons=dict(reasons.rows()),
        repaired=dict(sum((Counter(one.repaired) for one in judged), Counter())),
        without_report_time=accepted["known_at"].null_count(),
    )
    check_account(report)
    return report


def check_account(report: IngestReport) -> None:
    """Refuse a report in which rows were lost or counted twice; it would mean a fault of this program.

    Raises:
        DataError: Gives the four numbers.
    """
    found = report.accepted + report.redelivered + report.quarantined
    if found != report.read:
        raise DataError(
            f"Expected every row to be accepted, redelivered or quarantined. Received: {report.read} rows read, "
            f"{report.accepted} + {report.redelivered} + {report.quarantined} = {found}. Report this as a fault."
        )


def check_source(source: CitySource) -> None:
    """Refuse settings of a city that no file could be read with.

    Raises:
        ConfigError: Unknown time zone, area layer or category, no default delay, or a rule that is no
            regular expression.
    """
    check_rules(source.categories)
    check_delays(source.reporting_delay_hours)
    try:
        ZoneInfo(source.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(
            f"Expected an IANA time zone such as America/New_York. Received: {source.time_zone!r}. "
            "Correct time_zone in the city's YAML."
        ) from error
    if source.area_layer not in source.layers:
        raise ConfigError(
            f"Expected area_layer to be one of layers. Received: {source.area_layer!r}, not in "
            f"{', '.join(source.layers)}. Correct area_layer in the city's YAML."
        )


def _layers(
    source: CitySource, store: IncidentStore, search: Sequence[Path]
) -> dict[str, geopandas.GeoDataFrame]:
    """The area layer of the store, or, before there is one, all layers of the config."""
    if store.exists:
        store.check_city(source)
        return {source.area_layer: store.layer(source.area_layer)}
    return {name: load_layer(layer, crs=source.crs, search=search) for name, layer in source.layers.items()}
