"""How sure is a hit rate: events caught by flagging a share of the ground, with intervals by weeks."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from verify.bootstrap import Estimate
from verify.checks import Floats, Integers
from verify.hotspot_scores import score_hotspots
from verify.panel.panel import Counts
from verify.resampling import Resampling, add_blocks


@dataclass(frozen=True)
class Catches:
    """Hit rates of several models at several shares of the ground, in the sample and in every draw.

    Args:
        shares: Shares of the ground flagged in every period, (k,).
        draws: Model to hit rates, (1 + replicates, k); row 0 is the sample itself.
        perfect: Hit rate of one who knows what will happen, (k,).
    """

    shares: Floats
    draws: Mapping[str, Floats]
    perfect: Floats

    def estimate(self, model: str) -> tuple[Estimate, ...]:
        """Hit rate at each share with its 95% interval."""
        return _with_intervals(self.draws[model])

    def difference(self, model: str, baseline: str) -> tuple[Estimate, ...]:
        """Hit rate minus that of a baseline at each share, paired within each draw."""
        return _with_intervals(self.draws[model] - self.draws[baseline])

    def pei_star(self, model: str) -> Floats:
        """Events caught over the most that any choice could catch, (k,)."""
        return np.asarray(self.draws[model][0] / self.perfect, dtype=np.float64)


def score_catches(
    expected: Mapping[str, Floats], counts: Counts, area_m2: Floats, *, resampling: Resampling, shares: Floats
) -> Catches:
    """Flag the units of highest expected count per area anew in every period, and see what was caught.

    Args:
        expected: Model to expected counts, (p, u).
        counts: Events, (p, u).
        area_m2: Ground of each unit, (u,).
        resampling: Blocks of periods.
        shares: Shares of the ground, (k,).
    """
    events = add_blocks(resampling.draws, _sum_blocks(counts.sum(axis=1)[:, None], resampling))

    def draw(risk: Floats | Counts) -> Floats:
        caught = _catch(risk, counts, area_m2, resampling=resampling, shares=shares)
        return add_blocks(resampling.draws, caught) / events

    return Catches(shares, {name: draw(values) for name, values in expected.items()}, draw(counts)[0])


def _catch(
    risk: Floats | Counts, counts: Counts, area_m2: Floats, *, resampling: Resampling, shares: Floats
) -> Floats:
    """Events caught in each block, (blocks, k)."""
    caught = np.zeros((resampling.blocks, shares.size))
    for block in range(resampling.blocks):
        periods = resampling.block == block
        found = counts[periods]
        if found.any():
            scored = score_hotspots(risk[periods], found, area=area_m2, shares=shares)
            caught[block] = scored.hit_rate * found.sum()
    return caught


def _sum_blocks(values: Integers | Counts, resampling: Resampling) -> Floats:
    sums = np.zeros((resampling.blocks, values.shape[1]))
    np.add.at(sums, resampling.block, values)
    return sums


def _with_intervals(draws: Floats) -> tuple[Estimate, ...]:
    low, high = np.nanquantile(draws[1:], [0.025, 0.975], axis=0)
    return tuple(
        Estimate(*(float(number) for number in trio)) for trio in zip(draws[0], low, high, strict=True)
    )
