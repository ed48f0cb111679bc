"""Forecasts for many places and times, each fitted as of the split: the baselines of maps."""

from verify.panel.events import NOWHERE, TARGET, PlaceEvents
from verify.panel.interface import FittedPlaceBaseline, PlaceBaseline, probability_of_any
from verify.panel.lags import LagFeatures
from verify.panel.learned import LagLogistic, LagTrees
from verify.panel.level import WithLevel
from verify.panel.loglinear import LogLinearHistories
from verify.panel.oracle import Oracle
from verify.panel.panel import Panel
from verify.panel.periods import Periods, local_periods
from verify.panel.pool import Pool
from verify.panel.prospective import ProspectiveKernel
from verify.panel.recent import RecentWindow
from verify.panel.rhythm import WithRhythm
from verify.panel.static import Constant, MapToDate, StaticMap
from verify.panel.units import Nodes, PlaceUnits, units_from_raster

__all__ = [
    "NOWHERE",
    "TARGET",
    "Constant",
    "FittedPlaceBaseline",
    "LagFeatures",
    "LagLogistic",
    "LagTrees",
    "LogLinearHistories",
    "MapToDate",
    "Nodes",
    "Oracle",
    "Panel",
    "Periods",
    "PlaceBaseline",
    "PlaceEvents",
    "PlaceUnits",
    "Pool",
    "ProspectiveKernel",
    "RecentWindow",
    "StaticMap",
    "WithLevel",
    "WithRhythm",
    "default_place_baselines",
    "local_periods",
    "probability_of_any",
    "units_from_raster",
]


def default_place_baselines() -> tuple[PlaceBaseline, ...]:
    """The baselines that every forecast of places is judged against, from the weakest to the strongest expected."""
    return (
        Constant(),
        WithRhythm(Constant()),
        StaticMap(),
        WithRhythm(StaticMap()),
        WithLevel(MapToDate()),
        *(RecentWindow(days) for days in (7, 28, 91, 364)),
        ProspectiveKernel(),
        WithLevel(ProspectiveKernel()),
        LagLogistic(),
        LagTrees(),
        LogLinearHistories(),
    )
