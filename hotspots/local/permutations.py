"""How often as large or as small a sum of neighbors comes up when all other places are shuffled.

Conditional permutation: the place keeps its value, its k neighbors are k places drawn without replacement from
all others. One set of drawn lists serves all places, as in other programs: each place's draws are independent
of each other, those of different places are not. What makes it fast: the first k of a list serve every place
with k neighbors that is not itself on it, so sums are made and sorted once for each k, and only places that
drew themselves are put right, with the next of the list in their stead.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hotspots.local.neighborhood import Neighborhood
from hotspots.local.significance import Alternative
from hotspots.points import Bools, Floats, Ints
from incidents.errors import ConfigError

CHUNK_VALUES = 4_000_000
TIE = 1e-9
"""Sums that differ by less than this share of the largest value are equal: only rounding sets them apart."""

MOST_OF_ALL = 4
"""A list of more than one in so many places is cheaper to make by shuffling all."""


@dataclass(frozen=True)
class TailCounts:
    """Of so many draws, those whose sum of neighbors was as large or larger, and as small or smaller, than observed.

    Args:
        at_least: As large or larger, ``(n,)`` or ``(*places)``.
        at_most: As small or smaller, the same shape.
        draws: Number of draws.
    """

    at_least: Ints
    at_most: Ints
    draws: int

    def p(self, alternative: Alternative) -> Floats:
        """p-values; the observed sum counts as one of the draws, so that none is 0.

        Reference:
            Phipson and Smyth (2010), doi:10.2202/1544-6115.1585.
        """
        upper, lower = self._share(self.at_least), self._share(self.at_most)
        if alternative is Alternative.TWO_SIDED:
            return np.minimum(2.0 * np.minimum(upper, lower), 1.0)
        return upper if alternative is Alternative.GREATER else lower

    def _share(self, counts: Ints) -> Floats:
        return np.asarray((counts + 1) / (self.draws + 1), dtype=np.float64)


def permute_neighbors(
    values: Floats, neighborhood: Neighborhood, *, draws: int, rng: np.random.Generator | None
) -> TailCounts:
    """Shuffle the values of all other places, for each place, and compare sums over neighbors.

    Args:
        values: ``(*places)``, finite.
        neighborhood: Who neighbors whom.
        draws: Number of permutations.
        rng: Source of randomness.

    Returns:
        Counts ``(*places)``; 0 outside.

    Raises:
        ConfigError: Fewer than one permutation, or no source of randomness.
    """
    if rng is None:
        raise ConfigError(
            "Expected a source of randomness for permutations. Received: none. "
            "Pass rng=numpy.random.default_rng(seed)."
        )
    inside = neighborhood.inside
    sums = neighborhood.add_neighbors(values)[inside]
    counted = count_tails(values[inside], sums, neighborhood.neighbors[inside], draws=draws, rng=rng)
    at_least, at_most = np.zeros((2, *inside.shape), dtype=np.int64)
    at_least[inside], at_most[inside] = counted.at_least, counted.at_most
    return TailCounts(at_least, at_most, draws)


def count_tails(
    values: Floats, sums: Floats, neighbors: Ints, *, draws: int, rng: np.random.Generator
) -> TailCounts:
    """Draw neighbors and count how their sums compare with the observed ones.

    Args:
        values: Values of n places, ``(n,)``, finite.
        sums: Observed sums of the neighbors of each place, ``(n,)``.
        neighbors: Their number, ``(n,)``, less than n.
        draws: Number of permutations.
        rng: Source of randomness.

    Returns:
        The counts; ties count on both sides.

    Raises:
        ConfigError: Fewer than one draw.
    """
    if draws < 1:
        raise ConfigError(f"Expected at least one permutation. Received: {draws}. Use 999 or more.")
    longest = int(neighbors.max()) + 1
    tie = TIE * max(float(np.abs(values).max()), np.finfo(np.float64).tiny)
    counts = np.zeros((2, len(values)), dtype=np.int64)
    for count in _chunks(draws, max(1, CHUNK_VALUES // longest)):
        lists = draw_lists(len(values), longest, count=count, rng=rng)
        totals = np.cumsum(values[lists], axis=1)
        for which, k in _by_neighbors(neighbors):
            drawn = totals[:, k - 1] if k else np.zeros(count)
            counts[:, which] += _rank(np.sort(drawn), sums[which], tie)
        counts += _put_right(_find_faults(values, lists, totals, neighbors), sums, tie)
    return TailCounts(at_least=counts[0], at_most=counts[1], draws=draws)


def draw_lists(places: int, length: int, *, count: int, rng: np.random.Generator) -> Ints:
    """Lists of different places in random order, all equally likely.

    Args:
        places: Number of places.
        length: Length of a list, at most ``places``.
        count: Number of lists.
        rng: Source of randomness.

    Returns:
        Indices of places, ``(count, length)``.
    """
    if length * MOST_OF_ALL > places:
        return rng.permuted(np.tile(np.arange(places), (count, 1)), axis=1)[:, :length]
    lists = rng.integers(0, places, (count, length))
    # Redrawing repeats treats all places alike, so all lists without repeats stay equally likely.
    repeats = _repeats(lists)
    while repeats.any():
        lists[repeats] = rng.integers(0, places, int(repeats.sum()))
        again = np.flatnonzero(repeats.any(axis=1))
        repeats = np.zeros_like(repeats)
        repeats[again] = _repeats(lists[again])
    return lists


@dataclass(frozen=True)
class _Fault:
    """Draws in which a place was among its own neighbors: the place, its wrong sum and its right sum, ``(m,)``."""

    place: Ints
    wrong: Floats
    right: Floats


def _find_faults(values: Floats, lists: Ints, totals: Floats, neighbors: Ints) -> _Fault:
    """Find where a place drew itself; the right sum leaves it out and takes the next of the list."""
    at, turn = np.nonzero(np.arange(lists.shape[1]) < neighbors[lists])
    place = lists[at, turn]
    k = neighbors[place]
    wrong = totals[at, k - 1]
    return _Fault(place, wrong, wrong - values[place] + values[lists[at, k]])


def _put_right(fault: _Fault, sums: Floats, tie: float) -> Ints:
    """What the right sums change in both counts, ``(2, n)``."""
    observed = sums[fault.place]
    more = (fault.right >= observed - tie).astype(np.int8) - (fault.wrong >= observed - tie)
    less = (fault.right <= observed + tie).astype(np.int8) - (fault.wrong <= observed + tie)
    change = [np.bincount(fault.place, weights=each, minlength=len(sums)) for each in (more, less)]
    return np.stack(change).astype(np.int64)


def _rank(drawn: Floats, observed: Floats, tie: float) -> Ints:
    """How many of the drawn sums, rising, are at least and at most each observed one, ``(2, n)``."""
    below = np.searchsorted(drawn, observed - tie, side="left")
    return np.stack([len(drawn) - below, np.searchsorted(drawn, observed + tie, side="right")])


def _chunks(total: int, size: int) -> Iterator[int]:
    """Sizes of at most ``size`` that add up to ``total``."""
    yield from (min(size, total - start) for start in range(0, total, size))


def _by_neighbors(neighbors: Ints) -> Iterator[tuple[Ints, int]]:
    """Places with k neighbors, for each k that occurs."""
    order = np.argsort(neighbors, kind="stable")
    numbers, starts = np.unique(neighbors[order], return_index=True)
    yield from zip(np.split(order, starts[1:]), numbers.tolist(), strict=True)


def _repeats(lists: Ints) -> Bools:
    """Entries that occurred earlier in their list."""
    order = np.argsort(lists, axis=1, kind="stable")
    ranked = np.take_along_axis(lists, order, axis=1)
    repeated = np.zeros(lists.shape, dtype=bool)
    np.put_along_axis(repeated, order[:, 1:], ranked[:, 1:] == ranked[:, :-1], axis=1)
    return repeated
