"""One forecast for a July evening, and a source that keeps what it is given in memory."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.risk import Feed, Risk, RiskSource

NEW_YORK = ZoneInfo("America/New_York")

EVENING = Risk(
    question="a reported homicide or shooting in baltimore in the 2 h that begin 0 h after the forecast is made",
    event="homicide or shooting",
    framing="impending",
    area="baltimore",
    issued_at=datetime(2015, 7, 4, 20, tzinfo=NEW_YORK),
    valid_from=datetime(2015, 7, 4, 20, tzinfo=NEW_YORK),
    valid_until=datetime(2015, 7, 4, 22, tzinfo=NEW_YORK),
    probability=0.3141592,
    interval=(0.25, 0.4),
    base_rate=0.16,
    baseline_probability=0.29,
    area_shares={"West": 0.5, "East": 0.3, "North": 0.2},
    model_hash="ab" * 32,
    skill="Skill on 2015-01-01 to 2016-01-01: no skill shown.",
)
FRESH = Feed(newest_record=datetime(2015, 7, 4, 18, 30, tzinfo=UTC), delays_are_assumed=True)


@dataclass(frozen=True)
class RememberedRisk:
    """A risk source in memory: the newest forecast and feed that are not newer than the instant asked for."""

    risks: tuple[Risk, ...]
    records: tuple[datetime, ...]
    delays_are_assumed: bool = True

    def feed_at(self, as_of: datetime) -> Feed:
        known = [record for record in self.records if record <= as_of]
        return Feed(max(known, default=None), self.delays_are_assumed)

    def risk_at(self, as_of: datetime) -> Risk:
        return max((r for r in self.risks if r.issued_at <= as_of), key=lambda risk: risk.issued_at)


@pytest.fixture(scope="session")
def evening() -> Risk:
    return EVENING


@pytest.fixture(scope="session")
def fresh() -> Feed:
    return FRESH


@pytest.fixture(scope="session")
def source_of() -> Callable[..., RiskSource]:
    """A source of one forecast, some of its fields replaced, and of records at some instants."""

    def build(*records: datetime, **changes: Any) -> RiskSource:
        source: RiskSource = RememberedRisk((replace(EVENING, **changes),), records)
        return source

    return build
