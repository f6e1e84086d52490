"""Blobs over gRPC against a daemon of its own: what is stored, what is refused and how it says so."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2 as reapi
from schemas._generated.google.bytestream import bytestream_pb2
from tests.support.daemon import Daemon, running_daemon
from tests.support.raw_client import (
    MESSAGE,
    SECONDS,
    RawClient,
    connected,
    digest_message,
    hex_of,
    read_name,
    refused,
    write_name,
    write_requests,
)

INVALID = grpc.StatusCode.INVALID_ARGUMENT
MAX_BLOB = 8 << 20


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    arguments = ("--limits-max-blob-bytes", str(MAX_BLOB))
    with running_daemon(tmp_path_factory.mktemp("daemon"), arguments=arguments) as running:
        yield running


@pytest.fixture(scope="module")
def client(daemon: Daemon) -> Iterator[RawClient]:
    with connected(daemon.address) as found:
        yield found


@pytest.mark.parametrize("size", [1, 1000, MESSAGE - 1, MESSAGE, MESSAGE + 1, 3 * MESSAGE + 7])
def test_a_blob_comes_back_as_it_was_sent(client: RawClient, size: int) -> None:
    data = os.urandom(size)
    assert client.missing(data) == [hex_of(data)]
    assert client.upload(data) == size
    assert client.missing(data) == []
    assert client.read(read_name(data)) == data


def test_the_empty_blob_is_always_there(client: RawClient) -> None:
    assert client.missing(b"") == []
    assert client.read(read_name(b"")) == b""
    assert client.upload(b"") == 0
    assert client.query(write_name(b"")) == (0, True)


@pytest.mark.parametrize(
    "form",
    [
        "instance/blobs/{hash}/{size}",
        "some/instance/blobs/{hash}/{size}",
        "blobs/sha256/{hash}/{size}",
        "an/instance/blobs/sha256/{hash}/{size}",
    ],
)
def test_every_form_of_read_name_works(client: RawClient, form: str) -> None:
    data = b"named in many ways"
    client.upload(data)
    assert client.read(form.format(hash=hex_of(data), size=len(data))) == data


@pytest.mark.parametrize(
    "form",
    [
        "instance/uploads/{id}/blobs/{hash}/{size}",
        "uploads/{id}/blobs/sha256/{hash}/{size}",
        "uploads/{id}/blobs/{hash}/{size}/a/file/name",
    ],
)
def test_every_form_of_write_name_works(client: RawClient, form: str) -> None:
    data = os.urandom(2 * MESSAGE)
    name = form.format(id="an-id", hash=hex_of(data), size=len(data))
    assert client.upload(data, name=name) == len(data)
    assert client.missing(data) == []


@pytest.mark.parametrize(
    ("offset", "limit"), [(0, 10), (5, 0), (MESSAGE - 1, 2), (2 * MESSAGE + 5, 0), (0, 1 << 40), (7, 1)]
)
def test_ranges(client: RawClient, offset: int, limit: int) -> None:
    data = bytes(range(256)) * 8192 + b"the end"
    client.upload(data)
    expected = data[offset:][: limit or None]
    assert client.read(read_name(data), offset=offset, limit=limit) == expected


def test_a_duplicate_write_is_answered_at_once_with_the_full_size(client: RawClient) -> None:
    data = os.urandom(4 * MESSAGE)
    client.upload(data)
    never = threading.Event()

    def first_message_only() -> Iterator[bytestream_pb2.WriteRequest]:
        yield next(write_requests(write_name(data), data))
        never.wait(SECONDS)

    try:
        answer = client.bytestream.Write(first_message_only(), timeout=10)
        assert answer.committed_size == len(data)
    finally:
        never.set()


def wrong_bytes(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("size", [10, 3 * MESSAGE])
def test_other_bytes_under_a_digest_are_refused(client: RawClient, size: int) -> None:
    data = os.urandom(size)
    name = write_name(data)
    with refused(INVALID, "digest-mismatch", "expected sha256:.*found sha256:"):
        client.upload(wrong_bytes(data), name=name)
    assert client.missing(data) == [hex_of(data)]
    # Nothing of the wrong bytes is kept, so the right ones can follow under the same name.
    assert client.upload(data, name=name) == size


@pytest.mark.parametrize("size", [10, 3 * MESSAGE])
def test_a_truncated_upload_that_claims_to_be_whole_is_refused(client: RawClient, size: int) -> None:
    data = os.urandom(size)
    with refused(INVALID, "size-mismatch", f"expected {size}"):
        client.bytestream.Write(write_requests(write_name(data), data, end=size - 1), timeout=SECONDS)
    assert client.missing(data) == [hex_of(data)]


def test_more_bytes_than_named_are_refused(client: RawClient) -> None:
    data = os.urandom(2 * MESSAGE)
    with refused(INVALID, "size-mismatch"):
        client.upload(data + b"more", name=write_name(data))
    assert client.missing(data) == [hex_of(data)]


def test_a_stream_that_stops_can_be_resumed(client: RawClient) -> None:
    data = os.urandom(4 * MESSAGE)
    name = write_name(data)
    half = 2 * MESSAGE
    answer = client.bytestream.Write(write_requests(name, data, end=half, finish=False), timeout=SECONDS)
    assert answer.committed_size == half
    assert client.query(name) == (half, False)
    assert client.missing(data) == [hex_of(data)]
    assert client.upload(data, name=name, start=half) == len(data)
    assert client.query(name) == (len(data), True)
    assert client.read(read_name(data)) == data


def test_a_cancelled_stream_can_be_resumed(client: RawClient) -> None:
    data = os.urandom(4 * MESSAGE)
    name = write_name(data)
    sent = threading.Event()
    never = threading.Event()

    def half() -> Iterator[bytestream_pb2.WriteRequest]:
        yield from write_requests(name, data, end=2 * MESSAGE, finish=False)
        sent.set()
        never.wait(SECONDS)

    call: Any = client.bytestream.Write.future(half(), timeout=SECONDS)
    assert sent.wait(SECONDS)
    wait_until_committed(client, name, 2 * MESSAGE)
    call.cancel()
    never.set()
    assert client.upload(data, name=name, start=2 * MESSAGE) == len(data)
    assert client.read(read_name(data)) == data


def wait_until_committed(client: RawClient, name: str, size: int) -> None:
    """Until the daemon has what was sent; flow control lets the sender run ahead."""
    waiting = threading.Event()
    for _ in range(500):
        try:
            if client.query(name)[0] == size:
                return
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                raise
        waiting.wait(0.02)
    pytest.fail(f"{size} bytes never arrived")


def test_an_upload_can_start_again_at_the_beginning(client: RawClient) -> None:
    data = os.urandom(3 * MESSAGE)
    name = write_name(data)
    client.bytestream.Write(write_requests(name, data, end=MESSAGE, finish=False), timeout=SECONDS)
    assert client.upload(data, name=name) == len(data)
    assert client.read(read_name(data)) == data


def test_an_offset_that_leaves_a_gap_is_refused_and_the_staged_bytes_stay(client: RawClient) -> None:
    data = os.urandom(4 * MESSAGE)
    name = write_name(data)
    client.bytestream.Write(write_requests(name, data, end=MESSAGE, finish=False), timeout=SECONDS)
    with refused(INVALID, "format", "expected 1048576, found 2097152"):
        client.upload(data, name=name, start=2 * MESSAGE)
    assert client.query(name) == (MESSAGE, False)


def test_an_unknown_upload_has_no_status(client: RawClient) -> None:
    with refused(grpc.StatusCode.NOT_FOUND, "blob-not-found", "start it at offset 0"):
        client.query(write_name(b"never sent"))


def test_the_name_must_not_change_within_an_upload(client: RawClient) -> None:
    data = os.urandom(2 * MESSAGE)
    first, second = write_requests(write_name(data), data)
    second.resource_name = write_name(b"another")
    with refused(INVALID, "format", "name changed"):
        client.bytestream.Write(iter([first, second]), timeout=SECONDS)


def test_an_upload_without_messages_is_refused(client: RawClient) -> None:
    with refused(INVALID, "format", "without a message"):
        client.bytestream.Write(iter(()), timeout=SECONDS)


def test_a_missing_blob_is_not_found(client: RawClient) -> None:
    with refused(grpc.StatusCode.NOT_FOUND, "blob-not-found", "upload it first"):
        client.read(read_name(b"nobody sent this"))


def test_a_wrong_size_is_told_with_the_right_one(client: RawClient) -> None:
    data = b"five!"
    client.upload(data)
    with refused(INVALID, "size-mismatch", "expected 6, found 5"):
        client.read(f"blobs/{hex_of(data)}/6")
    request = reapi.FindMissingBlobsRequest(blob_digests=[reapi.Digest(hash=hex_of(data), size_bytes=6)])
    assert len(client.cas.FindMissingBlobs(request, timeout=SECONDS).missing_blob_digests) == 1


@pytest.mark.parametrize(
    ("offset", "limit", "status", "code", "reason"),
    [
        (6, 0, grpc.StatusCode.OUT_OF_RANGE, "offset-out-of-range", "beyond the end"),
        (-1, 0, grpc.StatusCode.OUT_OF_RANGE, "offset-out-of-range", "negative offset"),
        (0, -1, INVALID, "format", "negative limit"),
    ],
)
def test_ranges_outside_the_blob_are_refused(
    client: RawClient, offset: int, limit: int, status: grpc.StatusCode, code: str, reason: str
) -> None:
    data = b"five."
    client.upload(data)
    with refused(status, code):
        client.read(read_name(data), offset=offset, limit=limit)


def test_a_read_at_the_end_is_empty(client: RawClient) -> None:
    data = b"five;"
    client.upload(data)
    assert client.read(read_name(data), offset=5) == b""


def test_a_blob_above_the_limit_is_refused_before_it_is_sent(client: RawClient) -> None:
    with refused(INVALID, "format", "too large"):
        client.upload(bytes(10), name=f"uploads/x/blobs/{hex_of(b'large')}/{MAX_BLOB + 1}")


def test_batches_store_and_read_small_blobs(client: RawClient) -> None:
    good, other = os.urandom(100), os.urandom(200)
    request = reapi.BatchUpdateBlobsRequest()
    request.requests.add(digest=digest_message(good), data=good)
    request.requests.add(digest=digest_message(other), data=wrong_bytes(other))
    request.requests.add(digest=reapi.Digest(hash="nonsense", size_bytes=1), data=b"x")
    request.requests.add(digest=digest_message(good), data=good, compressor=reapi.Compressor.ZSTD)
    answer = client.cas.BatchUpdateBlobs(request, timeout=SECONDS)
    codes = [grpc_code(entry.status.code) for entry in answer.responses]
    assert codes == [grpc.StatusCode.OK, INVALID, INVALID, INVALID]
    assert client.missing(good, other) == [hex_of(other)]
    read = reapi.BatchReadBlobsRequest(digests=[digest_message(good), digest_message(other), digest_message(b"")])
    answer = client.cas.BatchReadBlobs(read, timeout=SECONDS)
    codes = [grpc_code(entry.status.code) for entry in answer.responses]
    assert codes == [grpc.StatusCode.OK, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.OK]
    assert [entry.data for entry in answer.responses] == [good, b"", b""]


def grpc_code(number: int) -> grpc.StatusCode:
    return next(code for code in grpc.StatusCode if code.value[0] == number)


def test_batches_above_the_announced_size_are_refused(client: RawClient) -> None:
    announced = client.capabilities.GetCapabilities(reapi.GetCapabilitiesRequest(), timeout=SECONDS)
    largest = announced.cache_capabilities.max_batch_total_size_bytes
    sizes = [largest // 2 + 1, largest // 2 + 1]
    read = reapi.BatchReadBlobsRequest(
        digests=[reapi.Digest(hash=hex_of(bytes([number])), size_bytes=size) for number, size in enumerate(sizes)]
    )
    with refused(INVALID, "format", "batch is too large"):
        client.cas.BatchReadBlobs(read, timeout=SECONDS)


def test_the_largest_announced_batch_fits_into_messages(client: RawClient) -> None:
    announced = client.capabilities.GetCapabilities(reapi.GetCapabilitiesRequest(), timeout=SECONDS)
    data = os.urandom(announced.cache_capabilities.max_batch_total_size_bytes)
    request = reapi.BatchUpdateBlobsRequest()
    request.requests.add(digest=digest_message(data), data=data)
    answer = client.cas.BatchUpdateBlobs(request, timeout=SECONDS)
    assert answer.responses[0].status.code == 0, answer
    answer = client.cas.BatchReadBlobs(reapi.BatchReadBlobsRequest(digests=[digest_message(data)]), timeout=SECONDS)
    assert answer.responses[0].data == data


@pytest.mark.parametrize("function", [reapi.DigestFunction.SHA1, reapi.DigestFunction.BLAKE3, 99])
def test_other_digest_functions_are_refused(client: RawClient, function: reapi.DigestFunction.Value) -> None:
    with refused(INVALID, "format", "SHA256"):
        client.cas.FindMissingBlobs(reapi.FindMissingBlobsRequest(digest_function=function), timeout=SECONDS)
    with refused(INVALID, "format", "SHA256"):
        client.cas.BatchUpdateBlobs(reapi.BatchUpdateBlobsRequest(digest_function=function), timeout=SECONDS)
    with refused(INVALID, "format", "SHA256"):
        client.cas.BatchReadBlobs(reapi.BatchReadBlobsRequest(digest_function=function), timeout=SECONDS)


def test_capabilities_name_sha256_and_the_limits(client: RawClient) -> None:
    found = client.capabilities.GetCapabilities(reapi.GetCapabilitiesRequest(), timeout=SECONDS)
    assert list(found.cache_capabilities.digest_functions) == [reapi.DigestFunction.SHA256]
    assert found.cache_capabilities.max_cas_blob_size_bytes == MAX_BLOB
    assert (found.low_api_version.major, found.low_api_version.minor) == (2, 0)
    assert not found.cache_capabilities.action_cache_update_capabilities.update_enabled


def test_trees_are_unimplemented(client: RawClient) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list(client.cas.GetTree(reapi.GetTreeRequest(), timeout=SECONDS))
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_too_many_digests_in_one_question_are_refused(client: RawClient) -> None:
    digests = [reapi.Digest(hash=hex_of(b""), size_bytes=0)] * 10_001
    with refused(INVALID, "format", "too many digests"):
        client.cas.FindMissingBlobs(reapi.FindMissingBlobsRequest(blob_digests=digests), timeout=SECONDS)
    with refused(INVALID, "format", "too many digests"):
        client.cas.BatchReadBlobs(reapi.BatchReadBlobsRequest(digests=digests), timeout=SECONDS)


def test_a_blob_damaged_in_the_store_is_never_served_by_a_batch(client: RawClient, daemon: Daemon) -> None:
    data = os.urandom(50)
    client.upload(data)
    name = hex_of(data)
    stored: Path = daemon.store / "objects" / "blobs" / "sha256" / name[:2] / f"@{name}"
    stored.write_bytes(wrong_bytes(data))
    answer = client.cas.BatchReadBlobs(reapi.BatchReadBlobsRequest(digests=[digest_message(data)]), timeout=SECONDS)
    assert answer.responses[0].data == b""
    assert "damaged" in answer.responses[0].status.message
