"""A whole simulated city: ground, intensity, incidents, reports and truth."""

from dataclasses import dataclass

import numpy as np

from incidents.simulate.city import lay_out_city
from incidents.simulate.clock import read_clock
from incidents.simulate.intensity import Intensity, compose_intensity
from incidents.simulate.process import Cascade, Events, simulate_events
from incidents.simulate.reports import Reports, file_reports
from incidents.simulate.risk import Floats
from incidents.simulate.settings import SimulationSettings, check_settings
from incidents.simulate.truth import Instants, WindowTruth, city_windows, expect_in_cells, state_truth


@dataclass(frozen=True)
class SimulatedCity:
    """A simulated city and everything that is known about it.

    Attributes:
        settings: What was asked for.
        intensity: What was to be expected, when and where.
        cascade: What happened.
        reports: What the city's file says about it.
    """

    settings: SimulationSettings
    intensity: Intensity
    cascade: Cascade
    reports: Reports

    @property
    def events(self) -> Events:
        """All incidents in order of time."""
        return self.cascade.events

    def truth(self) -> WindowTruth:
        """The truth about every two-hour window of the wall clock."""
        return self.truth_between(*city_windows(self.intensity.clock))

    def truth_between(self, starts: Instants, stops: Instants) -> WindowTruth:
        """The truth about any windows on full hours, as in :func:`state_truth`."""
        return state_truth(self.intensity, self.events, starts, stops)

    def expected_in_cells(self, start: np.datetime64, stop: np.datetime64) -> Floats:
        """Expected homicides and shootings in each cell, as in :func:`expect_in_cells`."""
        return expect_in_cells(self.intensity, self.events, start, stop)


def simulate_city(settings: SimulationSettings, *, rng: np.random.Generator) -> SimulatedCity:
    """Simulate a city.

    Args:
        settings: How large, how busy, how contagious, how badly recorded.
        rng: Source of all randomness; equal generators give equal cities.

    Returns:
        The city with its incidents, its reports and its truth.

    Raises:
        ConfigError: A setting out of range.

    Example:
        >>> from datetime import date
        >>> week = SimulationSettings(start=date(2023, 7, 3), stop=date(2023, 7, 10))
        >>> simulate_city(week, rng=np.random.default_rng(7)).truth().probability.shape
        (84,)
    """
    check_settings(settings)
    ground, rates, happenings, paperwork = rng.spawn(4)
    city = lay_out_city(settings.shape, rng=ground)
    clock = read_clock(settings.start, settings.stop)
    intensity = compose_intensity(city, clock, settings.background, settings.excitation, rng=rates)
    cascade = simulate_events(intensity, rng=happenings)
    reports = file_reports(
        cascade.events,
        city=city,
        clock=clock,
        delays=settings.delays,
        defects=settings.defects,
        rng=paperwork,
    )
    return SimulatedCity(settings, intensity, cascade, reports)
