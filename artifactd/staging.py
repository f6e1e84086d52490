"""Uploads on their way in: local files that outlive a broken stream and a restart of the daemon.

Each upload (resource name: uuid, digest, size) has one file, named by the sha256 of that triple, whose length is what
the client may resume from. One stream at a time writes it, kept by a lock that dies with its process. Nothing here is
visible as a blob; finish() hands the file over only when size and digest are right, and drops it when they are wrong.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from artifactd.storage.file import sweep_abandoned, try_lock
from schemas.digest import Digest
from schemas.errors import (
    DigestMismatchError,
    FormatError,
    ServiceUnavailableError,
    SizeMismatchError,
    StorageError,
    StorageFullError,
)

_TAKEOVER_SECONDS: Final = 5.0
"""How long a resuming stream waits for its predecessor, whose broken connection the server may not have noticed yet."""
_SWEEP_INTERVAL_SECONDS: Final = 60.0
_REHASH_CHUNK: Final = 1 << 20
_HELPERS: Final = 4
_FLUSH_BYTES: Final = 8 << 20
"""Bytes after which writing to the disk is started, so that little is left to wait for at the end."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadName:
    """Which upload: the client's choice of id, and the blob it promises (``size`` in bytes)."""

    upload_id: str
    digest: Digest
    size: int

    @property
    def file_name(self) -> str:
        """A name that holds nothing of the client's choice."""
        return hashlib.sha256(f"{self.upload_id}/{self.digest.hex}/{self.size}".encode()).hexdigest()


class StagingArea:
    """A bounded directory of unfinished uploads.

    ``max_uploads`` and ``max_bytes`` (the sum of the sizes promised by open uploads and staged by idle ones) bound it;
    an upload that nobody wrote to for ``idle_seconds`` is dropped.
    """

    def __init__(self, directory: Path, *, max_uploads: int, max_bytes: int, idle_seconds: float) -> None:
        """Create the directory and drop what expired.

        Raises:
            StorageError: the directory cannot be used.
        """
        self._directory = directory
        self._max_uploads = max_uploads
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        self._promised: dict[str, int] = {}
        self._mutex = threading.Lock()
        self._swept = time.monotonic()
        # Hashing and flushing let go of the interpreter lock: they run beside the receiving of the next message.
        self._helpers = futures.ThreadPoolExecutor(max_workers=_HELPERS, thread_name_prefix="staging")
        try:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            sweep_abandoned(directory, age_seconds=idle_seconds)
        except OSError as error:
            raise StorageError(
                f"the staging directory {directory} cannot be used: {error.strerror}",
                hint="choose a directory that this user may write",
            ) from error

    def committed(self, name: UploadName) -> int | None:
        """How many bytes of an upload are kept, or None when nothing is known of it."""
        try:
            return (self._directory / name.file_name).stat().st_size
        except FileNotFoundError:
            return None

    @contextlib.contextmanager
    def open(self, name: UploadName) -> Iterator[Upload]:
        """Start or resume an upload; leaving the block keeps what was written, unless it was finished or dropped.

        Raises:
            StorageFullError: too many uploads, or too many bytes, are staged.
            ServiceUnavailableError: another stream is writing this upload.
        """
        self._sweep_sometimes()
        path = self._directory / name.file_name
        self._reserve(name)
        try:
            stream = _open_locked(path)
            try:
                with staging_errors():
                    upload = Upload(name, path, stream, self._helpers)
                try:
                    yield upload
                finally:
                    upload.settle()
            finally:
                stream.close()
        finally:
            with self._mutex:
                self._promised.pop(name.file_name, None)

    def _reserve(self, name: UploadName) -> None:
        with self._mutex:
            # A second stream of an open upload waits for the first one; it takes no more room.
            promised = {**self._promised, name.file_name: name.size}
            idle = sum(size for file_name, size in self._staged() if file_name not in promised)
            if len(promised) > self._max_uploads:
                raise StorageFullError(
                    "too many uploads are in progress", expected=f"<= {self._max_uploads}", hint="retry later"
                )
            if idle + sum(promised.values()) > self._max_bytes:
                raise StorageFullError(
                    "too many bytes are staged by unfinished uploads",
                    expected=f"<= {self._max_bytes}",
                    hint="retry later, or raise limits.maxStagedBytes",
                )
            self._promised = promised

    def _staged(self) -> Iterator[tuple[str, int]]:
        with staging_errors(), os.scandir(self._directory) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    yield entry.name, entry.stat().st_size

    def _sweep_sometimes(self) -> None:
        with self._mutex:
            if time.monotonic() - self._swept < _SWEEP_INTERVAL_SECONDS:
                return
            self._swept = time.monotonic()
        with staging_errors():
            sweep_abandoned(self._directory, age_seconds=self._idle_seconds)


class Upload:
    """One upload, open for writing by one stream. Made by :meth:`StagingArea.open` only."""

    def __init__(self, name: UploadName, path: Path, stream: FileIO, helpers: futures.Executor) -> None:
        self.name = name
        self._path = path
        self._stream = stream
        self._helpers = helpers
        self._hashing: futures.Future[None] | None = None
        self._flushing: futures.Future[None] | None = None
        self._unflushed = 0
        self._hasher = hashlib.sha256()
        self._committed = 0
        if stream.seek(0, os.SEEK_END) > name.size:
            stream.truncate(0)
        stream.seek(0)
        while chunk := stream.read(_REHASH_CHUNK):
            self._hasher.update(chunk)
            self._committed += len(chunk)

    @property
    def committed(self) -> int:
        """Bytes received so far; the only offset at which writing may go on."""
        return self._committed

    def restart(self) -> None:
        """Forget the bytes received so far."""
        self.settle()
        with staging_errors():
            self._stream.seek(0)
            self._stream.truncate(0)
        self._hasher = hashlib.sha256()
        self._committed = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes.

        Raises:
            SizeMismatchError: more bytes than promised; the upload is dropped.
            StorageFullError: no room. The bytes received before stay, so that the client can resume.
        """
        if self._committed + len(data) > self.name.size:
            self.drop()
            raise SizeMismatchError(
                f"too many bytes for {self.name.digest}",
                expected=self.name.size,
                found=f">= {self._committed + len(data)}",
            )
        if self._hashing is not None:
            self._hashing.result()
        rest = memoryview(data)
        with staging_errors():
            # What fits of a message that does not is cut off again: clients resume at the end of a message.
            try:
                self._hashing = self._helpers.submit(self._hasher.update, data)
                while rest:
                    rest = rest[self._stream.write(rest) :]
            except OSError:
                self._stream.truncate(self._committed)
                raise
        self._committed += len(data)
        self._unflushed += len(data)
        if self._unflushed >= _FLUSH_BYTES:
            self.settle()
            self._unflushed = 0
            self._flushing = self._helpers.submit(os.fdatasync, self._stream.fileno())

    def settle(self) -> None:
        """Wait for what runs beside, before the file is closed or handed over.

        Raises:
            StorageError: the disk failed to take bytes; the upload is dropped, because nobody is told twice.
        """
        futures.wait([running for running in (self._hashing, self._flushing) if running is not None])
        flushed, self._flushing = self._flushing, None
        if flushed is not None and flushed.exception() is not None:
            self.drop()
            with staging_errors():
                flushed.result()

    def finish(self) -> Path:
        """The complete, checked file; :meth:`drop` it after it was stored.

        Raises:
            SizeMismatchError: fewer bytes than promised.
            DigestMismatchError: other bytes than promised.
            StorageError: the disk failed. In every case the upload is dropped.
        """
        self.settle()
        if self._committed != self.name.size:
            self.drop()
            raise SizeMismatchError(
                f"too few bytes for {self.name.digest}", expected=self.name.size, found=self._committed
            )
        found = Digest(self._hasher.hexdigest())
        if found != self.name.digest:
            self.drop()
            raise DigestMismatchError("the bytes have another digest", expected=self.name.digest, found=found)
        return self._path

    def drop(self) -> None:
        """Delete the staged bytes."""
        with staging_errors():
            self._path.unlink(missing_ok=True)


def _open_locked(path: Path) -> FileIO:
    """Open or create the file of an upload and take its lock.

    Raises:
        ServiceUnavailableError: another stream keeps the lock.
    """
    deadline = time.monotonic() + _TAKEOVER_SECONDS
    while True:
        with staging_errors():
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        stream = FileIO(descriptor, "r+b")
        if try_lock(descriptor) and _is_still(path, descriptor):
            return stream
        # Locked by another stream, or dropped by it between our open and our lock.
        stream.close()
        if time.monotonic() > deadline:
            raise ServiceUnavailableError("another stream is writing this upload", hint="retry in a few seconds")
        time.sleep(0.02)


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        named = path.stat()
    except FileNotFoundError:
        return False
    if not os.path.samestat(named, os.fstat(descriptor)):
        return False
    if named.st_nlink > 1:
        # A daemon died after it linked the file into the store: the bytes are a blob's now and must not be written.
        path.unlink(missing_ok=True)
        return False
    return True


@contextlib.contextmanager
def staging_errors() -> Iterator[None]:
    """Turn OSError of the staging directory into StorageError; the text goes to clients and names no path."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFullError(
                "the daemon has no room to stage the upload", hint="free space in its staging directory, then resume"
            ) from error
        raise StorageError(
            f"the daemon failed to stage an upload: {error.strerror or type(error).__name__}",
            hint="see the daemon's log",
        ) from error


def require_upload_id(upload_id: str) -> str:
    """Return the id if it is well formed: 1 to 128 of ``[A-Za-z0-9_.-]``.

    Raises:
        FormatError: anything else.
    """
    allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
    if not 1 <= len(upload_id) <= 128 or upload_id.strip(allowed):
        raise FormatError("not an upload id", expected="1 to 128 of [A-Za-z0-9_.-]", found=repr(upload_id)[:80])
    return upload_id
