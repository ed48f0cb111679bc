"""How incidents lie on disk: GeoParquet with one WKB point per row, in longitude and latitude.

Plain Parquet readers (Polars, DuckDB, Athena) see ordinary columns and one binary column; geopandas sees
points. Rows without coordinates have no geometry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

import numpy as np
import polars as pl

from incidents.schema import INCIDENT_SCHEMA

GEOMETRY = "geometry"
GEO_METADATA = json.dumps(
    {
        "version": "1.1.0",
        "primary_column": GEOMETRY,
        # Without a crs the specification means OGC:CRS84, which is longitude and latitude on WGS84.
        "columns": {GEOMETRY: {"encoding": "WKB", "geometry_types": ["Point"]}},
    }
)
WKB_POINT = np.dtype([("order", "u1"), ("type", "<u4"), ("lon", "<f8"), ("lat", "<f8")])
LITTLE_ENDIAN, POINT = 1, 1

REPEATED = ("category", "offense", "origin", "area", "district", "place", "weapon")
"""Columns with few distinct values, which a dictionary keeps small; on others it only costs time."""


FILTERED = ("occurred_at", "category", "area")
"""Columns by which readers skip row groups; statistics of the others would only cost time."""


def encode_incidents(incidents: pl.DataFrame) -> bytes:
    """GeoParquet file of incidents; the closed vocabularies are written as plain text.

    Args:
        incidents: Columns of `INCIDENT_SCHEMA`.
    """
    plain = incidents.with_columns(pl.col(pl.Enum).cast(pl.String), _points(incidents))
    return encode_table(plain, metadata={"geo": GEO_METADATA})


def encode_table(table: pl.DataFrame, *, metadata: Mapping[str, str] | None = None) -> bytes:
    """Parquet file of a table, with further entries in the metadata of its schema.

    Polars' own writer would leave them out of the Arrow schema, from which geopandas reads a whole folder.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = table.to_arrow(compat_level=pl.CompatLevel.oldest()).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    # Half the time of zstd at its fastest for a quarter more bytes, and every reader knows it.
    pq.write_table(
        arrow,
        sink,
        compression="snappy",
        use_dictionary=list(REPEATED),
        write_statistics=list(FILTERED),
    )
    return cast(bytes, sink.getvalue().to_pybytes())


def decode_incidents(scan: pl.LazyFrame) -> pl.LazyFrame:
    """Columns and types of `INCIDENT_SCHEMA` from what `encode_incidents` wrote."""
    return scan.select(pl.col(name).cast(dtype) for name, dtype in INCIDENT_SCHEMA.items())


def _points(incidents: pl.DataFrame) -> pl.Series:
    """Column of WKB points, null where a coordinate is missing."""
    import pyarrow as pa

    points = np.empty(len(incidents), dtype=WKB_POINT)
    points["order"], points["type"] = LITTLE_ENDIAN, POINT
    for axis in ("lon", "lat"):
        points[axis] = incidents[axis].fill_null(np.nan).to_numpy()
    binary = pa.Array.from_buffers(
        pa.binary(WKB_POINT.itemsize), len(points), [None, pa.py_buffer(points.tobytes())]
    )
    column = cast(pl.Series, pl.from_arrow(binary.cast(pa.large_binary())))
    missing = incidents["lon"].is_null() | incidents["lat"].is_null()
    return column.set(missing, None).alias(GEOMETRY) if missing.any() else column.alias(GEOMETRY)
