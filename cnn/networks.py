"""Builds a network by name, fits it, and reads its raw logits.

The only place where Keras trains; everything around it is NumPy.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from cnn.examples import Batch, Examples
from cnn.feed import InputFeed, IssueFeed
from cnn.models.seed_models import build_seed_model_1, build_seed_model_2
from cnn.models.warning_net import build_warning_net, surface_loss
from cnn.settings import Training

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int, Mapping[str, float]], None]


def build_network(example: Batch, training: Training) -> keras.Model:
    """Build the network that a config names, for inputs of the shapes of one example batch.

    On a GPU it computes in half precision and keeps its weights and its logits in single.
    """
    with _precision():
        if training.model == "warning_net":
            map_shape, calendar = example["maps"].shape[1:], example["calendar"].shape[1]
            return build_warning_net(map_shape, calendar, filters=training.filters, seed=training.seed)
        builder = {"seed_model_1": build_seed_model_1, "seed_model_2": build_seed_model_2}[training.model]
        return builder(example["picture"].shape[1:3], seed=training.seed)


@contextmanager
def _precision() -> Iterator[None]:
    """Build layers in mixed precision where there is a GPU, and put the policy back."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16" if _has_gpu() else before)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _has_gpu() -> bool:
    """Whether the backend of Keras computes on a GPU."""
    if keras.backend.backend() == "torch":
        # Keras does not list devices for torch, which it has loaded.
        return bool(sys.modules["torch"].cuda.is_available())
    # Asked for a kind, JAX raises where there is none; not asked, GPUs come before CPUs.
    return str(keras.distribution.list_devices()[0]).startswith("gpu")


@dataclass(frozen=True)
class FitLog:
    """How the fit went.

    Args:
        epochs: Epochs run.
        best_epoch: Epoch whose weights were kept, counted from 1.
        losses: Loss by name and epoch.
    """

    epochs: int
    best_epoch: int
    losses: Mapping[str, list[float]]


def fit_network(
    network: keras.Model,
    examples: Examples,
    issues: tuple[Ints, Ints],
    training: Training,
    *,
    progress: Progress | None = None,
) -> FitLog:
    """Fit a network, stopping when the held-out tail no longer gains.

    Args:
        network: The network; its weights are changed.
        examples: Maker of inputs and targets.
        issues: Issues to learn from, and later ones that decide when to stop.
        training: Epochs, batch size, learning rate, patience and seed.
        progress: Called after each epoch with its number, the most there can be, and the losses.

    Returns:
        The log; the network has the weights of the best epoch.
    """
    compile_network(network, training)
    stop = keras.callbacks.EarlyStopping("val_loss", patience=training.patience, restore_best_weights=True)
    callbacks: list[keras.callbacks.Callback] = [stop]
    if progress is not None:
        callbacks.append(
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: progress(epoch + 1, training.epochs, logs or {})
            )
        )
    rng = np.random.default_rng(training.seed)
    history = network.fit(
        IssueFeed(examples, issues[0], batch_size=training.batch_size, rng=rng),
        validation_data=IssueFeed(examples, issues[1], batch_size=training.batch_size),
        epochs=training.epochs,
        callbacks=callbacks,
        # The feed shuffles by its own generator; Keras would shuffle the batches by Python's global one.
        shuffle=False,
        verbose=0,
    ).history
    best = int(np.argmin(history["val_loss"])) + 1
    return FitLog(len(history["val_loss"]), best, {k: [float(x) for x in v] for k, v in history.items()})


def compile_network(network: keras.Model, training: Training) -> None:
    """Give a network its optimizer and its losses: the city's, and the surface's where it has one."""
    losses: dict[str, Any] = {"city": keras.losses.BinaryCrossentropy(from_logits=True)}
    weights = {"city": 1.0}
    if training.model == "warning_net":
        losses["surface"], weights["surface"] = surface_loss, training.surface_weight
    network.compile(keras.optimizers.Adam(training.learning_rate), loss=losses, loss_weights=weights)


def raw_outputs(network: keras.Model, examples: Examples, issues: Ints, *, batch_size: int) -> Batch:
    """Return the network's outputs for issues in order: ``city`` logits ``(n, 1)`` and what else it has."""
    outputs = network.predict(InputFeed(examples, issues, batch_size=batch_size), verbose=0)
    return {name: np.asarray(values, dtype=np.float32) for name, values in outputs.items()}
