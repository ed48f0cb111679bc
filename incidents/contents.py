"""What text a source file holds: unpacked, checked to its last byte, and brought to UTF-8."""

from __future__ import annotations

import zlib
from pathlib import Path

from incidents.errors import ConfigError, UnreadableFileError

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
UTF8_BOM = b"\xef\xbb\xbf"
BLANKS = b"\r\n\t \x00" + UTF8_BOM
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
GZIP_WRAPPER = 31
"""``wbits`` with which zlib expects a gzip header and checks length and CRC of the trailer."""


def read_content(path: Path) -> bytes:
    """Whole content of a plain or gzipped file; gzip is recognised by its first bytes, not by its name.

    Raises:
        UnreadableFileError: Missing, empty, cut short, damaged, or an archive.
    """
    content = _unpack(_read_bytes(path), path)
    if not content[:4096].strip(BLANKS):
        raise UnreadableFileError(f"Expected incidents in {path}. Received: an empty file. Fetch it again.")
    return content


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(
            f"Expected a readable file {path}. Received: {error.strerror}. Correct its path or its permissions."
        ) from error


def _unpack(content: bytes, path: Path) -> bytes:
    if content.startswith(ZIP_MAGIC):
        raise UnreadableFileError(
            f"Expected text or gzip in {path}. Received: a zip archive. Unpack it first."
        )
    return _gunzip(content, path) if content.startswith(GZIP_MAGIC) else content


def _gunzip(packed: bytes, path: Path) -> bytes:
    """Content of all gzip members; Polars itself does not notice when the last one is cut short."""
    members = []
    while packed.strip(b"\x00"):
        reader = zlib.decompressobj(GZIP_WRAPPER)
        try:
            members.append(reader.decompress(packed))
        except zlib.error as error:
            raise UnreadableFileError(
                f"Expected a whole gzip file {path}. Received: damaged data ({error}). Fetch it again."
            ) from error
        if not reader.eof:
            raise UnreadableFileError(
                f"Expected a whole gzip file {path}. Received: one that is cut short after "
                f"{sum(map(len, members)):,} bytes of content. Fetch it again."
            )
        packed = reader.unused_data
    return members[0] if len(members) == 1 else b"".join(members)


def to_utf8(content: bytes, *, path: Path, encoding: str) -> bytes:
    """The same text as UTF-8 bytes, without a byte order mark.

    Args:
        content: As from `read_content`.
        path: For messages.
        encoding: Encoding of ``content``, as the layout states it.

    Raises:
        UnreadableFileError: A byte is not of that encoding; the message names its offset and line.
        ConfigError: ``encoding`` is no encoding that Python knows.
    """
    if content.startswith(UTF8_BOM):
        content = content[len(UTF8_BOM) :]
    if content.isascii() and b"\x00" not in content[:4096]:
        return content
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise ConfigError(
            f"Expected the name of an encoding. Received: {encoding!r}. Use utf-8, cp1252, latin-1 or utf-16."
        ) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UnreadableFileError(
            f"Expected {encoding} text in {path}. Received: byte 0x{content[error.start]:02x} at offset "
            f"{error.start} (line {line}). Set encoding of this layout in the city's YAML, "
            f"for example encoding: {'utf-16' if content.startswith(UTF16_BOMS) else 'cp1252'}."
        ) from error
    if "\x00" in text[:4096]:
        raise UnreadableFileError(
            f"Expected text in {path}. Received: null bytes. If it is UTF-16, set encoding: utf-16 in the layout."
        )
    return text.encode()
