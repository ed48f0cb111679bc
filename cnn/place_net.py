"""Where and when, day by day: a small convolutional network that corrects any baseline of places.

It sees the log histories around each square of ground and multiplies the baseline's expected count by
``exp(residual)``. A last step on days that it did not learn from decides how much of the residual to believe,
including none. Maps are ``(period, row, col, channel)`` over the nodes of the units, row 0 in the north.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from verify.panel.events import PlaceEvents
from verify.panel.histories import decayed_sums, effective_days, in_own_unit
from verify.panel.interface import FittedPlaceBaseline, PlaceBaseline
from verify.panel.panel import Panel
from verify.panel.periods import Periods
from verify.panel.units import Nodes, PlaceUnits

Floats = npt.NDArray[np.float64]
Maps = npt.NDArray[np.float32]

# A rate this low, in events a day and node, counts as none in a logarithm.
RATE_FLOOR = 1e-4
EXPECTED_FLOOR = 1e-9
FEWEST_PERIODS = 20
# Shares of the residual that the last, unlearned days choose from.
TRUST_STEPS = np.linspace(0.0, 1.0, 21)


@dataclass(frozen=True)
class ResidualCnn:
    """Settings of the network and the baseline that it corrects.

    Assumes nodes on a square lattice. It learns from every period of the history after ``warm_up_days``; with
    fewer than a few hundred events it will find nothing, and its trust will say so.

    Args:
        base: The baseline; fitted on the nodes, so that it has a map. Best one that rolls forward with what
            becomes known (``ProspectiveKernel``): a fixed map has seen the very days that the residual learns
            from, and leaves it too little to say.
        name: Name in reports.
        half_lives_days: Half-lives of the histories shown, each for the target and for all kinds.
        filters: Filters of each of three convolutions.
        epochs: Most passes.
        learning_rate: Of Adam.
        patience: Epochs without gain on the stopping days before it ends.
        warm_up_days: Days at the start of the record that only serve as history.
        seed: Of weights and order.
    """

    base: PlaceBaseline
    name: str = "residual_cnn"
    half_lives_days: tuple[float, ...] = (7.0, 28.0, 91.0, 364.0, float("inf"))
    filters: int = 16
    epochs: int = 30
    learning_rate: float = 1e-3
    patience: int = 4
    warm_up_days: float = 180.0
    seed: int = 1

    def fit(self, history: Panel) -> "FittedResidualCnn":
        """Learn from a history as of the split; see ``PlaceBaseline.fit``.

        The last tenth of its periods decides how much of the residual to believe, the tenth before it when
        to stop.

        Raises:
            NoPositivesError: The history holds no event.
            DataError: The nodes lie on no lattice, or the history is shorter than the warm-up.
        """
        lattice = _Lattice.of(history.units.nodes)
        ground = _on_nodes(history)
        base = self.base.fit(ground)
        warm = _days_on_record(ground) >= self.warm_up_days
        if warm.sum() < FEWEST_PERIODS:
            raise DataError(
                f"Expected at least {FEWEST_PERIODS} periods after {self.warm_up_days:g} days of history. "
                f"Received: {warm.sum()}. Give a longer record or a shorter warm_up_days."
            )
        ground = ground.during(warm)
        maps = self._maps(ground.events, ground.periods, ground.units, lattice)
        offset = np.log(np.maximum(base.expected(ground.events, ground.periods), EXPECTED_FLOOR))
        counts = ground.counts().astype(np.float64)
        stop, trust = (int(len(ground.periods) * share) for share in (0.8, 0.9))
        scaling = maps[:stop].mean((0, 1, 2)), maps[:stop].std((0, 1, 2)) + np.float32(1e-3)
        maps = (maps - scaling[0]) / scaling[1]
        network = self._train(maps, lattice, offset, counts, stop=stop, trust=trust)
        residual = _residuals(network, maps[trust:], lattice)
        share = _choose_trust(residual, offset[trust:], counts[trust:])
        return FittedResidualCnn(self, base, lattice, scaling, network, share)

    def _maps(self, events: PlaceEvents, periods: Periods, units: PlaceUnits, lattice: "_Lattice") -> Maps:
        """Log histories of the target and of all kinds on the lattice, ``(p, rows, cols, channels)``."""
        layers = []
        for chosen in (events.of_kind(0), events.pick(events.unit >= 0)):
            spread = in_own_unit(chosen, units=len(units))
            for half_life in self.half_lives_days:
                sums = decayed_sums(spread, chosen, periods, half_life_days=half_life)
                days = effective_days(chosen, periods, half_life_days=half_life)
                layers.append(np.log(sums / np.maximum(days, 1.0)[:, None] + RATE_FLOOR).astype(np.float32))
        return lattice.draw(np.stack(layers, axis=-1))

    def _train(
        self, maps: Maps, lattice: "_Lattice", offset: Floats, counts: Floats, *, stop: int, trust: int
    ) -> Any:
        """Fit the network on the first periods, stopping by the next ones."""
        import keras

        network = _build(maps.shape[1:], filters=self.filters, seed=self.seed)
        network.compile(keras.optimizers.Adam(self.learning_rate), loss=_poisson_loss)
        goals = lattice.draw(np.stack([offset, counts, np.ones_like(offset)], axis=-1).astype(np.float32))
        rng = np.random.default_rng(self.seed)
        order = rng.permutation(stop)
        early = keras.callbacks.EarlyStopping(patience=self.patience, restore_best_weights=True)
        network.fit(
            maps[:stop][order],
            goals[:stop][order],
            validation_data=(maps[stop:trust], goals[stop:trust]),
            batch_size=16,
            epochs=self.epochs,
            callbacks=[early],
            shuffle=False,
            verbose=0,
        )
        return network


@dataclass(frozen=True)
class FittedResidualCnn:
    """A fitted ``ResidualCnn``.

    Args:
        settings: What it was fitted with.
        base: The fitted baseline, on nodes.
        lattice: Where nodes lie on the map.
        scaling: Mean and spread of each channel.
        network: The Keras model.
        trust: Share of the residual that is believed, 0 to 1.
    """

    settings: ResidualCnn
    base: FittedPlaceBaseline
    lattice: "_Lattice"
    scaling: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
    network: Any
    trust: float

    @property
    def name(self) -> str:
        """Name in reports."""
        return self.settings.name

    @property
    def findings(self) -> Mapping[str, float]:
        """How much of the residual is believed."""
        return {"trust": self.trust, **self.base.findings}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected number of target events in each unit, ``(p, u)``; see ``FittedPlaceBaseline``."""
        units = self.lattice.node_units
        nodes = replace(events, unit=self.lattice.node_of(events))
        expected = self.base.expected(nodes, periods)
        if self.trust > 0.0:
            maps = self.settings._maps(nodes, periods, units, self.lattice)
            residual = _residuals(self.network, (maps - self.scaling[0]) / self.scaling[1], self.lattice)
            expected = expected * np.exp(self.trust * residual)
        return self.lattice.add_up(expected)


@dataclass(frozen=True)
class _Lattice:
    """Nodes as cells of a map.

    Args:
        nodes: The nodes, each with its unit.
        row: Row of each node, from the north.
        col: Column of each node.
        shape: Rows and columns.
    """

    nodes: Nodes
    row: npt.NDArray[np.int64]
    col: npt.NDArray[np.int64]
    shape: tuple[int, int]

    @classmethod
    def of(cls, nodes: Nodes) -> "_Lattice":
        x, y = nodes.points.T
        col = np.rint((x - x.min()) / nodes.size_m).astype(np.int64)
        row = np.rint((y.max() - y) / nodes.size_m).astype(np.int64)
        exact = np.abs(x - x.min() - col * nodes.size_m) + np.abs(y.max() - y - row * nodes.size_m)
        if exact.max() > 0.01 * nodes.size_m:
            raise DataError(
                f"Expected nodes on a lattice of {nodes.size_m:g} m. Received: nodes up to {exact.max():.0f} m "
                "off it. Make the units with units_from_raster."
            )
        return cls(nodes, row, col, (int(row.max()) + 1, int(col.max()) + 1))

    @property
    def node_units(self) -> PlaceUnits:
        """Every node as a unit of its own."""
        count = len(self.row)
        alone = replace(self.nodes, unit=np.arange(count))
        return PlaceUnits(tuple(map(str, range(count))), alone)

    def node_of(self, events: PlaceEvents) -> npt.NDArray[np.int64]:
        """Node of each event: the cell that its point lies in, else any node of its unit, else -1."""
        first_of_unit = np.full(int(self.nodes.unit.max()) + 2, -1, dtype=np.int64)
        first_of_unit[self.nodes.unit[::-1]] = np.arange(len(self.row))[::-1]
        number = np.full(self.shape, -1, dtype=np.int64)
        number[self.row, self.col] = np.arange(len(self.row))
        west, north = self.nodes.points[:, 0].min(), self.nodes.points[:, 1].max()
        with np.errstate(invalid="ignore"):
            col = np.rint((events.points[:, 0] - west) / self.nodes.size_m)
            row = np.rint((north - events.points[:, 1]) / self.nodes.size_m)
            on_map = (row >= 0) & (row < self.shape[0]) & (col >= 0) & (col < self.shape[1])
        found = np.full(len(events), -1, dtype=np.int64)
        found[on_map] = number[row[on_map].astype(np.int64), col[on_map].astype(np.int64)]
        found = np.where(found < 0, first_of_unit[events.unit], found)
        return np.where(events.unit < 0, -1, found)

    def draw(self, values: Maps) -> Maps:
        """Lay node values ``(p, m, k)`` on the map, 0 outside the city, ``(p, rows, cols, k)``."""
        maps = np.zeros((len(values), *self.shape, values.shape[-1]), dtype=np.float32)
        maps[:, self.row, self.col] = values
        return maps

    def add_up(self, nodes: Floats) -> Floats:
        """Add node values ``(p, m)`` up to units, ``(p, u)``."""
        order = np.argsort(self.nodes.unit, kind="stable")
        starts = np.searchsorted(self.nodes.unit[order], np.arange(int(self.nodes.unit.max()) + 1))
        return np.asarray(np.add.reduceat(nodes[:, order], starts, axis=1), dtype=np.float64)


def _on_nodes(history: Panel) -> Panel:
    """The same question asked of every node."""
    lattice = _Lattice.of(history.units.nodes)
    events = replace(history.events, unit=lattice.node_of(history.events))
    return replace(history, events=events, units=lattice.node_units)


def _days_on_record(panel: Panel) -> Floats:
    """Days of record behind each period's issue, ``(p,)``."""
    return np.asarray((panel.periods.issue - panel.events.since) / np.timedelta64(1, "D"), dtype=np.float64)


def _build(shape: tuple[int, int, int], *, filters: int, seed: int) -> Any:
    """Three 3 x 3 convolutions and a residual that starts at zero."""
    import keras

    maps = keras.Input(shape)
    features = maps
    for step in range(3):
        kernel = keras.initializers.HeNormal(seed + step)
        features = keras.layers.Conv2D(
            filters, 3, padding="same", activation="relu", kernel_initializer=kernel
        )(features)
    residual = keras.layers.Conv2D(1, 1, kernel_initializer="zeros")(features)
    return keras.Model(maps, residual)


def _poisson_loss(goals: Any, residual: Any) -> Any:
    """Poisson deviance without its constant, per event-free unit; goals are log offset, count and inside."""
    from keras import ops

    offset, count, inside = goals[..., 0], goals[..., 1], goals[..., 2]
    log_mean = offset + residual[..., 0]
    return ops.sum(inside * (ops.exp(log_mean) - count * log_mean), axis=(-2, -1))


def _residuals(network: Any, maps: Maps, lattice: _Lattice) -> Floats:
    """Residual of each node, ``(p, m)``."""
    drawn = np.asarray(network.predict(maps, batch_size=64, verbose=0))[..., 0]
    return drawn[:, lattice.row, lattice.col].astype(np.float64)


def _choose_trust(residual: Floats, offset: Floats, counts: Floats) -> float:
    """Share of the residual with the least Poisson loss on days that it was not learned from."""
    losses = [
        float(np.sum(np.exp(offset + share * residual) - counts * (offset + share * residual)))
        for share in TRUST_STEPS
    ]
    return float(TRUST_STEPS[int(np.argmin(losses))])
