"""A peer that stops in the middle of a stream, or only watches, does not keep a worker."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2, reflection_pb2_grpc

from artifactd.blobs import BlobStore
from artifactd.service.bytestream import ByteStreamServicer
from artifactd.service.interceptor import EdgeInterceptor
from artifactd.service.stall import StallGuard
from artifactd.staging import StagingArea, Upload
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
    server = grpc.server(futures.ThreadPoolExecutor(1), interceptors=[EdgeInterceptor(guard=guard)])
    server.add_generic_rpc_handlers((ByteStreamServicer(blobs).handler(),))
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    reflection.enable_server_reflection((reflection.SERVICE_NAME,), server)
    port = server.add_insecure_port("127.0.0.1:0")
    guard.start()
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield RawClient(channel)
    guard.stop()
    server.stop(0).wait()


def query_begun(client: RawClient, name: str) -> tuple[int, bool]:
    """Ask for an upload once the server knows of it: the question may overtake the upload's first message."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return client.query(name)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def test_an_upload_that_stops_is_ended_and_can_be_resumed(client: RawClient) -> None:
    data = os.urandom(4 * MESSAGE)
    name = write_name(data)
    never = threading.Event()

    def half() -> Iterator[bytestream_pb2.WriteRequest]:
        yield from write_requests(name, data, end=2 * MESSAGE, finish=False)
        never.wait(SECONDS)

    call: Any = client.bytestream.Write.future(half(), timeout=SECONDS)
    try:
        assert query_begun(client, name) == (2 * MESSAGE, False)
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


def test_those_who_watch_the_health_take_no_worker(client: RawClient) -> None:
    stub = health_pb2_grpc.HealthStub(client.channel)
    watches: list[Any] = [stub.Watch(health_pb2.HealthCheckRequest(), timeout=SECONDS) for _ in range(3)]
    assert [next(watch).status for watch in watches] == [health_pb2.HealthCheckResponse.SERVING] * 3
    assert client.upload(b"meanwhile") == 9
    for watch in watches:
        watch.cancel()


def test_a_reflection_stream_without_questions_is_ended(client: RawClient) -> None:
    never = threading.Event()

    def silence() -> Iterator[reflection_pb2.ServerReflectionRequest]:
        never.wait(SECONDS)
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    silent: Any = reflection_pb2_grpc.ServerReflectionStub(client.channel).ServerReflectionInfo(
        silence(), timeout=SECONDS
    )
    try:
        assert client.upload(b"meanwhile") == 9
        assert silent.code() is grpc.StatusCode.CANCELLED
    finally:
        never.set()


def test_the_time_that_the_service_itself_takes_does_not_count(
    client: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = BlobStore.commit

    def slow_commit(store: BlobStore, upload: Upload) -> bool:
        threading.Event().wait(STALL_SECONDS * 3)
        return commit(store, upload)

    monkeypatch.setattr(BlobStore, "commit", slow_commit)
    assert client.upload(os.urandom(2 * MESSAGE)) == 2 * MESSAGE
