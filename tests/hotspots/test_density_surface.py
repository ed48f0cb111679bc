"""Density of incidents on the grid: exact to half a percent of the peak, nobody lost at the city limit."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm
from sklearn.neighbors import KernelDensity

from hotspots.density.kernels import Kernel, same_smoothing, spread
from hotspots.density.surface import DensitySurface, estimate_density, expected_in_cells
from incidents.errors import ConfigError, CrsError, DataError
from rasterize.grid import Grid

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

GRID = Grid("EPSG:26985", west=430_000.0, north=184_000.0, cell_size_m=100.0, rows=40, cols=40)
HALF_A_PERCENT = 0.005


def exact_density(
    x: Floats, y: Floats, weights: Floats, *, kernel: Kernel, bandwidth_m: float, inside: Bools
) -> Floats:
    """Sum of kernels per square kilometre, each incident divided by what of its kernel falls on cells inside."""
    center_x, center_y = GRID.cell_centers()
    total = np.zeros(GRID.shape)
    for east, north, weight in zip(x, y, weights, strict=True):
        squared = (center_x[None, :] - east) ** 2 + (center_y[:, None] - north) ** 2
        one = spread(kernel, squared, bandwidth_m=bandwidth_m)
        total += weight * one / (one[inside].sum() * GRID.cell_size_m**2)
    return np.where(inside, total * 1e6, np.nan)


def random_incidents(seed: int, count: int) -> tuple[Floats, Floats, Floats]:
    """Incidents in and around two places of the grid, with weights."""
    rng = np.random.default_rng(seed)
    x = GRID.west + np.concatenate(
        [rng.normal(1500, 400, count // 2), rng.uniform(1, 3999, count - count // 2)]
    )
    y = GRID.north - np.concatenate(
        [rng.normal(600, 300, count // 2), rng.uniform(1, 3999, count - count // 2)]
    )
    return x, y, rng.uniform(0.2, 3.0, count)


def lopsided_city() -> Bools:
    """A city limit that runs across the grid, with a lake."""
    row, col = np.indices(GRID.shape)
    return (row + col > 12) & (np.hypot(row - 25, col - 20) > 6)


def test_one_incident_by_hand() -> None:
    x, y = GRID.west + 2050.0, GRID.north - 2050.0  # the centre of row 20, column 20
    surface = estimate_density([x], [y], GRID, bandwidth_m=400.0, kernel=Kernel.QUARTIC)
    peak = 3 / (math.pi * 0.4**2)
    assert surface.per_km2[20, 20] == pytest.approx(peak, rel=HALF_A_PERCENT)
    assert surface.per_km2[20, 22] == pytest.approx(peak * (1 - 0.25) ** 2, abs=HALF_A_PERCENT * peak)
    assert surface.per_km2[20, 24] == pytest.approx(0.0, abs=HALF_A_PERCENT * peak)
    assert (surface.used, surface.unlocated, surface.outside, surface.total) == (1, 0, 0, 1.0)


def test_the_error_of_one_incident_is_its_density() -> None:
    surface = estimate_density(
        [GRID.west + 2050.0], [GRID.north - 2050.0], GRID, bandwidth_m=300.0, weights=[2.0]
    )
    assert surface.standard_error[20, 22] == pytest.approx(surface.per_km2[20, 22], rel=0.01)


def test_equal_points_count_as_one_of_their_weight() -> None:
    many = estimate_density(
        np.full(50, GRID.west + 777.0), np.full(50, GRID.north - 333.0), GRID, bandwidth_m=250.0
    )
    one = estimate_density([GRID.west + 777.0], [GRID.north - 333.0], GRID, bandwidth_m=250.0, weights=[50.0])
    np.testing.assert_allclose(many.per_km2, one.per_km2, atol=1e-9 * one.per_km2.max())


def test_no_incidents_are_no_density() -> None:
    surface = estimate_density([], [], GRID, bandwidth_m=300.0, inside=lopsided_city())
    assert np.nanmax(surface.per_km2) == 0.0
    assert np.array_equal(np.isnan(surface.per_km2), ~lopsided_city())
    assert surface.total == 0.0


@pytest.mark.parametrize("sigma_m", [50.0, 99.0, 150.0, 310.0, 1200.0])
@pytest.mark.parametrize("kernel", list(Kernel))
def test_within_half_a_percent_of_the_exact_sum(kernel: Kernel, sigma_m: float) -> None:
    bandwidth_m = sigma_m * (math.sqrt(8) if kernel is Kernel.QUARTIC else 1)
    x, y, weights = random_incidents(3, 60)
    inside = lopsided_city()
    surface = estimate_density(
        x, y, GRID, bandwidth_m=bandwidth_m, kernel=kernel, inside=inside, weights=weights
    )
    row, col = GRID.locate(x, y)
    used = (row >= 0) & inside[row, col]
    assert surface.used == used.sum() < len(x)
    exact = exact_density(
        x[used], y[used], weights[used], kernel=kernel, bandwidth_m=bandwidth_m, inside=inside
    )
    assert np.nanmax(np.abs(surface.per_km2 - exact)) <= HALF_A_PERCENT * np.nanmax(exact)


@given(
    place=st.tuples(st.floats(1000, 3000), st.floats(1000, 3000)),
    sigma_m=st.floats(50, 400),
    kernel=st.sampled_from(list(Kernel)),
)
@settings(deadline=None, max_examples=60)
def test_a_single_kernel_is_exact_to_half_a_percent_wherever_it_lies(
    place: tuple[float, float], sigma_m: float, kernel: Kernel
) -> None:
    bandwidth_m = sigma_m * (math.sqrt(8) if kernel is Kernel.QUARTIC else 1)
    x, y = np.array([GRID.west + place[0]]), np.array([GRID.north - place[1]])
    inside = np.ones(GRID.shape, dtype=bool)
    surface = estimate_density(x, y, GRID, bandwidth_m=bandwidth_m, kernel=kernel)
    exact = exact_density(x, y, np.ones(1), kernel=kernel, bandwidth_m=bandwidth_m, inside=inside)
    peak = spread(kernel, np.zeros(1), bandwidth_m=bandwidth_m)[0] * 1e6
    assert np.abs(surface.per_km2 - exact).max() <= HALF_A_PERCENT * peak


def test_equal_to_scikit_learn_far_from_the_limit() -> None:
    rng = np.random.default_rng(5)
    x, y = GRID.west + rng.normal(2000, 250, 300), GRID.north - rng.normal(2000, 250, 300)
    center_x, center_y = GRID.cell_centers()
    cells = np.stack(np.meshgrid(center_x, center_y), axis=-1).reshape(-1, 2)
    fitted = KernelDensity(bandwidth=150.0).fit(np.column_stack([x, y]))
    theirs = np.exp(fitted.score_samples(cells)).reshape(GRID.shape) * 300 * 1e6
    ours = estimate_density(x, y, GRID, bandwidth_m=150.0).per_km2
    assert np.abs(ours - theirs).max() <= HALF_A_PERCENT * theirs.max()


PLACES = arrays(np.float64, (12, 2), elements=st.floats(0.5, 3999.5))


@given(places=PLACES, sigma_m=st.floats(50, 2000), kernel=st.sampled_from(list(Kernel)))
@settings(deadline=None, max_examples=40)
def test_every_incident_of_the_city_stays_in_it(places: Floats, sigma_m: float, kernel: Kernel) -> None:
    bandwidth_m = sigma_m * (math.sqrt(8) if kernel is Kernel.QUARTIC else 1)
    inside = lopsided_city()
    inside[:, 39] = True
    x = np.append(GRID.west + places[:, 0], GRID.west + 3950.0)
    y = np.append(GRID.north - places[:, 1], GRID.north - 50.0)
    surface = estimate_density(x, y, GRID, bandwidth_m=bandwidth_m, kernel=kernel, inside=inside)
    assert surface.used + surface.outside == 13
    assert np.nansum(expected_in_cells(surface)) == pytest.approx(surface.total, rel=1e-12)


@given(places=PLACES)
@settings(deadline=None, max_examples=25)
def test_turning_the_city_turns_the_density(places: Floats) -> None:
    # A quarter turn to the left takes (east, south) to (south, 4000 - east).
    east, south = places.T
    inside = lopsided_city() | (np.indices(GRID.shape)[0] > 37)
    row, col = GRID.locate(GRID.west + east, GRID.north - south)
    if not inside[row, col].any():
        return
    straight = estimate_density(GRID.west + east, GRID.north - south, GRID, bandwidth_m=180.0, inside=inside)
    turned = estimate_density(
        GRID.west + south, GRID.north - (4000 - east), GRID, bandwidth_m=180.0, inside=np.rot90(inside)
    )
    if straight.used == turned.used:  # a point on an edge may change its cell
        np.testing.assert_allclose(
            turned.per_km2, np.rot90(straight.per_km2), atol=1e-6 * np.nanmax(straight.per_km2)
        )


@given(steps=st.tuples(st.integers(-8, 8), st.integers(-8, 8)))
@settings(deadline=None, max_examples=25)
def test_moving_incidents_by_cells_moves_the_density(steps: tuple[int, int]) -> None:
    rng = np.random.default_rng(2)
    x, y = GRID.west + rng.uniform(1700, 2300, 30), GRID.north - rng.uniform(1700, 2300, 30)
    still = estimate_density(x, y, GRID, bandwidth_m=100.0).per_km2
    down, right = steps
    moved = estimate_density(x + 100.0 * right, y - 100.0 * down, GRID, bandwidth_m=100.0).per_km2
    middle = slice(9, 31)
    back = np.roll(moved, (-down, -right), axis=(0, 1))
    np.testing.assert_allclose(back[middle, middle], still[middle, middle], atol=2e-5 * still.max())


@pytest.mark.parametrize("factor", [0.3048, 10.0])
def test_another_unit_of_length_changes_areas_only(factor: float) -> None:
    x, y, weights = random_incidents(9, 40)
    scaled = Grid(
        GRID.crs, GRID.west * factor, GRID.north * factor, GRID.cell_size_m * factor, GRID.rows, GRID.cols
    )
    metres = estimate_density(x, y, GRID, bandwidth_m=200.0, weights=weights)
    other = estimate_density(x * factor, y * factor, scaled, bandwidth_m=200.0 * factor, weights=weights)
    np.testing.assert_allclose(other.per_km2 * factor**2, metres.per_km2, atol=1e-6 * metres.per_km2.max())


def test_even_incidents_near_a_straight_limit_by_integral() -> None:
    # Incidents that keep their whole weight: the integral of phi(c - t) / Phi(t) over t > 0, for distance c.
    long = Grid("EPSG:26985", west=0.0, north=2000.0, cell_size_m=100.0, rows=20, cols=160)
    x, y = np.meshgrid(*long.cell_centers())
    surface = estimate_density(x.ravel(), y.ravel(), long, bandwidth_m=500.0)
    profile = surface.per_km2[10] / surface.per_km2[10, 80]
    t = np.linspace(0, 12, 24_001)
    for col, expected in ((0, 0.740), (7, 1.0717)):
        c = (col + 0.5) / 5
        integral = np.trapezoid(norm.pdf(c - t) / norm.cdf(t), t)
        assert integral == pytest.approx(expected, abs=0.01)
        assert profile[col] == pytest.approx(integral, rel=0.005)


def test_standard_error_is_the_scatter_of_independent_incidents() -> None:
    rng = np.random.default_rng(8)
    drawn: list[DensitySurface] = []
    for _ in range(300):
        count = rng.poisson(80)
        x, y = GRID.west + rng.uniform(0, 4000, count), GRID.north - rng.uniform(0, 4000, count)
        drawn.append(estimate_density(x, y, GRID, bandwidth_m=300.0))
    scatter = np.std([surface.per_km2 for surface in drawn], axis=0).mean()
    stated = np.sqrt(np.mean([np.square(surface.standard_error) for surface in drawn]))
    assert stated == pytest.approx(scatter, rel=0.05)


def test_a_gaussian_and_a_quartic_of_equal_smoothing_look_alike() -> None:
    x, y, _ = random_incidents(4, 400)
    gaussian = estimate_density(x, y, GRID, bandwidth_m=250.0).per_km2
    quartic = estimate_density(
        x, y, GRID, bandwidth_m=same_smoothing(250.0, Kernel.QUARTIC), kernel=Kernel.QUARTIC
    ).per_km2
    assert np.corrcoef(gaussian.ravel(), quartic.ravel())[0, 1] > 0.995


def test_error_texts() -> None:
    with pytest.raises(ConfigError) as small:
        estimate_density([], [], GRID, bandwidth_m=30.0)
    assert str(small.value) == (
        "Expected a gaussian bandwidth of at least 50 m on cells of 100 m. Received: 30 m. "
        "Choose a larger bandwidth or smaller cells."
    )
    with pytest.raises(ConfigError, match="Received: nan m"):
        estimate_density([], [], GRID, bandwidth_m=float("nan"))
    with pytest.raises(CrsError, match="look like longitude and latitude"):
        estimate_density([-76.6], [39.3], GRID, bandwidth_m=300.0)
    with pytest.raises(DataError, match="none inside"):
        estimate_density([5e5], [5e5], GRID, bandwidth_m=300.0)
