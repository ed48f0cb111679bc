"""Opens a trained model for a command: checked first, and Keras started only if it is sound."""

from pathlib import Path

from cnn.bundle import Bundle, load_bundle, verify_bundle
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
