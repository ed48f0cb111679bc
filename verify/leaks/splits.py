"""Do the blocks of a split keep to the order of time, and was nothing fitted on more than its own block?

Times are int64 or datetime64, one per row; rows are examples of any block.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.leaks.findings import Audit, Finding, Leak, count, name_some

Times = npt.NDArray[Any]
# An earlier block that reaches over more than this share of a later one was not merely cut too late.
MIXED_SHARE = 0.5


@dataclass(frozen=True)
class SplitRows:
    """When each example was asked and when it was decided, and the block that it was put in.

    Args:
        block: Name of the block, (n,).
        issued: When the forecast is made: the end of the input, (n,).
        decided: When the label is known: the end of what is announced, (n,). For rows without a window of
            their own the same as ``issued``.

    Raises:
        DataError: Lengths differ, or a time is missing.
    """

    block: npt.NDArray[np.str_]
    issued: Times
    decided: Times

    def __post_init__(self) -> None:
        if not len(self.block) == len(self.issued) == len(self.decided):
            raise DataError(
                f"Expected one block and two times a row. Received: {len(self.block)}, {len(self.issued)} and "
                f"{len(self.decided)}. Align them."
            )
        if any(
            np.issubdtype(t.dtype, np.datetime64) and np.isnat(t).any() for t in (self.issued, self.decided)
        ):
            raise DataError("Expected a time in every row. Received: NaT. Leave those rows out first.")


def audit_split(rows: SplitRows, *, order: tuple[str, ...], tolerated: float = 0.0) -> Audit:
    """Require each block to begin when all labels of the blocks before it have been decided.

    It catches random splits over time, blocks in the wrong order, and a missing embargo for the horizon.

    Args:
        rows: All examples.
        order: Blocks in the order in which they are used, e.g. ``("train", "calibrate", "test")``.
        tolerated: Share of a later block that may come too early without being a finding.

    Returns:
        A finding for each pair of blocks out of order.

    Raises:
        ConfigError: A block has no row.

    Example:
        >>> rows = SplitRows(np.array(["train", "test"]), np.array([10, 8]), np.array([11, 9]))
        >>> audit_split(rows, order=("train", "test")).findings[0].where
        ('train', 'test')
    """
    empty = [name for name in order if not (rows.block == name).any()]
    if empty:
        found = sorted(set(rows.block.tolist()))
        raise ConfigError(
            f"Expected rows in every block. Received: none in {empty}; there are {found}. Name those that exist."
        )
    findings = (_compare(rows, earlier, later, tolerated) for earlier, later in combinations(order, 2))
    check = f"split: {' before '.join(order)}, {count(len(rows.block), 'row')} in the order of time."
    return Audit(tuple(finding for finding in findings if finding), (check,))


def _compare(rows: SplitRows, earlier: str, later: str, tolerated: float) -> Finding | None:
    decided, issued = rows.decided[rows.block == earlier], rows.issued[rows.block == later]
    early = issued < decided.max()
    share = float(early.mean())
    if share <= tolerated:
        return None
    mixed = share > MIXED_SHARE
    shape = (
        f"the two are mixed in time, half of {later} within {_median_gap(rows, earlier, later)} of a row of {earlier}"
        if mixed
        else f"{earlier} reaches into {later}"
    )
    evidence = (
        f"{int(early.sum()):,} of {count(len(issued), 'row')} of {later} ({share:.1%}) are asked before the last label "
        f"of {earlier} is decided ({decided.max()}): {shape}."
    )
    remedy = (
        "Split forward in time, never at random."
        if mixed
        else f"Begin {later} no earlier than that, or end {earlier} sooner."
    )
    return Finding(
        Leak.SPLIT,
        (earlier, later),
        evidence,
        "Neighbours in time share their history, so what is judged has been learned from.",
        remedy,
        {"share_too_early": share, "rows": int(early.sum())},
    )


def _median_gap(rows: SplitRows, earlier: str, later: str) -> str:
    """Median distance of the later block's rows from the nearest row of the earlier one, in their own unit."""
    known, asked = np.sort(rows.issued[rows.block == earlier]), rows.issued[rows.block == later]
    place = np.searchsorted(known, asked)
    after, before = known[np.minimum(place, len(known) - 1)], known[np.maximum(place - 1, 0)]
    gaps = np.sort(np.minimum(np.abs(after - asked), np.abs(asked - before)))
    middle = gaps[(len(gaps) - 1) // 2]
    if isinstance(middle, np.timedelta64):
        return f"{middle / np.timedelta64(1, 'h'):.1f} h"
    return f"{middle:g}"


def audit_refit(
    stored: Mapping[str, npt.NDArray[np.float64]],
    refitted: Mapping[str, npt.NDArray[np.float64]],
    *,
    tolerances: Mapping[str, float],
    block: str,
) -> Audit:
    """Compare what a model carries with what its own block alone gives: a wider fit gives other numbers.

    Args:
        stored: Fitted numbers by name: scaling, coefficients, calibration.
        refitted: The same, fitted again on the block alone.
        tolerances: Largest difference by name that rounding and hardware explain.
        block: Name of the block, for the messages.

    Returns:
        A finding for each name that the block does not explain.

    Raises:
        DataError: A name or a shape differs.
    """
    findings = []
    for name, values in stored.items():
        if name not in refitted or np.shape(refitted[name]) != np.shape(values):
            raise DataError(
                f"Expected {name} refitted in shape {np.shape(values)}. Received: "
                f"{np.shape(refitted[name]) if name in refitted else 'none'}. Refit it by the same code."
            )
        difference = float(np.max(np.abs(np.asarray(values) - refitted[name]), initial=0.0))
        if not difference <= tolerances[name]:
            findings.append(_accuse_fit(name, block, difference, tolerances[name]))
    return Audit(tuple(findings), (f"fitted on {block} alone: {name_some(stored)}.",))


def _accuse_fit(name: str, block: str, difference: float, tolerance: float) -> Finding:
    return Finding(
        Leak.FITTED,
        (name,),
        f"Fitted again on {block} alone it differs by up to {difference:.4g}, tolerance {tolerance:.2g}.",
        f"What was fitted on more than {block} carries the test into the model.",
        f"Fit {name} on {block} and nothing else.",
        {"difference": difference, "tolerance": tolerance},
    )
