"""Tables on disk as the leak audit reads them: CSV, gzipped CSV and Parquet."""

from pathlib import Path
from typing import TYPE_CHECKING

from incidents.errors import UnreadableFileError

if TYPE_CHECKING:
    import polars as pl

TABLE_SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet")


def is_table(path: Path) -> bool:
    """Whether a path is named like a table."""
    return path.name.lower().endswith(TABLE_SUFFIXES)


def read_table(path: Path) -> "pl.DataFrame":
    """Read a table whole, types and times guessed from all of its rows.

    Raises:
        UnreadableFileError: No such file, or not what its name says.
    """
    import polars as pl

    try:
        if path.name.lower().endswith(".parquet"):
            return pl.read_parquet(path)
        separator = "\t" if ".tsv" in path.name.lower() else ","
        return pl.read_csv(
            path, separator=separator, infer_schema_length=None, null_values=["", "NA", "NaN", "null"]
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnreadableFileError(
            f"Expected a table in {path}. Received: {error}. Give a CSV, a gzipped CSV or a Parquet file."
        ) from error
