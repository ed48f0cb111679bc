"""Forecasts learned from a table of lags: logistic regression, and boosted trees.

Both correct a first guess, the map to date scaled to the city's level: what they learn is the ratio to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from incidents.errors import ConfigError
from verify.checks import Bools, Floats
from verify.logistic import LogisticFit, fit_logistic, logit
from verify.panel.events import PlaceEvents
from verify.panel.interface import FittedPlaceBaseline, probability_of_any
from verify.panel.lags import LagFeatures, Table
from verify.panel.level import WithLevel
from verify.panel.panel import Panel, check_history
from verify.panel.periods import Periods
from verify.panel.prospective import last_days
from verify.panel.static import MapToDate
from verify.panel.training_rows import TrainingRows, choose_rows
from verify.panel.units import PlaceUnits


@dataclass(frozen=True)
class LagLogistic:
    """Logistic regression on a table of lags.

    Args:
        name: Name in reports.
        features: Columns of the table.
        train_days: The model learns from the last days of the history.
        most_quiet: Rows without an event to learn from.
        l2: Penalty on the standardised coefficients.
    """

    name: str = "logistic on lags"
    features: LagFeatures = field(default_factory=LagFeatures)
    train_days: int = 728
    most_quiet: int = 200_000
    l2: float = 10.0

    def fit(self, history: Panel) -> "FittedLagLogistic":
        """Learn the coefficients; see ``PlaceBaseline.fit``."""
        check_history(history)
        first = WithLevel(MapToDate()).fit(history)
        lesson = _gather(
            history, first, self.features, train_days=self.train_days, most_quiet=self.most_quiet
        )
        fit = fit_logistic(
            lesson.table,
            lesson.rows.count > 0,
            l2=self.l2,
            weights=lesson.rows.weight,
            offset=logit(probability_of_any(lesson.guess)),
        )
        return FittedLagLogistic(self.name, self.features, history.units, first, fit)


@dataclass(frozen=True)
class FittedLagLogistic:
    """A fitted ``LagLogistic``."""

    name: str
    features: LagFeatures
    units: PlaceUnits
    first_guess: FittedPlaceBaseline
    regression: LogisticFit

    @property
    def findings(self) -> Mapping[str, float]:
        """Those of the first guess."""
        return self.first_guess.findings

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u), from the probability of any; see ``FittedPlaceBaseline.expected``."""
        asked = Panel(self.name, events, self.units, periods)
        offset = logit(probability_of_any(self.first_guess.expected(events, periods))).ravel()
        probability = self.regression.predict(_full_table(asked, self.features), offset=offset)
        return -np.log1p(-np.minimum(probability, 1.0 - 1e-12)).reshape(asked.shape)


@dataclass(frozen=True)
class LagTrees:
    """scikit-learn's histogram gradient boosting on a table of lags, with Poisson loss.

    The number of trees is chosen on the end of the training days, and the trees are grown anew on all of them.

    Args:
        name: Name in reports.
        features: Columns of the table.
        train_days: The model learns from the last days of the history.
        most_quiet: Rows without an event to learn from.
        learning_rate: Shrinkage of each tree.
        most_trees: Trees tried.
        leaves: Leaves per tree.
        rows_per_leaf: Fewest rows in a leaf.
        tail: Share of the training days, at their end, that chooses the number of trees.
    """

    name: str = "boosted trees on lags"
    features: LagFeatures = field(default_factory=LagFeatures)
    train_days: int = 728
    most_quiet: int = 100_000
    learning_rate: float = 0.05
    most_trees: int = 100
    leaves: int = 8
    rows_per_leaf: int = 500
    tail: float = 0.25

    def __post_init__(self) -> None:
        if not 0.0 < self.tail < 1.0:
            raise ConfigError(f"Expected tail between 0 and 1. Received: {self.tail}. Use 0.25.")

    def fit(self, history: Panel) -> "FittedLagTrees":
        """Grow the trees; see ``PlaceBaseline.fit``."""
        check_history(history)
        first = WithLevel(MapToDate()).fit(history)
        lesson = _gather(
            history, first, self.features, train_days=self.train_days, most_quiet=self.most_quiet
        )
        trees = self._choose_trees(lesson)
        model = self._grow(lesson, np.ones(len(lesson.rows), dtype=np.bool_), trees=trees)
        return FittedLagTrees(self.name, self.features, history.units, first, trees, model)

    def _choose_trees(self, lesson: "_Lesson") -> int:
        rows = lesson.rows
        early = rows.period < np.quantile(rows.period, 1.0 - self.tail)
        if not rows.count[early].any() or not rows.count[~early].any():
            return self.most_trees
        grown = self._grow(lesson, early, trees=self.most_trees)
        count, weight, guess = rows.count[~early], rows.weight[~early], lesson.guess[~early]
        stages = grown.staged_predict(lesson.table[~early])
        return 1 + int(np.argmin([weight @ (ratio * guess - count * np.log(ratio)) for ratio in stages]))

    def _grow(self, lesson: "_Lesson", part: Bools, *, trees: int) -> Any:
        from sklearn.ensemble import HistGradientBoostingRegressor

        model = HistGradientBoostingRegressor(
            loss="poisson",
            learning_rate=self.learning_rate,
            max_iter=trees,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.rows_per_leaf,
            early_stopping=False,
            # Only the subset that chooses histogram bins above 200,000 rows is random; fixed, so runs agree.
            random_state=0,
        )
        # The Poisson loss of count over guess, weighted by the guess, is that of the count with an offset.
        guess = lesson.guess[part]
        ratio, weight = lesson.rows.count[part] / guess, lesson.rows.weight[part] * guess
        return model.fit(lesson.table[part], ratio, sample_weight=weight)


@dataclass(frozen=True)
class FittedLagTrees:
    """Fitted ``LagTrees``; ``model`` is scikit-learn's and is never pickled to disk."""

    name: str
    features: LagFeatures
    units: PlaceUnits
    first_guess: FittedPlaceBaseline
    trees: int
    model: Any

    @property
    def findings(self) -> Mapping[str, float]:
        """Those of the first guess, and the number of trees."""
        return {**self.first_guess.findings, "trees": float(self.trees)}

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        asked = Panel(self.name, events, self.units, periods)
        ratio = self.model.predict(_full_table(asked, self.features)).reshape(asked.shape)
        return np.asarray(ratio * self.first_guess.expected(events, periods), dtype=np.float64)


@dataclass(frozen=True)
class _Lesson:
    """What is learned from: chosen rows, (n,), their table (n, k), and their first guess, (n,)."""

    rows: TrainingRows
    table: Table
    guess: Floats


def _gather(
    history: Panel, first: FittedPlaceBaseline, features: LagFeatures, *, train_days: int, most_quiet: int
) -> _Lesson:
    """Choose rows of the last days, and look up what was known at their issues."""
    recent = history.during(last_days(history.periods, train_days))
    rows = choose_rows(recent.counts(), most_quiet=most_quiet)
    columns = [column[rows.period, rows.unit].astype(np.float32) for column in features.columns(recent)]
    guess = first.expected(recent.events, recent.periods)[rows.period, rows.unit]
    return _Lesson(rows, np.column_stack(columns), guess)


def _full_table(panel: Panel, features: LagFeatures) -> Table:
    """All rows of a panel, period by period, (p * u, k)."""
    return np.column_stack([column.astype(np.float32).ravel() for column in features.columns(panel)])
