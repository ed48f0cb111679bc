"""The networks of the original map project, with the sizes that were published."""

import numpy as np
import pytest

from cnn.examples import PictureExamples
from cnn.models.seed_models import MODEL_1_SHAPE, MODEL_2_SHAPE, build_seed_model_1, build_seed_model_2
from cnn.networks import build_network, fit_network, raw_outputs
from cnn.settings import Training
from cnn.trained import PICTURE_SHAPES
from rasterize.paint import MapPainter

BUILDERS = {"seed_model_1": build_seed_model_1, "seed_model_2": build_seed_model_2}


def weighted_layers(network):
    return [
        (layer.__class__.__name__, layer.get_weights()[0].shape)
        for layer in network.layers
        if layer.get_weights()
    ]


def test_model_1_by_hand():
    network = build_seed_model_1(seed=1)
    assert network.inputs[0].shape == (None, 216, 172, 3)
    assert weighted_layers(network) == [
        ("Conv2D", (3, 3, 3, 128)),
        ("Conv2D", (3, 3, 128, 64)),
        ("Conv2D", (3, 3, 64, 64)),
        ("Dense", (25 * 19 * 64, 64)),
        ("Dense", (64, 32)),
        ("Dense", (32, 1)),
    ]
    assert network.count_params() == 3_584 + 73_792 + 36_928 + 1_945_664 + 2_080 + 33


def test_model_2_by_hand():
    network = build_seed_model_2(seed=1)
    assert network.inputs[0].shape == (None, 150, 150, 3)
    convolutions = [shape[2:] for name, shape in weighted_layers(network) if name == "Conv2D"]
    assert convolutions == [(3, 32), (32, 64), (64, 128), (128, 128)]
    # The well-known count of this architecture, without the state of its random layers.
    assert sum(int(np.prod(weight.shape)) for weight in network.trainable_weights) == 3_453_121


def test_the_sizes_are_stated_once_for_readers_and_once_for_painting():
    assert PICTURE_SHAPES == {"seed_model_1": MODEL_1_SHAPE, "seed_model_2": MODEL_2_SHAPE}


@pytest.mark.parametrize("name", ["seed_model_1", "seed_model_2"])
def test_one_step_on_painted_maps(town, fill, name):
    tensor = fill(town(), [(4, 1, 1, 0, 1, 5), (6, 5, 5, 1, 1, 7), (8, 2, 2, 0, 1, 9)])
    labels = np.zeros(49)
    labels[[4, 8]] = 1
    examples = PictureExamples(MapPainter(tensor, shape=(64, 60)), True, labels)
    training = Training(model=name, epochs=1, batch_size=2)
    network = build_network(examples.inputs(np.array([5])), training)
    before = [weight.copy() for weight in network.get_weights()]
    log = fit_network(network, examples, (np.array([4, 5]), np.array([8])), training)
    assert (log.epochs, log.best_epoch) == (1, 1)
    assert np.isfinite(log.losses["val_loss"][0])
    changed = [not np.array_equal(a, b) for a, b in zip(before, network.get_weights(), strict=True)]
    assert sum(changed) >= 10
    first, again = (raw_outputs(network, examples, np.array([5, 6]), batch_size=2)["city"] for _ in range(2))
    assert first.shape == (2, 1)
    # Without augmentation and dropout outside training, the same pictures give the same logits.
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", list(BUILDERS))
def test_the_seed_decides_the_first_weights(name):
    first, again, other = (
        [w.numpy() for w in BUILDERS[name]((64, 60), seed=seed).trainable_weights] for seed in (1, 1, 2)
    )
    assert all(a.tobytes() == b.tobytes() for a, b in zip(first, again, strict=True))
    assert any(a.tobytes() != b.tobytes() for a, b in zip(first, other, strict=True))
