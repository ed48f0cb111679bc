"""The one way in which every forecaster of places is fitted and asked.

A forecaster sees the past through ``Panel.as_of`` when it is fitted, and through each period's issue time when
it is asked: what became known since the fit moves its state forward, but not its parameters.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from verify.checks import Floats
from verify.panel.events import PlaceEvents
from verify.panel.panel import Panel
from verify.panel.periods import Periods


class FittedPlaceBaseline(Protocol):
    """A forecaster that has learned from what was known at the split."""

    @property
    def name(self) -> str:
        """Name in reports."""
        ...

    @property
    def findings(self) -> Mapping[str, float]:
        """What was chosen or estimated, for the record of a fold."""
        ...

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected number of target events in each unit, (p, u), >= 0.

        Args:
            events: The record; a period's forecast uses what was known at its issue, and nothing later.
            periods: Periods to forecast, not necessarily those of the fit.
        """
        ...


class PlaceBaseline(Protocol):
    """Settings of a forecaster, not yet fitted: a frozen dataclass, so that a backtest can tell it changed."""

    @property
    def name(self) -> str:
        """Name in reports."""
        ...

    def fit(self, history: Panel) -> FittedPlaceBaseline:
        """Learn from a history.

        Args:
            history: As of the split.

        Raises:
            NoPositivesError: The history holds no event.
        """
        ...


def probability_of_any(expected: Floats) -> Floats:
    """Probability of one event or more, if counts are Poisson: ``1 - exp(-expected)``."""
    return np.asarray(-np.expm1(-expected), dtype=np.float64)
