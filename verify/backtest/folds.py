"""What one model forecast in one fold, and its place on disk: written whole, and found again by its content."""

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from incidents.errors import DataError
from incidents.files import replacing_file
from verify.backtest.content_key import code_key, content_key
from verify.backtest.schedule import Fold
from verify.panel.interface import PlaceBaseline
from verify.panel.panel import Panel


@dataclass(frozen=True)
class FoldForecast:
    """Forecasts of one model in one fold.

    Args:
        expected: Expected counts, (p, u); float32, so that a year of many models fits memory and disk.
        findings: What the fit chose or estimated.
    """

    expected: npt.NDArray[np.float32]
    findings: Mapping[str, float]


@dataclass(frozen=True)
class Task:
    """One model to fit and ask in one fold.

    Args:
        model: The model.
        fold: The fold.
        key: Digest of the model, of its code, and of all data that it may see.
    """

    model: PlaceBaseline
    fold: Fold
    key: str

    @property
    def file_name(self) -> str:
        """Where the result lies in the backtest's folder."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.model.name.lower()).strip("-")
        return f"fold-{self.fold.number:03d}-{slug}-{self.key}.npz"


def plan_task(panel: Panel, model: PlaceBaseline, fold: Fold) -> Task:
    """Name the result of a model in a fold by all that it depends on.

    What became known after the last issue of the fold is no part of it: a longer record leaves the key as it is.
    """
    periods = fold.periods(panel)
    seen = panel.events.known_by(periods.issue[-1])
    ended = panel.periods.rows(panel.periods.stop <= fold.learn_until)
    key = content_key(model, code_key(model), seen, ended, periods, panel.units, fold.fit_at)
    return Task(model, fold, key)


def forecast_fold(panel: Panel, model: PlaceBaseline, fold: Fold) -> FoldForecast:
    """Fit a model on what was known, and let it forecast the periods of the fold as of their issues.

    Raises:
        NoPositivesError: The history holds no event.
        DataError: The model gave another shape, or values that are not finite and >= 0.
    """
    fitted = model.fit(fold.history(panel))
    periods = fold.periods(panel)
    expected = np.asarray(fitted.expected(panel.events.known_by(periods.issue[-1]), periods))
    wanted = (len(periods), len(panel.units))
    if expected.shape != wanted or not bool((np.isfinite(expected) & (expected >= 0.0)).all()):
        raise DataError(
            f"Expected counts of shape {wanted}, finite and >= 0, from {model.name}. Received: {expected.shape}, "
            f"{int(np.count_nonzero(~(np.isfinite(expected) & (expected >= 0.0))))} of them not. Correct the model."
        )
    return FoldForecast(expected.astype(np.float32), dict(fitted.findings))


def save_forecast(path: Path, forecast: FoldForecast) -> None:
    """Write a forecast, whole or not at all.

    Raises:
        StoreError: The file could not be written.
    """
    note = np.frombuffer(json.dumps(forecast.findings).encode(), dtype=np.uint8)
    with replacing_file(path) as aside:
        np.savez_compressed(aside, expected=forecast.expected, findings=note)


def load_forecast(path: Path) -> FoldForecast | None:
    """Read a forecast back; None where there is none, or not a whole one."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return FoldForecast(stored["expected"], json.loads(stored["findings"].tobytes()))
    except (FileNotFoundError, zipfile.BadZipFile, KeyError, ValueError, EOFError):
        return None
