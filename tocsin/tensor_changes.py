"""Ways to change an event tensor that no honest forecast may notice.

After an issue: what was not on record then is deleted, mixed up, invented or moved back in time, and stays unknown
until later. In a window: the records that an issue announces are removed or added, on record when the window is over.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from cnn.labels import TargetWindows
from rasterize.tensors import ENTRY_TYPES, Entries, EventTensor
from verify.leaks import Change, Leak

INVENTED = 500
ADDED = 3
# Windows over which records are moved back: far enough to reach every short feature.
MOVED_BACK = 84

Columns = dict[str, npt.NDArray[np.int64]]


def delete_later(tensor: EventTensor, issue: int, rng: np.random.Generator) -> EventTensor:
    """Leave out what was not on record at an issue."""
    return tensor.known_by(issue)


def shuffle_later(tensor: EventTensor, issue: int, rng: np.random.Generator) -> EventTensor:
    """Deal places, channels and counts anew among what was not on record at an issue."""
    columns, later = _columns(tensor.entries), np.flatnonzero(tensor.entries.known > issue)
    for together in (("row", "col", "area"), ("channel",), ("count",)):
        dealt = rng.permutation(later)
        for name in together:
            columns[name][later] = columns[name][dealt]
    return _with(tensor, columns)


def invent_later(tensor: EventTensor, issue: int, rng: np.random.Generator) -> EventTensor:
    """Add incidents of any time that come on record after an issue."""
    windows = rng.integers(0, len(tensor.windows), INVENTED)
    known = np.maximum(windows, issue) + 1 + rng.integers(0, 30, INVENTED)
    channel = rng.integers(0, len(tensor.channels), INVENTED)
    return _add(tensor, {"window": windows, "known": known, "channel": channel}, rng)


def backdate_later(tensor: EventTensor, issue: int, rng: np.random.Generator) -> EventTensor:
    """Move what was not on record at an issue to the days before it: late records of what had happened."""
    columns, later = _columns(tensor.entries), tensor.entries.known > issue
    back = 1 + rng.integers(0, MOVED_BACK, int(later.sum()))
    columns["window"][later] = np.maximum(issue - back, 0)
    return _with(tensor, columns)


LATER: Mapping[str, Change[EventTensor]] = {
    "delete": delete_later,
    "shuffle": shuffle_later,
    "invent": invent_later,
    "backdate": backdate_later,
}


def announced_changes(target: TargetWindows, channels: int) -> dict[Leak, dict[str, Change[EventTensor]]]:
    """Ways to change what lies in the windows that an issue announces, the target's records apart from others.

    Args:
        target: What is announced.
        channels: Number of channels of the tensor.
    """
    others = np.setdiff1d(np.arange(channels), target.channels)
    kinds = {Leak.SAME_RECORD: target.channels, Leak.SAME_WINDOW: others}
    return {
        kind: {"removed": _Removal(target, chosen), "added": _Addition(target, chosen)}
        for kind, chosen in kinds.items()
        if len(chosen)
    }


class _Removal:
    """Removes the records of some channels from the windows that an issue announces."""

    def __init__(self, target: TargetWindows, channels: npt.NDArray[np.int64]) -> None:
        self._target, self._channels = target, channels

    def __call__(self, tensor: EventTensor, issue: int, rng: np.random.Generator) -> EventTensor:
        entries, first = tensor.entries, issue + self._target.lead
        announced = (entries.window >= first) & (entries.window < first + self._target.horizon)
        return tensor.with_entries(entries.where(~(announced & np.isin(entries.channel, self._channels))))


class _Addition:
    """Adds a few records of some channels to the windows that an issue announces."""

    def __init__(self, target: TargetWindows, channels: npt.NDArray[np.int64]) -> None:
        self._target, self._channels = target, channels

    def __call__(self, tensor: EventTensor, issue: int, rng: np.random.Generator) -> EventTensor:
        windows = issue + self._target.lead + rng.integers(0, self._target.horizon, ADDED)
        channel = rng.choice(self._channels, ADDED)
        return _add(tensor, {"window": windows, "known": windows + 1, "channel": channel}, rng)


def _add(tensor: EventTensor, made: Columns, rng: np.random.Generator) -> EventTensor:
    """Add incidents at random cells inside the city; those outside the tensor's windows are left out."""
    made = {name: values[made["window"] < len(tensor.windows)] for name, values in made.items()}
    cells = rng.choice(np.flatnonzero(tensor.overlay.inside), len(made["window"]))
    made["row"], made["col"] = np.divmod(cells, tensor.grid.cols)
    made["area"] = tensor.overlay.labels.reshape(-1)[cells].astype(np.int64)
    made["count"] = np.ones(len(cells), dtype=np.int64)
    present = _columns(tensor.entries)
    return _with(tensor, {name: np.concatenate([present[name], made[name]]) for name in ENTRY_TYPES})


def _columns(entries: Entries) -> Columns:
    return {name: getattr(entries, name).astype(np.int64) for name in ENTRY_TYPES}


def _with(tensor: EventTensor, columns: Columns) -> EventTensor:
    """The tensor with other entries, brought into the order of windows."""
    order = np.argsort(columns["window"], kind="stable")
    return tensor.with_entries(
        Entries(**{name: columns[name][order].astype(kind) for name, kind in ENTRY_TYPES.items()})
    )
