"""How many incidents of each category arise of themselves in each hour, where, and what they trigger.

The intensity of homicides and shootings together, per hour and square metre, given all incidents ``i`` so far::

    lambda(t, s) = mu r(t) f(s) + sum_i  n_i / tau_i exp(-(t - t_i) / tau_i) N(s - s_i; sigma_i)   s in city

with ``mu`` a mean rate, ``r`` the rhythm of week and season with mean 1, ``f`` a density over the city, and
for each kind of parent a number of offspring ``n``, a mean waiting time ``tau`` and a displacement ``sigma``.
Every other category is the background alone. Nothing happened before the first hour.

Reference:
    A. G. Hawkes, Biometrika 58 (1971), doi:10.1093/biomet/58.1.83; space-time form as in Mohler et al.,
    JASA 106 (2011), doi:10.1198/jasa.2011.ap09546.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.schema import Category
from incidents.simulate.city import City
from incidents.simulate.clock import Clock
from incidents.simulate.risk import Floats, HotSpots, RiskSurface, draw_hot_spots, map_risk
from incidents.simulate.settings import TARGETS, VIOLENT, Background, Excitation

CATEGORIES = tuple(Category)
"""The code of a category is its place in this tuple."""

CODES = {category: code for code, category in enumerate(CATEGORIES)}

PEAK_DAY = 200
"""Day of the year on which violent incidents peak."""


@dataclass(frozen=True)
class Kernel:
    """What one kind of parent triggers.

    Attributes:
        parents: Categories of the parents.
        offspring: Mean number of direct offspring, before those outside the city are dropped.
        decay_hours: Mean of the exponential waiting time.
        sigma_m: Standard deviation of the Gaussian displacement, in x and in y.
    """

    parents: tuple[Category, ...]
    offspring: float
    decay_hours: float
    sigma_m: float

    def is_parent(self, code: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
        """Which category codes are parents."""
        return np.isin(code, [CODES[parent] for parent in self.parents])


@dataclass(frozen=True)
class Intensity:
    """Everything that decides how many incidents are to be expected, when and where.

    Attributes:
        clock: Wall clock of the period.
        per_day: Mean number of background incidents a day, by category.
        violent_rhythm: Factor for each elapsed hour, mean 1 over a year, shape (hours,).
        other_rhythm: The same for the other categories.
        violent: Density of violent incidents.
        other: Density of the others.
        hot_spots: The bumps in ``violent``.
        succession: Kernel of homicides and shootings on themselves.
        precursors: Kernels of other categories on them.
        homicide_share: Probability that one of them is a homicide.
    """

    clock: Clock
    per_day: Mapping[Category, float]
    violent_rhythm: Floats
    other_rhythm: Floats
    violent: RiskSurface
    other: RiskSurface
    hot_spots: HotSpots
    succession: Kernel
    precursors: tuple[Kernel, ...]
    homicide_share: float

    @property
    def city(self) -> City:
        """The ground."""
        return self.violent.city

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """All kernels, that of homicides and shootings first."""
        return (self.succession, *self.precursors)

    def surface(self, category: Category) -> RiskSurface:
        """Density of the background of a category."""
        return self.violent if category in VIOLENT else self.other

    def hourly(self, *categories: Category) -> Floats:
        """Expected background incidents of some categories in each elapsed hour, shape (hours,)."""
        total = np.zeros(self.clock.hours)
        for category in categories:
            rhythm = self.violent_rhythm if category in VIOLENT else self.other_rhythm
            total += self.per_day.get(category, 0.0) / 24 * rhythm
        return total


def compose_intensity(
    city: City, clock: Clock, background: Background, excitation: Excitation, *, rng: np.random.Generator
) -> Intensity:
    """Draw hot spots and neighborhoods' risks, and put the intensity together.

    Args:
        city: The ground.
        clock: Wall clock of the period.
        background: Rates, rhythm and heterogeneity, checked.
        excitation: Branching, checked.
        rng: Source of all randomness.
    """
    hot_spots = draw_hot_spots(city, background, rng=rng)
    spread = background.neighborhood_spread
    homicides, shootings = (background.per_day.get(target, 0.0) for target in TARGETS)
    return Intensity(
        clock=clock,
        per_day=dict(background.per_day),
        violent_rhythm=_season(clock, background)
        * weekly_rhythm(background, violent=True)[clock.hour_of_week],
        other_rhythm=weekly_rhythm(background, violent=False)[clock.hour_of_week],
        violent=map_risk(city, spread=spread, hot_spots=hot_spots, rng=rng),
        other=map_risk(city, spread=spread, hot_spots=None, rng=rng),
        hot_spots=hot_spots,
        succession=Kernel(
            TARGETS, excitation.branching_ratio, excitation.decay_days * 24, excitation.sigma_m
        ),
        precursors=tuple(
            Kernel((cause.category,), cause.offspring, cause.decay_days * 24, cause.sigma_m)
            for cause in excitation.precursors
        ),
        homicide_share=homicides / (homicides + shootings) if homicides + shootings else 0.0,
    )


def weekly_rhythm(background: Background, *, violent: bool) -> Floats:
    """Factor on the rate for each hour of the week, Monday 00:00 first, mean 1, shape (168,).

    Violent incidents peak at 23:30 and in the nights before Saturday and Sunday, the others at 15:30.
    """
    hour = np.arange(168) + 0.5
    peak = 23.5 if violent else 15.5
    shape = np.cos(2 * np.pi * (hour - peak) / 24)
    if violent:
        nights = np.array([4 * 24 + 24, 5 * 24 + 24])
        shape = shape + np.exp(-np.square((hour[:, None] - nights) / 4) / 2).sum(axis=1)
    rhythm = np.exp(background.hour_amplitude * shape)
    return np.asarray(rhythm / rhythm.mean())


def _season(clock: Clock, background: Background) -> Floats:
    phase = 2 * np.pi * (clock.day_of_year - PEAK_DAY) / 365.25
    return np.asarray(1 + background.season_amplitude * np.cos(phase))
