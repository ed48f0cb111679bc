"""Pictures of an evaluation: reliability, ROC, precision-recall, and observed against expected by month.

Every function returns a matplotlib figure that no window shows; matplotlib is imported on first use.
"""

from typing import TYPE_CHECKING

import numpy as np

from verify.calibration import reliability_curve
from verify.evaluation import Evaluation
from verify.ranking import ranking_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE_INCHES = (6.4, 4.8)
DOTS_PER_INCH = 120


def draw_reliability(evaluation: Evaluation) -> "Figure":
    """Observed rate against forecast for the model and its best baseline, with the model's consistency bars."""
    figure, axes = _new_figure()
    for name in (evaluation.model, evaluation.verdict.baseline):
        curve = reliability_curve(evaluation.forecasts[name], evaluation.labels)
        axes.plot(curve.forecast, curve.observed, marker="o", label=name)
        if name == evaluation.model:
            axes.vlines(curve.forecast, curve.lo, curve.hi, alpha=0.4, linewidth=4, label="95% if calibrated")
    limit = max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([0, limit], [0, limit], color="grey", linewidth=0.8)
    axes.axhline(evaluation.base_rate, color="grey", linewidth=0.8, linestyle=":", label="base rate")
    return _finish(figure, axes, "Forecast probability", "Observed share", "Reliability")


def draw_roc(evaluation: Evaluation) -> "Figure":
    """ROC curves of all models."""
    figure, axes = _new_figure()
    for name, forecast in evaluation.forecasts.items():
        curves = ranking_curves(forecast, evaluation.labels)
        axes.plot(curves.false_alarm_rate, curves.hit_rate, label=name)
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    return _finish(figure, axes, "False alarm rate", "Hit rate", "ROC")


def draw_precision_recall(evaluation: Evaluation) -> "Figure":
    """Precision-recall curves of all models."""
    figure, axes = _new_figure()
    for name, forecast in evaluation.forecasts.items():
        curves = ranking_curves(forecast, evaluation.labels)
        axes.step(np.append(0.0, curves.recall), np.append(curves.precision[0], curves.precision), label=name)
    axes.axhline(evaluation.base_rate, color="grey", linewidth=0.8, label="base rate")
    axes.set_ylim(0.0, 1.02)
    return _finish(figure, axes, "Recall (share of events caught)", "Precision", "Precision and recall")


def draw_months(evaluation: Evaluation) -> "Figure":
    """Windows with an event by calendar month (UTC): observed, and expected by the model and its best baseline."""
    figure, axes = _new_figure()
    months, index = np.unique(evaluation.times.astype("datetime64[M]"), return_inverse=True)
    places = np.arange(months.size)
    axes.bar(places, np.bincount(index, weights=evaluation.labels), color="lightgrey", label="observed")
    for name in (evaluation.model, evaluation.verdict.baseline):
        axes.plot(places, np.bincount(index, weights=evaluation.forecasts[name]), marker="o", label=name)
    shown = places[:: max(1, months.size // 12)]
    axes.set_xticks(shown, [str(month) for month in months[shown]], rotation=45, ha="right")
    return _finish(figure, axes, "Month", "Windows with an event", "Observed and expected by month")


def _new_figure() -> tuple["Figure", "Axes"]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _finish(figure: "Figure", axes: "Axes", across: str, up: str, title: str) -> "Figure":
    axes.set(xlabel=across, ylabel=up, title=title)
    axes.legend(fontsize="small")
    return figure
