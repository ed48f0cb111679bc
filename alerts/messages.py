"""A warning or an abstention, as one flat message that people and programs can read.

Wording speaks of reported incidents and of areas, never of persons.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from alerts.risk import Feed, Risk
from alerts.settings import AlertSettings

RULE = "every_window/1"


class Severity(StrEnum):
    """How far the probability stands above the base rate."""

    NORMAL = "normal"
    ELEVATED = "elevated"
    HIGH = "high"


class Exercise(StrEnum):
    """Whether a message is meant."""

    TEST = "test"
    LIVE = "live"


@dataclass(frozen=True)
class CityWarning:
    """A forecast put into words.

    Args:
        risk: The forecast.
        feed: The data it rests on.
        as_of: When it was made (UTC).
        exercise: ``test`` or ``live``.
        severity: By the ratio to the base rate.
        areas_named: Most areas that the message names.
    """

    risk: Risk
    feed: Feed
    as_of: datetime
    exercise: Exercise
    severity: Severity
    areas_named: int

    @property
    def id(self) -> str:
        """The same for the same area, window, model and rule, so that a repeat is recognised."""
        risk = self.risk
        window = [_stamp(end.astimezone(UTC)) for end in (risk.valid_from, risk.valid_until)]
        return _digest([risk.area, *window, risk.model_hash, RULE])

    def to_json(self) -> dict[str, Any]:
        """Return the message as JSON-able values, times in ISO 8601 with their offset."""
        risk, ratio = self.risk, self.risk.probability / self.risk.base_rate
        return {
            "status": "warning",
            "id": self.id,
            "exercise": self.exercise.value,
            "severity": self.severity.value,
            "area": risk.area,
            "question": risk.question,
            "issued_at": _stamp(risk.issued_at),
            "as_of": _stamp(self.as_of),
            "valid_from": _stamp(risk.valid_from),
            "valid_until": _stamp(risk.valid_until),
            "expires": _stamp(risk.valid_until),
            "probability": round(risk.probability, 6),
            "interval_95": [round(end, 6) for end in risk.interval],
            "base_rate": round(risk.base_rate, 6),
            "ratio_to_base_rate": round(ratio, 4),
            "baseline_probability": round(risk.baseline_probability, 6),
            "areas": [
                {"area": area, "share_of_risk": round(share, 4)}
                for area, share in list(risk.area_shares.items())[: self.areas_named]
            ],
            "data_cutoff": _stamp(self.feed.newest_record) if self.feed.newest_record else None,
            "data_age_hours": _age_hours(self.feed, self.as_of),
            "report_times_are_assumed": self.feed.delays_are_assumed,
            "model_hash": risk.model_hash,
            "rule": RULE,
            "skill": risk.skill,
            "text": self.text,
        }

    @property
    def text(self) -> str:
        """One paragraph for a reader on duty, local times."""
        risk = self.risk
        low, high = risk.interval
        lead = "TEST. " if self.exercise is Exercise.TEST else ""
        return (
            f"{lead}{risk.area}, {_span(risk.valid_from, risk.valid_until)}: probability "
            f"{risk.probability:.1%} ({low:.1%} to {high:.1%}) of at least one reported {risk.event}, "
            f"{risk.probability / risk.base_rate:.1f} times the base rate of {risk.base_rate:.1%}. By calendar "
            f"and recent rates alone: {risk.baseline_probability:.1%}. {risk.skill} Concerns areas, never "
            f"persons. Expires {risk.valid_until:%Y-%m-%d %H:%M %Z}."
        )


@dataclass(frozen=True)
class Abstention:
    """Why no warning is given: never silence that looks like calm.

    Args:
        area: Whom it concerns.
        reason: Short code, e.g. ``stale_data``.
        detail: Expected, received and next step, in words.
        as_of: When it was decided (UTC).
        feed: The data it was decided on.
        exercise: ``test`` or ``live``.
    """

    area: str
    reason: str
    detail: str
    as_of: datetime
    feed: Feed
    exercise: Exercise

    def to_json(self) -> dict[str, Any]:
        """Return the message as JSON-able values."""
        return {
            "status": "abstained",
            "id": _digest([self.area, _stamp(self.as_of), self.reason]),
            "exercise": self.exercise.value,
            "area": self.area,
            "as_of": _stamp(self.as_of),
            "reason": self.reason,
            "text": f"No warning can be given, which does not mean that the risk is low. {self.detail}",
            "data_cutoff": _stamp(self.feed.newest_record) if self.feed.newest_record else None,
            "data_age_hours": _age_hours(self.feed, self.as_of),
        }


def judge_severity(risk: Risk, settings: AlertSettings) -> Severity:
    """Rank a probability by its ratio to the base rate."""
    ratio = risk.probability / risk.base_rate
    if ratio >= settings.high_ratio:
        return Severity.HIGH
    return Severity.ELEVATED if ratio >= settings.elevated_ratio else Severity.NORMAL


def _age_hours(feed: Feed, as_of: datetime) -> float | None:
    if feed.newest_record is None:
        return None
    return round((as_of - feed.newest_record).total_seconds() / 3600, 2)


def _stamp(instant: datetime) -> str:
    return instant.isoformat(timespec="minutes")


def _span(start: datetime, end: datetime) -> str:
    """Write a stretch of local time; the day and the zone appear twice where they change within it."""
    zone = "" if start.tzname() == end.tzname() else f" {start:%Z}"
    day = "" if start.date() == end.date() else f"{end:%Y-%m-%d} "
    return f"{start:%Y-%m-%d %H:%M}{zone} to {day}{end:%H:%M %Z}"


def _digest(parts: list[str]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
