"""The label of any table as questions with yes or no for an answer, and the folds to ask them on."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from incidents.errors import NoPositivesError
from verify.checks import Bools, Floats, Integers
from verify.leaks.columns import Column

MOST_CLASSES = 12
FEWEST_ROWS = 5
FOLDS = 5

Fold = tuple[Integers, Integers]


@dataclass(frozen=True)
class Question:
    """One question about the label.

    Args:
        name: In words, such as ``violent = 1``.
        answer: Yes or no for each row, (n,), both present.
    """

    name: str
    answer: Bools


def ask_label(label: Column) -> tuple[Question, ...]:
    """Turn a label into questions: is it this class, or is it above its median.

    Args:
        label: The label, with its levels.

    Returns:
        One question for two classes or for many numbers, else one for each of the commonest classes.

    Raises:
        NoPositivesError: All labels are equal, or no class but one has 5 rows.
    """
    levels = np.asarray(label.levels)
    sizes = np.bincount(levels)
    if label.numbers is not None and len(sizes) > MOST_CLASSES:
        return (_ask_median(label),)
    common = np.flatnonzero((sizes >= FEWEST_ROWS) & (sizes <= len(levels) - FEWEST_ROWS))
    common = common[np.argsort(-sizes[common], kind="stable")][:MOST_CLASSES]
    if not len(common):
        raise NoPositivesError(
            f"Expected a label {label.name} with two classes of {FEWEST_ROWS} rows or more. Received: "
            f"{len(sizes)} with {', '.join(map(str, sizes[:MOST_CLASSES]))} rows. Choose another label or more rows."
        )
    if len(sizes) == 2:
        common = np.array([1])
    return tuple(Question(f"{label.name} = {label.values[level]}", levels == level) for level in common)


def _ask_median(label: Column) -> Question:
    numbers = np.asarray(label.numbers)
    middle = float(np.median(numbers))
    above = numbers > middle
    if not above.any():
        return Question(f"{label.name} >= {middle:g}", numbers >= middle)
    return Question(f"{label.name} > {middle:g}", above)


def make_folds(answer: Bools, *, time: Floats | None, rng: np.random.Generator) -> tuple[Fold, ...]:
    """Rows to fit on and rows to judge on: forward in time where there is one, else by class at random.

    Args:
        answer: Yes or no, (n,).
        time: When each row is asked, (n,), or None.
        rng: Deals the rows where there is no time.

    Returns:
        Folds in which both parts hold both answers; fewer than five where the answers are too few.
    """
    if time is not None:
        parts = np.array_split(np.argsort(time, kind="stable"), FOLDS + 1)
        folds = [(np.concatenate(parts[:k]), parts[k]) for k in range(1, FOLDS + 1)]
    else:
        fold = np.empty(len(answer), dtype=np.int64)
        for one in (answer, ~answer):
            fold[one] = rng.permutation(np.arange(int(one.sum())) % FOLDS)
        folds = [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(FOLDS)]
    return with_both(folds, answer)


def with_both(folds: Iterable[Fold], answer: Bools) -> tuple[Fold, ...]:
    """The folds in which both parts hold both answers."""
    return tuple(fold for fold in folds if all(0 < answer[rows].sum() < len(rows) for rows in fold))


def choose_rows(answer: Bools, *, most: int, rng: np.random.Generator) -> Integers:
    """At most ``most`` rows in their order, with the same share of both answers or a tenth of the rarer one."""
    if len(answer) <= most:
        return np.arange(len(answer))
    rare = answer if 2 * answer.sum() <= len(answer) else ~answer
    few, others = np.flatnonzero(rare), np.flatnonzero(~rare)
    kept = max(round(most * len(few) / len(answer)), min(len(few), most // 10))
    chosen = (rng.choice(few, kept, replace=False), rng.choice(others, most - kept, replace=False))
    return np.sort(np.concatenate(chosen))
