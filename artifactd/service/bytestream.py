"""google.bytestream.ByteStream over blobs: reads, resumable writes and their status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import grpc

from artifactd.blobs import BlobRef, BlobStore
from artifactd.service.bytestream_wire import WriteMessage, decode_write_request, encode_read_response
from artifactd.service.resource_names import parse_read_name, parse_write_name
from artifactd.staging import Upload, UploadName
from schemas._generated.google.bytestream import bytestream_pb2
from schemas.errors import BlobNotFoundError, FormatError, OffsetOutOfRangeError

SERVICE_NAME: Final = "google.bytestream.ByteStream"


class ByteStreamServicer:
    """Behaviour of the three methods; :meth:`handler` binds them with their serializers."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def read(self, request: bytestream_pb2.ReadRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Yield encoded ReadResponses of at most 1 MiB of data each.

        Raises:
            FormatError: malformed resource name or negative limit.
            BlobNotFoundError, SizeMismatchError, OffsetOutOfRangeError, StorageError: also midway.
        """
        ref = parse_read_name(request.resource_name)
        if request.read_offset < 0:
            raise OffsetOutOfRangeError("the read offset is negative", expected=">= 0", found=request.read_offset)
        if request.read_limit < 0:
            raise FormatError("the read limit is negative", expected=">= 0", found=request.read_limit)
        chunks = self._blobs.open(ref, offset=request.read_offset, length=request.read_limit or None)
        for chunk in chunks:
            yield encode_read_response(chunk)

    def write(self, requests: Iterator[WriteMessage], context: grpc.ServicerContext) -> bytestream_pb2.WriteResponse:
        """Receive a blob. What arrived before a broken stream is kept, and a new stream goes on after it.

        A blob that is there already is answered at once with its full size, whatever the client goes on sending.

        Raises:
            FormatError: malformed name, other name midway, or an offset that leaves a gap or overlaps.
            SizeMismatchError, DigestMismatchError: other bytes than the name promises; nothing is kept of them.
            StorageError: the store or the staging area failed; the upload can be resumed.
        """
        return bytestream_pb2.WriteResponse(committed_size=self._write(requests))

    def _write(self, requests: Iterator[WriteMessage]) -> int:
        first = next(requests, None)
        if first is None:
            raise FormatError("an upload without a message", expected="a WriteRequest with a resource name")
        name = parse_write_name(first.resource_name)
        ref = BlobRef(digest=name.digest, size=name.size)
        self._blobs.require_allowed(ref)
        if self._blobs.contains(ref):
            return ref.size
        if first.write_offset == 0 and first.finish_write and len(first.data) == ref.size:
            self._blobs.put(first.data, ref)
            return ref.size
        with self._blobs.staging.open(name) as upload:
            if self._blobs.contains(ref):
                upload.drop()
                return ref.size
            return self._receive(upload, first, requests)

    def _receive(
        self,
        upload: Upload,
        first: WriteMessage,
        requests: Iterator[WriteMessage],
    ) -> int:
        if first.write_offset == 0 and upload.committed:
            upload.restart()
        resource_name = first.resource_name
        request: WriteMessage | None = first
        while request is not None:
            if request.resource_name not in ("", resource_name):
                raise FormatError("the resource name changed within an upload", expected=repr(resource_name)[:160])
            if request.write_offset != upload.committed:
                raise FormatError(
                    "the upload does not go on where it stopped",
                    expected=upload.committed,
                    found=request.write_offset,
                    hint="ask QueryWriteStatus for the offset, or start again at 0",
                )
            upload.write(request.data)
            if request.finish_write:
                self._blobs.commit(upload)
                return upload.name.size
            request = next(requests, None)
        # The client stopped without finish_write: it may come back for the rest.
        return upload.committed

    def query_write_status(
        self, request: bytestream_pb2.QueryWriteStatusRequest, context: grpc.ServicerContext
    ) -> bytestream_pb2.QueryWriteStatusResponse:
        """Where an upload can be resumed.

        Raises:
            FormatError: malformed resource name.
            BlobNotFoundError: nothing is known of this upload; start it at offset 0.
        """
        name: UploadName = parse_write_name(request.resource_name)
        if self._blobs.contains(BlobRef(digest=name.digest, size=name.size)):
            return bytestream_pb2.QueryWriteStatusResponse(committed_size=name.size, complete=True)
        committed = self._blobs.staging.committed(name)
        if committed is None:
            raise BlobNotFoundError("nothing is known of this upload", hint="start it at offset 0")
        return bytestream_pb2.QueryWriteStatusResponse(committed_size=committed, complete=False)

    def handler(self) -> grpc.GenericRpcHandler[Any, Any]:
        """The service for ``grpc.Server.add_generic_rpc_handlers``."""
        return grpc.method_handlers_generic_handler(
            SERVICE_NAME,
            {
                "Read": grpc.unary_stream_rpc_method_handler(
                    self.read, request_deserializer=bytestream_pb2.ReadRequest.FromString
                ),
                "Write": grpc.stream_unary_rpc_method_handler(
                    self.write,
                    request_deserializer=decode_write_request,
                    response_serializer=bytestream_pb2.WriteResponse.SerializeToString,
                ),
                "QueryWriteStatus": grpc.unary_unary_rpc_method_handler(
                    self.query_write_status,
                    request_deserializer=bytestream_pb2.QueryWriteStatusRequest.FromString,
                    response_serializer=bytestream_pb2.QueryWriteStatusResponse.SerializeToString,
                ),
            },
        )
