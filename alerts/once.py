"""One look at the risk: a warning, or an abstention with its reason."""

from datetime import datetime, timedelta

from alerts.messages import Abstention, CityWarning, Exercise, judge_severity
from alerts.risk import Feed, RiskSource
from alerts.settings import AlertSettings
from incidents.errors import ConfigError


def warn_once(
    source: RiskSource, as_of: datetime, settings: AlertSettings, *, area: str, exercise: Exercise
) -> CityWarning | Abstention:
    """Ask the source for the risk of the next window and put it into words.

    Args:
        source: Forecasts as of an instant.
        as_of: The instant (UTC-aware).
        settings: Rules.
        area: Whom an abstention concerns.
        exercise: ``test`` or ``live``.

    Returns:
        A warning, or an abstention where the data are too old to say anything.

    Raises:
        ConfigError: The source makes nowcasts, which announce nothing.
    """
    feed = source.feed_at(as_of)
    stale = _explain_staleness(feed, as_of, settings)
    if stale:
        return Abstention(area, "stale_data", stale, as_of, feed, exercise)
    risk = source.risk_at(as_of)
    if risk.framing != "impending":
        raise ConfigError(
            f"Expected a model of framing impending. Received: {risk.framing}, which classifies what is "
            "already over. Train one with target.framing: impending."
        )
    return CityWarning(risk, feed, as_of, exercise, judge_severity(risk, settings), settings.areas_named)


def _explain_staleness(feed: Feed, as_of: datetime, settings: AlertSettings) -> str | None:
    """Say why the feed is too old, or None if it is fresh enough."""
    limit = timedelta(hours=settings.max_data_age_hours)
    if feed.newest_record is None:
        received = "none on record"
    elif as_of - feed.newest_record > limit:
        received = f"the newest from {feed.newest_record:%Y-%m-%d %H:%M %Z}"
    else:
        return None
    return (
        f"Expected an incident on record within {settings.max_data_age_hours:g} h before "
        f"{as_of:%Y-%m-%d %H:%M %Z}. Received: {received}. Ingest newer files, or check the feed."
    )
