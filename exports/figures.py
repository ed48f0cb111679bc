"""Where a drawn figure goes: a PNG, PDF or SVG file, whole or not at all."""

from pathlib import Path
from typing import TYPE_CHECKING

from incidents.errors import ConfigError
from incidents.files import replacing_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What would make two files of one figure differ, by format: program version and time of writing.
VARYING = {".png": {"Software": None}, ".pdf": {"CreationDate": None}, ".svg": {"Date": None}}


def save_figure(figure: "Figure", path: Path, *, dpi: int = 150) -> int:
    """Write a figure in the format of the file's suffix.

    The same figure gives the same bytes, at any time.

    Args:
        figure: What to write.
        path: Its place; ``.png``, ``.pdf`` or ``.svg``.
        dpi: Pixels per inch of a PNG.

    Returns:
        Size of the file, bytes.

    Raises:
        ConfigError: Another suffix.
        StoreError: The file could not be written.
    """
    suffix = path.suffix.lower()
    if suffix not in VARYING:
        raise ConfigError(
            f"Expected a picture ending in {', '.join(VARYING)}. Received: {path.name}. Change the name under --out."
        )
    with replacing_file(path) as aside:
        figure.savefig(aside, dpi=dpi, format=suffix[1:], metadata=VARYING[suffix])
    return path.stat().st_size
