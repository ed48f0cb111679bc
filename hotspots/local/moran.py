"""Which places are like their neighbors, and which unlike: local Moran's I.

Values are of the shape of the places, ``(rows, cols)`` or ``(areas,)``.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hotspots.local.neighborhood import Neighborhood, check_values
from hotspots.local.permutations import TailCounts, permute_neighbors
from hotspots.local.significance import Alternative, control_false_discovery, normal_p
from hotspots.points import Bools, Floats, Ints

ROUNDING = 1e-12


class Quadrant(IntEnum):
    """A place and the mean of its neighbors, against the mean of the city; numbered as PySAL does."""

    NONE = 0
    HIGH_HIGH = 1
    LOW_HIGH = 2
    LOW_LOW = 3
    HIGH_LOW = 4


@dataclass(frozen=True)
class LocalMoran:
    """Likeness to neighbors; all of the shape of the places, NaN (or ``NONE``) outside and for islands.

    Args:
        count: The values, such as numbers of incidents.
        i: Local Moran's I: above 0 like its neighbors, below 0 unlike.
        z: How many standard deviations it lies above what is expected, given the place's own value.
        p: Probability of such a value by chance.
        p_fdr: ``p`` adjusted for the number of places tested.
        quadrant: :class:`Quadrant` of each place, significant or not; a value at the mean counts as low.
        neighbors: Number of neighbors.
    """

    count: Floats
    i: Floats
    z: Floats
    p: Floats
    p_fdr: Floats
    quadrant: npt.NDArray[np.int8]
    neighbors: Ints

    def significant(self, level: float = 0.05) -> npt.NDArray[np.int8]:
        """Quadrant where the adjusted p is at most a level, else ``NONE``."""
        return np.asarray(np.where(self.p_fdr <= level, self.quadrant, Quadrant.NONE), dtype=np.int8)

    @property
    def bands(self) -> dict[str, Floats]:
        """What a raster or layer of the result holds, by name."""
        quadrant = np.where(np.isnan(self.z), np.nan, self.quadrant)
        return {
            "i": self.i,
            "z": self.z,
            "p": self.p,
            "p_fdr": self.p_fdr,
            "quadrant": quadrant,
            "count": self.count,
        }


def local_moran(
    values: npt.ArrayLike,
    neighborhood: Neighborhood,
    *,
    alternative: Alternative = Alternative.TWO_SIDED,
    permutations: int = 0,
    rng: np.random.Generator | None = None,
) -> LocalMoran:
    """Test for each place whether it is like its neighbors.

    Where Gi* only asks whether high or low values gather, this also finds outliers: a high place among low ones.
    Neighbors are averaged (row-standardised weights). The closed form has the moments of conditional permutation
    and takes the mean of the neighbors as normal; :func:`hotspots.local.gi_star.gi_star` says when it is not.
    Where no value differs, z is 0 and p is 1.

    Args:
        values: Finite numbers for the places inside, ``(*places)``.
        neighborhood: Who neighbors whom.
        alternative: ``greater`` looks for likeness only, ``less`` for outliers only.
        permutations: Number of permutations for p, or 0 for the closed form; z is of the closed form always.
        rng: Source of randomness, needed for permutations.

    Returns:
        I, z, p, adjusted p and quadrant.

    Raises:
        DataError: Another shape, or values that are not finite.
        ConfigError: Permutations without ``rng``.

    Reference:
        Anselin (1995), doi:10.1111/j.1538-4632.1995.tb00338.x, eq. 7; moments: Sokal, Oden and Thomson (1998),
        doi:10.1111/j.1538-4632.1998.tb00406.x, eq. A7 and A8.

    Example:
        >>> from hotspots.local.weights import touching_cells
        >>> lone = np.zeros((5, 5))
        >>> lone[2, 2] = 9
        >>> found = local_moran(lone, touching_cells(np.ones((5, 5), dtype=bool)))
        >>> Quadrant(found.quadrant[2, 2]).name, bool(found.i[2, 2] < 0)
        ('HIGH_LOW', True)
    """
    given = check_values(values, neighborhood)
    inside, neighbors = neighborhood.inside, neighborhood.neighbors
    tested = inside & (neighbors > 0)
    deviation = _deviations(given, inside)
    lag = np.where(tested, neighborhood.add_neighbors(deviation) / np.maximum(neighbors, 1), np.nan)
    squares = float(np.square(deviation).sum())
    z = _standardise(lag, deviation, neighbors, inside)
    p = normal_p(z, alternative)
    if permutations:
        tails = permute_neighbors(deviation, neighborhood, draws=permutations, rng=rng)
        p = np.where(tested, _of_products(tails, deviation).p(alternative), np.nan)
    return LocalMoran(
        count=np.where(inside, given, np.nan),
        i=(int(inside.sum()) - 1) * deviation * lag / squares if squares > 0 else 0.0 * lag,
        z=z,
        p=p,
        p_fdr=control_false_discovery(p),
        quadrant=_quadrants(deviation, lag, tested),
        neighbors=neighbors,
    )


def _deviations(values: Floats, inside: Bools) -> Floats:
    """Differences from the mean of the places inside; exactly 0 where all are equal, and outside."""
    own = values[inside]
    if own.max() == own.min():
        return np.zeros(values.shape)
    return np.where(inside, values - own.mean(), 0.0)


def _standardise(lag: Floats, deviation: Floats, neighbors: Ints, inside: Bools) -> Floats:
    """Mean of the neighbors in standard deviations of that of random others, positive where it is like the place.

    Drawing k without replacement from the n - 1 others gives the moments; their sum is minus the place's own.
    """
    others = max(int(inside.sum()) - 1, 1)
    expected = -deviation / others
    squares = np.square(deviation).sum() - np.square(deviation)
    variance = squares / others - np.square(expected)
    # Where all others are equal, rounding leaves a variance of about this much.
    variance = np.where(variance > ROUNDING * np.square(deviation).mean(), variance, 0.0)
    of_mean = variance / np.maximum(neighbors, 1) * (others - neighbors) / max(others - 1, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.sign(deviation) * (lag - expected) / np.sqrt(np.maximum(of_mean, 0.0))
    return np.where(np.isnan(lag), np.nan, np.where((of_mean > 0) & (deviation != 0), z, 0.0))


def _of_products(tails: TailCounts, deviation: Floats) -> TailCounts:
    """Counts for the product of a place and its neighbors: a negative place turns the tails around."""
    low, none = deviation < 0, deviation == 0
    at_least = np.where(low, tails.at_most, tails.at_least)
    at_most = np.where(low, tails.at_least, tails.at_most)
    return TailCounts(
        np.where(none, tails.draws, at_least), np.where(none, tails.draws, at_most), tails.draws
    )


def _quadrants(deviation: Floats, lag: Floats, tested: Bools) -> npt.NDArray[np.int8]:
    """Quadrant of each place."""
    high, among_high = deviation > 0, lag > 0
    among = np.where(
        among_high,
        np.where(high, Quadrant.HIGH_HIGH, Quadrant.LOW_HIGH),
        np.where(high, Quadrant.HIGH_LOW, Quadrant.LOW_LOW),
    )
    return np.where(tested, among, Quadrant.NONE).astype(np.int8)
