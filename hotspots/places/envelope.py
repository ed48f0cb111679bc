"""Whether a curve leaves the range of simulated curves anywhere: one test for all of its points."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.points import Floats, Ints
from incidents.errors import ConfigError, DataError


@dataclass(frozen=True)
class Envelope:
    """A global envelope: a curve of chance lies within it everywhere with probability ``1 - level``.

    Args:
        lo: Lower bound, ``(k,)``.
        hi: Upper bound, ``(k,)``.
        p: Probability of a curve as extreme as the one observed.
        level: Share of the curves of chance that leave the envelope somewhere.
    """

    lo: Floats
    hi: Floats
    p: float
    level: float


def global_envelope(observed: npt.ArrayLike, simulated: npt.ArrayLike, *, level: float = 0.05) -> Envelope:
    """Rank curves by how extreme they are over all points at once, and bound the least extreme ones.

    A curve is ranked from below and from above at every point; curves are compared by their most extreme rank, where
    equal by how often they have it, and so on (extreme rank length). The observed curve is one of them, so p is exact.
    Ties aside, it leaves the envelope somewhere exactly if p is at most ``level``.

    Args:
        observed: ``(k,)``.
        simulated: ``(simulations, k)``; at least 19 for a level of 5%, better 499.
        level: In (0, 1).

    Raises:
        ConfigError: Too few simulations for the level.
        DataError: Curves of other lengths.

    Reference:
        Myllymäki et al. (2017), doi:10.1111/rssb.12172, section 4; the extreme rank length as in Narisetty and Nair
        (2016), doi:10.1080/01621459.2015.1110033.
    """
    from scipy.stats import rankdata

    curve, others = np.asarray(observed, dtype=np.float64), np.asarray(simulated, dtype=np.float64)
    if curve.ndim != 1 or others.ndim != 2 or others.shape[1:] != curve.shape:
        raise DataError(
            f"Expected curves of one length. Received: {curve.shape} and {others.shape}. Simulate at the same points."
        )
    if not 0 < level < 1 or (len(others) + 1) * level < 1:
        raise ConfigError(
            f"Expected at least {int(np.ceil(1 / max(level, 1e-9))) - 1} simulations for a level of {level}. "
            f"Received: {len(others)}. Ask for 499."
        )
    curves = np.concatenate([curve[None], others])
    rank = rankdata(curves, axis=0, method="average")
    extremeness = _order(np.sort(np.minimum(rank, len(curves) + 1 - rank), axis=1))
    p = float(np.mean(extremeness <= extremeness[0]))
    kept = curves[_least_extreme(extremeness, level)]
    return Envelope(kept.min(axis=0), kept.max(axis=0), p, level)


def _order(ranks: Floats) -> Ints:
    """Place of each row in lexicographic order, equal rows the same, ``(curves,)``; 0 is the most extreme."""
    order = np.lexsort(ranks.T[::-1])
    new = np.any(np.diff(ranks[order], axis=0) != 0, axis=1)
    place = np.empty(len(ranks), dtype=np.int64)
    place[order] = np.concatenate([[0], np.cumsum(new)])
    return place


def _least_extreme(extremeness: Ints, level: float) -> npt.NDArray[np.bool_]:
    """Curves whose p is above the level: all that are not among the most extreme ones."""
    p = np.searchsorted(np.sort(extremeness), extremeness, side="right") / len(extremeness)
    return np.asarray(p > level + 1e-12)
