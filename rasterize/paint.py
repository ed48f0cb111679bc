"""The map of a window as a small RGB picture, painted from the event tensor with NumPy alone.

White paper, black outlines of neighborhoods, red outlines of those with an incident, a coloured square in each
cell with one. ``uint8 (b, height, width, 3)``, row 0 in the north. A picture is as wide and high as asked for,
whatever the proportions of the grid. For maps that people read use ``rasterize.window_map``.
"""

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError
from rasterize.overlay import expand_runs
from rasterize.palette import ACTIVE_OUTLINE, CHANNEL_COLORS, OUTLINE, PAPER, rgb
from rasterize.tensors import EventTensor

Ints = npt.NDArray[np.int64]
Pictures = npt.NDArray[np.uint8]

CHANNEL_INKS = np.array([rgb(color) for color in CHANNEL_COLORS], dtype=np.uint8)
OUTSIDE = -1
DOT_PX = 5


class MapPainter:
    """Paints windows of a tensor; what does not change from window to window is prepared once.

    An incident fills its cell, and at least a dot of 5 x 5 pixels. Where several channels meet, the last named
    one is on top. Neighborhoods too small to hold the centre of a cell have no outline.

    Args:
        tensor: The sparse tensor.
        shape: Height and width of a picture, pixels.
        hidden: Channels to leave out, dots and red outlines alike: a picture from which its own target is to
            be read must not show it.

    Raises:
        ConfigError: A picture without pixels.
        DataError: A hidden channel that the tensor does not have.
    """

    def __init__(self, tensor: EventTensor, *, shape: tuple[int, int], hidden: tuple[str, ...] = ()) -> None:
        if min(shape) < 1:
            raise ConfigError(
                f"Expected a picture of at least 1 x 1 pixel. Received: {shape}. Enlarge shape."
            )
        shown = ~np.isin(tensor.entries.channel, tensor.channel_indices(hidden))
        self.tensor = tensor.with_entries(tensor.entries.where(shown))
        self.shape = shape
        labels = _labels_of_pixels(tensor.overlay.labels, shape)
        self._rings = _rings(labels, len(tensor.overlay.areas))
        self._blank = _draw_outlines(labels)
        self._rows = _pixels_of_cells(tensor.grid.rows, shape[0])
        self._cols = _pixels_of_cells(tensor.grid.cols, shape[1])

    def __call__(self, windows: Ints, *, issues: Ints | None = None) -> Pictures:
        """Paint windows.

        Args:
            windows: Window indices, ``(b,)``; those outside the tensor show outlines only.
            issues: For each window, the window at whose start the picture is painted: what was not on
                record by then is left out. None paints everything that was ever recorded.

        Returns:
            RGB, uint8 ``(b, height, width, 3)``.
        """
        position, entry = self._entries_of(windows, issues)
        pictures = np.tile(self._blank.reshape(1, -1, 3), (len(windows), 1, 1))
        self._redden_outlines(pictures, position, entry)
        self._fill_cells(pictures, position, entry)
        return pictures.reshape(len(windows), *self.shape, 3)

    def _entries_of(self, windows: Ints, issues: Ints | None) -> tuple[Ints, Ints]:
        """Position in the batch and index of every entry that the pictures show, later channels last."""
        tensor = self.tensor
        inside = np.flatnonzero((windows >= 0) & (windows < len(tensor.windows)))
        position, entry = expand_runs(tensor.offsets, windows[inside], np.arange(len(tensor.entries)))
        position = inside[position]
        if issues is not None:
            seen = tensor.entries.known[entry] <= issues[position]
            position, entry = position[seen], entry[seen]
        order = np.argsort(tensor.entries.channel[entry], kind="stable")
        return position[order], entry[order]

    def _redden_outlines(self, pictures: Pictures, position: Ints, entry: Ints) -> None:
        """Paint the outlines of the neighborhoods of the entries."""
        pixels, offsets = self._rings
        area = self.tensor.entries.area[entry].astype(np.int64)
        placed = area != OUTSIDE
        owner, pixel = expand_runs(offsets, area[placed], pixels)
        pictures[position[placed][owner], pixel] = rgb(ACTIVE_OUTLINE)

    def _fill_cells(self, pictures: Pictures, position: Ints, entry: Ints) -> None:
        """Paint the cells of the entries that have one."""
        entries = self.tensor.entries
        placed = entries.row[entry] != OUTSIDE
        position, entry = position[placed], entry[placed]
        rows, cols = self._rows[entries.row[entry]], self._cols[entries.col[entry]]
        pixel = rows[:, :, np.newaxis] * self.shape[1] + cols[:, np.newaxis, :]
        ink = CHANNEL_INKS[entries.channel[entry]]
        pictures[position[:, np.newaxis, np.newaxis], pixel] = ink[:, np.newaxis, np.newaxis]


def paint_rgb(
    tensor: EventTensor,
    windows: Ints,
    *,
    shape: tuple[int, int],
    issues: Ints | None = None,
    hidden: tuple[str, ...] = (),
) -> Pictures:
    """Paint windows once; for batch after batch keep a :class:`MapPainter`.

    Args:
        tensor: The sparse tensor.
        windows: Window indices, ``(b,)``.
        shape: Height and width of a picture, pixels.
        issues: As for :class:`MapPainter`.
        hidden: As for :class:`MapPainter`.

    Returns:
        RGB, uint8 ``(b, height, width, 3)``.
    """
    return MapPainter(tensor, shape=shape, hidden=hidden)(windows, issues=issues)


def _cell_of_pixels(cells: int, pixels: int) -> Ints:
    """Cell at the centre of each pixel along one axis, ``(pixels,)``."""
    return np.asarray((2 * np.arange(pixels) + 1) * cells // (2 * pixels), dtype=np.int64)


def _pixels_of_cells(cells: int, pixels: int) -> Ints:
    """Pixels along one axis that each cell fills, ``(cells, k)``; shorter runs repeat their last pixel.

    A cell smaller than a dot gets the pixels of a dot around its centre.
    """
    edges = np.searchsorted(_cell_of_pixels(cells, pixels), np.arange(cells + 1))
    dot = min(DOT_PX, pixels)
    centre = (2 * np.arange(cells) + 1) * pixels // (2 * cells)
    is_small = np.diff(edges) < dot
    first = np.where(is_small, np.clip(centre - dot // 2, 0, pixels - dot), edges[:-1])
    length = np.where(is_small, dot, np.diff(edges))
    return np.asarray(first[:, np.newaxis] + np.minimum(np.arange(length.max()), length[:, np.newaxis] - 1))


def _labels_of_pixels(labels: npt.NDArray[np.int16], shape: tuple[int, int]) -> npt.NDArray[np.int16]:
    """Neighborhood at the centre of each pixel, with a margin of one pixel outside on every side."""
    rows, cols = (_cell_of_pixels(*axis) for axis in zip(labels.shape, shape, strict=True))
    return np.pad(labels[np.ix_(rows, cols)], 1, constant_values=OUTSIDE)


def _draw_outlines(labels: npt.NDArray[np.int16]) -> Pictures:
    """Black lines, one pixel wide, where the neighborhood to the left or above is another, or the city ends."""
    here = labels[1:-1, 1:-1]
    changes = (here != labels[:-2, 1:-1]) | (here != labels[1:-1, :-2])
    ends = (labels[2:, 1:-1] == OUTSIDE) | (labels[1:-1, 2:] == OUTSIDE)
    line = ((changes | ends) & (here != OUTSIDE))[..., np.newaxis]
    return np.where(line, np.array(rgb(OUTLINE), np.uint8), np.array(rgb(PAPER), np.uint8))


def _rings(labels: npt.NDArray[np.int16], areas: int) -> tuple[Ints, Ints]:
    """Pixels along the inner edge of each neighborhood, area after area, and where each area's start."""
    here = labels[1:-1, 1:-1]
    neighbours = (labels[:-2, 1:-1], labels[2:, 1:-1], labels[1:-1, :-2], labels[1:-1, 2:])
    edge = np.logical_or.reduce([here != neighbour for neighbour in neighbours]) & (here != OUTSIDE)
    pixels = np.flatnonzero(edge)
    owner = here.reshape(-1)[pixels]
    order = np.argsort(owner, kind="stable")
    return pixels[order], np.searchsorted(owner[order], np.arange(areas + 1))
