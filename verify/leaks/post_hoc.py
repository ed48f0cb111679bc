"""Was a column written after the event that it is to foretell: a clearance, a disposition, a last update?

Asked by name, by vocabulary, and by time: a column of times that are later than the time a row is asked at.
"""

import re
from collections.abc import Iterable, Mapping

import numpy as np

from verify.checks import Floats
from verify.leaks.columns import Column, Columns
from verify.leaks.findings import Audit, Finding, Leak, count, name_some
from verify.leaks.same_record import to_words

NAMES = re.compile(
    r"(^|[^a-z])(clearance|cleared|disposition|dispo|adjudication|verdict|outcome|resolved|closed|closure|updated|modified|"
    r"edited|arrest|arrests|arrested|arrestee|convicted|conviction|sentenced|unfounded|"
    r"case[^a-z]?status|final[^a-z]?status|status[^a-z]?(date|code|desc|description))($|[^a-z])"
)
# Counts of what was on file before, such as arrests_last_28_days.
PAST = re.compile(
    r"(^|[^a-z])(prior|previous|past|last|lag|lagged|rolling|history|historic|before|ago)($|[^a-z])|[0-9] ?d(ays)?$"
)
ENDS = re.compile(
    r"cleared|clearance|unfounded|exceptional|arrest|convict|dismissed|acquitted|charged|prosecut|investigation|no report"
)
STATES = re.compile(r"open|closed|pending|inactive|active|suspended|referred|other|unknown|missing")
# Set before the event although they lie after it.
PLANNED = re.compile(
    r"(^|[^a-z])(due|deadline|scheduled?|planned|plan|expir[a-z]*|expected|forecast|valid|until)($|[^a-z])"
)
WORDS_SHARE = 0.8
LATER_SHARE = 0.05
MOST_WORDS = 60
FEWEST_WORDS = 2
WHY = "What is written once the event is over is not there when the forecast is made."


def find_post_hoc(columns: Columns) -> Audit:
    """Find columns that were written after the event.

    Args:
        columns: A table; with its time, times are compared as well.

    Returns:
        A finding for each such column.
    """
    found = [
        _by_time(column, columns) or _by_name(column) or _by_words(column) for column in columns.features
    ]
    ways = "name, vocabulary and time" if columns.time is not None else "name and vocabulary"
    check = f"post-hoc columns: {count(len(columns.features), 'column')} by {ways}."
    return Audit(tuple(finding for finding in found if finding), (check,))


def find_post_hoc_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names that speak of what happens after the event.

    Example:
        >>> find_post_hoc_names(["CLEARANCE_STATUS", "division", "updatedOn"])
        ('CLEARANCE_STATUS', 'updatedOn')
    """
    spoken = ((name, to_words(name)) for name in names)
    return tuple(name for name, words in spoken if NAMES.search(words) and not PAST.search(words))


def _by_name(column: Column) -> Finding | None:
    if not find_post_hoc_names([column.name]):
        return None
    values = f" (values: {name_some(column.values, most=3)})" if 0 < len(column.values) <= MOST_WORDS else ""
    return accuse_post_hoc(column.name, f"Its name says that it is written later{values}.", {})


def _by_words(column: Column) -> Finding | None:
    """A column of words most of which speak of how cases end."""
    if column.levels is None or column.numbers is not None or len(column.values) > MOST_WORDS:
        return None
    ends = [value for value in column.values if ENDS.search(value.lower())]
    speaks = [value in ends or bool(STATES.fullmatch(value.lower())) for value in column.values]
    share = float(np.array(speaks)[column.levels].mean())
    if not ends or sum(speaks) < FEWEST_WORDS or share < WORDS_SHARE:
        return None
    said = name_some(ends, most=3)
    return accuse_post_hoc(
        column.name, f"{share:.0%} of its values say how a case ended: {said}.", {"share": share}
    )


def _by_time(column: Column, columns: Columns) -> Finding | None:
    """A column of times, some of them later than the time at which the row is asked."""
    if (
        columns.time is None
        or not columns.time_is_clock
        or not column.is_time
        or PLANNED.search(to_words(column.name))
    ):
        return None
    times: Floats = np.asarray(column.numbers)
    later = times > columns.time
    known = int(np.isfinite(times).sum())
    share = float(later.sum()) / known if known else 0.0
    if share < LATER_SHARE:
        return None
    hours = float(np.median((times - columns.time)[later]) / 3.6e9)
    evidence = (
        f"{int(later.sum()):,} of {count(known, 'time')} ({share:.1%}) are later than the row's own time, by {hours:.1f} h "
        "in the median."
    )
    return accuse_post_hoc(column.name, evidence, {"share_later": share, "median_hours": hours})


def accuse_post_hoc(name: str, evidence: str, figures: Mapping[str, float]) -> Finding:
    """The finding of one column, with its own evidence."""
    return Finding(
        Leak.POST_HOC,
        (name,),
        evidence,
        WHY,
        f"Leave {name} out, or use its value as it stood when the row was asked.",
        figures,
    )
