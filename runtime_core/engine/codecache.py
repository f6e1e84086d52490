"""Compiled code on disk.

Mapping a ``.cwasm`` file executes whatever native code it holds. Trust model: the directory belongs to the user of this
process and nobody else may enter it (mode 0700), or the cache refuses to work; whoever can write there could as well
change the user's programs. The sha256 beside each file guards against truncation and bit rot, not against that user.
The file that is hashed is the file that is mapped: both go through one descriptor.

Writing is atomic, and a lock per entry lets several processes that want the same code compile it once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import mmap
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from schemas.digest import Digest
from schemas.errors import HostError

_CODE_SUFFIX: Final = ".cwasm"
_SUM_SUFFIX: Final = ".sha256"
_LOCK_SUFFIX: Final = ".lock"


class CachedCode:
    """A verified entry, held open: replacing the file afterwards does not change what is mapped."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    @property
    def mappable_path(self) -> str:
        """A path that leads to the verified file itself, where the system has one."""
        through_descriptor = f"/proc/self/fd/{self._descriptor}"
        return through_descriptor if os.path.exists(through_descriptor) else str(self.path)  # noqa: PTH110 - a link

    def close(self) -> None:
        """Close the file; code that was mapped stays mapped."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> CachedCode:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class CodeCache:
    """A directory of compiled code, by wasm digest and engine fingerprint.

    Raises:
        HostError: the directory cannot be made, belongs to somebody else, or is open to others.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = directory.stat()
        except OSError as error:
            raise HostError(f"cannot use the code cache {directory}: {error.strerror}") from error
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise HostError(
                f"the code cache {directory} is not private: files in it run as native code",
                expected=f"a directory of user {os.geteuid()} with mode 0700",
                found=f"user {found.st_uid}, mode {stat.S_IMODE(found.st_mode):04o}",
                hint=f"run: chmod 700 {directory}, or name another directory",
            )

    @property
    def directory(self) -> Path:
        """Where the files lie."""
        return self._directory

    def size_bytes(self) -> int:
        """The size of all compiled code in the cache."""
        return sum(path.stat().st_size for path in self._directory.glob(f"*{_CODE_SUFFIX}"))

    def _path(self, digest: Digest, fingerprint: str) -> Path:
        return self._directory / f"{digest.hex}-{fingerprint[:16]}{_CODE_SUFFIX}"

    def find(self, digest: Digest, fingerprint: str) -> CachedCode | None:
        """The entry with this code, its content verified; None if there is none. A damaged entry is removed."""
        path = self._path(digest, fingerprint)
        try:
            expected = path.with_suffix(_SUM_SUFFIX).read_bytes()
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise HostError(f"cannot read the code cache {self._directory}: {error.strerror}") from error
        code = CachedCode(path, descriptor)
        if _sum_of(descriptor) == expected:
            return code
        code.close()
        self.discard(digest, fingerprint)
        return None

    def find_or_make(self, digest: Digest, fingerprint: str, make: Callable[[], bytes]) -> CachedCode:
        """The entry with this code, made by ``make`` if there is none. One process makes it, others wait.

        Raises:
            HostError: the disk is full, or the directory cannot be written.
        """
        found = self.find(digest, fingerprint)
        if found is not None:
            return found
        with self._locked(digest, fingerprint):
            found = self.find(digest, fingerprint)
            if found is None:
                self._store(self._path(digest, fingerprint), make())
                found = self.find(digest, fingerprint)
        if found is None:
            raise HostError(f"the code cache {self._directory} does not keep what is written to it")
        return found

    def discard(self, digest: Digest, fingerprint: str) -> None:
        """Remove an entry, if it is there. Running code stays mapped."""
        path = self._path(digest, fingerprint)
        for doomed in (path, path.with_suffix(_SUM_SUFFIX)):
            doomed.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _locked(self, digest: Digest, fingerprint: str) -> Iterator[None]:
        path = self._path(digest, fingerprint).with_suffix(_LOCK_SUFFIX)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise HostError(f"cannot write the code cache {self._directory}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _store(self, path: Path, code: bytes) -> None:
        try:
            # The sum goes first: a code file without its sum would only be compiled again, never trusted.
            self._write(path.with_suffix(_SUM_SUFFIX), _sum(code))
            self._write(path, code)
        except OSError as error:
            raise HostError(
                f"cannot write the code cache {self._directory}: {error.strerror}",
                hint="free some space, or name another directory",
            ) from error

    def _write(self, path: Path, data: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=self._directory, prefix=".new-")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                # Also makes the pages clean, so that mapping them costs no private memory.
                os.fsync(file.fileno())
            os.replace(temporary, path)  # noqa: PTH105 - a plain rename over the old entry
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)  # noqa: PTH108 - a name from mkstemp
            raise


def _sum(code: bytes | mmap.mmap) -> bytes:
    return hashlib.sha256(code).hexdigest().encode()


def _sum_of(descriptor: int) -> bytes:
    if os.fstat(descriptor).st_size == 0:
        return b""  # cannot be mapped, and is no code
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
        if hasattr(mmap, "MADV_HUGEPAGE"):
            # What is not cached is read in large folios: isolates then take a tenth of the time to map what they read.
            with contextlib.suppress(OSError):
                data.madvise(mmap.MADV_HUGEPAGE)
        return _sum(data)
