"""What the feed adds to a training step of ``warning_net``, against the same step on ready arrays.

    python benchmarks/feed.py [TENSORS.npz]

Without a file it makes a random tensor of Baltimore's size. Steps with and without the feed alternate, so that a
busy machine slows both alike; medians are compared.
"""

import os
import sys
import time
from datetime import date
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from cnn.features import window_features
from cnn.labels import resolve_target
from cnn.networks import build_network, compile_network
from cnn.settings import Target, Training
from cnn.trained import make_examples, offset_columns
from rasterize.grid import Grid
from rasterize.overlay import Overlay
from rasterize.tensors import Entries, EventTensor, offsets_by_window
from rasterize.windows import make_windows
from verify.logistic import LogisticFit

BATCH = 64
STEPS = 40
CHANNELS = ("homicide", "shooting", "robbery", "assault", "burglary", "theft", "other")


def random_tensor(rng: np.random.Generator) -> EventTensor:
    """Make five years of events on Baltimore's grid."""
    rows, cols, events = 40, 33, 230_000
    windows = make_windows(date(2011, 1, 1), date(2016, 1, 1), time_zone="America/New_York")
    window = np.sort(rng.integers(0, len(windows), events)).astype(np.int32)
    entries = Entries(
        window=window,
        row=rng.integers(0, rows, events).astype(np.int16),
        col=rng.integers(0, cols, events).astype(np.int16),
        channel=rng.choice(7, events, p=[0.005, 0.01, 0.08, 0.28, 0.16, 0.455, 0.01]).astype(np.uint8),
        count=np.ones(events, dtype=np.uint8),
        known=(window + rng.integers(1, 14, events)).astype(np.int32),
        area=np.zeros(events, dtype=np.int16),
    )
    inside = np.ones((rows, cols), dtype=bool)
    overlay = Overlay(
        ("city",),
        inside,
        np.zeros((rows, cols), np.int16),
        np.arange(40, dtype=np.int32),
        np.array([0, 40], np.int32),
    )
    channels = {name: [name] for name in CHANNELS}
    return EventTensor(
        Grid("EPSG:26985", 0.0, 20_000.0, 500.0, rows, cols),
        windows,
        CHANNELS,
        overlay,
        entries,
        offsets_by_window(window, len(windows)),
        {"channels": channels},
    )


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(1)
    tensor = EventTensor.load(Path(sys.argv[1])) if len(sys.argv) > 1 else random_tensor(rng)
    target, training = Target(("homicide", "shooting")), Training(stack=1, batch_size=BATCH)
    features = window_features(tensor, resolve_target(target, tensor))
    columns = offset_columns(features).shape[1]
    offset = LogisticFit(-2.0, np.zeros(columns), np.zeros(columns), np.ones(columns))
    examples = make_examples(tensor, target, training, offset=offset, scaling=None)
    issues = rng.permutation(np.arange(5000, 15000))
    ready = examples.inputs(issues[:BATCH]), examples.targets(issues[:BATCH])
    network = build_network(ready[0], training)
    compile_network(network, training)
    for _ in range(5):
        network.train_on_batch(*ready)
    on_arrays, with_feed = [], []
    for step in range(STEPS):
        batch = issues[step * BATCH : (step + 1) * BATCH]
        started = time.perf_counter()
        network.train_on_batch(*ready)
        between = time.perf_counter()
        network.train_on_batch(examples.inputs(batch), examples.targets(batch))
        on_arrays.append(between - started)
        with_feed.append(time.perf_counter() - between)
    plain, fed = np.median(on_arrays) * 1e3, np.median(with_feed) * 1e3
    print(f"step on ready arrays {plain:6.1f} ms")
    print(f"step with the feed   {fed:6.1f} ms")
    print(f"the feed adds        {fed / plain - 1:6.1%}  (target: at most 10%)")


if __name__ == "__main__":
    main()
