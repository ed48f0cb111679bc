"""For whom is a warning worth acting on: its value to users whose action costs something and saves something.

A user pays ``cost`` to act and loses ``loss`` where an event meets no action; only the ratio of both counts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError
from verify.checks import Floats, check_labels, check_probabilities
from verify.ranking import climb_rows

COST_LOSS_RATIOS = np.arange(1, 100) / 100.0


@dataclass(frozen=True)
class EconomicValue:
    """Value by cost/loss ratio: 1 saves all that a perfect forecast would, 0 nothing, below 0 it costs.

    Args:
        cost_loss: Cost/loss ratios, (k,).
        value: Value to a user who acts when the probability reaches the own ratio, (k,); right for a
            calibrated forecast.
        potential: Value at the best threshold in hindsight, (k,): never below ``value`` or 0.
    """

    cost_loss: Floats
    value: Floats
    potential: Floats


def economic_value(
    probabilities: npt.ArrayLike, labels: npt.ArrayLike, *, cost_loss: npt.ArrayLike = COST_LOSS_RATIOS
) -> EconomicValue:
    """Relative economic value of a probability forecast for users of each cost/loss ratio.

    Zero is the better of always and never acting, which needs the base rate alone. Assumes that an action
    prevents the whole loss and that users differ in nothing else.

    Args:
        probabilities: (n,) in [0, 1].
        labels: (n,) of 0 and 1.
        cost_loss: Ratios strictly between 0 and 1, (k,).

    Returns:
        The value; NaN where one class is missing.

    Raises:
        DataError: Shapes differ, or a probability lies outside [0, 1] or is not finite.
        ConfigError: A ratio is not between 0 and 1.

    Reference:
        Richardson (2000), doi:10.1002/qj.49712656313, eq. 8.
    """
    ratios = np.atleast_1d(np.asarray(cost_loss, dtype=np.float64))
    if not bool(((ratios > 0.0) & (ratios < 1.0)).all()):
        raise ConfigError(
            f"Expected cost/loss ratios between 0 and 1. Received: {ratios.min():g} to {ratios.max():g}."
        )
    events = check_labels(labels)
    given = check_probabilities(probabilities, count=events.size)
    walked = climb_rows(given, events)
    rates = _Rates(float(walked.all_events), float(walked.all_others))
    # Every user's best threshold lies at an event's forecast, or warns of nothing or everything.
    hits = np.concatenate([[0.0], walked.events, [rates.events]])
    alarms = np.concatenate([[0.0], walked.others_through, [rates.others]])
    own_hits, own_alarms = (_count_reached(given[mask], ratios) for mask in (events, ~events))
    return EconomicValue(
        cost_loss=ratios,
        value=rates.value(own_hits, own_alarms, ratios),
        potential=np.array([rates.value(hits, alarms, ratio).max() for ratio in ratios]),
    )


@dataclass(frozen=True)
class _Rates:
    """Numbers of events and non-events."""

    events: float
    others: float

    def value(self, hits: Floats, alarms: Floats, cost_loss: npt.ArrayLike) -> Floats:
        """Value of warnings with so many hits and false alarms, in the shape of the arguments together."""
        ratio = np.asarray(cost_loss, dtype=np.float64)
        if self.events == 0.0 or self.others == 0.0:
            return np.full(np.broadcast_shapes(hits.shape, ratio.shape), np.nan)
        base_rate = self.events / (self.events + self.others)
        climate = np.minimum(ratio, base_rate)
        expense = (hits + alarms) / (self.events + self.others) * ratio + (
            1.0 - hits / self.events
        ) * base_rate
        return np.asarray((climate - expense) / (climate - base_rate * ratio), dtype=np.float64)


def _count_reached(forecasts: Floats, thresholds: Floats) -> Floats:
    """Number of forecasts at or above each threshold, (k,)."""
    return (forecasts.size - np.searchsorted(np.sort(forecasts), thresholds, side="left")).astype(np.float64)
