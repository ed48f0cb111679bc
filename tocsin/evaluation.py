"""A trained model judged on days after its calibration block, beside the baselines fitted on the same blocks."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt

from cnn.blocks import issues_within
from cnn.bundle import Bundle
from cnn.labels import resolve_target
from cnn.trained import TrainedModel
from incidents.errors import ConfigError
from incidents.store import IncidentStore
from rasterize.tensors import EventTensor
from tocsin.tensors import Days, history_start, stored_days, tensor_of_model
from verify.baselines import default_baselines
from verify.evaluation import Evaluation, evaluate_forecasts

Floats = npt.NDArray[np.float64]

REPLICATES = 1000


@dataclass(frozen=True)
class TestPeriod:
    """Days to judge on, checked to lie after everything that the model has seen.

    Args:
        start: First local day.
        stop: Local day after the last.
    """

    start: date
    stop: date


def evaluate_model(bundle: Bundle, store: IncidentStore, period: TestPeriod, *, seed: int) -> Evaluation:
    """Score the model and its baselines on a later period.

    Args:
        bundle: The trained model.
        store: Incidents from the model's training history to the end of the period; newer ones than the
            model may be among them.
        period: Local days after the model's calibration block.
        seed: Of the bootstrap.

    Returns:
        The evaluation, its first line the verdict.

    Raises:
        ConfigError: The period overlaps what the model has seen, or the store does not hold it.
        NoPositivesError: No event, or nothing else, in the period.
    """
    model = bundle.model
    _require_unseen(model, period)
    days = Days(history_start(model.frame, store), min(period.stop, stored_days(store).stop))
    if days.stop <= period.start:
        raise ConfigError(
            f"Expected incidents from {period.start} on in the store. Received: it ends {days.stop}. "
            "Ingest that period first."
        )
    tensor = tensor_of_model(model.frame, store, days)
    target = resolve_target(model.target, tensor)
    issues = issues_within(tensor.windows, target, (period.start, period.stop))
    labels = model.labels(tensor)[issues]
    features = model.features(tensor).rows(issues)
    block = model.block
    forecasts: dict[str, Floats] = {model.training.model: model.predict(tensor, issues).probability}
    for baseline in default_baselines():
        fitted = baseline.fit(
            block.train, block.train_labels, calibration=(block.calibrate, block.calibrate_labels)
        )
        forecasts[baseline.name] = fitted.predict(features)
    evaluation = evaluate_forecasts(
        model.training.model,
        forecasts,
        labels,
        tensor.windows.bounds[issues + target.lead].astype("datetime64[s]"),
        question=describe_question(model),
        rng=np.random.default_rng(seed),
        replicates=REPLICATES,
    )
    return _label_nowcast(evaluation, model).with_notes(*_notes(bundle, tensor, days, period))


def _label_nowcast(evaluation: Evaluation, model: TrainedModel) -> Evaluation:
    """Say in the verdict itself that a nowcast is no forecast."""
    if model.target.framing != "nowcast":
        return evaluation
    verdict = replace(
        evaluation.verdict, text=f"NOWCAST, not a forecast: {evaluation.verdict.text}", skill=False
    )
    return replace(evaluation, verdict=verdict)


def describe_question(model: TrainedModel) -> str:
    """Say in words what the model answers, a nowcast named as such."""
    event = " or ".join(model.target.categories)
    city = model.frame.about["city"]
    hours = model.target.horizon_hours
    if model.target.framing == "nowcast":
        dots = "with" if model.target.own_dots else "without"
        return (
            f"NOWCAST, not a forecast: a reported {event} in {city} in the same {hours} h that the map shows, "
            f"{dots} its own dots on the map"
        )
    lead = model.target.lead_hours
    return f"a reported {event} in {city} in the {hours} h that begin {lead} h after the forecast is made"


def _require_unseen(model: TrainedModel, period: TestPeriod) -> None:
    if period.start < model.calibrate[1]:
        raise ConfigError(
            f"Expected a test period from {model.calibrate[1]} on, after what the model was calibrated on. "
            f"Received: {period.start} to {period.stop}. A score on days that the model has seen is no "
            f"skill; use --from {model.calibrate[1]}, or train on earlier periods."
        )
    if period.stop <= period.start:
        raise ConfigError(f"Expected --to after --from. Received: {period.start} to {period.stop}.")


def _notes(bundle: Bundle, tensor: EventTensor, days: Days, period: TestPeriod) -> tuple[str, ...]:
    """What a reader must know beside the numbers."""
    model = bundle.model
    delays = ", ".join(f"{name} {hours:g} h" for name, hours in tensor.about["reporting_delay_hours"].items())
    seen = (
        f"Model {model.training.model}, hash {bundle.hash}, trained {model.train[0]} to {model.train[1]}, "
        f"calibrated {model.calibrate[0]} to {model.calibrate[1]} (stop days excluded)."
    )
    known = (
        "Incidents count as known at their report time, or, where the source has none, after an assumed "
        f"delay: {delays}."
    )
    notes = [
        seen,
        "Baselines are fitted on exactly the same two blocks, kept in the run folder.",
        known,
        "Labels are the incidents in the store today, whenever they were recorded.",
    ]
    if days.stop < period.stop:
        notes.append(f"The store ends {days.stop}; the days from there to {period.stop} are not scored.")
    if model.target.framing == "nowcast":
        notes.append("A nowcast classifies what is already over: its scores are not warning skill.")
    return tuple(notes)
