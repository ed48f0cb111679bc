"""How far a unit's own count is to be believed: a gamma prior around what its surroundings suggest."""

from dataclasses import dataclass

import numpy as np

from verify.checks import Floats, Integers
from verify.panel.units import PlaceUnits

SHAPES = np.geomspace(0.01, 10_000.0, 121)
"""Prior shapes tried: worth so many events."""


def choose_shape(counts: Floats, means: Floats) -> float:
    """Shape of the gamma prior under which counts with these prior means are most likely.

    Args:
        counts: Any shape, >= 0.
        means: Expected counts before seeing them, the same shape; entries of 0 are left out.

    Returns:
        A value of ``SHAPES``; large where counts scatter no more than Poisson counts do.

    Reference:
        The negative binomial marginal likelihood; Clayton and Kaldor (1987), doi:10.2307/2532003.
    """
    from scipy.special import gammaln

    use = means > 0.0
    found, mean, shape = counts[use], means[use], SHAPES[:, None]
    # Equal pairs of count and mean are judged once: most units have few events.
    pairs, times = np.unique(np.stack([found, mean]), axis=1, return_counts=True)
    found, mean = pairs
    likelihood = (
        gammaln(found + shape)
        - gammaln(shape)
        + shape * np.log(shape)
        - (found + shape) * np.log(mean + shape)
    ) + found * np.log(mean)
    return float(SHAPES[int(np.argmax(likelihood @ times))])


def draw_towards(counts: Floats, means: Floats, *, shape: float) -> Floats:
    """Expected counts after seeing ``counts``: between them and the prior means, broadcast.

    Example:
        >>> draw_towards(np.array([4.0]), np.array([1.0]), shape=2.0)
        array([2.])
    """
    return np.asarray(means * (counts + shape) / (means + shape), dtype=np.float64)


def size_of_units(units: PlaceUnits) -> Floats:
    """Share of the city in each unit, (u,): of its ground, or half of its ground and half of its residents.

    A unit without residents, such as a park, is thus not without risk.
    """
    ground = units.area_m2 / units.area_m2.sum()
    if units.residents is None or not units.residents.any():
        return np.asarray(ground)
    return np.asarray(0.5 * ground + 0.5 * units.residents / units.residents.sum(), dtype=np.float64)


@dataclass(frozen=True)
class Surroundings:
    """How far counts are drawn: units' towards those of their group, and groups' towards the city's, by size.

    Args:
        units: Places, with or without groups.
        of_group: Prior shape of a group's count, in events; infinite where there are no groups.
        of_unit: Prior shape of a unit's count.
    """

    units: PlaceUnits
    of_group: float
    of_unit: float

    def draw(self, counts: Floats) -> Floats:
        """Counts (p, u) drawn towards their surroundings, with the sums of ``counts`` in each row."""
        means = _group_means(counts, self.units, self.of_group)
        drawn = draw_towards(counts, means, shape=self.of_unit)
        total, found = (values.sum(axis=1, keepdims=True) for values in (drawn, counts))
        scale = np.divide(found, total, out=np.ones_like(total), where=total > 0.0)
        return np.asarray(drawn * scale, dtype=np.float64)


def learn_surroundings(counts: Floats, units: PlaceUnits) -> Surroundings:
    """Learn both prior shapes from the scatter of counts (u,), which are not all 0."""
    of_group = float("inf")
    if units.group is not None:
        even = counts.sum() * size_of_units(units)
        of_group = choose_shape(*(_sum_groups(values[None], units.group)[0] for values in (counts, even)))
    means = _group_means(counts[None], units, of_group)[0]
    return Surroundings(units, of_group, choose_shape(counts, means))


def _group_means(counts: Floats, units: PlaceUnits, of_group: float) -> Floats:
    """What the surroundings suggest for each unit, (p, u)."""
    even = np.asarray(counts.sum(axis=1, keepdims=True) * size_of_units(units), dtype=np.float64)
    if units.group is None or np.isinf(of_group):
        return even
    found, means = (_sum_groups(values, units.group) for values in (counts, even))
    drawn = draw_towards(found, means, shape=of_group)
    ratio = np.divide(drawn, means, out=np.zeros_like(means), where=means > 0.0)
    return np.asarray(even * ratio[:, units.group], dtype=np.float64)


def _sum_groups(values: Floats, group: Integers) -> Floats:
    """Sums over the units of each group, (p, g)."""
    member = np.zeros((group.size, int(group.max()) + 1))
    member[np.arange(group.size), group] = 1.0
    return np.asarray(values @ member, dtype=np.float64)
