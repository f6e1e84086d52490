"""The daemon on S3: a real store works, an unreachable or careless one is refused with what to do."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path
from typing import Any

import grpc
import pytest

from artifactd.__main__ import ExitCode
from artifactd.storage.s3 import S3Bucket, S3Settings
from schemas.errors import StorageError
from tests.support.careless_s3 import running_careless_store
from tests.support.daemon import daemon_command, run_artifactd, running_daemon
from tests.support.raw_client import MESSAGE, SECONDS, connected, hex_of, read_name, refused, write_name, write_requests
from tests.support.seaweedfs import S3Server, free_ports, running_seaweedfs


def settings_for(endpoint: str) -> S3Settings:
    return S3Settings(
        endpoint=endpoint,
        bucket="tests",
        access_key_id="key",
        secret_access_key="secret",
        connect_timeout_seconds=1,
        read_timeout_seconds=5,
        max_attempts=2,
    )


def s3_arguments(tmp_path: Path, server: S3Server, prefix: str = "run") -> tuple[str, ...]:
    key_file = tmp_path / "access-key"
    key_file.write_text(f"{server.access_key_id}\n{server.secret_access_key}\n")
    key_file.chmod(0o600)
    return (
        *("--store", f"s3:{server.bucket}/{prefix}", "--s3-endpoint", server.endpoint),
        *("--s3-access-key-file", str(key_file), "--staging-directory", str(tmp_path / "staging")),
        *("--s3-max-attempts", "2", "--s3-connect-timeout-seconds", "1", "--s3-read-timeout-seconds", "5"),
    )


def test_a_store_that_honours_conditions_passes_the_probe() -> None:
    with running_careless_store("If-None-Match", "If-Match") as store:
        S3Bucket(settings_for(store.endpoint)).probe()
        assert store.objects == {}, "the probe cleans up"


@pytest.mark.parametrize(
    ("honours", "told"),
    [
        (("If-Match",), "PUT ignores If-None-Match"),
        (("If-None-Match",), "PUT ignores If-Match"),
        ((), "PUT ignores If-None-Match"),
    ],
)
def test_a_store_that_ignores_conditions_is_refused(honours: tuple[str, ...], told: str) -> None:
    with running_careless_store(*honours) as store:
        with pytest.raises(StorageError, match=f"does not honour conditional writes: {told}.*use a store that does"):
            S3Bucket(settings_for(store.endpoint)).probe()
        assert store.objects == {}, "the probe cleans up"


def test_the_daemon_does_not_start_on_a_careless_store(tmp_path: Path) -> None:
    with running_careless_store("If-Match") as store:
        server = S3Server(endpoint=store.endpoint, access_key_id="key", secret_access_key="secret")
        code, out, err = run_artifactd(*daemon_command(tmp_path, s3_arguments(tmp_path, server))[3:])
    assert code == ExitCode.STORE
    assert "does not honour conditional writes" in err
    assert "Traceback" not in err
    assert out == ""


def test_the_daemon_does_not_start_without_its_store(tmp_path: Path) -> None:
    [port] = free_ports(1)
    server = S3Server(endpoint=f"http://127.0.0.1:{port}", access_key_id="key", secret_access_key="secret")
    code, _, err = run_artifactd(*daemon_command(tmp_path, s3_arguments(tmp_path, server))[3:])
    assert code == ExitCode.STORE
    assert "cannot be reached" in err
    assert "check that the endpoint is right" in err
    assert "Traceback" not in err
    assert "secret" not in err


@pytest.mark.s3
def test_wrong_credentials_and_buckets_are_told(s3_server: S3Server) -> None:
    right = S3Settings(
        endpoint=s3_server.endpoint,
        bucket=s3_server.bucket,
        access_key_id=s3_server.access_key_id,
        secret_access_key=s3_server.secret_access_key,
    )

    def probe(**changes: Any) -> None:
        S3Bucket(dataclasses.replace(right, **changes)).probe()

    with pytest.raises(StorageError, match=r"InvalidAccessKeyId.*check access_key_file"):
        probe(access_key_id="nobody")
    with pytest.raises(StorageError, match=r"SignatureDoesNotMatch.*check the secret key"):
        probe(secret_access_key="wrong")
    probe()


@pytest.mark.s3
def test_blobs_live_in_s3_and_uploads_resume(s3_server: S3Server, tmp_path: Path) -> None:
    data = os.urandom(5 * MESSAGE + 11)
    name = write_name(data)
    arguments = s3_arguments(tmp_path, s3_server, s3_server.new_prefix())
    with running_daemon(tmp_path / "daemon", arguments=arguments) as daemon:
        with connected(daemon.address) as client:
            answer = client.bytestream.Write(write_requests(name, data, end=3 * MESSAGE, finish=False), timeout=SECONDS)
            assert answer.committed_size == 3 * MESSAGE
            daemon.kill()
        daemon.start()
        with connected(daemon.address) as client:
            assert client.query(name) == (3 * MESSAGE, False)
            assert client.upload(data, name=name, start=3 * MESSAGE) == len(data)
            assert client.read(read_name(data)) == data
            assert client.read(read_name(data), offset=MESSAGE, limit=7) == data[MESSAGE : MESSAGE + 7]
            with refused(grpc.StatusCode.INVALID_ARGUMENT, "digest-mismatch"):
                client.upload(
                    data[:-1] + b"?", name=write_name(data + b"?")[: -len(str(len(data) + 1))] + str(len(data))
                )
            assert client.missing(data, b"absent") == [hex_of(b"absent")]
        assert not daemon.store.exists(), "the file store is not used"


@pytest.mark.s3
def test_a_store_that_goes_away_is_told_and_comes_back(tmp_path: Path) -> None:
    data, late = os.urandom(2 * MESSAGE), os.urandom(MESSAGE + 1)
    with running_seaweedfs(tmp_path / "weed") as server:
        weed = server.process_id
        with running_daemon(tmp_path / "daemon", arguments=s3_arguments(tmp_path, server)) as daemon:
            with connected(daemon.address) as client:
                client.upload(data)
                os.kill(weed, signal.SIGSTOP)
                try:
                    with refused(grpc.StatusCode.UNAVAILABLE, "storage", "retry"):
                        client.upload(late)
                finally:
                    os.kill(weed, signal.SIGCONT)
                assert client.missing(data) == []
                assert client.upload(late) == len(late)
                assert client.read(read_name(late)) == late
            assert server.secret_access_key not in daemon.log()
