"""How a probability depends on a few features: logistic regression by Newton's method, in NumPy alone.

Features are ``(n, k)``; they are standardised inside, so one penalty ``l2`` suits all of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.checks import (
    SMALLEST_PROBABILITY,
    Floats,
    check_both_classes,
    check_labels,
    check_scores,
    check_weights,
)

MOST_STEPS = 100
MOST_HALVINGS = 40


def sigmoid(logits: npt.ArrayLike) -> Floats:
    """Probability of each logit, without overflow at either end."""
    given = np.asarray(logits, dtype=np.float64)
    # exp of minus the magnitude never overflows, and keeps rare probabilities to full relative precision.
    shrunk = np.exp(-np.abs(given))
    return np.asarray(np.where(given >= 0.0, 1.0, shrunk) / (1.0 + shrunk), dtype=np.float64)


def logit(probabilities: npt.ArrayLike) -> Floats:
    """Log odds of each probability, clipped to [2.2e-16, 1 - 2.2e-16] so that 0 and 1 stay finite."""
    given = np.asarray(probabilities, dtype=np.float64)
    kept = np.clip(given, SMALLEST_PROBABILITY, 1.0 - SMALLEST_PROBABILITY)
    return np.asarray(np.log(kept) - np.log1p(-kept), dtype=np.float64)


@dataclass(frozen=True)
class LogisticFit:
    """A fitted logistic regression.

    Args:
        intercept: Log odds at the mean of all features.
        coefficients: Change of the log odds per standard deviation of each feature, (k,).
        mean: Mean of each feature in training, (k,).
        scale: Standard deviation of each feature in training, 1 where a feature does not vary, (k,).
    """

    intercept: float
    coefficients: Floats
    mean: Floats
    scale: Floats

    def logit(self, features: npt.ArrayLike, *, offset: npt.ArrayLike | None = None) -> Floats:
        """Log odds of each row, (n,), plus ``offset`` (n,) where the fit had one."""
        rows = _check_features(features, columns=self.coefficients.size)
        logits = self.intercept + ((rows - self.mean) / self.scale) @ self.coefficients
        return logits if offset is None else logits + check_scores(offset, count=len(rows))

    def predict(self, features: npt.ArrayLike, *, offset: npt.ArrayLike | None = None) -> Floats:
        """Probability of each row, (n,)."""
        return sigmoid(self.logit(features, offset=offset))

    def to_dict(self) -> dict[str, Any]:
        """The fit as numbers and lists that JSON can hold without loss."""
        return {
            "intercept": self.intercept,
            "coefficients": self.coefficients.tolist(),
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "LogisticFit":
        """The fit that ``to_dict`` wrote.

        Raises:
            DataError: A field is missing, or the three lists differ in length.
        """
        missing = sorted({"intercept", "coefficients", "mean", "scale"} - set(saved))
        if missing:
            raise DataError(
                f"Expected a saved logistic fit. Received: one without {', '.join(missing)}. Train again."
            )
        lists = {
            name: np.asarray(saved[name], dtype=np.float64) for name in ("coefficients", "mean", "scale")
        }
        if len({array.shape for array in lists.values()}) != 1:
            shapes = {name: array.shape for name, array in lists.items()}
            raise DataError(f"Expected lists of one length. Received: {shapes}. Train again.")
        return cls(intercept=float(saved["intercept"]), **lists)


def fit_logistic(
    features: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    l2: float = 1.0,
    offset: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> LogisticFit:
    """Fit ``P(event) = sigmoid(offset + intercept + coefficients . standardised features)``.

    Minimises the weighted negative log likelihood plus ``l2 / 2`` times the squared coefficients; the
    intercept is not penalised. Equal to scikit-learn's ``LogisticRegression(C=1/l2)`` on standardised
    features. Any ``l2 > 0`` keeps separable data finite.

    Args:
        features: (n, k), finite.
        labels: (n,) of 0 and 1.
        l2: Penalty, >= 0. With 0 the maximum of the likelihood must exist.
        offset: Known log odds to add to, (n,); for instance those of another forecast.
        weights: (n,), >= 0; a weight of 2 counts a row twice.

    Returns:
        The fit.

    Raises:
        NoPositivesError: All labels are equal.
        DataError: Shapes differ, a value is not finite, or no finite maximum was found.
        ConfigError: ``l2`` is negative.

    Reference:
        McCullagh and Nelder (1989), Generalized Linear Models, 2nd ed., section 4.4.
    """
    if not l2 >= 0.0:
        raise ConfigError(f"Expected l2 >= 0. Received: {l2}. Use 1.0 unless there is a reason.")
    events = check_labels(labels)
    check_both_classes(events, purpose="fit a logistic regression")
    rows = _check_features(features)
    given_offset = np.zeros(events.size) if offset is None else check_scores(offset, count=events.size)
    if len(rows) != events.size:
        raise DataError(
            f"Expected {events.size} rows of features, one per label. Received: {len(rows)}. Align them."
        )
    given = check_weights(weights, count=events.size)
    given_weights = np.ones(events.size) if given is None else given
    mean, scale = _centre_and_scale(rows, given_weights)
    design = np.column_stack([np.ones(len(rows)), (rows - mean) / scale])
    problem = Problem(design, events.astype(np.float64), given_weights, given_offset, l2)
    solution = problem.solve()
    return LogisticFit(float(solution[0]), solution[1:], mean, scale)


@dataclass(frozen=True)
class Problem:
    """A penalised logistic likelihood; the first column of the design is the intercept, without penalty.

    Args:
        design: (n, 1 + k).
        targets: (n,) in [0, 1]; values between are allowed (Platt's smoothed targets).
        weights: (n,).
        offset: (n,).
        l2: Penalty.
    """

    design: Floats
    targets: Floats
    weights: Floats
    offset: Floats
    l2: float

    def solve(self) -> Floats:
        """Coefficients at the minimum, (1 + k,), by Newton steps that are halved until the loss falls."""
        beta = np.zeros(self.design.shape[1])
        loss = self._loss(beta)
        for _ in range(MOST_STEPS):
            gradient, curvature = self._slope(beta)
            step: Floats = np.linalg.lstsq(curvature, gradient, rcond=None)[0].astype(np.float64)
            # The decrement is twice what a full step would gain. Newton converges quadratically, so the last
            # step from here lands within rounding of the minimum.
            if float(gradient @ step) <= 1e-10 * (1.0 + abs(loss)):
                return self._finished(beta - step)
            beta, loss = self._halve(beta, step, loss)
        raise DataError(
            f"Expected a logistic fit to converge in {MOST_STEPS} steps. Received: a loss of {loss:g} that still "
            "falls, as with separable labels. Use a larger l2."
        )

    def _loss(self, beta: Floats) -> float:
        logits = self.offset + self.design @ beta
        # log(1 + e^z) - t z, written so that neither end overflows.
        losses = np.logaddexp(0.0, logits) - self.targets * logits
        return float(self.weights @ losses + 0.5 * self.l2 * (beta[1:] @ beta[1:]))

    def _slope(self, beta: Floats) -> tuple[Floats, Floats]:
        probability = sigmoid(self.offset + self.design @ beta)
        penalty = np.full(beta.size, self.l2)
        penalty[0] = 0.0
        gradient = self.design.T @ (self.weights * (probability - self.targets)) + penalty * beta
        spread = self.weights * probability * (1.0 - probability)
        return gradient, (self.design * spread[:, None]).T @ self.design + np.diag(penalty)

    def _halve(self, beta: Floats, step: Floats, loss: float) -> tuple[Floats, float]:
        for halvings in range(MOST_HALVINGS):
            trial = beta - step * 0.5**halvings
            trial_loss = self._loss(trial)
            if trial_loss <= loss:
                return trial, trial_loss
        return beta, loss

    def _finished(self, beta: Floats) -> Floats:
        """Refuse a fit that only stopped because every probability had run into 0 or 1."""
        spread = sigmoid(self.offset + self.design @ beta)
        if self.l2 == 0.0 and float(np.max(spread * (1.0 - spread))) < 1e-6:
            raise DataError(
                "Expected labels that the features do not separate, since l2 is 0. Received: separable labels. "
                "Use l2 > 0."
            )
        return beta


def _check_features(features: npt.ArrayLike, *, columns: int | None = None) -> Floats:
    rows = np.asarray(features, dtype=np.float64)
    if rows.ndim != 2 or (columns is not None and rows.shape[1] != columns):
        wanted = "(n, k)" if columns is None else f"(n, {columns})"
        raise DataError(
            f"Expected features of shape {wanted}. Received: {rows.shape}. Build them as in training."
        )
    if not bool(np.isfinite(rows).all()):
        raise DataError(
            "Expected finite features. Received: NaN or infinity. Drop the first windows, whose history is missing."
        )
    return rows


def _centre_and_scale(rows: Floats, weights: Floats) -> tuple[Floats, Floats]:
    if rows.shape[1] == 0:
        return np.zeros(0), np.ones(0)
    mean = np.average(rows, axis=0, weights=weights)
    deviation = np.sqrt(np.average((rows - mean) ** 2, axis=0, weights=weights))
    # A constant column leaves rounding noise, not zero; dividing by it would blow the noise up.
    varies = deviation > 1e-12 * np.maximum(1.0, np.abs(mean))
    return mean, np.where(varies, deviation, 1.0)
