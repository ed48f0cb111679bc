"""Which events could have triggered which: a pattern of points in space and time, and its pairs.

Times are days since the start of the record; points are metres, ``(n, 2)``, x first.
"""

from dataclasses import dataclass

import numpy as np

from incidents.errors import DataError
from verify.checks import Bools, Floats, Integers

TARGET = 0


@dataclass(frozen=True)
class PointPattern:
    """Events in the order of time, (n,).

    Args:
        days: When, in [0, span_days).
        points: Where; finite.
        kind: 0 for the target, which is triggered; parents may be of any kind.
        rhythm: Factor on the background rate at each event, > 0, with mean 1 over the span.
        kinds: Number of kinds.
        span_days: Length of the record.

    Raises:
        DataError: Shapes differ, times fall back or leave the span, a value is not finite, or there are fewer
            than 10 events of the target.
    """

    days: Floats
    points: Floats
    kind: Integers
    rhythm: Floats
    kinds: int
    span_days: float

    def __post_init__(self) -> None:
        count = self.days.size
        if not self.points.shape == (count, 2) or not self.kind.shape == self.rhythm.shape == (count,):
            raise DataError(
                f"Expected {count} points, kinds and rhythms. Received: {self.points.shape}, {self.kind.shape} and "
                f"{self.rhythm.shape}. Align them."
            )
        if int(np.count_nonzero(self.is_target)) < 10:
            raise DataError(
                "Expected 10 events of the target or more. Received: fewer. Take a longer record."
            )
        rising = bool((np.diff(self.days) >= 0.0).all())
        if not rising or not 0.0 <= self.days[0] <= self.days[-1] < self.span_days:
            raise DataError(
                f"Expected rising days in [0, {self.span_days:g}). Received: {self.days[0]:g} to {self.days[-1]:g}. "
                "Sort them, and count from the start of the record."
            )
        if not bool(np.isfinite(self.points).all() and (self.rhythm > 0.0).all()):
            raise DataError(
                "Expected finite points, and rhythms above 0. Received: others. Drop those events."
            )

    @property
    def is_target(self) -> Bools:
        """Which events are of the target, (n,)."""
        return np.asarray(self.kind == TARGET)


@dataclass(frozen=True)
class Pairs:
    """Pairs of a possible parent and a later event of the target, (m,).

    Args:
        child: Index among the events of the target.
        kind: Kind of the parent.
        days: From parent to child, > 0.
        squared_m2: Squared distance.
    """

    child: Integers
    kind: Integers
    days: Floats
    squared_m2: Floats


def find_pairs(pattern: PointPattern, *, longest_days: float, farthest_m: float) -> Pairs:
    """All pairs near enough in time and space for one to have triggered the other.

    Events at the very same instant are no pair: neither came first.

    Args:
        pattern: n events.
        longest_days: Longest waiting time.
        farthest_m: Longest distance.
    """
    from scipy.spatial import KDTree

    scale = np.array([longest_days, farthest_m, farthest_m])
    place = np.column_stack([pattern.days, pattern.points]) / scale
    targets = np.flatnonzero(pattern.is_target)
    # A box is sought, a little too large for rounding; the part before the child within the circle is kept.
    box = KDTree(place[targets]).sparse_distance_matrix(
        KDTree(place), 1.0 + 1e-9, p=np.inf, output_type="ndarray"
    )
    child, parent = box["i"].astype(np.int64), box["j"].astype(np.int64)
    days = pattern.days[targets[child]] - pattern.days[parent]
    squared = np.square(pattern.points[targets[child]] - pattern.points[parent]).sum(axis=1)
    kept = np.flatnonzero((days > 0.0) & (days <= longest_days) & (squared <= farthest_m**2))
    kept = kept[np.lexsort((parent[kept], child[kept]))]
    return Pairs(child[kept], pattern.kind[parent[kept]], days[kept], squared[kept])
