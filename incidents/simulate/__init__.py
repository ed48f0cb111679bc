"""A seeded city whose true risk is known, so that a method can be asked whether it recovers it."""

from incidents.simulate.settings import SimulationSettings
from incidents.simulate.simulation import SimulatedCity, simulate_city
from incidents.simulate.truth import WindowTruth
from incidents.simulate.writing import write_city

__all__ = [
    "SimulatedCity",
    "SimulationSettings",
    "WindowTruth",
    "simulate_city",
    "write_city",
]
