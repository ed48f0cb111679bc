"""Whether the target event comes after the input ends.

An *issue* is the window at whose start a forecast is made: it sees the windows before it and announces
windows at or after it. Issue ``i`` of an impending target covers windows ``[i + lead, i + lead + horizon)``;
a nowcast, which is no forecast, covers the window ``i - 1`` that it has just seen.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn.settings import Target
from incidents.errors import ConfigError, DataError
from rasterize.tensors import EventTensor

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TargetWindows:
    """The target in units of windows and channels.

    Args:
        channels: Indices of the channels that count the event.
        lead: Windows between the issue and the first window announced; -1 for a nowcast.
        horizon: Windows announced.
        as_of: Whether inputs are limited to what was on record at the issue; False for a nowcast.
        hidden: Channels that the input map does not show.
    """

    channels: Ints
    lead: int
    horizon: int
    as_of: bool
    hidden: Ints

    def history_issues(self, issues: Ints) -> Ints:
        """Return as of which issue the history of each issue is told.

        That is the issue itself; in a nowcast it is the start of the window classified, since an incident
        that is on record by the window's end would give the answer away.
        """
        return np.maximum(issues + min(self.lead, 0), 0)


def resolve_target(target: Target, tensor: EventTensor) -> TargetWindows:
    """Translate a target into windows and channels of a tensor.

    Raises:
        ConfigError: Hours that are negative or no multiple of the window, or a nowcast with a lead.
        DataError: A channel mixes target categories with others, or no channel counts a category.
    """
    channels = _target_channels(target, tensor)
    hours = tensor.windows.hours
    if target.lead_hours % hours or target.horizon_hours % hours:
        raise ConfigError(
            f"Expected lead and horizon in multiples of the {hours}-hour window. "
            f"Received: lead {target.lead_hours} h, horizon {target.horizon_hours} h. Change them under target."
        )
    if target.lead_hours < 0 or target.horizon_hours <= 0:
        raise ConfigError(
            "Expected a lead of 0 or more and a horizon above 0: what is over is not impending. Received: "
            f"lead {target.lead_hours} h, horizon {target.horizon_hours} h. Change them under target."
        )
    if target.framing == "impending":
        lead, horizon = target.lead_hours // hours, target.horizon_hours // hours
        return TargetWindows(channels, lead, horizon, as_of=True, hidden=np.empty(0, dtype=np.int64))
    if target.lead_hours or target.horizon_hours != hours:
        raise ConfigError(
            f"Expected a nowcast of one window with no lead. Received: lead {target.lead_hours} h, "
            f"horizon {target.horizon_hours} h. A look ahead is framing: impending."
        )
    hidden = np.empty(0, dtype=np.int64) if target.own_dots else channels
    return TargetWindows(channels, -1, 1, as_of=False, hidden=hidden)


def _target_channels(target: Target, tensor: EventTensor) -> Ints:
    """Channels that hold target categories and nothing else, checked to hold all of them."""
    categories = {name: set(members) for name, members in tensor.about["channels"].items()}
    wanted = set(target.categories)
    mixed = [name for name, members in categories.items() if members & wanted and members - wanted]
    absent = wanted - set().union(*categories.values())
    if mixed or absent:
        raise DataError(
            f"Expected channels that count the target {sorted(wanted)} and nothing else. Received: "
            f"mixed channels {mixed}, no channel for {sorted(absent)}. Split them under raster.channels."
        )
    return tensor.channel_indices(tuple(name for name, members in categories.items() if members <= wanted))


def count_events(tensor: EventTensor, channels: Ints) -> Ints:
    """Count the incidents of some channels in each window, those without a place included, ``(windows,)``."""
    chosen = np.isin(tensor.entries.channel, channels)
    counts = np.bincount(
        tensor.entries.window[chosen],
        weights=tensor.entries.count[chosen],
        minlength=len(tensor.windows),
    )
    return counts.astype(np.int64)


def label_issues(tensor: EventTensor, target: TargetWindows) -> npt.NDArray[np.float64]:
    """Label every issue: 1 if the event is in the windows it announces, 0 if not.

    Args:
        tensor: Everything that was ever recorded, since a label is a fact and not an input.
        target: The target.

    Returns:
        Labels by issue, ``(windows + 1,)``; NaN where the announced windows are not all in the tensor.
    """
    events = np.concatenate([[0], np.cumsum(count_events(tensor, target.channels))])
    issues = np.arange(len(tensor.windows) + 1)
    first, last = issues + target.lead, issues + target.lead + target.horizon
    covered = (first >= 0) & (last <= len(tensor.windows))
    labels = np.full(len(issues), np.nan)
    labels[covered] = events[last[covered]] > events[first[covered]]
    return labels


def events_in_cells(tensor: EventTensor, target: TargetWindows, issues: Ints) -> npt.NDArray[np.float32]:
    """Count the announced events by cell, float32 ``(b, rows, cols)``; those without a place are left out."""
    entries, cells = tensor.entries, tensor.grid.rows * tensor.grid.cols
    chosen = np.flatnonzero(np.isin(entries.channel, target.channels) & (entries.row >= 0))
    window = entries.window[chosen]
    counts = np.zeros((len(issues), cells), dtype=np.float32)
    first = np.searchsorted(window, issues + target.lead)
    last = np.searchsorted(window, issues + target.lead + target.horizon)
    position = np.repeat(np.arange(len(issues)), last - first)
    run_start = np.cumsum(last - first) - (last - first)
    entry = chosen[first[position] + np.arange(len(position)) - run_start[position]]
    cell = entries.row[entry].astype(np.int64) * tensor.grid.cols + entries.col[entry]
    np.add.at(counts, (position, cell), entries.count[entry].astype(np.float32))
    return counts.reshape(len(issues), *tensor.grid.shape)
