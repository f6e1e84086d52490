"""A peer that stops in the middle of a stream does not keep its worker."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest

from artifactd.blobs import BlobStore
from artifactd.service.bytestream import ByteStreamServicer
from artifactd.service.interceptor import EdgeInterceptor
from artifactd.service.stall import StallGuard
from artifactd.staging import StagingArea
from artifactd.storage.file import FileBucket
from schemas._generated.google.bytestream import bytestream_pb2
from tests.support.raw_client import MESSAGE, SECONDS, RawClient, read_name, write_name, write_requests

STALL_SECONDS = 0.5


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RawClient]:
    """A server with one worker: a stalled stream that kept it would block every other call."""
    staging = StagingArea(tmp_path / "staging", max_uploads=4, max_bytes=1 << 28, idle_seconds=100)
    blobs = BlobStore(FileBucket(tmp_path / "store"), staging, max_blob_size=1 << 28)
    guard = StallGuard(seconds=STALL_SECONDS)
    server = grpc.server(futures.ThreadPoolExecutor(1), interceptors=[EdgeInterceptor()])
    server.add_generic_rpc_handlers((ByteStreamServicer(blobs, guard).handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    guard.start()
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield RawClient(channel)
    guard.stop()
    server.stop(0).wait()


def test_an_upload_that_stops_is_ended_and_can_be_resumed(client: RawClient) -> None:
    data = os.urandom(4 * MESSAGE)
    name = write_name(data)
    never = threading.Event()

    def half() -> Iterator[bytestream_pb2.WriteRequest]:
        yield from write_requests(name, data, end=2 * MESSAGE, finish=False)
        never.wait(SECONDS)

    call: Any = client.bytestream.Write.future(half(), timeout=SECONDS)
    try:
        assert client.query(name) == (2 * MESSAGE, False)
        assert call.exception(timeout=SECONDS).code() is grpc.StatusCode.CANCELLED
    finally:
        never.set()
    assert client.upload(data, name=name, start=2 * MESSAGE) == len(data)


def test_a_reader_that_stops_is_ended(client: RawClient) -> None:
    data = os.urandom(64 * MESSAGE)
    client.upload(data)
    request = bytestream_pb2.ReadRequest(resource_name=read_name(data))
    unread: Any = client.bytestream.Read(request, timeout=SECONDS)
    assert len(next(unread).data) == MESSAGE
    # The only worker is free again only after the reader was given up.
    assert client.query(write_name(data)) == (len(data), True)
    unread.cancel()


def test_a_slow_stream_that_goes_on_is_left_alone(client: RawClient) -> None:
    data = os.urandom(4 * MESSAGE)
    pause = threading.Event()

    def slowly() -> Iterator[bytestream_pb2.WriteRequest]:
        for request in write_requests(write_name(data), data):
            yield request
            pause.wait(STALL_SECONDS * 0.6)

    assert client.bytestream.Write(slowly(), timeout=SECONDS).committed_size == len(data)
