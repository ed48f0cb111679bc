"""What is known of each row, as variables of three kinds, and all of them as one matrix of comparable columns.

A row is one victim or incident. Levels are words, cycles are times on a circle, numbers are known for units (a
neighborhood) that many rows share. Matrices are ``(rows, columns)``, centred; a missing value lies at the centre
and has a column that says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from hotspots.points import Bools, Floats, Ints
from incidents.errors import ConfigError, DataError

NOT_STATED = "not stated"
OTHER = "other"
RAREST_LEVEL = 0.02
"""Levels of a smaller share are clustered as one: alone they would be far from everything."""

FARTHEST = 3.0
"""Standardised numbers are cut here, so that one odd neighborhood is no cluster."""


class Representation(StrEnum):
    """How much a difference in levels weighs.

    ``balanced``: every variable has the same total variance, whatever its number of levels. ``famd``: factor
    analysis of mixed data, where rare levels weigh more and a variable weighs as much as it has levels, less one
    (Pages 2004, Analyse factorielle de donnees mixtes).
    """

    BALANCED = "balanced"
    FAMD = "famd"


@dataclass(frozen=True)
class Levels:
    """A variable of words.

    Args:
        name: What it is called in reports.
        block: Variables of one block share one weight.
        codes: Level of each row, ``(n,)``; a missing value has the level `NOT_STATED`.
        names: Of the levels.
    """

    name: str
    block: str
    codes: Ints
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Ints) -> "Levels":
        """The same variable of some rows."""
        return replace(self, codes=self.codes[rows])


@dataclass(frozen=True)
class Cycle:
    """A time on a circle: hour of the day, day of the week, day of the year.

    Args:
        name: What it is called in reports.
        block: Variables of one block share one weight.
        phase: Share of the circle, ``[0, 1)``, NaN where unknown, ``(n,)``.
    """

    name: str
    block: str
    phase: Floats

    def __len__(self) -> int:
        return len(self.phase)

    def take(self, rows: Ints) -> "Cycle":
        """The same variable of some rows."""
        return replace(self, phase=self.phase[rows])


@dataclass(frozen=True)
class Numbers:
    """A number that is known for units which rows share.

    Args:
        name: What it is called in reports.
        block: Variables of one block share one weight.
        values: Of the units, ``(units,)``, NaN where unknown.
        of_row: Unit of each row, -1 where unknown, ``(n,)``.
    """

    name: str
    block: str
    values: Floats
    of_row: Ints

    def __len__(self) -> int:
        return len(self.of_row)

    def take(self, rows: Ints) -> "Numbers":
        """The same variable of some rows; the units stay."""
        return replace(self, of_row=self.of_row[rows])


Variable = Levels | Cycle | Numbers


def levels_of(name: str, block: str, words: Sequence[str | None]) -> Levels:
    """A variable of words; None becomes a level of its own.

    Example:
        >>> weapon = levels_of("weapon", "incident", ["knife", None, "knife"])
        >>> weapon.names, weapon.codes.tolist()
        (('knife', 'not stated'), [0, 1, 0])
    """
    stated = np.array([NOT_STATED if word is None else word for word in words], dtype=object)
    names, codes = np.unique(stated, return_inverse=True) if len(stated) else (stated, np.zeros(0))
    return Levels(name, block, codes.astype(np.int64), tuple(names.tolist()))


def check_variables(variables: Sequence[Variable]) -> int:
    """Refuse variables of different lengths or without rows.

    Returns:
        The number of rows.

    Raises:
        DataError: There are none, their lengths differ, or no variable differs between rows.
    """
    lengths = {len(variable) for variable in variables}
    if len(lengths) != 1 or 0 in lengths:
        raise DataError(
            f"Expected variables of one number of rows. Received: {sorted(lengths) or 'no variables'}. "
            "Make them from one table."
        )
    return lengths.pop()


def encode(variables: Sequence[Variable], *, representation: Representation) -> Floats:
    """Put variables side by side as centred columns in which distances are comparable.

    Blocks of variables weigh the same, and variables within a block; constant ones are left out.

    Args:
        variables: Of the same rows.
        representation: How levels are scaled.

    Returns:
        The matrix, ``(rows, columns)``.

    Raises:
        DataError: No variable varies.
        ConfigError: An unknown representation.
    """
    if representation not in tuple(Representation):
        raise ConfigError(
            f"Expected a representation among {', '.join(Representation)}. Received: {representation}. "
            "Correct it under victims."
        )
    check_variables(variables)
    encoded = [(variable.block, _scale(variable, representation)) for variable in variables]
    varying = [(block, columns) for block, columns in encoded if columns.shape[1]]
    if not varying:
        raise DataError(
            "Expected a variable that differs between rows. Received: constants only. Give more columns."
        )
    in_block = {block: sum(1 for other, _ in varying if other == block) for block, _ in varying}
    return np.hstack([columns / np.sqrt(in_block[block]) for block, columns in varying])


def _scale(variable: Variable, representation: Representation) -> Floats:
    """Centred columns of one variable, ``(n, columns)``; none if it is constant."""
    if isinstance(variable, Levels):
        return _scale_levels(pool_rare(variable), representation)
    return _scale_numbers(_known_columns(variable))


def pool_rare(variable: Levels, *, rarest: float = RAREST_LEVEL) -> Levels:
    """The variable with levels below a share put together as `OTHER`."""
    counts = np.bincount(variable.codes, minlength=len(variable.names))
    rare = counts < rarest * len(variable)
    names = np.where(rare, OTHER, np.array(variable.names, dtype=object))
    kept, codes = np.unique(names, return_inverse=True)
    return replace(variable, codes=codes[variable.codes], names=tuple(kept.tolist()))


def _scale_levels(variable: Levels, representation: Representation) -> Floats:
    share = np.bincount(variable.codes, minlength=len(variable.names)) / max(len(variable), 1)
    present = (share > 0) & (share < 1)
    if present.sum() < 2:
        return np.empty((len(variable), 0))
    hot = (variable.codes[:, None] == np.flatnonzero(present)).astype(np.float64) - share[present]
    weight = (
        share[present]
        if representation is Representation.FAMD
        else (share[present] * (1 - share[present])).sum()
    )
    return np.asarray(hot / np.sqrt(weight), dtype=np.float64)


def _known_columns(variable: Cycle | Numbers) -> Floats:
    """Cosine and sine of a cycle, or a number standardised and cut; NaN where unknown."""
    if isinstance(variable, Cycle):
        angle = 2 * np.pi * variable.phase
        return np.column_stack([np.cos(angle), np.sin(angle)])
    values = spread_to_rows(variable)
    known = np.isfinite(values)
    deviation = float(values[known].std()) if known.any() else 0.0
    if deviation == 0:
        return values[:, None] * 0
    standard: Floats = (values - values[known].mean()) / deviation
    return np.clip(standard, -FARTHEST, FARTHEST)[:, None]


def spread_to_rows(variable: Numbers) -> Floats:
    """Number of each row, ``(n,)``; NaN where its unit or the unit's number is unknown."""
    if not len(variable.values):
        return np.full(len(variable), np.nan)
    values: Floats = np.where(variable.of_row >= 0, variable.values[variable.of_row], np.nan)
    return values


def _scale_numbers(columns: Floats) -> Floats:
    """Centre known values, put unknown ones at the centre beside a column that marks them; total variance 1."""
    unknown: Bools = ~np.isfinite(columns[:, 0])
    known = columns[~unknown]
    if not len(known):
        return np.empty((len(columns), 0))
    centred: Floats = np.where(unknown[:, None], 0.0, columns - known.mean(axis=0))
    if unknown.any():
        centred = np.column_stack([centred, unknown - unknown.mean()])
    variance = float(np.square(centred).mean(axis=0).sum())
    return centred / np.sqrt(variance) if variance > 0 else np.empty((len(columns), 0))
