"""Blobs by digest over the Remote Execution API: ContentAddressableStorage and ByteStream.

Resource names are ``blobs/<hash>/<size>`` for reads and ``uploads/<uuid>/blobs/<hash>/<size>`` for writes, with an
empty instance name. Reads and writes that break off go on where they stopped; both ends check size and sha256.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from artifactd.client.cache import ArtifactCache, CachedBlob
from artifactd.client.connection import Connection, error_for_status, printable
from artifactd.client.sources import BlobRef, BlobSource, source_of
from artifactd.client.wire import decode_read_response, encode_write_request
from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2
from schemas._generated.google.bytestream import bytestream_pb2
from schemas.errors import ArtifactError, ServiceUnavailableError, SizeMismatchError
from schemas.hashing_reader import HashingReader

Progress = Callable[[BlobRef, int], None]
"""Called with a blob and the number of its bytes that are done so far; from any thread, often."""

_SMALL: Final = 256 * 1024  # blobs up to this size share a BatchUpdateBlobs
_BATCH_BYTES: Final = 2 * 1024 * 1024  # half of gRPC's default limit for a message
_BATCH_COUNT: Final = 1000
_STREAM_SECONDS: Final = 60.0
_SLOWEST_BYTES_PER_SECOND: Final = 256 * 1024  # a stream that is slower is broken off, and resumed

_CAS: Final = "/build.bazel.remote.execution.v2.ContentAddressableStorage/"
_BYTESTREAM: Final = "/google.bytestream.ByteStream/"


def no_progress(ref: BlobRef, done: int) -> None:
    """Ignore progress."""


class BlobClient:
    """Upload and download blobs. Safe for threads.

    Every method raises ServiceUnavailableError when the service cannot be reached in a few attempts, and
    AccessDeniedError when it refuses the caller.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_missing(self, refs: Iterable[BlobRef]) -> list[BlobRef]:
        """Which of these blobs the service does not have."""
        wanted = {ref.digest.hex: ref for ref in refs}
        hashes = list(wanted)
        missing: list[BlobRef] = []
        for start in range(0, len(hashes), _BATCH_COUNT):
            request = remote_execution_pb2.FindMissingBlobsRequest(
                blob_digests=[_wire_digest(wanted[name]) for name in hashes[start : start + _BATCH_COUNT]]
            )
            answer = self._connection.call(
                _CAS + "FindMissingBlobs",
                request,
                remote_execution_pb2.FindMissingBlobsResponse,
            )
            missing += [wanted[found.hash] for found in answer.missing_blob_digests if found.hash in wanted]
        return missing

    def upload(self, content: Path | bytes, *, progress: Progress = no_progress) -> BlobRef:
        """Upload a file or bytes unless the service has them; return their name.

        Raises:
            ConfigError: the file cannot be read.
            DigestMismatchError, SizeMismatchError: the file changed meanwhile.
            StorageError: the store is full or cannot be reached.
        """
        source = source_of(content)
        self.upload_all([source], progress=progress)
        return source.ref

    def upload_all(self, sources: Sequence[BlobSource], *, progress: Progress = no_progress) -> list[BlobRef]:
        """Upload what the service does not have; return the names of the blobs that were sent.

        Raises:
            As for :meth:`upload`. Blobs sent before the error stay stored.
        """
        by_ref = {source.ref: source for source in sources}
        missing = self.find_missing(by_ref)
        for ref in by_ref.keys() - set(missing):
            progress(ref, ref.size)
        self._upload_small([by_ref[ref] for ref in missing if ref.size <= _SMALL], progress)
        for ref in missing:
            if ref.size > _SMALL:
                self._write(by_ref[ref], progress)
        return missing

    def stream(self, ref: BlobRef, *, progress: Progress = no_progress) -> Iterator[memoryview]:
        """The bytes of a blob as they arrive, NOT checked; see :meth:`read` and :meth:`download`.

        A stream that breaks off is resumed where it stopped; the attempts count anew whenever bytes arrive.

        Raises:
            BlobNotFoundError: the service has no such blob.
            SizeMismatchError: it sends more bytes than there are.
        """
        offset = failures = 0
        while offset < ref.size:
            try:
                for chunk in self._read(ref, offset):
                    offset += len(chunk)
                    failures = 0
                    if offset > ref.size:
                        raise SizeMismatchError(f"too many bytes for {ref.digest}", expected=ref.size, found=offset)
                    yield chunk
                    progress(ref, offset)
            except ServiceUnavailableError as error:
                failures += 1
                self._connection.pause_or_raise(error, failures)
            else:
                return  # complete, or cut off: whoever checks the digest says so

    def read(self, ref: BlobRef, *, progress: Progress = no_progress) -> Iterator[bytes | memoryview]:
        """The bytes of a blob as they arrive; trust them only once the iteration has ended without an error.

        Raises:
            As :meth:`stream`, and DigestMismatchError, SizeMismatchError at the end for other bytes.
        """
        return iter(HashingReader(self.stream(ref, progress=progress), digest=ref.digest, size=ref.size))

    def download(
        self, ref: BlobRef, cache: ArtifactCache, *, verify: bool = False, progress: Progress = no_progress
    ) -> CachedBlob:
        """Lease a blob from the cache, downloading it first if it is not there; ``verify`` hashes a cached file too.

        Raises:
            BlobNotFoundError: the service has no such blob.
            DigestMismatchError, SizeMismatchError: the service sent other bytes; nothing was stored.
            StorageError: the cache cannot be used, or the disk is full; nothing was stored.
        """
        blob = cache.get(ref.digest, size=ref.size, fetch=lambda: self.stream(ref, progress=progress), verify=verify)
        progress(ref, ref.size)
        return blob

    def _read(self, ref: BlobRef, offset: int) -> Iterator[memoryview]:
        request = bytestream_pb2.ReadRequest(resource_name=f"blobs/{ref.digest.hex}/{ref.size}", read_offset=offset)
        return self._connection.server_stream(
            _BYTESTREAM + "Read", request, decode_read_response, timeout=_stream_timeout(ref.size - offset)
        )

    def _upload_small(self, sources: Sequence[BlobSource], progress: Progress) -> None:
        for batch in _batches(sources):
            request = remote_execution_pb2.BatchUpdateBlobsRequest(
                requests=[
                    remote_execution_pb2.BatchUpdateBlobsRequest.Request(
                        digest=_wire_digest(source.ref), data=source.read_bytes()
                    )
                    for source in batch
                ]
            )
            answer = self._connection.call(
                _CAS + "BatchUpdateBlobs",
                request,
                remote_execution_pb2.BatchUpdateBlobsResponse,
            )
            stored = set()
            for response in answer.responses:
                if response.status.code:
                    details = f"{printable(response.digest.hash)}: {printable(response.status.message)}"
                    raise error_for_status(response.status.code, details, address=self._connection.endpoint.target)
                stored.add(response.digest.hash)
            for source in batch:
                if source.ref.digest.hex not in stored:
                    raise ArtifactError(f"the service did not confirm the upload of {source.ref}", hint="try again")
                progress(source.ref, source.ref.size)

    def _write(self, source: BlobSource, progress: Progress) -> None:
        """Stream one blob, resuming at what the service has committed when the stream breaks off."""
        ref = source.ref
        name = f"uploads/{uuid.uuid4()}/blobs/{ref.digest.hex}/{ref.size}"
        offset = failures = 0
        while True:
            try:
                answer = self._connection.client_stream(
                    _BYTESTREAM + "Write",
                    _write_requests(source, name=name, offset=offset, progress=progress),
                    bytestream_pb2.WriteResponse,
                    timeout=_stream_timeout(ref.size - offset),
                )
            except ServiceUnavailableError as error:
                failures += 1
                self._connection.pause_or_raise(error, failures)
                committed = self._committed_size(name, ref)
                if committed > offset:
                    failures = 0
                if committed == ref.size:
                    break
                offset = committed
            else:
                if answer.committed_size != ref.size:
                    raise SizeMismatchError(
                        f"the service stored another size of {ref.digest}",
                        expected=ref.size,
                        found=answer.committed_size,
                    )
                break
        progress(ref, ref.size)

    def _committed_size(self, name: str, ref: BlobRef) -> int:
        """How much of a broken-off upload the service kept; 0 if it knows nothing of it."""
        request = bytestream_pb2.QueryWriteStatusRequest(resource_name=name)
        try:
            answer = self._connection.call(
                _BYTESTREAM + "QueryWriteStatus", request, bytestream_pb2.QueryWriteStatusResponse
            )
        except ServiceUnavailableError:
            raise
        except ArtifactError:  # not found, or a server without this method: begin again
            return 0
        if answer.complete:
            return ref.size
        # The last message asks for completion, so a full but incomplete upload repeats its last byte's message.
        return min(max(answer.committed_size, 0), max(ref.size - 1, 0))


def _write_requests(source: BlobSource, *, name: str, offset: int, progress: Progress) -> Iterator[bytes]:
    size = source.ref.size
    resource_name = name
    for chunk in source.chunks(offset):
        end = offset + len(chunk)
        yield encode_write_request(resource_name=resource_name, offset=offset, finish=end == size, data=chunk)
        resource_name = ""
        offset = end
        progress(source.ref, offset)


def _batches(sources: Iterable[BlobSource]) -> Iterator[list[BlobSource]]:
    batch: list[BlobSource] = []
    size = 0
    for source in sources:
        if batch and (size + source.ref.size > _BATCH_BYTES or len(batch) == _BATCH_COUNT):
            yield batch
            batch, size = [], 0
        batch.append(source)
        size += source.ref.size
    if batch:
        yield batch


def _stream_timeout(size: int) -> float:
    return _STREAM_SECONDS + size / _SLOWEST_BYTES_PER_SECOND


def _wire_digest(ref: BlobRef) -> remote_execution_pb2.Digest:
    return remote_execution_pb2.Digest(hash=ref.digest.hex, size_bytes=ref.size)
