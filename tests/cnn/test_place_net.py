"""The residual network for places: it starts as its baseline, never sees the future, and gains where there is more."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from cnn.place_net import FittedResidualCnn, ResidualCnn, build_residual, lay_lattice
from incidents.errors import ConfigError, DataError
from verify.panel import Constant, Panel, PlaceEvents, local_periods, units_from_raster

SIDE, CELL_M, DAYS = 6, 500.0, 260
SMALL = ResidualCnn(
    Constant(),
    cell_m=CELL_M,
    half_lives_days=(7.0, 28.0),
    filters=8,
    epochs=40,
    learning_rate=5e-3,
    warm_up_days=30.0,
)


def make_panel(seed: int = 1, *, areas: int = SIDE * SIDE) -> Panel:
    """Days of a square town in which one cell at a time is busy for a month."""
    rng = np.random.default_rng(seed)
    first = date(2020, 1, 1)
    periods = local_periods(first, first + timedelta(days=DAYS), zone="UTC")
    cells = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)
    busy = rng.integers(0, SIDE * SIDE, DAYS // 30 + 1)[np.arange(DAYS) // 30]
    day = np.repeat(np.arange(DAYS), 6)
    cell = np.where(rng.random(day.size) < 0.5, busy[day], rng.integers(0, SIDE * SIDE, day.size))
    row, col = np.divmod(cell, SIDE)
    points = np.column_stack([(col + 0.5) * CELL_M, (SIDE - row - 0.5) * CELL_M])
    time = periods.start[day] + np.sort(
        rng.integers(0, 86_000, day.size).reshape(DAYS, 6), axis=1
    ).ravel().astype("timedelta64[s]")
    known = time + rng.integers(0, 40_000, day.size).astype("timedelta64[s]")
    area_of_cell = cells.ravel() * areas // (SIDE * SIDE)
    units = units_from_raster(
        area_of_cell.reshape(SIDE, SIDE), west_m=0.0, north_m=SIDE * CELL_M, cell_size_m=CELL_M
    )
    events = PlaceEvents(
        periods.start[0], time, known, area_of_cell[cell], points, np.zeros(day.size, dtype=np.int64)
    )
    return Panel("a made-up town", events, units, periods)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel()


@pytest.fixture(scope="module")
def split(panel: Panel) -> np.datetime64:
    return panel.periods.issue[220]


@pytest.fixture(scope="module")
def fitted(panel: Panel, split: np.datetime64) -> FittedResidualCnn:
    return SMALL.fit(panel.as_of(split))


def poisson_loss(expected: np.ndarray, counts: np.ndarray) -> float:
    return float(np.sum(expected - counts * np.log(np.maximum(expected, 1e-9))))


def test_without_trust_it_is_its_baseline(
    panel: Panel, split: np.datetime64, fitted: FittedResidualCnn
) -> None:
    base = Constant().fit(panel.as_of(split))
    later = panel.periods.rows(slice(220, None))
    distrusted = replace(fitted, trust=0.0)
    np.testing.assert_allclose(
        distrusted.expected(panel.events, later), base.expected(panel.events, later), rtol=1e-6
    )


def test_it_gains_where_recent_days_say_more_than_the_map(
    panel: Panel, split: np.datetime64, fitted: FittedResidualCnn
) -> None:
    base = Constant().fit(panel.as_of(split))
    later, counts = panel.periods.rows(slice(220, None)), panel.counts()[220:]
    assert fitted.trust > 0.0
    gained = poisson_loss(base.expected(panel.events, later), counts) - poisson_loss(
        fitted.expected(panel.events, later), counts
    )
    assert gained > 0.05 * counts.sum()


def test_what_becomes_known_later_changes_nothing(panel: Panel, fitted: FittedResidualCnn) -> None:
    instant = panel.periods.issue[240]
    asked = panel.periods.rows(slice(225, 241))
    full = fitted.expected(panel.events, asked)
    np.testing.assert_array_equal(fitted.expected(panel.events.known_by(instant), asked), full)
    # The control: what was known in time does matter.
    assert not np.array_equal(fitted.expected(panel.events.known_by(panel.periods.issue[225]), asked), full)


def test_the_same_seed_gives_the_same_forecast(
    panel: Panel, split: np.datetime64, fitted: FittedResidualCnn
) -> None:
    again = SMALL.fit(panel.as_of(split))
    later = panel.periods.rows(slice(220, None))
    np.testing.assert_array_equal(again.expected(panel.events, later), fitted.expected(panel.events, later))


def test_the_ground_of_units_is_shared_among_cells() -> None:
    quarters = make_panel(areas=4).units
    lattice = lay_lattice(quarters, cell_m=1000.0)
    assert lattice.shape == (3, 3)
    np.testing.assert_allclose(lattice.share.sum(axis=0), 1.0, rtol=1e-6)
    # The first quarter is the first row of six squares of 500 m and half of the second.
    np.testing.assert_allclose(lattice.share[:, 0], np.array([4, 3, 2, 0, 0, 0, 0, 0, 0]) / 9, rtol=1e-6)


def test_points_off_the_lattice_are_nowhere() -> None:
    lattice = lay_lattice(make_panel().units, cell_m=CELL_M)
    points = np.array([[10.0, 2990.0], [2990.0, 10.0], [-1.0, 10.0], [np.nan, 1.0], [10.0, 3001.0]])
    assert lattice.cell_of(points).tolist() == [0, SIDE * SIDE - 1, -1, -1, -1]


def test_the_map_is_averaged_over_the_ground() -> None:
    lattice = lay_lattice(make_panel(areas=4).units, cell_m=CELL_M)
    network = build_residual((SIDE, SIDE, 2), lattice.share, filters=2, seed=1)
    kernel = network.layers[-3]
    kernel.set_weights([np.zeros((1, 1, 2, 1)), np.array([0.7])])
    residual = network.predict(np.zeros((1, SIDE, SIDE, 2), dtype=np.float32), verbose=0)
    np.testing.assert_allclose(residual, np.full((1, 4), 0.7), rtol=1e-6)


def test_a_short_history_is_refused(panel: Panel) -> None:
    with pytest.raises(
        DataError, match=r"Expected at least 20 periods after 30 days of history. Received: 9\."
    ):
        SMALL.fit(panel.as_of(panel.periods.issue[39]))


def test_cells_finer_than_the_ground_are_refused(panel: Panel, split: np.datetime64) -> None:
    with pytest.raises(
        ConfigError, match=r"Expected cell_m of at least the 500 m of the units' squares. Received: 100\."
    ):
        replace(SMALL, cell_m=100.0).fit(panel.as_of(split))
