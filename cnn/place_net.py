"""Where and when, day by day: a small convolutional network that corrects any baseline of places.

It sees the log histories on a lattice of cells and multiplies the baseline's expected count of each unit by
``exp(residual)``, the residual being the mean of its map over the ground of the unit. A last step on days that it
did not learn from decides how much of the residual to believe, including none. Maps are
``(period, row, col, channel)``, row 0 in the north.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.panel.events import NOWHERE, TARGET, PlaceEvents
from verify.panel.histories import decayed_sums, effective_days, in_own_unit
from verify.panel.interface import FittedPlaceBaseline, PlaceBaseline
from verify.panel.panel import Panel
from verify.panel.periods import Periods
from verify.panel.units import PlaceUnits

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Maps = npt.NDArray[np.float32]

# A rate this low, in events a day and cell, counts as none in a logarithm.
RATE_FLOOR = 1e-4
EXPECTED_FLOOR = 1e-9
FEWEST_PERIODS = 20
# Shares of the residual that the last, unlearned periods choose from.
TRUST_STEPS = np.linspace(0.0, 1.0, 21)
LEARN_SHARE, STOP_SHARE = 0.8, 0.9


@dataclass(frozen=True)
class ResidualCnn:
    """Settings of the network and the baseline that it corrects.

    It learns from every period of the history after ``warm_up_days``; with fewer than a few hundred events it
    will find nothing, and its trust will say so.

    Args:
        base: The baseline. Best one that rolls forward with what becomes known (``ProspectiveKernel``): a fixed
            map has seen the very days that the residual learns from, and leaves it too little to say.
        name: Name in reports.
        cell_m: Side of the cells of the network's map.
        half_lives_days: Half-lives of the histories shown, each for the target and for all kinds.
        filters: Filters of each of three convolutions.
        epochs: Most passes.
        learning_rate: Of Adam.
        patience: Epochs without gain on the stopping periods before it ends.
        warm_up_days: Days at the start of the record that only serve as history.
        seed: Of weights and order.
    """

    base: PlaceBaseline
    name: str = "residual CNN"
    cell_m: float = 1000.0
    half_lives_days: tuple[float, ...] = (7.0, 28.0, 91.0, 364.0, float("inf"))
    filters: int = 16
    epochs: int = 30
    learning_rate: float = 1e-3
    patience: int = 4
    warm_up_days: float = 180.0
    seed: int = 1

    def fit(self, history: Panel) -> "FittedResidualCnn":
        """Learn from a history as of the split; see ``PlaceBaseline.fit``.

        The last tenth of its periods decides how much of the residual to believe, the tenth before it when to
        stop.

        Raises:
            NoPositivesError: The history holds no event.
            DataError: The history is shorter than the warm-up.
        """
        base, lattice = self.base.fit(history), lay_lattice(history.units, cell_m=self.cell_m)
        panel = history.during(self._warm(history))
        maps = draw_histories(panel.events, panel.periods, lattice, half_lives_days=self.half_lives_days)
        expected = np.maximum(base.expected(panel.events, panel.periods), EXPECTED_FLOOR)
        offset, counts = np.log(expected), panel.counts().astype(np.float64)
        stop, trust = (int(len(panel.periods) * share) for share in (LEARN_SHARE, STOP_SHARE))
        scaling = Scale(maps[:stop].mean((0, 1, 2)), maps[:stop].std((0, 1, 2)) + np.float32(1e-3))
        maps = scaling.apply(maps)
        goals = np.stack([offset, counts], axis=-1).astype(np.float32)
        network = self._train((maps[:stop], goals[:stop]), (maps[stop:trust], goals[stop:trust]), lattice)
        residual = np.asarray(network.predict(maps[trust:], verbose=0), dtype=np.float64)
        believed = choose_trust(residual, offset[trust:], counts[trust:])
        return FittedResidualCnn(self, base, lattice, scaling, network, believed)

    def _warm(self, history: Panel) -> npt.NDArray[np.bool_]:
        """Mark the periods with enough days of record behind them."""
        behind = (history.periods.issue - history.events.since) / np.timedelta64(1, "D")
        warm = np.asarray(behind >= self.warm_up_days)
        if warm.sum() < FEWEST_PERIODS:
            raise DataError(
                f"Expected at least {FEWEST_PERIODS} periods after {self.warm_up_days:g} days of history. "
                f"Received: {warm.sum()}. Give a longer record or a shorter warm_up_days."
            )
        return warm

    def _train(self, learn: tuple[Maps, Maps], stop: tuple[Maps, Maps], lattice: "Lattice") -> Any:
        """Fit the network on the first periods, stopping by the next ones."""
        import keras

        network = build_residual(learn[0].shape[1:], lattice.share, filters=self.filters, seed=self.seed)
        network.compile(keras.optimizers.Adam(self.learning_rate), loss=poisson_loss)
        order = np.random.default_rng(self.seed).permutation(len(learn[0]))
        early = keras.callbacks.EarlyStopping(patience=self.patience, restore_best_weights=True)
        network.fit(
            learn[0][order],
            learn[1][order],
            validation_data=stop,
            batch_size=16,
            epochs=self.epochs,
            callbacks=[early],
            shuffle=False,
            verbose=0,
        )
        return network


@dataclass(frozen=True)
class Scale:
    """Mean and spread of each channel, ``(channels,)``."""

    mean: npt.NDArray[np.float32]
    spread: npt.NDArray[np.float32]

    def apply(self, maps: Maps) -> Maps:
        """Standardise maps."""
        return np.asarray((maps - self.mean) / self.spread, dtype=np.float32)


@dataclass(frozen=True)
class FittedResidualCnn:
    """A fitted ``ResidualCnn``.

    Args:
        settings: What it was fitted with.
        base: The fitted baseline.
        lattice: The network's cells.
        scaling: Of the channels.
        network: The Keras model, from maps to residuals of units.
        trust: Share of the residual that is believed, 0 to 1.
    """

    settings: ResidualCnn
    base: FittedPlaceBaseline
    lattice: "Lattice"
    scaling: Scale
    network: Any
    trust: float

    @property
    def name(self) -> str:
        """Name in reports."""
        return self.settings.name

    @property
    def findings(self) -> Mapping[str, float]:
        """How much of the residual is believed, and what the baseline found."""
        return {"trust": self.trust, **self.base.findings}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected number of target events in each unit, ``(p, u)``; see ``FittedPlaceBaseline``."""
        expected = self.base.expected(events, periods)
        if self.trust == 0.0:
            return expected
        maps = draw_histories(events, periods, self.lattice, half_lives_days=self.settings.half_lives_days)
        residual = np.asarray(self.network.predict(self.scaling.apply(maps), verbose=0), dtype=np.float64)
        return np.asarray(expected * np.exp(self.trust * residual), dtype=np.float64)


@dataclass(frozen=True)
class Lattice:
    """The network's cells over the ground of the units.

    Args:
        west_m: Left edge.
        north_m: Upper edge.
        cell_m: Side of a cell.
        shape: Rows and columns.
        share: Share of each unit's ground in each cell, float32 ``(cells, units)``, columns summing to 1.
    """

    west_m: float
    north_m: float
    cell_m: float
    shape: tuple[int, int]
    share: npt.NDArray[np.float32]

    def cell_of(self, points: Floats) -> Ints:
        """Flat index of the cell of each point ``(n, 2)``, ``NOWHERE`` off the lattice or unknown."""
        row = np.floor((self.north_m - points[:, 1]) / self.cell_m)
        col = np.floor((points[:, 0] - self.west_m) / self.cell_m)
        with np.errstate(invalid="ignore"):
            inside = (row >= 0) & (row < self.shape[0]) & (col >= 0) & (col < self.shape[1])
        cell = np.full(len(points), NOWHERE, dtype=np.int64)
        cell[inside] = (row * self.shape[1] + col)[inside].astype(np.int64)
        return cell


def lay_lattice(units: PlaceUnits, *, cell_m: float) -> Lattice:
    """Lay cells over the ground of units.

    Raises:
        ConfigError: Cells smaller than the squares that the units are made of.
    """
    nodes = units.nodes
    if cell_m < nodes.size_m:
        raise ConfigError(
            f"Expected cell_m of at least the {nodes.size_m:g} m of the units' squares. Received: {cell_m:g}. "
            "Use larger cells."
        )
    west, north = nodes.points[:, 0].min() - nodes.size_m / 2, nodes.points[:, 1].max() + nodes.size_m / 2
    cols = int(np.floor((nodes.points[:, 0].max() - west) / cell_m)) + 1
    rows = int(np.floor((north - nodes.points[:, 1].min()) / cell_m)) + 1
    bare = Lattice(float(west), float(north), cell_m, (rows, cols), np.empty((0, 0), dtype=np.float32))
    share = np.zeros((rows * cols, len(units)), dtype=np.float32)
    np.add.at(share, (bare.cell_of(nodes.points), nodes.unit), 1.0)
    return replace(bare, share=share / share.sum(axis=0))


def draw_histories(
    events: PlaceEvents, periods: Periods, lattice: Lattice, *, half_lives_days: tuple[float, ...]
) -> Maps:
    """Draw log histories of the target and of all kinds, as known at each issue.

    Args:
        events: The record.
        periods: Periods with their issues.
        lattice: The cells; events off it, or without a place, are left out.
        half_lives_days: Each makes one channel of the target and one of all kinds.

    Returns:
        Logs of events a day and cell, float32 ``(p, rows, cols, channels)``.
    """
    cells = lattice.shape[0] * lattice.shape[1]
    placed = replace(events, unit=lattice.cell_of(events.points))
    layers = []
    for chosen in (placed.of_kind(TARGET), placed.pick(placed.unit != NOWHERE)):
        spread = in_own_unit(chosen, units=cells)
        for half_life in half_lives_days:
            sums = decayed_sums(spread, chosen, periods, half_life_days=half_life)
            days = effective_days(chosen, periods, half_life_days=half_life)
            layers.append(np.log(sums / np.maximum(days, 1.0)[:, None] + RATE_FLOOR).astype(np.float32))
    return np.stack(layers, axis=-1).reshape(len(periods), *lattice.shape, len(layers))


def build_residual(
    shape: tuple[int, int, int], share: npt.NDArray[np.float32], *, filters: int, seed: int
) -> Any:
    """Build three 3 x 3 convolutions whose map, zero at first, is averaged over the ground of each unit.

    Args:
        shape: ``(rows, cols, channels)`` of the maps.
        share: ``(cells, units)``.
        filters: Of each convolution.
        seed: Of the initial weights.

    Returns:
        A Keras model from maps to residuals ``(b, units)``.
    """
    import keras

    maps = keras.Input(shape)
    features = maps
    for step in range(3):
        kernel = keras.initializers.HeNormal(seed + step)
        features = keras.layers.Conv2D(
            filters, 3, padding="same", activation="relu", kernel_initializer=kernel
        )(features)
    residual = keras.layers.Conv2D(1, 1, kernel_initializer="zeros")(features)
    averaged = keras.layers.Dense(
        share.shape[1], use_bias=False, trainable=False, kernel_initializer="zeros", name="ground"
    )
    network = keras.Model(maps, averaged(keras.layers.Flatten()(residual)))
    averaged.set_weights([share])
    return network


def poisson_loss(goals: Any, residual: Any) -> Any:
    """Poisson loss of each period, its constant left out; goals are log offset and count, ``(b, u, 2)``."""
    from keras import ops

    log_mean = goals[..., 0] + residual
    return ops.sum(ops.exp(log_mean) - goals[..., 1] * log_mean, axis=-1)


def choose_trust(residual: Floats, offset: Floats, counts: Floats) -> float:
    """Choose the share of the residual with the least Poisson loss on periods that it was not learned from."""
    losses = [
        float(np.sum(np.exp(offset + share * residual) - counts * (offset + share * residual)))
        for share in TRUST_STEPS
    ]
    return float(TRUST_STEPS[int(np.argmin(losses))])
