"""Does a level of a column, or a missing value, stand with one answer only, too often to be honest?

Only a rare answer is asked about, and only words and missing values: that some levels never see a rare event, that
the ends of a scale are pure, and that both answers have pure levels where they are even, is what honest columns do.
"""

import numpy as np

from verify.checks import Bools, Integers
from verify.leaks.columns import MISSING, Column
from verify.leaks.findings import Finding, Leak, count, name_some
from verify.leaks.plausibility import EchoLimits
from verify.leaks.questions import Question

RARE_SHARE = 0.25
# Levels that give away less of the rare answer than this are not worth a word.
LEAST_SHARE = 0.01


def find_pure_levels(question: Question, column: Column, limits: EchoLimits) -> Finding | None:
    """Find the levels of one column that give the rarer answer away.

    Args:
        question: The question with its answers, (n,).
        column: A feature.
        limits: How many rows a pure level needs.

    Returns:
        A finding that names the column, or None.
    """
    answer = question.answer
    rare = answer if 2 * answer.sum() <= len(answer) else ~answer
    if rare.mean() > RARE_SHARE:
        return None
    levels, values = _levels_of(column)
    seen, hits = np.bincount(levels), np.bincount(levels, weights=rare)
    pure = np.flatnonzero((hits == seen) & (seen >= limits.pure_rows(len(values))))
    if seen[pure].sum() < LEAST_SHARE * rare.sum() or not len(pure):
        return None
    return _accuse(question, column.name, [values[k] for k in pure], rare, seen[pure])


def _levels_of(column: Column) -> tuple[Integers, tuple[str, ...]]:
    """The levels of words; of numbers whether they are missing."""
    if column.numbers is None:
        return np.asarray(column.levels), column.values
    return np.isnan(np.asarray(column.numbers)).astype(np.int64), ("given", MISSING)


def _accuse(question: Question, name: str, pure: list[str], rare: Bools, seen: Integers) -> Finding:
    rows, rate = int(seen.sum()), float(rare.mean())
    which = question.name if bool(question.answer[rare].all()) else f"not {question.name}"
    evidence = (
        f"All {count(rows, 'row')} with {name} = {name_some(pure, most=3)} have {which}, against {rate:.4f} of all rows; "
        f"that is {int(rows):,} of {int(rare.sum()):,} such rows."
    )
    return Finding(
        Leak.LABEL_ECHO,
        (name,),
        evidence,
        "A value that stands only where the answer is known was written after it.",
        f"Leave {name} out, or show that it is known before the label is.",
        {"pure_rows": rows, "rate": rate, "share_of_answer": rows / float(rare.sum())},
    )
