"""A table of victims as rows that name nobody: mapped columns only, neighborhoods in place of coordinates."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hotspots.victims.identity import check_content, refuse_identifying
from hotspots.victims.rows import Ages, band_ages, clock_columns, repair_ages
from hotspots.victims.settings import VictimTable
from incidents.contents import open_source
from incidents.csv_rows import read_csv_columns, read_header
from incidents.errors import LayoutError
from incidents.location import locate
from incidents.times import parse_times

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class VictimRows:
    """Rows of a table of victims.

    Args:
        rows: The frame of `hotspots.victims.rows`, with ``age`` as bands where the table has ages.
        ages: What was repaired, or None where the table has no ages.
        dates: Local day of each row.
        undated: Rows left out because their time could not be read.
        unplaced: Rows whose coordinates lie in no area.
    """

    rows: pl.DataFrame
    ages: Ages | None
    dates: pl.Series
    undated: int
    unplaced: int


def read_victims(
    path: Path, table: VictimTable, polygons: "gpd.GeoDataFrame", *, time_zone: str
) -> VictimRows:
    """Read the mapped columns of a table of victims; whatever else stands in the file is left unread.

    Args:
        path: CSV, plain or gzipped.
        table: Which column plays which role.
        polygons: Areas, in metres.
        time_zone: Of the city's clock.

    Returns:
        Its rows; coordinates are dropped as soon as the area is known.

    Raises:
        LayoutError: A mapped column is missing; lists what the file has.
        DataError: A mapped column identifies persons, by its name or by what stands in it.
        UnreadableFileError: The file cannot be read.
    """
    raw = _read(path, table)
    refuse_identifying(raw.select(_word_columns(table)), roles=list(table.levels))
    if table.age:
        check_content(raw[table.age])
    times = parse_times(_joined(raw, table.occurred.columns), table.occurred, time_zone=time_zone)
    has_hour = (
        "%H" in table.occurred.format or "%I" in table.occurred.format or "%" not in table.occurred.format
    )
    area = _find_area(raw, table, polygons)
    ages = repair_ages(_numbers(raw[table.age])) if table.age else None
    rows = clock_columns(times.wall, has_hour=has_hour).with_columns(
        area, *(_words(raw[column], table).alias(name) for name, column in table.levels.items())
    )
    if ages:
        rows = rows.with_columns(band_ages(ages.years))
    dated = times.instants.is_not_null()
    kept = rows.filter(dated)
    return VictimRows(
        kept,
        ages,
        times.wall.filter(dated).dt.date(),
        undated=int((~dated).sum()),
        unplaced=kept["area"].null_count(),
    )


def _word_columns(table: VictimTable) -> list[str]:
    """Mapped columns that become levels; dates, coordinates and ages are read as numbers and may differ a lot."""
    return list(dict.fromkeys(table.levels.values()))


def _read(path: Path, table: VictimTable) -> pl.DataFrame:
    file = open_source(path)
    wanted = list(
        dict.fromkeys(
            [*table.occurred.columns, table.longitude, table.latitude, *table.levels.values()]
            + ([table.age] if table.age else [])
        )
    )
    header = read_header(file, delimiter=",", encoding=table.encoding)
    missing = [name for name in wanted if name not in header]
    if missing:
        raise LayoutError(
            f"Expected the columns {', '.join(wanted)} in {path}. Received: a file without {', '.join(missing)}; "
            f"it has {', '.join(header)}. Correct table under victims."
        )
    # Names are looked at before anything is read; roles of the other columns tell names apart from words.
    refuse_identifying(pl.DataFrame(schema=dict.fromkeys(wanted, pl.String)))
    return read_csv_columns(file, wanted, delimiter=",", encoding=table.encoding)


def _joined(raw: pl.DataFrame, columns: tuple[str, ...]) -> pl.Series:
    return raw.select(pl.concat_str([pl.col(name) for name in columns], separator=" ")).to_series()


def _numbers(words: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return words.str.strip_chars().cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()


def _words(words: pl.Series, table: VictimTable) -> pl.Series:
    """Lower-case words; null where the source says that it does not know."""
    plain = words.str.strip_chars()
    unknown: Mapping[str, None] = dict.fromkeys(table.missing_words)
    known = ~plain.str.to_uppercase().is_in(list(unknown))
    return plain.to_frame("word").select(pl.when(known).then(pl.col("word").str.to_lowercase())).to_series()


def _find_area(raw: pl.DataFrame, table: VictimTable, polygons: "gpd.GeoDataFrame") -> pl.Series:
    """Ids of the areas that coordinates fall in."""
    placed = locate(_numbers(raw[table.longitude]), _numbers(raw[table.latitude]), polygons, tolerance_m=0.0)
    # Nowhere is -1, which is the last of the ids.
    ids = [*map(str, polygons["area"]), None]
    return pl.Series("area", [ids[area] for area in placed.area.tolist()], pl.String)
