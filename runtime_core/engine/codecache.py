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

    def find(self, digest: Digest, fingerprint: str) -> Path | None:
        """The file with this code, its content verified; None if there is none. A damaged file is removed."""
        path = self._path(digest, fingerprint)
        try:
            expected = path.with_suffix(_SUM_SUFFIX).read_text("ascii").strip()
            with path.open("rb") as file:
                sound = _sha256_of(file.fileno()) == expected
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, ValueError) as error:
            raise HostError(f"cannot read the code cache {self._directory}: {error}") from error
        if not sound:
            self.discard(digest, fingerprint)
            return None
        return path

    def find_or_make(self, digest: Digest, fingerprint: str, make: Callable[[], bytes]) -> Path:
        """The file with this code, made by ``make`` if there is none. One process makes it, others wait.

        Raises:
            HostError: the disk is full, or the directory cannot be written.
        """
        found = self.find(digest, fingerprint)
        if found is not None:
            return found
        with self._locked(digest, fingerprint):
            found = self.find(digest, fingerprint)
            if found is None:
                found = self._store(self._path(digest, fingerprint), make())
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

    def _store(self, path: Path, code: bytes) -> Path:
        try:
            # The sum goes first: a code file without its sum would only be compiled again, never trusted.
            self._write(path.with_suffix(_SUM_SUFFIX), hashlib.sha256(code).hexdigest().encode())
            self._write(path, code)
        except OSError as error:
            raise HostError(
                f"cannot write the code cache {self._directory}: {error.strerror}",
                hint="free some space, or name another directory",
            ) from error
        return path

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


def _sha256_of(descriptor: int) -> str:
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as data:
        return hashlib.sha256(data).hexdigest()
