"""Which incidents a question may see: by when they happened, and by when they were on record."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import datetime

import polars as pl

from incidents.errors import ConfigError
from incidents.schema import Category


def check_aware(**times: datetime | None) -> None:
    """Refuse times without a zone, which would mean another instant on another machine.

    Raises:
        ConfigError: Names the argument.
    """
    for name, time in times.items():
        if time is not None and time.utcoffset() is None:
            raise ConfigError(
                f"Expected {name} with a time zone. Received: {time.isoformat()}. Add one, such as tzinfo=UTC."
            )


def category_names(categories: Iterable[Category | str]) -> list[str]:
    """Names of categories.

    Raises:
        ConfigError: One is unknown; lists the valid ones, the nearest first.
    """
    valid = [category.value for category in Category]
    names = [str(category) for category in categories]
    for name in names:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, n=3, cutoff=0.4)
            choice = ", ".join([*near, *(one for one in valid if one not in near)])
            raise ConfigError(f"Expected a category of incidents. Received: {name!r}. Use one of: {choice}.")
    return names


def within(incidents: pl.LazyFrame, *, start: datetime | None, stop: datetime | None) -> pl.LazyFrame:
    """Incidents that happened in ``[start, stop)``; an end that is None is open."""
    if start is not None:
        incidents = incidents.filter(pl.col("occurred_at") >= start)
    if stop is not None:
        incidents = incidents.filter(pl.col("occurred_at") < stop)
    return incidents


def on_record_at(delay_hours: Mapping[str, float]) -> pl.Expr:
    """When an incident became known: its report time, or its occurrence and the assumed delay.

    Args:
        delay_hours: Assumed hours by category, and ``default`` for the rest.

    Raises:
        ConfigError: There is no ``default``, or a key is no category.
    """
    check_delays(delay_hours)
    by_category = {name: hours for name, hours in delay_hours.items() if name != "default"}
    hours = (
        pl.col("category")
        .cast(pl.String)
        .replace_strict(by_category, default=delay_hours["default"], return_dtype=pl.Float64)
    )
    assumed = pl.col("occurred_at") + pl.duration(microseconds=(hours * 3_600_000_000).cast(pl.Int64))
    return pl.coalesce("known_at", assumed)


def check_delays(delay_hours: Mapping[str, float]) -> None:
    """Refuse delays without a ``default`` or of unknown categories.

    Raises:
        ConfigError: Lists the categories.
    """
    categories = [category.value for category in Category]
    unknown = [name for name in delay_hours if name not in {"default", *categories}]
    if unknown or "default" not in delay_hours:
        raise ConfigError(
            f"Expected reporting delays for default and any of {', '.join(categories)}. "
            f"Received: {', '.join(delay_hours) or 'none'}. Correct reporting_delay_hours in the city's YAML."
        )
