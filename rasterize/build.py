"""From a table of incidents to the sparse event tensor.

One Polars group-by: no loop over rows, cells or windows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from incidents.errors import ConfigError, DataError
from incidents.schema import Category
from rasterize.grid import Grid
from rasterize.overlay import Overlay
from rasterize.tensors import ENTRY_TYPES, Entries, EventTensor, offsets_by_window
from rasterize.windows import Windows

MICROSECONDS = 1_000_000
MAX_COUNT = int(np.iinfo(np.uint8).max)


@dataclass(frozen=True)
class Frame:
    """Where and when incidents are counted.

    Args:
        grid: The cells.
        windows: The windows.
        overlay: Neighborhoods on the grid; their ids are those of the incidents' ``area``.
        channels: Channel name to its categories.
        delay_hours: Assumed hours from occurrence to record by category, with ``default``, for incidents
            without ``known_at``.
    """

    grid: Grid
    windows: Windows
    overlay: Overlay
    channels: Mapping[str, tuple[Category, ...]]
    delay_hours: Mapping[str, float]


def build_tensor(incidents: pl.LazyFrame, frame: Frame, *, about: Mapping[str, Any]) -> EventTensor:
    """Count incidents by window, cell and channel.

    Every incident of a channel's categories within the windows is counted once. One without a place, or off
    the grid, is counted in no cell (row and column -1) but still in its window.

    Args:
        incidents: Rows of the incident schema.
        frame: Grid, windows, overlay, channels and assumed delays.
        about: What to keep beside the tensor, JSON-able.

    Returns:
        The tensor.

    Raises:
        ConfigError: A category in two channels.
    """
    channel_of = _channel_of_category(frame.channels)
    placed = _place(incidents, frame, channel_of)
    keys = ["window", "row", "col", "channel", "known", "area"]
    counted = placed.group_by(keys).len("count").sort(keys)
    entries = _entries(counted)
    return EventTensor(
        grid=frame.grid,
        windows=frame.windows,
        channels=tuple(frame.channels),
        overlay=frame.overlay,
        entries=entries,
        offsets=offsets_by_window(entries.window, len(frame.windows)),
        about=about,
    )


def _channel_of_category(channels: Mapping[str, tuple[Category, ...]]) -> dict[str, int]:
    """Channel index by category."""
    channel_of: dict[str, int] = {}
    for index, (name, categories) in enumerate(channels.items()):
        for category in categories:
            if category.value in channel_of:
                raise ConfigError(
                    f"Expected each category in one channel. Received: {category.value} in {name} and in "
                    f"{list(channels)[channel_of[category.value]]}. Remove one under raster.channels."
                )
            channel_of[category.value] = index
    return channel_of


def _place(incidents: pl.LazyFrame, frame: Frame, channel_of: Mapping[str, int]) -> pl.DataFrame:
    """Give each incident its window, cell, channel, area index and the window it was known by."""
    rows = (
        incidents.filter(pl.col("category").cast(pl.String).is_in(list(channel_of)))
        .select(
            pl.col("occurred_at").dt.epoch("us").alias("occurred_us"),
            _known_us(frame.delay_hours).alias("known_us"),
            pl.col("category")
            .cast(pl.String)
            .replace_strict(channel_of, return_dtype=pl.UInt8)
            .alias("channel"),
            "x",
            "y",
            _area_index(frame.overlay.areas).alias("area"),
        )
        .collect()
    )
    windows, bounds_us = frame.windows, frame.windows.bounds * MICROSECONDS
    occurred, known = rows["occurred_us"].to_numpy(), rows["known_us"].to_numpy()
    window = np.searchsorted(bounds_us, occurred, side="right") - 1
    row, col = frame.grid.locate(rows["x"].to_numpy(), rows["y"].to_numpy())
    known_by = np.searchsorted(bounds_us, known, side="left")
    placed = pl.DataFrame(
        {
            "window": window,
            "row": row,
            "col": col,
            "channel": rows["channel"],
            # Nothing is on record before the window in which it happens has ended.
            "known": np.maximum(known_by, window + 1),
            "area": rows["area"],
        }
    )
    return placed.filter((pl.col("window") >= 0) & (pl.col("window") < len(windows)))


def _known_us(delay_hours: Mapping[str, float]) -> pl.Expr:
    """When each incident was on record: as reported, else after the delay assumed for its category."""
    hours = (
        pl.col("category")
        .cast(pl.String)
        .replace_strict(dict(delay_hours), default=delay_hours["default"], return_dtype=pl.Float64)
    )
    assumed = pl.col("occurred_at") + pl.duration(microseconds=hours * 3600 * MICROSECONDS)
    return pl.coalesce("known_at", assumed).dt.epoch("us")


def _area_index(areas: tuple[str, ...]) -> pl.Expr:
    """Index of the incident's area among the overlay's, -1 where it has none."""
    return pl.col("area").replace_strict(
        list(areas), list(range(len(areas))), default=-1, return_dtype=pl.Int16
    )


def _entries(counted: pl.DataFrame) -> Entries:
    """Turn grouped counts into typed arrays; counts above what uint8 holds become several entries."""
    count = counted["count"].to_numpy().astype(np.int64)
    copies = -(-count // MAX_COUNT)
    if (copies > 1).any():
        counted = counted[np.repeat(np.arange(len(count)), copies)]
        count = _split_counts(count, copies)
    columns = {name: counted[name].to_numpy() for name in ENTRY_TYPES if name != "count"} | {"count": count}
    return Entries(**{name: columns[name].astype(dtype) for name, dtype in ENTRY_TYPES.items()})


def _split_counts(count: npt.NDArray[np.int64], copies: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Split each count into full entries of 255 and a rest."""
    split = np.full(int(copies.sum()), MAX_COUNT, dtype=np.int64)
    split[np.cumsum(copies) - 1] = count - (copies - 1) * MAX_COUNT
    return split


def require_every_channel(tensor: EventTensor, channels: Mapping[str, tuple[Category, ...]]) -> None:
    """Refuse a tensor with an empty channel: its config names categories that no row has.

    Raises:
        DataError: Names the empty channels and their categories.
    """
    counts = np.bincount(tensor.entries.channel, minlength=len(tensor.channels))
    empty = {
        name: [category.value for category in channels[name]]
        for name, count in zip(tensor.channels, counts, strict=True)
        if not count
    }
    if empty:
        raise DataError(
            f"Expected incidents in every channel. Received: none for {empty}. "
            "Check the categories rules and raster.channels in the config, or the period."
        )
