"""Training: what a seed decides, what leaving out event-free windows changes, and the words of refusal."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from cnn.bundle import save_bundle
from cnn.calibration import fit_calibration
from cnn.examples import PictureExamples
from cnn.features import window_features
from cnn.labels import label_issues, resolve_target
from cnn.networks import build_network, fit_network, raw_outputs
from cnn.settings import Periods, Target, Training, check_training
from cnn.trained import logit_columns, make_examples, offset_columns, require_same_frame
from cnn.training import train_model
from incidents.errors import BundleError, ConfigError, NoPositivesError
from rasterize.grid import Grid
from rasterize.paint import MapPainter
from verify.logistic import fit_logistic, sigmoid

FORECAST = ("probability", "lo", "hi", "baseline", "surface")


def train(simulated, **changes):
    training = replace(simulated.training, **changes)
    return train_model(simulated.tensor, simulated.config.target, simulated.periods, training)


def test_the_same_seed_gives_the_same_bytes_whatever_was_drawn_before(simulated, trained):
    np.random.seed(99)  # noqa: NPY002 - a global state that must not matter
    again = train(simulated)
    ours, theirs = trained.network.get_weights(), again.network.get_weights()
    assert [weight.tobytes() for weight in ours] == [weight.tobytes() for weight in theirs]
    issues = np.arange(400, 440)
    first, second = trained.predict(simulated.tensor, issues), again.predict(simulated.tensor, issues)
    for name in FORECAST:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    assert trained.figures == again.figures


def test_another_seed_gives_another_model(simulated, trained):
    other = train(simulated, seed=simulated.training.seed + 1, epochs=1)
    issues = np.arange(400, 440)
    first, second = trained.predict(simulated.tensor, issues), other.predict(simulated.tensor, issues)
    assert not np.array_equal(first.surface, second.surface)
    # The baseline is a plain regression on the same block: no seed touches it.
    np.testing.assert_array_equal(first.baseline, second.baseline)


def test_a_trained_model_by_its_parts(simulated, trained):
    tensor, issues = simulated.tensor, np.arange(300, 330)
    forecast = trained.predict(tensor, issues)
    examples = make_examples(
        tensor, trained.target, trained.training, offset=trained.offset, scaling=trained.scaling
    )
    outputs = raw_outputs(trained.network, examples, issues, batch_size=7)
    offset = trained.offset.logit(offset_columns(trained.features(tensor).rows(issues)))
    np.testing.assert_allclose(forecast.baseline, sigmoid(offset), rtol=1e-12)
    columns = np.column_stack([offset, outputs["city"][:, 0] - offset])
    np.testing.assert_allclose(
        forecast.probability, trained.calibration.apply(columns).probability, rtol=1e-5
    )
    assert forecast.surface.shape == (30, *tensor.grid.shape)
    np.testing.assert_allclose(forecast.surface.sum(axis=(1, 2)), 1.0, atol=1e-5)
    assert (forecast.surface[:, ~tensor.overlay.inside] < 1e-9).all()
    assert (forecast.lo <= forecast.probability).all()
    assert (forecast.probability <= forecast.hi).all()
    labels = trained.labels(tensor)
    assert trained.block.base_rate == pytest.approx(np.mean(labels[1 : 324 + 108]))


def test_the_calibration_is_fitted_on_its_own_block_by_weeks(simulated, trained):
    tensor, issues = simulated.tensor, np.arange(324, 432)
    examples = make_examples(
        tensor, trained.target, trained.training, offset=trained.offset, scaling=trained.scaling
    )
    outputs = raw_outputs(trained.network, examples, issues, batch_size=128)
    expected = fit_calibration(
        logit_columns(outputs, examples, issues, trained.training),
        trained.labels(tensor)[issues],
        weeks=issues // 84,
        rng=np.random.default_rng(trained.training.seed),
    )
    np.testing.assert_allclose(trained.calibration.weights, expected.weights, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(
        trained.calibration.replicate_weights, expected.replicate_weights, rtol=1e-6, atol=1e-9
    )


def test_the_last_part_of_the_training_block_decides_when_to_stop(simulated):
    """With next to no learning, both losses are those of the baseline and the static map on their parts."""
    model = train(simulated, epochs=1, learning_rate=1e-9)
    tensor, losses = simulated.tensor, model.figures["losses"]
    offset = model.offset.logit(offset_columns(model.features(tensor)))
    city = np.logaddexp(0, offset) - np.nan_to_num(model.labels(tensor)) * offset
    examples = make_examples(tensor, model.target, model.training, offset=model.offset, scaling=model.scaling)
    issues = np.arange(1, 324)
    counts, inputs = examples.targets(issues)["surface"], examples.inputs(issues)
    surface = -(counts * inputs["log_prior"].reshape(len(issues), -1)).sum(axis=1)
    total = city[issues] + surface
    # 323 issues: 85% of them, 275, to learn from, and the 48 after them.
    assert losses["loss"] == pytest.approx([total[:275].mean()], rel=1e-4)
    assert losses["val_loss"] == pytest.approx([total[275:].mean()], rel=1e-4)


def test_the_best_epoch_is_kept(simulated):
    """The weights that come back are those with the lowest loss on the held-out tail."""
    tensor, target = simulated.tensor, simulated.config.target
    model_examples = make_examples(
        tensor, target, simulated.training, offset=flat_offset(tensor, target), scaling=None
    )
    training = replace(simulated.training, epochs=4, patience=1, learning_rate=0.3)
    issues = np.arange(1, 200), np.arange(200, 260)
    network = build_network(model_examples.inputs(np.array([1])), training)
    seen = []
    log = fit_network(
        network,
        model_examples,
        issues,
        training,
        progress=lambda epoch, most, losses: seen.append((epoch, most, losses["val_loss"])),
    )
    val = log.losses["val_loss"]
    assert seen == [(epoch + 1, 4, loss) for epoch, loss in enumerate(val)]
    assert log.best_epoch == int(np.argmin(val)) + 1
    assert log.epochs == len(val) == min(log.best_epoch + training.patience, 4)
    outputs = raw_outputs(network, model_examples, issues[1], batch_size=32)
    targets = model_examples.targets(issues[1])
    city = np.logaddexp(0, outputs["city"]) - targets["city"] * outputs["city"]
    surface = -(targets["surface"] * outputs["surface"]).sum(axis=1)
    assert city.mean() + surface.mean() == pytest.approx(min(val), rel=1e-4)


def flat_offset(tensor, target):
    """A baseline that knows the base rate alone."""
    windows = resolve_target(target, tensor)
    labels = label_issues(tensor, windows)[1:-1]
    rows = offset_columns(window_features(tensor, windows).rows(np.arange(1, len(labels) + 1)))
    return fit_logistic(rows, labels, l2=1e9)


def test_leaving_out_event_free_windows_shifts_the_offset_in_training_alone(simulated, trained):
    """With a third of them, odds in the sample are three times higher, and so is the offset while it learns."""
    fewer = train(simulated, negatives_kept=1 / 3, epochs=1, learning_rate=1e-9)
    tensor, issues = simulated.tensor, np.arange(1, 324)
    labels = trained.labels(tensor)[issues]
    offset = fewer.offset.logit(offset_columns(fewer.features(tensor).rows(issues)))
    share = np.where(labels == 1, 1.0, 1 / 3)
    loss_at = {
        shift: np.average(np.logaddexp(0, offset + shift) - labels * (offset + shift), weights=share)
        for shift in (0.0, np.log(3))
    }
    # The sample is drawn, so its loss is near the expected one, and far from that of the plain offset.
    (loss,) = fewer.figures["losses"]["city_loss"]
    assert loss == pytest.approx(loss_at[np.log(3)], rel=0.04)
    assert loss < 0.95 * loss_at[0.0]
    np.testing.assert_array_equal(fewer.offset.coefficients, trained.offset.coefficients)
    forecast = fewer.predict(tensor, issues)
    assert forecast.probability.mean() == pytest.approx(labels.mean(), rel=0.25)


def test_a_seed_models_logit_is_corrected_for_left_out_windows(town):
    """Simulated labels: an intercept fitted on the thinned sample comes back to the true base rate."""
    rng = np.random.default_rng(3)
    labels = (rng.random(200_000) < 0.03).astype(float)
    training = Training(model="seed_model_1", negatives_kept=0.1)
    kept = (labels == 1) | (rng.random(len(labels)) < training.negatives_kept)
    logit = fit_logistic(np.zeros((int(kept.sum()), 0)), labels[kept]).intercept
    assert sigmoid(logit) > 0.2
    examples = PictureExamples(MapPainter(town(), shape=(8, 8)), True, labels)
    outputs = {"city": np.full((4, 1), logit, dtype=np.float32)}
    columns = logit_columns(outputs, examples, np.arange(4), training)
    assert columns.shape == (4, 1)
    np.testing.assert_allclose(sigmoid(columns[:, 0]), 0.03, rtol=0.03)


def days(start, stop):
    return date(2023, 10, start), date(2023, 10, stop)


def without(simulated, start, stop):
    """The city without homicides and shootings on some days of October."""
    tensor = simulated.tensor
    first, last = 12 * (start - 1), 12 * (stop - 1)
    window = tensor.entries.window
    return tensor.with_entries(
        tensor.entries.where((tensor.entries.channel != 0) | (window < first) | (window >= last))
    )


@pytest.mark.parametrize(
    "periods, emptied, words",
    [
        (
            Periods(days(2, 9), days(9, 16)),
            (2, 9),
            (
                "Expected windows with and without the target in the block train, 2023-10-02 to 2023-10-09. "
                "Received: 0 with it among 84. Check target.categories, or choose other periods in the config."
            ),
        ),
        (
            Periods(days(2, 9), days(9, 16)),
            (9, 16),
            (
                "Expected windows with and without the target in the block calibrate, 2023-10-09 to 2023-10-16. "
                "Received: 0 with it among 84. Check target.categories, or choose other periods in the config."
            ),
        ),
    ],
)
def test_a_block_without_the_event_is_refused_in_these_words(simulated, periods, emptied, words):
    tensor = without(simulated, *emptied)
    with pytest.raises(NoPositivesError) as refusal:
        train_model(tensor, simulated.config.target, periods, simulated.training)
    assert str(refusal.value) == words


def test_a_block_with_nothing_else_is_refused(simulated):
    # 27 days of training hold 324 windows; the last of them that a week fits behind is issue 240.
    every_day = replace(simulated.config.target, horizon_hours=7 * 24)
    with pytest.raises(NoPositivesError, match=r"Received: 240 with it among 240\."):
        train_model(simulated.tensor, every_day, Periods(), simulated.training)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"stack": 0}, "Expected training.stack to be 1 or more. Received: 0. Change it in the config."),
        ({"epochs": 0}, "Expected training.epochs to be 1 or more. Received: 0. Change it in the config."),
        (
            {"half_lives_days": ()},
            (
                "Expected training.half_lives_days to be one or more days above 0. Received: (). Change it in the "
                "config."
            ),
        ),
        (
            {"half_lives_days": (7.0, 0.0)},
            (
                "Expected training.half_lives_days to be one or more days above 0. Received: (7.0, 0.0). Change it "
                "in the config."
            ),
        ),
        (
            {"negatives_kept": 0.0},
            "Expected training.negatives_kept to be a share in (0, 1]. Received: 0.0. Change it in the config.",
        ),
        (
            {"learning_rate": 0.0},
            "Expected training.learning_rate to be above 0. Received: 0.0. Change it in the config.",
        ),
        ({"seed": -1}, "Expected training.seed to be 0 or more. Received: -1. Change it in the config."),
    ],
)
def test_impossible_settings_are_refused_in_these_words(simulated, changes, words):
    with pytest.raises(ConfigError) as refusal:
        train(simulated, **changes)
    assert str(refusal.value) == words


def test_the_defaults_are_possible():
    check_training(Training())


def test_a_tensor_of_another_frame_is_refused(simulated, trained):
    tensor = simulated.tensor
    moved = replace(tensor, grid=Grid(**{**tensor.grid.to_dict(), "west": tensor.grid.west + 500}))
    renamed = replace(tensor, channels=("violence", "robbery", "assault", "larceny"))
    for other, named in ((moved, "grid"), (renamed, "channels")):
        with pytest.raises(
            BundleError, match=rf"^Expected the {named} that the model was trained with, .+ Use the config"
        ):
            trained.predict(other, np.array([20]))
    require_same_frame(trained.frame, tensor)


def test_the_frame_holds_no_incident(trained, tmp_path):
    assert trained.frame.incidents == 0
    assert len(trained.frame.windows) == 1
    assert Target(**vars(trained.target)) == trained.target
    assert len(save_bundle(trained, tmp_path / "run", manifest={}, texts={})) == 64
