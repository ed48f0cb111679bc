"""Forecasts judged as they would have been made: rolling origins, replayed as of each issue."""

from verify.backtest.result import BacktestResult, Comparison
from verify.backtest.run import BacktestOptions, run_backtest
from verify.backtest.schedule import Fold, Schedule, cut_folds
from verify.backtest.scoring import Flagged, Judging
from verify.backtest.tables import render_backtest, tabulate_backtest
from verify.backtest.workers import Workers

__all__ = [
    "BacktestOptions",
    "BacktestResult",
    "Comparison",
    "Flagged",
    "Fold",
    "Judging",
    "Schedule",
    "Workers",
    "cut_folds",
    "render_backtest",
    "run_backtest",
    "tabulate_backtest",
]
