"""Where incidents are kept: a folder of GeoParquet that is whole at every moment.

::

    STORE/
    ├── manifest.json                                   the files that count; replacing it is the commit
    ├── city.json                                       whose incidents these are
    ├── layers/NAME.parquet                             polygons, GeoParquet in the projected CRS
    ├── incidents/year=YYYY/month=MM/part-HASH.parquet  GeoParquet in longitude and latitude, months in UTC
    └── quarantine/part-HASH.parquet                    rows that could not be used, with the reason
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from incidents.errors import ConfigError, StoreError
from incidents.files import replacing_file
from incidents.geoparquet import decode_incidents, encode_incidents, encode_table
from incidents.locking import write_lock
from incidents.manifest import MANIFEST, Manifest, Part, read_manifest, remove_orphans, write_manifest
from incidents.schema import INCIDENT_SCHEMA, QUARANTINE_SCHEMA, Category, check_incidents
from incidents.selection import category_names, check_aware, on_record_at, within
from incidents.source import CitySource
from incidents.stored_city import StoredCity, check_same_city, read_city, write_city

if TYPE_CHECKING:
    import geopandas

ORDER = ("occurred_at", "incident_id")
WRITERS = 4


@dataclass(frozen=True)
class AppendResult:
    """How many incidents were new, and how many the store (or the same delivery) already had."""

    accepted: int
    redelivered: int


@dataclass(frozen=True)
class IncidentStore:
    """Incidents of one city in a folder: many readers, one writer.

    Args:
        root: The folder; it need not exist before `create`.
    """

    root: Path

    @property
    def exists(self) -> bool:
        """Whether a store has been created here."""
        return (self.root / MANIFEST).is_file()

    @property
    def city(self) -> StoredCity:
        """Whose incidents these are.

        Raises:
            StoreError: There is no store here, or ``city.json`` is damaged.
        """
        read_manifest(self.root)
        return read_city(self.root)

    def create(self, source: CitySource, layers: Mapping[str, geopandas.GeoDataFrame]) -> None:
        """Make an empty store with its own copy of the polygons; a store of the same city stays as it is.

        Args:
            source: The city.
            layers: Polygon layers by name, as from `incidents.polygons.load_layer`.

        Raises:
            ConfigError: A store of another city is here.
            StoreError: It could not be written.
        """
        if source.area_layer not in layers:
            raise ConfigError(
                f"Expected the area layer {source.area_layer!r} among the layers. Received: {', '.join(layers)}. "
                "Name one of them under area_layer."
            )
        if not self.exists:
            with write_lock(self.root):
                if not self.exists:  # nobody was faster
                    self._write_city(source, layers)
        self.check_city(source)

    def check_city(self, source: CitySource) -> None:
        """Refuse a config of another city, zone, CRS or area layer than the store was made with.

        Raises:
            ConfigError: Names what differs.
        """
        check_same_city(self.city, source, root=self.root)

    def append(self, accepted: pl.DataFrame, quarantined: pl.DataFrame | None = None) -> AppendResult:
        """Add what the store does not have yet, in one commit; what it has stays untouched.

        Args:
            accepted: Columns and types of `INCIDENT_SCHEMA`. Of rows with one id the first counts.
            quarantined: Columns of `QUARANTINE_SCHEMA`.

        Raises:
            DataError: A frame has other columns or types, or a required value is missing.
            StoreBusyError: Another process is writing.
            StoreError: There is no store, or the disk refused; the store is as before.
        """
        check_incidents(accepted)
        read_manifest(self.root)  # a folder that is no store is not even touched
        with write_lock(self.root):
            manifest = read_manifest(self.root)
            remove_orphans(self.root, manifest)
            fresh = self._unseen(accepted, manifest)
            try:
                parts = self._write_parts(fresh)
                pages = list(self._write_quarantine(quarantined, manifest))
                if parts or pages:
                    write_manifest(self.root, _with(manifest, parts, pages))
            except Exception:
                remove_orphans(self.root, manifest)
                raise
        return AppendResult(accepted=fresh.height, redelivered=accepted.height - fresh.height)

    def scan(
        self,
        *,
        start: datetime | None = None,
        stop: datetime | None = None,
        categories: Iterable[Category] | None = None,
        areas: Iterable[str] | None = None,
        as_of: datetime | None = None,
        delay_hours: Mapping[str, float] | None = None,
    ) -> pl.LazyFrame:
        """Incidents in order of time and id, as a lazy frame with the columns of `INCIDENT_SCHEMA`.

        Args:
            start: Earliest ``occurred_at``, included; UTC-aware.
            stop: First ``occurred_at`` left out.
            categories: Only these.
            areas: Only incidents in these areas.
            as_of: Only what was on record then: ``known_at <= as_of``, or, where there is no report time,
                ``occurred_at`` plus the assumed delay.
            delay_hours: Assumed delay by category, with ``default``; those the store was made with if left out.

        Raises:
            ConfigError: A time without a zone, or an unknown category.
            StoreError: There is no store, or a file of it is missing.
        """
        check_aware(start=start, stop=stop, as_of=as_of)
        parts = [part for part in read_manifest(self.root).incidents if part.overlaps(start, stop)]
        found = within(self._scan_parts(parts), start=start, stop=stop)
        if categories is not None:
            found = found.filter(pl.col("category").cast(pl.String).is_in(category_names(categories)))
        if areas is not None:
            found = found.filter(pl.col("area").is_in(list(areas)))
        if as_of is not None:
            delays = self.city.reporting_delay_hours if delay_hours is None else delay_hours
            found = found.filter(on_record_at(delays) <= as_of)
        return found

    def scan_quarantine(self) -> pl.LazyFrame:
        """Rows that could not be used, with the columns of `QUARANTINE_SCHEMA`, in order of arrival."""
        pages = read_manifest(self.root).quarantine
        self._check_present(pages)
        if not pages:
            return pl.LazyFrame(schema=QUARANTINE_SCHEMA)
        return pl.scan_parquet([self.root / page for page in pages])

    def layer(self, name: str) -> geopandas.GeoDataFrame:
        """The store's own copy of a polygon layer.

        Raises:
            ConfigError: The store has no layer of that name.
        """
        import geopandas as gpd

        path = self.root / "layers" / f"{name}.parquet"
        if not path.is_file():
            has = ", ".join(sorted(file.stem for file in path.parent.glob("*.parquet"))) or "none"
            raise ConfigError(
                f"Expected a layer of the store {self.root}. Received: {name!r}. It has: {has}."
            )
        return gpd.read_parquet(path)

    def span(self) -> tuple[datetime, datetime] | None:
        """Earliest and latest ``occurred_at`` (UTC), or None while the store is empty."""
        parts = read_manifest(self.root).incidents
        if not parts:
            return None
        return (
            min(datetime.fromisoformat(part.first) for part in parts),
            max(datetime.fromisoformat(part.last) for part in parts),
        )

    def _write_city(self, source: CitySource, layers: Mapping[str, geopandas.GeoDataFrame]) -> None:
        """Layers, then the city, and last the manifest, which makes the folder a store."""
        for name, layer in layers.items():
            with replacing_file(self.root / "layers" / f"{name}.parquet") as aside:
                layer.to_parquet(aside)
        write_city(self.root, source)
        write_manifest(self.root, Manifest())

    def _scan_parts(self, parts: list[Part]) -> pl.LazyFrame:
        """Parts in order; only months that arrived in several deliveries have to be sorted."""
        self._check_present(part.path for part in parts)
        runs: list[pl.LazyFrame] = []
        for single, months in groupby(_months(parts), key=lambda month: len(month) == 1):
            if single:
                runs.append(self._read(part for month in months for part in month))
            else:
                runs.extend(self._read(month).sort(ORDER) for month in months)
        return pl.concat(runs) if runs else pl.LazyFrame(schema=INCIDENT_SCHEMA)

    def _read(self, parts: Iterable[Part]) -> pl.LazyFrame:
        return decode_incidents(
            pl.scan_parquet([self.root / part.path for part in parts], hive_partitioning=False)
        )

    def _check_present(self, paths: Iterable[str]) -> None:
        for path in paths:
            if not (self.root / path).is_file():
                raise StoreError(
                    f"Expected {path} in the store {self.root}. Received: no such file, though the manifest "
                    "lists it. Restore it from a backup, or ingest the files again into a new store."
                )

    def _unseen(self, accepted: pl.DataFrame, manifest: Manifest) -> pl.DataFrame:
        """Rows whose id is new to the store and to this delivery, sorted."""
        fresh = accepted
        if manifest.incidents:
            known = self._read(manifest.incidents).select("incident_id")
            fresh = fresh.lazy().join(known, on="incident_id", how="anti", maintain_order="left").collect()
        first = fresh["incident_id"].is_first_distinct()
        return (fresh if first.all() else fresh.filter(first)).sort(ORDER)

    def _write_parts(self, incidents: pl.DataFrame) -> list[Part]:
        """One part for each month, several at a time: compression and the disk leave Python free."""
        with ThreadPoolExecutor(WRITERS) as pool:
            return list(pool.map(self._write_part, _by_month(incidents)))

    def _write_part(self, month: pl.DataFrame) -> Part:
        first, last = (month["occurred_at"][place] for place in (0, -1))
        folder = f"incidents/year={first.year:04d}/month={first.month:02d}"
        path = self._write(folder, encode_incidents(month))
        return Part(path, month.height, first.isoformat(), last.isoformat())

    def _write_quarantine(self, quarantined: pl.DataFrame | None, manifest: Manifest) -> Iterator[str]:
        if quarantined is None or quarantined.is_empty():
            return
        key = ["incident_id", "reason"]
        known = self.scan_quarantine().select(key).collect()
        fresh = quarantined.select(*QUARANTINE_SCHEMA).unique(key, keep="first", maintain_order=True)
        fresh = fresh.join(known, on=key, how="anti", maintain_order="left")
        if not fresh.is_empty():
            yield self._write("quarantine", encode_table(fresh))

    def _write(self, folder: str, content: bytes) -> str:
        path = f"{folder}/part-{hashlib.sha256(content).hexdigest()[:16]}.parquet"
        with replacing_file(self.root / path) as aside:
            aside.write_bytes(content)
        return path


def _by_month(incidents: pl.DataFrame) -> list[pl.DataFrame]:
    """Sorted incidents cut at the months of UTC."""
    ends = incidents["occurred_at"].dt.truncate("1mo").rle()
    lengths = ends.struct.field("len").to_list()
    starts = [sum(lengths[:place]) for place in range(len(lengths))]
    return [incidents.slice(start, length) for start, length in zip(starts, lengths, strict=True)]


def _months(parts: Iterable[Part]) -> list[list[Part]]:
    return [list(month) for _, month in groupby(parts, key=lambda part: part.month)]


def _with(manifest: Manifest, parts: Iterable[Part], pages: Iterable[str]) -> Manifest:
    """The manifest with further files, parts in order of time."""
    incidents = sorted((*manifest.incidents, *parts), key=lambda part: (part.month, part.first, part.path))
    return Manifest(tuple(incidents), (*manifest.quarantine, *pages))
