"""A bucket on S3 or any store that speaks its protocol with conditional writes.

Safety rests on two request headers alone: ``If-None-Match: *`` on a single PUT (put-if-absent) and ``If-Match`` with
an ETag (compare-and-swap). Stores exist that ignore one or both and answer 200, so :meth:`S3Bucket.probe` tries them at
start-up and refuses such a store. Multipart uploads are not used: in some stores completing one conditionally lets
several writers win.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, NoReturn, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

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
from schemas.errors import (
    DigestMismatchError,
    OffsetOutOfRangeError,
    PlatformError,
    SizeMismatchError,
    StorageError,
    StorageFullError,
)

_CONFLICT_ATTEMPTS: Final = 8
"""How often a PUT that met another one of the same key in flight (409) is tried again."""
_ABSENT: Final = frozenset({"404", "NoSuchKey", "NotFound"})
_PRECONDITION: Final = frozenset({"412", "PreconditionFailed"})
_IN_FLIGHT: Final = frozenset({"409", "ConditionalRequestConflict", "OperationAborted"})
_NO_ROOM: Final = frozenset({"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"})
_Result = TypeVar("_Result")
_SESSION_LOCK: Final = threading.Lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class S3Settings:
    """How to reach the store. Empty ``endpoint``: Amazon's. Without keys boto3's usual chain finds credentials."""

    bucket: str
    endpoint: str = ""
    prefix: str = ""
    region: str = "us-east-1"
    access_key_id: str = ""
    secret_access_key: str = ""
    path_style: bool = True
    connect_timeout_seconds: float = 5
    read_timeout_seconds: float = 60
    max_attempts: int = 4
    max_connections: int = 32


class S3Bucket:
    """A :class:`~artifactd.storage.bucket.Bucket` on an S3-compatible store. Threads may share one instance."""

    def __init__(self, settings: S3Settings) -> None:
        """Prepare clients; nothing is sent before the first call. Call :meth:`probe` before relying on the store."""
        self._bucket = settings.bucket
        self._prefix = settings.prefix.strip("/") + "/" if settings.prefix.strip("/") else ""
        if self._prefix:
            check_key(self._prefix.rstrip("/"))
        self._where = f"{settings.endpoint or 'Amazon S3'}, bucket {settings.bucket}"
        self._client = _client(settings, attempts=settings.max_attempts)
        # Trying a compare-and-swap again after a lost answer would report our own success as somebody else's.
        self._single = _client(settings, attempts=1)

    def probe(self) -> None:
        """Prove that the store is there and honours conditional writes, with two small objects that are deleted.

        Raises:
            StorageError: unreachable, no access, or a store on which the service would lose data.
        """
        key = f"probe/{secrets.token_hex(12)}"
        try:
            if not self.put_if_absent(key, b"first", size=5):
                raise self._unsafe("a new key was reported as taken")
            if self.put_if_absent(key, b"other", size=5):
                raise self._unsafe("PUT ignores If-None-Match: of two writers both would win")
            stored = self.get(key, limit=16)
            if stored is None or stored.data != b"first":
                raise self._unsafe("PUT with If-None-Match replaced an object that existed")
            etag = self.compare_and_swap(key, b"second", expected_etag=stored.etag)
            self._expect_conflict(key, stored.etag)
            if etag == stored.etag:
                raise self._unsafe("an object's ETag does not change with its contents")
        finally:
            with contextlib.suppress(StorageError):
                self.delete(key)

    def _expect_conflict(self, key: str, old_etag: str) -> None:
        try:
            self.compare_and_swap(key, b"third", expected_etag=old_etag)
        except CasConflictError:
            return
        raise self._unsafe("PUT ignores If-Match: updates would be lost")

    def _unsafe(self, what: str) -> StorageError:
        return StorageError(
            f"the store at {self._where} does not honour conditional writes: {what}",
            hint="use a store that does (Amazon S3, SeaweedFS, MinIO, Ceph) or the file: store",
        )

    def put_if_absent(self, key: str, source: Source, *, size: int, sha256: Digest | None = None) -> bool:
        """See :meth:`Bucket.put_if_absent`: one PUT that streams; the store checks the digest, too."""
        name = self._name(key)
        digest = require_digest(source, size, sha256)
        arguments: dict[str, Any] = {"Bucket": self._bucket, "Key": name, "ContentLength": size, "IfNoneMatch": "*"}
        arguments["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(digest.hex)).decode()
        for attempt in range(_CONFLICT_ATTEMPTS):
            try:
                with _body(source, size=size, sha256=digest) as body, self._errors("store an object", body):
                    # botocore would have to rewind a stream to send it again, so there it gets one attempt.
                    client = self._single if isinstance(body, _ChunkStream) else self._client
                    client.put_object(Body=body, **arguments)
            except _RefusedError as refused:
                if refused.code in _PRECONDITION:
                    return False
                if refused.code == "BadDigest":
                    raise DigestMismatchError("the store received other bytes than declared", expected=digest) from None
                if refused.code not in _IN_FLIGHT or not _rewindable(source):
                    raise self._failed("store an object", refused) from refused
                time.sleep(0.02 * 2**attempt)
            else:
                return True
        raise StorageError("other writers of the same object kept the store busy", hint="retry")

    def get(self, key: str, *, limit: int) -> StoredObject | None:
        """See :meth:`Bucket.get`."""
        name = self._name(key)

        def read() -> StoredObject:
            answer = self._client.get_object(Bucket=self._bucket, Key=name)
            with contextlib.closing(answer["Body"]) as body:
                size = answer["ContentLength"]
                if size > limit:
                    raise StorageError("an object of the store is too large", expected=f"<= {limit}", found=size)
                return StoredObject(data=body.read(), etag=answer["ETag"])

        return self._unless_absent("read an object", read)

    def open_range(self, key: str, *, offset: int = 0, length: int | None = None) -> ObjectRange | None:
        """See :meth:`Bucket.open_range`."""
        name = self._name(key)
        if offset < 0:
            raise OffsetOutOfRangeError("the offset is not within the object", expected=">= 0", found=offset)
        if offset == 0 and length is None:
            return self._open_whole(name)
        # S3 has no empty ranges and refuses a range that starts at the end, so the size decides first.
        info = self.head(key)
        if info is None:
            return None
        if offset > info.size:
            raise OffsetOutOfRangeError("the offset is not within the object", expected=f"0..{info.size}", found=offset)
        end = info.size if length is None else min(info.size, offset + length)
        if end == offset:
            return ObjectRange(size=info.size, chunks=iter(()))
        spanned = f"bytes={offset}-{end - 1}"
        answer = self._unless_absent(
            "read an object", lambda: self._client.get_object(Bucket=self._bucket, Key=name, Range=spanned)
        )
        if answer is None:
            return None
        if answer["ContentLength"] != end - offset:
            answer["Body"].close()
            raise StorageError("the store did not honour a range", expected=end - offset, found=answer["ContentLength"])
        return ObjectRange(size=info.size, chunks=self._stream(answer["Body"], end - offset))

    def _open_whole(self, name: str) -> ObjectRange | None:
        """The usual read, in one request."""
        answer = self._unless_absent("read an object", lambda: self._client.get_object(Bucket=self._bucket, Key=name))
        if answer is None:
            return None
        size: int = answer["ContentLength"]
        return ObjectRange(size=size, chunks=self._stream(answer["Body"], size))

    def head(self, key: str) -> ObjectInfo | None:
        """See :meth:`Bucket.head`."""
        name = self._name(key)
        answer = self._unless_absent(
            "look up an object", lambda: self._client.head_object(Bucket=self._bucket, Key=name)
        )
        if answer is None:
            return None
        return ObjectInfo(key=key, size=answer["ContentLength"], modified=answer["LastModified"].timestamp())

    def compare_and_swap(self, key: str, data: bytes, *, expected_etag: str | None) -> str:
        """See :meth:`Bucket.compare_and_swap`; sent once only."""
        arguments: dict[str, Any] = {"Bucket": self._bucket, "Key": self._name(key), "Body": data}
        arguments["ChecksumSHA256"] = base64.b64encode(bytes.fromhex(Digest.of(data).hex)).decode()
        arguments.update({"IfNoneMatch": "*"} if expected_etag is None else {"IfMatch": expected_etag})
        try:
            with self._errors("replace an object"):
                return str(self._single.put_object(**arguments)["ETag"])
        except _RefusedError as refused:
            # An object that was deleted meanwhile answers 404 to If-Match.
            if refused.code in _PRECONDITION | _IN_FLIGHT | _ABSENT - {"NoSuchBucket"}:
                raise CasConflictError("the object changed", expected=expected_etag) from refused
            raise self._failed("replace an object", refused) from refused

    def list(self, prefix: str, *, start_after: str | None = None) -> Iterator[ObjectInfo]:
        """See :meth:`Bucket.list`."""
        check_prefix(prefix)
        arguments: dict[str, Any] = {"Bucket": self._bucket, "Prefix": self._prefix + prefix}
        if start_after:
            arguments["StartAfter"] = self._prefix + start_after
        return self._pages(arguments)

    def delete(self, key: str) -> bool:
        """See :meth:`Bucket.delete`; S3 does not tell whether there was an object, so this is always True."""
        try:
            with self._errors("delete an object"):
                self._client.delete_object(Bucket=self._bucket, Key=self._name(key))
        except _RefusedError as refused:
            raise self._failed("delete an object", refused) from refused
        return True

    def _pages(self, arguments: dict[str, Any]) -> Iterator[ObjectInfo]:
        while True:
            try:
                with self._errors("list objects"):
                    page = self._client.list_objects_v2(**arguments)
            except _RefusedError as refused:
                raise self._failed("list objects", refused) from refused
            for entry in page.get("Contents", ()):
                key = entry["Key"].removeprefix(self._prefix)
                yield ObjectInfo(key=key, size=entry["Size"], modified=entry["LastModified"].timestamp())
            if not page.get("IsTruncated"):
                return
            arguments["ContinuationToken"] = page["NextContinuationToken"]

    def _stream(self, body: Any, length: int) -> Iterator[bytes]:
        with contextlib.closing(body):
            while length:
                try:
                    with self._errors("read an object"):
                        chunk = body.read(min(CHUNK_SIZE, length))
                except _RefusedError as refused:
                    raise self._failed("read an object", refused) from refused
                if not chunk:
                    raise StorageError("the store ended an object early", hint="retry")
                length -= len(chunk)
                yield chunk

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    def _unless_absent(self, what: str, request: Callable[[], _Result]) -> _Result | None:
        try:
            with self._errors(what):
                return request()
        except _RefusedError as refused:
            if refused.code in _ABSENT:
                return None
            raise self._failed(what, refused) from refused

    @contextlib.contextmanager
    def _errors(self, what: str, body: object = None) -> Iterator[None]:
        """Turn an answer of the store into _RefusedError and everything else into StorageError; our errors pass."""
        try:
            yield
        except PlatformError:
            raise
        except Exception as error:
            # botocore reports an error of the body's source as a lost connection.
            if isinstance(body, _ChunkStream) and body.failure is not None:
                raise body.failure from error
            self._raise_translated(what, error)

    def _raise_translated(self, what: str, failure: Exception) -> NoReturn:
        try:
            raise failure
        except ClientError as error:
            raise _RefusedError(error) from error
        except NoCredentialsError as error:
            raise StorageError(
                "there are no credentials for the store", hint="set access_key_file or AWS_ACCESS_KEY_ID and so on"
            ) from error
        except (BotoConnectionError, HTTPClientError, OSError) as error:
            raise StorageError(
                f"the store cannot be reached to {what}: {type(error).__name__}",
                hint="check that the endpoint is right and the store is running, then retry",
            ) from error
        except BotoCoreError as error:
            raise StorageError(f"the store failed to {what}: {error}", hint="check the store's settings") from error

    def _failed(self, what: str, refused: _RefusedError) -> StorageError:
        if refused.code in _NO_ROOM:
            return StorageFullError("the store has no room for the bytes", hint="free space in the store, then retry")
        hints = {
            "NoSuchBucket": f"create the bucket {self._bucket} or set store.s3.bucket",
            "AccessDenied": "give this access key read, write and list rights on the bucket",
            "InvalidAccessKeyId": "check access_key_file",
            "SignatureDoesNotMatch": "check the secret key in access_key_file",
        }
        return StorageError(
            f"the store refused to {what}: {refused.code}", hint=hints.get(refused.code, "see the daemon's log")
        )


class _RefusedError(Exception):
    """The store answered with an error; never leaves this module."""

    def __init__(self, error: ClientError) -> None:
        super().__init__(str(error))
        self.code = str(error.response.get("Error", {}).get("Code", "unknown"))


class _ChunkStream(io.RawIOBase):
    """A body for botocore that cannot be rewound; read() raises if the source does.

    Raising, not an early end of file, is what makes botocore drop the connection at once, so the store never gets a
    whole object.
    """

    def __init__(self, chunks: Iterator[bytes | memoryview]) -> None:
        super().__init__()
        self.failure: Exception | None = None
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            try:
                chunk = next(self._chunks, None)
            except Exception as error:
                self.failure = error
                raise
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _rewindable(source: Source) -> bool:
    return isinstance(source, (bytes, bytearray, memoryview, VerifiedFile))


@contextlib.contextmanager
def _body(source: Source, *, size: int, sha256: Digest) -> Iterator[Any]:
    """The source as botocore wants it: seekable where it can be, so that botocore may retry."""
    if isinstance(source, VerifiedFile):
        with source.path.open("rb") as stream:
            found = stream.seek(0, io.SEEK_END)
            if found != size:
                raise SizeMismatchError("the file has another size than declared", expected=size, found=found)
            stream.seek(0)
            yield stream
    elif isinstance(source, (bytes, bytearray, memoryview)):
        for _ in checked_chunks(source, size=size, sha256=sha256):
            pass
        yield bytes(source)
    else:
        yield _ChunkStream(checked_chunks(source, size=size, sha256=sha256))


def _client(settings: S3Settings, *, attempts: int) -> Any:
    config = Config(
        connect_timeout=settings.connect_timeout_seconds,
        read_timeout=settings.read_timeout_seconds,
        max_pool_connections=settings.max_connections,
        retries={"mode": "standard", "total_max_attempts": attempts},
        signature_version="s3v4",
        # Checksums are ours (sha256, declared); botocore's own default would add a second one to every request.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if settings.path_style else "auto", "payload_signing_enabled": False},
    )
    with _SESSION_LOCK:
        return _session().client(
            "s3",
            endpoint_url=settings.endpoint or None,
            region_name=settings.region,
            aws_access_key_id=settings.access_key_id or None,
            aws_secret_access_key=settings.secret_access_key or None,
            config=config,
        )


@functools.cache
def _session() -> boto3.session.Session:
    """One session per process: it parses megabytes of service descriptions. Making clients of it is not thread-safe."""
    return boto3.session.Session()
