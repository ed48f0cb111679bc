"""The 17 patterns: one history for each by construction, and all short histories against the published words."""

from itertools import product

import numpy as np
import numpy.typing as npt
import pytest

from hotspots.emerging.patterns import Pattern, name_patterns

Histories = npt.NDArray[np.int8]
HOT, COLD = "h", "c"

BY_CONSTRUCTION = {
    # Ten slices (h hot, c cold, . neither), the trend of the clustering, and the hot pattern.
    Pattern.NEW_HOT: (".........h", 0),
    Pattern.CONSECUTIVE_HOT: (".......hhh", +1),
    Pattern.INTENSIFYING_HOT: (".hhhhhhhhh", +1),
    Pattern.PERSISTENT_HOT: ("hhhh.hhhhh", 0),
    Pattern.DIMINISHING_HOT: ("hhhhhhhhhh", -1),
    Pattern.SPORADIC_HOT: (".hh..h...h", 0),
    Pattern.OSCILLATING_HOT: (".hc..h...h", 0),
    Pattern.HISTORICAL_HOT: ("hhhhhhhhh.", -1),
}
NO_PATTERN = (
    "..........",
    "hhhh......",
    ".hhhhhhhh.",  # 80%, and not in the final slice
    ".c........",
)


def codes(history: str) -> Histories:
    return np.array([{HOT: 1, COLD: -1}.get(slice_, 0) for slice_ in history], dtype=np.int8)[:, None]


def name(history: str, trend: int) -> Pattern:
    return Pattern(name_patterns(codes(history), np.array([trend], dtype=np.int8))[0])


@pytest.mark.parametrize(("pattern", "case"), BY_CONSTRUCTION.items(), ids=lambda value: str(value))
def test_each_hot_and_cold_pattern_by_construction(pattern: Pattern, case: tuple[str, int]) -> None:
    history, trend = case
    assert name(history, trend) is pattern
    mirrored = history.translate(str.maketrans("hc", "ch"))
    assert name(mirrored, -trend) is Pattern(-pattern)


@pytest.mark.parametrize("trend", [-1, 0, 1])
@pytest.mark.parametrize("history", NO_PATTERN)
def test_no_pattern_by_construction(history: str, trend: int) -> None:
    assert name(history, trend) is Pattern.NONE


def test_all_seventeen_are_there() -> None:
    assert len(Pattern) == 17
    assert {Pattern(-one) for one in Pattern} == set(Pattern)
    assert set(BY_CONSTRUCTION) == {pattern for pattern in Pattern if pattern > 0}


@pytest.mark.parametrize(
    ("history", "trend", "pattern"),
    [
        # Nine of ten are 90%, eight of nine are not.
        ("hhhhhhhhhh", 0, Pattern.PERSISTENT_HOT),
        ("h.hhhhhhhh", 0, Pattern.PERSISTENT_HOT),
        ("h.hhhhhhh", 0, Pattern.SPORADIC_HOT),
        # A run that fills 90% is no longer consecutive, whatever its trend.
        (".hhhhhhhhh", 0, Pattern.PERSISTENT_HOT),
        ("..hhhhhhhh", +1, Pattern.CONSECUTIVE_HOT),
        # Two runs are not one.
        ("h......hhh", 0, Pattern.SPORADIC_HOT),
        # The published words of two patterns fit; the one that is published first counts.
        ("c........h", 0, Pattern.NEW_HOT),
        ("c......hhh", 0, Pattern.CONSECUTIVE_HOT),
        ("c.h....hhh", 0, Pattern.OSCILLATING_HOT),
        ("hhhhhhhhhc", 0, Pattern.NEW_COLD),
        ("ccccccccch", 0, Pattern.NEW_HOT),
        # 90% and a cold final slice.
        ("hhhhhhhhhhhhhhhhhhcc", 0, Pattern.CONSECUTIVE_COLD),
        ("chhhhhhhhhhhhhhhhhhhhhhhhhhhhc", -1, Pattern.OSCILLATING_COLD),
        # 90% and not hot now is historical, with a trend or without.
        ("hhhhhhhhh.", 0, Pattern.HISTORICAL_HOT),
        ("hhhhhhhhh.", +1, Pattern.HISTORICAL_HOT),
        # 90% with a single cold slice: neither sporadic nor oscillating.
        ("hhchhhhhhh", 0, Pattern.PERSISTENT_HOT),
        # A single slice in all is new; two are in at least 90%.
        ("h", 0, Pattern.NEW_HOT),
        ("hh", 0, Pattern.PERSISTENT_HOT),
    ],
)
def test_where_the_words_meet(history: str, trend: int, pattern: Pattern) -> None:
    assert name(history, trend) is pattern


def words(history: tuple[int, ...], trend: int) -> Pattern:
    """The published table, read one history at a time, hot and cold pattern by pattern."""
    for number in range(1, 9):
        for sign in (1, -1):
            if _fits(number, [sign * one for one in history], sign * trend):
                return Pattern(sign * number)
    return Pattern.NONE


def _fits(number: int, history: list[int], trend: int) -> bool:
    *earlier, final = history
    hot_share = history.count(1) / len(history)
    is_hot, was_hot, was_cold = final == 1, 1 in earlier, -1 in earlier
    run = 0
    while run < len(history) and history[-1 - run] == 1:
        run += 1
    never_before_run = 1 not in history[: len(history) - run]
    mostly = hot_share >= 0.9
    return {
        1: is_hot and not was_hot,
        2: run >= 2 and never_before_run and not mostly,
        3: mostly and is_hot and trend == 1,
        4: mostly and is_hot and trend == 0,
        5: mostly and is_hot and trend == -1,
        6: is_hot and was_hot and not mostly and not was_cold,
        7: is_hot and was_cold and not mostly,
        8: not is_hot and mostly,
    }[number]


@pytest.mark.parametrize("slices", [1, 2, 3, 5, 8])
def test_all_short_histories_against_the_words(slices: int) -> None:
    every = list(product((-1, 0, 1), repeat=slices))
    histories = np.array(every, dtype=np.int8).T
    for trend in (-1, 0, 1):
        named = name_patterns(histories, np.full(len(every), trend, dtype=np.int8))
        assert named.tolist() == [int(words(history, trend)) for history in every]


def test_long_histories_against_the_words() -> None:
    rng = np.random.default_rng(1)
    for slices in (10, 11, 19, 20, 30):
        chances = [[0.02, 0.04, 0.94], [0.1, 0.3, 0.6], [0.94, 0.04, 0.02]]
        histories = np.concatenate(
            [rng.choice([-1, 0, 1], p=chance, size=(slices, 400)) for chance in chances], axis=1
        ).astype(np.int8)
        trends = rng.integers(-1, 2, histories.shape[1]).astype(np.int8)
        expected = [int(words(tuple(h), int(t))) for h, t in zip(histories.T.tolist(), trends, strict=True)]
        assert name_patterns(histories, trends).tolist() == expected


def test_titles() -> None:
    assert Pattern.NEW_HOT.title == "New hot spot"
    assert Pattern.OSCILLATING_COLD.title == "Oscillating cold spot"
    assert Pattern.NONE.title == "No pattern"
