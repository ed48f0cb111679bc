"""How long the scores of ``verify`` take: ten million forecasts, and a year of city windows by bootstrap.

Run ``python benchmarks/verify_metrics.py``; it prints seconds, best of three, and the size of each job.
"""

import time
from collections.abc import Callable

import numpy as np

from verify.bootstrap import bootstrap_scores
from verify.calibration import calibration_slope_intercept, reliability_curve
from verify.economic_value import economic_value
from verify.grid_bootstrap import bootstrap_grid
from verify.grid_scores import active_cells_auc, pooled_auc, within_cell_auc, within_time_auc
from verify.hotspot_scores import score_hotspots
from verify.logistic import sigmoid
from verify.probability_scores import (
    average_precision,
    brier_decomposition,
    brier_score,
    brier_skill,
    log_score,
    roc_auc,
)

ROUNDS = 3
HEADLINE = ("roc_auc", "average_precision", "brier_score", "brier_skill", "log_score")


def measure(job: Callable[[], object]) -> float:
    """Seconds of the fastest of three runs."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        job()
        taken.append(time.perf_counter() - start)
    return min(taken)


def time_scores(rng: np.random.Generator) -> dict[str, float]:
    """Seconds of each score on 1,000 times x 10,000 cells of float64 probabilities, 1.5% of them events."""
    shape = (1000, 10_000)
    place = rng.gamma(0.3, 0.05, shape[1])
    grid = np.clip(place * rng.gamma(20, 0.05, (shape[0], 1)) * rng.gamma(20, 0.05, shape), 0.0, 1.0)
    labels = rng.random(shape) < grid
    flat, events = grid.ravel(), labels.ravel()
    jobs: dict[str, Callable[[], object]] = {
        "roc_auc": lambda: roc_auc(flat, events),
        "average_precision": lambda: average_precision(flat, events),
        "brier_score": lambda: brier_score(flat, events),
        "brier_skill": lambda: brier_skill(flat, events, reference=events.mean()),
        "log_score": lambda: log_score(flat, events),
        "brier_decomposition, distinct": lambda: brier_decomposition(flat, events),
        "brier_decomposition, 20 bins": lambda: brier_decomposition(flat, events, bins=20),
        "reliability_curve": lambda: reliability_curve(flat, events),
        "calibration_slope_intercept": lambda: calibration_slope_intercept(flat, events),
        "economic_value": lambda: economic_value(flat, events),
        "pooled_auc": lambda: pooled_auc(grid, labels),
        "active_cells_auc": lambda: active_cells_auc(grid, labels),
        "within_cell_auc": lambda: within_cell_auc(grid, labels),
        "within_time_auc": lambda: within_time_auc(grid, labels),
        "score_hotspots": lambda: score_hotspots(grid, labels),
    }
    return {name: measure(job) for name, job in jobs.items()}


def time_city_bootstrap(rng: np.random.Generator) -> float:
    """Seconds of 1,000 replicates of five metrics for 6 models on the 4,380 two-hour windows of a year."""
    truth = rng.normal(-1.8, 0.7, 4380)
    labels = rng.random(truth.size) < sigmoid(truth)
    forecasts = {f"model {i}": sigmoid(truth + rng.normal(0, 0.1 + 0.3 * i, truth.size)) for i in range(6)}
    weeks = np.arange(truth.size) // 84
    return measure(lambda: bootstrap_scores(forecasts, labels, weeks, replicates=1000, rng=rng))


def time_grid_bootstrap(rng: np.random.Generator) -> float:
    """Seconds of 1,000 replicates of eight metrics for 2 models on a year of days x 700 cells."""
    place = rng.gamma(0.3, 0.05, 700)
    truth = np.clip(place * rng.gamma(20, 0.05, (365, 1)) * rng.gamma(20, 0.05, (365, 700)), 0.0, 1.0)
    labels = rng.random(truth.shape) < truth
    forecasts = {"truth": truth, "static": np.broadcast_to(place.clip(0, 1), truth.shape)}
    return measure(lambda: bootstrap_grid(forecasts, labels, np.arange(365) // 7, rng=rng))


def main() -> None:
    """Print the figures."""
    rng = np.random.default_rng(0)
    scores = time_scores(rng)
    print("ten million forecasts, seconds each")
    for name, seconds in scores.items():
        print(f"  {name:30s} {seconds:6.2f}")
    print(f"  {'the five headline scores':30s} {sum(scores[name] for name in HEADLINE):6.2f}")
    print(f"1,000 replicates, 6 models, a year of city windows: {time_city_bootstrap(rng):.2f} s")
    print(f"1,000 replicates, 2 models, a year of days on 700 cells: {time_grid_bootstrap(rng):.2f} s")


if __name__ == "__main__":
    main()
