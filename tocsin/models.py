"""Opens and replaces trained models for the commands: checked first, before Keras starts and time is spent."""

from pathlib import Path

from cnn.bundle import SUMS, Bundle, load_bundle, verify_bundle
from incidents.errors import ConfigError
from incidents.store import IncidentStore
from tocsin.backend import start_keras


def open_model(folder: Path) -> Bundle:
    """Check and read the folder that ``tocsin train`` wrote.

    Raises:
        BundleError: No model there, or one that was changed.
        ConfigError: Keras cannot start on the chosen backend.
    """
    verify_bundle(folder)
    start_keras()
    return load_bundle(folder)


def require_same_city(bundle: Bundle, store: IncidentStore) -> None:
    """Refuse to use the model of one city on the incidents of another.

    Raises:
        ConfigError: Names both cities.
    """
    ours, theirs = store.city.name, bundle.model.frame.about["city"]
    if ours != theirs:
        raise ConfigError(
            f"Expected a model of {ours}, whose incidents the store {store.root} holds. Received: a model of "
            f"{theirs}. Name another --model or another --store."
        )


def require_replaceable(folder: Path) -> None:
    """Refuse to replace a folder that holds something else than a model.

    Raises:
        ConfigError: It has files, and no list of a model's files.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / SUMS).is_file():
        raise ConfigError(
            f"Expected a new folder for --out, or one that `tocsin train` wrote, which it replaces. "
            f"Received: {folder}, which holds other files. Name another folder."
        )
