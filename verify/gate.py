"""May a model be called skilful: only where it beats its best baseline beyond chance.

No other sentence of the project says that a forecast is good.
"""

from dataclasses import dataclass

from incidents.errors import ConfigError
from verify.bootstrap import BootstrapScores, Estimate, Metric


@dataclass(frozen=True)
class Verdict:
    """What may be said of a model.

    Args:
        skill: Whether the model beats its best baseline.
        text: The sentence to print.
        baseline: The best baseline.
        difference: Log score of the baseline minus that of the model: nats gained, positive is better.
    """

    skill: bool
    text: str
    baseline: str
    difference: Estimate


def judge(scores: BootstrapScores, *, model: str, unit: str = "window") -> Verdict:
    """Judge a model against its best baseline.

    The best baseline is the one with the lowest log score on the scored sample itself; choosing it with
    hindsight favours the baselines, so the verdict is conservative. A model has skill when the whole 95%
    interval of the gain in log score lies above zero and its Brier skill is not lower than the baseline's.

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
    return Verdict(skill, _sentence(best, gain, brier_gain, skill=skill, unit=unit), best, gain)


def _sentence(best: str, gain: Estimate, brier_gain: Estimate, *, skill: bool, unit: str) -> str:
    amount = f"{gain.value:.4f} [{gain.lo:.4f}, {gain.hi:.4f}]"
    if skill:
        return f"beats the best baseline ({best}) by {amount} in log score (nats per {unit})"
    reason = f"the gain over the best baseline ({best}) is {amount} in log score (nats per {unit})"
    if gain.lo > 0.0:
        return f"no skill shown: {reason}, but the Brier skill is lower by {-brier_gain.value:.4f}"
    return f"no skill shown: {reason}"
