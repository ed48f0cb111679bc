"""Several forecasters as one: the geometric mean of what they expect."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from incidents.errors import ConfigError
from verify.checks import Floats
from verify.panel.events import PlaceEvents
from verify.panel.interface import FittedPlaceBaseline, PlaceBaseline
from verify.panel.panel import Panel
from verify.panel.periods import Periods

SMALLEST = 1e-12
"""Expected count that stands for 0, which would silence all the others."""


@dataclass(frozen=True)
class Pool:
    """The geometric mean of several forecasters, each counted alike.

    Errors that they do not share cancel. Not for forecasters of which one is plainly worse: it counts as much.

    Args:
        models: What is pooled, one or more.
        name: Name in reports.

    Reference:
        The logarithmic opinion pool: Genest and Zidek (1986), doi:10.1214/ss/1177013825.
    """

    models: tuple[PlaceBaseline, ...]
    name: str = "pool"

    def __post_init__(self) -> None:
        if not self.models:
            raise ConfigError("Expected one or more models to pool. Received: none. Name some.")

    def fit(self, history: Panel) -> "FittedPool":
        """Fit each; see ``PlaceBaseline.fit``."""
        return FittedPool(self.name, tuple(model.fit(history) for model in self.models))


@dataclass(frozen=True)
class FittedPool:
    """A fitted ``Pool``."""

    name: str
    models: tuple[FittedPlaceBaseline, ...]

    @property
    def findings(self) -> Mapping[str, float]:
        """Those of each model, under its name."""
        return {
            f"{model.name}: {finding}": value
            for model in self.models
            for finding, value in model.findings.items()
        }

    def expected(self, events: PlaceEvents, periods: Periods) -> Floats:
        """Expected counts, (p, u); see ``FittedPlaceBaseline.expected``."""
        logs = [np.log(np.maximum(model.expected(events, periods), SMALLEST)) for model in self.models]
        return np.asarray(np.exp(np.mean(logs, axis=0)), dtype=np.float64)
