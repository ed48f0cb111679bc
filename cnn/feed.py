"""Batches for Keras, made from the sparse tensor as training asks for them.

``keras.utils.PyDataset`` keeps TensorFlow out of the feeding code, and the dense maps of only a few batches
in memory at once.
"""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from cnn.examples import Batch, Examples

Ints = npt.NDArray[np.int64]


class IssueFeed(keras.utils.PyDataset):  # type: ignore[misc]
    """Serves examples in batches.

    Args:
        examples: Maker of inputs and targets.
        issues: Issues to serve, ``(n,)``.
        batch_size: Issues in a batch; the last one may be smaller.
        rng: Shuffles anew before every epoch; None keeps the order of time.
    """

    def __init__(
        self, examples: Examples, issues: Ints, *, batch_size: int, rng: np.random.Generator | None = None
    ) -> None:
        super().__init__()
        self._examples = examples
        self._issues = issues
        self._batch_size = batch_size
        self._rng = rng
        self._order = np.arange(len(issues)) if rng is None else rng.permutation(len(issues))

    def __len__(self) -> int:
        return -(-len(self._issues) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Batch, Batch]:
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        issues = self._issues[rows]
        return self._examples.inputs(issues), self._examples.targets(issues)

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        if self._rng is not None:
            self._order = self._rng.permutation(len(self._issues))


class InputFeed(keras.utils.PyDataset):  # type: ignore[misc]
    """Serves the inputs alone, in order, for prediction."""

    def __init__(self, examples: Examples, issues: Ints, *, batch_size: int) -> None:
        super().__init__()
        self._examples = examples
        self._issues = issues
        self._batch_size = batch_size

    def __len__(self) -> int:
        return -(-len(self._issues) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Any]:
        issues = self._issues[index * self._batch_size : (index + 1) * self._batch_size]
        return (self._examples.inputs(issues),)
