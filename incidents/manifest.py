"""Which files make up the store: one JSON file whose replacement is the commit.

A file that the manifest does not list is not there, whatever the folder shows: readers take their list from
it, and a writer that dies leaves the old manifest, hence the old state.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from incidents.errors import StoreError
from incidents.files import replacing_file

MANIFEST = "manifest.json"
FORMAT = 1
ASIDE = re.compile(r"\.(manifest\.json|city\.json|.+\.parquet)-\w+")
"""Folders in which `incidents.files.replacing_file` writes, named after the file to come."""


@dataclass(frozen=True)
class Part:
    """One Parquet file of incidents of one month (UTC), sorted by time and id.

    Args:
        path: Relative to the store, with ``/``.
        rows: Number of incidents.
        first: Earliest ``occurred_at``, ISO 8601 in UTC.
        last: Latest ``occurred_at``.
    """

    path: str
    rows: int
    first: str
    last: str

    @property
    def month(self) -> str:
        """Folder of the part, which orders parts by time."""
        return self.path.rpartition("/")[0]

    def overlaps(self, start: datetime | None, stop: datetime | None) -> bool:
        """Whether the part can hold incidents of ``[start, stop)``."""
        after = stop is not None and datetime.fromisoformat(self.first) >= stop
        before = start is not None and datetime.fromisoformat(self.last) < start
        return not (after or before)


@dataclass(frozen=True)
class Manifest:
    """Files of one state of the store: incidents in order of time, quarantine in order of arrival."""

    incidents: tuple[Part, ...] = ()
    quarantine: tuple[str, ...] = ()


def read_manifest(root: Path) -> Manifest:
    """The current state of a store.

    Raises:
        StoreError: There is no store, or its manifest is damaged or of a later version.
    """
    path = root / MANIFEST
    try:
        content = json.loads(path.read_bytes())
        return _from_json(content)
    except FileNotFoundError as error:
        raise StoreError(
            f"Expected an incident store in {root}. Received: no {MANIFEST} there. "
            "Make it with: tocsin ingest CONFIG FILE... --store DIR."
        ) from error
    except OSError as error:
        raise StoreError(
            f"Expected to read {path}. Received: {error.strerror}. Check its permissions."
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            f"Expected a manifest of format {FORMAT} in {path}. Received: {error!r}. "
            "Restore it from a backup, or ingest the files again into a new store."
        ) from error


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Commit a state: every file it lists must already be on disk.

    Raises:
        StoreError: It could not be written; the previous state stays.
    """
    with replacing_file(root / MANIFEST) as aside:
        aside.write_text(json.dumps({"format": FORMAT, **asdict(manifest)}, indent=1))


def remove_orphans(root: Path, manifest: Manifest) -> None:
    """Delete what a writer that died has left; only the holder of the write lock may call this.

    No manifest ever listed these files, so no reader can be using them. What cannot be deleted stays: it is
    in nobody's way.
    """
    listed = {part.path for part in manifest.incidents} | set(manifest.quarantine)
    for folder in ("incidents", "quarantine"):
        for path in (root / folder).rglob("part-*.parquet"):
            if path.relative_to(root).as_posix() not in listed and not ASIDE.fullmatch(path.parent.name):
                with suppress(OSError):
                    path.unlink()
    for path in root.rglob(".*"):
        if ASIDE.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)


def _from_json(content: Mapping[str, Any]) -> Manifest:
    if content["format"] != FORMAT:
        raise ValueError(f"format {content['format']}")
    return Manifest(
        incidents=tuple(Part(**part) for part in content["incidents"]),
        quarantine=tuple(content["quarantine"]),
    )
