"""The sparse tensor of events by window, cell and channel, with what was known when.

Entries are sorted by window; the dense form is ``(time, row, col, channel)``. Only NumPy is needed to load
and use a saved tensor, so that a GPU box trains without any geographic library.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from incidents.files import replacing_file
from rasterize.grid import Grid
from rasterize.overlay import Overlay, expand_runs
from rasterize.windows import Windows

Ints = npt.NDArray[np.int64]
Dense = npt.NDArray[np.float32]

FORMAT = "tocsin-event-tensor/1"
ENTRY_TYPES: Mapping[str, type[np.integer[Any]]] = {
    "window": np.int32,
    "row": np.int16,
    "col": np.int16,
    "channel": np.uint8,
    "count": np.uint8,
    "known": np.int32,
    "area": np.int16,
}
FRAME_ARRAYS = ("offsets", "bounds", "wall_start", "inside", "labels", "outline_cell", "outline_offsets")
# What zipfile and NumPy raise on files that are missing, cut short, changed or of another kind.
UNREADABLE = (OSError, EOFError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Entries:
    """The non-zero entries, sorted by window, all ``(m,)``.

    Args:
        window: Window of occurrence, int32.
        row: Row of the cell, int16; -1 where the place is not known.
        col: Column of the cell, int16; -1 likewise.
        channel: Channel, uint8.
        count: Incidents, uint8; more than 255 equal ones become several entries.
        known: First window at whose start these incidents were on record, int32; the number of windows for
            those on record by the end of the last one, one more for those that came later.
        area: Index of the neighborhood, int16; -1 where none.
    """

    window: npt.NDArray[np.int32]
    row: npt.NDArray[np.int16]
    col: npt.NDArray[np.int16]
    channel: npt.NDArray[np.uint8]
    count: npt.NDArray[np.uint8]
    known: npt.NDArray[np.int32]
    area: npt.NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.window)

    def where(self, keep: npt.NDArray[np.bool_]) -> "Entries":
        """Return the entries that ``keep`` marks."""
        return Entries(**{name: getattr(self, name)[keep] for name in ENTRY_TYPES})


@dataclass(frozen=True)
class EventTensor:
    """Counts of incidents by window, cell and channel, sparse.

    Args:
        grid: The cells.
        windows: The windows.
        channels: Name of each channel.
        overlay: Neighborhoods on the grid.
        entries: The non-zero entries.
        offsets: Where each window's entries start, int64 ``(windows + 1,)``.
        about: City, categories of each channel, assumptions and config hash, JSON-able.
    """

    grid: Grid
    windows: Windows
    channels: tuple[str, ...]
    overlay: Overlay
    entries: Entries
    offsets: Ints
    about: Mapping[str, Any]

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of the dense form, ``(time, row, col, channel)``."""
        return (len(self.windows), *self.grid.shape, len(self.channels))

    @property
    def incidents(self) -> int:
        """Number of incidents in the tensor, those without a place included."""
        return int(self.entries.count.sum(dtype=np.int64))

    def channel_indices(self, names: tuple[str, ...]) -> Ints:
        """Return the indices of channels by name.

        Raises:
            DataError: No such channel.
        """
        unknown = [name for name in names if name not in self.channels]
        if unknown:
            raise DataError(
                f"Expected channels among {list(self.channels)}. Received: {unknown}. "
                "Name them under raster.channels in the config and rasterize again."
            )
        return np.array([self.channels.index(name) for name in names], dtype=np.int64)

    def known_by(self, issue: int) -> "EventTensor":
        """Return the tensor as it stood at the start of window ``issue``: nothing learned later is in it."""
        return self.with_entries(self.entries.where(self.entries.known <= issue))

    def with_entries(self, entries: Entries) -> "EventTensor":
        """Return the same frame around other entries (sorted by window)."""
        return replace(self, entries=entries, offsets=offsets_by_window(entries.window, len(self.windows)))

    def save(self, path: Path) -> int:
        """Write one ``.npz`` (arrays and a JSON member, nothing pickled) and return its size in bytes."""
        meta = {
            "format": FORMAT,
            "grid": self.grid.to_dict(),
            "time_zone": self.windows.time_zone,
            "window_hours": self.windows.hours,
            "channels": self.channels,
            "areas": self.overlay.areas,
            "about": dict(self.about),
        }
        arrays: dict[str, npt.NDArray[Any]] = {name: getattr(self.entries, name) for name in ENTRY_TYPES}
        arrays |= {
            "offsets": self.offsets,
            "bounds": self.windows.bounds,
            "wall_start": self.windows.wall_start,
            "inside": self.overlay.inside,
            "labels": self.overlay.labels,
            "outline_cell": self.overlay.outline_cell,
            "outline_offsets": self.overlay.outline_offsets,
        }
        with replacing_file(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr("meta.json", json.dumps(meta))
            for name, values in arrays.items():
                buffer = io.BytesIO()
                np.save(buffer, values, allow_pickle=False)
                archive.writestr(f"{name}.npy", buffer.getbuffer())
        return path.stat().st_size

    @classmethod
    def load(cls, path: Path) -> "EventTensor":
        """Read a tensor written by :meth:`save`.

        Raises:
            DataError: Not such a file, cut short, or of another format version.
        """
        meta, arrays = _read_archive(path)
        return cls(
            grid=Grid.from_dict(meta["grid"]),
            windows=Windows(meta["time_zone"], meta["window_hours"], arrays["bounds"], arrays["wall_start"]),
            channels=tuple(meta["channels"]),
            overlay=Overlay(
                tuple(meta["areas"]),
                arrays["inside"],
                arrays["labels"],
                arrays["outline_cell"],
                arrays["outline_offsets"],
            ),
            entries=Entries(**{name: arrays[name] for name in ENTRY_TYPES}),
            offsets=arrays["offsets"],
            about=meta["about"],
        )


def offsets_by_window(window: npt.NDArray[np.integer], windows: int) -> Ints:
    """Return where each window's run starts in a sorted array of windows, ``(windows + 1,)``."""
    return np.searchsorted(window, np.arange(windows + 1)).astype(np.int64)


def _read_archive(path: Path) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Read the JSON member and the arrays of a saved tensor."""
    try:
        with zipfile.ZipFile(path) as archive:
            meta = json.loads(archive.read("meta.json"))
        with np.load(path, allow_pickle=False) as saved:
            arrays = {name: saved[name] for name in (*ENTRY_TYPES, *FRAME_ARRAYS)}
    except UNREADABLE as error:
        raise DataError(
            f"Expected an event tensor written by `tocsin rasterize`. Received: {path} ({error}). "
            "Run `tocsin rasterize` again."
        ) from error
    if meta.get("format") != FORMAT:
        raise DataError(
            f"Expected an event tensor of format {FORMAT}. Received: {meta.get('format')} in {path}. "
            "Run `tocsin rasterize` again."
        )
    return meta, arrays


class Densifier:
    """Turns windows of a sparse tensor into a dense array, reusing one buffer.

    Only the cells that the last call filled are cleared, so the cost follows the number of incidents, not
    the size of the map. The returned array is the buffer: it holds until the next call. Use one densifier
    for each thread, and copy what must outlive the next batch.

    Args:
        tensor: The sparse tensor.
        capacity: Most windows that one call may ask for.
    """

    def __init__(self, tensor: EventTensor, *, capacity: int) -> None:
        self.tensor = tensor
        self._buffer: Dense = np.zeros((capacity, *tensor.shape[1:]), dtype=np.float32)
        self._filled: Ints = np.empty(0, dtype=np.int64)
        entries, cols, channels = tensor.entries, tensor.grid.cols, len(tensor.channels)
        placed = entries.row >= 0
        cell = entries.row.astype(np.int64) * cols + entries.col
        self._flat = (cell * channels + entries.channel)[placed]
        self._count = entries.count[placed].astype(np.float32)
        self._known = entries.known[placed]
        self._offsets = offsets_by_window(entries.window[placed], len(tensor.windows))

    def __call__(self, windows: Ints, *, issues: Ints | None = None) -> Dense:
        """Fill the buffer with windows.

        Args:
            windows: Window indices, ``(b,)``, at most ``capacity``; those outside the tensor stay empty.
            issues: For each window, the window at whose start the map is read: what was not on record by
                then is left out. None takes everything that was ever recorded.

        Returns:
            Counts, float32 ``(b, rows, cols, channels)``; a view of the buffer.

        Raises:
            ConfigError: More windows than ``capacity``.
        """
        if len(windows) > len(self._buffer):
            raise ConfigError(
                f"Expected at most {len(self._buffer)} windows at once. Received: {len(windows)}. "
                "Make the densifier with a larger capacity."
            )
        self._buffer.reshape(-1)[self._filled] = 0.0
        inside = np.flatnonzero((windows >= 0) & (windows < len(self.tensor.windows)))
        position, entry = expand_runs(self._offsets, windows[inside], np.arange(len(self._flat)))
        position = inside[position]
        if issues is not None:
            seen = self._known[entry] <= issues[position]
            position, entry = position[seen], entry[seen]
        size = int(np.prod(self.tensor.shape[1:]))
        self._filled = position * size + self._flat[entry]
        np.add.at(self._buffer.reshape(-1), self._filled, self._count[entry])
        return self._buffer[: len(windows)]


def active_outlines(tensor: EventTensor, windows: Ints, *, issues: Ints | None = None) -> Dense:
    """Draw the outlines of neighborhoods with an incident in each window: the dynamic overlay.

    Args:
        tensor: The sparse tensor.
        windows: Window indices, ``(b,)``; those outside the tensor stay empty.
        issues: As for :class:`Densifier`.

    Returns:
        1 on the outline of an active neighborhood, else 0; float32 ``(b, rows, cols)``.
    """
    drawn = np.zeros((len(windows), tensor.grid.rows * tensor.grid.cols), dtype=np.float32)
    inside = np.flatnonzero((windows >= 0) & (windows < len(tensor.windows)))
    position, entry = expand_runs(tensor.offsets, windows[inside], np.arange(len(tensor.entries)))
    position, area = inside[position], tensor.entries.area[entry].astype(np.int64)
    keep = area >= 0
    if issues is not None:
        keep &= tensor.entries.known[entry] <= issues[position]
    active = np.unique(position[keep] * len(tensor.overlay.areas) + area[keep])
    batch, active_area = np.divmod(active, max(len(tensor.overlay.areas), 1))
    owner, cell = tensor.overlay.outlines_of(active_area)
    drawn[batch[owner], cell] = 1.0
    return drawn.reshape(len(windows), *tensor.grid.shape)
