"""Shuffled neighbors: every list equally likely, never the place itself, counts as by enumeration."""

from itertools import combinations, permutations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import chi2

from hotspots.local.neighborhood import CellNeighborhood
from hotspots.local.permutations import TailCounts, count_tails, draw_lists, permute_neighbors
from hotspots.local.significance import Alternative
from hotspots.local.weights import touching_cells
from incidents.errors import ConfigError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@pytest.mark.parametrize(("places", "length"), [(5, 2), (13, 2), (4, 3), (3, 3)])
def test_all_lists_are_equally_likely(places: int, length: int) -> None:
    # 5 and 13 places fall on both sides of the choice between shuffling all and redrawing repeats.
    drawn = draw_lists(places, length, count=30_000, rng=np.random.default_rng(1))
    names = list(permutations(range(places), length))
    code = (drawn * places ** np.arange(length)).sum(axis=1)
    counts = [np.count_nonzero(code == sum(n * places**at for at, n in enumerate(name))) for name in names]
    assert sum(counts) == 30_000  # none with repeats
    expected = 30_000 / len(names)
    statistic = sum((count - expected) ** 2 / expected for count in counts)
    assert statistic < chi2.ppf(0.999, len(names) - 1)


def enumerate_tails(values: Floats, sums: Floats, neighbors: Ints) -> tuple[Floats, Floats]:
    """Exact shares of sums of k others that are at least and at most the observed one."""
    at_least, at_most = np.zeros((2, len(values)))
    for place, (observed, k) in enumerate(zip(sums, neighbors, strict=True)):
        others = np.delete(values, place)
        drawn = np.array([sum(others[list(some)]) for some in combinations(range(len(others)), int(k))])
        at_least[place] = (drawn >= observed - 1e-9).mean()
        at_most[place] = (drawn <= observed + 1e-9).mean()
    return at_least, at_most


@pytest.mark.parametrize("kind", ["many ties", "no ties"])
def test_counts_as_by_enumeration(kind: str) -> None:
    rng = np.random.default_rng(2)
    values = rng.poisson(1.0, 9).astype(float) if kind == "many ties" else rng.gamma(1.0, size=9)
    neighbors = np.array([0, 1, 2, 3, 4, 5, 8, 3, 2])
    sums = np.array([values[[j for j in range(9) if j != i][:k]].sum() for i, k in enumerate(neighbors)])
    draws = 40_000
    found = count_tails(values, sums, neighbors, draws=draws, rng=np.random.default_rng(3))
    at_least, at_most = enumerate_tails(values, sums, neighbors)
    # Five standard errors of a share of 40,000 draws are at most 0.0125.
    np.testing.assert_allclose(found.at_least / draws, at_least, atol=0.0125)
    np.testing.assert_allclose(found.at_most / draws, at_most, atol=0.0125)
    # Nothing to shuffle: no neighbors, or all others.
    assert found.at_least[0] == found.at_most[0] == draws
    assert found.at_least[6] == found.at_most[6] == draws


def test_chunks_do_not_change_what_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(4).gamma(1.0, size=30)
    neighbors = np.full(30, 4)
    sums = np.array([values[(np.arange(4) + i + 1) % 30].sum() for i in range(30)])
    monkeypatch.setattr("hotspots.local.permutations.CHUNK_VALUES", 700)
    found = count_tails(values, sums, neighbors, draws=5000, rng=np.random.default_rng(5))
    # Each draw is in one tail; the one in 23,751 that is the observed one is in both.
    assert set((found.at_least + found.at_most).tolist()) <= set(range(5000, 5006))
    monkeypatch.undo()
    again = count_tails(values, sums, neighbors, draws=5000, rng=np.random.default_rng(6))
    np.testing.assert_allclose(found.at_least / 5000, again.at_least / 5000, atol=0.05)


def test_rounding_does_not_break_ties() -> None:
    # 0.1 + 0.2 and 0.3 + 0.0 differ in the last digit; as numbers of the data they are equal.
    values = np.array([5.0, 0.1, 0.2, 0.3, 0.0])
    found = count_tails(
        values, np.array([0.3] * 5), np.array([2] * 5), draws=6000, rng=np.random.default_rng(7)
    )
    # From {0.1, 0.2, 0.3, 0.0}: 3 of the 6 pairs are at most 0.3, and 5 are at least 0.3.
    exact_least, exact_most = enumerate_tails(values, np.array([0.3] * 5), np.array([2] * 5))
    assert found.at_least[0] / 6000 == pytest.approx(exact_least[0], abs=0.04)
    assert found.at_most[0] / 6000 == pytest.approx(exact_most[0], abs=0.04)


def test_p_by_hand() -> None:
    tails = TailCounts(np.array([0, 4, 99, 60]), np.array([99, 95, 0, 60]), draws=99)
    assert tails.p(Alternative.GREATER).tolist() == [0.01, 0.05, 1.0, 0.61]
    assert tails.p(Alternative.LESS).tolist() == [1.0, 0.96, 0.01, 0.61]
    assert tails.p(Alternative.TWO_SIDED).tolist() == [0.02, 0.1, 0.02, 1.0]


def test_chance_alone_gives_even_p() -> None:
    # Values without any order in space: p is under 0.1 in a tenth of the places.
    shares = []
    queen = touching_cells(np.ones((25, 25), dtype=bool))
    for seed in range(12):
        rng = np.random.default_rng(seed)
        p = permute_neighbors(rng.gamma(1.0, size=(25, 25)), queen, draws=499, rng=rng).p(
            Alternative.TWO_SIDED
        )
        shares.append((p <= 0.1).mean())
    assert np.mean(shares) == pytest.approx(0.1, abs=0.015)


def test_error_texts() -> None:
    queen: CellNeighborhood = touching_cells(np.ones((3, 3), dtype=bool))
    with pytest.raises(ConfigError) as missing:
        permute_neighbors(np.zeros((3, 3)), queen, draws=9, rng=None)
    assert str(missing.value) == (
        "Expected a source of randomness for permutations. Received: none. "
        "Pass rng=numpy.random.default_rng(seed)."
    )
    with pytest.raises(ConfigError) as few:
        permute_neighbors(np.zeros((3, 3)), queen, draws=0, rng=np.random.default_rng(1))
    assert str(few.value) == "Expected at least one permutation. Received: 0. Use 999 or more."
