"""The truth of a simulated city as it is kept beside its files: ``truth.json`` and ``truth.npz``.

``truth.json`` holds every parameter and total. ``truth.npz`` holds arrays:

- by two-hour window of the wall clock: ``window_start``, ``window_stop`` (UTC, datetime64[us]), ``background``,
  ``compensator``, ``expected``, ``probability`` (see ``WindowTruth``) and ``count``, the homicides and shootings
  that happened;
- by cell, shape (rows, cols) with row 0 in the north, lattice in ``truth.json`` under ``cells``: ``violent_share``
  and ``other_share``, the probability that a background incident falls there, and ``inside``, the share of the
  cell's area inside the city;
- by homicide or shooting: ``target_number`` (the number in its ``incident_id``), ``target_parent`` (that of the
  incident that triggered it, -1 for none), ``target_hours`` since the start, ``target_x``, ``target_y``.
"""

import io
from dataclasses import asdict

import numpy as np
import numpy.typing as npt

from incidents.simulate.city import CRS
from incidents.simulate.clock import TIME_ZONE
from incidents.simulate.intensity import CATEGORIES, PEAK_DAY, Intensity, weekly_rhythm
from incidents.simulate.settings import TARGETS
from incidents.simulate.simulation import SimulatedCity
from incidents.simulate.truth import mean_kept

FORMAT = "tocsin-truth-1"

NOTES = (
    "Times are elapsed hours since start_utc, lengths metres in crs.",
    "Nothing happened before the start: the first weeks see fewer triggered incidents.",
    "Offspring outside the city or after the stop are dropped and trigger nothing.",
    "mean_kept_inside: share of the offspring of background parents that stays inside the city.",
    "Homicides and shootings excite each other; each is a homicide with probability homicide_share.",
    "Extra victims are rows, not incidents; the truth counts incidents.",
    "Probabilities are given all that happened before a window, reported or not.",
)


def record_parameters(city: SimulatedCity) -> dict[str, object]:
    """Every parameter, expectation and total, as JSON has them (all of ``truth.json`` but the settings).

    Args:
        city: The simulated city.
    """
    intensity, events = city.intensity, city.events
    cells, spots = intensity.violent.cells, intensity.hot_spots
    start, stop = intensity.clock.at(np.array([0, intensity.clock.hours]))
    return {
        "format": FORMAT,
        "notes": list(NOTES),
        "start_utc": f"{start}Z",
        "stop_utc": f"{stop}Z",
        "time_zone": TIME_ZONE,
        "crs": CRS,
        "targets": [target.value for target in TARGETS],
        "homicide_share": intensity.homicide_share,
        "branching_ratio": intensity.succession.offspring,
        "kernels": _describe_kernels(intensity),
        "weekly_rhythm": {
            "violent": weekly_rhythm(city.settings.background, violent=True).tolist(),
            "other": weekly_rhythm(city.settings.background, violent=False).tolist(),
        },
        "season": {"amplitude": city.settings.background.season_amplitude, "peak_day_of_year": PEAK_DAY},
        "hot_spots": {
            "centres": spots.points.tolist(),
            "strength": spots.strength,
            "sigma_m": spots.sigma_m,
        },
        "cells": asdict(cells),
        "neighborhoods": _describe_neighborhoods(intensity),
        "expected_background": {
            category.value: float(intensity.hourly(category).sum()) for category in intensity.per_day
        },
        "incidents": _count_categories(events.code),
        "triggered": int(np.count_nonzero(events.parent >= 0)),
        "offspring_dropped": {"outside": city.cascade.outside, "late": city.cascade.late},
        "rows": city.reports.rows.height,
        "defects": dict(city.reports.counts),
    }


def record_arrays(city: SimulatedCity) -> bytes:
    """The bytes of ``truth.npz``.

    Args:
        city: The simulated city.
    """
    truth, events = city.truth(), city.events
    target = np.flatnonzero(events.is_target)
    counts = np.histogram(events.hours[target], city.intensity.clock.window_edges)[0]
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "window_start": truth.start,
        "window_stop": truth.stop,
        "background": truth.background,
        "compensator": truth.compensator,
        "expected": truth.expected,
        "probability": truth.probability,
        "count": counts,
        "violent_share": city.intensity.violent.share,
        "other_share": city.intensity.other.share,
        "inside": city.intensity.violent.inside,
        "target_number": target,
        "target_parent": events.parent[target],
        "target_hours": events.hours[target],
        "target_x": events.points[target, 0],
        "target_y": events.points[target, 1],
    }
    packed = io.BytesIO()
    np.savez_compressed(packed, allow_pickle=False, **arrays)
    return packed.getvalue()


def _describe_kernels(intensity: Intensity) -> list[dict[str, object]]:
    return [
        {
            "parents": [parent.value for parent in kernel.parents],
            "offspring": kernel.offspring,
            "decay_hours": kernel.decay_hours,
            "sigma_m": kernel.sigma_m,
            "mean_kept_inside": mean_kept(intensity, kernel),
        }
        for kernel in intensity.kernels
    ]


def _describe_neighborhoods(intensity: Intensity) -> list[dict[str, object]]:
    city, size = intensity.city, intensity.city.names.size
    member = city.neighborhood_of(intensity.violent.cells.centres)
    violent = np.bincount(member, intensity.violent.share.ravel(), size)
    other = np.bincount(member, intensity.other.share.ravel(), size)
    return [
        {"name": str(city.names[number]), "violent_share": violent[number], "other_share": other[number]}
        for number in range(size)
    ]


def _count_categories(code: npt.NDArray[np.int8]) -> dict[str, int]:
    count = np.bincount(code, minlength=len(CATEGORIES))
    return {category.value: int(count[number]) for number, category in enumerate(CATEGORIES)}
