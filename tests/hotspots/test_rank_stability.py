"""How stable ranks are: by hand, against SciPy and sets, and fair to ties."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.rank_stability import rank_stability
from incidents.errors import ConfigError, DataError


def test_stability_by_hand() -> None:
    found = rank_stability([[4, 3, 2, 1], [4, 2, 3, 1], [1, 2, 3, 4]], share=0.5)
    assert found.kendall.tolist() == pytest.approx([4 / 6, -4 / 6])
    assert found.jaccard.tolist() == pytest.approx([1 / 3, 1 / 3])
    assert found.chance == pytest.approx(1 / 3)


def test_ties_share_the_last_seats() -> None:
    # Two seats: 9 has one, and three zeros share the other, so none of them is on top by its place in the row.
    found = rank_stability([[9, 0, 0, 0], [9, 0, 0, 5]], share=0.5)
    assert found.jaccard[0] == pytest.approx((1 + 1 / 3) / (1 + 1 / 3 + 1 / 3 + 1))
    assert rank_stability([[9, 0, 0, 0], [9, 0, 0, 0]], share=0.5).jaccard[0] == pytest.approx(1.0)


@given(st.integers(0, 1000), st.integers(2, 5), st.floats(0.05, 0.9))
def test_agrees_with_sets_where_nothing_ties(seed: int, slices: int, share: float) -> None:
    values = np.random.default_rng(seed).normal(size=(slices, 40))
    seats = round(share * 40) or 1
    found = rank_stability(values, share=seats / 40)
    tops = [{*np.argsort(-row)[:seats]} for row in values]
    expected = [len(one & other) / len(one | other) for one, other in pairwise(tops)]
    np.testing.assert_allclose(found.jaccard, expected)


@given(st.permutations(range(12)))
def test_the_order_of_places_and_the_unit_change_nothing(order: list[int]) -> None:
    values = np.random.default_rng(1).poisson(2.0, (3, 12))
    here, there = rank_stability(values, share=0.25), rank_stability(values[:, order] * 7.0, share=0.25)
    np.testing.assert_allclose(here.jaccard, there.jaccard)
    np.testing.assert_allclose(here.kendall, there.kendall)


def test_chance_is_what_chance_gives() -> None:
    values = np.random.default_rng(2).normal(size=(200, 300))
    found = rank_stability(values, share=0.2)
    assert found.jaccard.mean() == pytest.approx(found.chance, abs=0.01)
    assert found.kendall.mean() == pytest.approx(0.0, abs=0.01)


def test_places_outside_are_left_out_and_equal_slices_have_no_order() -> None:
    inside = np.array([[3.0, 1.0, 2.0], [1.0, 1.0, 1.0]])
    outside = np.insert(inside, 1, np.nan, axis=1)
    here, there = rank_stability(inside, share=0.4), rank_stability(outside, share=0.4)
    np.testing.assert_allclose(here.jaccard, there.jaccard)
    assert np.isnan(here.kendall[0])


def test_error_texts() -> None:
    with pytest.raises(ConfigError) as share:
        rank_stability(np.ones((2, 3)), share=1.0)
    assert str(share.value) == "Expected a share between 0 and 1. Received: 1.0. Use 0.05."
    with pytest.raises(DataError) as shape:
        rank_stability(np.ones((1, 3)))
    assert str(shape.value) == (
        "Expected two slices or more of two known places or more. Received: shape (1, 3). "
        "Flatten the grid, and take a longer period."
    )
    with pytest.raises(DataError, match="Expected two slices"):
        rank_stability(np.full((3, 3), np.nan))
