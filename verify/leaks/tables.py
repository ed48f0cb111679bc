"""All checks that a table by itself allows, one after the other."""

import re
from typing import TYPE_CHECKING

import numpy as np

from verify.leaks.columns import Columns, Roles, read_columns
from verify.leaks.duplicates import find_duplicates
from verify.leaks.findings import Audit
from verify.leaks.label_echo import find_echoes
from verify.leaks.plausibility import EchoLimits
from verify.leaks.post_hoc import find_post_hoc
from verify.leaks.questions import ask_label
from verify.leaks.same_record import find_own_counts, find_shared_records
from verify.leaks.splits import SplitRows, audit_split

if TYPE_CHECKING:
    import polars as pl

# In the order in which blocks are used.
BLOCK_NAMES = (
    re.compile(r"^(train|training|fit|learn|in.?sample|dev.?train)"),
    re.compile(r"^(cal|calib|calibrate|calibration|val|valid|validate|validation|dev|tune|tuning)"),
    re.compile(r"^(test|testing|hold.?out|eval|evaluation|score|out.?of.?sample|oos)"),
)
# A table knows no horizon: a stray row at the boundary is no random split.
STRAY_SHARE = 0.01


def audit_table(
    table: "pl.DataFrame", roles: Roles, *, rng: np.random.Generator, limits: EchoLimits | None = None
) -> Audit:
    """Audit a table of examples: label echo, own records, post-hoc columns, and the split where there is one.

    Args:
        table: One row an example; columns of numbers, words, times and truth values.
        roles: Label, time, split, and what to leave out.
        rng: Deals folds and shuffles labels.
        limits: What is still plausible of an honest column.

    Returns:
        Findings, what was checked, and what could not be.

    Raises:
        ConfigError: A column that is not in the table.
        DataError: No row has label, time and split.
        NoPositivesError: The label has one class only.
    """
    columns = read_columns(table, roles)
    audit = find_echoes(columns, rng=rng, limits=limits or EchoLimits())
    guilty = {name for finding in audit.findings for name in finding.where}
    audit += _audit_own_counts(columns, guilty)
    audit += find_post_hoc(columns)
    if columns.block is None:
        return audit + Audit(notes=("no split column: the split was not looked at.",)) + _skipped(columns)
    return audit + _audit_blocks(columns) + _skipped(columns)


def _audit_own_counts(columns: Columns, guilty: set[str]) -> Audit:
    found = {
        finding.where: finding
        for question in ask_label(columns.label)
        for finding in find_own_counts(question, columns)
        if finding.where[0] not in guilty
    }
    return Audit(tuple(found.values()), ("same record: counts that may hold the event itself.",))


def _audit_blocks(columns: Columns) -> Audit:
    order = order_blocks(columns)
    if len(order) < 2:
        return Audit(notes=(f"one block only, {order[0]}: the split was not looked at.",))
    audit = find_shared_records(columns, order) + find_duplicates(columns, order)
    if columns.time is None:
        return audit + Audit(notes=("no time column: the order of the blocks was not looked at.",))
    asked = columns.time.astype("datetime64[us]") if columns.time_is_clock else columns.time
    rows = SplitRows(np.asarray(columns.block), asked, asked)
    return audit + audit_split(rows, order=order, tolerated=STRAY_SHARE)


def order_blocks(columns: Columns) -> tuple[str, ...]:
    """Blocks as they are used: by the usual names where all have one, else by their median time, else by size."""
    blocks = np.asarray(columns.block)
    names, sizes = np.unique(blocks, return_counts=True)
    ranks = [_rank(str(name)) for name in names]
    if None not in ranks:
        order = np.argsort(np.array(ranks, dtype=np.int64), kind="stable")
    elif columns.time is not None:
        order = np.argsort([float(np.median(columns.time[blocks == name])) for name in names], kind="stable")
    else:
        order = np.argsort(-sizes, kind="stable")
    return tuple(str(names[k]) for k in order)


def _rank(name: str) -> int | None:
    return next((k for k, known in enumerate(BLOCK_NAMES) if known.match(name.lower())), None)


def _skipped(columns: Columns) -> Audit:
    if not columns.skipped:
        return Audit()
    return Audit(
        notes=(f"columns that hold no plain values were not looked at: {', '.join(columns.skipped)}.",)
    )
