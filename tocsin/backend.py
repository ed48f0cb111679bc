"""Starts Keras on the backend that the user chose, without the chatter of the libraries below it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from incidents.errors import ConfigError

BACKENDS = ("tensorflow", "jax", "torch")

# TensorFlow writes these two lines while it is imported, before any of its settings can stop them. A process
# of its own drops them, so that what a library says before it aborts the program still reaches the user.
_FILTER = """
import sys
for line in sys.stdin.buffer:
    if not line.startswith((b"WARNING: All log messages before absl::InitializeLog", b"I0000 ")):
        sys.stderr.buffer.write(line)
        sys.stderr.buffer.flush()
"""


def start_keras() -> None:
    """Import Keras; every command that needs a network calls this first.

    TensorFlow logs errors only, unless ``TF_CPP_MIN_LOG_LEVEL`` asks for more.

    Raises:
        ConfigError: ``KERAS_BACKEND`` names no backend that can train, or one that is not installed.
    """
    if "keras" in sys.modules:
        return
    chosen = os.environ.get("KERAS_BACKEND", "tensorflow")
    if chosen not in BACKENDS:
        raise ConfigError(
            f"Expected KERAS_BACKEND to be one of {', '.join(BACKENDS)}. Received: {chosen!r}. "
            "Unset it to use tensorflow."
        )
    quiet = "TF_CPP_MIN_LOG_LEVEL" not in os.environ
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with _without_chatter(quiet):
            import keras  # noqa: F401
    except ImportError as error:
        extra = {"tensorflow": "cpu"}.get(chosen, chosen)
        raise ConfigError(
            f"Expected the Keras backend {chosen} to be installed. Received: {error}. "
            f"Install it with pip install 'tocsin[{extra}]', or set KERAS_BACKEND to one that is."
        ) from error


@contextmanager
def _without_chatter(quiet: bool) -> Iterator[None]:
    """Send the standard error of the block, C++ libraries included, through a filter."""
    if not quiet:
        yield
        return
    sys.stderr.flush()
    kept = os.dup(2)
    source, sink = os.pipe()
    command = [sys.executable, "-S", "-E", "-c", _FILTER]
    # In a session of its own, so that Ctrl-C does not end the filter before it has passed everything on.
    with subprocess.Popen(command, stdin=source, stderr=kept, start_new_session=True):  # noqa: S603
        os.close(source)
        os.dup2(sink, 2)
        os.close(sink)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)  # closes the last way into the filter, which then ends
            os.close(kept)
