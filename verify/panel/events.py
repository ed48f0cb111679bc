"""What happened at many places, and when each event became known.

Arrays have one entry per event, ``(n,)``, in the order of time; points are metres in a projected CRS,
``(n, 2)``, x first.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from verify.checks import Bools, Floats, Integers

Instants = npt.NDArray[np.datetime64]

NOWHERE = -1
TARGET = 0


@dataclass(frozen=True)
class PlaceEvents:
    """Events of the target and, where a model may use them, of other kinds.

    Args:
        since: Start of the record: what happened before it is missing, UTC.
        time: When each event happened, UTC, rising.
        known: When it was on record, UTC, never before it happened.
        unit: Index of the unit that it fell in, ``NOWHERE`` outside all of them.
        points: Metres; NaN where only the unit is known.
        kind: Index in ``kinds``; ``TARGET`` is forecast.
        kinds: Names, that of the target first.

    Raises:
        DataError: Shapes differ, times fall back, an event was known before it happened, or a kind or unit
            is out of range.
    """

    since: np.datetime64
    time: Instants
    known: Instants
    unit: Integers
    points: Floats
    kind: Integers
    kinds: tuple[str, ...] = ("target",)

    def __post_init__(self) -> None:
        _check_shapes(self)
        check_instants(np.atleast_1d(self.since), what="the start of the record")
        check_instants(self.time, what="event times")
        check_instants(self.known, what="times of record")
        if bool((np.diff(self.time) < np.timedelta64(0)).any()) or bool((self.known < self.time).any()):
            raise DataError(
                "Expected events in the order of time, each known no earlier than it happened. Received: others. "
                "Sort by time, and take the later of both times as the time of record."
            )
        if len(self) and not (self.kind.min() >= 0 and self.kind.max() < len(self.kinds)):
            raise DataError(
                f"Expected kinds in [0, {len(self.kinds)}). Received: {self.kind.min()} to {self.kind.max()}."
            )

    def __len__(self) -> int:
        return self.time.size

    def pick(self, which: Bools | Integers) -> "PlaceEvents":
        """Some of the events, in the order of time."""
        return PlaceEvents(
            self.since,
            self.time[which],
            self.known[which],
            self.unit[which],
            self.points[which],
            self.kind[which],
            self.kinds,
        )

    def known_by(self, instant: np.datetime64) -> "PlaceEvents":
        """Events that happened before an instant and were on record then, and nothing later."""
        return self.pick((self.known <= instant) & (self.time < instant))

    def of_kind(self, kind: int) -> "PlaceEvents":
        """Events of one kind within the units."""
        return self.pick((self.kind == kind) & (self.unit != NOWHERE))


def check_instants(instants: Instants, *, what: str) -> None:
    """Refuse what is not a UTC time of the kind that NumPy compares.

    Raises:
        DataError: Not datetime64, or not a time (NaT).
    """
    if not np.issubdtype(instants.dtype, np.datetime64) or bool(np.isnat(instants).any()):
        raise DataError(
            f"Expected {what} as datetime64 in UTC without NaT. Received: {instants.dtype}. Convert or drop them."
        )


def days_between(start: Instants | np.datetime64, stop: Instants | np.datetime64) -> Floats:
    """Days from ``start`` to ``stop``, to the microsecond, in the shape that both broadcast to."""
    return np.asarray(np.asarray(stop - start) / np.timedelta64(86_400_000_000, "us"), dtype=np.float64)


def _check_shapes(events: PlaceEvents) -> None:
    count = events.time.size
    flat = {"known": events.known, "unit": events.unit, "kind": events.kind}
    wrong = {name: array.shape for name, array in flat.items() if array.shape != (count,)}
    if events.points.shape != (count, 2):
        wrong["points"] = events.points.shape
    if wrong:
        raise DataError(
            f"Expected {count} entries of each array, and points of shape ({count}, 2). Received: {wrong}. Align them."
        )
