"""What the network sees at each issue, made batch by batch from the sparse tensor.

Maps are float32 ``(b, rows, cols, channels)``: the last windows of events (newest first), the dynamic
overlay of active neighborhoods, slow history channels, and the static overlay. All as on record at the
issue, except in a nowcast, which is shown the very window that it classifies beside the history before it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cnn.history import HistoryMaps, history_maps
from cnn.labels import TargetWindows
from rasterize.overlay import expand_runs
from rasterize.tensors import EventTensor, active_outlines

Ints = npt.NDArray[np.int64]
Maps = npt.NDArray[np.float32]

# Two city blocks: the scale on which shootings repeat near each other.
PRIOR_SMOOTHING_M = 400.0
# Share of the prior that is spread evenly, so that no inside cell is held to be impossible.
PRIOR_EVEN_SHARE = 0.05
# A history rate this far below one incident a year in a cell counts as none.
RATE_FLOOR = 1e-4


@dataclass(frozen=True)
class Scaling:
    """Mean and spread of the history channels over the training block, inside the city.

    Args:
        mean: float32 ``(maps,)``.
        spread: float32 ``(maps,)``, positive.
    """

    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]


class MapInputs:
    """Builds map batches for one tensor and target.

    Args:
        tensor: The sparse tensor.
        target: What is announced and what must stay hidden.
        stack: Number of past windows shown.
        half_lives_days: Half-lives of the slow history channels.
        scaling: From the training block; None before :meth:`measure_scaling` was asked.
    """

    def __init__(
        self,
        tensor: EventTensor,
        target: TargetWindows,
        *,
        stack: int,
        half_lives_days: tuple[float, ...],
        scaling: Scaling | None = None,
    ) -> None:
        self.tensor = tensor
        self.target = target
        self.stack = stack
        self.scaling = scaling
        self._shown = np.setdiff1d(np.arange(len(tensor.channels)), target.hidden)
        self._history = _log_history(tensor, target.channels, half_lives_days)
        self._log_prior = _log_prior(tensor, target.channels, max(half_lives_days))
        self._static = np.stack([tensor.overlay.inside, tensor.overlay.outline], axis=-1).astype(np.float32)
        self._events = _PlacedEvents.of(tensor, self._shown)
        # The overlay of active neighborhoods must not show where hidden channels were busy.
        self._visible = tensor.with_entries(
            tensor.entries.where(np.isin(tensor.entries.channel, self._shown))
        )

    @property
    def channels(self) -> int:
        """Number of map channels."""
        slow, static = self._history.maps.shape[-1], self._static.shape[-1]
        return int(self.stack * len(self._shown) + 1 + slow + static)

    def measure_scaling(self, issues: Ints) -> Scaling:
        """Measure the history channels over some issues, inside the city."""
        days = np.unique(self.target.history_issues(issues) // self._history.windows_a_day)
        inside = self._history.maps[days][:, self.tensor.overlay.inside]
        return Scaling(inside.mean(axis=(0, 1)), np.maximum(inside.std(axis=(0, 1)), np.float32(1e-3)))

    def maps(self, issues: Ints) -> Maps:
        """Build the maps of a batch.

        Args:
            issues: Issues, ``(b,)``.

        Returns:
            A fresh array, float32 ``(b, rows, cols, channels)``.
        """
        batch = np.zeros((len(issues), *self.tensor.grid.shape, self.channels), dtype=np.float32)
        recent = self.stack * len(self._shown)
        self._scatter_events(issues, batch)
        # An issue's newest window is the one before it, in a nowcast as in a forecast.
        batch[..., recent] = active_outlines(
            self._visible, issues - 1, issues=issues if self.target.as_of else None
        )
        history = self._history.at(self.target.history_issues(issues))
        if self.scaling is not None:
            history = (history - self.scaling.mean) / self.scaling.spread
        batch[..., recent + 1 : recent + 1 + history.shape[-1]] = history
        batch[..., -self._static.shape[-1] :] = self._static
        return batch

    def log_prior(self, issues: Ints) -> Maps:
        """Log share of each cell in the target's long-run history, ``(b, rows, cols)``; sums to 1 as shares."""
        return self._log_prior.at(self.target.history_issues(issues))[..., 0]

    def _scatter_events(self, issues: Ints, batch: Maps) -> None:
        """Write the stacked windows into the first channels of a batch, as logarithms of counts."""
        windows = issues[:, None] - 1 - np.arange(self.stack)
        events, flat = self._events, batch.reshape(-1)
        slots = windows.reshape(-1)
        inside = np.flatnonzero((slots >= 0) & (slots < len(self.tensor.windows)))
        position, entry = expand_runs(events.offsets, slots[inside], np.arange(len(events.cell)))
        example, age = np.divmod(inside[position], self.stack)
        if self.target.as_of:
            seen = events.known[entry] <= issues[example]
            example, age, entry = example[seen], age[seen], entry[seen]
        cells = self.tensor.grid.rows * self.tensor.grid.cols
        place = (example * cells + events.cell[entry]) * self.channels
        place += age * len(self._shown) + events.channel[entry]
        np.add.at(flat, place, events.count[entry])
        touched = np.unique(place)
        flat[touched] = np.log1p(flat[touched])


@dataclass(frozen=True)
class _PlacedEvents:
    """Entries with a place, of the channels that are shown, ready to scatter."""

    cell: Ints
    channel: Ints
    count: npt.NDArray[np.float32]
    known: Ints
    offsets: Ints

    @classmethod
    def of(cls, tensor: EventTensor, shown: Ints) -> "_PlacedEvents":
        entries = tensor.entries
        keep = (entries.row >= 0) & np.isin(entries.channel, shown)
        window = entries.window[keep]
        return cls(
            cell=entries.row[keep].astype(np.int64) * tensor.grid.cols + entries.col[keep],
            channel=np.searchsorted(shown, entries.channel[keep]),
            count=entries.count[keep].astype(np.float32),
            known=entries.known[keep].astype(np.int64),
            offsets=np.searchsorted(window, np.arange(len(tensor.windows) + 1)).astype(np.int64),
        )


def _log_history(tensor: EventTensor, target: Ints, half_lives_days: tuple[float, ...]) -> HistoryMaps:
    """Logarithms of the forgotten rates of the target and of all incidents."""
    history = history_maps(tensor, (target, np.arange(len(tensor.channels))), half_lives_days)
    return HistoryMaps(np.log(history.maps + np.float32(RATE_FLOOR)), history.windows_a_day)


def _log_prior(tensor: EventTensor, target: Ints, half_life_days: float) -> HistoryMaps:
    """Log shares of the smoothed long-run history of the target, by day."""
    history = history_maps(tensor, (target,), (half_life_days,))
    smooth = smooth_maps(history.maps[..., 0], sigma_cells=PRIOR_SMOOTHING_M / tensor.grid.cell_size_m)
    inside = tensor.overlay.inside
    smooth = np.where(inside, smooth, 0.0)
    total = smooth.sum(axis=(1, 2), keepdims=True)
    even = inside / inside.sum()
    # Before the first event is on record the prior is even.
    share = np.where(total > 0, smooth / np.maximum(total, 1e-12), even)
    share = (1 - PRIOR_EVEN_SHARE) * share + PRIOR_EVEN_SHARE * even
    log_share = np.log(np.maximum(share, 1e-12)).astype(np.float32)
    return HistoryMaps(log_share[..., None], history.windows_a_day)


def smooth_maps(maps: Maps, *, sigma_cells: float) -> Maps:
    """Smooth maps ``(n, rows, cols)`` with a Gaussian cut at three sigma; mass at the rim is not reflected."""
    reach = max(int(np.ceil(3 * sigma_cells)), 1)
    steps = np.arange(-reach, reach + 1)
    kernel = np.exp(-0.5 * (steps / sigma_cells) ** 2)
    kernel /= kernel.sum()
    for axis in (1, 2):
        padded = np.pad(maps, [(0, 0) if a != axis else (reach, reach) for a in range(3)])
        width = maps.shape[axis]
        maps = sum(
            (
                np.float32(w) * np.take(padded, np.arange(k, k + width), axis=axis)
                for k, w in enumerate(kernel)
            ),
            start=np.zeros_like(maps),
        )
    return maps
