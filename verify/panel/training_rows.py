"""Which rows of a panel a model learns from: all with an event, and some of the many without, weighted up."""

from dataclasses import dataclass

import numpy as np

from verify.checks import Floats, Integers
from verify.panel.panel import Counts

GOLDEN_RATIO = 0.5 * (np.sqrt(5.0) - 1.0)


@dataclass(frozen=True)
class TrainingRows:
    """Chosen rows of a ``(period, unit)`` matrix, (n,).

    Args:
        period: Their periods.
        unit: Their units.
        count: Their events.
        weight: How many rows each stands for.
    """

    period: Integers
    unit: Integers
    count: Floats
    weight: Floats

    def __len__(self) -> int:
        return self.period.size


def choose_rows(counts: Counts, *, most_quiet: int) -> TrainingRows:
    """Choose every row with an event, and about ``most_quiet`` of the others, spread evenly and without chance.

    A row without an event is taken when the fractional part of its number times the golden ratio is small:
    such rows lie evenly among periods and units alike, whatever the length of a row of the matrix.

    Args:
        counts: (p, u).
        most_quiet: Rows without an event to keep, about; all where there are fewer.
    """
    flat = counts.ravel()
    quiet = np.flatnonzero(flat == 0)
    share = min(1.0, most_quiet / max(quiet.size, 1))
    kept = quiet[np.mod(quiet * GOLDEN_RATIO, 1.0) < share]
    row = np.sort(np.concatenate([np.flatnonzero(flat), kept]))
    weight = np.where(flat[row] > 0, 1.0, quiet.size / max(kept.size, 1))
    period, unit = np.divmod(row, counts.shape[1])
    return TrainingRows(period, unit, flat[row].astype(np.float64), weight)
