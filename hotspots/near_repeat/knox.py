"""Whether pairs of events close in space and in time are more than chance has it (Knox test).

Results are ``(distance bands, lag bands)``; bands are ``[start, stop)``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from hotspots.near_repeat.events import Events
from hotspots.pairs import find_pairs
from hotspots.points import Floats, Ints
from hotspots.sites import separate_sites
from incidents.errors import ConfigError, DataError
from verify.bootstrap import Estimate

Seconds = npt.NDArray[np.int32] | npt.NDArray[np.int64]

DAY_S = 86_400
NORMAL_95 = 1.96
DEALINGS = 16
CHUNK_PAIRS = 8192


@dataclass(frozen=True)
class Bands:
    """Distances and lags into which pairs are sorted.

    Args:
        metres: Bounds of the distance bands, rising; a first band up to 1 m is that of the same place.
        days: Bounds of the lag bands, rising.
    """

    metres: tuple[float, ...] = (0.0, 1.0, 100.0, 200.0, 400.0, 800.0)
    days: tuple[float, ...] = (0.0, 1.0, 4.0, 7.0, 14.0, 28.0)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of distance bands and of lag bands."""
        return len(self.metres) - 1, len(self.days) - 1


@dataclass(frozen=True)
class KnoxTest:
    """Pairs of events by distance and lag, beside what chance has.

    Args:
        bands: The bands.
        events: Number of events.
        observed: Pairs in each band.
        expected: Mean number of pairs over the permutations.
        deviation: Their standard deviation.
        p: Share of the permutations, the data themselves counted as one, with as many pairs or more.
        p_adjusted: The same for the largest residual of all bands: at most 5% of tests without any near repeats have
            one such p below 0.05 anywhere.
        total_deviation: Standard deviation over the permutations of the pairs in all bands together.
        permutations: Number of permutations.
    """

    bands: Bands
    events: int
    observed: Ints
    expected: Floats
    deviation: Floats
    p: Floats
    p_adjusted: Floats
    total_deviation: float
    permutations: int

    @property
    def ratio(self) -> Floats:
        """Observed over expected pairs: 1 is chance; NaN where none is expected."""
        ratio: Floats = np.full(self.expected.shape, np.nan)
        np.divide(self.observed, self.expected, out=ratio, where=self.expected > 0)
        return ratio

    @property
    def residual(self) -> Floats:
        """Pairs beyond the expected ones in standard deviations; NaN where the permutations never differ."""
        return _standardise(self.observed, self.expected, self.deviation)

    @property
    def excess(self) -> Floats:
        """Pairs beyond the expected ones."""
        return self.observed - self.expected


def knox_test(
    events: Events,
    bands: Bands,
    *,
    permutations: int = 999,
    strata: npt.ArrayLike | None = None,
    rng: np.random.Generator,
) -> KnoxTest:
    """Count pairs of events by distance and lag, and again many times with the times dealt out anew.

    Permuting the times keeps every place with its number of events, so that lasting hot spots and duplicates at one
    address or block are in the expected number, and so are season and weekly rhythm, if they are the same
    everywhere.

    Where not to use: if some parts of the city rise while others fall (over years, or with a campaign), pairs within
    them look like near repeats; permute within parts and years then (``strata``). It says that events follow each
    other, not why.

    Args:
        events: As from :func:`hotspots.near_repeat.events.gather_events`.
        bands: Distances and lags.
        permutations: Number of permutations, >= 1; p is at least ``1 / (permutations + 1)``.
        strata: Stratum of each event, ``(events,)`` integers; times are dealt out within it. One if left out.
        rng: Source of randomness.

    Returns:
        Pairs, what is expected, and p by band.

    Raises:
        ConfigError: Bounds do not rise from 0 or more, there is no permutation, or there are too many pairs.
        DataError: Fewer than two events, or not a stratum for each.

    Reference:
        Knox (1964), doi:10.2307/2985220; Johnson et al. (2007), doi:10.1007/s10940-007-9025-3; the correction for
        many bands as in Westfall and Young (1993), Resampling-based multiple testing.
    """
    _check(events, bands, permutations)
    group = _check_strata(strata, count=len(events))
    near = _sort_pairs(events, bands)
    second = events.second - events.second.min()
    if second.max() <= np.iinfo(np.int32).max:
        # 32 bits hold 68 years and are faster to move than 64.
        second = second.astype(np.int32)
    observed = near.count(second[:, None])[0]
    simulated = np.concatenate(
        [near.count(dealt) for dealt in _deal(second, group, permutations=permutations, rng=rng)]
    )
    expected, deviation = simulated.mean(axis=0), simulated.std(axis=0)
    return KnoxTest(
        bands=bands,
        events=len(events),
        observed=observed,
        expected=expected,
        deviation=deviation,
        p=_rank(simulated >= observed),
        p_adjusted=_adjust(observed, simulated),
        total_deviation=float(simulated.sum(axis=(1, 2)).std()),
        permutations=permutations,
    )


def branching_ratio(test: KnoxTest) -> Estimate:
    """Mean number of events that one event triggers directly, if triggering is all that brings them together.

    In a process in which every event triggers ``b`` others on average, there are ``(1 / (1 - b)**2 - 1) / 2`` pairs of
    relatives (parents, siblings, cousins) for each event. The excess over all bands is taken for their number, so the
    bands should reach to where the ratio falls to 1 and no farther: each band beyond adds noise only.

    Where not to use: what brings events together without one triggering the other (an event of another category, a
    summer in one park) counts as well, so it is an upper bound for triggering.

    Returns:
        The ratio, below 1, and below 0 where events avoid each other, with its 95% interval from the spread of the
        permutations (too narrow where triggering is strong); NaN where there is no such process.

    Reference:
        The number of relatives follows from the covariance of a self-exciting process: Hawkes (1971),
        doi:10.1093/biomet/58.1.83.
    """
    excess = float(test.excess.sum())
    value, low, high = (
        _branching((excess + shift * test.total_deviation) / test.events)
        for shift in (0.0, -NORMAL_95, NORMAL_95)
    )
    return Estimate(value, low, high)


def _branching(relatives: float) -> float:
    return 1.0 - (1.0 + 2.0 * relatives) ** -0.5 if relatives > -0.5 else float("nan")


@dataclass(frozen=True)
class _SortedPairs:
    """Pairs within the farthest bound, sorted by distance band.

    Args:
        first: One event of each pair, ``(pairs,)``.
        second: The other.
        start: Where each distance band starts among them, and their number, ``(distance bands + 1,)``.
        edges_s: Bounds of the lag bands, seconds, ``(lag bands + 1,)``.
    """

    first: Ints
    second: Ints
    start: Ints
    edges_s: Ints

    def count(self, times: Seconds) -> Ints:
        """Pairs by distance and lag band for several dealings of the times, ``(dealings, distance, lag bands)``.

        Args:
            times: Seconds, ``(events, dealings)``: those of one event lie side by side, so that one look at memory
                fetches them for all dealings.
        """
        dealings, lags = times.shape[1], len(self.edges_s) - 1
        unit, band_of = self._lag_bands()
        counts = np.zeros((len(self.start) - 1, dealings, lags), dtype=np.int64)
        for band, begin, end in self._chunks():
            lag = times.take(self.first[begin:end], axis=0, mode="clip")
            lag -= times.take(self.second[begin:end], axis=0, mode="clip")
            lag = np.abs(lag, out=lag).ravel()
            # Few pairs are close in time as well, and only they are sorted into bands.
            near = np.flatnonzero((lag >= self.edges_s[0]) & (lag < self.edges_s[-1]))
            slot = (near % dealings) * lags + band_of[lag[near] // unit]
            counts[band] += np.bincount(slot, minlength=dealings * lags).reshape(dealings, lags)
        return counts.transpose(1, 0, 2)

    def _lag_bands(self) -> tuple[int, npt.NDArray[np.int16]]:
        """A unit of time of which all bounds are multiples, and the lag band of each number of whole units."""
        unit = int(np.gcd.reduce(self.edges_s))
        bands = np.arange(-1, len(self.edges_s) - 1, dtype=np.int16)
        return unit, np.repeat(bands, np.diff(self.edges_s // unit, prepend=0))

    def _chunks(self) -> Iterator[tuple[int, int, int]]:
        """Distance band, begin and end of runs of pairs that fit a cache."""
        for band, (begin, end) in enumerate(pairwise(self.start.tolist())):
            for at in range(begin, end, CHUNK_PAIRS):
                yield band, at, min(at + CHUNK_PAIRS, end)


def _sort_pairs(events: Events, bands: Bands) -> _SortedPairs:
    """Pairs of events within the distance bands, sorted by band."""
    metres = np.asarray(bands.metres)
    found = find_pairs(separate_sites(events.x, events.y), reach_m=float(metres[-1]))
    band = np.searchsorted(metres, found.gap_m, side="right") - 1
    order = np.argsort(band, kind="stable")
    start = np.searchsorted(band[order], np.arange(len(metres)))
    kept = order[start[0] : start[-1]]
    edges = np.rint(np.asarray(bands.days) * DAY_S).astype(np.int64)
    return _SortedPairs(found.first[kept], found.second[kept], start - start[0], edges)


def _deal(second: Seconds, group: Ints, *, permutations: int, rng: np.random.Generator) -> Iterator[Seconds]:
    """Times dealt out anew within groups, ``(events, DEALINGS)`` at once."""
    by_group = np.argsort(group, kind="stable")
    one_group = group[by_group[0]] == group[by_group[-1]]
    for done in range(0, permutations, DEALINGS):
        dealt = np.empty((min(DEALINGS, permutations - done), len(second)), dtype=second.dtype)
        for row in dealt:
            order = rng.permutation(len(second))
            # A stable sort of a random order by group is a random order within each group.
            row[by_group] = second[order if one_group else order[np.argsort(group[order], kind="stable")]]
        yield np.ascontiguousarray(dealt.T)


def _adjust(observed: Ints, simulated: Ints) -> Floats:
    """Share of the permutations whose largest residual is at least that of each band."""
    # Standardised with the data among the permutations, so that all are treated alike and p keeps its promise.
    pooled = np.concatenate([observed[None], simulated])
    mean, deviation = pooled.mean(axis=0), pooled.std(axis=0)
    residual = np.nan_to_num(_standardise(pooled, mean, deviation), nan=-np.inf)
    largest = residual[1:].max(axis=(1, 2))
    return _rank(largest[:, None, None] >= residual[0] - 1e-9)


def _rank(reached: npt.NDArray[np.bool_]) -> Floats:
    """Tail probability of a Monte-Carlo test, from which permutations reach the data, ``(permutations, ...)``."""
    return np.asarray((1 + reached.sum(axis=0)) / (1 + len(reached)), dtype=np.float64)


def _standardise(count: Ints, expected: Floats, deviation: Floats) -> Floats:
    residual: Floats = np.full(count.shape, np.nan)
    np.divide(count - expected, deviation, out=residual, where=np.broadcast_to(deviation > 0, count.shape))
    return residual


def _check(events: Events, bands: Bands, permutations: int) -> None:
    for name, bounds in (("metres", bands.metres), ("days", bands.days)):
        rising = np.asarray(bounds, dtype=np.float64)
        if len(rising) < 2 or not np.isfinite(rising).all() or rising[0] < 0 or (np.diff(rising) <= 0).any():
            raise ConfigError(
                f"Expected bounds of {name} that rise from 0 or more. Received: {bounds}. "
                "Name at least two, such as 0 and 100."
            )
    if permutations < 1:
        raise ConfigError(f"Expected at least one permutation. Received: {permutations}. Use 999.")
    if len(events) < 2:
        raise DataError(
            f"Expected at least two events. Received: {len(events)}. Take a longer period or more categories."
        )


def _check_strata(strata: npt.ArrayLike | None, *, count: int) -> Ints:
    group = np.zeros(count, dtype=np.int64) if strata is None else np.asarray(strata)
    if group.shape != (count,) or not np.issubdtype(group.dtype, np.integer):
        raise DataError(
            f"Expected a whole number for each of {count} events. Received: {group.dtype} of shape {group.shape}. "
            "Number the strata of the events, not of the rows."
        )
    return group.astype(np.int64)
