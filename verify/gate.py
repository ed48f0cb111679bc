"""May a model be called skilful: only where it beats its best baseline beyond chance.

No other sentence of the project says that a forecast is good.
"""

from dataclasses import dataclass

from incidents.errors import ConfigError
from verify.bootstrap import BootstrapScores, Estimate, GridMetric, Metric


@dataclass(frozen=True)
class Verdict:
    """What may be said of a model.

    Args:
        skill: Whether the model beats its best baseline.
        text: The sentence to print.
        baseline: The best baseline.
        difference: Log score of the baseline minus that of the model: nats gained, positive is better.
        temporal: AUC within cells, on a grid; None for a single series.
    """

    skill: bool
    text: str
    baseline: str
    difference: Estimate
    temporal: Estimate | None = None

    @property
    def temporal_skill(self) -> bool | None:
        """Whether the model tells the times of one cell apart beyond chance; None for a single series."""
        return None if self.temporal is None else self.temporal.lo > 0.5


def judge(scores: BootstrapScores, *, model: str, unit: str = "window") -> Verdict:
    """Judge a model against its best baseline and, on a grid, its skill in time.

    The best baseline is the one with the lowest log score on the scored sample itself; choosing it with
    hindsight favours the baselines, so the verdict is conservative. A model has skill when the whole 95%
    interval of the gain in log score lies above zero and its Brier skill is not lower than the baseline's.
    On a grid it has temporal skill when the whole interval of its AUC within cells lies above one half:
    a map that never changes scores exactly one half there, however high its pooled AUC.

    Args:
        scores: Of the model and at least one baseline on the same rows.
        model: Name of the model; all other names are baselines.
        unit: What one row is, for the sentence: ``window``, ``cell and window``.

    Raises:
        ConfigError: The model was not scored, or there is no baseline beside it.
    """
    baselines = [name for name in scores.models if name != model]
    if model not in scores.models or not baselines:
        raise ConfigError(
            f"Expected scores of {model} and of at least one baseline. Received: {', '.join(scores.models)}. "
            "Score the baselines on the same rows."
        )
    best = min(baselines, key=lambda name: scores.values[name][Metric.LOG_SCORE])
    gain = scores.difference(best, model, Metric.LOG_SCORE)
    brier_gain = scores.difference(model, best, Metric.BRIER_SKILL)
    skill = gain.lo > 0.0 and brier_gain.value >= 0.0
    text = _say_gain(best, gain, brier_gain, skill=skill, unit=unit)
    if GridMetric.WITHIN_CELL_AUC not in scores.metrics:
        return Verdict(skill, text, best, gain)
    temporal = scores.estimate(model, GridMetric.WITHIN_CELL_AUC)
    return Verdict(skill, f"{text}; {_say_temporal(temporal)}", best, gain, temporal)


def _say_gain(best: str, gain: Estimate, brier_gain: Estimate, *, skill: bool, unit: str) -> str:
    if skill:
        return f"beats the best baseline ({best}) by {gain} in log score (nats per {unit})"
    reason = f"the gain over the best baseline ({best}) is {gain} in log score (nats per {unit})"
    if gain.lo > 0.0:
        return f"no skill shown: {reason}, but the Brier skill is lower by {-brier_gain.value:.4f}"
    return f"no skill shown: {reason}"


def _say_temporal(temporal: Estimate) -> str:
    if temporal.lo > 0.5:
        return f"temporal skill: within-cell AUC {temporal}"
    return f"no temporal skill shown: within-cell AUC {temporal}, so it tells places apart at most, not times"
