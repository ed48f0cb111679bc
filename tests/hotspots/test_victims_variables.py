"""Words, times and numbers side by side: comparable, centred, missing values marked and moved nowhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hotspots.victims.reduction import reduce
from hotspots.victims.variables import (
    NOT_STATED,
    OTHER,
    Cycle,
    Numbers,
    Representation,
    encode,
    levels_of,
    pool_rare,
    spread_to_rows,
)
from incidents.errors import ConfigError, DataError

BALANCED, FAMD = Representation.BALANCED, Representation.FAMD


def test_two_levels_by_hand() -> None:
    matrix = encode([levels_of("weapon", "incident", ["a", "b", "b", "b"])], representation=BALANCED)
    # Shares 1/4 and 3/4; total variance 2 * 3/16 is brought to 1.
    assert matrix == pytest.approx(
        np.array([[0.75, -0.75], [-0.25, 0.25], [-0.25, 0.25], [-0.25, 0.25]]) / np.sqrt(3 / 8)
    )


def test_famd_divides_by_the_root_of_the_share() -> None:
    matrix = encode([levels_of("weapon", "incident", ["a", "b", "b", "b"])], representation=FAMD)
    assert matrix[0] == pytest.approx([0.75 / np.sqrt(1 / 4), -0.75 / np.sqrt(3 / 4)])


def test_midnight_lies_beside_midnight() -> None:
    hours = Cycle("hour", "incident", np.array([23.9, 0.1, 12.0, 6.0]) / 24)
    matrix = encode([hours], representation=BALANCED)
    across, apart = np.linalg.norm(matrix[0] - matrix[1]), np.linalg.norm(matrix[0] - matrix[2])
    assert across < 0.05 * apart


def test_a_missing_word_is_a_level_of_its_own() -> None:
    assert levels_of("weapon", "incident", ["a", None]).names == ("a", NOT_STATED)


def test_a_missing_number_lies_at_the_centre_and_is_marked() -> None:
    numbers = Numbers("share", "place", np.array([1.0, 3.0, np.nan]), np.array([0, 1, 2, -1]))
    assert np.isnan(spread_to_rows(numbers)).tolist() == [False, False, True, True]
    value, mark = encode([numbers], representation=BALANCED).T
    assert value[2:].tolist() == [0.0, 0.0]
    assert value[0] == -value[1] != 0
    assert mark[0] == mark[1] < 0 < mark[2] == mark[3]


def test_odd_numbers_are_cut() -> None:
    values = np.append(np.random.default_rng(1).normal(size=999), 1e6)
    column = encode([Numbers("rate", "place", values, np.arange(1000))], representation=BALANCED)[:, 0]
    usual = encode([Numbers("rate", "place", values[:999], np.arange(999))], representation=BALANCED)
    assert column.max() / column.std() < 32
    assert np.isfinite(usual).all()


def test_rare_levels_are_clustered_as_one() -> None:
    words = ["common"] * 96 + ["rare", "rarer", "rarest", "odd"]
    assert pool_rare(levels_of("weapon", "incident", words)).names == ("common", OTHER)


words = st.lists(st.sampled_from(["a", "b", "c", None]), min_size=60, max_size=60)


@settings(deadline=None)
@given(words=words, seed=st.integers(0, 99), representation=st.sampled_from(Representation))
def test_blocks_weigh_the_same_and_the_order_of_rows_does_not_matter(
    words: list[str | None], seed: int, representation: Representation
) -> None:
    rng = np.random.default_rng(seed)
    variables = [
        levels_of("fixed", "incident", ["x", "y"] * 30),
        levels_of("weapon", "incident", words),
        Numbers("share", "place", rng.normal(size=7), rng.integers(-1, 7, 60)),
    ]
    matrix = encode(variables, representation=representation)
    assert matrix.mean(axis=0) == pytest.approx(0, abs=1e-12)
    order = rng.permutation(60)
    turned = encode([each.take(order) for each in variables], representation=representation)
    assert turned == pytest.approx(matrix[order])
    if representation is BALANCED:
        constant = len(set(words)) == 1
        place = 1 if np.square(matrix).mean(axis=0).sum() > 1.5 else 0
        assert np.square(matrix).mean(axis=0).sum() == pytest.approx(1 + place)
        assert constant or len(matrix.T) >= 4


def test_axes_are_those_of_a_singular_value_decomposition() -> None:
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6))
    matrix -= matrix.mean(axis=0)
    axes = reduce(matrix, rng=rng)
    left, singular, _ = np.linalg.svd(matrix, full_matrices=False)
    assert axes.explained == pytest.approx(singular**2 / (singular**2).sum())
    assert np.abs(axes.scores) == pytest.approx(np.abs(left * singular)[:, : axes.kept])


def test_as_many_axes_are_kept_as_there_are_common_factors() -> None:
    rng = np.random.default_rng(3)
    factors = rng.normal(size=(2000, 3))
    matrix = np.hstack([factors[:, [i]] + 0.5 * rng.normal(size=(2000, 4)) for i in range(3)])
    assert reduce(matrix - matrix.mean(axis=0), rng=rng).kept == 3


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(DataError, match=r"Received: constants only. Give more columns."):
        encode([levels_of("weapon", "incident", ["a", "a"])], representation=BALANCED)
    with pytest.raises(DataError, match=r"Received: \[1, 2\]. Make them from one table."):
        encode([levels_of("a", "b", ["x"]), levels_of("c", "b", ["x", "y"])], representation=BALANCED)
    with pytest.raises(ConfigError, match=r"Expected a representation among balanced, famd. Received: raw."):
        encode([levels_of("a", "b", ["x", "y"])], representation="raw")  # type: ignore[arg-type]
