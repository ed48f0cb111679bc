"""What anyone could have forecast without the model: naive forecasters behind one interface."""

from verify.baselines.calendar_recent import CalendarRecentLogistic
from verify.baselines.calibrated import Calibrated
from verify.baselines.climatology import Constant, HourOfWeek
from verify.baselines.features import WindowFeatures
from verify.baselines.interface import Baseline, FittedBaseline
from verify.baselines.trees import BoostedTrees

__all__ = [
    "Baseline",
    "BoostedTrees",
    "CalendarRecentLogistic",
    "Calibrated",
    "Constant",
    "FittedBaseline",
    "HourOfWeek",
    "WindowFeatures",
    "default_baselines",
]


def default_baselines() -> tuple[Baseline, ...]:
    """The baselines that every model is judged against, from the weakest to the strongest expected.

    All but the constant are calibrated on the later block, as the model is: a baseline that was denied the
    later block would be beaten by its age, not by the model.
    """
    return (
        Constant(),
        Calibrated(HourOfWeek()),
        Calibrated(CalendarRecentLogistic()),
        Calibrated(BoostedTrees()),
    )
