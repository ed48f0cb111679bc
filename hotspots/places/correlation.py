"""Whether two surfaces of a city go together more than two smooth surfaces do anyway (Dutilleul's modified t-test).

Neighboring cells say the same thing twice, so the number of cells overstates how much is known. The test replaces it
by an effective number of independent cells, from the autocorrelation of both surfaces at all distances.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hotspots.points import Bools, Floats, Ints
from incidents.errors import DataError

FEWEST_CELLS = 10


@dataclass(frozen=True)
class Correlation:
    """Pearson correlation of two surfaces.

    Args:
        r: The correlation.
        cells: Number of cells in which both are known.
        effective_cells: How many independent cells would say as much.
        p: Two-sided p with the effective number; 1 where that is 2 or less, since then nothing can be said.
        naive_p: The same as if all cells were independent, for comparison.
    """

    r: float
    cells: int
    effective_cells: float
    p: float
    naive_p: float


def correlate_surfaces(first: npt.ArrayLike, second: npt.ArrayLike) -> Correlation:
    """Correlate two surfaces on the same grid, and test with their autocorrelation accounted for.

    The covariance of each surface is taken as one number for each distance between cells (to the nearest whole cell),
    whatever the direction and the place.

    Where not to use: a correlation of densities says that two things are found in the same parts of the city, as most
    things are that follow people. Counts of rare events are best smoothed or taken as square roots first. It errs
    towards significance where a surface has a trend across the whole city.

    Args:
        first: Density or count, ``(rows, cols)``; NaN outside the city.
        second: The other, the same shape.

    Raises:
        DataError: Shapes differ, fewer than 10 cells in which both are known, or a surface that is constant there.

    Reference:
        Dutilleul (1993), doi:10.2307/2532625, with all distances; Clifford, Richardson and Hémon (1989),
        doi:10.2307/2532039.
    """
    from scipy.stats import t as student

    one, other, known = _check(first, second)
    cells = int(known.sum())
    centred = [np.where(known, surface - surface[known].mean(), 0.0) for surface in (one, other)]
    r = float(np.sum(centred[0] * centred[1]) / np.sqrt(np.sum(centred[0] ** 2) * np.sum(centred[1] ** 2)))
    effective = effective_cells(centred[0], centred[1], known)
    p, naive_p = (
        float(2 * student.sf(abs(r) * np.sqrt((n - 2) / max(1 - r**2, 1e-15)), n - 2)) if n > 2 else 1.0
        for n in (effective, float(cells))
    )
    return Correlation(r, cells, effective, p, naive_p)


def effective_cells(first: Floats, second: Floats, known: Bools) -> float:
    """Number of independent cells that would say as much about the correlation as those of two surfaces.

    Args:
        first: Its differences from its mean, ``(rows, cols)``, 0 where not known.
        second: The same of the other.
        known: Cells in which both are known.

    Returns:
        ``1 + tr(P A) tr(P B) / tr(P A P B)`` with the covariance matrices A and B and the centring matrix P, at most
        the number of cells.
    """
    cells = float(known.sum())
    distance, pairs = _lags(known.shape), _correlate(known.astype(np.float64))
    per_class = np.maximum(np.bincount(distance.ravel(), pairs.ravel()), 1.0)
    covariance = [
        np.bincount(distance.ravel(), _correlate(surface).ravel()) / per_class for surface in (first, second)
    ]
    # Both surfaces are centred, so the sum of all entries of A is 0, and likewise of B.
    traces = cells**2 * covariance[0][0] * covariance[1][0]
    both = float(np.sum(per_class * covariance[0] * covariance[1]))
    row_sums = [_spread(known, part[distance]) for part in covariance]
    crossed = both - 2 / cells * float(np.sum((row_sums[0] * row_sums[1])[known]))
    return min(1 + traces / crossed, cells) if crossed > 0 else cells


def _check(first: npt.ArrayLike, second: npt.ArrayLike) -> tuple[Floats, Floats, Bools]:
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.ndim != 2 or one.shape != other.shape:
        raise DataError(
            f"Expected two surfaces of one shape (rows, cols). Received: {one.shape} and {other.shape}. "
            "Put both on the same grid."
        )
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < FEWEST_CELLS:
        raise DataError(
            f"Expected at least {FEWEST_CELLS} cells in which both are known. Received: {known.sum()}. "
            "Choose smaller cells."
        )
    if np.ptp(one[known]) == 0 or np.ptp(other[known]) == 0:
        raise DataError(
            "Expected surfaces that vary. Received: a constant one. Take a longer period or other places."
        )
    return one, other, known


def _lags(shape: tuple[int, ...]) -> Ints:
    """Distance of each step between cells, to the nearest whole cell, ``(2 rows, 2 cols)``, steps in FFT order."""
    down, across = (np.fft.fftfreq(2 * size, d=1 / (2 * size)) for size in shape)
    return np.asarray(np.rint(np.hypot(down[:, None], across[None, :])), dtype=np.int64)


def _correlate(surface: Floats) -> Floats:
    """Sum of products of cells each step apart, ``(2 rows, 2 cols)``, steps in FFT order."""
    from scipy.fft import irfft2, rfft2

    padded = tuple(2 * size for size in surface.shape)
    spectrum = rfft2(surface, padded)
    return np.asarray(irfft2(np.abs(spectrum) ** 2, padded), dtype=np.float64)


def _spread(known: Bools, by_step: Floats) -> Floats:
    """Sum over known cells of a number that depends on the step to them, for each cell, ``(rows, cols)``."""
    from scipy.fft import irfft2, rfft2

    rows, cols = known.shape
    spectrum = rfft2(known.astype(np.float64), by_step.shape) * rfft2(by_step)
    return np.asarray(irfft2(spectrum, by_step.shape)[:rows, :cols], dtype=np.float64)
