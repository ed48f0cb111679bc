"""How likely homicides and shootings truly were, in any window, given what had happened before it.

Windows are given by their first and last instant in UTC, datetime64[us], on full hours of the simulation. What
had *happened* counts, reported or not; a forecast that only sees reports knows less than this.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError
from incidents.simulate.clock import Clock
from incidents.simulate.intensity import Intensity, Kernel
from incidents.simulate.process import Events
from incidents.simulate.risk import Floats, blur, keep_within
from incidents.simulate.settings import TARGETS

Hours = npt.NDArray[np.int64]
Instants = npt.NDArray[np.datetime64]

_NODES, _WEIGHTS = (np.polynomial.legendre.leggauss(3)[0] + 1) / 2, np.polynomial.legendre.leggauss(3)[1] / 2
"""Gauss-Legendre rule for one hour: six digits for waiting times of an hour or more."""


@dataclass(frozen=True)
class WindowTruth:
    """The truth about homicides and shootings in the whole city, one entry a window.

    Attributes:
        start: First instant, UTC.
        stop: Last instant (not part of the window), UTC.
        background: Expected number that arise of themselves.
        compensator: Integral of the conditional intensity given all that happened, also within the window.
        expected: Expected number given all that happened before the window.
        probability: Probability of one or more given all that happened before the window.
    """

    start: Instants
    stop: Instants
    background: Floats
    compensator: Floats
    expected: Floats
    probability: Floats


def city_windows(clock: Clock) -> tuple[Instants, Instants]:
    """First and last instants of the two-hour windows of the wall clock."""
    edges = clock.at(clock.window_edges)
    return edges[:-1], edges[1:]


def state_truth(intensity: Intensity, events: Events, starts: Instants, stops: Instants) -> WindowTruth:
    """Evaluate the known intensity over windows.

    No homicide or shooting in a window means: none from the background, none triggered by earlier incidents,
    and none triggered by precursors that are still to come in it. These are independent Poisson counts, so
    the probability is exact but for the city limit, where a mean share of offspring kept inside stands for
    that of the precursors to come. ``expected`` adds later generations with that mean share as well.

    Args:
        intensity: The known intensity.
        events: All incidents of the simulation.
        starts: First instants of the windows, UTC, shape (windows,).
        stops: Last instants, shape (windows,); any number of hours later.

    Returns:
        The truth for each window.

    Raises:
        ConfigError: A window off the full hours, empty, or outside the simulated period.
    """
    start, length = _elapsed_windows(intensity.clock, starts, stops)
    targets, line = intensity.hourly(*TARGETS), _follow_line(intensity)
    background = _integrate(targets, start, length, np.ones_like)
    exponent = background.copy()
    expected = _integrate(targets, start, length, partial(_count_line, line))
    for kernel in intensity.kernels:
        pulse = excite(intensity, events, kernel)[start]
        exponent += pulse * _direct(kernel, length)
        expected += pulse * _count_descendants(line, kernel, length)
    for kernel in intensity.precursors:
        fresh, offspring = intensity.hourly(*kernel.parents), kernel.offspring * mean_kept(intensity, kernel)
        exponent += _integrate(fresh, start, length, partial(_any_offspring, kernel, offspring))
        expected += offspring * _integrate(fresh, start, length, partial(_count_descendants, line, kernel))
    past = np.concatenate([[0.0], np.cumsum(_compensate(intensity, events))])
    return WindowTruth(
        start=starts,
        stop=stops,
        background=background,
        compensator=past[start + length] - past[start],
        expected=expected,
        probability=-np.expm1(-exponent),
    )


def expect_in_cells(
    intensity: Intensity, events: Events, start: np.datetime64, stop: np.datetime64
) -> Floats:
    """Expected homicides and shootings of one window in each cell, given all that happened before it.

    Leaves out what incidents within the window trigger, except for first offspring of precursors; for windows
    of many days use a sum over shorter ones.

    Args:
        intensity: The known intensity.
        events: All incidents of the simulation.
        start: First instant, UTC.
        stop: Last instant, UTC.

    Returns:
        Expected counts, shape (rows, cols) of ``intensity.violent.cells``, row 0 in the north.
    """
    first, length = _elapsed_windows(intensity.clock, np.array([start]), np.array([stop]))
    surface = intensity.violent
    total = _integrate(intensity.hourly(*TARGETS), first, length, np.ones_like) * surface.share
    for kernel in intensity.kernels:
        parent = kernel.is_parent(events.code) & (events.hours < first)
        age = (first - events.hours[parent]) / kernel.decay_hours
        weight = kernel.offspring * np.exp(-age) * _direct(kernel, length)
        cell = surface.cells.locate(events.points[parent])
        cast = np.bincount(cell, weight, surface.share.size).astype(np.float64).reshape(total.shape)
        total += blur(cast, sigma_m=kernel.sigma_m) * surface.inside
    for kernel in intensity.precursors:
        source = intensity.surface(kernel.parents[0])
        fresh = _integrate(intensity.hourly(*kernel.parents), first, length, partial(_direct, kernel))
        total += fresh * kernel.offspring * blur(source.share, sigma_m=kernel.sigma_m) * surface.inside
    return np.asarray(total)


def excite(intensity: Intensity, events: Events, kernel: Kernel) -> Floats:
    """Offspring inside the city that a kernel still has to come at each full hour, shape (hours + 1,)."""
    from scipy.signal import lfilter

    hour, weight, left = _brood(intensity, events, kernel)
    gained = np.bincount(hour, weight * np.exp(-left / kernel.decay_hours), intensity.clock.hours)
    state = lfilter([1.0], [1.0, -np.exp(-1 / kernel.decay_hours)], gained)
    return np.concatenate([[0.0], state])


def _brood(intensity: Intensity, events: Events, kernel: Kernel) -> tuple[Hours, Floats, Floats]:
    """Hour, offspring inside the city, and time left to the end of the hour, of each parent."""
    parent = kernel.is_parent(events.code)
    hour = events.hours[parent].astype(np.int64)
    weight = kernel.offspring * keep_within(intensity.violent, events.points[parent], sigma_m=kernel.sigma_m)
    return hour, weight, hour + 1 - events.hours[parent]


def _compensate(intensity: Intensity, events: Events) -> Floats:
    """Integral of the conditional intensity over each elapsed hour, shape (hours,)."""
    total = intensity.hourly(*TARGETS)
    for kernel in intensity.kernels:
        hour, weight, left = _brood(intensity, events, kernel)
        total = total + excite(intensity, events, kernel)[:-1] * _direct(kernel, np.ones(1))
        total = total + np.bincount(hour, weight * _direct(kernel, left), total.size)
    return total


def _integrate(hourly: Floats, start: Hours, length: Hours, gain: Callable[[Floats], Floats]) -> Floats:
    """Integral over each window of an hourly rate times a gain that depends on the hours left in it."""
    total = np.zeros(start.size)
    for ahead in range(int(length.max(initial=0))):
        reaches = length > ahead
        left = length[reaches, None] - ahead - _NODES
        total[reaches] += hourly[start[reaches] + ahead] * (gain(left) @ _WEIGHTS)
    return total


def _direct(kernel: Kernel, hours: Floats | Hours) -> Floats:
    """Share of direct offspring that comes within some hours."""
    return np.asarray(-np.expm1(-hours / kernel.decay_hours))


def _any_offspring(kernel: Kernel, offspring: float, hours: Floats) -> Floats:
    """Probability that a parent has one or more direct offspring within some hours."""
    return np.asarray(-np.expm1(-offspring * _direct(kernel, hours)))


@dataclass(frozen=True)
class _Line:
    """All generations that follow one homicide or shooting: at lag u they come at the rate n b exp(-c u).

    Attributes:
        offspring: Mean number n of direct offspring inside the city.
        rate: c = (1 - n) b an hour, with b the decay rate of the kernel.
    """

    offspring: float
    rate: float

    @property
    def size(self) -> float:
        """Expected number of all descendants."""
        return self.offspring / (1 - self.offspring)


def _follow_line(intensity: Intensity) -> _Line:
    kernel = intensity.succession
    offspring = kernel.offspring * mean_kept(intensity, kernel)
    return _Line(offspring, (1 - offspring) / kernel.decay_hours)


def _count_line(line: _Line, hours: Floats) -> Floats:
    """Expected number of one homicide or shooting and all its descendants within some hours."""
    return np.asarray(1 + line.size * -np.expm1(-line.rate * hours))


def _count_descendants(line: _Line, kernel: Kernel, hours: Floats | Hours) -> Floats:
    """Expected descendants of all generations within some hours, per direct offspring that a kernel has.

    Integral over u from 0 to h of a exp(-a u) (1 + n / (1 - n) (1 - exp(-c (h - u)))), with a the decay rate of
    the kernel.
    """
    from scipy.special import exprel

    decay = 1 / kernel.decay_hours
    overlap = decay * hours * np.exp(-line.rate * hours) * exprel((line.rate - decay) * hours)
    direct = _direct(kernel, hours)
    return np.asarray(direct + line.size * (direct - overlap))


def mean_kept(intensity: Intensity, kernel: Kernel) -> float:
    """Share of the offspring of background parents that falls inside the city."""
    source = intensity.surface(kernel.parents[0])
    return float((source.share * blur(source.inside, sigma_m=kernel.sigma_m)).sum())


def _elapsed_windows(clock: Clock, starts: Instants, stops: Instants) -> tuple[Hours, Hours]:
    """First elapsed hour and number of hours of each window."""
    start = _elapsed_hours(clock, starts)
    length = _elapsed_hours(clock, stops) - start
    if np.any(length <= 0):
        raise ConfigError(
            "Expected every window to stop after it starts. Received: "
            f"{starts[length <= 0][0]} to {stops[length <= 0][0]}. Swap or widen them."
        )
    return start, length


def _elapsed_hours(clock: Clock, instants: Instants) -> Hours:
    elapsed = (instants - clock.start) / np.timedelta64(1, "h")
    hours, rest = np.divmod(elapsed, 1)
    wrong = (rest != 0) | (hours < 0) | (hours > clock.hours)
    if wrong.any():
        first, last = clock.at(np.array([0, clock.hours]))
        raise ConfigError(
            f"Expected full hours from {first} to {last} UTC. Received: {instants[wrong][0]}. "
            "Ask for windows of the simulated period, as city_windows lists them."
        )
    return np.asarray(hours, dtype=np.int64)
