"""The mapped columns of a delimited text file, as text.

The reader puts a header of its own in front of the file: it names what is wanted by place, and its last cell
catches what stands beyond the last column of a row. The file's own header is then the first row, and dropped.
"""

from __future__ import annotations

import codecs
import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from incidents.contents import UTF8_BOM, UTF16_BOMS, SourceFile
from incidents.errors import ConfigError, LayoutError, UnreadableFileError

EXTRA = "__extra__"
"""Column that is null unless a row has more cells than the header."""

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def read_header(file: SourceFile, *, delimiter: str, encoding: str) -> list[str]:
    """Column names in the first line; bytes outside the encoding are replaced, not refused.

    Raises:
        ConfigError: ``encoding`` is no encoding that Python knows.
    """
    return _cells(_first_line(file, encoding), delimiter)


def check_delimiter(file: SourceFile, wanted: Sequence[str], *, delimiter: str, encoding: str) -> None:
    """Refuse a file whose columns appear only when it is split at another delimiter.

    Raises:
        LayoutError: Names the delimiter that the file has.
    """
    line = _first_line(file, encoding)
    for other, name in DELIMITERS.items():
        if other != delimiter and set(wanted) <= set(_cells(line, other)):
            raise LayoutError(
                f"Expected columns parted by {DELIMITERS.get(delimiter, repr(delimiter))} in {file.path}. "
                f"Received: {name}. Set delimiter: {other!r} in the layout."
            )


def read_csv_columns(
    file: SourceFile, columns: Sequence[str], *, delimiter: str, encoding: str
) -> pl.DataFrame:
    """Chosen columns of every row as String, and ``EXTRA``.

    Args:
        file: With a header line.
        columns: Names in the header to read.
        delimiter: One character.
        encoding: As the layout states it.

    Raises:
        UnreadableFileError: No rows, cut short, damaged, wrongly encoded, or with quotes that do not close.
        LayoutError: A wanted column stands twice in the header.
    """
    header = read_header(file, delimiter=delimiter, encoding=encoding)
    _check_unique(header, columns, file.path)
    _check_last_line(file, len(header), delimiter, encoding)
    places = [header.index(column) for column in columns]
    own_header = delimiter.join([*map(str, range(len(header))), EXTRA]).encode() + b"\n"
    try:
        if not _is_utf8(encoding):
            raise pl.exceptions.ComputeError("text in another encoding")
        # Polars unpacks faster than Python, and checks the packing and UTF-8; it only says less about damage.
        rows = _parse(_prepend(own_header, file), [*map(str, places), EXTRA], delimiter, '"')
    except (pl.exceptions.ComputeError, OSError):
        rows = _parse_checked(own_header, file, [*map(str, places), EXTRA], delimiter, encoding)
    rows = _drop_blank_tail(rows.slice(1), file)
    if rows.is_empty():
        raise UnreadableFileError(
            f"Expected incidents in {file.path}. Received: a header and no rows. Fetch it again."
        )
    return rows.rename({str(place): column for place, column in zip(places, columns, strict=True)})


def _first_line(file: SourceFile, encoding: str) -> str:
    if file.head.startswith(UTF16_BOMS) and "16" not in encoding:
        raise UnreadableFileError(
            f"Expected {encoding} text in {file.path}. Received: UTF-16. Set encoding: utf-16 in the layout."
        )
    try:
        head = file.head.removeprefix(UTF8_BOM).decode(encoding, errors="replace")
    except LookupError as error:
        raise ConfigError(
            f"Expected the name of an encoding. Received: {encoding!r}. Use utf-8, cp1252, latin-1 or utf-16."
        ) from error
    return head.removeprefix("\ufeff").split("\n", 1)[0]


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])]


def _is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in {"utf-8", "utf-8-sig", "ascii"}


def _prepend(own_header: bytes, file: SourceFile) -> bytes:
    """The file with the header in front; a gzip file may consist of several packed members."""
    return (gzip.compress(own_header, 1) if file.is_gzip else own_header) + file.stored


def _parse(text: bytes, columns: Sequence[str], delimiter: str, quote: str | None) -> pl.DataFrame:
    read = pl.read_csv(
        text,
        columns=list(columns),
        separator=delimiter,
        quote_char=quote,
        infer_schema=False,
        truncate_ragged_lines=True,
    )
    return read.select(columns)


def _parse_checked(
    own_header: bytes, file: SourceFile, columns: Sequence[str], delimiter: str, encoding: str
) -> pl.DataFrame:
    """Slow path: find damage and wrong bytes first, then try quotes, then quotes taken literally.

    A stray quote within a cell makes the first reading fail. If no row has cells too many when quotes mean
    nothing, the file does not use them to protect delimiters, and the literal reading is the right one.
    """
    text = own_header + file.text(encoding)
    try:
        return _parse(text, columns, delimiter, '"')
    except pl.exceptions.ComputeError as error:
        literal = _parse(text, columns, delimiter, None)
        if literal[EXTRA].null_count() == literal.height:
            return literal
        raise UnreadableFileError(
            f"Expected quotes that close in every row of {file.path}. "
            f"Received: {str(error).splitlines()[0]}. Correct the row, or fetch the file again."
        ) from error


def _drop_blank_tail(rows: pl.DataFrame, file: SourceFile) -> pl.DataFrame:
    """Rows without those that stand for blank lines at the end of the file."""
    if rows.is_empty() or any(cell is not None for cell in rows.row(-1)):
        return rows
    content = file.content()
    tail = content[len(content.rstrip()) :]
    return rows.head(rows.height - max(tail.count(b"\n") - 1, 0))


def _check_unique(header: Sequence[str], columns: Sequence[str], path: Path) -> None:
    for column in columns:
        if header.count(column) > 1:
            raise LayoutError(
                f"Expected one column {column!r} in {path}. Received: {header.count(column)}. Rename all but one."
            )


def _check_last_line(file: SourceFile, cells: int, delimiter: str, encoding: str) -> None:
    """Refuse a last line without a line end and with cells missing: the file was cut while it was copied."""
    if file.is_gzip or file.stored.endswith(b"\n") or not _is_utf8(encoding):
        return
    last = file.stored[file.stored.rfind(b"\n") + 1 :].decode(errors="replace")
    ends_within_quotes = last.count('"') % 2 == 1  # a cell of several lines; the reader minds its quotes
    if not ends_within_quotes and len(_cells(last, delimiter)) < cells:
        raise UnreadableFileError(
            f"Expected {cells} cells in every row of {file.path}. Received: a file that is cut short in its "
            f"last line ({last[:60]!r}). Fetch it again."
        )
