"""A name for a result that changes whenever anything that it was made from changes: settings, data or code."""

import hashlib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np

import verify.panel
import verify.sepp
from incidents.errors import ConfigError

LENGTH = 20


def content_key(*parts: object) -> str:
    """Digest of nested settings and arrays.

    Args:
        parts: Dataclasses, mappings, sequences, arrays, numbers, text, times and None, nested at will.

    Raises:
        ConfigError: A part is of another kind, such as a function: its content cannot be told.

    Example:
        >>> content_key({"days": 28}) == content_key({"days": 28}) != content_key({"days": 29})
        True
    """
    digest = hashlib.sha256()
    for piece in _pieces(parts):
        digest.update(len(piece).to_bytes(8, "big"))
        digest.update(piece)
    return digest.hexdigest()[:LENGTH]


def code_key(model: object) -> str:
    """Digest of the source files next to those that define a model, its parts, and this room's forecasters."""
    folders = {Path(inspect.getfile(package)).parent for package in (verify.panel, verify.sepp)}
    folders |= {Path(inspect.getfile(kind)).parent for kind in _kinds(model)}
    return content_key(
        [file.read_bytes() for folder in sorted(folders) for file in sorted(folder.glob("*.py"))]
    )


def _kinds(part: object) -> Iterator[type]:
    """Types of a dataclass and of the dataclasses within it."""
    if is_dataclass(part) and not isinstance(part, type):
        yield type(part)
        for field in fields(part):
            yield from _kinds(getattr(part, field.name))


def _pieces(part: object) -> Iterator[bytes]:
    if is_dataclass(part) and not isinstance(part, type):
        yield f"{type(part).__module__}.{type(part).__qualname__}".encode()
        part = {field.name: getattr(part, field.name) for field in fields(part)}
    if isinstance(part, np.ndarray) and part.dtype != np.object_:
        yield f"{part.dtype.str}{part.shape}".encode()
        yield np.ascontiguousarray(part).tobytes()
    elif isinstance(part, Mapping):
        yield b"{"
        for name in sorted(part):
            yield from _pieces((name, part[name]))
        yield b"}"
    elif isinstance(part, list | tuple):
        yield b"["
        for each in part:
            yield from _pieces(each)
        yield b"]"
    elif isinstance(part, bytes):
        yield part
    elif part is None or isinstance(part, str | bool | int | float | np.generic):
        yield f"{type(part).__name__} {part!r}".encode()
    else:
        raise ConfigError(
            f"Expected settings made of dataclasses, arrays, numbers and text. Received: {type(part).__name__}. "
            "Keep what changes a forecast in such fields."
        )
