"""Buckets for tests: one in memory, and one that dies at a chosen operation."""

from __future__ import annotations

import enum
import hashlib
import threading
import time
from collections.abc import Iterator

from artifactd.storage.bucket import (
    Bucket,
    CasConflictError,
    ObjectInfo,
    ObjectRange,
    Source,
    StoredObject,
    VerifiedFile,
    check_key,
    check_prefix,
)
from schemas.digest import Digest
from schemas.errors import StorageError


class MemoryBucket:
    """A Bucket in a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put_if_absent(self, key: str, source: Source, *, size: int, sha256: Digest | None = None) -> bool:
        data = _bytes(source)
        assert len(data) == size
        assert sha256 is None or Digest.of(data) == sha256
        with self._lock:
            return self.objects.setdefault(check_key(key), data) is data

    def get(self, key: str, *, limit: int) -> StoredObject | None:
        data = self.objects.get(check_key(key))
        if data is None:
            return None
        if len(data) > limit:
            raise StorageError("too large")
        return StoredObject(data=data, etag=_etag(data))

    def open_range(self, key: str, *, offset: int = 0, length: int | None = None) -> ObjectRange | None:
        raise NotImplementedError

    def head(self, key: str) -> ObjectInfo | None:
        data = self.objects.get(check_key(key))
        return None if data is None else ObjectInfo(key=key, size=len(data), modified=time.time())

    def compare_and_swap(self, key: str, data: bytes, *, expected_etag: str | None) -> str:
        with self._lock:
            current = self.objects.get(check_key(key))
            if (None if current is None else _etag(current)) != expected_etag:
                raise CasConflictError("another etag")
            self.objects[key] = data
            return _etag(data)

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectInfo]:
        with self._lock:
            found = [(k, len(v)) for k, v in sorted(self.objects.items()) if k.startswith(check_prefix(prefix))]
        for key, size in found:
            if start_after is None or key > start_after:
                yield ObjectInfo(key=key, size=size, modified=0.0)

    def delete(self, key: str) -> bool:
        with self._lock:
            return self.objects.pop(check_key(key), None) is not None


class Fault(enum.Enum):
    """What happens at the chosen operation."""

    BEFORE = "the process dies before the operation"
    AFTER = "the process dies after the operation, before anybody hears of it"
    LOST_ANSWER = "the operation happens, but the store reports a failure"
    REFUSED = "the store reports a failure and does nothing"


class ProcessDied(BaseException):
    """Raised in place of a kill."""


class FaultyBucket:
    """Passes everything on until the n-th operation (from 0), which goes wrong; ``seen`` counts operations."""

    def __init__(self, inner: Bucket, *, at: int | None = None, fault: Fault = Fault.BEFORE) -> None:
        self.inner = inner
        self.at = at
        self.fault = fault
        self.seen = 0
        self.operations: list[str] = []

    def _enter(self, name: str) -> bool:
        """Count; True when the operation is to go wrong after it was done."""
        index = self.seen
        self.seen += 1
        self.operations.append(name)
        if index != self.at:
            return False
        if self.fault is Fault.BEFORE:
            raise ProcessDied
        if self.fault is Fault.REFUSED:
            raise StorageError(f"injected before {name}")
        return True

    def _leave(self, name: str, fail: bool) -> None:
        if fail and self.fault is Fault.AFTER:
            raise ProcessDied
        if fail:
            raise StorageError(f"injected after {name}")

    def put_if_absent(self, key: str, source: Source, *, size: int, sha256: Digest | None = None) -> bool:
        fail = self._enter(f"put {key}")
        result = self.inner.put_if_absent(key, source, size=size, sha256=sha256)
        self._leave("put", fail)
        return result

    def get(self, key: str, *, limit: int) -> StoredObject | None:
        fail = self._enter(f"get {key}")
        result = self.inner.get(key, limit=limit)
        self._leave("get", fail)
        return result

    def open_range(self, key: str, *, offset: int = 0, length: int | None = None) -> ObjectRange | None:
        return self.inner.open_range(key, offset=offset, length=length)

    def head(self, key: str) -> ObjectInfo | None:
        fail = self._enter(f"head {key}")
        result = self.inner.head(key)
        self._leave("head", fail)
        return result

    def compare_and_swap(self, key: str, data: bytes, *, expected_etag: str | None) -> str:
        fail = self._enter(f"swap {key}")
        result = self.inner.compare_and_swap(key, data, expected_etag=expected_etag)
        self._leave("swap", fail)
        return result

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectInfo]:
        fail = self._enter(f"list {prefix}")
        found = list(self.inner.list(prefix, start_after=start_after))
        self._leave("list", fail)
        return iter(found)

    def delete(self, key: str) -> bool:
        fail = self._enter(f"delete {key}")
        result = self.inner.delete(key)
        self._leave("delete", fail)
        return result


def _bytes(source: Source) -> bytes:
    if isinstance(source, VerifiedFile):
        return source.path.read_bytes()
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source)
    return b"".join(source)


def _etag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
