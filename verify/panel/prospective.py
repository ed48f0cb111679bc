"""A forecast from a decaying heat map: a Gaussian around each past event that fades with its age."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from incidents.errors import ConfigError
from verify.checks import Floats
from verify.panel.events import TARGET, PlaceEvents, days_between
from verify.panel.histories import decayed_sums, effective_days
from verify.panel.kernels import spread_over_units
from verify.panel.panel import Panel, check_history
from verify.panel.periods import Periods
from verify.panel.units import PlaceUnits

EVEN_SHARE = 0.01
"""Share of the risk that is spread evenly, so that no place is held to be safe."""


@dataclass(frozen=True)
class ProspectiveKernel:
    """Kernel density with exponential decay; bandwidth and half-life are chosen on the end of the history.

    Args:
        name: Name in reports.
        bandwidths_m: Standard deviations tried.
        half_lives_days: Ages tried at which an event counts half.
        inner_days: The last days of the history, on which the choice is made by Poisson likelihood, each
            period forecast as of its own issue.

    Reference:
        Bowers, Johnson and Pease (2004), doi:10.1093/bjc/azh036, for the prospective map; a Gaussian and an
        exponential stand for their cutoffs.
    """

    name: str = "decaying kernel"
    bandwidths_m: tuple[float, ...] = (250.0, 500.0, 1000.0)
    half_lives_days: tuple[float, ...] = (56.0, 182.0, 364.0, 728.0)
    inner_days: int = 182

    def __post_init__(self) -> None:
        if (
            not self.bandwidths_m
            or not self.half_lives_days
            or min(*self.bandwidths_m, *self.half_lives_days) <= 0
        ):
            raise ConfigError(
                f"Expected bandwidths and half-lives above 0. Received: {self.bandwidths_m} and "
                f"{self.half_lives_days}. Name one or more of each."
            )

    def fit(self, history: Panel) -> "FittedProspectiveKernel":
        """Choose bandwidth and half-life; see ``PlaceBaseline.fit``."""
        check_history(history)
        inner = history.during(last_days(history.periods, self.inner_days))
        best = max(self._score(inner), key=lambda scored: scored[0])
        return FittedProspectiveKernel(self.name, history.units, *best[1:])

    def _score(self, inner: Panel) -> Iterator[tuple[float, float, float]]:
        """Poisson log likelihood of each choice."""
        counts, hours = inner.counts(), inner.periods.hours[:, None]
        for bandwidth in self.bandwidths_m:
            rates = kernel_rates(inner, bandwidth_m=bandwidth, half_lives_days=self.half_lives_days)
            for half_life, rate in zip(self.half_lives_days, rates, strict=True):
                expected = rate * hours
                yield float((counts * np.log(expected)).sum() - expected.sum()), bandwidth, half_life


@dataclass(frozen=True)
class FittedProspectiveKernel:
    """A fitted ``ProspectiveKernel``."""

    name: str
    units: PlaceUnits
    bandwidth_m: float
    half_life_days: float

    @property
    def findings(self) -> Mapping[str, float]:
        """The choice."""
        return {"bandwidth_m": self.bandwidth_m, "half_life_days": self.half_life_days}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        asked = Panel(self.name, events, self.units, periods)
        (rate,) = kernel_rates(asked, bandwidth_m=self.bandwidth_m, half_lives_days=(self.half_life_days,))
        return rate * periods.hours[:, None]


def kernel_rates(
    panel: Panel, *, bandwidth_m: float, half_lives_days: Sequence[float], kind: int = TARGET
) -> Iterator[Floats]:
    """Rates per hour of decaying heat maps as known at each issue, one (p, u) for each half-life, all above 0.

    Args:
        panel: Record, units and periods.
        bandwidth_m: Standard deviation of the Gaussian.
        half_lives_days: Ages at which an event counts half; infinite counts all alike.
        kind: Kind of event.
    """
    events, units = panel.events.of_kind(kind), panel.units
    spread = spread_over_units(events.points, events.unit, units, bandwidth_m=bandwidth_m)
    for half_life in half_lives_days:
        sums = decayed_sums(spread, events, panel.periods, half_life_days=half_life)
        days = effective_days(events, panel.periods, half_life_days=half_life)
        yield mix_evenly(sums, units) / (24.0 * days[:, None])


def mix_evenly(sums: Floats, units: PlaceUnits) -> Floats:
    """Sums (p, u) of which ``EVEN_SHARE``, and at least a tenth of an event, is spread by ground."""
    ground = units.area_m2 / units.area_m2.sum()
    spread = np.maximum(EVEN_SHARE * sums.sum(axis=1, keepdims=True), 0.1)
    return np.asarray((1.0 - EVEN_SHARE) * sums + spread * ground, dtype=np.float64)


def last_days(periods: Periods, days: int) -> slice:
    """Periods issued within so many days of the last one, at most half of them."""
    age = days_between(periods.issue, periods.issue[-1:])
    return slice(max(int(np.count_nonzero(age >= days)), len(periods) // 2), None)
