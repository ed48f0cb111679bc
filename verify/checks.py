"""What may enter this room: one check per kind of array, each met once at the door.

Forecasts, labels and weights are one-dimensional and of equal length ``n``; inside the room forecasts and
weights are float64 and labels are bool.
"""

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError, NoPositivesError

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

SMALLEST_PROBABILITY = float(np.finfo(np.float64).eps)


def check_labels(labels: npt.ArrayLike, *, count: int | None = None) -> Bools:
    """Labels as bool, shape (n,), from bool or from numbers that are all 0 or 1.

    Args:
        labels: One per row.
        count: Number of rows, where it is known.

    Raises:
        DataError: The array is not one-dimensional, is empty, has another length than ``count``, or holds
            anything but 0 and 1.
    """
    given = np.asarray(labels)
    if count is not None and given.shape != (count,):
        raise DataError(f"Expected {count} labels. Received: shape {given.shape}. Align them first.")
    if given.ndim != 1 or given.size == 0:
        raise DataError(
            f"Expected labels of shape (n,), n > 0. Received: {given.shape}. Pass one label per forecast."
        )
    if given.dtype == np.bool_:
        return given
    events = given == 1
    if not bool(np.all(events | (given == 0))):
        odd = given[~(events | (given == 0))][0]
        raise DataError(
            f"Expected labels of 0 and 1. Received: {odd}. Turn counts into labels first (counts > 0)."
        )
    return np.asarray(events, dtype=np.bool_)


def check_both_classes(labels: Bools, *, purpose: str) -> None:
    """Refuse labels that are all 0 or all 1.

    Raises:
        NoPositivesError: Only one class is present.
    """
    events = int(np.count_nonzero(labels))
    if events in (0, labels.size):
        raise NoPositivesError(
            f"Expected both events and non-events to {purpose}. Received: {events} events in {labels.size} "
            "rows. Take a longer period, a wider area or more categories."
        )


def check_scores(scores: npt.ArrayLike, *, count: int) -> Floats:
    """Any finite ranking, shape (count,), as float64.

    Raises:
        DataError: Another shape, or a value that is not finite.
    """
    given = np.asarray(scores, dtype=np.float64)
    if given.shape != (count,):
        raise DataError(
            f"Expected {count} forecasts, one per label. Received: shape {given.shape}. Align them first."
        )
    if not bool(np.isfinite(given).all()):
        bad = int(np.count_nonzero(~np.isfinite(given)))
        raise DataError(
            f"Expected finite forecasts. Received: {bad} of {count} not finite. Drop those rows from all models."
        )
    return given


def check_probabilities(probabilities: npt.ArrayLike, *, count: int) -> Floats:
    """Probabilities in [0, 1], shape (count,), as float64.

    Raises:
        DataError: Another shape, or a value outside [0, 1] or not finite.
    """
    given = check_scores(probabilities, count=count)
    low, high = float(given.min()), float(given.max())
    if low < 0.0 or high > 1.0:
        raise DataError(
            f"Expected probabilities in [0, 1]. Received: {low:g} to {high:g}. "
            "Pass logits through verify.logistic.sigmoid, or rank them with roc_auc alone."
        )
    return given


def check_weights(weights: npt.ArrayLike | None, *, count: int) -> Floats | None:
    """Non-negative finite weights with a positive sum, shape (count,), or None for equal weights.

    Raises:
        DataError: Another shape, a negative or non-finite weight, or a sum of zero.
    """
    if weights is None:
        return None
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (count,):
        raise DataError(
            f"Expected {count} weights, one per label. Received: shape {given.shape}. Align them first."
        )
    if not (bool(np.isfinite(given).all()) and given.min() >= 0.0 and given.sum() > 0.0):
        raise DataError(
            f"Expected finite weights >= 0 with a positive sum. Received: {given.min():g} to {given.max():g}. "
            "Weight a row 0 to leave it out."
        )
    return given
