"""``tocsin ingest``: files into the store."""

import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tocsin.arguments import Config, Json, Store
from tocsin.output import finish


def ingest(
    config: Config,
    files: Annotated[
        list[Path], typer.Argument(help="Incident files: CSV, gzipped CSV, GeoJSON, ArcGIS JSON.")
    ],
    store: Store,
    as_json: Json = False,
) -> None:
    """Read a city's files into its store; every row is accepted, redelivered or quarantined.

    Ingesting a file twice, or overlapping files, changes nothing. Rows that cannot be used go to
    STORE/quarantine with a reason.

    Example: tocsin ingest configs/baltimore.yaml part1.csv.gz --store stores/baltimore
    """
    from incidents.ingest import ingest_files
    from incidents.polygons import search_folders
    from incidents.store import IncidentStore
    from tocsin.config import load_config

    city = load_config(config)
    search = search_folders(
        config_folder=config.parent,
        data_folders=[
            Path(folder) for folder in os.environ.get("TOCSIN_DATA", "").split(os.pathsep) if folder
        ],
        incident_files=files,
        polygon_folders=[config.parent / folder for folder in city.source.polygon_folders],
    )
    started = time.perf_counter()
    report = ingest_files(files, source=city.source, store=IncidentStore(store), search=search)
    seconds = round(time.perf_counter() - started, 3)
    reasons = ", ".join(f"{count} {reason}" for reason, count in report.reasons.items())
    assumed = (
        f"; {report.without_report_time} without a report time: it is assumed by reporting_delay_hours"
        if report.without_report_time
        else ""
    )
    finish(
        asdict(report) | {"seconds": seconds},
        f"{report.read} rows read: {report.accepted} accepted, {report.redelivered} redelivered, "
        f"{report.quarantined} quarantined{f' ({reasons})' if reasons else ''} in {seconds:.1f} s{assumed}.",
        as_json=as_json,
    )
