"""What had been on record before each issue: recent counts of the city and slow history maps of the cells.

Every number at issue ``i`` comes from entries with ``known <= i``, so later incidents and late records
cannot change it. Shapes are ``(issues, ...)`` with one issue more than there are windows: the last issue is
the end of the tensor, from which the next, unseen window is announced.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rasterize.tensors import EventTensor

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def recent_counts(tensor: EventTensor, channels: Ints, span: int) -> Floats:
    """Count incidents of the last ``span`` windows, as on record at each issue.

    Args:
        tensor: The sparse tensor.
        channels: Which channels to add up.
        span: Number of windows looked back over.

    Returns:
        Counts, ``(windows + 1,)``.
    """
    entries, issues = tensor.entries, len(tensor.windows) + 1
    chosen = np.isin(entries.channel, channels)
    enters = entries.known[chosen].astype(np.int64)
    leaves = entries.window[chosen].astype(np.int64) + span + 1
    counted = enters < np.minimum(leaves, issues)
    change = np.zeros(issues + 1)
    weight = entries.count[chosen][counted].astype(float)
    np.add.at(change, enters[counted], weight)
    np.add.at(change, np.minimum(leaves[counted], issues), -weight)
    return np.cumsum(change)[:issues]


def recent_rates(tensor: EventTensor, channels: Ints, span: int) -> Floats:
    """Mean incidents per window over the last ``span`` windows, or over all there were so far.

    At the first issue, where nothing has been seen, the rate is 0.
    """
    seen = np.minimum(np.arange(len(tensor.windows) + 1), span)
    return recent_counts(tensor, channels, span) / np.maximum(seen, 1)


def same_hour_counts(tensor: EventTensor, channels: Ints, *, weeks: int, lead: int) -> Floats:
    """Count incidents in the announced window's own hour of the week over the last weeks.

    Args:
        tensor: The sparse tensor.
        channels: Which channels to add up.
        weeks: Weeks looked back over.
        lead: Windows between the issue and the announced window.

    Returns:
        Counts, ``(windows + 1,)``.
    """
    entries, issues = tensor.entries, len(tensor.windows) + 1
    windows_a_week = 7 * 24 // tensor.windows.hours
    chosen = np.isin(entries.channel, channels)
    back = np.arange(1, weeks + 1) * windows_a_week
    issue = entries.window[chosen].astype(np.int64)[:, None] + back - lead
    known = entries.known[chosen].astype(np.int64)[:, None]
    counted = (issue < issues) & (known <= issue) & (issue >= 0)
    weight = np.broadcast_to(entries.count[chosen][:, None], issue.shape)
    return np.bincount(issue[counted], weights=weight[counted], minlength=issues).astype(np.float64)


@dataclass(frozen=True)
class HistoryMaps:
    """Exponentially forgotten counts by cell, taken once a day.

    Args:
        maps: float32 ``(days, rows, cols, maps)``: day ``d`` is as on record at the start of its first window.
        windows_a_day: Windows between two maps.
    """

    maps: npt.NDArray[np.float32]
    windows_a_day: int

    def at(self, issues: Ints) -> npt.NDArray[np.float32]:
        """Return the newest maps that are not newer than each issue, ``(b, rows, cols, maps)``."""
        return self.maps[np.clip(issues // self.windows_a_day, 0, len(self.maps) - 1)]


def history_maps(
    tensor: EventTensor, groups: tuple[Ints, ...], half_lives_days: tuple[float, ...]
) -> HistoryMaps:
    """Build the slow channels: for each group of channels and half-life, a forgotten count by cell.

    An incident of age ``a`` days weighs ``2 ** (-a / half_life)`` from the day it is on record. Each map is
    divided by the sum of the weights of the days seen so far, so that a steady rate gives that rate, in
    incidents per cell and day, from the first day on (less what half a day of age and late records take).

    Args:
        tensor: The sparse tensor.
        groups: Channels of each group.
        half_lives_days: Half-lives, days.

    Returns:
        Maps ordered group by group, half-life by half-life.
    """
    a_day = 24 // tensor.windows.hours
    days = -(-(len(tensor.windows) + 1) // a_day)
    maps = [
        _forgotten_counts(tensor, channels, half_life, days)
        for channels in groups
        for half_life in half_lives_days
    ]
    stacked = np.stack(maps, axis=-1).reshape(days, *tensor.grid.shape, len(maps))
    return HistoryMaps(stacked, a_day)


def _forgotten_counts(
    tensor: EventTensor, channels: Ints, half_life_days: float, days: int
) -> npt.NDArray[np.float32]:
    """One map a day, ``(days, cells)``."""
    entries, a_day = tensor.entries, 24 // tensor.windows.hours
    cells = tensor.grid.rows * tensor.grid.cols
    chosen = np.isin(entries.channel, channels) & (entries.row >= 0)
    day = -(-entries.known[chosen].astype(np.int64) // a_day)
    age_days = day - entries.window[chosen] / a_day
    cell = entries.row[chosen].astype(np.int64) * tensor.grid.cols + entries.col[chosen]
    weight = entries.count[chosen] * 2.0 ** (-age_days / half_life_days)
    seen = day < days
    maps = np.zeros((days, cells), dtype=np.float32)
    np.add.at(maps, (day[seen], cell[seen]), weight[seen])
    keep = 2.0 ** (-1.0 / half_life_days)
    for today in range(1, days):
        maps[today] += np.float32(keep) * maps[today - 1]
    weight_seen = (1.0 - keep ** np.maximum(np.arange(days), 1)) / (1.0 - keep)
    return np.asarray(maps / weight_seen[:, None], dtype=np.float32)
