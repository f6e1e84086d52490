"""An in-memory blob service with faults on demand, for tests of the client only.

It speaks the same protocol as the daemon, so tests can make a peer that breaks off, lies or dies at a chosen byte.
"""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import grpc

from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2, remote_execution_pb2_grpc
from schemas._generated.google.bytestream import bytestream_pb2, bytestream_pb2_grpc

CHUNK = 1024 * 1024


@dataclass(kw_only=True, slots=True)
class Faults:
    """What goes wrong; counters count down to zero, then all is well."""

    reads_cut: int = 0  # this many reads break off with UNAVAILABLE ...
    cut_after: int = 0  # ... after this many bytes
    reads_end_early: int = 0  # end with OK after cut_after bytes
    flip_reads: bool = False  # the first byte of every read is wrong
    writes_cut: int = 0  # this many writes break off with UNAVAILABLE after cut_after bytes were kept
    forget_partial: bool = False  # QueryWriteStatus knows nothing
    status: tuple[grpc.StatusCode, str, str | None] | None = None  # every call: code, message, error code
    extra_bytes: bytes = b""  # sent after the last byte of a read
    raw_response: bytes | None = None  # sent instead of a ReadResponse


@dataclass(kw_only=True, slots=True)
class Store:
    """The blobs, and what was asked."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    partial: dict[str, bytearray] = field(default_factory=dict)
    calls: list[tuple[str, int]] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fail_if_asked(self, context: grpc.ServicerContext) -> None:
        if self.faults.status is not None:
            code, message, error_code = self.faults.status
            if error_code is not None:
                context.set_trailing_metadata((("artifactd-error-code", error_code),))
            context.abort(code, message)


class _Cas(remote_execution_pb2_grpc.ContentAddressableStorageServicer):
    def __init__(self, store: Store) -> None:
        self.store = store

    def FindMissingBlobs(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.store.fail_if_asked(context)
        missing = [digest for digest in request.blob_digests if digest.hash not in self.store.blobs]
        return remote_execution_pb2.FindMissingBlobsResponse(missing_blob_digests=missing)

    def BatchUpdateBlobs(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.store.calls.append(("batch", len(request.requests)))
        answer = remote_execution_pb2.BatchUpdateBlobsResponse()
        for item in request.requests:
            response = answer.responses.add(digest=item.digest)
            if hashlib.sha256(item.data).hexdigest() == item.digest.hash:
                self.store.blobs[item.digest.hash] = item.data
            else:
                response.status.code = grpc.StatusCode.INVALID_ARGUMENT.value[0]
                response.status.message = "wrong digest"
        return answer


class _ByteStream(bytestream_pb2_grpc.ByteStreamServicer):
    def __init__(self, store: Store) -> None:
        self.store = store

    def Read(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # encoded already
        self.store.fail_if_asked(context)
        faults = self.store.faults
        name = request.resource_name.split("/")[1]
        self.store.calls.append(("read", request.read_offset))
        data = self.store.blobs.get(name)
        if data is None:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such blob")
        if faults.raw_response is not None:
            yield faults.raw_response
            return
        end = len(data)
        cut = faults.reads_cut > 0
        if cut or faults.reads_end_early > 0:
            faults.reads_cut -= cut
            faults.reads_end_early -= not cut
            end = min(end, request.read_offset + faults.cut_after)
        for start in range(request.read_offset, end, CHUNK):
            chunk = data[start : min(start + CHUNK, end)]
            if faults.flip_reads and start == 0:
                chunk = bytes([chunk[0] ^ 1]) + chunk[1:]
            yield _encode(chunk)
        if faults.extra_bytes:
            yield _encode(faults.extra_bytes)
        if cut:
            context.abort(grpc.StatusCode.UNAVAILABLE, "broken off")

    def Write(self, requests: Iterator[Any], context: grpc.ServicerContext) -> Any:
        self.store.fail_if_asked(context)
        faults = self.store.faults
        limit = None
        if faults.writes_cut > 0:
            faults.writes_cut -= 1
            limit = faults.cut_after
        upload, name, size, received = "", "", 0, bytearray()
        taken = 0
        for request in requests:
            if request.resource_name:
                upload = request.resource_name
                name, size = upload.split("/")[3], int(upload.split("/")[4])
                received = self.store.partial.setdefault(upload, bytearray())
                self.store.calls.append(("write", request.write_offset))
                if request.write_offset != len(received):
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "wrong offset")
            received += request.data
            taken += len(request.data)
            if limit is not None and taken >= limit:
                context.abort(grpc.StatusCode.UNAVAILABLE, "broken off")
            if request.finish_write:
                break
        if len(received) != size or hashlib.sha256(received).hexdigest() != name:
            context.set_trailing_metadata((("artifactd-error-code", "digest-mismatch"),))
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "wrong digest")
        self.store.blobs[name] = bytes(received)
        return bytestream_pb2.WriteResponse(committed_size=size)

    def QueryWriteStatus(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.store.calls.append(("query", 0))
        received = self.store.partial.get(request.resource_name)
        if received is None or self.store.faults.forget_partial:
            self.store.partial.pop(request.resource_name, None)
            context.abort(grpc.StatusCode.NOT_FOUND, "no such upload")
        return bytestream_pb2.QueryWriteStatusResponse(committed_size=len(received))


def _encode(data: bytes) -> bytes:
    length, header = len(data), bytearray([0x52])
    while length >= 0x80:
        header.append((length & 0x7F) | 0x80)
        length >>= 7
    return bytes(header) + bytes([length]) + data


class FakeArtifactd:
    """The service on a free loopback port; ``store`` may be inspected and changed while it runs."""

    def __init__(self) -> None:
        self.store = Store()
        options = (("grpc.max_receive_message_length", 8 * CHUNK), ("grpc.so_reuseport", 0))
        self._server = grpc.server(futures.ThreadPoolExecutor(8), options=options)
        remote_execution_pb2_grpc.add_ContentAddressableStorageServicer_to_server(_Cas(self.store), self._server)
        stream = _ByteStream(self.store)
        handlers = {
            "Read": grpc.unary_stream_rpc_method_handler(
                stream.Read,
                request_deserializer=bytestream_pb2.ReadRequest.FromString,
                response_serializer=lambda data: data,
            ),
            "Write": grpc.stream_unary_rpc_method_handler(
                stream.Write,
                request_deserializer=bytestream_pb2.WriteRequest.FromString,
                response_serializer=bytestream_pb2.WriteResponse.SerializeToString,
            ),
            "QueryWriteStatus": grpc.unary_unary_rpc_method_handler(
                stream.QueryWriteStatus,
                request_deserializer=bytestream_pb2.QueryWriteStatusRequest.FromString,
                response_serializer=bytestream_pb2.QueryWriteStatusResponse.SerializeToString,
            ),
        }
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("google.bytestream.ByteStream", handlers),)
        )
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def faults(self) -> Faults:
        return self.store.faults

    def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        self.store.blobs[name] = data
        return name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop(0).wait()


if __name__ == "__main__":
    with FakeArtifactd() as fake:
        print(fake.address, flush=True)
        sys.stdin.read()
        time.sleep(0)
