"""How dense incidents are around every cell.

Densities are incidents per square kilometre at the centre of each cell, ``(rows, cols)``, row 0 in the north,
NaN outside the city.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.density.kernels import Kernel
from hotspots.density.lattice import Lattice, NodeWeights, convolve, lay_lattice
from hotspots.points import Bools, CityPoints, Floats, check_inside, locate_points
from rasterize.grid import Grid

KM2_PER_M2 = 1e-6

ROUNDING = 1e-13
"""Share of the peak that the transform may leave where no kernel reaches."""


@dataclass(frozen=True)
class DensitySurface:
    """Incidents per square kilometre.

    Args:
        grid: The cells.
        per_km2: Density at the centres of cells, ``(rows, cols)``; NaN outside the city.
        standard_error: Of the density, if incidents came independently of each other, ``(rows, cols)``. They do
            not (near repeats), so it is the least that the error can be.
        heaviest_per_km2: What the heaviest incident adds to the density at its own place.
        kernel: Shape of the spread.
        bandwidth_m: Its bandwidth, metres.
        total: Sum of the weights of the incidents used.
        used: Number of incidents used.
        unlocated: Number left out for want of coordinates.
        outside: Number left out because they lie outside the city.
    """

    grid: Grid
    per_km2: Floats
    standard_error: Floats
    heaviest_per_km2: float
    kernel: Kernel
    bandwidth_m: float
    total: float
    used: int
    unlocated: int
    outside: int

    @property
    def bands(self) -> dict[str, Floats]:
        """What a raster or layer of the surface holds, by name."""
        return {"per_km2": self.per_km2, "standard_error": self.standard_error}


def estimate_density(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    grid: Grid,
    *,
    bandwidth_m: float,
    kernel: Kernel = Kernel.GAUSSIAN,
    inside: Bools | None = None,
    weights: npt.ArrayLike | None = None,
) -> DensitySurface:
    """Estimate how dense incidents are.

    At the city limit each incident keeps its whole weight: the part of its kernel that falls on cells outside
    is given to those inside in proportion, so that the cells together hold exactly as many incidents as lie in
    the city. Without a mask the limit is the edge of the grid. The price: where incidents are spread evenly up to
    a straight limit, a Gaussian density is 31% too low at the limit (50% without the correction) and 7% too high
    one and a half bandwidths inside.

    Where not to use: the density alone does not say whether a peak is more than chance (``hotspots.local``), nor
    whether there are simply more people (:func:`hotspots.density.ratio.relative_risk`).

    Args:
        x: Eastings in the CRS of the grid, metres, ``(n,)``; NaN where unknown.
        y: Northings, metres, ``(n,)``.
        grid: The cells.
        bandwidth_m: Standard deviation of the Gaussian or radius of the quartic kernel, metres; see
            ``hotspots.density.bandwidth``.
        kernel: Shape of the spread.
        inside: Cells of the city, ``(rows, cols)``; all if left out.
        weights: How much each incident counts, ``(n,)``, >= 0, such as
            :func:`hotspots.density.decay.weigh_recent`; 1 if left out.

    Returns:
        The surface; zero everywhere if there are no points. It is within 0.5% of the peak of the exact sum.

    Raises:
        ConfigError: The bandwidth is too small for the cells.
        CrsError: The coordinates look like longitude and latitude.
        DataError: Lengths differ, a weight is negative, or there are points but none in the city.

    Reference:
        Edge correction: Jones (1993), doi:10.1007/BF00147776, for each incident as in Diggle (2010), Handbook of
        Spatial Statistics, ch. 18.
    """
    lattice = lay_lattice(grid, kernel, bandwidth_m=bandwidth_m)
    city = check_inside(inside, grid.shape)
    points = locate_points(x, y, grid, inside=city, weights=weights)
    image = lattice.kernel_image(kernel, bandwidth_m=bandwidth_m)
    around = lattice.place(points.x, points.y)
    kept = points.weights / mass_inside(around, lattice, city, image)
    density = _restore(_at_cells(lattice, around.scatter(kept), image, city), points, grid)
    variance = _at_cells(lattice, around.scatter(np.square(kept)), np.square(image), city)
    return DensitySurface(
        grid=grid,
        per_km2=density / KM2_PER_M2,
        standard_error=_error(variance, density, len(points)) / KM2_PER_M2,
        heaviest_per_km2=float(points.weights.max(initial=0.0) * image.max() / KM2_PER_M2),
        kernel=kernel,
        bandwidth_m=float(bandwidth_m),
        total=float(points.weights.sum()),
        used=len(points),
        unlocated=points.unlocated,
        outside=points.outside,
    )


def mass_inside(around: NodeWeights, lattice: Lattice, inside: Bools, image: Floats) -> Floats:
    """Share of each point's kernel that falls on cells inside, ``(n,)``, as the sum over their centres has it."""
    ground_m2 = np.where(inside, lattice.grid.cell_size_m**2, 0.0)
    return around.gather(convolve(lattice.from_centers(ground_m2), image))


def _at_cells(lattice: Lattice, nodes: Floats, image: Floats, inside: Bools) -> Floats:
    """Sum of kernels at the cells inside, NaN outside; what interpolation and rounding leave beyond them is cut."""
    sums = lattice.at_centers(convolve(nodes, image))
    return np.where(inside, np.where(sums > ROUNDING * sums.max(), sums, 0.0), np.nan)


def _restore(density: Floats, points: CityPoints, grid: Grid) -> Floats:
    """Give back the parts in ten thousand by which cutting off what is negative changed the sum."""
    held = float(np.nansum(density)) * grid.cell_size_m**2
    return density * (points.weights.sum() / held) if held > 0 else density


def _error(variance: Floats, density: Floats, incidents: int) -> Floats:
    """Standard error; n squares that add up to less than the squared sum over n were cut as rounding."""
    return np.sqrt(np.maximum(variance, np.square(density) / max(incidents, 1)))


def expected_in_cells(surface: DensitySurface) -> Floats:
    """Incidents that the surface puts into each cell, ``(rows, cols)``; they add up to the total inside."""
    return np.asarray(surface.per_km2 * KM2_PER_M2 * surface.grid.cell_size_m**2)
