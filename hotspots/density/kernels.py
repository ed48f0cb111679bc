"""How one incident is spread over the ground around it.

A kernel is radially symmetric and holds the mass 1; distances and bandwidths are metres, densities per square
metre. A bandwidth is the standard deviation of the Gaussian kernel and the radius of the quartic one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Kernel(StrEnum):
    """Shape of the spread."""

    GAUSSIAN = "gaussian"
    """Smooth, reaches everywhere; the choice for likelihoods and ratios."""

    QUARTIC = "quartic"
    """Ends at its radius, so that one can say what a value was made of; usual in crime analysis."""


@dataclass(frozen=True)
class Shape:
    """A kernel of bandwidth 1.

    Args:
        profile: Density from squared distances.
        reach: Distance beyond which it is zero, or taken as zero.
        sigma: Standard deviation along one axis.
        roughness: Integral of the squared density.
    """

    profile: Callable[[Floats], Floats]
    reach: float
    sigma: float
    roughness: float


def _gaussian(squared: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * squared) / (2.0 * np.pi))


def _quartic(squared: Floats) -> Floats:
    return np.asarray(3.0 / np.pi * np.square(np.maximum(1.0 - squared, 0.0)))


SHAPES = {
    # Of a Gaussian 4 parts in a million lie beyond five standard deviations.
    Kernel.GAUSSIAN: Shape(_gaussian, reach=5.0, sigma=1.0, roughness=1.0 / (4.0 * np.pi)),
    Kernel.QUARTIC: Shape(_quartic, reach=1.0, sigma=8.0**-0.5, roughness=9.0 / (5.0 * np.pi)),
}


def spread(kernel: Kernel, squared_m2: Floats, *, bandwidth_m: float) -> Floats:
    """Density of a kernel at squared distances from its centre.

    Args:
        kernel: Shape of the spread.
        squared_m2: Squared distances, square metres, any shape.
        bandwidth_m: Bandwidth, metres.

    Returns:
        Density per square metre, the same shape.

    Reference:
        Silverman (1986), Density Estimation for Statistics and Data Analysis, eq. 4.3 and 4.5.

    Example:
        >>> float(spread(Kernel.QUARTIC, np.array([1.0e4]), bandwidth_m=100.0)[0])
        0.0
    """
    area = bandwidth_m**2
    return SHAPES[kernel].profile(squared_m2 / area) / area


def same_smoothing(bandwidth_m: float, kernel: Kernel) -> float:
    """Bandwidth at which a kernel smooths as much as a Gaussian of the given bandwidth.

    Args:
        bandwidth_m: Bandwidth of a Gaussian kernel, metres.
        kernel: The other kernel.

    Reference:
        Canonical bandwidths: Marron and Nolan (1988), doi:10.1016/0167-7152(88)90050-8, for two dimensions.

    Example:
        >>> round(same_smoothing(100.0, Kernel.QUARTIC), 1)
        277.9
    """
    gaussian, other = SHAPES[Kernel.GAUSSIAN], SHAPES[kernel]
    ratio = other.roughness * gaussian.sigma**4 / (gaussian.roughness * other.sigma**4)
    return float(bandwidth_m * ratio ** (1.0 / 6.0))
