"""Correlation of surfaces: Dutilleul's test to the digit, and right as often as it says where the plain one is not."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from scipy.stats import pearsonr

from hotspots.places.correlation import Correlation, correlate_surfaces
from incidents.errors import DataError

Floats = npt.NDArray[np.float64]


def smooth(rng: np.random.Generator, sigma: float, side: int = 30) -> Floats:
    """A smooth random surface over a round city."""
    surface = (
        gaussian_filter(rng.normal(size=(2 * side, 2 * side)), sigma)
        if sigma
        else rng.normal(size=(2 * side,) * 2)
    )
    surface = surface[side // 2 :, side // 2 :][:side, :side]
    middle = (side - 1) / 2
    return np.where(np.hypot(*(np.indices((side, side)) - middle)) <= middle, surface, np.nan)


def by_matrices(first: Floats, second: Floats) -> float:
    """Effective cells from full covariance matrices, as the paper has them."""
    row, col = np.nonzero(np.isfinite(first))
    distance = np.rint(np.hypot(row[:, None] - row, col[:, None] - col)).astype(int)
    matrices = []
    for surface in (first, second):
        values = surface[row, col] - surface[row, col].mean()
        products = np.outer(values, values)
        by_distance = np.bincount(distance.ravel(), products.ravel()) / np.bincount(distance.ravel())
        matrices.append(by_distance[distance])
    centring = np.eye(len(row)) - 1 / len(row)
    one, other = (centring @ matrix for matrix in matrices)
    return float(1 + np.trace(one) * np.trace(other) / np.trace(one @ other))


@pytest.mark.parametrize("sigma", [0.0, 1.0, 3.0])
def test_agrees_with_full_matrices(sigma: float) -> None:
    rng = np.random.default_rng(1)
    first, second = smooth(rng, sigma, side=12), smooth(rng, sigma, side=12)
    found = correlate_surfaces(first, second)
    known = np.isfinite(first)
    assert found.cells == known.sum()
    assert found.effective_cells == pytest.approx(min(by_matrices(first, second), found.cells))
    theirs = pearsonr(first[known], second[known])
    assert (found.r, found.naive_p) == (pytest.approx(theirs.statistic), pytest.approx(theirs.pvalue))


@pytest.mark.parametrize("sigma", [1.0, 2.5])
def test_chance_is_found_out_as_rarely_as_it_says(sigma: float) -> None:
    rng = np.random.default_rng(2)
    tests = [correlate_surfaces(smooth(rng, sigma), smooth(rng, sigma)) for _ in range(300)]
    assert 0.02 <= np.mean([test.p <= 0.05 for test in tests]) <= 0.09
    assert np.mean([test.naive_p <= 0.05 for test in tests]) > 0.3


def test_what_goes_together_is_found() -> None:
    rng = np.random.default_rng(3)
    common = smooth(rng, 2.0)
    found = correlate_surfaces(common + 0.2 * smooth(rng, 2.0), common + 0.2 * smooth(rng, 2.0))
    assert found.p < 0.001
    assert found.r > 0.8
    assert found.effective_cells < found.cells / 5


@given(st.floats(0.1, 100), st.floats(-50, 50), st.booleans())
def test_units_and_quarter_turns_change_nothing(scale: float, shift: float, turned: bool) -> None:
    rng = np.random.default_rng(4)
    first, second = smooth(rng, 1.0, side=14), smooth(rng, 1.5, side=14)
    here = correlate_surfaces(first, second)
    moved = (first * scale + shift, second)
    there = correlate_surfaces(*(np.rot90(surface) for surface in moved) if turned else moved)
    assert there.r == pytest.approx(here.r)
    assert there.effective_cells == pytest.approx(here.effective_cells)


def test_padding_outside_the_city_changes_nothing() -> None:
    rng = np.random.default_rng(5)
    first, second = smooth(rng, 1.0, side=14), smooth(rng, 1.0, side=14)
    padded = (np.pad(surface, ((3, 9), (0, 5)), constant_values=np.nan) for surface in (first, second))
    here, there = correlate_surfaces(first, second), correlate_surfaces(*padded)
    assert there.effective_cells == pytest.approx(here.effective_cells)
    assert there.p == pytest.approx(here.p)


def test_one_trend_across_the_city_says_nothing() -> None:
    ramp = np.arange(100.0).reshape(10, 10)
    found = correlate_surfaces(ramp, ramp)
    assert found.r == pytest.approx(1.0)
    assert isinstance(found, Correlation)
    assert found.effective_cells < 15


def test_error_texts() -> None:
    rng = np.random.default_rng(6)
    surface = rng.normal(size=(5, 5))
    with pytest.raises(DataError) as shapes:
        correlate_surfaces(surface, surface[:4])
    assert str(shapes.value) == (
        "Expected two surfaces of one shape (rows, cols). Received: (5, 5) and (4, 5). Put both on the same grid."
    )
    with pytest.raises(DataError, match=r"Expected at least 10 cells in which both are known. Received: 0"):
        correlate_surfaces(surface, np.full((5, 5), np.nan))
    with pytest.raises(DataError, match=r"Expected surfaces that vary. Received: a constant one"):
        correlate_surfaces(surface, np.ones((5, 5)))
