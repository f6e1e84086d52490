"""What is uploaded: the bytes of a file, or bytes in memory, together with their digest."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from schemas.digest import Digest
from schemas.errors import ConfigError, SizeMismatchError

MESSAGE_SIZE: Final = 1024 * 1024
"""Bytes of a blob in one message; measured best for gRPC in Python."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class BlobRef:
    """A blob's full name: its digest and its size in bytes. Written ``sha256:<hex>/<size>``."""

    digest: Digest
    size: int

    def __str__(self) -> str:
        return f"{self.digest}/{self.size}"


class BlobSource(Protocol):
    """Bytes whose digest is known."""

    @property
    def ref(self) -> BlobRef:
        """The name of these bytes."""
        ...

    def chunks(self, offset: int) -> Iterator[bytes | memoryview]:
        """The bytes from ``offset`` on, at most MESSAGE_SIZE at a time; nothing if there are none left."""
        ...

    def read_bytes(self) -> bytes:
        """All bytes."""
        ...


class BytesSource:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.ref = BlobRef(digest=Digest.of(data), size=len(data))

    def chunks(self, offset: int) -> Iterator[memoryview]:
        """As in :class:`BlobSource`."""
        view = memoryview(self._data)
        for start in range(offset, len(view), MESSAGE_SIZE):
            yield view[start : start + MESSAGE_SIZE]

    def read_bytes(self) -> bytes:
        """As in :class:`BlobSource`."""
        return self._data


class FileSource:
    """A file, hashed when this is made. If it changes afterwards, the service refuses the upload for its digest.

    Raises:
        ConfigError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                digest = Digest(hashlib.file_digest(file, "sha256").hexdigest())
                self.ref = BlobRef(digest=digest, size=file.tell())
        except OSError as error:
            raise _unreadable(path, error) from error

    def chunks(self, offset: int) -> Iterator[bytes]:
        """As in :class:`BlobSource`.

        Raises:
            SizeMismatchError: the file was cut off since it was hashed.
            ConfigError: it cannot be read any more.
        """
        try:
            with self._path.open("rb", buffering=0) as file:
                while offset < self.ref.size:
                    chunk = os.pread(file.fileno(), min(MESSAGE_SIZE, self.ref.size - offset), offset)
                    if not chunk:
                        raise SizeMismatchError(
                            f"{self._path} was cut off during the upload", expected=self.ref.size, found=offset
                        )
                    offset += len(chunk)
                    yield chunk
        except OSError as error:
            raise _unreadable(self._path, error) from error

    def read_bytes(self) -> bytes:
        """As in :class:`BlobSource`, with the errors of :meth:`chunks`."""
        return b"".join(self.chunks(0))


def source_of(content: Path | bytes) -> BlobSource:
    """The source for a file's path or for bytes."""
    return BytesSource(content) if isinstance(content, bytes) else FileSource(content)


def _unreadable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"cannot read {path}: {error.strerror or error}", hint="check the path and its permissions")
