"""What could be known at best: the true risk of a simulated city, or what really happened."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from incidents.errors import DataError
from verify.checks import Floats
from verify.panel.events import Instants, PlaceEvents
from verify.panel.panel import Panel
from verify.panel.periods import Periods


@dataclass(frozen=True)
class Oracle:
    """Expected counts that were not forecast but are known. No forecaster may be held to them as a baseline.

    Args:
        start: Starts of the periods, rising, (p,).
        truth: Expected counts in them, (p, u).
        name: Name in reports.
    """

    start: Instants
    truth: Floats
    name: str = "oracle"

    @classmethod
    def of_outcomes(cls, panel: Panel) -> "Oracle":
        """The oracle that knows what happened: the ceiling of every hotspot score."""
        return cls(panel.periods.start, panel.counts().astype(np.float64))

    def fit(self, history: Panel) -> "Oracle":
        """Itself: there is nothing to learn."""
        del history
        return self

    @property
    def findings(self) -> Mapping[str, float]:
        """Nothing was chosen."""
        return {}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """The truth of the periods asked for, (p, u).

        Raises:
            DataError: It does not hold one of them.
        """
        del events
        index = np.minimum(np.searchsorted(self.start, periods.start), self.start.size - 1)
        if not np.array_equal(self.start[index], periods.start):
            raise DataError("Expected periods that the oracle knows. Received: others. Give it all periods.")
        return self.truth[index]
