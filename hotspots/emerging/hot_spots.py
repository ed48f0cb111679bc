"""Which hot and cold spots are new, growing, steady or fading: emerging hot spot analysis.

Cubes are ``(time, row, col)`` or ``(time, area)``, slices in order.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from hotspots.emerging.patterns import name_patterns
from hotspots.emerging.trend import Trend, mann_kendall
from hotspots.local.gi_star import standardise_sums
from hotspots.local.neighborhood import Neighborhood
from hotspots.local.significance import Alternative, control_false_discovery, normal_p
from hotspots.points import Bools, Floats
from incidents.errors import ConfigError, DataError
from incidents.source import STRICT


class Reference(StrEnum):
    """What a place in a slice is compared with."""

    ENTIRE_CUBE = "entire-cube"
    """All places in all slices: a slice in which everything is high is hot everywhere."""

    SAME_SLICES = "same-slices"
    """All places in the slices that it is summed over: only what stands out within the city at that time."""


@dataclass(frozen=True)
class EmergingSettings:
    """How a cube is read.

    Args:
        past_slices: How many earlier slices of a place and its neighbors count with it.
        reference: What it is compared with.
        level: Largest adjusted p of a hot or cold spot.
        trend_level: Largest p of a trend.
    """

    __pydantic_config__ = STRICT

    past_slices: int = 1
    reference: Reference = Reference.ENTIRE_CUBE
    level: float = 0.05
    trend_level: float = 0.05


@dataclass(frozen=True)
class EmergingHotSpots:
    """Patterns of the places and what they were read from.

    Args:
        pattern: :class:`hotspots.emerging.patterns.Pattern` of each place, ``(*places)``; ``NONE`` outside.
        z: Gi* of each slice, ``(time, *places)``; NaN outside and for islands.
        p_fdr: Its p, adjusted for all places and slices, ``(time, *places)``.
        trend: Mann-Kendall trend of ``z``, ``(*places)``.
    """

    pattern: npt.NDArray[np.int8]
    z: Floats
    p_fdr: Floats
    trend: Trend

    @property
    def bands(self) -> dict[str, Floats]:
        """What a raster or layer of the result holds, by name; ``z`` and ``p_fdr`` are of the final slice."""
        tested = np.isfinite(self.z[-1])
        return {
            "pattern": np.where(tested, self.pattern, np.nan),
            "z": self.z[-1],
            "p_fdr": self.p_fdr[-1],
            "trend_z": self.trend.z,
            "trend_p": self.trend.p,
        }


def find_emerging(
    counts: npt.ArrayLike, neighborhood: Neighborhood, *, settings: EmergingSettings | None = None
) -> EmergingHotSpots:
    """Find emerging hot and cold spots.

    Gi* of a place in a slice sums over the place and its neighbors in that slice and the ``past_slices`` before
    it; then a Mann-Kendall test follows each place's Gi* through time. Slices before the first are not made up:
    the first ones sum over fewer.

    Where not to use: fewer than 10 slices (a trend needs them), or slices with hardly any incidents (Gi* takes
    its sums as normal); take longer slices, larger cells or a wider neighborhood.

    Args:
        counts: Incidents, ``(time, *places)``, finite inside.
        neighborhood: Who neighbors whom.
        settings: How the cube is read.

    Returns:
        The patterns, with Gi*, adjusted p and trend.

    Raises:
        DataError: Another shape, fewer than 2 slices, or counts that are not finite.
        ConfigError: ``past_slices`` is negative, or a level not between 0 and 1.

    Reference:
        Esri, How Emerging Hot Spot Analysis works, ArcGIS Pro documentation. Gi* and trend: see
        :func:`hotspots.local.gi_star.gi_star` and :func:`hotspots.emerging.trend.mann_kendall`.
    """
    chosen = _check_settings(settings or EmergingSettings())
    cube = _check_cube(counts, neighborhood)
    z = _gi_star_of_slices(cube, neighborhood, chosen)
    p_fdr = control_false_discovery(normal_p(z, Alternative.TWO_SIDED))
    trend = mann_kendall(z)
    history = np.where(p_fdr <= chosen.level, np.sign(np.nan_to_num(z)), 0).astype(np.int8)
    moving = np.where(trend.p <= chosen.trend_level, np.sign(np.nan_to_num(trend.score)), 0).astype(np.int8)
    return EmergingHotSpots(name_patterns(history, moving), z, p_fdr, trend)


def _gi_star_of_slices(cube: Floats, neighborhood: Neighborhood, settings: EmergingSettings) -> Floats:
    """Gi* of each place in each slice, ``(time, *places)``."""
    inside, past = neighborhood.inside, settings.past_slices
    sums = _sum_past(cube + neighborhood.add_neighbors(cube), past)
    slices = np.minimum(np.arange(len(cube)), past) + 1
    counted = np.multiply.outer(slices, neighborhood.neighbors + 1)
    if settings.reference is Reference.ENTIRE_CUBE:
        z = standardise_sums(sums, counted, population=cube[:, inside])
    else:
        z = np.stack(
            [
                standardise_sums(sums[t], counted[t], population=cube[max(t - past, 0) : t + 1, inside])
                for t in range(len(cube))
            ]
        )
    return np.where(inside & (neighborhood.neighbors > 0), z, np.nan)


def _sum_past(values: Floats, past: int) -> Floats:
    """Sum each slice and up to so many before it."""
    sums = values.copy()
    for lag in range(1, min(past, len(values) - 1) + 1):
        sums[lag:] += values[:-lag]
    return sums


def _check_cube(counts: npt.ArrayLike, neighborhood: Neighborhood) -> Floats:
    """Counts as float64, 0 outside."""
    given, inside = np.asarray(counts, dtype=np.float64), neighborhood.inside
    if given.shape[1:] != inside.shape or len(given) < 2:
        raise DataError(
            f"Expected at least 2 slices of places of shape {inside.shape}. Received: {given.shape}. "
            "Count on the same cells or areas as the neighborhood, over a longer period."
        )
    known: Bools = np.isfinite(given) | ~inside
    if not known.all():
        raise DataError(
            f"Expected finite counts. Received: {int((~known).sum())} that are not. "
            "Fill in 0 where nothing was reported, and leave out slices that the source does not cover."
        )
    return np.where(inside, given, 0.0)


def _check_settings(settings: EmergingSettings) -> EmergingSettings:
    """Refuse settings out of range."""
    if settings.past_slices < 0 or not (0 < settings.level < 1 and 0 < settings.trend_level < 1):
        raise ConfigError(
            f"Expected past_slices >= 0 and levels between 0 and 1. Received: {settings.past_slices}, "
            f"{settings.level} and {settings.trend_level}. Try 1, 0.05 and 0.05."
        )
    return settings
