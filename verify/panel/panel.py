"""A question about many places and times: how many events in each unit in each period.

Matrices are ``(period, unit)``.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError, NoPositivesError
from verify.checks import Bools
from verify.panel.events import TARGET, PlaceEvents
from verify.panel.periods import Periods
from verify.panel.units import PlaceUnits

Counts = npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Panel:
    """Everything on record about a question.

    Args:
        question: In words: what, where, how long ahead.
        events: The record.
        units: Places.
        periods: Times.

    Raises:
        DataError: An event lies in a unit that does not exist.
    """

    question: str
    events: PlaceEvents
    units: PlaceUnits
    periods: Periods

    def __post_init__(self) -> None:
        unit = self.events.unit
        if unit.size and not (unit.min() >= -1 and unit.max() < len(self.units)):
            raise DataError(
                f"Expected units in [-1, {len(self.units)}). Received: {unit.min()} to {unit.max()}. Use -1 outside."
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of periods and units."""
        return len(self.periods), len(self.units)

    def as_of(self, instant: np.datetime64) -> "Panel":
        """What could be known at an instant: events on record by then, and periods that had ended.

        The last of these periods may lack events that were reported later.
        """
        ended = self.periods.stop <= instant
        return replace(self, events=self.events.known_by(instant), periods=self.periods.rows(ended))

    def during(self, which: slice | Bools) -> "Panel":
        """The same record with some of the periods."""
        return replace(self, periods=self.periods.rows(which))

    def counts(self) -> Counts:
        """Target events on record in each unit and period, (p, u)."""
        targets, periods = self.events.of_kind(TARGET), self.periods
        # Periods that contain an event are neighbours, since starts and stops both rise.
        first = np.searchsorted(periods.stop, targets.time, side="right")
        after = np.searchsorted(periods.start, targets.time, side="right")
        spans = np.maximum(after - first, 0)
        event = np.repeat(np.arange(len(targets)), spans)
        offset = np.arange(event.size) - np.repeat(np.cumsum(spans) - spans, spans)
        counts = np.zeros(self.shape, dtype=np.uint16)
        np.add.at(counts, (first[event] + offset, targets.unit[event]), 1)
        return counts


def check_history(history: Panel) -> Counts:
    """Counts of a history that something can be learned from.

    Raises:
        NoPositivesError: No period had ended, or none holds an event.
    """
    counts = history.counts()
    if not counts.any():
        raise NoPositivesError(
            f"Expected events to learn from. Received: none in {len(history.periods)} ended periods. "
            "Start the backtest later, or take more categories."
        )
    return counts
