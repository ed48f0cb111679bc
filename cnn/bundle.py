"""A trained model at rest: a folder of plain files, each with its checksum.

Weights, numbers and JSON; the architecture is rebuilt by our code, so nothing is unpickled and no code is
loaded from the folder. ``SHA256SUMS`` covers every file and can be checked with ``sha256sum -c``; its own
checksum is the model's hash.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from cnn.calibration import StackedCalibration
from cnn.inputs import Scaling
from cnn.settings import Target, Training, with_tuples
from cnn.trained import BaselineBlock, TrainedModel, make_examples
from incidents.errors import BundleError
from incidents.files import replacing_folder
from rasterize.tensors import EventTensor
from verify.baselines.features import WindowFeatures
from verify.logistic import LogisticFit

FORMAT = "tocsin-bundle/1"
SUMS = "SHA256SUMS"
WEIGHTS = "network.npz"
FEATURES = ("hour_of_week", "calendar", "recent", "lags")
# What every bundle has, and all that loading reads, save for the scaling, which seed models do without.
REQUIRED = frozenset(
    {
        "manifest.json",
        WEIGHTS,
        "frame.npz",
        "baseline_block.npz",
        "calibration.json",
        "offset.json",
        "metrics.json",
    }
)
SCALING = "scaling.npz"


@dataclass(frozen=True)
class Bundle:
    """A trained model read from a folder.

    Args:
        model: The model.
        manifest: What ``manifest.json`` says.
        hash: SHA-256 of ``SHA256SUMS``, which covers every file.
    """

    model: TrainedModel
    manifest: Mapping[str, Any]
    hash: str


def save_bundle(
    model: TrainedModel, folder: Path, *, manifest: Mapping[str, Any], texts: Mapping[str, str]
) -> str:
    """Write a trained model as a folder, all of it or nothing.

    Args:
        model: The model.
        folder: Where to; an existing bundle is replaced.
        manifest: Versions, command, config and what else to keep, JSON-able.
        texts: Further files by name, e.g. the config as used.

    Returns:
        The model's hash.
    """
    with replacing_folder(folder) as fresh:
        _save_weights(model.network, fresh / WEIGHTS)
        model.frame.save(fresh / "frame.npz")
        _save_block(model.block, fresh / "baseline_block.npz")
        if model.scaling is not None:
            np.savez(fresh / SCALING, mean=model.scaling.mean, spread=model.scaling.spread)
        _write_json(fresh / "calibration.json", model.calibration.to_dict())
        _write_json(fresh / "offset.json", model.offset.to_dict())
        _write_json(fresh / "metrics.json", dict(model.figures))
        _write_json(fresh / "manifest.json", {**manifest, "format": FORMAT, **_description(model)})
        for name, text in texts.items():
            (fresh / name).write_text(text, encoding="utf-8")
        sums = "".join(f"{_sha256(file)}  {file.name}\n" for file in sorted(fresh.iterdir()))
        (fresh / SUMS).write_text(sums, encoding="utf-8")
    return hashlib.sha256(sums.encode()).hexdigest()


def load_bundle(folder: Path) -> Bundle:
    """Check and read a bundle.

    Args:
        folder: Written by :func:`save_bundle`.

    Returns:
        The bundle.

    Raises:
        BundleError: A file is missing or was changed, or the format is another one.
    """
    model_hash = verify_bundle(folder)
    manifest = _read_json(folder / "manifest.json")
    if manifest.get("format") != FORMAT:
        raise BundleError(
            f"Expected a bundle of format {FORMAT}. Received: {manifest.get('format')} in {folder}. Train again."
        )
    frame = EventTensor.load(folder / "frame.npz")
    target, training = (
        Target(**with_tuples(manifest["target"])),
        Training(**with_tuples(manifest["training"])),
    )
    offset = LogisticFit.from_dict(_read_json(folder / "offset.json"))
    scaling = _load_scaling(folder / SCALING) if training.model == "warning_net" else None
    model = TrainedModel(
        frame=frame,
        target=target,
        training=training,
        train=_dates(manifest["train"]),
        calibrate=_dates(manifest["calibrate"]),
        offset=offset,
        scaling=scaling,
        calibration=StackedCalibration.from_dict(_read_json(folder / "calibration.json")),
        block=_load_block(folder / "baseline_block.npz"),
        network=_load_network(folder / WEIGHTS, frame, target, training, offset, scaling),
        figures=_read_json(folder / "metrics.json"),
    )
    return Bundle(model, manifest, model_hash)


def verify_bundle(folder: Path) -> str:
    """Check every file of a bundle against its checksum and return the model's hash.

    Raises:
        BundleError: No bundle there, or names the file that is missing or was changed.
    """
    try:
        sums = (folder / SUMS).read_bytes()
        listed = [line.split("  ", 1) for line in sums.decode().removesuffix("\n").split("\n")]
        expected = {name: digest for digest, name in listed}
    except (OSError, ValueError) as error:
        raise BundleError(
            f"Expected a trained model with {SUMS} in {folder}. Received: {error}. "
            "Give the folder that `tocsin train --out` wrote."
        ) from error
    missing = sorted(REQUIRED - set(expected))
    if missing:
        raise BundleError(
            f"Expected {SUMS} in {folder} to list every file of a model. Received: one without {missing}. "
            "Restore it from a backup or train again."
        )
    for name, digest in expected.items():
        found = _sha256(folder / name) if (folder / name).is_file() else "no such file"
        if found != digest:
            raise BundleError(
                f"Expected {folder / name} with SHA-256 {digest}. Received: {found}. The model was changed or "
                "damaged after training; do not use it. Restore it from a backup or train again."
            )
    return hashlib.sha256(sums).hexdigest()


def _description(model: TrainedModel) -> dict[str, Any]:
    """What the model is, for the manifest."""
    return {
        "target": asdict(model.target),
        "training": asdict(model.training),
        "train": [day.isoformat() for day in model.train],
        "calibrate": [day.isoformat() for day in model.calibrate],
        "about": dict(model.frame.about),
    }


def _save_weights(network: Any, path: Path) -> None:
    """Write the weights in the network's own order; HDF5 would end the process on a full disk."""
    weights = {f"weight_{index:03d}": values for index, values in enumerate(network.get_weights())}
    np.savez(path, allow_pickle=False, **weights)


def _load_network(
    weights: Path,
    frame: EventTensor,
    target: Target,
    training: Training,
    offset: LogisticFit,
    scaling: Scaling | None,
) -> Any:
    """Rebuild the network by our own code and fill in its weights."""
    from cnn.networks import build_network

    examples = make_examples(frame, target, training, offset=offset, scaling=scaling)
    network = build_network(examples.inputs(np.array([1])), training)
    try:
        with np.load(weights, allow_pickle=False) as saved:
            network.set_weights([saved[name] for name in sorted(saved.files)])
    except (ValueError, OSError) as error:
        raise BundleError(
            f"Expected weights that fit {training.model}. Received: {error}. Train again with this version."
        ) from error
    return network


def _save_block(block: BaselineBlock, path: Path) -> None:
    """Write features and labels of both blocks without pickling; column names go in as text arrays."""
    arrays: dict[str, Any] = {"train_labels": block.train_labels, "calibrate_labels": block.calibrate_labels}
    for part, features in (("train", block.train), ("calibrate", block.calibrate)):
        arrays |= {f"{part}_{name}": getattr(features, name) for name in FEATURES}
    arrays |= {f"names_{key}": np.array(names, dtype=np.str_) for key, names in block.train.names.items()}
    np.savez(path, allow_pickle=False, **arrays)


def _load_block(path: Path) -> BaselineBlock:
    with np.load(path, allow_pickle=False) as saved:
        names = {key: tuple(saved[f"names_{key}"].tolist()) for key in FEATURES if f"names_{key}" in saved}
        train, calibrate = (
            WindowFeatures(**{name: saved[f"{part}_{name}"] for name in FEATURES}, names=names)
            for part in ("train", "calibrate")
        )
        return BaselineBlock(train, saved["train_labels"], calibrate, saved["calibrate_labels"])


def _load_scaling(path: Path) -> Scaling:
    with np.load(path, allow_pickle=False) as saved:
        return Scaling(saved["mean"], saved["spread"])


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values


def _dates(period: list[str]) -> tuple[date, date]:
    return date.fromisoformat(period[0]), date.fromisoformat(period[1])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
