"""A forecast from several decaying heat maps at once: the city's level, shared out by Poisson regression."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from incidents.errors import ConfigError
from verify.checks import Floats
from verify.panel.events import TARGET, PlaceEvents
from verify.panel.level import CityLevel, fit_level
from verify.panel.panel import Panel, check_history
from verify.panel.periods import Periods
from verify.panel.poisson import PoissonFit, fit_poisson
from verify.panel.prospective import kernel_rates, last_days
from verify.panel.training_rows import choose_rows
from verify.panel.units import PlaceUnits

Columns = Iterator[Floats]


@dataclass(frozen=True)
class LogLinearHistories:
    """The log of a unit's share of the city as a weighted sum of the logs of several heat maps' shares.

    Weights of one sum to about one where the heat maps tell the truth: 0.3 on the last four weeks says that a
    tenfold recent share doubles the risk. How much the whole city is to expect is ``verify.panel.level``'s part.

    Args:
        name: Name in reports.
        bandwidths_m: Of the Gaussians.
        half_lives_days: Each is combined with each bandwidth; infinite is all history.
        helper_half_lives_days: Of the events of other kinds, where the record has any, at the widest bandwidth.
        train_days: The model learns from the last days of the history.
        most_quiet: Rows without an event to learn from.
        l2: Penalty on the standardised coefficients.
    """

    name: str = "log-linear histories"
    bandwidths_m: tuple[float, ...] = (150.0, 500.0)
    half_lives_days: tuple[float, ...] = (7.0, 28.0, 112.0, 448.0, float("inf"))
    helper_half_lives_days: tuple[float, ...] = (28.0, float("inf"))
    train_days: int = 728
    most_quiet: int = 200_000
    l2: float = 10.0

    def __post_init__(self) -> None:
        if not self.bandwidths_m or not self.half_lives_days or self.train_days < 1:
            raise ConfigError(
                f"Expected a bandwidth, a half-life and days to learn from. Received: {self.bandwidths_m}, "
                f"{self.half_lives_days} and {self.train_days}. Name one or more of each."
            )

    def fit(self, history: Panel) -> "FittedLogLinearHistories":
        """Learn the weights; see ``PlaceBaseline.fit``."""
        check_history(history)
        level = fit_level(history)
        recent = history.during(last_days(history.periods, self.train_days))
        rows = choose_rows(recent.counts(), most_quiet=self.most_quiet)
        table = np.column_stack([column[rows.period, rows.unit] for column in self.columns(recent)])
        offset = np.log(level.expected(recent.events, recent.periods))[rows.period]
        fit = fit_poisson(table, rows.count, l2=self.l2, offset=offset, weights=rows.weight)
        return FittedLogLinearHistories(self, history.units, level, fit)

    def columns(self, panel: Panel) -> Columns:
        """Logs of the shares of the city, each (p, u), up to a constant."""
        for bandwidth in self.bandwidths_m:
            yield from _logs(panel, bandwidth, self.half_lives_days, kind=TARGET)
        for kind in range(1, len(panel.events.kinds)):
            yield from _logs(panel, max(self.bandwidths_m), self.helper_half_lives_days, kind=kind)


@dataclass(frozen=True)
class FittedLogLinearHistories:
    """A fitted ``LogLinearHistories``."""

    settings: LogLinearHistories
    units: PlaceUnits
    level: CityLevel
    regression: PoissonFit

    @property
    def name(self) -> str:
        """Name in reports."""
        return self.settings.name

    @property
    def findings(self) -> Mapping[str, float]:
        """Weight of each heat map, bandwidths outermost, and the half-life of the level."""
        weights = self.regression.coefficients / self.regression.scale
        named = {f"weight {number}": float(weight) for number, weight in enumerate(weights)}
        return {**named, "level_half_life_days": self.level.half_life_days}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        asked = Panel(self.name, events, self.units, periods)
        columns = [column.ravel() for column in self.settings.columns(asked)]
        offset = np.repeat(np.log(self.level.expected(events, periods)), len(self.units))
        return self.regression.expected(np.column_stack(columns), offset=offset).reshape(asked.shape)


def _logs(panel: Panel, bandwidth_m: float, half_lives_days: tuple[float, ...], *, kind: int) -> Columns:
    rates = kernel_rates(panel, bandwidth_m=bandwidth_m, half_lives_days=half_lives_days, kind=kind)
    return (np.log(rate / rate.mean(axis=1, keepdims=True)) for rate in rates)
