"""Was a setting chosen by its score on the very window that is reported?

A tuner's log is one row a trial: what window it was scored on, and the score (lower is better).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from verify.checks import Floats
from verify.leaks.findings import Audit, Finding, Leak, count

Times = npt.NDArray[Any]


@dataclass(frozen=True)
class Trials:
    """The log of a tuner, one row for each window that a setting was scored on.

    Args:
        setting: Name of the setting tried, (n,).
        start: Start of the window that it was scored on, int64 or datetime64, (n,).
        stop: End of that window, after ``start``, (n,).
        score: The error there, lower is better, (n,).

    Raises:
        DataError: No trial, lengths that differ, or a window that does not end after it starts.
    """

    setting: npt.NDArray[np.str_]
    start: Times
    stop: Times
    score: Floats

    def __post_init__(self) -> None:
        lengths = {len(self.setting), len(self.start), len(self.stop), len(self.score)}
        if len(lengths) != 1 or not len(self.setting):
            raise DataError(
                f"Expected one or more trials of equal columns. Received: lengths {sorted(lengths)}. Log every "
                "trial with its window and score."
            )
        if not bool(np.all(self.start < self.stop)):
            raise DataError(
                "Expected windows that end after they start. Received: one that does not. Swap them."
            )


def audit_tuning(trials: Trials, *, reported: tuple[Any, Any]) -> Audit:
    """Find a choice made on, or after the start of, the window that is reported.

    One setting scored there is a report; two or more are a choice.

    Args:
        trials: The tuner's log.
        reported: Start and stop of the window whose score is reported, of the type of the trials' windows.

    Returns:
        One finding, which names the settings tried there, the chosen one first; or none.

    Example:
        >>> log = Trials(np.array(["a", "b"]), np.array([8, 8]), np.array([10, 10]), np.array([2.0, 1.0]))
        >>> audit_tuning(log, reported=(8, 10)).findings[0].where
        ('b', 'a')
        >>> audit_tuning(log, reported=(10, 12)).findings
        ()
    """
    start, stop = reported
    # Choosing on windows after the reported one is hindsight as well: nothing from its start on may decide.
    seen = trials.stop > start
    check = f"tuning: windows of {count(len(trials.setting), 'trial')} against the reported one, {start} to {stop}."
    chosen_there = len(set(trials.setting[seen].tolist())) > 1
    return Audit((_accuse(trials, seen, start),) if chosen_there else (), (check,))


def _accuse(trials: Trials, seen: npt.NDArray[np.bool_], start: Any) -> Finding:
    by_score = np.argsort(trials.score[seen], kind="stable")
    settings = tuple(dict.fromkeys(trials.setting[seen][by_score].tolist()))
    best, median = float(trials.score[seen].min()), float(np.median(trials.score[seen]))
    evidence = (
        f"{int(seen.sum())} of {count(len(seen), 'trial')} were scored on hours that the report begins with or comes "
        f"after ({start}). Best of them {best:.4g}, median {median:.4g}."
    )
    return Finding(
        Leak.TUNING,
        settings,
        evidence,
        "The least of many scores on one window is lower than the same setting scores on any other.",
        "Choose on windows that end before the reported one begins, and look at that one once.",
        {"trials": int(seen.sum()), "of": len(seen), "best": best, "median": median},
    )
