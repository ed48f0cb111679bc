"""How well one column, or a small tree of columns, ranks the answers on rows that it was not fitted on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from verify.checks import Bools, Floats, Integers
from verify.leaks.columns import Column
from verify.leaks.questions import Fold
from verify.ranking import roc_auc

LARGEST = 1e300
TREE_DEPTH = 3
ROWS_PER_LEAF = 5
# One imagined row at the overall rate keeps a level that was seen once from being certain.
PRIOR_ROWS = 1.0
# Levels that come back less often would let a tree learn rows by heart and overlook the honest columns.
ROWS_PER_LEVEL = 20

FitScore = Callable[[Integers, Integers, Bools], Floats]
"""Fits on the first rows with the answers, scores the second rows."""


@dataclass(frozen=True)
class Power:
    """How well the answers were ranked.

    Args:
        auc: Mean over the folds, weighted by pairs.
        accuracy: Best share right at any threshold, over all rows judged.
        yes: Judged rows with the answer yes.
        no: Judged rows with the answer no.
    """

    auc: float
    accuracy: float
    yes: int
    no: int


def rank_out_of_fold(
    fit_score: FitScore, answer: Bools, folds: Sequence[Fold], *, least: float = 0.0
) -> Power | None:
    """Fit on one part of each fold, rank the other.

    Args:
        fit_score: Fits and scores.
        answer: Yes or no, (n,).
        folds: Rows to fit on and to judge on.
        least: Least AUC asked for.

    Returns:
        The power; None as soon as perfect ranking of the folds left could not bring it to ``least``.
    """
    judged = [answer[test] for _, test in folds]
    pairs = np.array([yes.sum() * (~yes).sum() for yes in judged], dtype=np.float64)
    scores: list[Floats] = []
    aucs = np.ones(len(folds))
    for k, (train, test) in enumerate(folds):
        scores.append(fit_score(train, test, answer))
        aucs[k] = roc_auc(scores[k], judged[k])
        if np.average(aucs, weights=pairs) < least:
            return None
    every = np.concatenate(judged)
    accuracy = _best_accuracy(np.concatenate(scores), every)
    return Power(float(np.average(aucs, weights=pairs)), accuracy, int(every.sum()), int((~every).sum()))


def rank_as_it_is(numbers: Floats) -> FitScore:
    """Score a row by its number, rising or falling as in the rows fitted on, missing ones in the middle."""
    known = numbers[~np.isnan(numbers)]
    middle = np.median(known) if len(known) else 0.0
    filled = np.clip(np.where(np.isnan(numbers), middle, numbers), -LARGEST, LARGEST)

    def fit_score(train: Integers, test: Integers, answer: Bools) -> Floats:
        rising = roc_auc(filled[train], answer[train]) >= 0.5
        return np.asarray(filled[test] if rising else -filled[test], dtype=np.float64)

    return fit_score


def by_level(levels: Integers) -> FitScore:
    """Score a row by the rate of its level; a level never seen gets the overall rate."""

    def fit_score(train: Integers, test: Integers, answer: Bools) -> Floats:
        return _level_rates(levels, train, answer)[levels[test]]

    return fit_score


def _level_rates(levels: Integers, train: Integers, answer: Bools) -> Floats:
    """Rate of each level over some rows, (levels,)."""
    most = int(levels.max()) + 1
    seen = np.bincount(levels[train], minlength=most)
    hits = np.bincount(levels[train], weights=answer[train], minlength=most)
    return np.asarray((hits + PRIOR_ROWS * answer[train].mean()) / (seen + PRIOR_ROWS))


def by_small_tree(columns: Sequence[Column]) -> FitScore:
    """Score a row by a decision tree three questions deep."""
    ranked = [_rank(column) for column in columns]

    def fit_score(train: Integers, test: Integers, answer: Bools) -> Floats:
        matrix = _tree_matrix(ranked, train, answer)
        tree = _grow_tree(matrix[train], answer[train])
        return np.asarray(tree.predict_proba(matrix[test])[:, 1], dtype=np.float64)

    return fit_score


def _rank(column: Column) -> Column:
    """Numbers as ranks: a tree asks the same questions of them, and they survive its single precision."""
    if column.numbers is None:
        return column
    ranks = np.full(len(column.numbers), np.nan)
    known = ~np.isnan(column.numbers)
    ranks[known] = np.unique(column.numbers[known], return_inverse=True)[1]
    return replace(column, numbers=ranks)


def _tree_matrix(ranked: Sequence[Column], train: Integers, answer: Bools) -> Floats:
    """Numbers as they are, words as the rate of their level over the training rows, ``(n, columns)``."""
    made = [
        column.numbers
        if column.numbers is not None
        else _level_rates(np.asarray(column.levels), train, answer)[np.asarray(column.levels)]
        for column in ranked
    ]
    return np.column_stack(made)


def weigh_in_tree(columns: Sequence[Column], answer: Bools) -> Floats:
    """Share of a small tree over all rows that each column decides, (columns,); sums to 1."""
    every = np.arange(len(answer))
    tree = _grow_tree(_tree_matrix([_rank(column) for column in columns], every, answer), answer)
    return np.asarray(tree.feature_importances_, dtype=np.float64)


def _grow_tree(matrix: Floats, answer: Bools) -> Any:
    """Grow a small tree in which both answers weigh the same."""
    from sklearn.tree import DecisionTreeClassifier

    tree = DecisionTreeClassifier(max_depth=TREE_DEPTH, min_samples_leaf=ROWS_PER_LEAF, random_state=0)
    return tree.fit(
        matrix, answer, sample_weight=np.where(answer, 0.5 / answer.mean(), 0.5 / (~answer).mean())
    )


def fits_a_tree(column: Column) -> bool:
    """Whether a tree can use a column: a number, or words whose levels come back often."""
    if column.numbers is not None:
        return True
    levels = np.asarray(column.levels)
    return bool((levels.max() + 1) * ROWS_PER_LEVEL <= len(levels))


def _best_accuracy(scores: Floats, answer: Bools) -> float:
    """Largest share of rows right when all from some score on are called yes."""
    order = np.argsort(-scores, kind="stable")
    right_yes = np.concatenate([[0], np.cumsum(answer[order])])
    right_no = int((~answer).sum()) - np.concatenate([[0], np.cumsum(~answer[order])])
    cut = np.concatenate([[True], np.diff(scores[order]) != 0, [True]])
    return float((right_yes + right_no)[cut].max() / len(answer))
