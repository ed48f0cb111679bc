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

from incidents.contents import SourceFile, open_source
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
    file = open_source(path)
    kind = sniff_kind(file.head)

    def present(layout: Layout) -> Sequence[str]:
        return _csv_columns(file, layout) if kind == "csv" else read_json_fields(file, kind=kind)

    name = choose_layout(layouts, kind=kind, present=present, path=path)
    layout = layouts[name]
    wanted = mapped_columns(layout)
    if kind == "csv":
        read = read_csv_columns(file, wanted, delimiter=layout.delimiter, encoding=layout.encoding)
    else:
        read = read_json_columns(file, wanted, kind=kind)
    return SourceRows(name, layout, _by_role(read, layout, path))


def _csv_columns(file: SourceFile, layout: Layout) -> list[str]:
    header = read_header(file, delimiter=layout.delimiter, encoding=layout.encoding)
    if len(header) == 1:
        wanted = mapped_columns(layout)
        check_delimiter(file, wanted, delimiter=layout.delimiter, encoding=layout.encoding)
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
    marks = list(dict.fromkeys(("", *missing)))
    cells = [pl.col(column).str.strip_chars().replace(marks, [None] * len(marks)) for column in columns]
    if len(cells) == 1:
        return cells[0].alias(role)
    joined = pl.concat_str(cells, separator=" ", ignore_nulls=True)
    return joined.replace("", None).alias(role)
