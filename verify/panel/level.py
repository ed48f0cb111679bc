"""How many events the whole city is to expect, from what it saw lately and the calendar; and maps scaled to it.

A map learned over years says where; when the city's level moves, its sum is wrong for every unit alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from verify.checks import Floats
from verify.panel.events import TARGET, PlaceEvents
from verify.panel.histories import decayed_sums, in_one_place
from verify.panel.interface import FittedPlaceBaseline, PlaceBaseline
from verify.panel.panel import Panel, check_history
from verify.panel.periods import Periods
from verify.panel.prospective import last_days
from verify.panel.rhythm import Rhythm, fit_rhythm

HALF_LIVES_DAYS = (7.0, 14.0, 28.0, 56.0, 112.0, 224.0, 448.0, float("inf"))
INNER_DAYS = 364
FORGOTTEN = 10.0
"""Half-lives after which what happened no longer counts."""


@dataclass(frozen=True)
class CityLevel:
    """Recent rate of the city, freed from the season, times the rhythm of the period.

    Args:
        half_life_days: Age at which an event counts half.
        rhythm: Of the city.
    """

    half_life_days: float
    rhythm: Rhythm

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected events of the target in all units together, (p,), as known at each issue."""
        targets = events.of_kind(TARGET)
        sums = decayed_sums(in_one_place(targets), targets, periods, half_life_days=self.half_life_days)[:, 0]
        daily = (sums + 0.5) / self._seasonal_days(events, periods)
        return daily * self.rhythm.factor(periods) * periods.hours / 24.0

    def _seasonal_days(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Days of record at each issue, counted with their weight and season, (p,)."""
        record = np.maximum((periods.issue - events.since) / np.timedelta64(1, "D"), 1.0)
        longest = int(min(record.max(), FORGOTTEN * self.half_life_days)) + 1
        # The season repeats, so days of record are added up once for each day of the year.
        age = np.arange(longest) + 0.5
        weight = np.exp2(-age / self.half_life_days)
        days, which = np.unique(periods.day_of_year, return_inverse=True)
        weighted = np.cumsum(weight * self.rhythm.season_factor(days[:, None] - age), axis=1)
        whole = np.minimum(record.astype(np.int64), longest) - 1
        return np.asarray(weighted[which, whole], dtype=np.float64)


def fit_level(history: Panel, *, half_lives_days: tuple[float, ...] = HALF_LIVES_DAYS) -> CityLevel:
    """Choose the half-life by Poisson likelihood on the last year of the history, each period as of its issue.

    Raises:
        NoPositivesError: The history holds no event.
    """
    check_history(history)
    rhythm = fit_rhythm(history)
    inner = history.during(last_days(history.periods, INNER_DAYS))
    counts = inner.counts().sum(axis=1)

    def score(level: CityLevel) -> float:
        expected = level.expected(inner.events, inner.periods)
        return float(counts @ np.log(expected) - expected.sum())

    return max((CityLevel(half_life, rhythm) for half_life in half_lives_days), key=score)


@dataclass(frozen=True)
class WithLevel:
    """A forecaster of places whose sum over all units is that of the city's level.

    Args:
        baseline: Says where.
        suffix: Added to the name.
    """

    baseline: PlaceBaseline
    suffix: str = " x level"

    @property
    def name(self) -> str:
        """Name in reports."""
        return self.baseline.name + self.suffix

    def fit(self, history: Panel) -> "FittedWithLevel":
        """Learn both; see ``PlaceBaseline.fit``."""
        return FittedWithLevel(self.name, self.baseline.fit(history), fit_level(history))


@dataclass(frozen=True)
class FittedWithLevel:
    """A fitted ``WithLevel``."""

    name: str
    baseline: FittedPlaceBaseline
    level: CityLevel

    @property
    def findings(self) -> Mapping[str, float]:
        """Those of the baseline, and the half-life of the level."""
        return {**self.baseline.findings, "level_half_life_days": self.level.half_life_days}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        places = self.baseline.expected(events, periods)
        scale = self.level.expected(events, periods) / places.sum(axis=1)
        return np.asarray(places * scale[:, None], dtype=np.float64)
