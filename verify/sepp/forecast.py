"""The self-exciting point process as a forecaster of places: a background, and what recent events add to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from incidents.errors import ConfigError
from verify.checks import Floats
from verify.panel.events import NOWHERE, TARGET, PlaceEvents, days_between
from verify.panel.histories import decayed_sums
from verify.panel.kernels import spread_over_units
from verify.panel.panel import Panel, check_history
from verify.panel.periods import Periods
from verify.panel.rhythm import Rhythm, fit_rhythm
from verify.panel.units import PlaceUnits
from verify.sepp.background import EVEN_SHARE
from verify.sepp.fit import SeppFit, SeppSettings, fit_sepp
from verify.sepp.pattern import PointPattern
from verify.sepp.triggering import Triggering


@dataclass(frozen=True)
class SelfExciting:
    """A self-exciting point process, fitted by EM; see ``verify.sepp.fit``.

    What arises within a period triggers too, and is counted where its parent lies.

    Args:
        name: Name in reports.
        precursors: Other kinds of event that may trigger the target, by the record's names.
        settings: Of the fit.
    """

    name: str = "self-exciting"
    precursors: tuple[str, ...] = ()
    settings: SeppSettings = field(default_factory=SeppSettings)

    def fit(self, history: Panel) -> "FittedSelfExciting":
        """Fit background and triggering; see ``PlaceBaseline.fit``."""
        check_history(history)
        rhythm = fit_rhythm(history)
        events = _place(history.events, history.units, self.precursors)
        ended = events.pick((events.time >= events.since) & (events.time < history.periods.stop[-1]))
        fit = fit_sepp(_pattern(ended, history.periods, rhythm), history.units, settings=self.settings)
        background = _share_of_units(ended.of_kind(TARGET), fit, history.units)
        return FittedSelfExciting(self.name, self.precursors, history.units, rhythm, background, fit)


@dataclass(frozen=True)
class FittedSelfExciting:
    """A fitted ``SelfExciting``; ``background`` is the share of each unit, (u,)."""

    name: str
    precursors: tuple[str, ...]
    units: PlaceUnits
    rhythm: Rhythm
    background: Floats
    process: SeppFit

    @property
    def findings(self) -> Mapping[str, float]:
        """Parameters of the process, with the 95% interval of those of the target."""
        spread = {
            f"{name} {end}": getattr(interval, end)
            for name, interval in self.process.intervals().items()
            for end in ("value", "lo", "hi")
        }
        return {
            "background_per_day": self.process.background_per_day,
            "background_m": self.process.bandwidth_m,
            "log_likelihood": self.process.log_likelihood,
            **spread,
        }

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        triggering = self.process.triggering
        start, stop = (days_between(periods.issue, end) for end in (periods.start, periods.stop))
        arising = self.process.background_per_day * self.rhythm.factor(periods)
        arising = arising * triggering.response(float("inf"), start, stop)
        added = self._excitation(_place(events, self.units, self.precursors), periods, triggering)
        total = arising[:, None] * self.background
        for decay, rates in zip(triggering.decay_days, added, strict=True):
            total += triggering.response(float(decay), start, stop)[:, None] * rates
        return np.asarray(total, dtype=np.float64)

    def _excitation(self, events: PlaceEvents, periods: Periods, triggering: Triggering) -> list[Floats]:
        """Rate per day that past parents of each kind still add at each issue, each (p, u)."""
        rates = []
        for kind in range(triggering.kinds):
            parents = events.of_kind(kind)
            sigma, decay = float(triggering.sigma_m[kind]), float(triggering.decay_days[kind])
            spread = spread_over_units(parents.points, parents.unit, self.units, bandwidth_m=sigma)
            sums = decayed_sums(spread, parents, periods, half_life_days=decay * np.log(2.0))
            rates.append(triggering.productivity[kind] / decay * sums)
        return rates


def _place(events: PlaceEvents, units: PlaceUnits, precursors: tuple[str, ...]) -> PlaceEvents:
    """Events that may trigger, in the units, those without coordinates in the middle of theirs.

    Raises:
        ConfigError: The record has no such kind.
    """
    kinds = (events.kinds[TARGET], *precursors)
    unknown = sorted(set(kinds) - set(events.kinds))
    if unknown:
        raise ConfigError(
            f"Expected precursors among {', '.join(events.kinds)}. Received: {', '.join(unknown)}. "
            "Name kinds of the record."
        )
    number = np.array([kinds.index(kind) if kind in kinds else NOWHERE for kind in events.kinds])
    inside = events.pick((events.unit != NOWHERE) & (number[events.kind] >= 0))
    known = np.isfinite(inside.points).all(axis=1, keepdims=True)
    points = np.where(known, inside.points, units.centre[inside.unit])
    return replace(inside, points=points, kind=number[inside.kind], kinds=kinds)


def _pattern(events: PlaceEvents, periods: Periods, rhythm: Rhythm) -> PointPattern:
    within = periods.containing(events.time)
    return PointPattern(
        days=days_between(events.since, events.time),
        points=events.points,
        kind=events.kind,
        rhythm=np.where(within >= 0, rhythm.factor(periods)[within], 1.0),
        kinds=len(events.kinds),
        span_days=float(days_between(events.since, periods.stop[-1])),
    )


def _share_of_units(targets: PlaceEvents, fit: SeppFit, units: PlaceUnits) -> Floats:
    """Share of the background that falls in each unit, (u,)."""
    spread = spread_over_units(targets.points, targets.unit, units, bandwidth_m=fit.bandwidth_m)
    share = np.asarray(fit.chances @ spread) / fit.chances.sum()
    even = units.area_m2 / units.area_m2.sum()
    return np.asarray((1.0 - EVEN_SHARE) * share + EVEN_SHARE * even, dtype=np.float64)
