"""TLS and the bearer token, between the real client and the real daemon."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from artifactd.client import BlobClient, Connection, Endpoint, RetryPolicy
from schemas.errors import AccessDeniedError, ServiceUnavailableError
from tests.support.certificates import write_certificate
from tests.support.daemon import Daemon, running_daemon

TOKEN = "a-token-that-nobody-guesses-0123456789"
QUICK = RetryPolicy(attempts=1)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Daemon, Path]]:
    directory = tmp_path_factory.mktemp("secured")
    certificate, key = write_certificate(directory)
    token = directory / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    files = {"--tls-certificate-file": certificate, "--tls-key-file": key, "--token-file": token}
    arguments = [str(part) for item in files.items() for part in item]
    with running_daemon(directory / "daemon", arguments=arguments) as daemon:
        yield daemon, certificate


@contextmanager
def client(daemon: Daemon, *, ca: Path | None, token: str | None, scheme: str = "grpcs") -> Iterator[BlobClient]:
    endpoint = Endpoint(address=f"{scheme}://{daemon.address}", ca_file=ca, token=token, timeout=10)
    with Connection(endpoint, retry=QUICK) as connection:
        yield BlobClient(connection)


def test_with_certificate_and_token_uploads_work(secured: tuple[Daemon, Path]) -> None:
    daemon, certificate = secured
    with client(daemon, ca=certificate, token=TOKEN) as blobs:
        for data in (b"small", bytes(2_000_000)):
            reference = blobs.upload(data)
            assert b"".join(blobs.read(reference)) == data


@pytest.mark.parametrize(("token", "reason"), [(None, "no token"), ("wrong", "another token")])
def test_writers_without_the_token_are_refused(secured: tuple[Daemon, Path], token: str | None, reason: str) -> None:
    daemon, certificate = secured
    with client(daemon, ca=certificate, token=token) as blobs:
        for data in (b"refused", bytes(3_000_000)):
            with pytest.raises(AccessDeniedError):
                blobs.upload(data)
    assert reason


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [("grpcs", "a certificate that no known authority signed"), ("grpc", "no TLS at all")],
)
def test_other_ways_to_talk_fail(secured: tuple[Daemon, Path], scheme: str, reason: str) -> None:
    daemon, _ = secured
    with client(daemon, ca=None, token=TOKEN, scheme=scheme) as blobs, pytest.raises(ServiceUnavailableError):
        blobs.upload(b"never arrives")
    assert reason
