"""How a point event is spread over units: the share of a Gaussian around it that falls on the ground of each."""

from typing import Any

import numpy as np

from verify.checks import Floats, Integers
from verify.panel.histories import SparseMatrix
from verify.panel.units import PlaceUnits

REACH = 4.0
"""Standard deviations beyond which a Gaussian is cut off: 0.03% of its mass."""

POINTS_AT_ONCE = 2048


def spread_over_units(
    points: Floats, unit: Integers, units: PlaceUnits, *, bandwidth_m: float
) -> SparseMatrix:
    """Spread events over units by a Gaussian, none of it over the city limit.

    Where no ground lies within reach, or the point is not known, the event counts in its own unit.

    Args:
        points: Metres, (n, 2); NaN where only the unit is known.
        unit: Unit of each event, (n,).
        units: Places.
        bandwidth_m: Standard deviation in x and in y.

    Returns:
        Shares, (n, u), each row with sum 1.
    """
    from scipy.sparse import csr_array, diags_array

    mass = _mass_on_units(points, units, bandwidth_m=bandwidth_m)
    inside = np.asarray(mass.sum(axis=1), dtype=np.float64)
    scale = np.divide(1.0, inside, out=np.zeros(inside.size), where=inside > 0.0)
    alone = np.flatnonzero(inside <= 0.0)
    own = csr_array((np.ones(alone.size), (alone, unit[alone])), shape=mass.shape)
    return csr_array(diags_array(scale) @ mass + own)


def share_inside(points: Floats, units: PlaceUnits, *, bandwidth_m: float) -> Floats:
    """Share of the Gaussian around each point that falls inside the city, (n,)."""
    mass = _mass_on_units(points, units, bandwidth_m=bandwidth_m)
    return np.asarray(mass.sum(axis=1), dtype=np.float64)


def _mass_on_units(points: Floats, units: PlaceUnits, *, bandwidth_m: float) -> SparseMatrix:
    """Mass of the Gaussian around each point on each unit, (n, u), exact for squares of ground."""
    from scipy.sparse import csr_array, vstack
    from scipy.spatial import KDTree

    nodes, parts = units.nodes, []
    tree, reach = KDTree(nodes.points), REACH * bandwidth_m + nodes.size_m
    for start in range(0, max(len(points), 1), POINTS_AT_ONCE):
        chunk = points[start : start + POINTS_AT_ONCE]
        placed = np.flatnonzero(np.isfinite(chunk).all(axis=1))
        point, node = _near(chunk[placed], tree, reach)
        offset = nodes.points[node] - chunk[placed[point]]
        mass = _mass_between(offset, nodes.size_m / bandwidth_m / 2.0, scale=bandwidth_m)
        place = (placed[point], nodes.unit[node])
        parts.append(csr_array((mass, place), shape=(len(chunk), len(units))))
    return csr_array(vstack(parts))


def _near(points: Floats, tree: Any, reach_m: float) -> tuple[Integers, Integers]:
    """Indices of points and of the nodes within reach of them."""
    from scipy.spatial import KDTree

    if not len(points):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    near = KDTree(points).sparse_distance_matrix(tree, reach_m, output_type="ndarray")
    return near["i"].astype(np.int64), near["j"].astype(np.int64)


def _mass_between(offset: Floats, half: float, *, scale: float) -> Floats:
    """Mass of a standard Gaussian on squares of half a side ``half``, (m,), at offsets over scale, (m, 2)."""
    from scipy.special import ndtr

    middle = offset / scale
    return np.asarray((ndtr(middle + half) - ndtr(middle - half)).prod(axis=1), dtype=np.float64)
