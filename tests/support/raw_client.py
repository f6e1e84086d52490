"""A gRPC client without any help: what the bytes on the wire are is up to the test."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import grpc
import pytest

from artifactd.service.status import ERROR_CODE_KEY
from schemas._generated import artifactd_pb2_grpc
from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2 as reapi
from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc
from schemas._generated.google.bytestream import bytestream_pb2, bytestream_pb2_grpc

MESSAGE: Final = 1 << 20
SECONDS: Final = 30.0


@dataclass(frozen=True)
class RawClient:
    """Stubs of every service on one channel."""

    channel: grpc.Channel

    @property
    def bytestream(self) -> Any:
        return bytestream_pb2_grpc.ByteStreamStub(self.channel)

    @property
    def cas(self) -> Any:
        return remote_execution_pb2_grpc.ContentAddressableStorageStub(self.channel)

    @property
    def capabilities(self) -> Any:
        return remote_execution_pb2_grpc.CapabilitiesStub(self.channel)

    @property
    def releases(self) -> Any:
        return artifactd_pb2_grpc.ReleasesStub(self.channel)

    def upload(self, data: bytes, *, name: str | None = None, start: int = 0) -> int:
        """Write a blob from ``start``; the committed size."""
        chosen = write_name(data) if name is None else name
        answer = self.bytestream.Write(write_requests(chosen, data, start=start), timeout=SECONDS)
        return int(answer.committed_size)

    def read(self, name: str, *, offset: int = 0, limit: int = 0) -> bytes:
        request = bytestream_pb2.ReadRequest(resource_name=name, read_offset=offset, read_limit=limit)
        return b"".join(message.data for message in self.bytestream.Read(request, timeout=SECONDS))

    def query(self, name: str) -> tuple[int, bool]:
        request = bytestream_pb2.QueryWriteStatusRequest(resource_name=name)
        answer = self.bytestream.QueryWriteStatus(request, timeout=SECONDS)
        return int(answer.committed_size), bool(answer.complete)

    def missing(self, *blobs: bytes) -> list[str]:
        request = reapi.FindMissingBlobsRequest(blob_digests=[digest_message(data) for data in blobs])
        answer = self.cas.FindMissingBlobs(request, timeout=SECONDS)
        return [digest.hash for digest in answer.missing_blob_digests]


@contextmanager
def connected(address: str) -> Iterator[RawClient]:
    with grpc.insecure_channel(address) as channel:
        yield RawClient(channel)


def hex_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def digest_message(data: bytes) -> reapi.Digest:
    return reapi.Digest(hash=hex_of(data), size_bytes=len(data))


def read_name(data: bytes) -> str:
    return f"blobs/{hex_of(data)}/{len(data)}"


def write_name(data: bytes, upload_id: str | None = None) -> str:
    return f"uploads/{upload_id or uuid.uuid4()}/blobs/{hex_of(data)}/{len(data)}"


def write_requests(
    name: str, data: bytes, *, start: int = 0, end: int | None = None, finish: bool = True
) -> Iterator[bytestream_pb2.WriteRequest]:
    """Messages of at most 1 MiB from ``start``; ``end`` stops early, ``finish`` marks the last one."""
    stop = len(data) if end is None else end
    offset = start
    while True:
        chunk = data[offset : min(offset + MESSAGE, stop)]
        last = offset + len(chunk) >= stop
        yield bytestream_pb2.WriteRequest(
            resource_name=name if offset == start else "",
            write_offset=offset,
            data=chunk,
            finish_write=finish and last,
        )
        if last:
            return
        offset += len(chunk)


@contextmanager
def refused(status: grpc.StatusCode, code: str, match: str = "") -> Iterator[None]:
    """The block's call ends with this status, this stable error code and a text that matches."""
    with pytest.raises(grpc.RpcError, match=match or None) as caught:
        yield
    error: Any = caught.value
    assert error.code() is status, error.details()
    trailing = dict(error.trailing_metadata() or ())
    assert trailing.get(ERROR_CODE_KEY) == code
