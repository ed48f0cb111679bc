"""How long the self-exciting process takes to fit 10,000 events, and how well simulated cities are recovered.

Run ``python benchmarks/sepp.py``; it prints seconds, best of three. With ``--cities 200`` it also prints how many
95% intervals hold the truth of that many simulated cities.
"""

import argparse
import time
from datetime import date

import numpy as np
import shapely

from incidents.schema import Category
from incidents.simulate import SimulatedCity, SimulationSettings, simulate_city
from incidents.simulate.settings import Background, Excitation
from verify.panel import PlaceUnits, units_from_raster
from verify.sepp import PointPattern, SeppFit, fit_sepp

ROUNDS = 3
NODE_M = 100.0
TRUTH = {"productivity": 0.25, "decay_days": 3.0, "sigma_m": 150.0}


def simulate(seed: int, *, per_day: float) -> SimulatedCity:
    """Two years of a city in which a quarter of the homicides and shootings follow another one."""
    shares = {Category.HOMICIDE: 0.36 * per_day, Category.SHOOTING: 0.64 * per_day}
    settings = SimulationSettings(
        start=date(2021, 1, 1),
        stop=date(2023, 1, 1),
        background=Background(per_day=shares),
        excitation=Excitation(precursors=()),
    )
    return simulate_city(settings, rng=np.random.default_rng(seed))


def lay_ground(city: SimulatedCity) -> PlaceUnits:
    """Squares of the city's ground."""
    outline = city.intensity.city.outline
    west, south, east, north = outline.bounds
    row, col = np.mgrid[: int((north - south) / NODE_M) + 1, : int((east - west) / NODE_M) + 1]
    inside = shapely.contains_xy(outline, west + (col + 0.5) * NODE_M, north - (row + 0.5) * NODE_M)
    return units_from_raster(np.where(inside, 0, -1), west_m=west, north_m=north, cell_size_m=NODE_M)


def gather(city: SimulatedCity) -> PointPattern:
    """Homicides and shootings as they happened."""
    target = city.events.is_target
    hours = city.events.hours[target]
    return PointPattern(
        days=hours / 24.0,
        points=city.events.points[target],
        kind=np.zeros(hours.size, dtype=np.int64),
        rhythm=city.intensity.violent_rhythm[hours.astype(np.int64)],
        kinds=1,
        span_days=city.intensity.clock.hours / 24.0,
    )


def time_fit() -> tuple[float, SeppFit, int]:
    """Seconds of the fastest of three fits with the default settings, the fit, and the number of events."""
    city = simulate(0, per_day=10.4)
    pattern, ground = gather(city), lay_ground(city)
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        fit = fit_sepp(pattern, ground)
        seconds.append(time.perf_counter() - start)
    return min(seconds), fit, pattern.days.size


def count_covered(cities: int) -> dict[str, int]:
    """Number of cities whose 95% interval holds the truth, by parameter."""
    covered = dict.fromkeys(TRUTH, 0)
    for seed in range(cities):
        city = simulate(seed, per_day=1.0)
        for name, interval in fit_sepp(gather(city), lay_ground(city)).intervals().items():
            covered[name] += interval.lo <= TRUTH[name] <= interval.hi
    return covered


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cities", type=int, default=0)
    given = parser.parse_args()
    seconds, fit, events = time_fit()
    print(f"{events} events, three bandwidths, {fit.steps} steps of EM: {seconds:.1f} s")
    for name, interval in fit.intervals().items():
        print(
            f"  {name:13s} {interval.value:8.3f} [{interval.lo:.3f}, {interval.hi:.3f}], true {TRUTH[name]}"
        )
    if given.cities:
        for name, covered in count_covered(given.cities).items():
            print(f"  {name:13s} held in {covered} of {given.cities} cities")


if __name__ == "__main__":
    main()
