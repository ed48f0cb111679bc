"""Forecasts without memory of the order of things: one rate for all units, and the map of all history."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from verify.checks import Floats
from verify.panel.events import TARGET, PlaceEvents
from verify.panel.histories import decayed_sums, effective_days, in_own_unit
from verify.panel.panel import Panel, check_history
from verify.panel.periods import Periods
from verify.panel.shrinkage import Surroundings, learn_surroundings


@dataclass(frozen=True)
class Constant:
    """The mean rate of a unit, for every unit and period."""

    name: str = "constant"

    def fit(self, history: Panel) -> "FixedRates":
        """Learn the mean rate; see ``PlaceBaseline.fit``."""
        counts = check_history(history)
        rate = counts.sum() / (history.periods.hours.sum() * counts.shape[1])
        return FixedRates(self.name, np.full(counts.shape[1], rate), {})


@dataclass(frozen=True)
class StaticMap:
    """The rate of each unit over all history before the split, drawn towards that of its group.

    How far is decided by the data: the scatter of units within their group (empirical Bayes).
    """

    name: str = "static map"

    def fit(self, history: Panel) -> "FixedRates":
        """Learn one rate per unit; see ``PlaceBaseline.fit``."""
        counts = check_history(history).sum(axis=0).astype(np.float64)
        surroundings = learn_surroundings(counts, history.units)
        rates = surroundings.draw(counts[None])[0] / history.periods.hours.sum()
        return FixedRates(self.name, rates, {"prior_events": surroundings.of_unit})


@dataclass(frozen=True)
class FixedRates:
    """Rates per hour that do not depend on the period, (u,)."""

    name: str
    per_hour: Floats
    findings: Mapping[str, float]

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        del events
        return periods.hours[:, None] * self.per_hour


@dataclass(frozen=True)
class MapToDate:
    """The static map, redrawn at each issue with what is known by then."""

    name: str = "map to date"

    def fit(self, history: Panel) -> "FittedMapToDate":
        """Learn how far to draw; see ``PlaceBaseline.fit``."""
        counts = check_history(history).sum(axis=0).astype(np.float64)
        return FittedMapToDate(self.name, learn_surroundings(counts, history.units))


@dataclass(frozen=True)
class FittedMapToDate:
    """A fitted ``MapToDate``."""

    name: str
    surroundings: Surroundings

    @property
    def findings(self) -> Mapping[str, float]:
        """How many events the surroundings of a unit are worth."""
        return {"prior_events": self.surroundings.of_unit}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        targets, units = events.of_kind(TARGET), self.surroundings.units
        counts = decayed_sums(in_own_unit(targets, units=len(units)), targets, periods)
        days = effective_days(events, periods)
        return self.surroundings.draw(counts) * (periods.hours / (24.0 * days))[:, None]
