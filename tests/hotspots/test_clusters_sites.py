"""Incidents at one point are one site: nothing is lost, what cannot be used is refused or counted."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hotspots.sites import group_sites, separate_sites
from incidents.errors import CrsError, DataError

Floats = npt.NDArray[np.float64]
coarse = st.integers(0, 4).map(lambda step: 1000.0 + 50.0 * step) | st.just(np.nan)


def test_sites_by_hand() -> None:
    sites = group_sites(
        [3000.0, 1000.0, 3000.0, np.nan, 1000.0], [7.0, 7.0, 7.0, 7.0, 9.0], weights=[1, 1, 2, 5, 0]
    )
    assert sites.x.tolist() == [1000.0, 3000.0]
    assert sites.weight.tolist() == [1.0, 3.0]
    assert sites.of_point.tolist() == [1, 0, 1, -1, -1]
    assert sites.spread(np.array([10.0, 20.0]), missing=-1).tolist() == [20.0, 10.0, 20.0, -1.0, -1.0]


def test_every_point_can_be_a_site_of_its_own() -> None:
    sites = separate_sites([3000.0, np.nan, 3000.0], [7.0, 7.0, 7.0])
    assert (sites.x.tolist(), sites.of_point.tolist()) == ([3000.0, 3000.0], [0, -1, 1])


@given(arrays(np.float64, (12, 2), elements=coarse))
def test_weight_is_conserved_and_places_are_exact(points: Floats) -> None:
    x, y = np.append(points[:, 0], 1000.0), np.append(points[:, 1], 1000.0)
    sites = group_sites(x, y)
    known = np.isfinite(x) & np.isfinite(y)
    assert sites.weight.sum() == known.sum()
    assert len({*zip(x[known], y[known], strict=True)}) == len(sites)
    np.testing.assert_array_equal(sites.x[sites.of_point[known]], x[known])
    np.testing.assert_array_equal(sites.y[sites.of_point[known]], y[known])


def test_no_points_are_no_sites() -> None:
    assert len(group_sites([], [])) == 0


def test_error_texts() -> None:
    with pytest.raises(CrsError) as degrees:
        group_sites([-76.6, -76.5], [39.2, 39.3])
    assert str(degrees.value) == (
        "Expected metres of a projected CRS. Received: x -76.6 to -76.5, y 39.2 to 39.3, which look like longitude "
        "and latitude. Project the points first."
    )
    with pytest.raises(DataError) as unknown:
        group_sites([np.nan, np.nan], [1.0, 2.0])
    assert str(unknown.value) == (
        "Expected points with coordinates. Received: 2 points, all without. Match their addresses to places first."
    )
    with pytest.raises(DataError, match=r"of one length. Received: \(2,\), \(1,\), \(2,\)"):
        group_sites([1.0, 2.0], [1.0])
    with pytest.raises(DataError, match="Expected finite weights >= 0"):
        separate_sites([1000.0], [1000.0], weights=[np.nan])
