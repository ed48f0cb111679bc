"""What is known of the neighborhoods that incidents fall in: their census, their density, their reported incidents.

One value for each area. Shares lie between 0 and 1; density and rates are logarithms, since a few areas have many
times the usual; a share of nobody is NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hotspots.points import Floats
from hotspots.victims.settings import CensusShare
from hotspots.victims.variables import Numbers, Variable
from incidents.errors import ConfigError, PolygonError
from incidents.polygons import find_polygon_file
from incidents.schema import Category
from incidents.source import PolygonLayer

if TYPE_CHECKING:
    import geopandas as gpd

VIOLENT = (
    Category.HOMICIDE,
    Category.SHOOTING,
    Category.ROBBERY,
    Category.AGGRAVATED_ASSAULT,
    Category.RAPE,
)
FEWEST_RESIDENTS = 50
"""Areas with fewer residents (parks, docks, stadiums) have no rates: they would be fractions of nobody."""

SQUARE_KM = 1e6


@dataclass(frozen=True)
class Places:
    """What is known of areas.

    Args:
        areas: Their ids, ``(areas,)``.
        values: By name, ``(areas,)``, NaN where unknown.
    """

    areas: tuple[str, ...]
    values: Mapping[str, Floats]


def read_census(
    layer: PolygonLayer, shares: Mapping[str, CensusShare], areas: Sequence[str], *, search: Sequence[Path]
) -> Places:
    """Shares of the census counts in the polygon file of a layer.

    Args:
        layer: File and id of its polygons; several features of one id are added.
        shares: By the name that reports give them.
        areas: Ids in the order wanted.
        search: Folders, as from `incidents.polygons.search_folders`.

    Returns:
        The shares.

    Raises:
        PolygonError: No such file, or counts that are no numbers.
        ConfigError: A property that the file does not have; lists what it has.
    """
    import pyogrio

    path = find_polygon_file(layer.file, search)
    read = pyogrio.read_dataframe(path, read_geometry=False)
    wanted = sorted({name for share in shares.values() for name in (*share.of, share.per)})
    unknown = [name for name in (layer.id, *wanted) if name not in read.columns]
    if unknown:
        raise ConfigError(
            f"Expected census counts among the properties of {path}. Received: {', '.join(unknown)}. "
            f"It has: {', '.join(sorted(read.columns))}. Correct census under victims."
        )
    try:
        counts = read[wanted].astype(float).groupby(read[layer.id].astype(str).str.strip()).sum(min_count=1)
    except (TypeError, ValueError) as error:
        raise PolygonError(
            f"Expected numbers in the census properties of {path}. Received: {error}. Correct the file."
        ) from error
    counts = counts.reindex(list(areas))
    return Places(
        tuple(areas),
        {
            name: _share(
                counts[list(share.of)].sum(axis=1, skipna=False).to_numpy(), counts[share.per].to_numpy()
            )
            for name, share in shares.items()
        },
    )


def _share(part: Floats, whole: Floats) -> Floats:
    """Part of a whole; NaN where the whole is 0 or unknown."""
    some = np.isfinite(part) & (whole > 0)
    return np.where(some, np.divide(part, whole, where=some, out=np.full(len(part), np.nan)), np.nan)


def measure_areas(polygons: "gpd.GeoDataFrame", incidents: pl.DataFrame, *, years: float) -> Places:
    """Density of residents, and reported incidents per 1,000 residents and year, as logarithms.

    Args:
        polygons: ``area``, ``population`` and ``geometry`` in metres.
        incidents: Columns ``area`` and ``category``, of the whole period.
        years: Length of the period.

    Returns:
        ``residents per km2 (log10)``, ``violent rate (log10)``, ``other rate (log10)``.
    """
    areas = [str(area) for area in polygons["area"]]
    residents = polygons["population"].to_numpy(dtype=np.float64)
    density = residents / (polygons.area.to_numpy() / SQUARE_KM)
    violent = incidents["category"].cast(pl.String).is_in([each.value for each in VIOLENT])
    counts = {
        "violent rate (log10)": _count(incidents.filter(violent), areas),
        "other rate (log10)": _count(incidents.filter(~violent), areas),
    }
    lived_in = residents >= FEWEST_RESIDENTS
    people = np.where(lived_in, residents, np.nan)
    rates = {name: np.log10((count + 0.5) / people / years * 1000) for name, count in counts.items()}
    return Places(
        tuple(areas), {"residents per km2 (log10)": np.log10(np.where(lived_in, density, np.nan))} | rates
    )


def _count(incidents: pl.DataFrame, areas: Sequence[str]) -> Floats:
    """Incidents of each area."""
    tally = incidents["area"].drop_nulls().value_counts()
    counts = dict(tally.iter_rows())
    return np.array([counts.get(area, 0) for area in areas], dtype=np.float64)


def variables_of_places(rows: pl.DataFrame, *places: Places) -> list[Variable]:
    """What is known of the area of each row, as numbers that rows of one area share."""
    found: list[Variable] = []
    for each in places:
        position = {area: index for index, area in enumerate(each.areas)}
        of_row = (
            rows["area"].replace_strict(position, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()
        )
        found += [Numbers(name, "place", values, of_row) for name, values in each.values.items()]
    return found
