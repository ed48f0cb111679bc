"""How much of what happens was triggered by what happened before: a self-exciting point process fitted by EM.

The rate of the target, per day and square metre, given all events ``i`` so far::

    lambda(t, s) = mu r(t) f(s) + sum_i  theta_k / tau_k exp(-(t - t_i) / tau_k) N(s - s_i; sigma_k)

with ``mu`` background events a day, ``r`` the rhythm of the calendar, ``f`` a kernel density over the city, and
for each kind ``k`` of parent a productivity ``theta``, a mean waiting time ``tau`` and a width ``sigma``.
"""

from dataclasses import dataclass, replace

import numpy as np

from incidents.errors import ConfigError
from verify.checks import Bools, Floats
from verify.panel.units import PlaceUnits
from verify.sepp.background import Background, spread_background
from verify.sepp.ground import WIDTHS_M, look_up_inside, tabulate_inside
from verify.sepp.likelihood import (
    Observed,
    Responsibility,
    assign,
    expected_beyond,
    expected_slopes,
    expected_triggered,
    log_likelihood,
    pack,
    score,
)
from verify.sepp.pattern import PointPattern, find_pairs
from verify.sepp.triggering import Triggering

Z_95 = 1.959963984540054
DIFFERENCE = 1e-4
LEAST = 1e-8
ROUGHLY = 100.0
"""The bandwidth is chosen at so many times the tolerance; the last digits do not change the choice."""
SHORTEST_DAYS = 1e-3


@dataclass(frozen=True)
class SeppSettings:
    """How a self-exciting point process is fitted.

    Args:
        backgrounds_m: Bandwidths of the background tried; the most likely is kept, each event left out of its
            own density.
        longest_days: Longest waiting time between parent and child.
        farthest_m: Longest distance between them.
        most_steps: Steps of EM.
        tolerance: Largest change of a log parameter in the last step.
    """

    backgrounds_m: tuple[float, ...] = (100.0, 200.0, 400.0)
    longest_days: float = 60.0
    farthest_m: float = 1500.0
    most_steps: int = 1000
    tolerance: float = 1e-5

    def __post_init__(self) -> None:
        positive = (*self.backgrounds_m, self.longest_days, self.farthest_m, self.most_steps, self.tolerance)
        if not self.backgrounds_m or min(positive) <= 0:
            raise ConfigError(
                f"Expected settings above 0, and a bandwidth. Received: {self}. Use the defaults."
            )


@dataclass(frozen=True)
class Interval:
    """An estimate with its 95% interval, whose ends are NaN where the data do not tell."""

    value: float
    lo: float
    hi: float


@dataclass(frozen=True)
class SeppFit:
    """A fitted self-exciting point process.

    Args:
        background_per_day: Events a day that arise of themselves.
        triggering: What events trigger.
        chances: Probability that each event of the target was not triggered, (targets,).
        bandwidth_m: Of the background density.
        covariance: Of the logs of the parameters, (1 + 3k, 1 + 3k), from the observed information; NaN for
            parameters that ended at a bound or trigger next to nothing, and throughout where the information
            is not positive. The background density is held to be known.
        log_likelihood: In nats, each event left out of its own background.
        steps: Steps of EM.
        converged: Whether the last step was within the tolerance.
    """

    background_per_day: float
    triggering: Triggering
    chances: Floats
    bandwidth_m: float
    covariance: Floats
    log_likelihood: float
    steps: int
    converged: bool

    @property
    def branching_ratio(self) -> float:
        """Mean number of events of the target that one of them triggers directly."""
        return float(self.triggering.productivity[0])

    def intervals(self, kind: int = 0) -> dict[str, Interval]:
        """Productivity, decay in days and width in metres of one kind of parent, with 95% intervals."""
        logs, kinds = pack(self.background_per_day, self.triggering), self.triggering.kinds
        errors = np.sqrt(np.diag(self.covariance))
        places = {"productivity": 1 + kind, "decay_days": 1 + kinds + kind, "sigma_m": 1 + 2 * kinds + kind}
        return {
            name: Interval(
                float(np.exp(logs[at])), *(float(np.exp(logs[at] + z * errors[at])) for z in (-Z_95, Z_95))
            )
            for name, at in places.items()
        }


def fit_sepp(pattern: PointPattern, units: PlaceUnits, *, settings: SeppSettings | None = None) -> SeppFit:
    """Fit background and triggering by expectation-maximisation, as stochastic declustering.

    Not for records whose rate drifts over months, or whose times or places are heaped: what recurs for another
    reason looks triggered. Intervals assume that the form is true.

    Args:
        pattern: Events; those of kind 0 are explained, all may be parents.
        units: The ground: its nodes say where the city ends.
        settings: How.

    Returns:
        The fit.

    Raises:
        DataError: Fewer than 10 events of the target.

    Reference:
        Mohler, Short, Brantingham, Schoenberg and Tita (2011), doi:10.1198/jasa.2011.ap09546; Zhuang, Ogata
        and Vere-Jones (2002), doi:10.1198/016214502760046925.
    """
    chosen = settings or SeppSettings()
    observed = _observe(pattern, units, chosen)
    targets, begin = pattern.points[pattern.is_target], _begin(pattern, chosen)
    rough = []
    for bandwidth in chosen.backgrounds_m:
        inside = look_up_inside(targets, units, sigma_m=bandwidth)
        background = spread_background(targets, inside, units, bandwidth_m=bandwidth)
        state = _climb(observed, background, begin, chosen, tolerance=ROUGHLY * chosen.tolerance)
        rough.append((_log_likelihood(observed, background, state), background, state))
    _, background, state = max(rough, key=lambda found: found[0])
    return _conclude(observed, background, _climb(observed, background, state, chosen), chosen)


def _observe(pattern: PointPattern, units: PlaceUnits, settings: SeppSettings) -> Observed:
    return Observed(
        pairs=find_pairs(pattern, longest_days=settings.longest_days, farthest_m=settings.farthest_m),
        rhythm=pattern.rhythm[pattern.is_target],
        kind=pattern.kind,
        left_days=np.minimum(pattern.span_days - pattern.days, settings.longest_days),
        inside=tabulate_inside(pattern.points, units),
        span_days=pattern.span_days,
    )


@dataclass(frozen=True)
class _State:
    """Where EM stands: parameters, chances of the background, steps made, and the last change."""

    rate: float
    triggering: Triggering
    chances: Floats
    steps: int = 0
    change: float = np.inf


def _begin(pattern: PointPattern, settings: SeppSettings) -> _State:
    """A fifth is triggered, within a tenth of the longest wait and distance."""
    count, kinds = int(pattern.is_target.sum()), pattern.kinds
    parents = np.maximum(np.bincount(pattern.kind, minlength=kinds), 1)
    triggering = Triggering(
        np.maximum(0.2 * count / kinds / parents, LEAST),
        np.full(kinds, settings.longest_days / 10.0),
        np.full(kinds, settings.farthest_m / 10.0),
    )
    return _State(0.8 * count / pattern.span_days, triggering, np.full(count, 0.8))


def _climb(
    observed: Observed,
    background: Background,
    state: _State,
    settings: SeppSettings,
    *,
    tolerance: float | None = None,
) -> _State:
    """Steps of EM until the parameters stay."""
    close = settings.tolerance if tolerance is None else tolerance
    state = replace(state, change=np.inf)
    while state.change > close and state.steps < settings.most_steps:
        found = assign(observed, background.density(state.chances), state.rate, state.triggering)
        rate = float(found.background.sum()) / observed.span_days
        triggering = _maximise(observed, found, state.triggering, settings)
        change = _change(pack(state.rate, state.triggering), pack(rate, triggering))
        state = _State(rate, triggering, found.background, state.steps + 1, change)
    return state


def _log_likelihood(observed: Observed, background: Background, state: _State) -> float:
    return log_likelihood(observed, background.density(state.chances), state.rate, state.triggering)


def _conclude(observed: Observed, background: Background, state: _State, settings: SeppSettings) -> SeppFit:
    free = _is_free(observed, state.triggering, settings)
    logs, density = pack(state.rate, state.triggering), background.density(state.chances)
    return SeppFit(
        background_per_day=state.rate,
        triggering=state.triggering,
        chances=state.chances,
        bandwidth_m=background.bandwidth_m,
        covariance=_covariance(observed, density, logs, free=free),
        log_likelihood=_log_likelihood(observed, background, state),
        steps=state.steps,
        converged=state.change <= settings.tolerance,
    )


def _change(before: Floats, after: Floats) -> float:
    """Largest change of a log parameter; those of a kind that triggers next to nothing weigh next to nothing."""
    productivity = np.exp(after[1 : 1 + after.size // 3])
    weight = np.concatenate([[1.0], *3 * [np.minimum(productivity, 1.0)]])
    return float((weight * np.abs(after - before)).max())


def _maximise(
    observed: Observed, found: Responsibility, before: Triggering, settings: SeppSettings
) -> Triggering:
    """Parameters of triggering that suit the responsibilities best, with what the record cuts off."""
    pairs, kinds = observed.pairs, before.kinds
    born, waited, strayed = (
        np.bincount(pairs.kind, weights=found.pairs * value, minlength=kinds)
        for value in (np.ones(pairs.days.size), pairs.days, pairs.squared_m2)
    )
    born = np.maximum(born, LEAST)
    decay = (waited + expected_beyond(observed, before)) / born
    variance = strayed / np.maximum(2.0 * born + expected_slopes(observed, before), born)
    exposed = expected_triggered(observed, before) / before.productivity
    return Triggering(
        np.maximum(born / np.maximum(exposed, LEAST), LEAST),
        np.clip(decay, SHORTEST_DAYS, settings.longest_days),
        np.clip(np.sqrt(variance), WIDTHS_M[0], WIDTHS_M[-1]),
    )


def _covariance(observed: Observed, density: Floats, logs: Floats, *, free: Bools) -> Floats:
    """Inverse of the observed information on the free parameters, by central differences of the score."""
    steps = DIFFERENCE * np.eye(logs.size)[free]
    slopes = [score(observed, density, logs + step) - score(observed, density, logs - step) for step in steps]
    information = -np.array(slopes)[:, free] / (2.0 * DIFFERENCE)
    information = 0.5 * (information + information.T)
    covariance = np.full((logs.size, logs.size), np.nan)
    if np.isfinite(information).all() and np.linalg.eigvalsh(information)[0] > 0.0:
        covariance[np.ix_(free, free)] = np.linalg.inv(information)
    return covariance


def _is_free(observed: Observed, triggering: Triggering, settings: SeppSettings) -> Bools:
    """Which parameters ended within their bounds, of kinds that trigger an event or more, (1 + 3k,)."""
    decay, sigma = triggering.decay_days, triggering.sigma_m
    active = expected_triggered(observed, triggering) > 1.0
    return np.concatenate(
        [
            [True],
            active,
            active & (decay > 1.001 * SHORTEST_DAYS) & (decay < 0.999 * settings.longest_days),
            active & (sigma > 1.001 * WIDTHS_M[0]) & (sigma < 0.999 * WIDTHS_M[-1]),
        ]
    )
