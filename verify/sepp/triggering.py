"""How an event raises the rate after it: an exponential in time, a Gaussian in space, for each kind of parent."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from verify.checks import Floats
from verify.sepp.pattern import Pairs


@dataclass(frozen=True)
class Triggering:
    """Parameters, one for each kind of parent, (k,).

    Args:
        productivity: Mean number of direct offspring: for the target itself, the branching ratio.
        decay_days: Mean waiting time.
        sigma_m: Standard deviation of the displacement, in x and in y.
    """

    productivity: Floats
    decay_days: Floats
    sigma_m: Floats

    @property
    def kinds(self) -> int:
        """Number of kinds of parents."""
        return self.productivity.size

    def density(self, pairs: Pairs) -> Floats:
        """Rate that the parent of each pair adds at its child, per day and square metre, (m,)."""
        decay, variance = self.decay_days[pairs.kind], self.sigma_m[pairs.kind] ** 2
        height = self.productivity[pairs.kind] / (decay * 2.0 * np.pi * variance)
        return np.asarray(height * np.exp(-pairs.days / decay - 0.5 * pairs.squared_m2 / variance))

    def response(self, decay_days: float, start_days: npt.ArrayLike, stop_days: npt.ArrayLike) -> Floats:
        """Events to expect from a rate of 1 that decays, with all that they trigger in turn.

        The rate of direct arrivals at ``v`` days is ``exp(-v / decay_days)``; each sets off a line of the
        target, whose mean rate is ``theta / tau exp(-(1 - theta) v / tau)``. The sum is integrated exactly.

        Args:
            decay_days: Infinite for a constant rate.
            start_days: From here on, counted from the issue, (p,).
            stop_days: Up to here, (p,).

        Returns:
            Expected events, (p,).
        """
        birth = self.productivity[0] / self.decay_days[0]
        own, line = 1.0 / decay_days, (1.0 - self.productivity[0]) / self.decay_days[0]
        if np.isclose(own, line, rtol=1e-9):
            own *= 1.0 + 1e-6  # the limit of equal rates, to six digits
        share = birth / (line - own)
        start, stop = np.asarray(start_days, dtype=np.float64), np.asarray(stop_days, dtype=np.float64)
        direct, later = (1.0 + share) * _decayed(own, start, stop), share * _decayed(line, start, stop)
        return np.asarray(direct - later, dtype=np.float64)


def _decayed(rate: float, start: Floats, stop: Floats) -> Floats:
    """Integral of ``exp(-rate v)`` from start to stop."""
    if rate == 0.0:
        return np.asarray(stop - start, dtype=np.float64)
    return np.asarray(np.exp(-rate * start) * -np.expm1(-rate * (stop - start)) / rate, dtype=np.float64)
