"""The columns of a table as an audit sees them: numbers, levels, and times, whatever they were stored as.

``n`` rows. Numbers are float64, NaN where missing, times among them in microseconds; levels are int64 codes from
0, a missing value being a level of its own.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.checks import Floats, Integers

if TYPE_CHECKING:
    import polars as pl

MISSING = "missing"
# A code has levels that come back; above this share of distinct values a number is a measurement or an id.
CODE_SHARE = 0.5
TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f%z",
    "%Y-%m-%d %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M",
    "%Y-%m-%d",
    "%m/%d/%Y",
)
"""How times are written, after the T of ISO 8601 has become a space and its Z an offset."""


@dataclass(frozen=True)
class Roles:
    """What the columns of a table are for; all that are not named here are features.

    Args:
        label: What is to be foretold.
        time: When each row is asked: what came later was not known.
        split: Block of each row, such as train and test.
        without: Columns to leave out.
    """

    label: str
    time: str | None = None
    split: str | None = None
    without: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        name: Its name.
        numbers: As numbers, times in microseconds, (n,); None for words.
        levels: Codes of its distinct values, (n,); None for numbers that hardly come back.
        values: The value behind each code in words; empty without levels.
        is_time: Whether the numbers are times.
        is_id: Whether no value comes back, and it is no measurement.
    """

    name: str
    numbers: Floats | None
    levels: Integers | None
    values: tuple[str, ...]
    is_time: bool
    is_id: bool

    def rows(self, index: Integers) -> "Column":
        """The column at some rows."""
        return replace(
            self,
            numbers=None if self.numbers is None else self.numbers[index],
            levels=None if self.levels is None else self.levels[index],
        )


@dataclass(frozen=True)
class Columns:
    """A table made ready for the audit.

    Args:
        features: The features in the table's order.
        label: The label.
        time: Of each row, in microseconds or as the number that it was, (n,); None without a time column.
        time_is_clock: Whether those are microseconds.
        block: Block of each row, (n,); None without a split.
        rows: Number of each row in the table as given, 1 the first, (n,).
        skipped: Columns that hold no plain values, such as lists.
    """

    features: tuple[Column, ...]
    label: Column
    time: Floats | None
    time_is_clock: bool
    block: npt.NDArray[np.str_] | None
    rows: Integers
    skipped: tuple[str, ...]

    def __len__(self) -> int:
        return len(np.asarray(self.label.levels))


def read_columns(table: "pl.DataFrame", roles: Roles) -> Columns:
    """Make a table ready; rows without a label, a time or a block are left out.

    Raises:
        ConfigError: A column that is not in the table; names the nearest.
        DataError: No row is left, or the time column holds no times.
    """
    import polars as pl

    _require_columns(table, roles)
    named = [name for name in (roles.label, roles.time, roles.split) if name is not None]
    filled = table.select(pl.all_horizontal(pl.col(named).is_not_null())).to_series()
    kept = table.filter(filled)
    if kept.is_empty():
        raise DataError(
            f"Expected rows with {', '.join(named)}. Received: none among {table.height}. Name columns that are filled."
        )
    plain = [name for name, kind in kept.schema.items() if _is_plain(kind)]
    apart = {*named, *roles.without}
    time = _read(kept[roles.time]) if roles.time else None
    return Columns(
        features=tuple(_read(kept[name]) for name in plain if name not in apart),
        label=_read(kept[roles.label], keep_levels=True),
        time=None if time is None else _require_times(time, kept[time.name]),
        time_is_clock=time is not None and time.is_time,
        block=kept[roles.split].cast(pl.String).to_numpy().astype(np.str_) if roles.split else None,
        rows=1 + np.flatnonzero(filled.to_numpy()),
        skipped=tuple(name for name in kept.columns if name not in plain and name not in apart),
    )


def _is_plain(kind: "pl.DataType") -> bool:
    import polars as pl

    return not kind.is_nested() and kind not in (pl.Object, pl.Binary, pl.Null)


def _require_columns(table: "pl.DataFrame", roles: Roles) -> None:
    import difflib

    for name in (roles.label, roles.time, roles.split, *roles.without):
        if name is not None and name not in table.columns:
            near = difflib.get_close_matches(name, table.columns, n=3, cutoff=0.4)
            rest = [column for column in table.columns if column not in near]
            raise ConfigError(
                f"Expected a column of the table. Received: {name!r}. Use one of: {', '.join([*near, *rest])}."
            )


def _read(column: "pl.Series", *, keep_levels: bool = False) -> Column:
    """One column; ``keep_levels`` keeps the levels of numbers however many there are."""
    import polars as pl

    typed = parse_times(column) if column.dtype == pl.String else column
    typed = typed.fill_nan(None) if typed.dtype.is_float() else typed
    is_time = typed.dtype.is_temporal()
    is_number = is_time or typed.dtype.is_numeric() or typed.dtype == pl.Boolean
    distinct = typed.n_unique()
    comes_back = distinct <= max(2, CODE_SHARE * len(typed))
    levels, values = number_levels(typed) if comes_back or keep_levels or not is_number else (None, ())
    return Column(
        name=column.name,
        numbers=_to_numbers(typed) if is_number else None,
        levels=levels,
        values=values,
        is_time=is_time,
        is_id=(typed.dtype.is_integer() or not is_number) and distinct == len(typed) > 1,
    )


def number_levels(column: "pl.Series") -> tuple[Integers, tuple[str, ...]]:
    """Number the distinct values from 0 in sorted order, missing ones first; codes (n,) and values in words."""
    import polars as pl

    given = column.cast(pl.String) if column.dtype in (pl.Categorical, pl.Enum) else column
    values = given.unique().sort()
    codes = given.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    words = (MISSING if value is None else str(value) for value in values)
    return codes - codes.min(), tuple(words)


def parse_times(column: "pl.Series") -> "pl.Series":
    """Words that are all times of one of the common formats as times; other words as they are."""
    text = column.str.strip_chars().str.replace(r"^(\d{4}-\d\d-\d\d)T", "${1} ").str.replace(r"Z$", "+0000")
    written = text.drop_nulls()
    written = written.filter(written != "")
    if written.is_empty() or not written.head(100).str.contains(r"^\d+[-/]\d+[-/]\d+").all():
        return column
    for form in TIME_FORMATS:
        if written.head(100).str.to_datetime(form, strict=False).null_count() == 0:
            parsed = text.str.to_datetime(form, strict=False, time_unit="us")
            if parsed.drop_nulls().len() == written.len():
                return parsed
    return column


def _to_numbers(column: "pl.Series") -> Floats:
    """Numbers as float64, times in microseconds, (n,); NaN where missing or infinite."""
    import polars as pl

    if isinstance(column.dtype, pl.Datetime) or column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us", getattr(column.dtype, "time_zone", None)))
    whole = column.cast(pl.Int64) if column.dtype.is_temporal() else column
    numbers = whole.cast(pl.Float64).fill_null(np.nan).to_numpy().astype(np.float64)
    return np.where(np.isfinite(numbers), numbers, np.nan)


def _require_times(time: Column, given: "pl.Series") -> Floats:
    if time.numbers is None or bool(np.isnan(time.numbers).any()):
        raise DataError(
            f"Expected times or numbers in {time.name}. Received: {given[0]!r} in the first row. Write them as "
            "YYYY-MM-DD HH:MM:SS."
        )
    return time.numbers
