"""A cache of build results, keyed by what went into them.

An entry is a directory of plain files plus a record of their digests. It appears whole, by one rename, and every
file is hashed again before an entry is handed out later: a corrupt entry is thrown away and built anew. A lock per key
makes concurrent processes build an entry once. When the entries exceed a bound, those that nobody asked for in a
while go, the longest unused first.

Layout below the root (mode 0700, because builds run programs from it)::

    entries/<kind>-<32 hex>/entry.json   the record: inputs, and name -> sha256 and size
    entries/<kind>-<32 hex>/<file>       the results
    locks/<kind>-<32 hex>                flock targets, empty
    tmp/<kind>-<32 hex>.<random>         builds under way, or left by a killed process
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import platformdirs

from schemas.digest import Digest
from schemas.errors import FormatError, HostError

CACHE_VARIABLE: Final = "RUNTIME_CORE_BUILD_CACHE"
DEFAULT_MAX_BYTES: Final = 8 << 30
_RECORD: Final = "entry.json"
_RECORD_FORMAT: Final = 1
_RECORD_LIMIT: Final = 1 << 20
_NAME_LIMIT: Final = 120
# Whoever was handed an entry may still be reading it; builds take seconds, so an hour is plenty.
_EVICTION_AGE: Final = 3600.0
_LOOKS: Final = 64  # how often a process looks for what is too much while it makes as much as the bound
_LOG: Final = logging.getLogger(__name__)


def default_cache_root(environ: Mapping[str, str] = os.environ) -> Path:
    """The directory named by ``RUNTIME_CORE_BUILD_CACHE``, else one below the user's cache directory."""
    named = environ.get(CACHE_VARIABLE)
    return Path(named).absolute() if named else platformdirs.user_cache_path("artifactd") / "build"


@dataclass(frozen=True, slots=True)
class CacheKey:
    """What a build result depends on. ``inputs`` are sorted name-value pairs; make keys with :meth:`of`."""

    kind: str
    inputs: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, kind: str, /, **inputs: object) -> CacheKey:
        """A key for a kind of result and everything that determines its bytes: digests, versions, flags."""
        return cls(kind, tuple(sorted((name, str(value)) for name, value in inputs.items())))

    @property
    def name(self) -> str:
        """The entry's directory name."""
        text = json.dumps([self.kind, self.inputs], ensure_ascii=True, separators=(",", ":"))
        return f"{self.kind}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class CachedFile:
    """A file of an entry; its bytes had this digest and size when the entry was handed out."""

    path: Path
    digest: Digest
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheEntry:
    """A build result. ``seconds`` is the time it took to get, ``cached`` whether nothing had to be built."""

    files: Mapping[str, CachedFile]
    cached: bool
    seconds: float


class _CorruptEntryError(Exception):
    """An entry is there but must not be used; never leaves this module."""


class BuildCache:
    """Build results on disk, shared by all processes that use the same root."""

    def __init__(self, root: Path, *, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self.root = root.absolute()
        self.max_bytes = max_bytes
        self._unseen = 0  # bytes put there since the last look for what is too much
        self._looked = False

    def get_or_build(self, key: CacheKey, build: Callable[[Path], None]) -> CacheEntry:
        """Return the entry of a key, calling ``build`` with an empty directory to fill if there is none.

        What ``build`` raises comes out unchanged, but for OSError, and then nothing is kept. Whoever else
        wants the same key waits meanwhile. ``build`` must not ask for its own key.

        Raises:
            HostError: the cache directory cannot be used, or its disk is full.
        """
        started = time.perf_counter()
        files = self._load(key)
        if files is None:
            with self._locked(key):
                files = self._load(key)
                if files is None:
                    files = self._build(key, build)
                    self._evict()
                    return CacheEntry(files=files, cached=False, seconds=time.perf_counter() - started)
        return CacheEntry(files=files, cached=True, seconds=time.perf_counter() - started)

    def find(self, key: CacheKey) -> CacheEntry | None:
        """The entry of a key if there is one; checked as by :meth:`get_or_build`."""
        started = time.perf_counter()
        files = self._load(key)
        return None if files is None else CacheEntry(files=files, cached=True, seconds=time.perf_counter() - started)

    def _entry_path(self, key: CacheKey) -> Path:
        return self.root / "entries" / key.name

    def _load(self, key: CacheKey) -> Mapping[str, CachedFile] | None:
        """The verified files of an entry; None if it is absent or corrupt."""
        directory = self._entry_path(key)
        try:
            files = _read_entry(directory, key)
            os.utime(directory)  # the time of last use, for eviction
            return files
        except FileNotFoundError:
            return None
        except _CorruptEntryError as error:
            _LOG.warning("discarding a corrupt build cache entry, %s: %s", directory, error)
            return None
        except OSError as error:
            raise self._unusable(error) from error

    def _build(self, key: CacheKey, build: Callable[[Path], None]) -> Mapping[str, CachedFile]:
        with self._reported():
            scratch = self.root / "tmp"
            scratch.mkdir(mode=0o700, exist_ok=True)
            for stale in scratch.glob(f"{key.name}.*"):  # a killed process left it; the lock says nobody works there
                shutil.rmtree(stale)
            shutil.rmtree(self._entry_path(key), ignore_errors=True)
            work = Path(tempfile.mkdtemp(prefix=f"{key.name}.", dir=scratch))
        try:
            with self._reported():
                build(work)
                written = _write_record(work, key)
                target = self._entry_path(key)
                target.parent.mkdir(mode=0o700, exist_ok=True)
                work.rename(target)
                self._unseen += sum(file.size for file in written)
                return MappingProxyType(
                    {file.path.name: replace(file, path=target / file.path.name) for file in written}
                )
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _evict(self) -> None:
        """Remove entries until the bound holds, except those used a short while ago. Looking takes time where there
        are many, so a process does it for its first entry, and then when it has made a good part of the bound."""
        if self._looked and self._unseen <= self.max_bytes // _LOOKS:
            return
        self._looked, self._unseen = True, 0
        oldest_kept = time.time() - _EVICTION_AGE
        entries: list[tuple[float, int, Path]] = []
        with self._reported():
            for path in (self.root / "entries").iterdir():
                # Another process may evict the same entry.
                with suppress(FileNotFoundError):
                    entries.append((path.stat().st_mtime, sum(file.stat().st_size for file in path.iterdir()), path))
        excess = sum(size for _, size, _ in entries) - self.max_bytes
        for used, size, path in sorted(entries):
            if excess <= 0 or used > oldest_kept:
                break
            shutil.rmtree(path, ignore_errors=True)
            excess -= size

    @contextmanager
    def _locked(self, key: CacheKey) -> Iterator[None]:
        with self._reported():
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            locks = self.root / "locks"
            locks.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(locks / key.name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _LOG.info("waiting for somebody else who builds %s", key.name)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> HostError:
        return HostError(
            f"cannot use the build cache {self.root}: {error.strerror or error}",
            hint=f"free some space there, or set {CACHE_VARIABLE} to a directory that you can write",
        )


def _write_record(directory: Path, key: CacheKey) -> list[CachedFile]:
    written: list[CachedFile] = []
    for path in sorted(directory.iterdir()):
        usable = path.name != _RECORD and len(path.name) <= _NAME_LIMIT and path.name.isprintable()
        if not usable or not path.is_file() or path.is_symlink():
            raise FormatError(
                "a build step may only leave plain files",
                expected="regular files with other names",
                found=ascii(path.name),
            )
        written.append(CachedFile(path=path, digest=_hash(path), size=path.stat().st_size))
    files = {file.path.name: {"sha256": file.digest.hex, "size": file.size} for file in written}
    record = {"format": _RECORD_FORMAT, "kind": key.kind, "inputs": dict(key.inputs), "files": files}
    text = json.dumps(record, indent=1)
    if len(text) > _RECORD_LIMIT:
        raise FormatError(
            "a build step left too many files", expected=f"a record of {_RECORD_LIMIT} bytes", found=len(text)
        )
    (directory / _RECORD).write_text(text, encoding="utf-8")
    return written


def _read_entry(directory: Path, key: CacheKey) -> Mapping[str, CachedFile]:
    """Check every byte of an entry.

    Raises:
        FileNotFoundError: there is no such entry.
        _CorruptEntryError: it is not what was put there.
    """
    directory.lstat()
    try:
        with (directory / _RECORD).open("rb") as stream:
            record = json.loads(stream.read(_RECORD_LIMIT))
        if record["format"] != _RECORD_FORMAT or record["kind"] != key.kind or record["inputs"] != dict(key.inputs):
            raise _CorruptEntryError("its record is for other inputs")
        declared = {str(name): (Digest(fields["sha256"]), fields["size"]) for name, fields in record["files"].items()}
    except FileNotFoundError as error:
        raise _CorruptEntryError("its record is missing") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, FormatError) as error:
        raise _CorruptEntryError(f"its record is damaged ({error!r})") from error
    files = {name: _check_file(directory, name, *pin) for name, pin in declared.items()}
    if {path.name for path in directory.iterdir()} != {_RECORD, *files}:
        raise _CorruptEntryError("its record does not name all of its files")
    return MappingProxyType(files)


def _check_file(directory: Path, name: str, digest: Digest, size: object) -> CachedFile:
    path = directory / name
    if path.name != name or len(name) > _NAME_LIMIT or not name.isprintable():
        raise _CorruptEntryError(f"{name!r} is not the name of a file in it")
    try:
        status = path.lstat()
    except FileNotFoundError as error:
        raise _CorruptEntryError(f"{name} is missing") from error
    if not stat.S_ISREG(status.st_mode):
        raise _CorruptEntryError(f"{name} is not a regular file")
    if status.st_size != size:
        raise _CorruptEntryError(f"{name} has {status.st_size} bytes instead of {size!r}"[:200])
    found = _hash(path)
    if found != digest:
        raise _CorruptEntryError(f"{name} is {found} instead of {digest}")
    return CachedFile(path=path, digest=digest, size=status.st_size)


def _hash(path: Path) -> Digest:
    with path.open("rb") as stream:
        return Digest(hashlib.file_digest(stream, "sha256").hexdigest())
