"""How an expected count depends on a few features: Poisson regression by Newton's method, in NumPy alone.

Features are ``(n, k)``; they are standardised inside, so one penalty ``l2`` suits all of them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError, NoPositivesError
from verify.checks import Floats, check_scores, check_weights

MOST_STEPS = 100
MOST_HALVINGS = 40


@dataclass(frozen=True)
class PoissonFit:
    """A fitted Poisson regression.

    Args:
        intercept: Log of the expected count at the mean of all features.
        coefficients: Change of the log per standard deviation of each feature, (k,).
        mean: Mean of each feature in training, (k,).
        scale: Standard deviation of each feature in training, 1 where a feature does not vary, (k,).
    """

    intercept: float
    coefficients: Floats
    mean: Floats
    scale: Floats

    def expected(self, features: npt.ArrayLike, *, offset: npt.ArrayLike | None = None) -> Floats:
        """Expected count of each row, (n,); ``offset`` is the log of a known factor, (n,)."""
        rows = np.asarray(features, dtype=np.float64)
        # Folded into the coefficients, so that a large table is read once and not copied.
        slope = self.coefficients / self.scale
        logs = rows @ slope + (self.intercept - self.mean @ slope)
        return np.exp(logs if offset is None else logs + np.asarray(offset, dtype=np.float64))


def fit_poisson(
    features: npt.ArrayLike,
    counts: npt.ArrayLike,
    *,
    l2: float = 1.0,
    offset: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> PoissonFit:
    """Fit ``E(count) = exp(offset + intercept + coefficients . standardised features)``.

    Minimises the weighted negative log likelihood plus ``l2 / 2`` times the squared coefficients; the
    intercept is not penalised.

    Args:
        features: (n, k), finite.
        counts: (n,), >= 0, not all 0.
        l2: Penalty, >= 0.
        offset: Log of a known factor, (n,), finite.
        weights: (n,), >= 0; a weight of 2 counts a row twice.

    Raises:
        NoPositivesError: All counts are 0.
        DataError: Shapes differ, a value is not finite or a count negative, or no maximum was found.
        ConfigError: ``l2`` is negative.

    Reference:
        McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., section 6.2.
    """
    if not l2 >= 0.0:
        raise ConfigError(f"Expected l2 >= 0. Received: {l2}. Use 1.0 unless there is a reason.")
    rows, found = _check_rows(features, counts)
    given = check_weights(weights, count=found.size)
    weight = np.ones(found.size) if given is None else given
    if not bool((weight * found).any()):
        raise NoPositivesError("Expected at least one event to fit. Received: none. Take a longer period.")
    known = np.zeros(found.size) if offset is None else check_scores(offset, count=found.size)
    mean = np.average(rows, axis=0, weights=weight)
    spread = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=weight))
    # A constant column leaves rounding noise, not zero; dividing by it would blow the noise up.
    scale = np.where(spread > 1e-12 * np.maximum(1.0, np.abs(mean)), spread, 1.0)
    design = np.column_stack([np.ones(len(rows)), (rows - mean) / scale])
    solution = _Problem(design, found, weight, known, l2).solve()
    return PoissonFit(float(solution[0]), solution[1:], mean, scale)


@dataclass(frozen=True)
class _Problem:
    """A penalised Poisson likelihood; the first column of the design is the intercept, without penalty."""

    design: Floats
    counts: Floats
    weights: Floats
    offset: Floats
    l2: float

    def solve(self) -> Floats:
        beta = np.zeros(self.design.shape[1])
        # From the overall rate on, Newton steps stay small.
        beta[0] = np.log((self.weights @ self.counts) / (self.weights @ np.exp(self.offset)))
        loss = self._loss(beta)
        for _ in range(MOST_STEPS):
            gradient, curvature = self._slope(beta)
            step: Floats = np.linalg.lstsq(curvature, gradient, rcond=None)[0].astype(np.float64)
            if float(gradient @ step) <= 1e-10 * (1.0 + abs(loss)):
                return beta - step
            beta, loss = self._halve(beta, step, loss)
        raise DataError(
            f"Expected a Poisson fit to converge in {MOST_STEPS} steps. Received: a loss of {loss:g} that still "
            "falls. Use a larger l2."
        )

    def _loss(self, beta: Floats) -> float:
        logs = self.offset + self.design @ beta
        with np.errstate(over="ignore"):  # too long a step has infinite loss, and is halved
            return float(
                self.weights @ (np.exp(logs) - self.counts * logs) + 0.5 * self.l2 * (beta[1:] @ beta[1:])
            )

    def _slope(self, beta: Floats) -> tuple[Floats, Floats]:
        expected = self.weights * np.exp(self.offset + self.design @ beta)
        penalty = np.full(beta.size, self.l2)
        penalty[0] = 0.0
        gradient = self.design.T @ (expected - self.weights * self.counts) + penalty * beta
        return gradient, (self.design * expected[:, None]).T @ self.design + np.diag(penalty)

    def _halve(self, beta: Floats, step: Floats, loss: float) -> tuple[Floats, float]:
        for halvings in range(MOST_HALVINGS):
            trial = beta - step * 0.5**halvings
            trial_loss = self._loss(trial)
            if trial_loss <= loss:
                return trial, trial_loss
        return beta, loss


def _check_rows(features: npt.ArrayLike, counts: npt.ArrayLike) -> tuple[Floats, Floats]:
    rows, found = np.asarray(features, dtype=np.float64), np.asarray(counts, dtype=np.float64)
    if rows.ndim != 2 or found.shape != (len(rows),) or not bool(np.isfinite(rows).all()):
        raise DataError(
            f"Expected finite features (n, k) and n counts. Received: {rows.shape} and {found.shape}. Align them."
        )
    if not bool((np.isfinite(found) & (found >= 0.0)).all()):
        raise DataError("Expected finite counts >= 0. Received: others. Drop those rows.")
    return rows, found
