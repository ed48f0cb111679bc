"""A trained model at rest: what comes back, what is refused, and that a folder is whole or not there."""

import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnn.bundle import REQUIRED, SUMS, load_bundle, save_bundle, verify_bundle
from cnn.settings import Periods, Target, Training
from cnn.training import train_model
from incidents.errors import BundleError

MANIFEST = {"versions": {"tocsin": "0.1.0"}, "command": "tocsin train"}
TEXTS = {"config.yaml": "name: simulated # größer\n", "training.log": "epoch 1/2\n"}
FILES = sorted([*REQUIRED, "scaling.npz", *TEXTS])
FORECAST = ("probability", "lo", "hi", "baseline", "surface")


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    save_bundle(trained, folder, manifest=MANIFEST, texts=TEXTS)
    return folder


@pytest.fixture
def copy(saved, tmp_path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "run"))


def flip(path: Path, position: int, mask: int = 1) -> None:
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= mask
    path.write_bytes(bytes(content))


def test_the_folder_by_hand(saved):
    assert sorted(file.name for file in saved.iterdir()) == sorted([*FILES, SUMS])
    manifest = json.loads((saved / "manifest.json").read_text())
    assert manifest["format"] == "tocsin-bundle/1"
    assert manifest["target"]["categories"] == ["homicide", "shooting"]
    assert (manifest["train"], manifest["calibrate"]) == (
        ["2023-10-01", "2023-10-28"],
        ["2023-10-28", "2023-11-06"],
    )
    assert manifest["command"] == "tocsin train"
    assert (saved / "config.yaml").read_text(encoding="utf-8") == TEXTS["config.yaml"]
    listed = dict(reversed(line.split("  ")) for line in (saved / SUMS).read_text().splitlines())
    assert listed == {name: hashlib.sha256((saved / name).read_bytes()).hexdigest() for name in FILES}


def test_sha256sum_agrees(saved):
    check = subprocess.run(["sha256sum", "--strict", "-c", SUMS], cwd=saved, capture_output=True, text=True)
    assert check.returncode == 0, check.stderr
    assert check.stdout.splitlines() == [f"{name}: OK" for name in FILES]


def test_round_trip_gives_identical_predictions(simulated, trained, saved):
    bundle = load_bundle(saved)
    issues = np.arange(100, 540, 7)
    before, after = (one.predict(simulated.tensor, issues) for one in (trained, bundle.model))
    for name in FORECAST:
        assert getattr(before, name).tobytes() == getattr(after, name).tobytes(), name
    model = bundle.model
    assert (model.target, model.training) == (trained.target, trained.training)
    assert (model.train, model.calibrate) == (trained.train, trained.calibrate)
    assert model.figures == trained.figures
    assert model.frame.channels == trained.frame.channels
    assert bundle.manifest["versions"] == MANIFEST["versions"]
    assert bundle.hash == hashlib.sha256((saved / SUMS).read_bytes()).hexdigest() == verify_bundle(saved)


def test_the_blocks_of_the_baselines_come_back(trained, saved):
    ours, theirs = trained.block, load_bundle(saved).model.block
    np.testing.assert_array_equal(ours.train_labels, theirs.train_labels)
    np.testing.assert_array_equal(ours.calibrate_labels, theirs.calibrate_labels)
    for part in ("train", "calibrate"):
        first, second = getattr(ours, part), getattr(theirs, part)
        assert dict(first.names) == dict(second.names)
        for name in ("hour_of_week", "calendar", "recent", "lags"):
            np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
            assert getattr(first, name).dtype == getattr(second, name).dtype


def test_a_model_saved_twice_differs_in_nothing_that_is_read(simulated, saved, tmp_path):
    again = tmp_path / "again"
    save_bundle(load_bundle(saved).model, again, manifest=MANIFEST, texts=TEXTS)
    issues = np.arange(100, 110)
    first, second = (load_bundle(f).model.predict(simulated.tensor, issues) for f in (saved, again))
    assert first.probability.tobytes() == second.probability.tobytes()
    for name in ("manifest.json", "calibration.json", "offset.json", "metrics.json"):
        assert (saved / name).read_bytes() == (again / name).read_bytes()


def test_nothing_in_it_is_pickled(saved):
    for path in saved.glob("*.npz"):
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".npy")]
            assert members
        with np.load(path, allow_pickle=False) as arrays:
            assert {arrays[name.removesuffix(".npy")].dtype.hasobject for name in members} == {False}
    assert {path.suffix for path in saved.iterdir()} == {".npz", ".json", ".yaml", ".log", ""}


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_refused_by_name(copy, name):
    flip(copy / name, 17)
    received = hashlib.sha256((copy / name).read_bytes()).hexdigest()
    expected = next(line for line in (copy / SUMS).read_text().splitlines() if line.endswith(name)).split()[0]
    with pytest.raises(BundleError) as refusal:
        load_bundle(copy)
    assert str(refusal.value) == (
        f"Expected {copy / name} with SHA-256 {expected}. Received: {received}. The model was changed or damaged "
        "after training; do not use it. Restore it from a backup or train again."
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from([*FILES, SUMS]), position=st.integers(0, 10**7), mask=st.integers(1, 255))
def test_any_changed_byte_anywhere_is_refused(saved, tmp_path, name, position, mask):
    folder = Path(shutil.copytree(saved, tmp_path / "run", dirs_exist_ok=True))
    flip(folder / name, position, mask)
    with pytest.raises(BundleError):
        load_bundle(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(copy, name):
    (copy / name).unlink()
    with pytest.raises(BundleError) as refusal:
        load_bundle(copy)
    assert str(refusal.value).startswith(f"Expected {copy / name} with SHA-256 ")
    assert "Received: no such file. " in str(refusal.value)


def test_another_end_of_line_in_the_list_is_refused(copy):
    sums = (copy / SUMS).read_bytes()
    (copy / SUMS).write_bytes(sums[:-1] + b"\x0b")
    with pytest.raises(BundleError, match="Received: no such file"):
        load_bundle(copy)


def test_a_missing_list_of_checksums_is_refused_in_these_words(tmp_path):
    with pytest.raises(BundleError) as refusal:
        load_bundle(tmp_path)
    assert str(refusal.value) == (
        f"Expected a trained model with SHA256SUMS in {tmp_path}. Received: [Errno 2] No such file or directory: "
        f"'{tmp_path / SUMS}'. Give the folder that `tocsin train --out` wrote."
    )


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_list_that_leaves_out_a_file_is_refused(copy, name):
    lines = (copy / SUMS).read_text().splitlines(keepends=True)
    (copy / SUMS).write_text("".join(line for line in lines if not line.endswith(f"  {name}\n")))
    with pytest.raises(BundleError) as refusal:
        load_bundle(copy)
    assert str(refusal.value) == (
        f"Expected SHA256SUMS in {copy} to list every file of a model. Received: one without ['{name}']. "
        "Restore it from a backup or train again."
    )


def seal(folder: Path) -> None:
    """Write fresh checksums over whatever lies in a folder."""
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    sums = (f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)
    (folder / SUMS).write_text("".join(sums))


def test_another_format_is_refused(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps({**manifest, "format": "tocsin-bundle/0"}))
    seal(copy)
    with pytest.raises(BundleError) as refusal:
        load_bundle(copy)
    assert str(refusal.value) == (
        f"Expected a bundle of format tocsin-bundle/1. Received: tocsin-bundle/0 in {copy}. Train again."
    )


def test_weights_of_another_network_are_refused(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["training"]["filters"] += 1
    (copy / "manifest.json").write_text(json.dumps(manifest))
    seal(copy)
    with pytest.raises(
        BundleError, match=r"^Expected weights that fit warning_net\. Received: .+Train again with"
    ):
        load_bundle(copy)


def test_replacing_a_model_is_all_or_nothing(simulated, trained, saved, copy):
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    with pytest.raises(TypeError):
        save_bundle(trained, copy, manifest={"command": object()}, texts={})
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before
    assert [path.name for path in copy.parent.iterdir()] == ["run"]
    save_bundle(trained, copy, manifest={"command": "again"}, texts={})
    assert load_bundle(copy).manifest["command"] == "again"
    assert sorted(path.name for path in copy.iterdir()) == sorted([*REQUIRED, "scaling.npz", SUMS])
    assert [path.name for path in copy.parent.iterdir()] == ["run"]


def test_a_seed_model_has_no_scaling(town, fill, tmp_path, monkeypatch):
    monkeypatch.setattr("cnn.trained.PICTURE_SHAPES", {"seed_model_1": (40, 40)})
    rng = np.random.default_rng(2)
    windows = np.sort(rng.choice(120, size=30, replace=False))
    tensor = fill(town(days=10), [(int(w), 2, 2, 0, 1, int(w) + 1) for w in windows])
    training = Training(model="seed_model_1", epochs=1, negatives_kept=0.5)
    model = train_model(tensor, Target(("homicide", "shooting")), Periods(), training)
    save_bundle(model, tmp_path / "seed", manifest={}, texts={})
    assert not (tmp_path / "seed" / "scaling.npz").exists()
    again = load_bundle(tmp_path / "seed").model
    first, second = (one.predict(tensor, np.arange(60, 70)) for one in (model, again))
    assert first.probability.tobytes() == second.probability.tobytes()
    assert first.surface is None
