"""What a source file holds, plain or gzipped, with its damage told precisely."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

from incidents.errors import ConfigError, UnreadableFileError

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
BLANKS = b"\r\n\t \x00" + UTF8_BOM
HEAD_BYTES = 65536
GZIP_WRAPPER = 31
"""``wbits`` with which zlib expects a gzip header and checks length and CRC of the trailer."""


@dataclass(frozen=True)
class SourceFile:
    """A file as it lies on disk.

    Args:
        path: For messages.
        stored: Its bytes, perhaps gzipped.
        head: The first bytes of its content, unpacked.
    """

    path: Path
    stored: bytes
    head: bytes

    @property
    def is_gzip(self) -> bool:
        """Whether the content is packed; the first bytes tell, not the name."""
        return self.stored.startswith(GZIP_MAGIC)

    def content(self) -> bytes:
        """The whole content, unpacked.

        Raises:
            UnreadableFileError: The file is cut short or damaged.
        """
        return _gunzip(self.stored, self.path) if self.is_gzip else self.stored

    def text(self, encoding: str) -> bytes:
        """The whole content as UTF-8 bytes without a byte order mark.

        Args:
            encoding: Encoding of the content, as the layout states it.

        Raises:
            UnreadableFileError: Damaged, or a byte is not of that encoding; gives its offset and line.
            ConfigError: ``encoding`` is no encoding that Python knows.
        """
        return _to_utf8(self.content().removeprefix(UTF8_BOM), self.path, encoding)


def open_source(path: Path) -> SourceFile:
    """Read a file, and unpack its beginning.

    Raises:
        UnreadableFileError: Missing, empty, damaged at once, or an archive.
    """
    try:
        stored = path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(
            f"Expected a readable file {path}. Received: {error.strerror}. Correct its path or its permissions."
        ) from error
    if stored.startswith(ZIP_MAGIC):
        raise UnreadableFileError(
            f"Expected text or gzip in {path}. Received: a zip archive. Unpack it first."
        )
    head = _gunzip_head(stored, path) if stored.startswith(GZIP_MAGIC) else stored[:HEAD_BYTES]
    if not head.strip(BLANKS):
        raise UnreadableFileError(f"Expected incidents in {path}. Received: an empty file. Fetch it again.")
    return SourceFile(path, stored, head)


def _gunzip_head(packed: bytes, path: Path) -> bytes:
    try:
        return zlib.decompressobj(GZIP_WRAPPER).decompress(packed, HEAD_BYTES)
    except zlib.error as error:
        raise _damaged(path, error) from error


def _gunzip(packed: bytes, path: Path) -> bytes:
    """Content of all gzip members, each checked to its last byte."""
    members = []
    while packed.strip(b"\x00"):
        reader = zlib.decompressobj(GZIP_WRAPPER)
        try:
            members.append(reader.decompress(packed))
        except zlib.error as error:
            raise _damaged(path, error) from error
        if not reader.eof:
            raise UnreadableFileError(
                f"Expected a whole gzip file {path}. Received: one that is cut short after "
                f"{sum(map(len, members)):,} bytes of content. Fetch it again."
            )
        packed = reader.unused_data
    return members[0] if len(members) == 1 else b"".join(members)


def _damaged(path: Path, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(
        f"Expected a whole gzip file {path}. Received: damaged data ({error}). Fetch it again."
    )


def _to_utf8(content: bytes, path: Path, encoding: str) -> bytes:
    if content.isascii() and b"\x00" not in content[:HEAD_BYTES]:
        return content
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise ConfigError(
            f"Expected the name of an encoding. Received: {encoding!r}. Use utf-8, cp1252, latin-1 or utf-16."
        ) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        fitting = "utf-16" if content.startswith(UTF16_BOMS) else "cp1252"
        raise UnreadableFileError(
            f"Expected {encoding} text in {path}. Received: byte 0x{content[error.start]:02x} at offset "
            f"{error.start} (line {line}). Set encoding of this layout in the city's YAML, "
            f"for example encoding: {fitting}."
        ) from error
    if "\x00" in text[:HEAD_BYTES]:
        raise UnreadableFileError(
            f"Expected text in {path}. Received: null bytes. If it is UTF-16, set encoding: utf-16 in the layout."
        )
    return text.encode()
