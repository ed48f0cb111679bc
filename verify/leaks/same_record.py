"""Is the record that decides the label among the records that the features were made from?

In a table it shows in two ways: the same record number on both sides of a split, and a count that is never zero where
there was an event, because the event itself is in it.
"""

import re
from itertools import combinations

import numpy as np

from verify.checks import Bools, Floats
from verify.leaks.columns import Column, Columns
from verify.leaks.findings import Audit, Finding, Leak, count, name_some
from verify.leaks.questions import Question

RECORD_NAME = re.compile(
    r"(^|[^a-z])(id|ids|no|nr|number|num|key|uuid|guid|case|record|incident|report|complaint|rowid|objectid)($|[^a-z])"
)
# A number that comes back more often names a place, a person or a code, not a record.
ROWS_PER_RECORD = 3
FEWEST_RECORDS = 3
# An honest count has events where it is zero, at least at a tenth of the rate that it has where it is one.
HONEST_DROP = 0.1
EXPECTED_EVENTS = 10.0
ROWS_AT_ONE = 50
EVENTS_AT_ONE = 10


def find_shared_records(columns: Columns, order: tuple[str, ...]) -> Audit:
    """Find columns of record numbers with the same number in two blocks.

    Args:
        columns: A table with a block for each row.
        order: Its blocks.

    Returns:
        A finding for each such column.
    """
    numbered = [column for column in columns.features if _is_record_number(column)]
    findings = [
        _accuse_shared(column, earlier, later, shared, columns)
        for column in numbered
        for earlier, later in combinations(order, 2)
        if len(shared := _shared(column, columns, earlier, later)) >= FEWEST_RECORDS
    ]
    named = name_some([column.name for column in numbered]) or "no column of record numbers"
    return Audit(tuple(findings), (f"same record across {', '.join(order)}: {named}.",))


def _is_record_number(column: Column) -> bool:
    if column.levels is None or column.is_time or not RECORD_NAME.search(to_words(column.name)):
        return False
    return len(column.values) * ROWS_PER_RECORD >= len(column.levels)


def to_words(name: str) -> str:
    """A column's name in small letters, camel case taken apart.

    Example:
        >>> to_words("caseNumber"), to_words("CASE_NO")
        ('case number', 'case_no')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower()


def _shared(column: Column, columns: Columns, earlier: str, later: str) -> list[str]:
    levels = np.asarray(column.levels)
    both = np.intersect1d(levels[columns.block == earlier], levels[columns.block == later])
    return [column.values[k] for k in both]


def _accuse_shared(column: Column, earlier: str, later: str, shared: list[str], columns: Columns) -> Finding:
    inside = np.isin(np.asarray(column.values)[np.asarray(column.levels)], shared)
    rows = int((inside & (columns.block == later)).sum())
    return Finding(
        Leak.SAME_RECORD,
        (column.name,),
        f"{count(len(shared), 'record')} ({name_some(shared, most=3)}) stand in {earlier} and in {later}, "
        f"{count(rows, 'row')} of {later}.",
        "Rows of one record share what happened; the model has seen the answer.",
        f"Split by {column.name}, all rows of a record on one side.",
        {"records": len(shared), "rows": rows},
    )


def find_own_counts(question: Question, columns: Columns) -> tuple[Finding, ...]:
    """Find counts that hold the event itself: never zero where it happened.

    An honest count that is zero has fewer events, but not none: at least a tenth of the rate at one is
    expected, and where that makes ten events or more, none at all is no luck (p < 1e-4).

    Args:
        question: Whether the event happened, (n,).
        columns: The features.

    Returns:
        A finding for each such count.
    """
    found = (_weigh_zeros(question, column) for column in columns.features)
    return tuple(finding for finding in found if finding)


def _weigh_zeros(question: Question, column: Column) -> Finding | None:
    if column.numbers is None or column.is_time or not _is_count(column.numbers):
        return None
    rate_at_one, event = _rate_at_one(column.numbers, question.answer), question.answer
    zero = column.numbers == 0
    expected = HONEST_DROP * rate_at_one * float(zero.sum())
    if event[zero].any() or expected < EXPECTED_EVENTS:
        return None
    evidence = (
        f"It is zero in {count(int(zero.sum()), 'row')} and none of them has {question.name}; where it is one, "
        f"{rate_at_one:.4f} have. An honest count would leave {expected:.0f} or more."
    )
    return Finding(
        Leak.SAME_RECORD,
        (column.name,),
        evidence,
        "The event is counted in the feature that is to foretell it.",
        f"Count for {column.name} only what was on record before.",
        {"rows_at_zero": int(zero.sum()), "rate_at_one": rate_at_one, "expected": expected},
    )


def _is_count(numbers: Floats) -> bool:
    known = numbers[~np.isnan(numbers)]
    return len(known) > 0 and bool(
        (known >= 0).all() and (known == np.round(known)).all() and known.max() > 1
    )


def _rate_at_one(numbers: Floats, event: Bools) -> float:
    """Rate of the event where the count is one; 0 where too few rows or events say."""
    one = numbers == 1
    enough = one.sum() >= ROWS_AT_ONE and event[one].sum() >= EVENTS_AT_ONE
    return float(event[one].mean()) if enough else 0.0
