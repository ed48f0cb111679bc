"""A forecast from what was reported lately: the count of the last days, drawn towards the map of all history."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from incidents.errors import ConfigError
from verify.checks import Floats, Integers
from verify.panel.events import TARGET, PlaceEvents, days_between
from verify.panel.histories import effective_days, in_own_unit, windowed_sums
from verify.panel.panel import Panel, check_history
from verify.panel.periods import Periods
from verify.panel.shrinkage import choose_shape, draw_towards
from verify.panel.static import FixedRates, StaticMap


@dataclass(frozen=True)
class RecentWindow:
    """The rate of each unit over the last ``days``.

    A week alone would say 0 nearly everywhere, so the count is drawn towards the static map, as far as counts
    of such windows have scattered around it before.

    Args:
        days: Length of the window.
    """

    days: int = 28

    def __post_init__(self) -> None:
        if self.days < 1:
            raise ConfigError(f"Expected a window of 1 day or more. Received: {self.days}. Use 28.")

    @property
    def name(self) -> str:
        """Name in reports."""
        return f"last {self.days} days"

    def fit(self, history: Panel) -> "FittedRecentWindow":
        """Learn the static map and how far to follow the window; see ``PlaceBaseline.fit``."""
        check_history(history)
        static = StaticMap().fit(history)
        sample = history.periods.rows(_apart(history, self.days))
        if not len(sample):
            return FittedRecentWindow(self.name, self.days, static, shape=float("inf"))
        counts, days = _count_window(history.events, sample, self.days, units=len(history.units))
        means = static.per_hour * 24.0 * days[:, None]
        return FittedRecentWindow(self.name, self.days, static, choose_shape(counts, means))


@dataclass(frozen=True)
class FittedRecentWindow:
    """A fitted ``RecentWindow``; an infinite ``shape`` leaves the static map as it is."""

    name: str
    days: int
    static: FixedRates
    shape: float

    @property
    def findings(self) -> Mapping[str, float]:
        """How many events the static map is worth."""
        return {"prior_events": self.shape}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        if np.isinf(self.shape):
            return self.static.expected(events, periods)
        per_hour = self.static.per_hour
        counts, days = _count_window(events, periods, self.days, units=per_hour.size)
        means = per_hour * 24.0 * days[:, None]
        drawn = draw_towards(counts, means, shape=self.shape)
        return drawn * (periods.hours / (24.0 * days))[:, None]


def _count_window(events: PlaceEvents, periods: Periods, days: int, *, units: int) -> tuple[Floats, Floats]:
    """Events of the window at each issue, (p, u), and days of record in it, (p,)."""
    targets = events.of_kind(TARGET)
    counts = windowed_sums(in_own_unit(targets, units=units), targets, periods, window_days=days)
    return counts, effective_days(events, periods, window_days=days)


def _apart(history: Panel, days: int) -> Integers:
    """Periods whose windows lie within the record and do not overlap."""
    age = days_between(history.events.since, history.periods.issue)
    number = np.floor_divide(age, days).astype(np.int64)
    full = np.flatnonzero(number >= 1)
    return full[np.unique(number[full], return_index=True)[1]]
