"""Writing downloaded bytes to a file of the user's choice: whole and checked, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from artifactd.client.sources import BlobRef
from schemas.errors import StorageError
from schemas.hashing_reader import HashingReader


def save_blob(path: Path, chunks: Iterable[bytes | memoryview], ref: BlobRef) -> None:
    """Write a blob to ``path``, replacing what is there once size and digest have been checked.

    Raises:
        SizeMismatchError, DigestMismatchError: these are not the named bytes.
        StorageError: the file cannot be written, or the disk is full; ``path`` is as it was.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:32]}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb", buffering=0) as file:
                for chunk in HashingReader(chunks, digest=ref.digest, size=ref.size):
                    view = memoryview(chunk)
                    while view:
                        view = view[os.write(file.fileno(), view) :]
                os.fchmod(file.fileno(), 0o644)
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}", hint="check the directory, and that the disk has space"
        ) from error
