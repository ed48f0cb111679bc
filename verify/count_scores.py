"""How good a forecast of a count is: CRPS of a whole distribution, and pinball loss of its quantiles.

Every function returns one loss per row, lower is better, so that rows can be averaged, compared by the
Diebold-Mariano test or resampled by blocks. Counts are ``(n,)``, whole and >= 0.
"""

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.checks import Floats


def crps_of_mass(mass: npt.ArrayLike, counts: npt.ArrayLike) -> Floats:
    """CRPS of forecasts given as the probability of each count from 0 to k - 1 (the ranked probability score).

    Args:
        mass: (n, k), each row >= 0 with sum 1 to 1e-6. What lies beyond k - 1 must be negligible.
        counts: (n,).

    Returns:
        ``sum over j of (P(X <= j) - [count <= j])^2`` in counts, (n,).

    Raises:
        DataError: Shapes differ, a count is not whole and >= 0, or a row is not a distribution.

    Reference:
        Epstein (1969), doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2; for counts Czado, Gneiting and
        Held (2009), doi:10.1111/j.1541-0420.2009.01191.x.

    Example:
        >>> crps_of_mass([[0.5, 0.5, 0.0]], [2])
        array([1.25])
    """
    observed = _check_counts(counts)
    given = _check_matrix(mass, rows=observed.size, what="mass")
    if given.min() < 0.0 or bool((np.abs(given.sum(axis=1) - 1.0) > 1e-6).any()):
        raise DataError(
            f"Expected rows of mass >= 0 that add up to 1. Received: sums from {given.sum(axis=1).min():g} to "
            f"{given.sum(axis=1).max():g}. Extend the counts until the rest is negligible."
        )
    below = np.cumsum(given, axis=1)
    reached = observed[:, None] <= np.arange(given.shape[1])
    # Beyond the last count the forecast has all its mass, so each further step up to the count adds one.
    beyond = np.maximum(observed - given.shape[1], 0.0)
    return np.asarray(((below - reached) ** 2).sum(axis=1) + beyond, dtype=np.float64)


def crps_ensemble(members: npt.ArrayLike, counts: npt.ArrayLike) -> Floats:
    """CRPS of the empirical distribution of m members: ``mean|x - y| - mean|x - x'| / 2``.

    It judges the members as the whole forecast; a small sample from a good distribution is scored as poor.
    For that use ``fair_crps_ensemble``.

    Args:
        members: (n, m), finite.
        counts: (n,).

    Returns:
        In counts, (n,).

    Raises:
        DataError: Shapes differ, or a value is not finite.

    Reference:
        Gneiting and Raftery (2007), doi:10.1198/016214506000001437, eq. 21.
    """
    observed = _check_counts(counts)
    given = _check_matrix(members, rows=observed.size, what="members")
    return np.asarray(_mean_error(given, observed) - 0.5 * _pair_distance(given) / given.shape[1] ** 2)


def fair_crps_ensemble(members: npt.ArrayLike, counts: npt.ArrayLike) -> Floats:
    """CRPS of the distribution that m members were drawn from, unbiased in m; it can be negative.

    Args:
        members: (n, m), m >= 2, finite and exchangeable.
        counts: (n,).

    Returns:
        In counts, (n,).

    Raises:
        DataError: Shapes differ, a value is not finite, or there is one member only.

    Reference:
        Ferro (2014), doi:10.1002/qj.2270.
    """
    observed = _check_counts(counts)
    given = _check_matrix(members, rows=observed.size, what="members")
    size = given.shape[1]
    if size < 2:
        raise DataError("Expected at least 2 members. Received: 1. Use crps_ensemble for a single member.")
    return np.asarray(_mean_error(given, observed) - 0.5 * _pair_distance(given) / (size * (size - 1)))


def crps_poisson(mean: npt.ArrayLike, counts: npt.ArrayLike) -> Floats:
    """CRPS of Poisson forecasts, in closed form.

    Args:
        mean: Expected counts, (n,), > 0.
        counts: (n,).

    Returns:
        In counts, (n,).

    Raises:
        DataError: Shapes differ, or a mean is not finite and > 0.

    Reference:
        Wei and Held (2014), doi:10.1007/s11749-014-0380-8, eq. 9.
    """
    from scipy.special import gammaln, ive, pdtr

    observed = _check_counts(counts)
    given = np.asarray(mean, dtype=np.float64)
    if given.shape != observed.shape or not bool((np.isfinite(given) & (given > 0.0)).all()):
        raise DataError(
            f"Expected {observed.size} finite means > 0. Received: shape {given.shape}. Floor them at a small rate."
        )
    mass = np.exp(observed * np.log(given) - given - gammaln(observed + 1.0))
    # ive is scaled by exp(-2 mean), which the formula asks for.
    spread = given * (ive(0, 2.0 * given) + ive(1, 2.0 * given))
    loss = (observed - given) * (2.0 * pdtr(observed, given) - 1.0) + 2.0 * given * mass - spread
    return np.asarray(loss, dtype=np.float64)


def pinball_loss(quantiles: npt.ArrayLike, counts: npt.ArrayLike, *, level: float) -> Floats:
    """Loss of a forecast quantile: ``level`` per count above it, ``1 - level`` per count below it.

    Args:
        quantiles: Forecast quantiles, (n,), finite.
        counts: (n,).
        level: Level of the quantile, between 0 and 1.

    Returns:
        In counts, (n,).

    Raises:
        DataError: Shapes differ, or a value is not finite.
        ConfigError: The level is not between 0 and 1.

    Reference:
        Koenker and Bassett (1978), doi:10.2307/1913643.

    Example:
        >>> pinball_loss([2.0, 2.0], [4, 1], level=0.9)
        array([1.8, 0.1])
    """
    if not 0.0 < level < 1.0:
        raise ConfigError(
            f"Expected a level between 0 and 1. Received: {level}. Use 0.9 for the 90% quantile."
        )
    observed = _check_counts(counts)
    given = np.asarray(quantiles, dtype=np.float64)
    if given.shape != observed.shape or not bool(np.isfinite(given).all()):
        raise DataError(
            f"Expected {observed.size} finite quantiles. Received: shape {given.shape}. Align them first."
        )
    short = observed - given
    return np.asarray(np.maximum(level * short, (level - 1.0) * short), dtype=np.float64)


def _mean_error(members: Floats, observed: Floats) -> Floats:
    return np.asarray(np.abs(members - observed[:, None]).mean(axis=1), dtype=np.float64)


def _pair_distance(members: Floats) -> Floats:
    """Sum of |x - x'| over all ordered pairs, (n,), from the sorted members in one pass."""
    size = members.shape[1]
    rank = 2.0 * np.arange(size) - size + 1.0
    return np.asarray(2.0 * np.sort(members, axis=1) @ rank, dtype=np.float64)


def _check_counts(counts: npt.ArrayLike) -> Floats:
    given = np.asarray(counts, dtype=np.float64)
    if given.ndim != 1 or given.size == 0:
        raise DataError(
            f"Expected counts of shape (n,), n > 0. Received: {given.shape}. Pass one count per forecast."
        )
    if not bool(((given >= 0.0) & (given == np.floor(given)) & np.isfinite(given)).all()):
        raise DataError(
            f"Expected whole counts >= 0. Received: {given.min():g} to {given.max():g}. Round or drop the others."
        )
    return given


def _check_matrix(matrix: npt.ArrayLike, *, rows: int, what: str) -> Floats:
    given = np.asarray(matrix, dtype=np.float64)
    if given.ndim != 2 or len(given) != rows or given.shape[1] == 0 or not bool(np.isfinite(given).all()):
        raise DataError(
            f"Expected finite {what} of shape ({rows}, k). Received: {given.shape}. Align them first."
        )
    return given
