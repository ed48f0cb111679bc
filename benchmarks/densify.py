"""How many windows a second become dense maps of 128 x 128 cells and 8 channels, on one core.

Run ``python benchmarks/densify.py``. The tensor is random, as full as five years of a city with about 49,000
incidents a year; windows are asked for in random order, in batches, as in training.
"""

import time
from collections.abc import Callable
from datetime import date

import numpy as np
import numpy.typing as npt

from rasterize.grid import Grid
from rasterize.overlay import Overlay
from rasterize.paint import MapPainter
from rasterize.tensors import ENTRY_TYPES, Densifier, Entries, EventTensor, active_outlines, offsets_by_window
from rasterize.windows import make_windows

Ints = npt.NDArray[np.int64]

CELLS, CHANNELS, AREAS = 128, 8, 256
INCIDENTS = 245_000
BATCH = 64
SECONDS = 2.0
TARGET_PER_S = 50_000


def make_tensor(rng: np.random.Generator) -> EventTensor:
    """Incidents spread evenly over five years of windows, cells, channels and 256 square neighborhoods."""
    windows = make_windows(date(2011, 1, 1), date(2016, 1, 1), time_zone="America/New_York")
    grid = Grid("EPSG:26985", west=0.0, north=12_800.0, cell_size_m=100.0, rows=CELLS, cols=CELLS)
    window = np.sort(rng.integers(0, len(windows), INCIDENTS))
    row, col = rng.integers(0, CELLS, (2, INCIDENTS))
    columns = {
        "window": window,
        "row": row,
        "col": col,
        "channel": rng.integers(0, CHANNELS, INCIDENTS),
        "count": np.ones(INCIDENTS),
        "known": window + 1 + rng.integers(0, 24, INCIDENTS),
        "area": row // 8 * 16 + col // 8,
    }
    entries = Entries(**{name: columns[name].astype(kind) for name, kind in ENTRY_TYPES.items()})
    names = tuple(f"channel {index}" for index in range(CHANNELS))
    offsets = offsets_by_window(entries.window, len(windows))
    return EventTensor(grid, windows, names, square_neighborhoods(), entries, offsets, about={})


def square_neighborhoods() -> Overlay:
    """256 neighborhoods of 8 x 8 cells, each with the 28 cells of its edge as outline."""
    rows, cols = np.indices((CELLS, CELLS))
    labels = rows // 8 * 16 + cols // 8
    edge = np.isin(rows % 8, (0, 7)) | np.isin(cols % 8, (0, 7))
    cells = np.flatnonzero(edge)
    order = np.argsort(labels.ravel()[cells], kind="stable")
    outline_cell = cells[order].astype(np.int32)
    offsets = np.arange(AREAS + 1, dtype=np.int32) * 28
    inside = np.ones((CELLS, CELLS), dtype=bool)
    return Overlay(tuple(map(str, range(AREAS))), inside, labels.astype(np.int16), outline_cell, offsets)


def windows_per_second(make: Callable[[Ints], object], batches: Ints) -> float:
    """Make batch after batch for two seconds; the best of ten stretches counts, as the machine has other work."""
    make(batches[0])
    rates = []
    for _ in range(10):
        started, made = time.perf_counter(), 0
        while time.perf_counter() - started < SECONDS / 10:
            for batch in batches[made // BATCH % len(batches) :][:8]:
                make(batch)
                made += len(batch)
        rates.append(made / (time.perf_counter() - started))
    return max(rates)


def main() -> None:
    """Print a table."""
    rng = np.random.default_rng(20150704)
    tensor = make_tensor(rng)
    batches = rng.integers(0, len(tensor.windows), (256, BATCH))
    densify = Densifier(tensor, capacity=BATCH)
    painter = MapPainter(tensor, shape=(216, 172))
    jobs: dict[str, Callable[[Ints], object]] = {
        "counts": densify,
        "counts as of 12 windows later": lambda batch: densify(batch, issues=batch + 12),
        "active outlines": lambda batch: active_outlines(tensor, batch),
        "RGB pictures, 216 x 172": painter,
    }
    print(
        f"{len(tensor.windows):,} windows, {tensor.incidents:,} incidents, {CELLS} x {CELLS} x {CHANNELS}, batches of {BATCH}"
    )
    print(f"{'maps':<30} {'windows/s':>12} {'target':>12}")
    for name, make in jobs.items():
        target = f"{TARGET_PER_S:,}" if name.startswith("counts") else ""
        print(f"{name:<30} {windows_per_second(make, batches):>12,.0f} {target:>12}")


if __name__ == "__main__":
    main()
