"""How a city becomes a raster: the ``raster`` section of its config."""

from collections.abc import Mapping
from dataclasses import dataclass

from incidents.schema import Category
from incidents.source import STRICT


@dataclass(frozen=True)
class RasterSettings:
    """Cells, windows and channels.

    Args:
        cell_size_m: Side of a cell, metres.
        channels: Channel name to the categories it counts; a category that no channel names is left out.
        window_hours: Length of a window on the wall clock; it divides 24.
    """

    __pydantic_config__ = STRICT

    cell_size_m: float
    channels: Mapping[str, tuple[Category, ...]]
    window_hours: int = 2
