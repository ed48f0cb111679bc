"""Changing the future must not change a past feature or prediction: the leak test of the whole room.

The future of an issue is everything that was not on record then: what happened later, and what happened
earlier but was reported later.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn.blocks import split_blocks
from cnn.features import window_features
from cnn.inputs import MapInputs
from cnn.labels import resolve_target
from cnn.networks import raw_outputs
from cnn.trained import make_examples
from cnn.training import train_model
from rasterize.paint import MapPainter
from rasterize.tensors import Entries, EventTensor
from tocsin.risk import StoredRisk
from tocsin.tensors import stored_days, tensor_of_model

COLUMNS = ("window", "row", "col", "channel", "count", "known")


def rewrite_future(
    tensor: EventTensor, future: np.ndarray, issue: int, rng: np.random.Generator
) -> EventTensor:
    """Delete some of the future entries, mix up the others, and add new ones, all on record after the issue."""
    entries = tensor.entries
    table = {name: getattr(entries, name).copy() for name in (*COLUMNS, "area")}
    kept = np.flatnonzero(future & (rng.random(len(entries)) < 0.5))
    for name in ("row", "col", "channel", "count", "area"):
        table[name][kept] = rng.permutation(table[name][kept])
    added = rng.integers(0, len(entries), size=int(rng.integers(1, 200)))
    new = {name: table[name][added] for name in table}
    new["window"] = rng.integers(0, len(tensor.windows), size=len(added)).astype(np.int32)
    earliest = np.maximum(issue, new["window"]) + 1
    new["known"] = (earliest + rng.integers(0, 30, size=len(added))).astype(np.int32)
    stays = ~future
    stays[kept] = True
    merged = {name: np.concatenate([table[name][stays], new[name]]) for name in table}
    order = np.argsort(merged["window"], kind="stable")
    return tensor.with_entries(Entries(**{name: merged[name][order] for name in table}))


def same(first, second, names):
    for name in names:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)


FEATURES = ("hour_of_week", "calendar", "recent", "lags")
FORECAST = ("probability", "lo", "hi", "baseline", "surface")


@settings(max_examples=25, deadline=None)
@given(issue=st.integers(1, 539), seed=st.integers(0, 2**32 - 1), lead=st.integers(0, 3))
def test_features_maps_pictures_and_prior_ignore_the_future(simulated, issue, seed, lead):
    tensor, rng = simulated.tensor, np.random.default_rng(seed)
    other = rewrite_future(tensor, tensor.entries.known > issue, issue, rng)
    assert (other.entries.known > issue).any()
    target = resolve_target(replace(simulated.config.target, lead_hours=2 * lead), tensor)
    past = np.arange(issue + 1)
    same(window_features(tensor, target).rows(past), window_features(other, target).rows(past), FEATURES)
    seen = np.unique(np.maximum(issue - rng.integers(0, 60, size=6), 1))
    inputs = [MapInputs(one, target, stack=4, half_lives_days=(1.0, 14.0)) for one in (tensor, other)]
    np.testing.assert_array_equal(inputs[0].maps(seen), inputs[1].maps(seen))
    np.testing.assert_array_equal(inputs[0].log_prior(seen), inputs[1].log_prior(seen))
    pictures = [MapPainter(one, shape=(24, 24))(seen - 1, issues=seen) for one in (tensor, other)]
    np.testing.assert_array_equal(*pictures)


@settings(max_examples=8, deadline=None)
@given(issue=st.integers(20, 539), seed=st.integers(0, 2**32 - 1))
def test_predictions_ignore_the_future(simulated, trained, issue, seed):
    tensor = simulated.tensor
    other = rewrite_future(tensor, tensor.entries.known > issue, issue, np.random.default_rng(seed))
    issues = np.arange(issue - 19, issue + 1)
    same(trained.predict(tensor, issues), trained.predict(other, issues), FORECAST)
    outputs = [raw_of(trained, one, issues) for one in (tensor, other)]
    np.testing.assert_array_equal(outputs[0]["city"], outputs[1]["city"])


def raw_of(model, tensor, issues):
    examples = make_examples(tensor, model.target, model.training, offset=model.offset, scaling=model.scaling)
    return raw_outputs(model.network, examples, issues, batch_size=32)


def test_the_check_itself_notices_what_is_on_record_one_window_too_early(simulated, trained):
    """The same comparison fails as soon as the inputs may look one window ahead."""
    tensor, issue = simulated.tensor, 300
    other = rewrite_future(tensor, tensor.entries.known > issue, issue, np.random.default_rng(1))
    early = [
        one.with_entries(replace(one.entries, known=np.maximum(one.entries.known - 1, 0).astype(np.int32)))
        for one in (tensor, other)
    ]
    target = resolve_target(simulated.config.target, tensor)
    rows = [window_features(one, target).rows(np.array([issue])) for one in early]
    assert not np.array_equal(rows[0].lags, rows[1].lags)
    maps = [MapInputs(one, target, stack=2, half_lives_days=(1.0,)).maps(np.array([issue])) for one in early]
    assert not np.array_equal(*maps)
    forecasts = [trained.predict(one, np.array([issue])) for one in early]
    assert forecasts[0].probability != forecasts[1].probability
    assert not np.array_equal(forecasts[0].surface, forecasts[1].surface)


def test_a_nowcast_does_see_its_own_window(simulated):
    """What the check would say of the original same-window framing."""
    tensor, issue = simulated.tensor, 300
    late = tensor.entries.known > issue
    other = rewrite_future(tensor, late, issue, np.random.default_rng(1))
    nowcast = resolve_target(replace(simulated.config.target, framing="nowcast"), tensor)
    maps = [
        MapInputs(one, nowcast, stack=1, half_lives_days=(1.0,)).maps(np.array([issue]))
        for one in (tensor, other)
    ]
    assert not np.array_equal(*maps)


@pytest.mark.parametrize("minutes", [0, 45])
@pytest.mark.parametrize("day", [21, 35, 40])
def test_a_store_read_as_of_then_gives_the_prediction_of_then(simulated, trained, day, minutes):
    """Replaying an instant from what was on record then equals forecasting it from the whole store."""
    tensor, issue = simulated.tensor, day * 12 + 7
    as_of = datetime.fromtimestamp(int(tensor.windows.bounds[issue]), UTC) + timedelta(minutes=minutes)
    replayed = tensor_of_model(trained.frame, simulated.store, stored_days(simulated.store), as_of=as_of)
    assert replayed.incidents < tensor.incidents
    issues = np.array([issue])
    same(trained.predict(replayed, issues), trained.predict(tensor, issues), FORECAST)


def test_an_alert_replayed_later_has_the_same_probability(simulated, trained):
    from cnn.bundle import Bundle

    tensor, issue = simulated.tensor, 450
    as_of = datetime.fromtimestamp(int(tensor.windows.bounds[issue]), UTC) + timedelta(minutes=5)
    risk = StoredRisk(Bundle(trained, {}, "ab" * 32), simulated.store).risk_at(as_of)
    forecast = trained.predict(tensor, np.array([issue]))
    assert risk.probability == forecast.probability[0]
    assert risk.baseline_probability == forecast.baseline[0]
    assert risk.interval == (forecast.lo[0], forecast.hi[0])
    assert int(risk.valid_from.timestamp()) == tensor.windows.bounds[issue]


def test_training_does_not_look_beyond_its_blocks(simulated, trained):
    tensor = simulated.tensor
    windows = resolve_target(simulated.config.target, tensor)
    last = int(split_blocks(tensor.windows, windows, simulated.periods).calibrate_issues[-1])
    later = tensor.entries.window > last
    assert later.sum() > 100
    other = rewrite_later(tensor, last)
    again = train_model(other, simulated.config.target, simulated.periods, simulated.training)
    for ours, theirs in zip(trained.network.get_weights(), again.network.get_weights(), strict=True):
        assert ours.tobytes() == theirs.tobytes()
    same(trained.calibration, again.calibration, ("intercept", "weights", "replicate_weights"))
    assert trained.figures == again.figures


def rewrite_later(tensor: EventTensor, last: int) -> EventTensor:
    """Keep what happened up to a window, and put something else after it."""
    entries = tensor.entries
    kept = entries.where(entries.window <= last)
    added = entries.where((entries.window > last) & (entries.channel != 0))
    columns = {
        name: np.concatenate([getattr(kept, name), getattr(added, name)]) for name in (*COLUMNS, "area")
    }
    return tensor.with_entries(Entries(**columns))
