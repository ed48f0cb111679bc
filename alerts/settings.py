"""When a warning is issued and when the system abstains: the ``alert`` section of a config."""

from dataclasses import dataclass

from incidents.source import STRICT


@dataclass(frozen=True)
class AlertSettings:
    """Rules of the first part: freshness, severity and how many areas are named.

    Args:
        max_data_age_hours: Oldest newest record with which a warning may still be issued.
        elevated_ratio: Probability over base rate from which the severity is ``elevated``.
        high_ratio: Probability over base rate from which the severity is ``high``.
        areas_named: Most areas named, those with the largest share of the risk.
    """

    __pydantic_config__ = STRICT

    max_data_age_hours: float = 48.0
    elevated_ratio: float = 1.5
    high_ratio: float = 2.5
    areas_named: int = 5
