"""Which layout of the config a file follows, judged by the columns it has.

A *role* is what a source column means (``occurred``, ``offense`` ...); a layout maps roles to columns.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from incidents.errors import LayoutError
from incidents.source import Layout

TIME_ROLES = ("occurred", "known")
TEXT_ROLES = ("offense", "detail", "longitude", "latitude", "address", "district", "place", "weapon")
ROLES = ("source_id", *TIME_ROLES, *TEXT_ROLES)
"""What a source column can mean, in the order in which row hashes use them."""


SHOWN_COLUMNS, SHOWN_LETTERS = 40, 60


def role_columns(layout: Layout) -> dict[str, tuple[str, ...]]:
    """Source columns of each role that the layout maps; times may be spread over several."""
    columns: dict[str, tuple[str, ...]] = {}
    if layout.incident_id is not None:
        columns["source_id"] = (layout.incident_id,)
    columns["occurred"] = layout.occurred.columns
    if layout.known:
        columns["known"] = layout.known.columns
    mapped = {role: getattr(layout, role) for role in TEXT_ROLES}
    return columns | {role: (column,) for role, column in mapped.items() if column is not None}


def mapped_columns(layout: Layout) -> list[str]:
    """Source columns that the layout reads, each once; no other column of a file is ever read."""
    return list(dict.fromkeys(column for columns in role_columns(layout).values() for column in columns))


def choose_layout(
    layouts: Mapping[str, Layout], *, kind: str, present: Callable[[Layout], Sequence[str]], path: Path
) -> str:
    """Name of the first layout of the file's kind whose columns the file all has.

    Args:
        layouts: The city's layouts by name, in order.
        kind: ``csv``, ``geojson`` or ``arcgis_json``, as sniffed from the content.
        present: Columns that the file shows when it is read by a layout.
        path: For messages.

    Raises:
        LayoutError: No layout fits; says which columns are missing and which come nearest.
    """
    candidates = {name: layout for name, layout in layouts.items() if layout.format == kind}
    if not candidates:
        known = ", ".join(f"{name} ({layout.format})" for name, layout in layouts.items())
        raise LayoutError(
            f"Expected one of the layouts {known} in {path}. Received: a {kind} file. "
            "Add a layout of this format to the city's YAML."
        )
    shown = {name: present(layout) for name, layout in candidates.items()}
    nearest = min(candidates, key=lambda name: len(_missing(candidates[name], shown[name])))
    if _missing(candidates[nearest], shown[nearest]):
        raise LayoutError(_mismatch(nearest, candidates[nearest], shown[nearest], path))
    return nearest


def _missing(layout: Layout, present: Sequence[str]) -> list[str]:
    return [column for column in mapped_columns(layout) if column not in present]


def _mismatch(name: str, layout: Layout, present: Sequence[str], path: Path) -> str:
    """Message on missing columns, each with the columns that are spelled most alike and not in use."""
    used = mapped_columns(layout)
    free = {column.casefold(): column for column in present if column not in used}
    wanted = []
    for column in _missing(layout, present):
        near = difflib.get_close_matches(column.casefold(), free, n=2, cutoff=0.5)
        hint = f" (nearest: {', '.join(repr(free[match]) for match in near)})" if near else ""
        wanted.append(f"{column!r}{hint}")
    return (
        f"Expected the columns of layout {name!r} in {path}. Received: a file without {', '.join(wanted)}; "
        f"it has {_shown(present)}. Correct the column names of the layout, "
        "or add a layout to the city's YAML."
    )


def _shown(columns: Sequence[str]) -> str:
    """The names for a message, cut to a readable length: a file of another kind may have any."""
    names = [repr(column[:SHOWN_LETTERS]) for column in columns[:SHOWN_COLUMNS]]
    rest = len(columns) - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest > 0 else "")
