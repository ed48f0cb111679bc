"""Where high or low values gather more than chance would have it: Getis-Ord Gi*.

Values are of the shape of the places, ``(rows, cols)`` or ``(areas,)``.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.local.neighborhood import Neighborhood, check_values
from hotspots.local.permutations import permute_neighbors
from hotspots.local.significance import Alternative, classify_confidence, control_false_discovery, normal_p
from hotspots.points import Floats, Ints


@dataclass(frozen=True)
class GiStar:
    """Hot and cold spots; all of the shape of the places, NaN outside and for islands.

    Args:
        count: The values, such as numbers of incidents.
        z: How many standard deviations the sum over a place and its neighbors lies above what is expected.
        p: Probability of such a sum by chance.
        p_fdr: ``p`` adjusted for the number of places tested; of the places at or under 0.05, at most 5% are
            expected to be there by chance.
        neighbors: Number of neighbors, the place itself not counted.
    """

    count: Floats
    z: Floats
    p: Floats
    p_fdr: Floats
    neighbors: Ints

    @property
    def classes(self) -> npt.NDArray[np.int8]:
        """3, 2, 1 for hot with 99, 95, 90% confidence after adjustment, negative for cold, 0 for neither."""
        return classify_confidence(self.z, self.p_fdr)

    @property
    def bands(self) -> dict[str, Floats]:
        """What a raster or layer of the result holds, by name."""
        return {"z": self.z, "p": self.p, "p_fdr": self.p_fdr, "count": self.count}


def gi_star(
    values: npt.ArrayLike,
    neighborhood: Neighborhood,
    *,
    alternative: Alternative = Alternative.TWO_SIDED,
    permutations: int = 0,
    rng: np.random.Generator | None = None,
) -> GiStar:
    """Test for each place whether values gather around it.

    Where no value differs from another, nothing stands out: z is 0 and p is 1. The place itself counts as one of
    those it is compared with; islands stay among the others but get no result, since a single place is no
    cluster.

    The closed form takes the sum over a place and its neighbors as normal. With few incidents a place it is not:
    ask for permutations then, which shuffle all values but the place's own. Their p cannot be below
    ``2 / (permutations + 1)``, so choose many more permutations than places, or nothing passes the adjustment.

    Where not to use: values are compared with the mean of the city, so raw counts find where people are; give
    rates or residuals to ask for more.

    Args:
        values: Finite numbers for the places inside, ``(*places)``.
        neighborhood: Who neighbors whom.
        alternative: Two-sided by default; ``greater`` looks for hot spots only.
        permutations: Number of permutations for p, or 0 for the closed form; z is of the closed form always.
        rng: Source of randomness, needed for permutations.

    Returns:
        z, p and adjusted p.

    Raises:
        DataError: Another shape, or values that are not finite.
        ConfigError: Permutations without ``rng``.

    Reference:
        Ord and Getis (1995), doi:10.1111/j.1538-4632.1995.tb00912.x, eq. 14; the adjustment: Caldas de Castro and
        Singer (2006), doi:10.1111/j.0016-7363.2006.00682.x.

    Example:
        >>> from hotspots.local.weights import touching_cells
        >>> counts = np.zeros((5, 5))
        >>> counts[:2, :2] = 9
        >>> found = gi_star(counts, touching_cells(np.ones((5, 5), dtype=bool)))
        >>> round(float(found.z[0, 0]), 2), int(found.classes[0, 0])
        (4.9, 3)
    """
    given = check_values(values, neighborhood)
    inside, neighbors = neighborhood.inside, neighborhood.neighbors
    sums = given + neighborhood.add_neighbors(given)
    tested = inside & (neighbors > 0)
    z = np.where(tested, standardise_sums(sums, neighbors + 1, population=given[inside]), np.nan)
    p = normal_p(z, alternative)
    if permutations:
        tails = permute_neighbors(given, neighborhood, draws=permutations, rng=rng)
        p = np.where(tested, tails.p(alternative), np.nan)
    return GiStar(np.where(inside, given, np.nan), z, p, control_false_discovery(p), neighbors)


def standardise_sums(sums: Floats, counted: Ints, *, population: Floats) -> Floats:
    """Sums of some of a population's values, in standard deviations from what as many random ones would give.

    Args:
        sums: Sums, any shape.
        counted: Number of values in each, a shape that broadcasts.
        population: All values, ``(n,)``.

    Returns:
        z, the same shape; 0 where it cannot differ (all values equal, or all counted).
    """
    n, mean = population.size, float(population.mean())
    variance = float(np.square(population - mean).mean())
    # Of equal values, rounding leaves about this much.
    rounding = float(np.square(np.finfo(np.float64).eps * np.abs(population).max(initial=0.0)) * n)
    if variance <= rounding:
        return np.zeros(sums.shape)
    spread = np.sqrt(variance * counted * (n - counted) / (n - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, (sums - counted * mean) / spread, 0.0)
