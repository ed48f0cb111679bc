"""The mapped columns of a delimited text file, as text."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from incidents.errors import LayoutError, UnreadableFileError

EXTRA = "__extra__"
"""Added header cell that catches what stands beyond the last column of a row."""

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def read_header(content: bytes, *, delimiter: str, encoding: str) -> list[str]:
    """Column names in the first line; bytes outside the encoding are replaced, not refused."""
    first = content[:65536].decode(encoding, errors="replace").removeprefix("\ufeff").split("\n", 1)[0]
    return _cells(first, delimiter)


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])]


def check_delimiter(header_line: str, wanted: Sequence[str], *, delimiter: str, path: Path) -> None:
    """Refuse a file whose columns appear only when it is split at another delimiter.

    Raises:
        LayoutError: Names the delimiter that the file has.
    """
    for other, name in DELIMITERS.items():
        if other != delimiter and set(wanted) <= set(_cells(header_line, other)):
            raise LayoutError(
                f"Expected columns parted by {DELIMITERS.get(delimiter, repr(delimiter))} in {path}. "
                f"Received: {name}. Set delimiter: {other!r} in the layout."
            )


def read_csv_columns(text: bytes, columns: Sequence[str], *, delimiter: str, path: Path) -> pl.DataFrame:
    """Chosen columns of every row as String, and ``EXTRA``, which is null where a row has no cell too many.

    Args:
        text: UTF-8, with a header line.
        columns: Names of the header to read.
        delimiter: One character.
        path: For messages.

    Raises:
        UnreadableFileError: No rows, a last line that is cut short, or quotes that do not close.
        LayoutError: A wanted column stands twice in the header.
    """
    end = text.find(b"\n")
    header = _cells(text[: end if end >= 0 else None].decode(), delimiter)
    _check_unique(header, columns, path)
    _check_last_line(text, len(header), delimiter, path)
    # Repeated or empty names of columns that nobody asked for must not disturb the reader.
    names = [name if name in columns else f"__unread_{place}" for place, name in enumerate(header)]
    body = text[end:].rstrip(b"\r\n") if end >= 0 else b""
    if not body:
        raise UnreadableFileError(
            f"Expected incidents in {path}. Received: a header and no rows. Fetch it again."
        )
    return _parse(delimiter.join([*map(_quoted, names), EXTRA]).encode() + body, columns, delimiter, path)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _parse(text: bytes, columns: Sequence[str], delimiter: str, path: Path) -> pl.DataFrame:
    """Rows with quotes understood, or, where that fails and no row then has cells too many, taken literally."""
    wanted = [*columns, EXTRA]
    try:
        return _scan(text, wanted, delimiter, '"')
    except pl.exceptions.ComputeError as error:
        header, _, body = text.partition(b"\n")
        literal = _scan(header.replace(b'"', b"") + b"\n" + body, wanted, delimiter, None)
        if literal[EXTRA].null_count() == literal.height:
            return literal
        raise UnreadableFileError(
            f"Expected quotes that close in every row of {path}. Received: {str(error).splitlines()[0]}. "
            "Correct the row, or fetch the file again."
        ) from error


def _scan(text: bytes, columns: Sequence[str], delimiter: str, quote: str | None) -> pl.DataFrame:
    return pl.read_csv(
        text,
        columns=list(columns),
        separator=delimiter,
        quote_char=quote,
        infer_schema=False,
        truncate_ragged_lines=True,
    ).select(columns)


def _check_unique(header: Sequence[str], columns: Sequence[str], path: Path) -> None:
    for column in columns:
        if header.count(column) > 1:
            raise LayoutError(
                f"Expected one column {column!r} in {path}. Received: {header.count(column)}. Rename all but one."
            )


def _check_last_line(text: bytes, cells: int, delimiter: str, path: Path) -> None:
    """Refuse a last line without a line end and with cells missing: the file was cut while it was copied."""
    if text.endswith(b"\n"):
        return
    last = text[text.rfind(b"\n") + 1 :].decode()
    if len(_cells(last, delimiter)) < cells:
        raise UnreadableFileError(
            f"Expected {cells} cells in every row of {path}. Received: a file that is cut short in its last "
            f"line ({last[:60]!r}). Fetch it again."
        )
