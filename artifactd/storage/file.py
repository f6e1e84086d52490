"""A bucket in a directory: the embedded store of one machine, safe across processes and crashes.

Layout under the root::

    objects/<segment>/.../@<last segment>   one file per object; "@" keeps objects apart from directories, because
                                            "a" and "a/b" may both be keys
    tmp/<pid>-<random>                      bytes on their way in; locked (flock) while their writer lives
    locks/<00..ff>                          one lock per stripe of keys, held around compare-and-swap and delete

An object appears by link(2), which fails if the name exists, or is replaced by rename(2) under the key's lock. Both are
atomic, and file and directory are flushed before success is reported. A killed process therefore leaves nothing but
files in tmp/, which the next start sweeps.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import random
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Final

from artifactd.storage.bucket import (
    CHUNK_SIZE,
    CasConflictError,
    ObjectInfo,
    ObjectRange,
    Source,
    StoredObject,
    VerifiedFile,
    check_key,
    check_prefix,
)
from artifactd.storage.source import checked_chunks, require_digest
from schemas.digest import Digest
from schemas.errors import OffsetOutOfRangeError, SizeMismatchError, StorageError, StorageFullError

_LOCK_TIMEOUT_SECONDS: Final = 20.0
_SWEEP_AGE_SECONDS: Final = 60.0
"""A temporary file younger than this is left alone: its writer may not have locked it yet."""
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_OBJECT_MARK: Final = "@"


class FileBucket:
    """A :class:`~artifactd.storage.bucket.Bucket` in a local directory.

    Any number of threads and processes of one machine may use the directory at once. Network file systems whose
    flock or link are not atomic are not supported.
    """

    def __init__(self, root: Path) -> None:
        """Create the directories and sweep what killed writers left behind.

        Raises:
            StorageError: the directory cannot be created or written.
        """
        self._root = root
        self._objects = root / "objects"
        self._tmp = root / "tmp"
        self._locks = root / "locks"
        self._durable_directories: set[Path] = set()
        try:
            is_new = not root.exists()
            for directory in (self._objects, self._tmp, self._locks):
                directory.mkdir(parents=True, exist_ok=True, mode=0o750)
            _flush_directory(root)
            if is_new:  # of an old one the parent may be closed to this user
                _flush_directory(root.parent)
            sweep_abandoned(self._tmp, age_seconds=_SWEEP_AGE_SECONDS)
        except OSError as error:
            raise StorageError(
                f"the store directory {root} cannot be used: {error.strerror}",
                hint="choose a directory that this user may write",
            ) from error

    @property
    def root(self) -> Path:
        """The directory of the store."""
        return self._root

    def path_of(self, key: str) -> Path:
        """Where the object of a key is kept, whether it exists or not."""
        *parents, name = check_key(key).split("/")
        return self._objects.joinpath(*parents, _OBJECT_MARK + name)

    def put_if_absent(self, key: str, source: Source, *, size: int, sha256: Digest | None = None) -> bool:
        """See :meth:`Bucket.put_if_absent`; a VerifiedFile of the same file system is linked, not copied."""
        path = self.path_of(key)
        digest = require_digest(source, size, sha256)
        with _storage_errors("store an object"):
            if path.exists():
                self._make_parents(path.parent)
                _flush_directory(path.parent)
                return False
            if isinstance(source, VerifiedFile) and _same_device(source.path, self._tmp):
                return self._link_verified(source.path, path, size)
            with self._temporary() as (temporary, stream):
                for chunk in checked_chunks(source, size=size, sha256=digest):
                    _write_all(stream, chunk)
                os.fsync(stream.fileno())
                return self._link(temporary, path)

    def get(self, key: str, *, limit: int) -> StoredObject | None:
        """See :meth:`Bucket.get`."""
        with _storage_errors("read an object"):
            data = _read_whole(self.path_of(key), limit)
        return None if data is None else StoredObject(data=data, etag=_etag(data))

    def open_range(self, key: str, *, offset: int = 0, length: int | None = None) -> ObjectRange | None:
        """See :meth:`Bucket.open_range`."""
        with _storage_errors("read an object"):
            try:
                stream = FileIO(self.path_of(key), "rb")
            except FileNotFoundError:
                return None
            size = os.fstat(stream.fileno()).st_size
        if not 0 <= offset <= size:
            stream.close()
            raise OffsetOutOfRangeError("the offset is not within the object", expected=f"0..{size}", found=offset)
        end = size if length is None else min(size, offset + length)
        return ObjectRange(size=size, chunks=_range_chunks(stream, offset, end))

    def head(self, key: str) -> ObjectInfo | None:
        """See :meth:`Bucket.head`."""
        with _storage_errors("look up an object"):
            try:
                status = self.path_of(key).stat()
            except FileNotFoundError:
                return None
        return ObjectInfo(key=key, size=status.st_size, modified=status.st_mtime)

    def compare_and_swap(self, key: str, data: bytes, *, expected_etag: str | None) -> str:
        """See :meth:`Bucket.compare_and_swap`; writers of one key wait for each other."""
        path = self.path_of(key)
        with _storage_errors("replace an object"), self._locked(key):
            current = _read_whole(path, None)
            current_etag = None if current is None else _etag(current)
            if current_etag != expected_etag:
                raise CasConflictError("the object changed", expected=expected_etag, found=current_etag)
            with self._temporary() as (temporary, stream):
                _write_all(stream, data)
                os.fsync(stream.fileno())
                if expected_etag is None:
                    # put_if_absent does not take the lock: only link() can lose against it cleanly.
                    if not self._link(temporary, path):
                        raise CasConflictError("the object was created meanwhile", expected="no object")
                else:
                    temporary.replace(path)
                    _flush_directory(path.parent)
        return _etag(data)

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectInfo]:
        """See :meth:`Bucket.list`; objects that come and go meanwhile may or may not be listed."""
        check_prefix(prefix)
        return self._walk(self._objects, "", prefix, start_after or "")

    def delete(self, key: str) -> bool:
        """See :meth:`Bucket.delete`."""
        path = self.path_of(key)
        with _storage_errors("delete an object"), self._locked(key):
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            _flush_directory(path.parent)
        return True

    def _walk(self, directory: Path, above: str, prefix: str, start_after: str) -> Iterator[ObjectInfo]:
        """Depth first with "/" counted as part of a directory's name: that gives the byte order of whole keys."""
        with _storage_errors("list objects"):
            try:
                with os.scandir(directory) as found:
                    names = [_listed_name(entry) for entry in found]
            except FileNotFoundError:
                return
        for name in sorted(names):
            key = above + name
            if not (key.startswith(prefix) or prefix.startswith(key)):
                continue
            if name.endswith("/"):
                if key > start_after or start_after.startswith(key):
                    yield from self._walk(directory / name, key, prefix, start_after)
            elif key > start_after and key.startswith(prefix) and (info := self.head(key)) is not None:
                yield info

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[tuple[Path, FileIO]]:
        """A new, locked file in tmp/ that is gone afterwards unless it was renamed."""
        path = self._tmp / f"{os.getpid()}-{secrets.token_hex(8)}"
        with FileIO(path, "xb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX)
                yield path, stream
            finally:
                path.unlink(missing_ok=True)

    def _link_verified(self, source: Path, path: Path, size: int) -> bool:
        with FileIO(source, "rb") as stream:
            found = os.fstat(stream.fileno()).st_size
            if found != size:
                raise SizeMismatchError("the file has another size than declared", expected=size, found=found)
            os.fsync(stream.fileno())
        return self._link(source, path)

    def _link(self, source: Path, path: Path) -> bool:
        """Give a flushed file its name; False when the name is taken. Durable either way."""
        self._make_parents(path.parent)
        try:
            os.link(source, path)
            created = True
        except FileExistsError:
            created = False
        _flush_directory(path.parent)
        return created

    def _make_parents(self, directory: Path) -> None:
        """Make a directory, durably. Another process may have made it and not flushed it yet, so each flushes once."""
        if directory == self._objects or (directory in self._durable_directories and directory.is_dir()):
            return
        self._make_parents(directory.parent)
        directory.mkdir(exist_ok=True, mode=0o750)
        _flush_directory(directory.parent)
        self._durable_directories.add(directory)

    @contextlib.contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        stripe = hashlib.sha256(key.encode()).hexdigest()[:2]
        descriptor = os.open(self._locks / stripe, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            deadline = time.monotonic() + _LOCK_TIMEOUT_SECONDS
            while not try_lock(descriptor):
                if time.monotonic() > deadline:
                    raise StorageError(
                        f"the store was locked for more than {_LOCK_TIMEOUT_SECONDS:.0f} s",
                        hint="look for a stopped process that uses the same store directory",
                    )
                time.sleep(random.uniform(0.0005, 0.005))  # noqa: S311 - spreads waiting writers, no secret
            yield
        finally:
            os.close(descriptor)


def try_lock(descriptor: int) -> bool:
    """Take the exclusive lock of an open file unless another open file of any process holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sweep_abandoned(directory: Path, *, age_seconds: float) -> int:
    """Unlink the files of a directory that are older than ``age_seconds`` and that no living writer has locked.

    Returns:
        How many were removed.
    """
    removed = 0
    oldest = time.time() - age_seconds
    for path in sorted(directory.iterdir()):
        with contextlib.suppress(FileNotFoundError), FileIO(path, "rb") as stream:
            if os.fstat(stream.fileno()).st_mtime <= oldest and try_lock(stream.fileno()):
                path.unlink()
                removed += 1
    return removed


@dataclass
class _RangeChunks:
    """Chunks of an open file; an unstarted iterator, too, gives its descriptor back when closed or collected."""

    stream: FileIO
    position: int
    end: int

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.position >= self.end:
            self.close()
            raise StopIteration
        try:
            chunk = os.pread(self.stream.fileno(), min(CHUNK_SIZE, self.end - self.position), self.position)
        except OSError as error:
            self.close()
            raise StorageError(f"the store failed to read an object: {error.strerror}") from error
        if not chunk:
            self.close()
            raise StorageError("an object of the store is shorter than when it was opened", hint="check the disk")
        self.position += len(chunk)
        return chunk

    def close(self) -> None:
        self.stream.close()


def _range_chunks(stream: FileIO, offset: int, end: int) -> Iterator[bytes]:
    return _RangeChunks(stream, offset, end)


def _listed_name(entry: os.DirEntry[str]) -> str:
    if entry.name.startswith(_OBJECT_MARK):
        return entry.name.removeprefix(_OBJECT_MARK)
    return entry.name + "/"


def _read_whole(path: Path, limit: int | None) -> bytes | None:
    try:
        with FileIO(path, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if limit is not None and size > limit:
                raise StorageError(
                    "an object of the store is larger than it may be", expected=f"<= {limit}", found=size
                )
            return stream.readall()
    except FileNotFoundError:
        return None


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _write_all(stream: FileIO, chunk: bytes | memoryview) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[stream.write(rest) :]


def _same_device(first: Path, second: Path) -> bool:
    return first.stat().st_dev == second.stat().st_dev


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _storage_errors(what: str) -> Iterator[None]:
    """Turn OSError into StorageError. The text goes to clients, so it names no path; the chained cause does."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFullError(
                "the store has no room for the bytes", hint="free space or raise the quota of the store, then retry"
            ) from error
        raise StorageError(
            f"the store failed to {what}: {error.strerror or type(error).__name__}",
            hint="see the daemon's log for the path",
        ) from error
