"""ContentAddressableStorage of the Remote Execution API: look-up of many blobs, and batches of small ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import grpc

from artifactd.blobs import BlobRef, BlobStore
from artifactd.service.status import status_of
from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2 as reapi
from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc
from schemas._generated.google.rpc import status_pb2
from schemas.digest import Digest
from schemas.errors import BlobNotFoundError, FormatError, PlatformError, SizeMismatchError

MAX_DIGESTS: Final = 10_000
"""Digests per question: each may cost a request to the store."""

_UNKNOWN: Final = reapi.DigestFunction.UNKNOWN
_SHA256: Final = reapi.DigestFunction.SHA256


class CasServicer(remote_execution_pb2_grpc.ContentAddressableStorageServicer):
    """GetTree, SplitBlob and SpliceBlob stay UNIMPLEMENTED: releases have no directory trees."""

    def __init__(self, blobs: BlobStore, *, max_batch_bytes: int) -> None:
        self._blobs = blobs
        self._max_batch_bytes = max_batch_bytes

    def FindMissingBlobs(  # noqa: N802 - name of the generated base
        self, request: reapi.FindMissingBlobsRequest, context: grpc.ServicerContext
    ) -> reapi.FindMissingBlobsResponse:
        """Which of the digests are not stored with their size."""
        _require_sha256(request.digest_function)
        _require_count(len(request.blob_digests))
        refs = [_parse_ref(digest) for digest in request.blob_digests]
        return reapi.FindMissingBlobsResponse(
            missing_blob_digests=[_to_message(ref) for ref in self._blobs.find_missing(refs)]
        )

    def BatchUpdateBlobs(  # noqa: N802 - name of the generated base
        self, request: reapi.BatchUpdateBlobsRequest, context: grpc.ServicerContext
    ) -> reapi.BatchUpdateBlobsResponse:
        """Store small blobs; each has its own status."""
        _require_sha256(request.digest_function)
        self._require_batch(len(entry.data) for entry in request.requests)
        response = reapi.BatchUpdateBlobsResponse()
        for entry in request.requests:
            status = self._update(entry)
            response.responses.append(reapi.BatchUpdateBlobsResponse.Response(digest=entry.digest, status=status))
        return response

    def BatchReadBlobs(  # noqa: N802 - name of the generated base
        self, request: reapi.BatchReadBlobsRequest, context: grpc.ServicerContext
    ) -> reapi.BatchReadBlobsResponse:
        """Read small blobs; each has its own status."""
        _require_sha256(request.digest_function)
        _require_count(len(request.digests))
        refs = [_parse_ref(digest) for digest in request.digests]
        self._require_batch(ref.size for ref in refs)
        response = reapi.BatchReadBlobsResponse()
        for ref in refs:
            response.responses.append(self._read(ref))
        return response

    def _update(self, entry: reapi.BatchUpdateBlobsRequest.Request) -> status_pb2.Status:
        try:
            if entry.compressor != reapi.Compressor.IDENTITY:
                raise FormatError("compressed blobs are not offered", hint="send the stored bytes as is")
            self._blobs.put(entry.data, _parse_ref(entry.digest))
        except PlatformError as error:
            return _rpc_status(error)
        return status_pb2.Status()

    def _read(self, ref: BlobRef) -> reapi.BatchReadBlobsResponse.Response:
        try:
            size = self._blobs.size(ref.digest)
            if size is None:
                raise BlobNotFoundError(f"no blob {ref.digest}", hint="upload it first")
            if size != ref.size:
                raise SizeMismatchError(f"{ref.digest} has another size", expected=ref.size, found=size)
            data = self._blobs.get(ref.digest, limit=ref.size)
        except PlatformError as error:
            return reapi.BatchReadBlobsResponse.Response(digest=_to_message(ref), status=_rpc_status(error))
        return reapi.BatchReadBlobsResponse.Response(digest=_to_message(ref), data=data, status=status_pb2.Status())

    def _require_batch(self, sizes: Iterable[int]) -> None:
        total = sum(sizes)
        if total > self._max_batch_bytes:
            raise FormatError(
                "the batch is too large",
                expected=f"<= {self._max_batch_bytes} bytes",
                found=total,
                hint="use ByteStream for large blobs",
            )


def _require_count(digests: int) -> None:
    if digests > MAX_DIGESTS:
        raise FormatError("too many digests in one request", expected=f"<= {MAX_DIGESTS}", found=digests)


def _require_sha256(function: int) -> None:
    if function not in (_UNKNOWN, _SHA256):
        raise FormatError("unknown digest function", expected="SHA256", found=function)


def _parse_ref(digest: reapi.Digest) -> BlobRef:
    if digest.size_bytes < 0:
        raise FormatError("not a size in bytes", expected=">= 0", found=digest.size_bytes)
    return BlobRef(digest=Digest(digest.hash), size=digest.size_bytes)


def _to_message(ref: BlobRef) -> reapi.Digest:
    return reapi.Digest(hash=ref.digest.hex, size_bytes=ref.size)


def _rpc_status(error: PlatformError) -> status_pb2.Status:
    edge = status_of(error)
    number: int = edge.status.value[0]
    return status_pb2.Status(code=number, message=edge.details)
