"""Whether the same places stay on top from month to month.

Values are ``(time, place)``: counts, densities or scores by slice of time, slices in order.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hotspots.points import Floats
from incidents.errors import ConfigError, DataError


@dataclass(frozen=True)
class RankStability:
    """How the ranking of places in each slice compares with that in the slice before.

    Args:
        kendall: Kendall's tau-b of all places, ``(time - 1,)``: 1 is the same order, 0 none; NaN where a slice has all
            places equal.
        jaccard: Places among the top in both over places among the top in either, ``(time - 1,)``.
        chance: What ``jaccard`` would be if the top places were drawn anew each time.
        share: Share of the places that is the top.
    """

    kendall: Floats
    jaccard: Floats
    chance: float
    share: float


def rank_stability(values: npt.ArrayLike, *, share: float = 0.05) -> RankStability:
    """Compare each slice with the one before.

    Places that tie for the last seats at the top share them, so that a slice with many zeros does not pick its top by
    order of the rows.

    Where not to use: stable ranks are no proof of a good method. A map of where people live is perfectly stable.

    Args:
        values: ``(time, place)``, at least two slices; places that are NaN in any slice are left out.
        share: Share of the places that is the top, in (0, 1).

    Raises:
        ConfigError: The share is not in (0, 1).
        DataError: Not two slices or more of two known places or more.

    Reference:
        Kendall (1945), doi:10.1093/biomet/33.3.239; Jaccard with shared seats as in Ruzicka (1958).

    Example:
        >>> found = rank_stability([[9, 5, 1, 0], [8, 7, 0, 1], [0, 1, 7, 9]], share=0.5)
        >>> found.jaccard.tolist(), found.kendall.round(2).tolist()
        ([1.0, 0.0], [0.67, -0.67])
    """
    from scipy.stats import kendalltau

    given = np.asarray(values, dtype=np.float64)
    if not 0 < share < 1:
        raise ConfigError(f"Expected a share between 0 and 1. Received: {share}. Use 0.05.")
    if given.ndim != 2 or len(given) < 2 or (known := np.isfinite(given).all(axis=0)).sum() < 2:
        raise DataError(
            f"Expected two slices or more of two known places or more. Received: shape {given.shape}. "
            "Flatten the grid, and take a longer period."
        )
    kept = given[:, known]
    top = _top(kept, share)
    both, either = np.minimum(top[1:], top[:-1]).sum(axis=1), np.maximum(top[1:], top[:-1]).sum(axis=1)
    kendall = [kendalltau(one, other).statistic for one, other in pairwise(kept)]
    return RankStability(np.asarray(kendall), both / either, share / (2 - share), share)


def _top(values: Floats, share: float) -> Floats:
    """How much of a seat at the top each place has, ``(time, place)``, the same sum in each slice."""
    seats = share * values.shape[1]
    falling = -np.sort(-values, axis=1)
    last = falling[:, int(np.ceil(seats)) - 1, None]
    above, at = values > last, values == last
    left = seats - above.sum(axis=1, keepdims=True)
    return np.where(above, 1.0, np.where(at, left / at.sum(axis=1, keepdims=True), 0.0))
