"""What a neighborhood is: for each place of a map, the other places whose values count with it.

A place is a cell ``(rows, cols)`` or an area ``(areas,)``. All neighbors weigh the same; Gi* also counts the
place itself, local Moran's I does not. A place at the city limit has fewer neighbors, and nothing is made up
beyond it; one without any is an island, about which the statistics say nothing (NaN).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hotspots.points import Bools, Floats, Ints
from incidents.errors import DataError


class Neighborhood(Protocol):
    """The neighbors of every place."""

    @property
    def inside(self) -> Bools:
        """Places that count, ``(*places)``."""
        ...

    @property
    def neighbors(self) -> Ints:
        """Number of neighbors of each place, itself not counted, ``(*places)``; 0 outside."""
        ...

    def add_neighbors(self, values: Floats) -> Floats:
        """Sum the values of the neighbors of each place, itself not counted.

        Args:
            values: ``(..., *places)``; whatever stands outside is not read.

        Returns:
            The sums, the same shape; 0 outside.
        """
        ...


@dataclass(frozen=True)
class CellNeighborhood:
    """Neighbors of cells as one pattern that is laid on every cell.

    Sums run along rows as differences of running totals, so their cost grows with the height of the pattern and
    not with its area; counts stay exact.

    Args:
        inside: Cells that count, ``(rows, cols)``.
        reach: For the own row and each next one, how many columns the pattern reaches to both sides.
    """

    inside: Bools
    reach: tuple[int, ...]

    @cached_property
    def neighbors(self) -> Ints:
        """Number of neighbors of each cell, ``(rows, cols)``."""
        return self.add_neighbors(np.ones(self.inside.shape)).round().astype(np.int64)

    def add_neighbors(self, values: Floats) -> Floats:
        """Sum over the pattern without its middle; see :class:`Neighborhood`."""
        own = np.where(self.inside, values, 0.0)
        rows, cols = self.inside.shape
        widest = max(self.reach)
        # Running totals, 0 before the row and the whole sum after it, as far as the pattern reaches beyond.
        totals = np.zeros((*own.shape[:-1], cols + 2 * widest + 1))
        np.cumsum(own, axis=-1, out=totals[..., widest + 1 : widest + 1 + cols])
        totals[..., widest + 1 + cols :] = totals[..., widest + cols, None]
        sums = -own
        for down, side in enumerate(self.reach[:rows]):
            after, before = widest + 1 + side, widest - side
            run = totals[..., after : after + cols] - totals[..., before : before + cols]
            sums[..., : rows - down, :] += run[..., down:, :]
            if down:
                sums[..., down:, :] += run[..., : rows - down, :]
        return np.where(self.inside, sums, 0.0)


@dataclass(frozen=True)
class SparseNeighborhood:
    """Neighbors as a sparse matrix, for areas and for the nearest cells.

    Args:
        inside: Places that count, ``(*places)``, n of them.
        links: ``scipy.sparse`` CSR matrix ``(n, n)`` of 0 and 1: the neighbors of each place inside, in C order.
    """

    inside: Bools
    links: Any

    @cached_property
    def neighbors(self) -> Ints:
        """Number of neighbors of each place."""
        counts = np.zeros(self.inside.shape, dtype=np.int64)
        counts[self.inside] = np.diff(self.links.indptr)
        return counts

    def add_neighbors(self, values: Floats) -> Floats:
        """Sum over the linked places; see :class:`Neighborhood`."""
        own = np.asarray(values, dtype=np.float64)[..., self.inside]
        sums = np.zeros(values.shape)
        flat = own.reshape(-1, own.shape[-1])
        sums[..., self.inside] = (self.links @ flat.T).T.reshape(own.shape)
        return sums


def check_values(values: npt.ArrayLike, neighborhood: Neighborhood) -> Floats:
    """Values of the places, float64, 0 outside.

    Raises:
        DataError: Another shape, or a value inside that is not finite.
    """
    given, inside = np.asarray(values, dtype=np.float64), neighborhood.inside
    if given.shape != inside.shape:
        raise DataError(
            f"Expected values for places of shape {inside.shape}. Received: {given.shape}. "
            "Count on the same cells or areas as the neighborhood."
        )
    known = np.isfinite(given) | ~inside
    if not known.all():
        raise DataError(
            f"Expected a finite value for each of {int(inside.sum())} places. "
            f"Received: {int((~known).sum())} without. "
            "Leave those places out of the neighborhood, or fill in 0 where nothing was reported."
        )
    return np.where(inside, given, 0.0)
