"""Starting, draining, dying and coming back: nothing acknowledged is lost and nothing half-written is visible."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from artifactd.__main__ import ExitCode
from schemas._generated.google.bytestream import bytestream_pb2
from tests.support.daemon import (
    Daemon,
    clean_environment,
    daemon_command,
    health_of,
    json_lines,
    run_artifactd,
    running_daemon,
)
from tests.support.raw_client import (
    MESSAGE,
    SECONDS,
    RawClient,
    connected,
    hex_of,
    read_name,
    refused,
    write_name,
    write_requests,
)


def blob_files(daemon: Daemon) -> list[Path]:
    return [path for path in (daemon.store / "objects" / "blobs").rglob("@*") if path.is_file()]


def half_then_wait(name: str, data: bytes, sent: threading.Event, stop: threading.Event) -> Iterator[Any]:
    yield from write_requests(name, data, end=len(data) // 2, finish=False)
    sent.set()
    stop.wait(SECONDS)


def wait_for(condition: Any, what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_a_killed_daemon_keeps_what_was_staged_and_the_client_resumes(tmp_path: Path) -> None:
    data = os.urandom(8 * MESSAGE)
    name = write_name(data)
    sent, stop = threading.Event(), threading.Event()
    with running_daemon(tmp_path / "daemon") as daemon:
        with connected(daemon.address) as client:
            call = client.bytestream.Write.future(half_then_wait(name, data, sent, stop))
            assert sent.wait(SECONDS)
            wait_for(lambda: staged_bytes(daemon) == 4 * MESSAGE, "half of the upload never arrived")
            daemon.kill()
            stop.set()
            assert call.exception(timeout=SECONDS) is not None
        assert blob_files(daemon) == [], "half an upload is visible"
        daemon.start()
        with connected(daemon.address) as client:
            assert client.missing(data) == [hex_of(data)]
            assert client.query(name) == (4 * MESSAGE, False)
            assert client.upload(data, name=name, start=4 * MESSAGE) == len(data)
            assert client.read(read_name(data)) == data
        assert staged_bytes(daemon) == 0


def staged_bytes(daemon: Daemon) -> int:
    return sum(path.stat().st_size for path in (daemon.store / "staging").iterdir())


@pytest.mark.parametrize("attempt", range(3))
def test_kill_during_many_uploads_loses_nothing_acknowledged(tmp_path: Path, attempt: int) -> None:
    acknowledged: list[bytes] = []

    def upload_until_killed(client: RawClient) -> None:
        while True:
            data = os.urandom(MESSAGE + 4096)
            try:
                client.upload(data)
            except grpc.RpcError:
                return
            acknowledged.append(data)

    with running_daemon(tmp_path / "daemon") as daemon:
        with connected(daemon.address) as client, ThreadPoolExecutor(4) as pool:
            tasks = [pool.submit(upload_until_killed, client) for _ in range(4)]
            wait_for(lambda: len(acknowledged) >= 5 * (attempt + 1), "no upload was acknowledged")
            daemon.kill()
            for task in tasks:
                task.result()
        for path in blob_files(daemon):
            assert hex_of(path.read_bytes()) == path.name.removeprefix("@"), "a blob is half-written"
        daemon.start()
        with connected(daemon.address) as client:
            assert client.missing(*acknowledged) == []
            for data in acknowledged:
                assert client.read(read_name(data)) == data


def test_a_full_disk_refuses_the_upload_and_stores_nothing(tmp_path: Path) -> None:
    """A limit on file sizes makes the kernel refuse to write on, as a full disk does."""
    limit = 2 * MESSAGE

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    daemon = Daemon(tmp_path / "daemon")
    data, small = os.urandom(4 * MESSAGE), os.urandom(MESSAGE // 2)
    name = write_name(data)
    daemon.directory.mkdir()
    command = daemon_command(daemon.directory, ())
    with subprocess.Popen(command, preexec_fn=limited, env=clean_environment(), stdout=subprocess.DEVNULL) as process:
        try:
            port_file = daemon.directory / "port.txt"
            wait_for(port_file.exists, "the daemon did not start")
            with connected(f"127.0.0.1:{int(port_file.read_text())}") as client:
                with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "storage-full", "free space"):
                    client.upload(data, name=name)
                assert client.missing(data) == [hex_of(data)]
                assert client.query(name) == (limit, False), "what fitted stays, so that the upload can be resumed"
                assert client.upload(small) == len(small)
        finally:
            process.kill()
    assert len(blob_files(daemon)) == 1
    with running_daemon(daemon.directory) as roomy, connected(roomy.address) as client:
        assert client.upload(data, name=name, start=limit) == len(data)
        assert client.read(read_name(small)) == small


def test_sigterm_lets_calls_in_flight_finish_and_refuses_new_ones(tmp_path: Path) -> None:
    data = os.urandom(4 * MESSAGE)
    name = write_name(data)
    sent, go_on = threading.Event(), threading.Event()

    def slow() -> Iterator[bytestream_pb2.WriteRequest]:
        requests = list(write_requests(name, data))
        yield from requests[:2]
        sent.set()
        go_on.wait(SECONDS)
        yield from requests[2:]

    with running_daemon(tmp_path / "daemon", arguments=("--drain-seconds", "20")) as daemon:
        assert health_of(daemon) == "SERVING"
        assert health_of(daemon, "artifactd.v1.Releases") == "SERVING"
        with connected(daemon.address) as client, connected(daemon.address) as late:
            call = client.bytestream.Write.future(slow(), timeout=SECONDS)
            assert sent.wait(SECONDS)
            late.missing(b"connects before the drain")
            wait_for(lambda: staged_bytes(daemon) == 2 * MESSAGE, "the upload never arrived")
            os.kill(daemon.process.pid, signal.SIGTERM)
            wait_for(lambda: refuses(late), "new calls are still accepted")
            go_on.set()
            assert call.result(timeout=SECONDS).committed_size == len(data)
        assert daemon.process.wait(timeout=SECONDS) == ExitCode.OK
        assert "draining" in daemon.log()
        daemon.start()
        with connected(daemon.address) as client:
            assert client.missing(data) == []


def refuses(client: RawClient) -> bool:
    try:
        client.missing(b"anything")
    except grpc.RpcError as error:
        return bool(error.code() is grpc.StatusCode.UNAVAILABLE)
    return False


def test_the_drain_ends_after_its_time_and_the_upload_can_be_resumed(tmp_path: Path) -> None:
    data = os.urandom(4 * MESSAGE)
    name = write_name(data)
    sent, stop = threading.Event(), threading.Event()
    with running_daemon(tmp_path / "daemon", arguments=("--drain-seconds", "1")) as daemon:
        with connected(daemon.address) as client:
            call = client.bytestream.Write.future(half_then_wait(name, data, sent, stop))
            assert sent.wait(SECONDS)
            wait_for(lambda: staged_bytes(daemon) == 2 * MESSAGE, "half of the upload never arrived")
            assert daemon.terminate() == ExitCode.OK
            stop.set()
            assert call.exception(timeout=SECONDS) is not None
        daemon.start()
        with connected(daemon.address) as client:
            assert client.query(name) == (2 * MESSAGE, False)


def test_a_port_in_use_is_told_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, out, err = run_artifactd(*daemon_command(tmp_path, ("--port", port))[3:])
    assert code == ExitCode.BIND
    assert f"cannot listen on 127.0.0.1:{port}" in err
    assert "choose another port" in err
    assert "Traceback" not in err
    assert out == ""


def test_two_daemons_do_not_share_a_port(tmp_path: Path) -> None:
    with running_daemon(tmp_path / "first") as first:
        code, _, err = run_artifactd(*daemon_command(tmp_path / "second", ("--port", str(first.port)))[3:])
        assert code == ExitCode.BIND, err
        assert health_of(first) == "SERVING"


def test_two_daemons_may_share_a_store(tmp_path: Path) -> None:
    data = os.urandom(2 * MESSAGE)
    with running_daemon(tmp_path / "first") as first:
        shared = ("--store", f"file:{first.store}")
        with running_daemon(tmp_path / "second", arguments=shared) as second:
            with connected(first.address) as client:
                client.upload(data)
            with connected(second.address) as client:
                assert client.missing(data) == []
                assert client.read(read_name(data)) == data


def test_the_ready_line_is_json_when_asked_for(tmp_path: Path) -> None:
    with running_daemon(tmp_path, arguments=("--json",)) as daemon:
        ready = json_lines(daemon.log().splitlines()[0])[0]
        assert ready["event"] == "ready"
        assert ready["address"] == daemon.address
        assert ready["pid"] == daemon.process.pid


TOKEN = "0123456789abcdef-token"


def test_a_token_guards_writing_and_never_appears_in_the_log(tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text(TOKEN + "\n")
    token_file.chmod(0o600)
    data = b"guarded"
    with running_daemon(tmp_path / "daemon", arguments=("--token-file", str(token_file))) as daemon:
        with connected(daemon.address) as client:
            requests = list(write_requests(write_name(data), data))
            for metadata in ((), (("authorization", "Bearer wrong"),), (("authorization", TOKEN),)):
                with refused(grpc.StatusCode.PERMISSION_DENIED, "access-denied", "Bearer"):
                    client.bytestream.Write(iter(requests), timeout=SECONDS, metadata=metadata)
            right = (("authorization", f"Bearer {TOKEN}"),)
            client.bytestream.Write(iter(requests), timeout=SECONDS, metadata=right)
            assert client.read(read_name(data)) == data
        daemon.terminate()
        assert TOKEN not in daemon.log()


def test_reflection_lists_every_service(tmp_path: Path) -> None:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    with running_daemon(tmp_path) as daemon, connected(daemon.address) as client:
        stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
        requests = [
            reflection_pb2.ServerReflectionRequest(list_services=""),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol="google.bytestream.ByteStream"),
            reflection_pb2.ServerReflectionRequest(file_containing_symbol="artifactd.v1.Channels"),
        ]
        listed, *files = list(stub.ServerReflectionInfo(iter(requests), timeout=SECONDS))
    names = {service.name for service in listed.list_services_response.service}
    assert names >= {
        "google.bytestream.ByteStream",
        "build.bazel.remote.execution.v2.ContentAddressableStorage",
        "build.bazel.remote.execution.v2.Capabilities",
        "artifactd.v1.Releases",
        "artifactd.v1.Channels",
        "grpc.health.v1.Health",
    }
    assert all(found.file_descriptor_response.file_descriptor_proto for found in files)
