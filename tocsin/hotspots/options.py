"""What may be asked of a method, as the command line gives it."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path

from incidents.errors import ConfigError
from incidents.schema import Category


@dataclass(frozen=True)
class HotspotOptions:
    """A question about one period; None leaves a choice to the method.

    Args:
        first: First local day.
        stop: Local day after the last.
        categories: Which incidents; none for the config's target.
        as_of: Only what was on record then counts; UTC.
        seed: Of all randomness.
        cell_size_m: Side of a cell, metres.
        areas: A polygon layer of the store, instead of cells.
        neighbors_m: Largest distance of neighbors, metres.
        bandwidth_m: Metres, ``silverman`` or ``cv``.
        permutations: Number of permutations or simulations.
        slice_days: Length of a slice of time, days.
        reach_m: Radius within which incidents of a cluster are counted, metres.
        min_incidents: Fewest incidents of a cluster, or of a core place.
        replicates: Number of bootstrap draws.
        places: File of places of interest.
        patrol_areas: Most patrol areas.
        patrol_km2: Their total size, square kilometres.
        harm: Harm of an incident by category; 1 for those not named.
        judge_until: Local day up to which later incidents judge the result.
    """

    first: date
    stop: date
    categories: tuple[Category, ...] = ()
    as_of: datetime | None = None
    seed: int = 1
    cell_size_m: float | None = None
    areas: str | None = None
    neighbors_m: float | None = None
    bandwidth_m: str | None = None
    permutations: int | None = None
    slice_days: int | None = None
    reach_m: float | None = None
    min_incidents: int | None = None
    replicates: int | None = None
    places: Path | None = None
    patrol_areas: int | None = None
    patrol_km2: float | None = None
    harm: Mapping[str, float] = field(default_factory=dict)
    judge_until: date | None = None

    @property
    def given(self) -> frozenset[str]:
        """Names of the choices that were not left to the method."""
        chosen = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in ALWAYS}
        return frozenset(name for name, value in chosen.items() if value is not None and value != {})


ALWAYS = frozenset({"first", "stop", "categories", "as_of", "seed"})
"""Options that every method takes."""


def flag(name: str) -> str:
    """An option as it is typed.

    Example:
        >>> flag("cell_size_m")
        '--cell-size-m'
    """
    return "--" + name.replace("_", "-")


def check_options(options: HotspotOptions, *, method: str, takes: frozenset[str]) -> None:
    """Refuse options that a method would not read, and periods without a day.

    Raises:
        ConfigError: Names them, and those that the method reads.
    """
    unread = sorted(options.given - takes)
    if unread:
        read = ", ".join(sorted(map(flag, takes))) or "none"
        raise ConfigError(
            f"Expected options that {method} reads: {read}. Received: {', '.join(map(flag, unread))}. Leave it out."
        )
    if {"areas", "cell_size_m"} <= options.given:
        raise ConfigError(
            f"Expected cells or areas. Received: {flag('areas')} and {flag('cell_size_m')}. Leave one out."
        )
    if options.seed < 0:
        raise ConfigError(f"Expected --seed of 0 or more. Received: {options.seed}. Use 1.")
    if options.stop <= options.first:
        raise ConfigError(
            f"Expected --to after --from. Received: {options.first} to {options.stop}. Give as --to the day after the last."
        )
    if options.judge_until is not None and options.judge_until <= options.stop:
        raise ConfigError(
            f"Expected --judge-until after --to, {options.stop}. Received: {options.judge_until}. "
            "Judge on days that the method has not seen."
        )


def parse_categories(text: str | None) -> tuple[Category, ...]:
    """Read ``shooting,homicide``; none where nothing is given.

    Raises:
        ConfigError: An unknown category; lists the valid ones, the nearest first.
    """
    from incidents.selection import category_names

    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    return tuple(dict.fromkeys(Category(name) for name in category_names(names)))


def nearest_first(name: str, valid: list[str]) -> str:
    """Valid names in words, the most like a wrong one first."""
    near = difflib.get_close_matches(name, valid, n=3, cutoff=0.4)
    return ", ".join([*near, *(one for one in valid if one not in near)])
