"""By what factor a period's calendar raises or lowers its rate: hour of the week, and season of the year."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError
from verify.checks import Floats, Integers
from verify.panel.events import PlaceEvents
from verify.panel.interface import FittedPlaceBaseline, PlaceBaseline
from verify.panel.panel import Panel, check_history
from verify.panel.periods import Periods
from verify.panel.poisson import fit_poisson

DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class Rhythm:
    """Factors on a rate, with mean 1 over the hours that they were learned from.

    Args:
        by_hour: Of each hour of the week in which a period may start, (168,).
        season: Coefficients of cosine and sine of the day of the year, on the log scale, (2,).
        scale: What makes the mean 1.
    """

    by_hour: Floats
    season: Floats
    scale: float

    def factor(self, periods: Periods) -> Floats:
        """Factor of each period, (p,)."""
        return self.scale * self.by_hour[periods.hour_of_week] * self.season_factor(periods.day_of_year)

    def season_factor(self, day_of_year: npt.ArrayLike) -> Floats:
        """Factor of days of the year, in any shape; days before the first count down from it."""
        return np.asarray(np.exp(_waves(day_of_year) @ self.season), dtype=np.float64)


def fit_rhythm(history: Panel, *, prior_events: float = 50.0, season: bool = True) -> Rhythm:
    """Learn the rhythm of the whole city.

    The factor of each hour of the week is drawn towards that of its hour of the day, and that towards 1, each
    as if by ``prior_events`` more events. A season needs a record of a year or more; with less it is left out.

    Args:
        history: As of the split.
        prior_events: Weight of the coarser factor, > 0.
        season: Whether to learn a yearly wave.

    Raises:
        NoPositivesError: The history holds no event.
        ConfigError: ``prior_events`` is not above 0.
    """
    if not prior_events > 0.0:
        raise ConfigError(f"Expected prior_events > 0. Received: {prior_events}. Use 50.")
    events, periods = check_history(history).sum(axis=1).astype(np.float64), history.periods
    slot, even = periods.hour_of_week, periods.hours * events.sum() / periods.hours.sum()
    of_day = _smooth(slot % 24, events, even, prior_events=prior_events, coarser=np.ones(24))
    by_hour = _smooth(slot, events, even, prior_events=prior_events, coarser=np.tile(of_day, 7))
    waves = np.zeros(2)
    if season and (periods.stop[-1] - periods.start[0]) >= np.timedelta64(364, "D"):
        fit = fit_poisson(_waves(periods.day_of_year), events, offset=np.log(even * by_hour[slot]))
        waves = fit.coefficients / fit.scale
    raw = Rhythm(by_hour, waves, 1.0)
    return Rhythm(by_hour, waves, float(periods.hours.sum() / (raw.factor(periods) @ periods.hours)))


@dataclass(frozen=True)
class WithRhythm:
    """A forecaster of places times the rhythm of the city.

    Args:
        baseline: Says where.
        season: Whether the rhythm has a yearly wave; leave it out where the baseline follows recent levels.
        suffix: Added to the name.
    """

    baseline: PlaceBaseline
    season: bool = True
    suffix: str = " x rhythm"

    @property
    def name(self) -> str:
        """Name in reports."""
        return self.baseline.name + self.suffix

    def fit(self, history: Panel) -> "FittedWithRhythm":
        """Learn both; see ``PlaceBaseline.fit``."""
        return FittedWithRhythm(
            self.name, self.baseline.fit(history), fit_rhythm(history, season=self.season)
        )


@dataclass(frozen=True)
class FittedWithRhythm:
    """A fitted ``WithRhythm``."""

    name: str
    baseline: FittedPlaceBaseline
    rhythm: Rhythm

    @property
    def findings(self) -> Mapping[str, float]:
        """Those of the baseline, and the swing of the season."""
        return {**self.baseline.findings, "season_swing": float(np.hypot(*self.rhythm.season))}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        return self.baseline.expected(events, periods) * self.rhythm.factor(periods)[:, None]


def _smooth(slot: Integers, events: Floats, even: Floats, *, prior_events: float, coarser: Floats) -> Floats:
    found, wanted = (np.bincount(slot, weights=given, minlength=coarser.size) for given in (events, even))
    return np.asarray((found + prior_events * coarser) / (wanted + prior_events), dtype=np.float64)


def _waves(day_of_year: npt.ArrayLike) -> Floats:
    """Cosine and sine of the day of the year, in a new last axis."""
    phase = 2.0 * np.pi * np.asarray(day_of_year, dtype=np.float64) / DAYS_OF_YEAR
    return np.stack([np.cos(phase), np.sin(phase)], axis=-1)
