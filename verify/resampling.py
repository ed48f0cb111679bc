"""Which blocks of time a bootstrap draws, and sums over the drawn blocks.

Events cluster in time, so whole blocks (weeks) are drawn with replacement. A draw is kept as how often each
block was drawn, ``(draws, blocks)``; draw 0 is the sample itself.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError, DataError
from verify.checks import Floats, Integers

# So many columns times draws at once: their weights stay within a CPU's cache.
CHUNK_VALUES = 32_768


@dataclass(frozen=True)
class Resampling:
    """Blocks drawn with replacement.

    Args:
        block: Block of each row, (n,).
        draws: How often each block was drawn, (1 + replicates, blocks); row 0 is the sample itself.
    """

    block: Integers
    draws: Floats

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return int(self.draws.shape[1])

    def sum_rows(self, values: Floats) -> Floats:
        """Sum of per-row values in every draw, (draws,)."""
        return add_blocks(
            self.draws, np.bincount(self.block, weights=values, minlength=self.blocks).astype(np.float64)
        )

    def sum_slots(self, slot: Integers, *, slots: int, values: Floats | None = None) -> Floats:
        """Sums (or, without values, counts) of rows by block and slot, (blocks, slots)."""
        cell = self.block * slots + slot
        return (
            np.bincount(cell, weights=values, minlength=self.blocks * slots)
            .reshape(-1, slots)
            .astype(np.float64)
        )

    def rows(self, index: Integers | slice) -> "Resampling":
        """The same draws for some of the rows."""
        return Resampling(self.block[index], self.draws)

    def chunks(self, columns: int) -> list[slice]:
        """Draws taken together, so that an array of (draws, columns) fits the cache."""
        size = max(1, CHUNK_VALUES // columns)
        return [slice(start, start + size) for start in range(0, len(self.draws), size)]


def resample(blocks: npt.ArrayLike, *, count: int, replicates: int, rng: np.random.Generator) -> Resampling:
    """Draw blocks with replacement, as many as there are, for each replicate.

    Args:
        blocks: Block of each row, (count,) integers in any order, at least 2 distinct.
        count: Number of rows.
        replicates: Number of draws, >= 1.
        rng: Source of randomness.

    Raises:
        DataError: Shapes differ, blocks are not integers, or there are fewer than 2.
        ConfigError: Fewer than 1 replicate.
    """
    given = np.asarray(blocks)
    if replicates < 1:
        raise ConfigError(f"Expected at least one replicate. Received: {replicates}. Use 1000.")
    if given.shape != (count,) or not np.issubdtype(given.dtype, np.integer):
        raise DataError(
            f"Expected an integer block for each of {count} rows. Received: {given.dtype} of shape "
            f"{given.shape}. Number the weeks."
        )
    names, block = np.unique(given, return_inverse=True)
    if names.size < 2:
        raise DataError("Expected at least 2 blocks of time. Received: 1. Score a longer period.")
    drawn = rng.multinomial(names.size, np.full(names.size, 1.0 / names.size), size=replicates)
    return Resampling(block, np.vstack([np.ones((1, names.size)), drawn]))


def add_blocks(draws: Floats, by_block: Floats) -> Floats:
    """Sums over the drawn blocks, (draws, ...), of sums by block, (blocks, ...)."""
    # einsum on purpose: a threaded BLAS waits for its threads at each of many small products on busy cores.
    return np.asarray(np.einsum("db,b...->d...", draws, by_block), dtype=np.float64)
