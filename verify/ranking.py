"""How well a forecast ranks: area under the ROC curve and average precision, weighted or not.

Only the distinct forecasts of *events* matter to either score, so they form a ladder, highest rung first.
For each rung the ladder knows how many events stand at or above it and how many non-events stand above it
and at or above it. Weights enter as cumulative sums along the ladder, with any leading axes: ``(..., k)``
for k rungs, which is how the bootstrap scores many replicates with one sort.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verify.checks import Bools, Floats, Integers, check_labels, check_scores, check_weights


@dataclass(frozen=True)
class Ladder:
    """The rungs of a forecast: k distinct forecasts of events, falling.

    Args:
        events_through: Number of events at or above each rung, (k,).
        others_above: Number of non-events strictly above each rung, (k,).
        others_through: Number of non-events at or above each rung, (k,).
    """

    events_through: Integers
    others_above: Integers
    others_through: Integers


@dataclass(frozen=True)
class Climb:
    """Weights along a ladder or a part of it, each of shape (..., k), and totals of shape (...).

    Args:
        steps: Weight of the events on each rung.
        events: Weight of the events at or above each rung.
        others_above: Weight of the non-events strictly above each rung.
        others_through: Weight of the non-events at or above each rung.
        all_events: Weight of all events.
        all_others: Weight of all non-events.
    """

    steps: Floats
    events: Floats
    others_above: Floats
    others_through: Floats
    all_events: Floats
    all_others: Floats

    def right_pairs(self) -> Floats:
        """Weight of the pairs with an event of these rungs that are ranked right, ties as one half, (...)."""
        below = self.all_others[..., None] - 0.5 * (self.others_above + self.others_through)
        return np.asarray(np.einsum("...k,...k->...", self.steps, below))

    def precision_sum(self) -> Floats:
        """Precision summed over the events of these rungs, (...)."""
        precision = divide(self.events, self.events + self.others_through, undefined=0.0)
        return np.asarray(np.einsum("...k,...k->...", self.steps, precision))

    def auc(self) -> Floats:
        """Area under the ROC curve of a whole ladder; NaN where one class has no weight."""
        return divide(self.right_pairs(), self.all_events * self.all_others)

    def average_precision(self) -> Floats:
        """Mean precision over the events of a whole ladder; NaN where no event has weight."""
        return divide(self.precision_sum(), self.all_events)


def build_ladder(events: Floats, others: Floats) -> Ladder:
    """Rungs from the forecasts of events and of non-events, both sorted falling."""
    last_of_rung = np.flatnonzero(np.diff(events, append=-np.inf))
    # Negated, falling becomes rising, which is what searchsorted reads.
    rising, rungs = -others, -events[last_of_rung]
    return Ladder(
        events_through=last_of_rung + 1,
        others_above=np.searchsorted(rising, rungs, side="left"),
        others_through=np.searchsorted(rising, rungs, side="right"),
    )


def climb(ladder: Ladder, event_weights: Floats, other_weights: Floats) -> Climb:
    """Cumulate weights, each (..., rows) in the order of the sorted forecasts, along the ladder."""
    events = _cumulate(event_weights)
    others = _cumulate(other_weights)
    return Climb(
        steps=np.diff(events[..., ladder.events_through], axis=-1, prepend=0.0),
        events=events[..., ladder.events_through],
        others_above=others[..., ladder.others_above],
        others_through=others[..., ladder.others_through],
        all_events=events[..., -1],
        all_others=others[..., -1],
    )


def roc_auc(
    forecasts: npt.ArrayLike, labels: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> float:
    """Probability that an event was forecast higher than a non-event, ties counted as one half.

    It judges ranking alone: any rising transformation of the forecasts leaves it as it is. Pooled over
    cells of a grid it mostly says where people live; see the within-cell form for skill in time.

    Args:
        forecasts: (n,), any finite numbers.
        labels: (n,) of 0 and 1.
        weights: (n,), >= 0.

    Returns:
        A number in [0, 1]; 0.5 for a constant; NaN where one class is missing.

    Raises:
        DataError: Shapes differ, or a value is not finite.

    Reference:
        Mason and Graham (2002), doi:10.1256/003590002320603584.

    Example:
        >>> roc_auc([0.9, 0.4, 0.4, 0.1], [1, 1, 0, 0])
        0.875
    """
    return float(climb_rows(forecasts, labels, weights).auc())


def average_precision(
    forecasts: npt.ArrayLike, labels: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> float:
    """Mean over the events of the precision at their forecast: the area under the step precision-recall curve.

    A forecast without skill scores the base rate, so it is comparable only within one sample.

    Args:
        forecasts: (n,), any finite numbers.
        labels: (n,) of 0 and 1.
        weights: (n,), >= 0.

    Returns:
        A number in [0, 1]; NaN where there is no event.

    Raises:
        DataError: Shapes differ, or a value is not finite.

    Reference:
        Davis and Goadrich (2006), doi:10.1145/1143844.1143874.

    Example:
        >>> round(average_precision([0.9, 0.8, 0.4, 0.1], [1, 0, 1, 0]), 4)
        0.8333
    """
    return float(climb_rows(forecasts, labels, weights).average_precision())


@dataclass(frozen=True)
class RankingCurves:
    """Corners of the ROC and precision-recall curves, from the highest threshold to the lowest.

    Args:
        false_alarm_rate: Share of non-events at or above the threshold, (m,), from 0 to 1.
        hit_rate: Share of events at or above the threshold, (m,), from 0 to 1.
        recall: Hit rate at each distinct forecast of an event, (k,).
        precision: Share of events among the rows at or above it, (k,).
    """

    false_alarm_rate: Floats
    hit_rate: Floats
    recall: Floats
    precision: Floats


def ranking_curves(forecasts: npt.ArrayLike, labels: npt.ArrayLike) -> RankingCurves:
    """Both curves of a forecast, without the corners that lie on a straight line.

    Args:
        forecasts: (n,), any finite numbers.
        labels: (n,) of 0 and 1, both present.

    Raises:
        DataError: Shapes differ, or a value is not finite.
    """
    walked = climb_rows(forecasts, labels)
    before = np.concatenate([[0.0], walked.events[:-1]])
    hits = np.column_stack([before, walked.events]).ravel() / walked.all_events
    alarms = np.column_stack([walked.others_above, walked.others_through]).ravel() / walked.all_others
    return RankingCurves(
        false_alarm_rate=np.concatenate([[0.0], alarms, [1.0]]),
        hit_rate=np.concatenate([[0.0], hits, [1.0]]),
        recall=walked.events / walked.all_events,
        precision=walked.events / (walked.events + walked.others_through),
    )


def climb_rows(
    forecasts: npt.ArrayLike, labels: npt.ArrayLike, weights: npt.ArrayLike | None = None
) -> Climb:
    """Cumulative counts (or weights) of events and non-events along the ladder of a forecast, each (k,)."""
    events = check_labels(labels)
    given = check_scores(forecasts, count=events.size)
    given_weights = check_weights(weights, count=events.size)
    if given_weights is None:
        return _climb_counts(given, events)
    hit, miss = sort_falling(given, events)
    return climb(build_ladder(given[hit], given[miss]), given_weights[hit], given_weights[miss])


def _climb_counts(forecasts: Floats, events: Bools) -> Climb:
    """The unweighted climb: values are sorted, not indices, which is several times faster."""
    hits, misses = np.sort(forecasts[events])[::-1], np.sort(forecasts[~events])[::-1]
    ladder = build_ladder(hits, misses)
    return Climb(
        steps=np.diff(ladder.events_through, prepend=0).astype(np.float64),
        events=ladder.events_through.astype(np.float64),
        others_above=ladder.others_above.astype(np.float64),
        others_through=ladder.others_through.astype(np.float64),
        all_events=np.asarray(float(hits.size)),
        all_others=np.asarray(float(misses.size)),
    )


def sort_falling(forecasts: Floats, events: Bools) -> tuple[Integers, Integers]:
    """Rows of events and rows of non-events, each by falling forecast."""
    order = np.argsort(-forecasts, kind="stable")
    is_event = events[order]
    return order[is_event], order[~is_event]


def _cumulate(weights: Floats) -> Floats:
    summed = np.zeros((*weights.shape[:-1], weights.shape[-1] + 1))
    np.cumsum(weights, axis=-1, out=summed[..., 1:])
    return summed


def divide(numerator: Floats, denominator: Floats, *, undefined: float = np.nan) -> Floats:
    """Quotient where the denominator is > 0, and ``undefined`` elsewhere."""
    quotient: Floats = np.full(np.shape(numerator), undefined)
    np.divide(numerator, denominator, out=quotient, where=np.asarray(denominator) > 0)
    return quotient
