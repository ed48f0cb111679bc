"""Days and instants as a user types them on the command line."""

from datetime import UTC, date, datetime

from incidents.errors import ConfigError
from rasterize.windows import zone


def parse_day(text: str, *, option: str) -> date:
    """Read ``YYYY-MM-DD``.

    Raises:
        ConfigError: Something else was given.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"Expected a day as YYYY-MM-DD for {option}. Received: {text!r}. Example: {option} 2015-01-01."
        ) from error


def parse_instant(text: str, *, option: str, time_zone: str) -> datetime:
    """Read ``YYYY-MM-DDTHH:MM`` as the city's wall clock, or with an offset as it stands; returns UTC.

    Raises:
        ConfigError: Something else was given.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(
            f"Expected a time as YYYY-MM-DDTHH:MM for {option}. Received: {text!r}. Example: {option} 2015-07-04T20:00."
        ) from error
    local = instant if instant.tzinfo else instant.replace(tzinfo=zone(time_zone))
    return local.astimezone(UTC)
