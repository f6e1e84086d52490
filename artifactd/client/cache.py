"""Local cache of blobs by digest, shared by every process of a user.

Layout below the cache directory::

    blobs/ab/ab12...   one file per blob, named by its sha256, read-only
    tmp/               blobs on their way in; a file nobody holds a lock on is left over from a crash
    locks/             one file per digest that is being fetched, and `index`, held while a name appears or goes

A blob gets its name by rename, after its bytes were hashed and synchronised to the disk, so a file under ``blobs``
is whole unless the disk or somebody changed it afterwards. Looking one up checks the size always and the digest on
request.

A :class:`CachedBlob` is a lease: it holds a shared ``flock`` on the file. Eviction removes only files it can lock
exclusively, so a path that was handed out stays valid until the lease is closed; the kernel ends the leases of a
process that dies. Eviction takes the least recently used first (by modification time, which every look-up renews)
and runs after each addition that exceeds the bound. Leased bytes can exceed the bound; they go once released.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import platformdirs

from schemas.digest import Digest
from schemas.errors import (
    ConfigError,
    DigestMismatchError,
    FormatError,
    IntegrityError,
    SizeMismatchError,
    StorageError,
)
from schemas.hashing_reader import HashingReader

CACHE_ENV: Final = "ARTIFACTD_CACHE"
CACHE_BYTES_ENV: Final = "ARTIFACTD_CACHE_BYTES"
DEFAULT_MAX_BYTES: Final = 10 * 1024**3
# A process creates a temporary file a moment before it locks it; only older ones can be left over from a crash.
_LEFTOVER_AGE_S: Final = 3600.0
_HEALED: Final = "the file was removed; the next fetch downloads the blob again"


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheEntry:
    """One blob in the cache; ``last_used`` in seconds since the epoch."""

    digest: Digest
    size: int
    last_used: float


class CachedBlob:
    """A blob in the cache and a lease on it: ``path`` stays valid until :meth:`close` (or the end of the process)."""

    def __init__(self, *, path: Path, digest: Digest, size: int, descriptor: int) -> None:
        self.path = path
        self.digest = digest
        self.size = size
        self._descriptor: int | None = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """End the lease; may be repeated."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def read_bytes(self) -> bytes:
        """The blob's bytes."""
        return self.path.read_bytes()

    def is_current(self) -> bool:
        """Whether the file under ``path`` is the leased one (nobody removed or replaced it)."""
        return self._descriptor is not None and _is_named(self.path, self._descriptor)

    def check(self) -> None:
        """Hash the file.

        Raises:
            DigestMismatchError: it has other bytes than its name says.
        """
        with self.path.open("rb") as file:
            found = Digest(hashlib.file_digest(file, "sha256").hexdigest())
        if found != self.digest:
            raise DigestMismatchError("corrupt cache file", expected=self.digest, found=found, hint=_HEALED)


def default_directory(environ: Mapping[str, str] | None = None) -> Path:
    """The cache directory: ARTIFACTD_CACHE, else the platform's place for a user's caches."""
    configured = (os.environ if environ is None else environ).get(CACHE_ENV)
    return Path(configured) if configured else platformdirs.user_cache_path("artifactd") / "blobs"


def default_max_bytes(environ: Mapping[str, str] | None = None) -> int:
    """The bound of the cache in bytes: ARTIFACTD_CACHE_BYTES, else 10 GiB.

    Raises:
        ConfigError: the variable is not a whole number above zero.
    """
    text = (os.environ if environ is None else environ).get(CACHE_BYTES_ENV)
    if not text:
        return DEFAULT_MAX_BYTES
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ConfigError(f"{CACHE_BYTES_ENV} is wrong", expected="a number of bytes above zero", found=repr(text))
    return int(text)


class ArtifactCache:
    """The cache in one directory. Safe for threads and for any number of processes on one machine.

    Every method raises StorageError when the directory cannot be used or the disk is full; nothing is stored then.
    """

    def __init__(self, directory: Path | None = None, *, max_bytes: int | None = None) -> None:
        self.directory = directory if directory is not None else default_directory()
        self.max_bytes = max_bytes if max_bytes is not None else default_max_bytes()
        self._blobs = self.directory / "blobs"
        self._tmp = self.directory / "tmp"
        self._locks = self.directory / "locks"

    def find(self, digest: Digest, *, size: int | None = None, verify: bool = False) -> CachedBlob | None:
        """Look a blob up and lease it; None if it is not here.

        The size is compared where it is known, the bytes are hashed with ``verify``. A file that does not match is
        removed before the error is raised, so that the next look-up fetches it again.

        Raises:
            SizeMismatchError: the file has another size.
            DigestMismatchError: the file has other bytes.
        """
        with self._translated():
            blob = self._lease(digest)
            if blob is None:
                return None
            try:
                if size is not None and blob.size != size:
                    raise SizeMismatchError(
                        f"corrupt cache file for {digest}", expected=size, found=blob.size, hint=_HEALED
                    )
                if verify:
                    blob.check()
            except BaseException as error:
                if isinstance(error, IntegrityError):
                    self._remove_leased(blob)
                blob.close()
                raise
        with suppress(OSError):  # only the order of eviction depends on it
            os.utime(blob.path)
        return blob

    def find_whole(self, digest: Digest, *, size: int | None = None, verify: bool = True) -> CachedBlob | None:
        """As :meth:`find`, but a corrupt file, which is removed, counts as absent."""
        try:
            return self.find(digest, size=size, verify=verify)
        except IntegrityError:
            return None

    def get(
        self,
        digest: Digest,
        *,
        size: int,
        fetch: Callable[[], Iterable[bytes | memoryview]],
        verify: bool = False,
    ) -> CachedBlob:
        """Lease a blob, calling ``fetch`` for its bytes unless a whole one is here.

        Size and digest are checked while the bytes stream in; whatever goes wrong leaves nothing behind. Processes
        that want the same digest wait for the first one's fetch. A corrupt file is replaced.

        Raises:
            SizeMismatchError, DigestMismatchError: ``fetch`` gave other bytes.
        """
        blob = self.find_whole(digest, size=size, verify=verify)
        if blob is not None:
            return blob
        with self._translated():
            self._prepare()
            with self._lock(digest.hex):
                blob = self.find_whole(digest, size=size, verify=verify)
                if blob is None:
                    blob = self._add(fetch(), digest=digest, size=size)
        self.evict()
        return blob

    def entries(self) -> list[CacheEntry]:
        """What is in the cache, least recently used first."""
        found = []
        with self._translated():
            for path in self._blobs.glob("??/*"):
                with suppress(FileNotFoundError, FormatError):
                    status = path.stat()
                    found.append(CacheEntry(digest=Digest(path.name), size=status.st_size, last_used=status.st_mtime))
        return sorted(found, key=lambda entry: (entry.last_used, entry.digest))

    def evict(self, *, max_bytes: int | None = None) -> list[CacheEntry]:
        """Remove least recently used blobs that nobody leases until at most ``max_bytes`` remain; return them."""
        bound = self.max_bytes if max_bytes is None else max_bytes
        removed: list[CacheEntry] = []
        with self._translated():
            self._remove_leftovers()
            if sum(entry.size for entry in self.entries()) <= bound:
                return removed
            with self._lock("index"):
                entries = self.entries()
                total = sum(entry.size for entry in entries)
                for entry in entries:
                    if total <= bound:
                        break
                    if _remove_unless_locked(self._path(entry.digest)):
                        removed.append(entry)
                        total -= entry.size
        return removed

    def verify(self) -> Iterator[tuple[CacheEntry, IntegrityError | None]]:
        """Hash every blob, yielding it with what is wrong with it; corrupt ones are removed."""
        for entry in self.entries():
            try:
                blob = self.find(entry.digest, verify=True)
            except IntegrityError as error:
                yield entry, error
            else:
                if blob is not None:
                    blob.close()
                    yield entry, None

    def _lease(self, digest: Digest) -> CachedBlob | None:
        path = self._path(digest)
        while True:
            try:
                descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            except FileNotFoundError:
                return None
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            # Eviction may have removed the file between open and flock: then the name is gone or means another file.
            if _is_named(path, descriptor):
                size = os.fstat(descriptor).st_size
                return CachedBlob(path=path, digest=digest, size=size, descriptor=descriptor)
            os.close(descriptor)

    def _add(self, chunks: Iterable[bytes | memoryview], *, digest: Digest, size: int) -> CachedBlob:
        """Store a blob under the lock of its digest, and lease it; no file of this name exists."""
        descriptor, name = tempfile.mkstemp(dir=self._tmp)
        temporary = Path(name)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            for chunk in HashingReader(chunks, digest=digest, size=size):
                _write_all(descriptor, chunk)
            os.fchmod(descriptor, 0o444)
            os.fsync(descriptor)
            path = self._path(digest)
            with self._lock("index"):
                path.parent.mkdir(mode=0o700, exist_ok=True)
                temporary.replace(path)
        except BaseException:
            os.close(descriptor)
            temporary.unlink(missing_ok=True)
            raise
        return CachedBlob(path=path, digest=digest, size=size, descriptor=descriptor)

    def _remove_leased(self, blob: CachedBlob) -> None:
        """Remove a corrupt file, but not the whole one that another process may have put in its place."""
        with self._lock("index"):
            if blob.is_current():
                blob.path.unlink(missing_ok=True)

    def _remove_leftovers(self) -> None:
        if self._tmp.is_dir():
            oldest = time.time() - _LEFTOVER_AGE_S
            for path in self._tmp.iterdir():
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < oldest:
                        _remove_unless_locked(path)

    def _path(self, digest: Digest) -> Path:
        return self._blobs / digest.hex[:2] / digest.hex

    def _prepare(self) -> None:
        for directory in (self._blobs, self._tmp, self._locks):
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        """Hold one lock file of the cache exclusively; it is removed afterwards."""
        self._locks.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._locks / name
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if _is_named(path, descriptor):
                break
            os.close(descriptor)  # its last holder removed it while we waited
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
            os.close(descriptor)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn what the operating system refuses into a StorageError that names the cache and the way out."""
        try:
            yield
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise StorageError(
                f"the local cache in {self.directory} cannot be used: {error.strerror or error}",
                hint=f"{'free some disk space' if full else 'check its permissions'} or set {CACHE_ENV} to another"
                " directory",
            ) from error


def _write_all(descriptor: int, chunk: bytes | memoryview) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]


def _is_named(path: Path, descriptor: int) -> bool:
    """Whether ``path`` is still the file that was opened."""
    try:
        return os.path.samestat(path.stat(follow_symlinks=False), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_unless_locked(path: Path) -> bool:
    """Remove a file that no process leases; whether it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
