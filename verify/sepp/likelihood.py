"""How likely a pattern is under a self-exciting point process, and how that changes with its parameters.

Parameters are taken as logs, in the order: background rate, productivity of each kind, decay of each, width of
each, ``(1 + 3k,)``.
"""

from dataclasses import dataclass

import numpy as np

from verify.checks import Floats, Integers
from verify.sepp.ground import InsideShares
from verify.sepp.pattern import Pairs
from verify.sepp.triggering import Triggering


@dataclass(frozen=True)
class Observed:
    """What the likelihood needs to know of a pattern.

    Args:
        pairs: Possible parents and their children.
        rhythm: Factor on the background at each event of the target, (targets,).
        kind: Kind of every event, (n,).
        left_days: Days after every event in which its offspring would be in the record, (n,).
        inside: Share of every event's offspring inside the city.
        span_days: Length of the record.
    """

    pairs: Pairs
    rhythm: Floats
    kind: Integers
    left_days: Floats
    inside: InsideShares
    span_days: float

    def weights(self, kind: int, values: Floats) -> Floats:
        """Values of the events of one kind, 0 for all others, (n,)."""
        return np.where(self.kind == kind, values, 0.0)


@dataclass(frozen=True)
class Responsibility:
    """Who is to be held responsible for each event: the background, or one of its possible parents.

    Args:
        background: Probability that each event of the target was not triggered, (targets,).
        pairs: Probability that the parent of each pair triggered its child, (m,).
        log_rates: Sum of the log rates at the events.
    """

    background: Floats
    pairs: Floats
    log_rates: float


def assign(observed: Observed, density: Floats, rate: float, triggering: Triggering) -> Responsibility:
    """Share each event out among the background and its possible parents.

    Args:
        observed: The pattern.
        density: Background density at each event of the target, per square metre, (targets,).
        rate: Background events a day.
        triggering: Parameters.
    """
    arising = rate * observed.rhythm * density
    added = triggering.density(observed.pairs)
    total = arising + np.bincount(observed.pairs.child, weights=added, minlength=arising.size)
    return Responsibility(arising / total, added / total[observed.pairs.child], float(np.log(total).sum()))


def expected_triggered(observed: Observed, triggering: Triggering) -> Floats:
    """Offspring to expect of all parents of each kind within the record, (k,)."""
    return np.array(
        [
            triggering.productivity[kind] * observed.inside.add(ripe, sigma_m=triggering.sigma_m[kind])
            for kind, ripe in enumerate(_ripened(observed, triggering))
        ]
    )


def log_likelihood(observed: Observed, density: Floats, rate: float, triggering: Triggering) -> float:
    """Log likelihood, in nats."""
    rates = assign(observed, density, rate, triggering).log_rates
    return rates - rate * observed.span_days - float(expected_triggered(observed, triggering).sum())


def score(observed: Observed, density: Floats, logs: Floats) -> Floats:
    """Slope of the log likelihood by the logs of the parameters, (1 + 3k,)."""
    rate, triggering = unpack(logs)
    found = assign(observed, density, rate, triggering)
    pairs, kinds = observed.pairs, triggering.kinds
    decay, variance = triggering.decay_days[pairs.kind], triggering.sigma_m[pairs.kind] ** 2
    by_kind = [
        np.bincount(pairs.kind, weights=found.pairs * slope, minlength=kinds)
        for slope in (np.ones(pairs.days.size), pairs.days / decay - 1.0, pairs.squared_m2 / variance - 2.0)
    ]
    late, slopes = expected_beyond(observed, triggering), expected_slopes(observed, triggering)
    return np.concatenate(
        [
            [found.background.sum() - rate * observed.span_days],
            by_kind[0] - expected_triggered(observed, triggering),
            by_kind[1] + late / triggering.decay_days,
            by_kind[2] - slopes,
        ]
    )


def expected_beyond(observed: Observed, triggering: Triggering) -> Floats:
    """Sum of ``theta left exp(-left / tau)`` times the share inside, by kind, (k,), in days."""
    terms = []
    for kind in range(triggering.kinds):
        left, tau = observed.left_days, triggering.decay_days[kind]
        weights = observed.weights(kind, left * np.exp(-left / tau))
        inside = observed.inside.add(weights, sigma_m=triggering.sigma_m[kind])
        terms.append(triggering.productivity[kind] * inside)
    return np.array(terms)


def expected_slopes(observed: Observed, triggering: Triggering) -> Floats:
    """Slope of ``expected_triggered`` by the log width, (k,): wider Gaussians lose more over the limit."""
    return np.array(
        [
            triggering.productivity[kind] * observed.inside.add_slope(ripe, sigma_m=triggering.sigma_m[kind])
            for kind, ripe in enumerate(_ripened(observed, triggering))
        ]
    )


def pack(rate: float, triggering: Triggering) -> Floats:
    """Logs of all parameters, (1 + 3k,)."""
    parts = ([rate], triggering.productivity, triggering.decay_days, triggering.sigma_m)
    return np.log(np.concatenate(parts))


def unpack(logs: Floats) -> tuple[float, Triggering]:
    """Background rate and triggering of logs of parameters."""
    rate, *others = np.exp(logs)
    return float(rate), Triggering(*np.reshape(others, (3, -1)))


def _ripened(observed: Observed, triggering: Triggering) -> list[Floats]:
    """Share of each event's offspring that the record has had time to see, by kind, each (n,)."""
    return [
        observed.weights(kind, -np.expm1(-observed.left_days / decay))
        for kind, decay in enumerate(triggering.decay_days)
    ]
