"""From a network's raw logits to calibrated probabilities with an interval.

Columns are ``(n, k)``: for ``warning_net`` the baseline's logit and the network's addition to it, so that
the calibration block also chooses how much of the addition to believe; for the seed models one logit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import NoPositivesError
from verify.logistic import fit_logistic, sigmoid

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Weak: it only keeps a calibration block on which events and non-events do not overlap finite.
PENALTY = 1.0
REPLICATES = 200


@dataclass(frozen=True)
class Interval:
    """Probabilities with the 95% interval of their calibration, all ``(n,)``."""

    probability: Floats
    lo: Floats
    hi: Floats


@dataclass(frozen=True)
class StackedCalibration:
    """``probability = sigmoid(intercept + columns @ weights)``, with bootstrap replicates of both.

    Args:
        intercept: Of the fit on the whole calibration block.
        weights: Non-negative, ``(k,)``.
        replicate_intercepts: Of fits on resampled weeks, ``(replicates,)``.
        replicate_weights: Likewise, ``(replicates, k)``.
    """

    intercept: float
    weights: Floats
    replicate_intercepts: Floats
    replicate_weights: Floats

    def apply(self, columns: Floats) -> Interval:
        """Return calibrated probabilities with the 95% percentile interval over resampled weeks.

        The interval holds the uncertainty of the calibration, not that of the network's weights.

        Args:
            columns: Raw logits, ``(n, k)``.
        """
        central = sigmoid(self.intercept + columns @ self.weights)
        replicates = sigmoid(self.replicate_intercepts[:, None] + self.replicate_weights @ columns.T)
        lo, hi = np.quantile(replicates, [0.025, 0.975], axis=0)
        return Interval(central, np.minimum(lo, central), np.maximum(hi, central))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-able numbers."""
        return {
            "intercept": self.intercept,
            "weights": self.weights.tolist(),
            "replicate_intercepts": self.replicate_intercepts.tolist(),
            "replicate_weights": self.replicate_weights.tolist(),
        }

    @classmethod
    def from_dict(cls, saved: Mapping[str, Any]) -> "StackedCalibration":
        """Rebuild from :meth:`to_dict`."""
        return cls(
            intercept=float(saved["intercept"]),
            weights=np.asarray(saved["weights"], dtype=np.float64),
            replicate_intercepts=np.asarray(saved["replicate_intercepts"], dtype=np.float64),
            replicate_weights=np.asarray(saved["replicate_weights"], dtype=np.float64),
        )


def fit_calibration(
    columns: Floats, labels: Floats, *, weeks: Ints, rng: np.random.Generator
) -> StackedCalibration:
    """Fit the calibration on a block of time that the columns were not fitted on.

    A column that would get a negative weight is dropped: an addition that pointed the wrong way on this
    block is not believed, never reversed.

    Args:
        columns: Raw logits, ``(n, k)``.
        labels: 0 or 1, ``(n,)``.
        weeks: Block of each row for the bootstrap, ``(n,)``.
        rng: Draws the weeks.

    Returns:
        The calibration.

    Raises:
        NoPositivesError: All labels are equal.

    Reference:
        Wolpert (1992), Stacked generalization, doi:10.1016/S0893-6080(05)80023-1.
    """
    if len(np.unique(labels)) < 2:
        raise NoPositivesError(
            f"Expected windows with and without the event in the calibration period. Received: {len(labels)} "
            f"windows, {int(np.sum(labels))} with it. Choose a longer calibration period."
        )
    intercept, weights = _fit_non_negative(columns, labels, np.ones(len(labels)))
    _, week_of_row = np.unique(weeks, return_inverse=True)
    count = int(week_of_row.max()) + 1
    replicates = []
    for _ in range(REPLICATES):
        multiplicity = rng.multinomial(count, np.full(count, 1 / count))[week_of_row].astype(float)
        if len(np.unique(labels[multiplicity > 0])) == 2:
            replicates.append(_fit_non_negative(columns, labels, multiplicity))
    return StackedCalibration(
        intercept,
        weights,
        np.array([replicate[0] for replicate in replicates]),
        np.stack([replicate[1] for replicate in replicates]),
    )


def _fit_non_negative(columns: Floats, labels: Floats, weights: Floats) -> tuple[float, Floats]:
    """Weighted logistic fit in raw units; columns with negative weights are dropped one at a time."""
    kept = list(range(columns.shape[1]))
    while True:
        fit = fit_logistic(columns[:, kept], labels, l2=PENALTY, weights=weights)
        raw = fit.coefficients / fit.scale
        if not len(kept) or raw.min() >= 0.0:
            break
        kept.pop(int(np.argmin(raw)))
    spread = np.zeros(columns.shape[1])
    spread[kept] = raw
    return float(fit.intercept - raw @ fit.mean), spread
