"""Addresses, and how gRPC's errors become the project's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from artifactd.client.blobs import BlobClient
from artifactd.client.connection import Connection, Endpoint, error_for_status, printable
from artifactd.client.retry import RetryPolicy
from artifactd.client.sources import BlobRef
from schemas.digest import Digest
from schemas.errors import (
    AccessDeniedError,
    ArtifactError,
    BlobNotFoundError,
    ChannelConflictError,
    ConfigError,
    DigestMismatchError,
    ReleaseNotFoundError,
    ServiceUnavailableError,
    StorageError,
)
from tests.support.fake_artifactd import FakeArtifactd

REF = BlobRef(digest=Digest.of(b"x"), size=1)
NO_RETRY = RetryPolicy(attempts=1)


@pytest.fixture(scope="module")
def service() -> Iterator[FakeArtifactd]:
    with FakeArtifactd() as fake:
        yield fake


@pytest.mark.parametrize(
    ("address", "target", "tls", "loopback"),
    [
        ("localhost:7420", "localhost:7420", False, True),
        ("127.0.0.1:7420", "127.0.0.1:7420", False, True),
        ("[::1]:7420", "[::1]:7420", False, True),
        ("grpc://artifacts.example:443", "artifacts.example:443", False, False),
        ("grpcs://artifacts.example:443/", "artifacts.example:443", True, False),
        ("unix:/run/artifactd.sock", "unix:/run/artifactd.sock", False, True),
    ],
)
def test_addresses(address: str, target: str, tls: bool, loopback: bool) -> None:
    endpoint = Endpoint(address=address)
    assert (endpoint.target, endpoint.uses_tls, endpoint.is_loopback) == (target, tls, loopback)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "nothing"),
        ("localhost", "no port"),
        ("localhost:port", "no number"),
        ("http://localhost:80/x", "a path"),
        ("a b:1", "a space"),
        (":7420", "no host"),
    ],
)
def test_wrong_addresses_are_refused(address: str, reason: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Endpoint(address=address)
    assert raised.value.expected or raised.value.hint, reason


def test_the_environment_fills_what_is_not_given(tmp_path: Path) -> None:
    environ = {"ARTIFACTD_ADDRESS": "example:1", "ARTIFACTD_CA": str(tmp_path / "ca.pem"), "ARTIFACTD_TOKEN": "t"}
    endpoint = Endpoint.from_environment(environ=environ)
    assert (endpoint.address, endpoint.ca_file, endpoint.token) == ("example:1", tmp_path / "ca.pem", "t")
    assert Endpoint.from_environment("other:2", environ=environ).address == "other:2"
    with pytest.raises(ConfigError, match="ARTIFACTD_ADDRESS"):
        Endpoint.from_environment(environ={})


def test_a_token_is_not_sent_unencrypted_over_a_network() -> None:
    with pytest.raises(ConfigError, match="unencrypted"):
        Endpoint(address="example:1", token="secret")
    assert "secret" not in repr(Endpoint(address="grpcs://example:1", token="secret"))


def test_a_ca_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"ca\.pem"):
        Connection(Endpoint(address="example:1", ca_file=tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("status", "code", "expected", "reason"),
    [
        (grpc.StatusCode.NOT_FOUND, "release-not-found", ReleaseNotFoundError, "the code says what was not found"),
        (grpc.StatusCode.INVALID_ARGUMENT, "digest-mismatch", DigestMismatchError, "the code names an integrity error"),
        (grpc.StatusCode.UNAVAILABLE, "storage", StorageError, "the store is down, not the service"),
        (grpc.StatusCode.NOT_FOUND, None, BlobNotFoundError, "another server of the same API"),
        (grpc.StatusCode.NOT_FOUND, "no-such-code", BlobNotFoundError, "a code of a later version"),
        (grpc.StatusCode.ABORTED, None, ChannelConflictError, "status alone"),
        (grpc.StatusCode.PERMISSION_DENIED, None, AccessDeniedError, "status alone"),
        (grpc.StatusCode.UNAUTHENTICATED, None, AccessDeniedError, "status alone"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, None, StorageError, "status alone"),
        (grpc.StatusCode.UNAVAILABLE, None, ServiceUnavailableError, "status alone"),
        (grpc.StatusCode.UNIMPLEMENTED, None, ArtifactError, "something else listens there"),
        (grpc.StatusCode.INTERNAL, "internal", ArtifactError, "a bug of the service"),
        (grpc.StatusCode.INTERNAL, "fatal-isolate", ArtifactError, "a service cannot raise errors of the runtime"),
    ],
)
def test_errors_are_rebuilt(
    service: FakeArtifactd,
    status: grpc.StatusCode,
    code: str | None,
    expected: type[Exception],
    reason: str,
) -> None:
    service.faults.status = (status, "what happened", code)
    try:
        with Connection(service.address, retry=NO_RETRY) as connection:
            client = BlobClient(connection)
            with pytest.raises(expected) as unary:
                client.find_missing([REF])
            with pytest.raises(expected) as streaming:
                list(client.stream(REF))
    finally:
        service.faults.status = None
    assert unary.type is expected, reason
    assert streaming.type is expected, reason
    assert "what happened" in str(unary.value)


def test_an_unreachable_service_is_named() -> None:
    with Connection("127.0.0.1:1", retry=NO_RETRY) as connection, pytest.raises(ServiceUnavailableError) as raised:
        BlobClient(connection).find_missing([REF])
    assert "127.0.0.1:1" in str(raised.value)
    assert "ARTIFACTD_ADDRESS" in (raised.value.hint or "")


def test_a_service_that_was_there_is_waited_for_longer() -> None:
    policy = RetryPolicy()
    assert [policy.gives_up(failures, answered=False) for failures in (1, 2, 3)] == [False, False, True]
    assert [policy.gives_up(failures, answered=True) for failures in (3, 7, 8)] == [False, False, True]
    assert RetryPolicy(attempts=1).gives_up(1, answered=False)


def test_a_closed_connection_says_so(service: FakeArtifactd) -> None:
    connection = Connection(service.address, retry=NO_RETRY)
    connection.close()
    connection.close()
    with pytest.raises(ServiceUnavailableError, match="closed"):
        BlobClient(connection).find_missing([REF])


def test_a_peer_cannot_write_to_the_terminal() -> None:
    assert printable("a\x1b[2Jb\r\x07\n") == "a?[2Jb??\n"
    assert len(printable("x" * 10_000)) == 2000
    assert "\x1b" not in str(error_for_status(14, printable("\x1b]0;x"), address="a:1"))
