"""How much of a Gaussian around an event lies inside the city, for any width, and how it changes with it."""

from dataclasses import dataclass

import numpy as np

from verify.checks import Floats
from verify.panel.kernels import share_inside
from verify.panel.units import PlaceUnits

WIDTHS_M = np.geomspace(25.0, 800.0, 9)
STEP = 0.05


@dataclass(frozen=True)
class InsideShares:
    """Shares inside the city at each of ``WIDTHS_M``, (n, widths)."""

    shares: Floats

    def at(self, sigma_m: float) -> Floats:
        """Share of each event at a width, (n,)."""
        place = float(np.interp(np.log(sigma_m), np.log(WIDTHS_M), np.arange(WIDTHS_M.size)))
        low = min(int(place), WIDTHS_M.size - 2)
        near, far = self.shares[:, low], self.shares[:, low + 1]
        return np.asarray(near + (place - low) * (far - near), dtype=np.float64)

    def add(self, weights: Floats, *, sigma_m: float) -> float:
        """Sum of weight times share over events, at a width."""
        return float((weights * self.at(sigma_m)).sum())

    def add_slope(self, weights: Floats, *, sigma_m: float) -> float:
        """Derivative of that sum by the log of the width, at most 0."""
        near, far = (self.add(weights, sigma_m=sigma_m * np.exp(step)) for step in (-STEP, STEP))
        return (far - near) / (2.0 * STEP)


def tabulate_inside(points: Floats, units: PlaceUnits) -> InsideShares:
    """Shares of the Gaussians around points, (n, 2), at all of ``WIDTHS_M``."""
    return InsideShares(np.column_stack([look_up_inside(points, units, sigma_m=width) for width in WIDTHS_M]))


def look_up_inside(points: Floats, units: PlaceUnits, *, sigma_m: float) -> Floats:
    """Share of the Gaussian around the node nearest to each point that lies inside the city, (n,)."""
    from scipy.spatial import KDTree

    nodes = units.nodes.points
    used, place = np.unique(KDTree(nodes).query(points)[1], return_inverse=True)
    return share_inside(nodes[used], units, bandwidth_m=sigma_m)[place]
