"""What the history of a place as a hot or cold spot amounts to: one of 17 published patterns.

Histories are ``(time, ...)`` of +1 (significant hot spot), -1 (cold spot) and 0.
"""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hotspots.points import Bools, Ints

Histories = npt.NDArray[np.int8]


class Pattern(IntEnum):
    """Patterns; those of cold spots are negative."""

    NONE = 0
    NEW_HOT = 1
    CONSECUTIVE_HOT = 2
    INTENSIFYING_HOT = 3
    PERSISTENT_HOT = 4
    DIMINISHING_HOT = 5
    SPORADIC_HOT = 6
    OSCILLATING_HOT = 7
    HISTORICAL_HOT = 8
    NEW_COLD = -1
    CONSECUTIVE_COLD = -2
    INTENSIFYING_COLD = -3
    PERSISTENT_COLD = -4
    DIMINISHING_COLD = -5
    SPORADIC_COLD = -6
    OSCILLATING_COLD = -7
    HISTORICAL_COLD = -8

    @property
    def title(self) -> str:
        """Name for a legend, e.g. ``New hot spot``."""
        return "No pattern" if self is Pattern.NONE else self.name.replace("_", " ").capitalize() + " spot"


def name_patterns(histories: Histories, trend: Histories) -> npt.NDArray[np.int8]:
    """Name the pattern of each place, by the published definitions.

    For hot spots (cold ones alike, with the signs turned):

    - new: hot in the final slice, and never before.
    - consecutive: one unbroken run of at least two hot slices up to the final one, never hot before it, and hot
      in less than 90% of all.
    - intensifying: hot in at least 90%, the final one among them, with a significant rise of the clustering.
    - persistent: hot in at least 90%, without a significant trend.
    - diminishing: hot in at least 90%, the final one among them, with a significant fall.
    - sporadic: hot in the final slice and on and off before, in less than 90%, and never cold.
    - oscillating: hot in the final slice, cold in an earlier one, and hot in less than 90%.
    - historical: not hot in the final slice, but in at least 90% of all.

    The published words fit two patterns at once in two cases, which are settled so: a place that is hot in the
    final slice or run for the first time and was cold before is new or consecutive, as these come first in the
    published list; one that is hot in 90% but not in the final slice is historical, whether it has a trend or
    not.

    Args:
        histories: ``(time, ...)`` of +1, -1 and 0.
        trend: +1 where clustering rises significantly, -1 where it falls, else 0, ``(...)``.

    Returns:
        :class:`Pattern` of each place, int8 ``(...)``.

    Reference:
        Esri, How Emerging Hot Spot Analysis works, ArcGIS Pro documentation.

    Example:
        >>> history = np.array([[0, 1, -1], [0, 0, 0], [1, 1, 1]], dtype=np.int8)
        >>> [Pattern(code).name for code in name_patterns(history, np.zeros(3, dtype=np.int8))]
        ['NEW_HOT', 'SPORADIC_HOT', 'NEW_HOT']
    """
    hot, cold = _name_hot(histories, trend), _name_hot(-histories, -trend)
    # Where a place is both, such as formerly hot and newly cold, the pattern that is published first counts.
    both = (hot > 0) & (cold > 0)
    is_cold = np.where(both, cold < hot, cold > 0)
    return np.where(is_cold, -cold, hot).astype(np.int8)


def _name_hot(histories: Histories, trend: Histories) -> Ints:
    """Pattern of each place as a hot spot, 0 where it is none."""
    hot = histories > 0
    slices, times = len(hot), np.count_nonzero(hot, axis=0)
    final = hot[-1]
    mostly = 10 * times >= 9 * slices
    run = _final_run(hot)
    once_cold = (histories < 0).any(axis=0)
    tests: list[tuple[Pattern, Bools]] = [
        (Pattern.NEW_HOT, final & (times == 1)),
        (Pattern.CONSECUTIVE_HOT, (run >= 2) & (run == times) & ~mostly),
        (Pattern.INTENSIFYING_HOT, mostly & final & (trend > 0)),
        (Pattern.PERSISTENT_HOT, mostly & final & (trend == 0)),
        (Pattern.DIMINISHING_HOT, mostly & final & (trend < 0)),
        (Pattern.SPORADIC_HOT, final & ~mostly & ~once_cold),
        (Pattern.OSCILLATING_HOT, final & ~mostly & once_cold),
        (Pattern.HISTORICAL_HOT, mostly & ~final),
    ]
    return np.select([test for _, test in tests], [int(pattern) for pattern, _ in tests], default=0)


def _final_run(hot: Bools) -> Ints:
    """Number of unbroken hot slices up to the final one."""
    broken = ~hot[::-1]
    return np.where(broken.any(axis=0), broken.argmax(axis=0), len(hot))
