"""The Channels service over the network: its statuses, publishers in a race, and a daemon that is killed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest

from artifactd.client import ChannelClient, Connection, Publisher, StateStore
from artifactd.client.keys import KeyDirectory
from artifactd.client.publish import move_channel
from artifactd.client.releases import ReleaseRecord
from artifactd.client.resolve import open_session, read_history, resolve_channel, utc_now
from schemas._generated import artifactd_pb2, artifactd_pb2_grpc
from schemas.digest import Digest
from schemas.errors import ChannelConflictError, MetadataNotFoundError, MissingArtifactError, ServiceUnavailableError
from schemas.tuf_roles import ReleaseTarget
from tests.support.daemon import Daemon, open_channel, running_daemon
from tests.support.publishing import QUICK, NetworkPublisher
from tests.support.synthetic_release import write_release


class Setup:
    """A daemon, a publisher, and a few releases to move the channel between."""

    def __init__(self, daemon: Daemon, directory: Path) -> None:
        self.daemon = daemon
        self.keys = KeyDirectory(directory / "keys")
        self.network = NetworkPublisher.start(daemon.address, directory)
        self.releases = [
            self.network.publish(write_release(directory / f"release-{n}", release_id=f"release-{n}", seed=n))
            for n in range(2)
        ]
        self.channels = ChannelClient(self.network.connection)

    def another_publisher(self) -> Publisher:
        """With the same keys, a connection and a memory of its own."""
        channels = ChannelClient(Connection(self.daemon.address, retry=QUICK))
        return Publisher(channels, self.keys, store=StateStore())


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    with running_daemon(tmp_path / "daemon") as daemon:
        yield Setup(daemon, tmp_path)


def test_the_statuses_of_the_service(setup: Setup) -> None:
    session = open_session(setup.channels, root=setup.network.root, channel="stable", store=StateStore())
    version, signer = session.timestamp_version, setup.keys.signer("channel-stable")

    def signed(release: ReleaseTarget, *, current: int) -> artifactd_pb2.SignedMetadata:
        moved = move_channel(
            channel="stable", current_version=current, release=release, signers=[signer], now=utc_now()
        )
        return artifactd_pb2.SignedMetadata(role=moved.role, data=moved.data)

    here = ReleaseTarget(
        digest=setup.releases[0].digest, length=len(setup.releases[0].manifest), release_id="release-0"
    )
    elsewhere = ReleaseTarget(digest=Digest.of(b"elsewhere"), length=9, release_id="elsewhere")
    good = signed(here, current=2)
    with open_channel(setup.daemon) as channel:
        stub = artifactd_pb2_grpc.ChannelsStub(channel)

        def publish(*metadata: artifactd_pb2.SignedMetadata, expected: int = version) -> None:
            stub.Publish(artifactd_pb2.PublishRequest(metadata=metadata, timestamp_version=expected), timeout=20)

        def get(name: str) -> None:
            stub.GetMetadata(artifactd_pb2.GetMetadataRequest(name=name), timeout=20)

        cases: list[tuple[Callable[[], None], grpc.StatusCode, str, str]] = [
            (lambda: get("9.root.json"), grpc.StatusCode.NOT_FOUND, "metadata-not-found", "no such version"),
            (lambda: get("../x"), grpc.StatusCode.INVALID_ARGUMENT, "format", "no name"),
            (lambda: get(""), grpc.StatusCode.INVALID_ARGUMENT, "format", "an empty name"),
            (lambda: publish(good, expected=1), grpc.StatusCode.ABORTED, "channel-conflict", "moved on"),
            (lambda: publish(good, expected=-1), grpc.StatusCode.ABORTED, "channel-conflict", "no version"),
            (lambda: publish(), grpc.StatusCode.INVALID_ARGUMENT, "format", "nothing"),
            (
                lambda: publish(signed(here, current=5)),
                grpc.StatusCode.INVALID_ARGUMENT,
                "signature",
                "a version is skipped",
            ),
            (
                lambda: publish(signed(elsewhere, current=2)),
                grpc.StatusCode.FAILED_PRECONDITION,
                MissingArtifactError.code,
                "the release is not here",
            ),
            (
                lambda: publish(artifactd_pb2.SignedMetadata(role="root", data=b"x" * (3 << 20))),
                grpc.StatusCode.INVALID_ARGUMENT,
                "size-mismatch",
                "endless metadata",
            ),
        ]
        for call, status, code, reason in cases:
            with pytest.raises(grpc.RpcError) as caught:
                call()
            assert caught.value.code() is status, f"{reason}: {caught.value.details()}"
            trailing: dict[str, Any] = {item.key: item.value for item in caught.value.trailing_metadata() or ()}
            assert trailing["artifactd-error-code"] == code, reason
        publish(good)
        publish(good, expected=version)  # the very same again
    assert (
        resolve_channel(setup.channels, root=setup.network.root, channel="stable", store=StateStore()).channel_version
        == 3
    )


def test_errors_arrive_as_their_own_classes(setup: Setup) -> None:
    assert setup.channels.metadata("9.root.json", max_length=1000) is None
    assert MetadataNotFoundError.code == "metadata-not-found"
    session = open_session(setup.channels, root=setup.network.root, channel="stable", store=StateStore())
    release = setup.releases[0]
    moved = move_channel(
        channel="stable",
        current_version=session.channel_version("stable"),
        release=ReleaseTarget(digest=release.digest, length=len(release.manifest), release_id=release.release_id),
        signers=[setup.keys.signer("channel-stable")],
        now=utc_now(),
    )
    with pytest.raises(ChannelConflictError):
        setup.channels.publish([moved], timestamp_version=1)


def test_private_keys_never_reach_the_daemon(setup: Setup) -> None:
    """Nothing below the daemon's directory holds a private key of the publisher, nor does its log."""
    secrets = []
    for name in setup.keys.names():
        pem = (setup.keys.path / f"{name}.pem").read_bytes()
        secrets.append(pem.splitlines()[1])
    assert len(secrets) == 3
    for path in setup.daemon.directory.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"PRIVATE KEY" not in data
            assert not any(secret in data for secret in secrets), path


def test_a_daemon_killed_while_publishers_race(setup: Setup) -> None:
    """kill -9 and restart, over and over: every acknowledged move is a version of the channel, in its place."""
    stop = threading.Event()
    acknowledged: list[tuple[int, str]] = []

    def run(number: int) -> None:
        publisher, chance = setup.another_publisher(), random.Random(number)
        while not stop.is_set():
            release: ReleaseRecord = chance.choice(setup.releases)
            try:
                moved = publisher.move_channel(setup.network.root, "stable", release)
            except (ServiceUnavailableError, ChannelConflictError):
                time.sleep(0.02)
                continue
            acknowledged.append((moved.channel_version, release.release_id))

    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(run, number) for number in range(4)]
        try:
            for _ in range(3):
                before = len(acknowledged)
                deadline = time.monotonic() + 30
                while len(acknowledged) < before + 5:
                    assert time.monotonic() < deadline, "nobody gets through"
                    assert not any(run.done() for run in runs), [run.exception() for run in runs if run.done()]
                    time.sleep(0.01)
                setup.daemon.kill()
                setup.daemon.start()
        finally:
            stop.set()
        for finished in runs:
            finished.result()
    entries = read_history(setup.channels, root=setup.network.root, channel="stable", store=StateStore(), limit=10_000)
    history = {entry.version: entry.release_id for entry in entries}
    assert sorted(history) == list(range(1, len(history) + 1))
    assert len(acknowledged) >= 15
    assert all(history[version] == release for version, release in acknowledged)
    # A lost answer is answered again from what is committed, so at most the kills in flight are unaccounted for.
    assert len(history) - 2 - len(acknowledged) <= 3 * 4
