"""What happens in the city: incidents of all categories, drawn exactly, generation by generation.

The cluster representation makes a Hawkes process a cascade of Poisson draws: background incidents first, then
the offspring of each generation. Offspring outside the city or after the last hour are dropped, with all that
they would have triggered; both are counted.

Reference:
    A. G. Hawkes and D. Oakes, J. Appl. Prob. 11 (1974), doi:10.2307/3212693.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from incidents.schema import Category
from incidents.simulate.city import Points
from incidents.simulate.intensity import CODES, Intensity, Kernel
from incidents.simulate.risk import Floats
from incidents.simulate.settings import TARGETS


@dataclass(frozen=True)
class Events:
    """Incidents as they happened.

    Attributes:
        hours: Elapsed hours since the start, shape (events,).
        code: Category codes, shape (events,).
        points: Metres in the city's CRS, shape (events, 2).
        parent: Index of the incident that triggered it, -1 for the background, shape (events,).
    """

    hours: Floats
    code: npt.NDArray[np.int8]
    points: Points
    parent: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Number of incidents."""
        return self.hours.size

    @property
    def is_target(self) -> npt.NDArray[np.bool_]:
        """Which incidents are homicides or shootings, shape (events,)."""
        return np.isin(self.code, [CODES[target] for target in TARGETS])


@dataclass(frozen=True)
class Cascade:
    """All incidents in order of time, and what was dropped on the way.

    Attributes:
        events: The incidents.
        outside: Number of offspring dropped because they fell outside the city.
        late: Number of offspring dropped because they fell after the last hour.
    """

    events: Events
    outside: int
    late: int


def simulate_events(intensity: Intensity, *, rng: np.random.Generator) -> Cascade:
    """Draw every incident of the period.

    Args:
        intensity: What is to be expected.
        rng: Source of all randomness.

    Returns:
        The incidents, ordered by time; ``parent`` refers to this order.
    """
    generation = _join([_draw_background(intensity, category, rng) for category in intensity.per_day])
    generations, first, outside, late = [generation], 0, 0, 0
    while len(generation):
        born = _join([_draw_offspring(generation, kernel, intensity, rng) for kernel in intensity.kernels])
        born = Events(born.hours, born.code, born.points, born.parent + first)
        in_time = born.hours < intensity.clock.hours
        in_city = np.asarray(shapely.contains_xy(intensity.city.outline, born.points), dtype=bool)
        late += int(np.count_nonzero(~in_time))
        outside += int(np.count_nonzero(in_time & ~in_city))
        first += len(generation)
        generation = _pick(born, in_time & in_city)
        generations.append(generation)
    return Cascade(_order_by_time(_join(generations)), outside, late)


def _draw_background(intensity: Intensity, category: Category, rng: np.random.Generator) -> Events:
    cumulated = np.cumsum(intensity.hourly(category))
    count = int(rng.poisson(cumulated[-1]))
    hour = np.searchsorted(cumulated, rng.random(count) * cumulated[-1], side="right")
    return Events(
        hours=hour + rng.random(count),
        code=np.full(count, CODES[category], dtype=np.int8),
        points=intensity.surface(category).draw(count, rng=rng),
        parent=np.full(count, -1, dtype=np.int64),
    )


def _draw_offspring(
    parents: Events, kernel: Kernel, intensity: Intensity, rng: np.random.Generator
) -> Events:
    fertile = np.flatnonzero(kernel.is_parent(parents.code))
    parent = np.repeat(fertile, rng.poisson(kernel.offspring, fertile.size))
    homicide = rng.random(parent.size) < intensity.homicide_share
    return Events(
        hours=parents.hours[parent] + rng.exponential(kernel.decay_hours, parent.size),
        code=np.where(homicide, CODES[Category.HOMICIDE], CODES[Category.SHOOTING]).astype(np.int8),
        points=parents.points[parent] + rng.normal(0, kernel.sigma_m, (parent.size, 2)),
        parent=parent,
    )


def _join(parts: list[Events]) -> Events:
    return Events(
        np.concatenate([part.hours for part in parts]),
        np.concatenate([part.code for part in parts]),
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.parent for part in parts]),
    )


def _pick(events: Events, which: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> Events:
    return Events(events.hours[which], events.code[which], events.points[which], events.parent[which])


def _order_by_time(events: Events) -> Events:
    order = np.argsort(events.hours, kind="stable")
    position = np.empty_like(order)
    position[order] = np.arange(order.size)
    ordered = _pick(events, order)
    parent = np.where(ordered.parent < 0, -1, position[ordered.parent])
    return Events(ordered.hours, ordered.code, ordered.points, parent)
