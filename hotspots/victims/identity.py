"""Whether a column tells who a person is: names, ids, exact addresses and dates of birth are refused.

The name of a column is looked at, and what stands in it. Levels such as ``KNIFE`` or ``18-24`` are shared by many
rows; what tells a person apart is not.
"""

from collections.abc import Sequence

import polars as pl

from incidents.errors import DataError

NAMES_OF_IDENTITY: dict[str, str] = {
    "a name": r"(^|_)(name|names|surname|[fl]name|alias|nickname)(_|$)|(first|last|full|middle|victim)_?name",
    "an id": r"(^|_)(id|ids|ssn|uuid|guid|passport|phone|e?mail|mobile)(_|$)|(row|object|person)id$"
    r"|(case|report|incident|complaint|record|licen[cs]e)_?(number|num|no|nr|id)$",
    "an address": r"(^|_)(address|addr|street|apt|apartment|residence)(_|$)|^(location|house|home|block)$|address",
    "a date of birth": r"(^|_)(dob|birth|born|birthday|birthdate)(_|$)|birth_?da(y|te)|date_?of_?birth",
}
"""What a column may not be, and the words in its name, parted by ``_``, that say it is."""

CONTENT_OF_IDENTITY: dict[str, str] = {
    "an address": r"^\s*\d+\w?\s+(?:[NSEW]\.?\s+)?[A-Za-z0-9' .]+\s(?:ST|AVE|AV|RD|BLVD|LN|DR|CT|PL|WAY|TER|PKWY|HWY|STREET|AVENUE|ROAD|DRIVE|LANE|COURT)\b",
    "a date of birth": r"^\s*(?:(?:19|20)\d{2}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[-/]\d{1,2}[-/](?:19|20)?\d{2})",
    "an e-mail address or phone number": r"@\w+\.\w+|^\s*\+?[\d(][\d ()-]{8,}\d\s*$",
    "an id": r"^\s*(?:\d{3}-\d{2}-\d{4}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-.*|\d{7,})\s*$",
    "a name": r"^\s*[A-Z][A-Za-z'-]+,\s*[A-Z][A-Za-z'-]*\.?(?:\s+[A-Z]\.?)?\s*$",
}
"""Patterns of what a value may not be."""

TELLING_SHARE = 0.02
"""So small a share of values of one pattern may be slips of the pen; a larger one is the column's content."""

MANY_LEVELS, OWN_SHARE = 50, 0.2
FEW_LEVELS, OWN_SHARE_OF_FEW = 10, 0.5
"""More levels than this, and more than this share of the rows, and a level is nearly a person."""


def refuse_identifying(columns: pl.DataFrame, *, roles: Sequence[str] = ()) -> None:
    """Refuse columns that tell persons apart.

    Args:
        columns: Words as read from the file, under the names that the file has.
        roles: What the columns are to be called, checked by name too.

    Raises:
        DataError: Names the first such column, why it is refused, and what to do.
    """
    for name in (*columns.columns, *roles):
        kind = identity_by_name(name)
        if kind:
            raise _refusal(name, f"a column whose name says that it is {kind}")
    for column in columns.iter_columns():
        check_content(column)
        own = _nearly_own(column)
        if own:
            raise _refusal(column.name, f"values that look like {own}")


def check_content(column: pl.Series) -> None:
    """Refuse a column whose values follow the pattern of what tells persons apart.

    Raises:
        DataError: Says which pattern, and what to do.
    """
    kind = identity_by_content(column)
    if kind:
        raise _refusal(column.name, f"values that look like {kind}")


def identity_by_name(name: str) -> str | None:
    """What a column's name says it tells of a person, or None.

    Example:
        >>> identity_by_name("VictimLastName"), identity_by_name("weapon_inferred")
        ('a name', None)
    """
    parted = pl.Series([name]).str.replace_all(r"([a-z0-9])([A-Z])", "${1}_${2}").str.to_lowercase()
    words = parted.str.replace_all(r"[^a-z0-9]+", "_")
    for kind, pattern in NAMES_OF_IDENTITY.items():
        if words.str.contains(pattern).any():
            return kind
    return None


def identity_by_content(words: pl.Series) -> str | None:
    """What the values of a column tell of a person, or None.

    Args:
        words: Strings, null where missing.
    """
    stated = _stated(words)
    for kind, pattern in CONTENT_OF_IDENTITY.items():
        if int(stated.str.contains(pattern).sum()) > TELLING_SHARE * len(stated):
            return kind
    return None


def _stated(words: pl.Series) -> pl.Series:
    """Values that are there."""
    text = words.drop_nulls().cast(pl.String).str.strip_chars()
    return text.filter(text != "")


def _nearly_own(words: pl.Series) -> str | None:
    """What to say of a column in which almost every row has a value of its own, or None."""
    stated = _stated(words)
    levels, rows = stated.n_unique(), len(stated)
    many = levels > MANY_LEVELS and levels > OWN_SHARE * rows
    most = levels >= FEW_LEVELS and levels > OWN_SHARE_OF_FEW * rows
    return f"a name or an id: {levels:,} different ones in {rows:,} rows" if many or most else None


def _refusal(name: str, received: str) -> DataError:
    return DataError(
        f"Expected columns that many persons share, such as category, weapon or sex. Received: {name!r}, {received}. "
        "Leave it out of victims.table: names, ids, addresses and dates of birth are never read."
    )
