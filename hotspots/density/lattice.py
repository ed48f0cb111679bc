"""Sums of kernels at the centres of all cells at once, by a fine lattice of nodes and the fast Fourier transform.

Each point is replaced by 16 weighted nodes around it, the transpose of cubic interpolation, so that the sum of
kernels over nodes is the sum over points with an error of fourth order in the spacing. A node lies on the centre
of every cell. Values on nodes are ``(node rows, node cols)``, row 0 in the north.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.density.kernels import SHAPES, Kernel, spread
from incidents.errors import ConfigError
from rasterize.grid import Grid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NODES_PER_SIGMA = 3.0
"""Keeps the largest error of one kernel at 0.15% of its peak (Gaussian) or 0.4% (quartic, whose edge is a kink)."""

FINEST_CELLS = 0.5
"""Smallest standard deviation of a kernel, in cells: below, the centres of cells would miss its peaks."""


@dataclass(frozen=True)
class Lattice:
    """Nodes that cover a grid.

    Args:
        grid: The cells.
        parts: Nodes along the side of a cell.
    """

    grid: Grid
    parts: int

    @property
    def step_m(self) -> float:
        """Distance between nodes, metres."""
        return self.grid.cell_size_m / self.parts

    @property
    def margin(self) -> int:
        """Nodes before the centre of the first cell: half a cell, and two for the interpolation."""
        return self.parts // 2 + 3

    @property
    def shape(self) -> tuple[int, int]:
        """``(node rows, node cols)``."""
        rows, cols = ((cells - 1) * self.parts + 1 + 2 * self.margin for cells in self.grid.shape)
        return rows, cols

    def at_centers(self, nodes: Floats) -> Floats:
        """Values at the centres of the cells, ``(rows, cols)``."""
        rows, cols = (
            slice(self.margin, self.margin + cells * self.parts, self.parts) for cells in self.grid.shape
        )
        return nodes[rows, cols]

    def from_centers(self, values: Floats) -> Floats:
        """Nodes that hold the values of cells at their centres, and zero between."""
        nodes = np.zeros(self.shape)
        self.at_centers(nodes)[...] = values
        return nodes

    def place(self, x: Floats, y: Floats) -> "NodeWeights":
        """Weights of the nodes around points that lie on the grid; coordinates in metres, ``(n,)``."""
        center_x, center_y = self.grid.cell_centers()
        row, row_weights = _cubic_weights((center_y[0] - y) / self.step_m + self.margin)
        col, col_weights = _cubic_weights((x - center_x[0]) / self.step_m + self.margin)
        return NodeWeights(self.shape, row, col, row_weights, col_weights)

    def kernel_image(self, kernel: Kernel, *, bandwidth_m: float) -> Floats:
        """A kernel on nodes around its centre, ``(2 r + 1, 2 r + 1)``, per square metre."""
        reach = math.ceil(SHAPES[kernel].reach * bandwidth_m / self.step_m)
        offset_m2 = np.square(np.arange(-reach, reach + 1) * self.step_m)
        return spread(kernel, offset_m2[:, None] + offset_m2[None, :], bandwidth_m=bandwidth_m)


@dataclass(frozen=True)
class NodeWeights:
    """The four by four nodes around each of n points, and their weights, which add up to 1.

    Args:
        shape: Shape of the lattice.
        row: First of the four rows, ``(n,)``.
        col: First of the four columns, ``(n,)``.
        row_weights: Weights of the rows, ``(4, n)``.
        col_weights: Weights of the columns, ``(4, n)``.
    """

    shape: tuple[int, int]
    row: Ints
    col: Ints
    row_weights: Floats
    col_weights: Floats

    def scatter(self, values: Floats) -> Floats:
        """Sum values of points, ``(n,)``, onto the nodes."""
        size = self.shape[0] * self.shape[1]
        nodes = np.zeros(size)
        for at, weights in self._around():
            nodes += np.bincount(at, weights=weights * values, minlength=size)
        return nodes.reshape(self.shape)

    def gather(self, nodes: Floats) -> Floats:
        """Interpolate values of nodes at the points, ``(n,)``; the transpose of :meth:`scatter`."""
        flat = np.ascontiguousarray(nodes).ravel()
        total = np.zeros(len(self.row))
        for at, weights in self._around():
            total += weights * flat[at]
        return total

    def self_sums(self, image: Floats) -> Floats:
        """What each point adds to itself, ``(n,)``, if its nodes are convolved with a kernel and gathered again."""
        middle = image.shape[0] // 2
        near = np.pad(image, 3)[middle : middle + 7, middle : middle + 7]
        return np.asarray(
            np.einsum("an,ab,bn->n", _autocorrelate(self.row_weights), near, _autocorrelate(self.col_weights))
        )

    def _around(self) -> Iterator[tuple[Ints, Floats]]:
        """Flat index and weight of each of the 16 nodes in turn, both ``(n,)``."""
        corner = self.row * self.shape[1] + self.col
        for down in range(4):
            for right in range(4):
                at = corner + (down * self.shape[1] + right)
                yield at, self.row_weights[down] * self.col_weights[right]


def lay_lattice(grid: Grid, kernel: Kernel, *, bandwidth_m: float) -> Lattice:
    """Lay the coarsest lattice that is fine enough for a kernel.

    Raises:
        ConfigError: The bandwidth is too small for the cells.
    """
    sigma_m = SHAPES[kernel].sigma * bandwidth_m
    smallest_m = smallest_bandwidth(grid, kernel)
    if not (math.isfinite(bandwidth_m) and bandwidth_m >= smallest_m * (1 - 1e-9)):
        raise ConfigError(
            f"Expected a {kernel} bandwidth of at least {smallest_m:.0f} m on cells of {grid.cell_size_m:g} m. "
            f"Received: {bandwidth_m:g} m. Choose a larger bandwidth or smaller cells."
        )
    return Lattice(grid, max(1, math.ceil(NODES_PER_SIGMA * grid.cell_size_m / sigma_m - 1e-9)))


def smallest_bandwidth(grid: Grid, kernel: Kernel) -> float:
    """Smallest bandwidth that the cells of a grid can show, metres."""
    return FINEST_CELLS * grid.cell_size_m / SHAPES[kernel].sigma


def convolve(nodes: Floats, image: Floats) -> Floats:
    """Sum a kernel over all nodes, weighted by their values; the shape of ``nodes``."""
    from scipy.signal import fftconvolve

    return np.asarray(fftconvolve(nodes, image, mode="same"), dtype=np.float64)


def _cubic_weights(position: Floats) -> tuple[Ints, Floats]:
    """First of the four nodes around positions, and their Lagrange weights, ``(4, n)``."""
    below = np.floor(position)
    t = position - below
    weights = np.stack(
        [
            -t * (t - 1) * (t - 2) / 6,
            (t + 1) * (t - 1) * (t - 2) / 2,
            -(t + 1) * t * (t - 2) / 2,
            (t + 1) * t * (t - 1) / 6,
        ]
    )
    return below.astype(np.int64) - 1, weights


def _autocorrelate(weights: Floats) -> Floats:
    """Sums of products of weights that lie -3 to 3 nodes apart, ``(7, n)``."""
    later = [(weights[lag:] * weights[: 4 - lag]).sum(axis=0) for lag in range(4)]
    return np.stack([*later[:0:-1], *later])
