"""The risk source of the alerts room: a bundle and a store, asked as of an instant."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from alerts.risk import Feed, Risk
from cnn.bundle import Bundle
from cnn.labels import resolve_target
from cnn.trained import Forecast
from incidents.store import IncidentStore
from rasterize.tensors import EventTensor
from rasterize.windows import zone
from tocsin.evaluation import describe_question
from tocsin.tensors import Days, history_start, tensor_of_model


@dataclass(frozen=True)
class StatedSkill:
    """What is known of a model's skill.

    Args:
        shown: Whether its newest evaluation beat the best baseline.
        text: The same in words.
    """

    shown: bool
    text: str


UNJUDGED = StatedSkill(False, "Skill has not been shown: this model has not been evaluated on later days.")


@dataclass(frozen=True)
class StoredRisk:
    """Forecasts from a store, as on record at an instant.

    Args:
        bundle: The trained model.
        store: The incidents.
        skill: What the model's evaluation says.
    """

    bundle: Bundle
    store: IncidentStore
    skill: StatedSkill = UNJUDGED

    def feed_at(self, as_of: datetime) -> Feed:
        """Say how fresh the incidents on record at an instant are."""
        import polars as pl

        from incidents.selection import on_record_at

        delays = self.bundle.model.frame.about["reporting_delay_hours"]
        # A month back is enough: anything older is stale in every config.
        recent = self.store.scan(start=as_of - timedelta(days=31), as_of=as_of, delay_hours=delays)
        newest, assumed = (
            recent.select(
                on_record_at(delays).max().alias("newest"),
                pl.col("known_at").is_null().any().alias("assumed"),
            )
            .collect()
            .row(0)
        )
        return Feed(newest, bool(assumed))

    def risk_at(self, as_of: datetime) -> Risk:
        """Forecast the next stretch of time from what was on record at an instant."""
        return self.look(as_of).risk

    def look(self, as_of: datetime) -> "Look":
        """Forecast the next stretch of time, with the surface for a map."""
        model = self.bundle.model
        tensor = self._tensor_at(as_of)
        target = resolve_target(model.target, tensor)
        issue = int(tensor.windows.of(np.array([int(as_of.timestamp())]))[0])
        forecast = model.predict(tensor, np.array([issue]))
        city = zone(model.frame.windows.time_zone)
        issued, valid_from, valid_until = (
            datetime.fromtimestamp(int(tensor.windows.bounds[index]), UTC).astimezone(city)
            for index in (issue, issue + target.lead, issue + target.lead + target.horizon)
        )
        risk = Risk(
            question=describe_question(model),
            event=" or ".join(model.target.categories),
            framing=model.target.framing,
            area=model.frame.about["city"],
            issued_at=issued,
            valid_from=valid_from,
            valid_until=valid_until,
            probability=float(forecast.probability[0]),
            interval=(float(forecast.lo[0]), float(forecast.hi[0])),
            base_rate=model.block.base_rate,
            baseline_probability=float(forecast.baseline[0]),
            area_shares=shares_by_area(tensor, forecast.surface),
            model_hash=self.bundle.hash,
            skill=self.skill.text,
        )
        return Look(risk, expected_in_cells(tensor, forecast))

    def _tensor_at(self, as_of: datetime) -> EventTensor:
        """Everything on record at an instant, in windows that reach past what is announced."""
        model = self.bundle.model
        today = as_of.astimezone(zone(model.frame.windows.time_zone)).date()
        ahead = timedelta(hours=model.target.lead_hours + model.target.horizon_hours)
        days = Days(history_start(model.frame, self.store), today + timedelta(days=2) + ahead)
        return tensor_of_model(model.frame, self.store, days, as_of=as_of)


@dataclass(frozen=True)
class Look:
    """A forecast with its surface.

    Args:
        risk: For the alerts room.
        expected: Expected incidents of the target by cell in what is announced, ``(rows, cols)``, NaN
            outside the city; None for a model without a surface.
    """

    risk: Risk
    expected: npt.NDArray[np.float64] | None


def expected_in_cells(tensor: EventTensor, forecast: Forecast) -> npt.NDArray[np.float64] | None:
    """Spread the city's expected count over the cells.

    A probability ``p`` of at least one incident stands for ``-log(1 - p)`` expected ones, as in a Poisson
    process.
    """
    if forecast.surface is None:
        return None
    expected = -np.log1p(-forecast.probability[0]) * forecast.surface[0].astype(np.float64)
    return np.where(tensor.overlay.inside, expected, np.nan)


def shares_by_area(tensor: EventTensor, surface: npt.NDArray[np.float32] | None) -> Mapping[str, float]:
    """Add up the shares of the risk by neighborhood, largest first; empty for a model without a surface."""
    if surface is None:
        return {}
    labels, areas = tensor.overlay.labels, tensor.overlay.areas
    inside = labels >= 0
    shares = np.bincount(labels[inside], weights=surface[0][inside], minlength=len(areas))
    order = np.argsort(-shares, kind="stable")
    return {areas[index]: float(shares[index]) for index in order}


def skill_at(as_of: datetime, bundle: Bundle, run: Path) -> StatedSkill:
    """What may be said of a model's skill at an instant: none where it has seen the day itself."""
    model = bundle.model
    if as_of.astimezone(zone(model.frame.windows.time_zone)).date() < model.calibrate[1]:
        return StatedSkill(
            False,
            f"A look back, not a forecast: the model has learned from the days before {model.calibrate[1]}.",
        )
    return stated_skill(run)


def stated_skill(run: Path) -> StatedSkill:
    """Repeat the verdict of the newest evaluation in a run folder, with its period."""
    reports = sorted(run.glob("evaluation-*/report.json"), key=lambda path: path.parent.name)
    if not reports:
        return UNJUDGED
    found: dict[str, Any] = json.loads(reports[-1].read_text(encoding="utf-8"))
    period = reports[-1].parent.name.removeprefix("evaluation-")
    return StatedSkill(bool(found["skill"]), f"Skill on {date_range(period)}: {found['verdict']}.")


def date_range(period: str) -> str:
    """Write ``2015-01-01-2016-01-01`` as two days."""
    return f"{date.fromisoformat(period[:10])} to {date.fromisoformat(period[11:])}"
