"""Where events arise of themselves: a Gaussian around each event, counted by how likely it was not triggered."""

from dataclasses import dataclass

import numpy as np

from verify.checks import Floats
from verify.panel.histories import SparseMatrix
from verify.panel.units import PlaceUnits

REACH = 3.0
EVEN_SHARE = 0.01


@dataclass(frozen=True)
class Background:
    """Kernel density at the events of the target, each left out of its own, so that none explains itself.

    Args:
        near: Gaussians of the other events at each event, per square metre, (targets, targets).
        ground_m2: Area of the city.
        bandwidth_m: Standard deviation.
    """

    near: SparseMatrix
    ground_m2: float
    bandwidth_m: float

    def density(self, chances: Floats) -> Floats:
        """Density per square metre at each event, (targets,).

        Args:
            chances: Probability that each event was not triggered, (targets,).
        """
        kernel = self.near @ (chances / chances.sum())
        return np.asarray((1.0 - EVEN_SHARE) * kernel + EVEN_SHARE / self.ground_m2, dtype=np.float64)


def spread_background(points: Floats, inside: Floats, units: PlaceUnits, *, bandwidth_m: float) -> Background:
    """Gaussians between all events of the target, none of their mass over the city limit.

    Args:
        points: Events of the target, metres, (n, 2).
        inside: Share of the Gaussian around each that lies inside the city, (n,).
        units: Places.
        bandwidth_m: Standard deviation.
    """
    from scipy.sparse import csr_array
    from scipy.spatial import KDTree

    tree = KDTree(points)
    near = tree.sparse_distance_matrix(tree, REACH * bandwidth_m, output_type="ndarray")
    others = near[near["i"] != near["j"]]
    cut_off = -np.expm1(-0.5 * REACH**2)
    height = 1.0 / (2.0 * np.pi * bandwidth_m**2 * cut_off * inside)
    value = height[others["j"]] * np.exp(-0.5 * (others["v"] / bandwidth_m) ** 2)
    shape = (len(points), len(points))
    matrix = csr_array((value, (others["i"], others["j"])), shape=shape)
    return Background(matrix, float(units.area_m2.sum()), bandwidth_m)
