"""Are rows of one block copies, or near copies, of rows of another?

Rows also agree by chance where columns have few values. How likely that is for a row is chained over its columns:
each value is as likely as among the distinct rows that share the value of that column before it which says most about
it, the row itself left out. Only agreement that chance hardly explains is counted; agreement in all columns but one
must also be more frequent across the blocks than within one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from verify.checks import Bools, Floats, Integers
from verify.leaks.columns import Column, Columns
from verify.leaks.findings import Audit, Finding, Leak, count

# Numbers closer than this share of their spread are the same in a near copy.
NEAR_SHARE = 1e-3
# A row that chance would meet more often than this is no evidence.
SURPRISE = 0.05
FEWEST_COPIES = 3
TIMES_CHANCE = 5.0
PAIRS_SHOWN = 5
# Columns and distinct rows that the chance is reckoned on; leaving some out overstates it.
MOST_COLUMNS = 24
MOST_ROWS = 50_000
MOST_BLOCKS = 10
# Rows that agree in one or two columns but for one of them are no copies.
FEWEST_COMPARED = 2
MOST_LEFT_OUT = 3

Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class _Match:
    """Surprising agreement of two blocks.

    Args:
        later: Rows of the later block, (k,).
        earlier: One row of the earlier block that agrees with each, (k,).
        expected: How many such rows chance would give.
        of: Rows of the later block.
        left_out: The column that may differ; None where all agree.
    """

    later: Integers
    earlier: Integers
    expected: float
    of: int
    left_out: str | None

    @property
    def is_leak(self) -> bool:
        return len(self.later) >= TIMES_CHANCE * self.expected + FEWEST_COPIES


def find_duplicates(columns: Columns, order: tuple[str, ...]) -> Audit:
    """Find rows that stand in two blocks: wholly, up to rounding, or in all columns but one.

    Args:
        columns: A table with a block for each row.
        order: Blocks, earlier ones first.

    Returns:
        A finding with its pairs for each two blocks that share rows.
    """
    compared = [column for column in columns.features if not column.is_id]
    if not compared:
        return Audit(notes=("duplicates across the split were not looked for: no column but ids.",))
    findings = []
    for earlier, later in combinations(order[:MOST_BLOCKS], 2):
        rows = [np.flatnonzero(columns.block == name) for name in (earlier, later)]
        worst = _worst_match(compared, rows[0], rows[1])
        if worst is not None:
            findings.append(_accuse(worst, columns, earlier, later))
    across = ", ".join(order[:MOST_BLOCKS])
    check = f"duplicates: {count(len(columns), 'row')} across {across} in {count(len(compared), 'column')}."
    rest = ", ".join(order[MOST_BLOCKS:])
    return Audit(tuple(findings), (check,), (f"duplicates were not looked for in {rest}.",) if rest else ())


def first_of_copies(features: Sequence[Column], answer: Bools) -> Integers:
    """Rows in their order, of rows that agree in everything beyond chance only the first.

    A copy in another fold would let any column of names look like an echo.
    """
    codes = np.column_stack([answer.astype(np.int64), *(_code(column, near=False) for column in features)])
    keys = _hash(codes).sum(axis=1, dtype=np.uint64)
    first = np.unique(keys, return_index=True)[1]
    if len(first) == len(keys):
        return np.arange(len(keys))
    by_chance = _log_chance(codes, keys) + np.log(len(keys)) >= np.log(SURPRISE)
    by_chance[first] = True
    return np.flatnonzero(by_chance)


def _worst_match(compared: list[Column], earlier: Integers, later: Integers) -> _Match | None:
    """The match with most rows, exact before near, all columns before all but one."""
    for near in (False, True):
        codes = np.column_stack([_code(column, near=near) for column in compared])
        found = [match for match in _matches(codes, compared, earlier, later) if match.is_leak]
        if found:
            return max(found, key=lambda match: (match.left_out is None, len(match.later)))
    return None


def _matches(codes: Integers, compared: list[Column], earlier: Integers, later: Integers) -> Iterator[_Match]:
    """Agreement in all columns, and in all but one for the columns where most rows agree so."""
    parts = _hash(codes)
    whole = parts.sum(axis=1, dtype=np.uint64)
    yield _agree(codes, whole, earlier, later, left_out=None)
    if len(compared) <= FEWEST_COMPARED:
        return
    alike = [np.isin((whole - part)[later], (whole - part)[earlier]).sum() for part in parts.T]
    for k in np.argsort(alike)[::-1][:MOST_LEFT_OUT]:
        rest = np.delete(codes, k, axis=1)
        yield _agree(rest, whole - parts[:, k], earlier, later, left_out=compared[k].name)


def _agree(
    codes: Integers, keys: Hashes, earlier: Integers, later: Integers, *, left_out: str | None
) -> _Match:
    """Later rows with the key of an earlier one, where chance would seldom have it."""
    values, first = np.unique(keys[earlier], return_index=True)
    place = np.minimum(np.searchsorted(values, keys[later]), len(values) - 1)
    agrees = values[place] == keys[later]
    if agrees.sum() < FEWEST_COPIES:
        return _Match(later[:0], earlier[:0], 0.0, len(later), left_out)
    by_chance = np.exp(np.minimum(_log_chance(codes, keys)[later] + np.log(len(earlier)), 0.0))
    surprising = by_chance < SURPRISE
    agrees &= surprising
    expected = float(by_chance[surprising].sum())
    if left_out is not None:
        expected = max(expected, _share_alike(keys[earlier]) * len(later))
    return _Match(later[agrees], earlier[first[place[agrees]]], expected, len(later), left_out)


def _share_alike(keys: Hashes) -> float:
    """Share of the rows of one block that agree with another row of it.

    Rows of one place agree in all that stays as it is there; that is no copy, and shows within a block as well.
    """
    counts = np.unique(keys, return_counts=True)[1]
    return float(counts[counts > 1].sum() / len(keys))


def _code(column: Column, *, near: bool) -> Integers:
    """Codes that are equal where values are: the levels, the numbers, or in a near copy the rounded numbers."""
    if column.numbers is None or (column.levels is not None and not near):
        return np.asarray(column.levels)
    numbers = column.numbers
    if near and not column.is_time and not _is_whole(numbers):
        spread = float(np.nanstd(numbers))
        numbers = np.round(numbers / (NEAR_SHARE * spread)) if spread > 0 else numbers
    return np.unique(numbers, return_inverse=True)[1].astype(np.int64)


def _is_whole(numbers: Floats) -> bool:
    known = numbers[np.isfinite(numbers)]
    return bool((known == np.round(known)).all())


def _hash(codes: Integers) -> Hashes:
    """One 64-bit number for each value of each column, ``(n, columns)``; sums over columns name a row.

    Reference:
        Steele, Lea and Flood (2014), the finaliser of SplitMix64, doi:10.1145/2660193.2660195.
    """
    salted = codes.astype(np.uint64) + (np.arange(codes.shape[1], dtype=np.uint64) << np.uint64(40))
    mixed = (salted + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)


def _log_chance(codes: Integers, keys: Hashes) -> Floats:
    """Log of the chance that another row agrees with this one in all columns, (n,).

    Distinct rows alone are counted: copies would make themselves look likely. Columns with the most values come
    first; those beyond ``MOST_COLUMNS`` count as certain to agree.
    """
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    distinct = codes[first]
    sample = distinct[:: -(-len(distinct) // MOST_ROWS)]
    order = np.argsort([-len(np.unique(column)) for column in sample.T], kind="stable")[:MOST_COLUMNS]
    log_chance = np.zeros(len(distinct))
    for place, k in enumerate(order):
        alone = np.minimum((_others_alike(sample[:, k], distinct[:, k]) + 0.5) / len(sample), 1.0)
        chance = np.maximum(alone, alone.mean())
        for given in order[:place]:
            chance = np.maximum(chance, _chance_given(sample, distinct, given, k, alone))
        log_chance += np.log(chance)
    return np.asarray(log_chance[inverse], dtype=np.float64)


def _chance_given(sample: Integers, rows: Integers, given: int, k: int, alone: Floats) -> Floats:
    """Chance of the value in column ``k`` among other rows with the same value in ``given``, (n,).

    Counted for the row's own value, but no less than for rows on average: few others make a poor estimate.
    """
    width = int(rows[:, k].max()) + 1
    base = _others_alike(sample[:, given], rows[:, given])
    joint = _others_alike(sample[:, given] * width + sample[:, k], rows[:, given] * width + rows[:, k])
    on_average = (joint.sum() + alone.mean()) / (base.sum() + 1.0)
    return np.asarray(np.maximum((joint + alone) / (base + 1.0), on_average), dtype=np.float64)


def _others_alike(sample: Integers, values: Integers) -> Floats:
    """How many rows of a sample have each value, the row itself left out, (n,)."""
    known, counts = np.unique(sample, return_counts=True)
    place = np.minimum(np.searchsorted(known, values), len(known) - 1)
    alike = np.where(known[place] == values, counts[place] - 1, 0)
    return alike.astype(np.float64)


def _accuse(match: _Match, columns: Columns, earlier: str, later: str) -> Finding:
    share = len(match.later) / match.of
    shown = zip(columns.rows[match.later], columns.rows[match.earlier], strict=True)
    pairs = tuple(f"{later} row {a} = {earlier} row {b}" for a, b in list(shown)[:PAIRS_SHOWN])
    but = f" in all columns but {match.left_out}" if match.left_out else ""
    evidence = (
        f"{len(match.later):,} of {count(match.of, 'row')} of {later} ({share:.1%}) agree with a row of {earlier}{but}, "
        f"where chance would give {match.expected:.1f}."
    )
    return Finding(
        Leak.DUPLICATES,
        pairs,
        evidence,
        "A row that was learned by heart is recalled, not foretold.",
        "Drop copies before splitting, or split so that copies stay together.",
        {"rows": len(match.later), "share": share, "expected": match.expected},
    )
