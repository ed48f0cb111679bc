"""Bandwidths: the rule of thumb by its formula, the likelihood by leaving out places one after the other."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.density.bandwidth import search_bandwidth, silverman_bandwidth
from hotspots.density.kernels import Kernel, same_smoothing, spread
from incidents.errors import ConfigError, DataError
from rasterize.grid import Grid

Floats = npt.NDArray[np.float64]
GRID = Grid("EPSG:26985", west=0.0, north=4000.0, cell_size_m=100.0, rows=40, cols=40)
CITY_M2 = 4000.0**2


def test_rule_of_thumb_by_hand() -> None:
    # Standard deviation 100 on both axes, quartiles wider than that, 64 incidents: 100 * 64 ** (-1/6) = 50.
    corner = np.array([-100.0, 100.0])
    x, y = np.tile(corner, 32), np.repeat(corner, 32)
    assert silverman_bandwidth(x, y) == pytest.approx(50.0)
    assert silverman_bandwidth(np.append(x, np.nan), np.append(y, 3.0)) == pytest.approx(50.0)
    assert silverman_bandwidth(x, y, kernel=Kernel.QUARTIC) == pytest.approx(50 * (2304 / 5) ** (1 / 6))


def test_weights_stand_for_repeated_incidents_but_not_for_more_of_them() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(0, 300, (2, 50))
    single = silverman_bandwidth(x, y)
    assert silverman_bandwidth(x, y, weights=np.full(50, 7.0)) == pytest.approx(single)


@given(factor=st.floats(0.01, 100.0), move=st.floats(-1e5, 1e5))
def test_the_rule_scales_with_the_city(factor: float, move: float) -> None:
    x, y = np.random.default_rng(3).normal(0, 500, (2, 40))
    scaled = silverman_bandwidth(x * factor + move, y * factor - move)
    assert scaled == pytest.approx(factor * silverman_bandwidth(x, y), rel=1e-6)


def leave_out_places(x: Floats, y: Floats, counts: Floats, *, kernel: Kernel, bandwidth_m: float) -> float:
    """Mean log density at places, each estimated without its own incidents, by plain sums."""
    center_x, center_y = GRID.cell_centers()
    total, score = counts.sum(), 0.0
    mass = np.array(
        [
            spread(
                kernel, (center_x[None, :] - a) ** 2 + (center_y[:, None] - b) ** 2, bandwidth_m=bandwidth_m
            ).sum()
            * GRID.cell_size_m**2
            for a, b in zip(x, y, strict=True)
        ]
    )
    for place in range(len(x)):
        near = spread(kernel, (x - x[place]) ** 2 + (y - y[place]) ** 2, bandwidth_m=bandwidth_m)
        others = np.delete(counts / mass * near, place).sum()
        score += counts[place] * np.log((others + 1 / CITY_M2) / (total - counts[place] + 1))
    return float(score / total)


@pytest.mark.parametrize("kernel", list(Kernel))
def test_likelihood_equals_plain_sums(kernel: Kernel) -> None:
    rng = np.random.default_rng(7)
    x, y = rng.normal(2000, 500, (2, 40)).clip(5, 3995)
    counts = rng.integers(1, 4, 40).astype(float)
    tried = np.array([60.0, 120.0, 400.0, 900.0]) * (2.83 if kernel is Kernel.QUARTIC else 1)
    repeated = np.repeat(np.column_stack([x, y]), counts.astype(int), axis=0)
    found = search_bandwidth(repeated[:, 0], repeated[:, 1], GRID, kernel=kernel, tried_m=tried[::-1])
    plain = [leave_out_places(x, y, counts, kernel=kernel, bandwidth_m=one) for one in tried]
    np.testing.assert_allclose(found.tried_m, tried)
    # A place that only the rim of a quartic kernel reaches has a density near zero, of which the log is touchy.
    np.testing.assert_allclose(found.log_likelihood, plain, atol=0.02)
    assert found.bandwidth_m == tried[int(np.argmax(plain))]


def test_incidents_at_equal_coordinates_do_not_shrink_the_bandwidth() -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(2000, 600, (2, 300)).clip(5, 3995)
    once = search_bandwidth(x, y, GRID)
    thrice = search_bandwidth(np.tile(x, 3), np.tile(y, 3), GRID, tried_m=once.tried_m)
    assert thrice.bandwidth_m == pytest.approx(once.bandwidth_m, rel=0.25)
    assert not once.at_limit


def test_finds_about_the_best_bandwidth_of_a_known_density() -> None:
    # One Gaussian hump: the rule of thumb is right for it, and the likelihood has to come near.
    rng = np.random.default_rng(2)
    x, y = rng.normal(2000, 450, (2, 1500)).clip(5, 3995)
    best = 450 * 1500 ** (-1 / 6)
    assert search_bandwidth(x, y, GRID).bandwidth_m == pytest.approx(best, rel=0.4)
    # Four small humps: the rule of thumb is several times too wide, the likelihood is not.
    place = rng.integers(0, 2, (2, 1500)) * 2000 + 1000
    x, y = place + rng.normal(0, 120, (2, 1500))
    assert silverman_bandwidth(x, y) > 200
    assert search_bandwidth(x, y, GRID).bandwidth_m < 90


def test_says_when_a_better_one_may_lie_beyond() -> None:
    x, y = np.random.default_rng(0).uniform(5, 3995, (2, 200))
    assert search_bandwidth(x, y, GRID, tried_m=[60.0, 80.0]).at_limit


def test_equal_smoothing_of_a_kernel_is_that_of_itself() -> None:
    assert same_smoothing(123.0, Kernel.GAUSSIAN) == pytest.approx(123.0)


def test_error_texts() -> None:
    one = np.full(5, 1000.0)
    text = (
        "Expected incidents at two places or more. Received: 5 at one place or none. "
        "Give a bandwidth, or take a longer period."
    )
    for search in (lambda: silverman_bandwidth(one, one), lambda: search_bandwidth(one, one, GRID)):
        with pytest.raises(DataError) as error:
            search()
        assert str(error.value) == text
    with pytest.raises(DataError, match="Received: 0 at one place or none"):
        search_bandwidth([], [], GRID)
    with pytest.raises(ConfigError, match=r"at least 50 m on cells of 100 m\. Received: 20 m"):
        search_bandwidth([1.0, 500.0], [1.0, 700.0], GRID, tried_m=[20.0, 100.0])
