"""Does a column, or a small tree of columns, give the label away beyond what honest features can?

Every ranking is judged on rows that it was not fitted on, forward in time where there is a time, and must pass two
bars to be called an echo: it is nearly perfect, and even a very strong honest column would seldom be by luck.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from verify.checks import Bools
from verify.leaks.columns import Column, Columns, Roles, read_columns
from verify.leaks.duplicates import first_of_copies
from verify.leaks.findings import Audit, Finding, Leak, count
from verify.leaks.partial_echo import find_pure_levels
from verify.leaks.plausibility import EchoLimits, chance_of
from verify.leaks.questions import Fold, Question, ask_label, choose_rows, make_folds, with_both
from verify.leaks.ranking_power import (
    FitScore,
    Power,
    by_level,
    by_small_tree,
    fits_a_tree,
    rank_as_it_is,
    rank_out_of_fold,
    weigh_in_tree,
)

if TYPE_CHECKING:
    import polars as pl

SHUFFLES = 20
# Columns that decide less of a small tree than this are not named.
LEAST_SHARE = 0.05


def audit_labels(
    table: "pl.DataFrame", roles: Roles, *, rng: np.random.Generator, limits: EchoLimits | None = None
) -> Audit:
    """Look for columns that echo the label.

    Args:
        table: One row an example.
        roles: Which column is the label, and which the time if there is one.
        rng: Deals folds, shuffles labels, draws rows.
        limits: What is still plausible.

    Returns:
        A finding for each column that gives the label away, wholly or by some of its levels, and one for a
        small tree of the other columns.

    Raises:
        ConfigError: A column that is not in the table.
        NoPositivesError: The label has one class only.
    """
    return find_echoes(read_columns(table, roles), rng=rng, limits=limits or EchoLimits())


def find_echoes(columns: Columns, *, rng: np.random.Generator, limits: EchoLimits) -> Audit:
    """Look for echoes in a table that was made ready; see :func:`audit_labels`."""
    questions = ask_label(columns.label)
    found: dict[tuple[str, ...], Finding] = {}
    notes = []
    for question in questions:
        trial = _prepare(question, columns, rng=rng, limits=limits)
        if (problem := _too_few(trial, limits, rng)) is not None:
            notes.append(f"label echo: {question.name}: {problem}.")
        if not trial.folds:
            continue
        for finding in _ask(trial, question, columns, rng=rng, limits=limits):
            found.setdefault(finding.where, finding)
    folds = "forward in time" if columns.time is not None else "at random"
    check = (
        f"label echo: {count(len(columns.features), 'column')}, alone and through a small tree, against "
        f"{count(len(questions), 'question')} about {columns.label.name}, folds {folds}."
    )
    return Audit(tuple(found.values()), (check,), tuple(notes))


@dataclass(frozen=True)
class _Trial:
    """A question cut to the rows that it is judged on, with their folds."""

    question: Question
    features: tuple[Column, ...]
    folds: tuple[Fold, ...]

    @property
    def answer(self) -> Bools:
        return self.question.answer


def _too_few(trial: _Trial, limits: EchoLimits, rng: np.random.Generator) -> str | None:
    """Why an echo could not be found even if there were one."""
    if not trial.folds:
        return "not asked, since no fold holds both answers before and after it"
    yes = int(trial.answer.sum())
    perfect = Power(1.0, 1.0, yes, len(trial.answer) - yes)
    if chance_of(perfect, honest=limits.honest, rng=rng) > limits.chance:
        return f"with {count(len(trial.answer), 'row')} not even the label itself could be told from a strong honest column"
    return None


def _prepare(question: Question, columns: Columns, *, rng: np.random.Generator, limits: EchoLimits) -> _Trial:
    rows = choose_rows(question.answer, most=limits.rows, rng=rng)
    rows = rows[first_of_copies([column.rows(rows) for column in columns.features], question.answer[rows])]
    answer = question.answer[rows]
    time = None if columns.time is None else columns.time[rows]
    return _Trial(
        Question(question.name, answer),
        tuple(column.rows(rows) for column in columns.features),
        make_folds(answer, time=time, rng=rng),
    )


def _ask(
    trial: _Trial, question: Question, columns: Columns, *, rng: np.random.Generator, limits: EchoLimits
) -> tuple[Finding, ...]:
    """Whole echoes first, then levels of the other columns, then the tree of what is left."""
    whole = [_find_whole(trial, column, rng=rng, limits=limits) for column in trial.features]
    guilty = {finding.where[0] for finding in whole if finding}
    levels = [
        find_pure_levels(question, column, limits) for column in columns.features if column.name not in guilty
    ]
    guilty |= {finding.where[0] for finding in levels if finding}
    tree = _find_tree(trial, guilty, rng=rng, limits=limits)
    return tuple(finding for finding in (*whole, *levels, tree) if finding)


def _find_whole(
    trial: _Trial, column: Column, *, rng: np.random.Generator, limits: EchoLimits
) -> Finding | None:
    """A finding where a column alone ranks nearly perfectly."""
    ways: list[FitScore] = []
    if column.levels is not None:
        ways.append(by_level(column.levels))
    if column.numbers is not None:
        ways += [by_small_tree([column]), rank_as_it_is(column.numbers)]
    tried = ((rank_out_of_fold(way, trial.answer, trial.folds, least=limits.auc), way) for way in ways)
    reached = [(power, way) for power, way in tried if power is not None]
    if not reached:
        return None
    power, way = max(reached, key=lambda pair: pair[0].auc)
    if chance_of(power, honest=limits.honest, rng=rng) > limits.chance:
        return None
    return _accuse(trial, (column.name,), power, _shuffle(way, trial, rng))


def _find_tree(
    trial: _Trial, guilty: set[str], *, rng: np.random.Generator, limits: EchoLimits
) -> Finding | None:
    """A finding where a small tree of the other columns does."""
    columns = [column for column in trial.features if column.name not in guilty and fits_a_tree(column)]
    if not columns:
        return None
    way = by_small_tree(columns)
    power = rank_out_of_fold(way, trial.answer, trial.folds, least=limits.tree_auc)
    if power is None or chance_of(power, honest=limits.honest, rng=rng) > limits.chance:
        return None
    shares = weigh_in_tree(columns, trial.answer)
    named = tuple(columns[k].name for k in np.argsort(-shares) if shares[k] >= LEAST_SHARE)
    return _accuse(trial, named, power, _shuffle(way, trial, rng))


def _shuffle(way: FitScore, trial: _Trial, rng: np.random.Generator) -> float:
    """Best AUC of the same fit on shuffled labels: what luck alone reaches."""
    shuffles = (rng.permutation(trial.answer) for _ in range(SHUFFLES))
    powers = (rank_out_of_fold(way, labels, with_both(trial.folds, labels)) for labels in shuffles)
    return max((power.auc for power in powers if power is not None), default=math.nan)


def _accuse(trial: _Trial, where: tuple[str, ...], power: Power, shuffled: float) -> Finding:
    majority = max(power.yes, power.no) / (power.yes + power.no)
    how = "alone it ranks" if len(where) == 1 else "a tree of three questions on them ranks"
    evidence = (
        f"{how} {trial.question.name} with AUC {power.auc:.4f}, accuracy {power.accuracy:.4f} (majority {majority:.4f}), "
        f"on rows that were not fitted on; the best of {SHUFFLES} shuffled labels gives AUC {shuffled:.3f}."
    )
    figures = {
        "auc": power.auc,
        "accuracy": power.accuracy,
        "majority": majority,
        "auc_shuffled": shuffled,
        "rows": power.yes + power.no,
    }
    return Finding(
        Leak.LABEL_ECHO,
        where,
        evidence[0].upper() + evidence[1:],
        "What was made from the label, or what the label was made from, scores without foresight.",
        f"Leave {' or '.join(where)} out, or show that it is known before the label is.",
        figures,
    )
