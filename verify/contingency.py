"""What a yes-or-no warning is worth: the two-by-two table of warned and occurred, and the scores drawn from it."""

from dataclasses import dataclass

import numpy.typing as npt

from verify.checks import check_labels, check_weights


@dataclass(frozen=True)
class ContingencyTable:
    """Counts (or summed weights) of the four outcomes; a score whose denominator is zero is NaN.

    None of these scores rewards honest probabilities, and all but the Peirce score depend on the base rate:
    compare models on one sample only.

    Args:
        hits: Warned, and it occurred.
        misses: Not warned, and it occurred.
        false_alarms: Warned, and it did not occur.
        correct_rejections: Neither.

    Reference:
        Jolliffe and Stephenson (2012), Forecast Verification, 2nd ed., chapter 3; Finley's tornado forecasts in
        Murphy (1996), doi:10.1175/1520-0434(1996)011<0003:TFAASE>2.0.CO;2.

    Example:
        >>> finley = ContingencyTable(hits=28, misses=23, false_alarms=72, correct_rejections=2680)
        >>> (
        ...     round(finley.pod, 3),
        ...     round(finley.far, 3),
        ...     round(finley.csi, 3),
        ...     round(finley.proportion_correct, 3),
        ... )
        (0.549, 0.72, 0.228, 0.966)
    """

    hits: float
    misses: float
    false_alarms: float
    correct_rejections: float

    @property
    def total(self) -> float:
        """All outcomes."""
        return self.hits + self.misses + self.false_alarms + self.correct_rejections

    @property
    def base_rate(self) -> float:
        """Share of outcomes in which it occurred."""
        return _ratio(self.hits + self.misses, self.total)

    @property
    def pod(self) -> float:
        """Probability of detection: share of occurrences that were warned of."""
        return _ratio(self.hits, self.hits + self.misses)

    @property
    def far(self) -> float:
        """False alarm ratio: share of warnings that came to nothing (not the false alarm rate ``pofd``)."""
        return _ratio(self.false_alarms, self.hits + self.false_alarms)

    @property
    def pofd(self) -> float:
        """Probability of false detection: share of non-occurrences that were warned of."""
        return _ratio(self.false_alarms, self.false_alarms + self.correct_rejections)

    @property
    def csi(self) -> float:
        """Critical success index: hits among all that was warned of or occurred."""
        return _ratio(self.hits, self.hits + self.misses + self.false_alarms)

    @property
    def frequency_bias(self) -> float:
        """Warnings per occurrence; 1 where as many were given as needed."""
        return _ratio(self.hits + self.false_alarms, self.hits + self.misses)

    @property
    def proportion_correct(self) -> float:
        """Share of right answers: high for rare events that are never warned of, so never quote it alone."""
        return _ratio(self.hits + self.correct_rejections, self.total)

    @property
    def peirce(self) -> float:
        """Peirce's skill score, ``pod - pofd``; 0 for a constant or random warning."""
        return self.pod - self.pofd

    @property
    def heidke(self) -> float:
        """Heidke skill score: proportion correct, scaled so that chance scores 0."""
        chance = self._chance_hits + _ratio(
            (self.misses + self.correct_rejections) * (self.false_alarms + self.correct_rejections),
            self.total,
        )
        return _ratio(self.hits + self.correct_rejections - chance, self.total - chance)

    @property
    def gilbert(self) -> float:
        """Gilbert skill score (equitable threat score): CSI without the hits that chance would give."""
        found = self.hits + self.misses + self.false_alarms
        return _ratio(self.hits - self._chance_hits, found - self._chance_hits)

    @property
    def _chance_hits(self) -> float:
        return _ratio((self.hits + self.misses) * (self.hits + self.false_alarms), self.total)


def count_outcomes(
    warned: npt.ArrayLike, occurred: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> ContingencyTable:
    """Count the four outcomes of warnings given and events that occurred.

    Args:
        warned: (n,) of 0 and 1, for instance ``probability >= threshold``.
        occurred: (n,) of 0 and 1.
        weights: (n,), >= 0.

    Raises:
        DataError: Shapes differ, or a value is neither 0 nor 1.
    """
    events = check_labels(occurred)
    alarms = check_labels(warned, count=events.size)
    given = check_weights(weights, count=events.size)
    masks = (alarms & events, ~alarms & events, alarms & ~events, ~(alarms | events))
    return ContingencyTable(*(float(mask.sum() if given is None else given[mask].sum()) for mask in masks))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else float("nan")
