"""What the alerts room needs to know of a forecast, whoever makes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Risk:
    """A calibrated forecast for one area and one stretch of time.

    Args:
        question: What is announced, in words.
        event: The target alone, e.g. ``homicide or shooting``.
        framing: ``impending``, or ``nowcast``, which may not be alerted on.
        area: The area, e.g. the name of the city.
        issued_at: When the forecast is made: the start of a window, in the city's time zone.
        valid_from: Start of what is announced, in the city's time zone.
        valid_until: End of what is announced, in the city's time zone.
        probability: Of at least one reported incident of the target.
        interval: 95% interval of the probability's calibration.
        base_rate: Share of windows with the event in the model's training and calibration blocks.
        baseline_probability: By calendar and recent rates alone.
        area_shares: Expected share of the risk by area within, largest first.
        model_hash: Of the bundle.
        skill: What the model's last evaluation says of it, in words.
    """

    question: str
    event: str
    framing: str
    area: str
    issued_at: datetime
    valid_from: datetime
    valid_until: datetime
    probability: float
    interval: tuple[float, float]
    base_rate: float
    baseline_probability: float
    area_shares: Mapping[str, float]
    model_hash: str
    skill: str


@dataclass(frozen=True)
class Feed:
    """How fresh the incidents are that a forecast rests on.

    Args:
        newest_record: When the newest incident was on record, as reported or assumed (UTC); None if none.
        delays_are_assumed: Whether any record time was assumed.
    """

    newest_record: datetime | None
    delays_are_assumed: bool


class RiskSource(Protocol):
    """Whatever can forecast as of an instant."""

    def feed_at(self, as_of: datetime) -> Feed:
        """Say how fresh the incidents are, as on record at an instant (UTC)."""
        ...

    def risk_at(self, as_of: datetime) -> Risk:
        """Forecast from what was on record at an instant (UTC)."""
        ...
