"""Events that trigger events: a self-exciting point process, its fit, and the forecast that it makes."""

from verify.sepp.fit import Interval, SeppFit, SeppSettings, fit_sepp
from verify.sepp.forecast import SelfExciting
from verify.sepp.pattern import PointPattern
from verify.sepp.triggering import Triggering

__all__ = ["Interval", "PointPattern", "SelfExciting", "SeppFit", "SeppSettings", "Triggering", "fit_sepp"]
