"""The rows of a source file by role, as text, before anything is judged.

Every reader answers the same frame: one String column per role of `incidents.layouts.ROLES` (null where the
layout does not map it or the file has nothing), ``source_file``, ``source_row`` (1 is the first row of data)
and ``has_extra_cells``. Columns that the layout does not map, person fields among them, are never read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from incidents.contents import read_content, to_utf8
from incidents.csv_rows import EXTRA, check_delimiter, read_csv_columns, read_header
from incidents.json_rows import read_json_columns, read_json_fields, sniff_kind
from incidents.layouts import ROLES, choose_layout, mapped_columns, role_columns
from incidents.source import Layout


@dataclass(frozen=True)
class SourceRows:
    """Rows of one file and the layout they follow."""

    layout_name: str
    layout: Layout
    frame: pl.DataFrame


def read_rows(path: Path, layouts: Mapping[str, Layout]) -> SourceRows:
    """Read the mapped columns of a file with the first layout that it fits.

    Args:
        path: CSV, GeoJSON or ArcGIS JSON, plain or gzipped.
        layouts: The city's layouts by name, in the order in which they are tried.

    Raises:
        UnreadableFileError: Missing, empty, header only, cut short, damaged or wrongly encoded.
        LayoutError: No layout fits; the message names the missing columns and the nearest present ones.
    """
    content = read_content(path)
    kind = sniff_kind(content)

    def present(layout: Layout) -> Sequence[str]:
        if kind != "csv":
            return read_json_fields(content, kind=kind, path=path)
        return _csv_columns(content, layout, path)

    name = choose_layout(layouts, kind=kind, present=present, path=path)
    layout = layouts[name]
    text = to_utf8(content, path=path, encoding=layout.encoding)
    wanted = mapped_columns(layout)
    if kind == "csv":
        read = read_csv_columns(text, wanted, delimiter=layout.delimiter, path=path)
    else:
        read = read_json_columns(text, wanted, kind=kind, path=path)
    return SourceRows(name, layout, _by_role(read, layout, path))


def _csv_columns(content: bytes, layout: Layout, path: Path) -> list[str]:
    header = read_header(content, delimiter=layout.delimiter, encoding=layout.encoding)
    if len(header) == 1:
        check_delimiter(header[0], mapped_columns(layout), delimiter=layout.delimiter, path=path)
    return header


def _by_role(read: pl.DataFrame, layout: Layout, path: Path) -> pl.DataFrame:
    """Source columns renamed to roles, blanks and missing values to null."""
    columns = role_columns(layout)
    has_extra = pl.col(EXTRA).is_not_null() if EXTRA in read.columns else pl.lit(False)
    return (
        read.lazy()
        .select(
            *(_role_text(role, columns.get(role, ()), layout.missing_values) for role in ROLES),
            pl.lit(path.name).alias("source_file"),
            pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("source_row"),
            has_extra.alias("has_extra_cells"),
        )
        .collect()
    )


def _role_text(role: str, columns: Sequence[str], missing: Sequence[str]) -> pl.Expr:
    if not columns:
        return pl.lit(None, dtype=pl.String).alias(role)
    cells = [_known(pl.col(column).str.strip_chars(), missing) for column in columns]
    return (cells[0] if len(cells) == 1 else pl.concat_str(cells, separator=" ", ignore_nulls=True)).alias(
        role
    )


def _known(cell: pl.Expr, missing: Sequence[str]) -> pl.Expr:
    return pl.when(~cell.is_in(["", *missing])).then(cell)
