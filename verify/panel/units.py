"""Which places are forecast: cells or areas, each a set of small squares of ground.

A node is the middle of such a square. Nodes are what makes a Gaussian around a point add up over an area of
any shape: ``points`` in metres, ``(m, 2)``, x first.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from verify.checks import Floats, Integers


@dataclass(frozen=True)
class Nodes:
    """Squares of ground of equal size.

    Args:
        points: Their middles, metres, (m, 2).
        unit: Unit that each belongs to, (m,).
        size_m: Length of a side.
    """

    points: Floats
    unit: Integers
    size_m: float


@dataclass(frozen=True)
class PlaceUnits:
    """Places to forecast, (u,), all inside the city.

    Args:
        names: Unique names.
        nodes: Ground of each; every unit has at least one node.
        group: Coarser area that each lies in, as an index, (u,); neighbours in it resemble each other.
        residents: (u,), >= 0.

    Raises:
        DataError: A unit has no node, names repeat, or shapes differ.
    """

    names: tuple[str, ...]
    nodes: Nodes
    group: Integers | None = None
    residents: Floats | None = None

    def __post_init__(self) -> None:
        count, nodes = len(self), self.nodes
        if len(set(self.names)) != count or count == 0:
            raise DataError(
                f"Expected unique names of units. Received: {count} names. Merge what is repeated."
            )
        if nodes.points.shape != (nodes.unit.size, 2) or not bool(np.isfinite(nodes.points).all()):
            raise DataError(f"Expected finite points ({nodes.unit.size}, 2). Received: {nodes.points.shape}.")
        if not np.array_equal(np.unique(nodes.unit), np.arange(count)):
            raise DataError(
                f"Expected at least one node in each of {count} units, and none elsewhere. Received: "
                f"{np.unique(nodes.unit).size} units with nodes. Use smaller nodes, or add the centre of small units."
            )
        for name in ("group", "residents"):
            array = getattr(self, name)
            if array is not None and array.shape != (count,):
                raise DataError(f"Expected {name} of shape ({count},). Received: {array.shape}. Align them.")
            if array is not None and array.min() < 0:
                raise DataError(f"Expected {name} >= 0. Received: {array.min()}. Give every unit one.")

    def __len__(self) -> int:
        return len(self.names)

    @property
    def area_m2(self) -> Floats:
        """Ground of each unit, (u,)."""
        squares = np.bincount(self.nodes.unit, minlength=len(self))
        return np.asarray(squares * self.nodes.size_m**2, dtype=np.float64)

    @property
    def centre(self) -> Floats:
        """Mean of the nodes of each unit, metres, (u, 2)."""
        nodes, count = self.nodes, np.bincount(self.nodes.unit, minlength=len(self))
        sums = [np.bincount(nodes.unit, weights=axis, minlength=len(self)) for axis in nodes.points.T]
        return np.column_stack(sums) / count[:, None]


def units_from_raster(
    unit: npt.NDArray[np.int64],
    *,
    west_m: float,
    north_m: float,
    cell_size_m: float,
    names: tuple[str, ...] = (),
) -> PlaceUnits:
    """Units from a raster that says which unit each cell belongs to; every cell is a node.

    Args:
        unit: (rows, cols), row 0 in the north, ``-1`` outside.
        west_m: Left edge of column 0.
        north_m: Upper edge of row 0.
        cell_size_m: Side of a cell. At most twice the smallest bandwidth, or sums over units become coarse.
        names: Names of the units; ``unit 0`` and so on if left out.

    Example:
        >>> units = units_from_raster(np.array([[0, 0], [1, -1]]), west_m=0, north_m=200, cell_size_m=100)
        >>> units.centre.tolist(), units.area_m2.tolist()
        ([[100.0, 150.0], [50.0, 50.0]], [20000.0, 10000.0])
    """
    row, col = np.nonzero(unit >= 0)
    points = np.column_stack([west_m + (col + 0.5) * cell_size_m, north_m - (row + 0.5) * cell_size_m])
    index = unit[row, col].astype(np.int64)
    given = names or tuple(f"unit {number}" for number in range(int(index.max()) + 1))
    return PlaceUnits(given, Nodes(points, index, float(cell_size_m)))
