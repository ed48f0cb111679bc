"""A forecast from everything a table can hold: boosted trees on calendar, recent rates and lagged counts."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from incidents.errors import ConfigError
from verify.baselines.features import WindowFeatures, check_rows
from verify.baselines.interface import CalibrationBlock
from verify.checks import Bools, Floats, check_both_classes
from verify.probability_scores import log_score


@dataclass(frozen=True)
class BoostedTrees:
    """scikit-learn's histogram gradient boosting with small steps and large leaves.

    The number of trees is chosen on the last ``tail`` of the training windows, never on a random subset:
    neighbouring windows share most of their history, and a random split would let the trees look across it.
    They are then grown anew on all training windows. Wrap in ``Calibrated`` to use the later block.

    Args:
        name: Name in reports.
        learning_rate: Shrinkage of each tree.
        most_trees: Trees tried.
        leaves: Leaves per tree.
        windows_per_leaf: Fewest windows in a leaf.
        l2: Penalty on leaf values.
        tail: Share of the training windows, at their end, that chooses the number of trees.
    """

    name: str = "boosted_trees"
    learning_rate: float = 0.05
    most_trees: int = 300
    leaves: int = 8
    windows_per_leaf: int = 50
    l2: float = 1.0
    tail: float = 0.2

    def __post_init__(self) -> None:
        if not 0.0 < self.tail < 1.0:
            raise ConfigError(f"Expected tail between 0 and 1. Received: {self.tail}. Use 0.2.")

    def fit(
        self, features: WindowFeatures, labels: npt.ArrayLike, *, calibration: CalibrationBlock | None = None
    ) -> "FittedBoostedTrees":
        """Grow the trees; see ``Baseline.fit``."""
        del calibration
        from threadpoolctl import threadpool_limits

        events = check_rows(features, labels)
        table = _columns(features)
        # On tables of this size OpenMP threads wait for each other longer than they work, on busy cores tenfold.
        with threadpool_limits(limits=1, user_api="openmp"):
            trees = self._choose_trees(table, events)
            return FittedBoostedTrees(self.name, trees, self._grow(table, events, trees))

    def _choose_trees(self, table: npt.NDArray[np.float32], events: Bools) -> int:
        cut = round(events.size * (1.0 - self.tail))
        check_both_classes(events[:cut], purpose="grow trees before the tail that chooses their number")
        grown = self._grow(table[:cut], events[:cut], self.most_trees)
        losses = [log_score(stage[:, 1], events[cut:]) for stage in grown.staged_predict_proba(table[cut:])]
        return 1 + int(np.argmin(losses))

    def _grow(self, table: npt.NDArray[np.float32], events: Bools, trees: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingClassifier

        model = HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=trees,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.windows_per_leaf,
            l2_regularization=self.l2,
            early_stopping=False,
            # Only the subset that chooses histogram bins above 200,000 rows is random; fixed, so runs agree.
            random_state=0,
        )
        return model.fit(table, events)


@dataclass(frozen=True)
class FittedBoostedTrees:
    """Fitted ``BoostedTrees``; ``model`` is scikit-learn's and is never pickled."""

    name: str
    trees: int
    model: Any

    def predict(self, features: WindowFeatures) -> Floats:
        """Probability of an event in each window, (n,)."""
        return np.asarray(self.model.predict_proba(_columns(features))[:, 1], dtype=np.float64)


def _columns(features: WindowFeatures) -> npt.NDArray[np.float32]:
    return np.hstack([features.calendar, features.recent, features.lags])
