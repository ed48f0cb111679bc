"""What a table of lags holds: each unit's own history, its neighbours', the city's, and the clock."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verify.checks import Floats
from verify.panel.events import TARGET
from verify.panel.histories import decayed_sums, effective_days, in_own_unit
from verify.panel.kernels import spread_over_units
from verify.panel.panel import Panel
from verify.panel.periods import Periods
from verify.panel.shrinkage import size_of_units

Table = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LagFeatures:
    """Which lags a table holds.

    Args:
        own_half_lives_days: Of the events of the target, and of every other kind, in the unit itself.
        near_half_lives_days: Of the same within reach of the unit.
        city_half_lives_days: Of the events of the target in the whole city.
        reach_m: Standard deviation of the Gaussian that gathers the neighbours.
    """

    own_half_lives_days: tuple[float, ...] = (7.0, 28.0, 91.0, 364.0, float("inf"))
    near_half_lives_days: tuple[float, ...] = (7.0, 28.0, 91.0, float("inf"))
    city_half_lives_days: tuple[float, ...] = (3.0, 14.0)
    reach_m: float = 1000.0

    def columns(self, panel: Panel) -> Iterator[Floats]:
        """Columns of the table, each broadcast to (p, u): logs of events a year, and the clock."""
        ground = np.log(size_of_units(panel.units) + 1e-9)
        yield np.broadcast_to(ground, panel.shape)
        for kind in range(len(panel.events.kinds)):
            yield from self._history(panel, kind)
        for wave in _clock(panel.periods):
            yield np.broadcast_to(wave[:, None], panel.shape)

    def _history(self, panel: Panel, kind: int) -> Iterator[Floats]:
        events, units = panel.events.of_kind(kind), panel.units
        own = in_own_unit(events, units=len(units))
        near = spread_over_units(events.points, events.unit, units, bandwidth_m=self.reach_m)
        for spread, half_lives in ((own, self.own_half_lives_days), (near, self.near_half_lives_days)):
            for half_life in half_lives:
                sums = decayed_sums(spread, events, panel.periods, half_life_days=half_life)
                days = effective_days(events, panel.periods, half_life_days=half_life)
                yield _log_rate(sums, days)
        for half_life in self.city_half_lives_days if kind == TARGET else ():
            sums = decayed_sums(own, events, panel.periods, half_life_days=half_life).sum(
                axis=1, keepdims=True
            )
            days = effective_days(events, panel.periods, half_life_days=half_life)
            yield np.broadcast_to(_log_rate(sums, days), panel.shape)


def _log_rate(sums: Floats, days: Floats) -> Floats:
    """Log of events a year, where a twentieth of an event is added to every sum."""
    return np.log((sums + 0.05) * 365.0 / days[:, None])


def _clock(periods: Periods) -> tuple[Floats, ...]:
    """Hour of the day and of the week as waves, each (p,); the season is part of the city's level."""
    turns = (periods.hour_of_week / 24.0, periods.hour_of_week / 168.0, periods.hour_of_week / 84.0)
    return tuple(wave(2.0 * np.pi * turn) for turn in turns for wave in (np.cos, np.sin))
