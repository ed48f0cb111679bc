"""What a pipeline reads and says, part by part, and which parts are no longer the same to the bit.

An array that is read has one row per issue; issues are integers that rise with time.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from verify.checks import Bools, Integers

World = TypeVar("World")
World_contra = TypeVar("World_contra", contravariant=True)
Reading = Mapping[str, npt.NDArray[Any]]


class Reader(Protocol[World_contra]):
    """A pipeline: all that it reads and says at some issues, each part by its own name.

    Parts are features, inputs and predictions, ``(issues, ...)``; the finer they are named, the better the
    guilty one is found. Labels are no part of it: they are facts and may know the future.
    """

    def __call__(self, world: World_contra, issues: Integers, /) -> Reading:
        """Read a world at some issues."""
        ...


Change = Callable[[World, int, np.random.Generator], World]
"""Returns a world that differs from the given one only after an issue, or only in what it announces."""
Changes = Mapping[str, Change[World]]
"""Changes by name: delete, shuffle, invent, backdate, ..."""


@dataclass(frozen=True)
class Move:
    """How one part of a reading changed.

    Args:
        rows: Rows that changed, by the name of the change that moved them.
        largest: Largest change of a number; 0 where there is none.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    largest: float = 0.0

    @property
    def most_rows(self) -> int:
        """Rows moved by the change that moved most."""
        return max(self.rows.values(), default=0)

    def and_also(self, change: str, rows: int, largest: float) -> "Move":
        """This move and another one."""
        counted = {**self.rows, change: self.rows.get(change, 0) + rows}
        return Move(counted, max(self.largest, largest))


Moves = Mapping[str, Move]


def add_moves(moves: Moves, change: str, before: Reading, after: Reading) -> Moves:
    """Add the parts of a reading whose rows are not the same to the bit after a change.

    Args:
        moves: What has moved so far, by part.
        change: Name of the change.
        before: Parts as first read.
        after: The same parts of the changed world at the same issues.

    Returns:
        The moves, with those of this change.

    Raises:
        DataError: The parts are not the same ones, or one has another shape or type.
    """
    if set(before) != set(after):
        raise DataError(
            f"Expected the same parts in every reading. Received: {sorted(set(before) ^ set(after))} in only one. "
            "Name parts by their place, not by what they hold."
        )
    found = dict(moves)
    for part, values in before.items():
        differs = rows_that_differ(values, after[part])
        if differs.any():
            largest = _largest_change(values[differs], after[part][differs])
            found[part] = found.get(part, Move()).and_also(change, int(differs.sum()), largest)
    return found


def worst_first(moves: Moves) -> tuple[str, ...]:
    """Names of the parts that moved, those with the most rows first."""
    return tuple(sorted(moves, key=lambda part: -moves[part].most_rows))


def rows_that_differ(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> Bools:
    """Rows of two arrays that are not the same to the bit, (n,); NaN equals a NaN of the same bits.

    Raises:
        DataError: Another shape or type, or an array of Python objects.
    """
    if first.shape != second.shape or first.dtype != second.dtype or first.dtype == object:
        raise DataError(
            "Expected two arrays of numbers or text, alike in shape and type. Received: "
            f"{first.dtype} {first.shape} and {second.dtype} {second.shape}. Read the same issues from both."
        )
    if not first.size:
        return np.zeros(len(first), dtype=np.bool_)
    bits = [np.ascontiguousarray(one).reshape(len(one), -1).view(np.uint8) for one in (first, second)]
    return np.asarray((bits[0] != bits[1]).any(axis=1), dtype=np.bool_)


def _largest_change(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> float:
    if not np.issubdtype(before.dtype, np.number):
        return 0.0
    change = np.abs(after.astype(np.float64) - before.astype(np.float64))
    return float(np.max(change, where=np.isfinite(change), initial=0.0))
