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
from incidents.store import IncidentStore
from rasterize.tensors import EventTensor
from rasterize.windows import zone
from tocsin.evaluation import describe_question
from tocsin.tensors import Days, history_start, tensor_of_model

UNJUDGED = "Skill has not been shown: this model has not been evaluated on later days."


@dataclass(frozen=True)
class StoredRisk:
    """Forecasts from a store, as on record at an instant.

    Args:
        bundle: The trained model.
        store: The incidents.
        skill: What the model's evaluation says, in words.
    """

    bundle: Bundle
    store: IncidentStore
    skill: str = UNJUDGED

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
        model = self.bundle.model
        city = zone(model.frame.windows.time_zone)
        today = as_of.astimezone(city).date()
        ahead = timedelta(hours=model.target.lead_hours + model.target.horizon_hours)
        start = history_start(model.frame, self.store)
        days = Days(start, today + timedelta(days=2) + ahead)
        tensor = tensor_of_model(model.frame, self.store, days, as_of=as_of)
        target = resolve_target(model.target, tensor)
        issue = int(tensor.windows.of(np.array([int(as_of.timestamp())]))[0])
        forecast = model.predict(tensor, np.array([issue]))
        first, last = issue + target.lead, issue + target.lead + target.horizon
        issued, valid_from, valid_until = (
            datetime.fromtimestamp(int(tensor.windows.bounds[index]), UTC).astimezone(city)
            for index in (issue, first, last)
        )
        return Risk(
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
            skill=self.skill,
        )


def shares_by_area(tensor: EventTensor, surface: npt.NDArray[np.float32] | None) -> Mapping[str, float]:
    """Add up the shares of the risk by neighborhood, largest first; empty for a model without a surface."""
    if surface is None:
        return {}
    labels, areas = tensor.overlay.labels, tensor.overlay.areas
    inside = labels >= 0
    shares = np.bincount(labels[inside], weights=surface[0][inside], minlength=len(areas))
    order = np.argsort(-shares, kind="stable")
    return {areas[index]: float(shares[index]) for index in order}


def stated_skill(run: Path) -> str:
    """Repeat the verdict of the newest evaluation in a run folder, with its period."""
    reports = sorted(run.glob("evaluation-*/report.json"), key=lambda path: path.parent.name)
    if not reports:
        return UNJUDGED
    found: dict[str, Any] = json.loads(reports[-1].read_text(encoding="utf-8"))
    period = reports[-1].parent.name.removeprefix("evaluation-")
    return f"Skill on {date_range(period)}: {found['verdict']}."


def date_range(period: str) -> str:
    """Write ``2015-01-01-2016-01-01`` as two days."""
    return f"{date.fromisoformat(period[:10])} to {date.fromisoformat(period[11:])}"
