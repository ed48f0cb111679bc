"""What every forecast that leaves the house says about itself: when it holds, how likely, how good."""

from dataclasses import dataclass
from datetime import datetime

from incidents.errors import ConfigError
from rasterize.windows import zone


@dataclass(frozen=True)
class RiskCaption:
    """The words and numbers beside a forecast.

    Args:
        city: Name of the city.
        target: What is forecast, e.g. ``homicide or shooting``.
        time_zone: IANA name, for the times as readers see them.
        issued_at: When the forecast was made; like all times UTC-aware.
        data_until: Nothing that became known later was used.
        valid_from: Start of the forecast window.
        valid_to: Its end.
        expires_at: After this nobody should act on it.
        probability: Of at least one such incident in the city and window, with its interval.
        probability_lo: Lower end.
        probability_hi: Upper end.
        base_rate: Share of past windows with at least one.
        has_skill: Whether the model beat its best baseline on later data.
    """

    city: str
    target: str
    time_zone: str
    issued_at: datetime
    data_until: datetime
    valid_from: datetime
    valid_to: datetime
    expires_at: datetime
    probability: float
    probability_lo: float
    probability_hi: float
    base_rate: float
    has_skill: bool

    @property
    def verdict(self) -> str:
        """One line on whether the model is any good."""
        if self.has_skill:
            return "model: better than its best baseline on later data"
        return "no skill shown: not better than its best baseline on later data"

    @property
    def ratio(self) -> float:
        """How many times as likely as usual."""
        return self.probability / self.base_rate if self.base_rate > 0 else float("inf")

    @property
    def valid(self) -> str:
        """When the forecast holds, e.g. ``Sat 4 Jul 2015, 20:00 to 22:00 EDT``."""
        start, stop = self._wall(self.valid_from), self._wall(self.valid_to)
        if start.date() == stop.date():
            return f"{start:%a} {start.day} {start:%b %Y, %H:%M} to {stop:%H:%M %Z}"
        return f"{self.local(self.valid_from)} to {self.local(self.valid_to)}"

    def local(self, instant: datetime) -> str:
        """Write an instant on the city's wall clock, e.g. ``Sat 4 Jul 2015, 20:00 EDT``.

        Raises:
            ConfigError: A time without a zone.
        """
        wall = self._wall(instant)
        return f"{wall:%a} {wall.day} {wall:%b %Y, %H:%M %Z}"

    def _wall(self, instant: datetime) -> datetime:
        if instant.tzinfo is None:
            raise ConfigError(f"Expected a time with a zone. Received: {instant}. Give times in UTC.")
        return instant.astimezone(zone(self.time_zone))
