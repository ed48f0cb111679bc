"""The lasting name of an incident, the same each time that its row is delivered."""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl

from incidents.layouts import ROLES

HASH_KEYS = ("tocsin-incident1", "tocsin-incident2")
"""Two fixed 16-byte keys; together they give 128 bits. Changing them would rename every incident."""

SEPARATOR = "\x1f"


def name_incidents(rows: pl.DataFrame, *, city: str) -> pl.Series:
    """Ids of the rows of one file: ``city:source id``, or ``city:hash-ordinal`` where the source has none.

    The hash covers every mapped column as written. Equal rows, such as two victims of one event, are told
    apart by their ordinal, counted from 0 in the order of the file; a second delivery counts the same way.
    A row that reaches two files which each hold only some of its equals is therefore named by place in each.

    Args:
        rows: Frame of `incidents.rows` of one whole file.
        city: Short name of the city.
    """
    source_id = rows["source_id"]
    if source_id.null_count() == 0:
        return (city + ":" + source_id).alias("incident_id")
    hashed = rows.select(digest=hash_rows(rows), source_id=source_id)
    first = hashed["digest"].is_first_distinct()
    ordinal = pl.when(first).then(0).otherwise(pl.col("digest").cum_count().over("digest") - 1)
    if first.all():
        ordinal = pl.lit(0)
    made = pl.concat_str([pl.col("digest"), ordinal.cast(pl.String)], separator="-")
    name = pl.concat_str([pl.lit(city), pl.coalesce("source_id", made)], separator=":")
    return hashed.select(name.alias("incident_id")).to_series()


def hash_rows(rows: pl.DataFrame) -> pl.Series:
    """128-bit hash of all roles of each row, as 32 hexadecimal digits.

    It is pandas' keyed hash of text, SipHash-2-4 and a finalizer, with two keys. Polars' own hash may change
    between releases; this one is held to an independent implementation by a test.

    Reference:
        Aumasson and Bernstein (2012), https://doi.org/10.1007/978-3-642-34931-7_28.
    """
    import pandas as pd

    joined = pl.concat_str([pl.col(role).fill_null("") for role in ROLES], separator=SEPARATOR)
    texts = rows.select(joined).to_series().to_numpy().astype(object)
    halves = [pd.util.hash_array(texts, hash_key=key, categorize=False) for key in HASH_KEYS]
    return _hexadecimal(np.column_stack(halves))


def _hexadecimal(words: npt.NDArray[np.uint64]) -> pl.Series:
    """Rows of 8-byte words as hexadecimal text."""
    import pyarrow as pa

    buffer = pa.py_buffer(words.astype(">u8").tobytes())
    width = words.shape[1] * words.itemsize
    binary = pa.Array.from_buffers(pa.binary(width), len(words), [None, buffer])
    return cast(pl.Series, pl.from_arrow(binary.cast(pa.large_binary()))).bin.encode("hex")
