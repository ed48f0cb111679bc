"""The cells among which patrol areas are chosen, and which of them touch.

Cells touch along an edge, not at a corner, where there may be no way through.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.points import Bools, Floats, Ints
from incidents.errors import DataError

NONE = -1


@dataclass(frozen=True)
class PatrolGround:
    """Cells of the city with what harm is expected in each.

    Args:
        harm: Expected harm, ``(cells,)``, >= 0.
        row: Row of each cell, ``(cells,)``.
        col: Column, ``(cells,)``.
        shape: ``(rows, cols)`` of the grid.
    """

    harm: Floats
    row: Ints
    col: Ints
    shape: tuple[int, int]

    def __len__(self) -> int:
        return len(self.harm)

    def only(self, kept: Bools) -> "PatrolGround":
        """Some of the cells, ``(cells,)`` of bool."""
        return PatrolGround(self.harm[kept], self.row[kept], self.col[kept], self.shape)

    def on_grid(self, chosen: Bools) -> Bools:
        """Chosen cells as a mask ``(rows, cols)``."""
        mask = np.zeros(self.shape, dtype=bool)
        mask[self.row[chosen], self.col[chosen]] = True
        return mask

    def from_grid(self, mask: npt.NDArray[np.bool_]) -> Bools:
        """A mask of the grid at the cells, ``(cells,)``."""
        return np.asarray(mask[self.row, self.col], dtype=bool)

    def touching(self) -> tuple[Ints, Ints]:
        """Pairs of cells that share an edge, both ways, ``(2 pairs,)`` each."""
        index = np.full(self.shape, NONE)
        index[self.row, self.col] = np.arange(len(self))
        one = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
        other = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
        both = (one >= 0) & (other >= 0)
        one, other = one[both], other[both]
        return np.concatenate([one, other]), np.concatenate([other, one])


def read_ground(harm: npt.ArrayLike) -> PatrolGround:
    """Cells of a surface of expected harm.

    Args:
        harm: Expected harm by cell, ``(rows, cols)``, >= 0; NaN outside the city and where no patrol goes (water).

    Raises:
        DataError: Not a surface, a negative or infinite harm, or no harm anywhere.
    """
    surface = np.asarray(harm, dtype=np.float64)
    if surface.ndim != 2:
        raise DataError(
            f"Expected harm by cell (rows, cols). Received: shape {surface.shape}. Keep the grid."
        )
    row, col = np.nonzero(~np.isnan(surface))
    known = surface[row, col]
    if not known.size or known.min() < 0 or not np.isfinite(known).all() or known.max() == 0:
        span = f"{known.min():g} to {known.max():g}" if known.size else "no cell"
        raise DataError(
            f"Expected harm of 0 or more, and some of it above 0. Received: {span}. "
            "Take expected incidents times their weight."
        )
    return PatrolGround(known, row, col, (surface.shape[0], surface.shape[1]))


def number_areas(mask: Bools) -> tuple[Ints, int]:
    """Number the areas that cells form along their edges, ``(rows, cols)`` from 1, 0 elsewhere; and count them."""
    from scipy.ndimage import label

    areas, count = label(mask)
    return np.asarray(areas, dtype=np.int64), int(count)
