"""Whether more incidents lie around places of interest than chance has it, at which distances (cross-K function)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from hotspots.places.envelope import Envelope, global_envelope
from hotspots.places.relocation import Relocation
from hotspots.points import Floats
from hotspots.sites import Sites, group_sites
from incidents.errors import ConfigError, DataError

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

RADII_M = (50.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0, 750.0, 1000.0)


@dataclass(frozen=True)
class CrossK:
    """Incidents around places.

    Args:
        radii_m: Distances, rising, metres, ``(k,)``.
        around: Mean number of incidents within each distance of a place, ``(k,)``: the cross-K function times the
            density of the incidents.
        expected: The same for relocated places, mean over the simulations, ``(k,)``.
        envelope: Global envelope of the ratio to ``expected``, with p for all distances together.
        places: Number of places.
        incidents: Number of incidents.
        simulations: Number of simulations.
    """

    radii_m: Floats
    around: Floats
    expected: Floats
    envelope: Envelope
    places: int
    incidents: float
    simulations: int

    @property
    def ratio(self) -> Floats:
        """Incidents around places over those expected; 1 is chance, ``(k,)``."""
        return self.around / self.expected


def cross_k(
    incidents: Sites,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    relocate: Relocation,
    *,
    radii_m: npt.ArrayLike = RADII_M,
    simulations: int = 499,
    rng: np.random.Generator,
) -> CrossK:
    """Count incidents around places, and again around places elsewhere.

    No edge correction is needed: relocated places lose as much beyond the city limit as real ones. The envelope is of
    the ratio to the mean of the simulations, so that short and long distances weigh alike. What the result means hangs
    on ``relocate``; the choices are explained in :mod:`hotspots.places.relocation`.

    Where not to use: more incidents around shops do not say that shops bring them: both follow main streets, and a shop
    with a camera reports more.

    Args:
        incidents: Sites with their weights.
        x: Eastings of the places, metres, ``(places,)``; NaN where unknown, which are left out.
        y: Northings, metres, ``(places,)``.
        relocate: Where else the places might have been.
        radii_m: Distances, rising, > 0, ``(k,)``.
        simulations: Number of simulations.
        rng: Source of randomness.

    Raises:
        ConfigError: Distances do not rise from above 0, or too few simulations for a level of 5%.
        CrsError: The coordinates look like longitude and latitude.
        DataError: There is no place or no incident, or no simulated place has an incident within the shortest distance.

    Reference:
        Ripley (1976), doi:10.2307/3212829; for two kinds of points, Lotwick and Silverman (1982),
        doi:10.1111/j.2517-6161.1982.tb01221.x.
    """
    from scipy.spatial import cKDTree

    radii = check_radii(radii_m)
    places = _check_places(x, y)
    if not incidents.weight.sum() > 0:
        raise DataError("Expected incidents. Received: none. Take a longer period or more categories.")
    tree = cKDTree(incidents.xy)
    around = _count_around(tree, incidents, places, radii)
    simulated = np.stack([_count_around(tree, incidents, relocate(rng), radii) for _ in range(simulations)])
    expected = simulated.mean(axis=0)
    if not expected.min() > 0:
        raise DataError(
            f"Expected incidents within {radii[0]:g} m of some simulated place. Received: none in {simulations} "
            "simulations. Choose longer distances."
        )
    return CrossK(
        radii_m=radii,
        around=around,
        expected=expected,
        envelope=global_envelope(around / expected, simulated / expected),
        places=len(places),
        incidents=float(incidents.weight.sum()),
        simulations=simulations,
    )


def check_radii(radii_m: npt.ArrayLike) -> Floats:
    """Distances as floats, if they rise from above 0.

    Raises:
        ConfigError: They do not.
    """
    radii = np.asarray(radii_m, dtype=np.float64)
    if radii.ndim != 1 or not radii.size or not (np.diff(radii, prepend=0.0) > 0).all():
        raise ConfigError(
            f"Expected distances in metres that rise from above 0. Received: {radii.tolist()}. Use 100, 200, 400."
        )
    return radii


def _check_places(x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
    """Coordinates of the places that have them, ``(places, 2)``; two places at one address are two."""
    sites = group_sites(x, y)
    if not len(sites):
        raise DataError("Expected places of interest. Received: none. Name a file of places.")
    return sites.xy[sites.of_point[sites.of_point >= 0]]


def _count_around(tree: "cKDTree", incidents: Sites, places: Floats, radii: Floats) -> Floats:
    """Mean weight of the incidents within each distance of a place, ``(k,)``."""
    from scipy.spatial import cKDTree

    counts = cKDTree(places).count_neighbors(tree, radii, weights=(None, incidents.weight))
    return np.asarray(counts, dtype=np.float64) / len(places)
