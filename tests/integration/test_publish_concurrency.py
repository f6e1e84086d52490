"""Many publishers at once, on the store of files: one winner each round, and no move is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from artifactd.channels import ChannelRepository
from artifactd.client.history import ChannelHistory
from artifactd.client.publish import move_channel
from artifactd.client.trust import TrustSession, verify
from artifactd.online_keys import OnlineKeys
from artifactd.storage.file import FileBucket
from schemas.errors import ChannelConflictError
from schemas.tuf_metadata import SignedMetadata
from tests.support.publisher import Publisher, fetch_from

WRITERS = 16
WORKER = Path(__file__).parents[1] / "support" / "publishing_worker.py"


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    publisher = Publisher(
        bucket=FileBucket(tmp_path / "bucket"), online_keys=OnlineKeys.load_or_create(tmp_path / "online.json")
    )
    publisher.initialise("stable")
    return publisher


def history_of(publisher: Publisher, channel: str) -> list[tuple[int, str]]:
    """(version, release id), oldest first."""
    history = ChannelHistory(publisher.session(channel), limit=10_000)
    verify(history, publisher.fetch)
    return [(entry.version, entry.release_id) for entry in reversed(history.entries())]


def test_sixteen_publishers_exactly_one_wins_each_round(publisher: Publisher) -> None:
    rounds = 8
    repositories = [publisher.repository_on(publisher.bucket) for _ in range(WRITERS)]
    winners: list[str] = []
    with ThreadPoolExecutor(WRITERS) as pool:
        for number in range(rounds):
            session = publisher.session()
            version = session.channel_version("stable")
            moves = [
                publisher.signed_move("stable", publisher.releases.add(f"r{number}-w{writer}"), current_version=version)
                for writer in range(WRITERS)
            ]
            barrier = threading.Barrier(WRITERS)

            def run(
                repository: ChannelRepository,
                move: SignedMetadata,
                expected: int = session.timestamp_version,
                barrier: threading.Barrier = barrier,
            ) -> bool:
                barrier.wait()
                try:
                    repository.publish([move], timestamp_version=expected)
                except ChannelConflictError:
                    return False
                return True

            won = list(pool.map(run, repositories, moves))
            assert won.count(True) == 1
            release = publisher.resolve("stable").release_id
            assert release == f"r{number}-w{won.index(True)}"
            winners.append(release)
    assert history_of(publisher, "stable") == list(enumerate(["stable-1", *winners], start=1))


def test_no_move_is_lost_when_losers_try_again(publisher: Publisher) -> None:
    """Sixteen writers move the channel until each has succeeded: every move is one version of the channel."""

    def run(writer: int) -> str:
        repository = publisher.repository_on(publisher.bucket)
        release = publisher.releases.add(f"writer-{writer}")
        while True:
            session = TrustSession(root=publisher.root, now=publisher.clock.now, channel=None)
            verify(session, lambda request: fetch_from(repository, request))
            move = move_channel(
                channel="stable",
                current_version=session.channel_version("stable"),
                release=release.target,
                signers=[publisher.channel_signers["stable"]],
                now=publisher.clock.now,
            )
            try:
                repository.publish([move], timestamp_version=session.timestamp_version)
            except ChannelConflictError:
                time.sleep(random.random() * 0.05)
                continue
            return release.release_id

    with ThreadPoolExecutor(WRITERS) as pool:
        done = set(pool.map(run, range(WRITERS)))
    history = history_of(publisher, "stable")
    assert [version for version, _ in history] == list(range(1, WRITERS + 2))
    assert {release for _, release in history[1:]} == done
    assert len(done) == WRITERS


def test_readers_always_see_a_whole_state(publisher: Publisher) -> None:
    """Sessions that run while the channel moves verify, and never go back."""
    stop = threading.Event()

    def read() -> int:
        repository, state, last, sessions = publisher.repository_on(publisher.bucket), None, 0, 0
        while not stop.is_set():
            session = TrustSession(root=publisher.root, now=publisher.clock.now, channel="stable", previous=state)
            verify(session, lambda request: fetch_from(repository, request))
            state = session.state
            assert session.resolve().channel_version >= last
            last, sessions = session.resolve().channel_version, sessions + 1
        return sessions

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        try:
            for number in range(12):
                publisher.move("stable", publisher.releases.add(f"move-{number}"))
        finally:
            stop.set()
        assert all(reader.result() > 0 for reader in readers)


def test_processes_that_are_killed_while_they_publish(publisher: Publisher, tmp_path: Path) -> None:
    """kill -9 at random moments: what a process reported is there, and the channel goes on."""
    seeds = {"stable": publisher.channel_signers["stable"].private_bytes.decode()}
    settings = {
        "bucket": str(tmp_path / "bucket"),
        "online_keys": str(tmp_path / "online.json"),
        "root": publisher.root.decode(),
        "key": seeds["stable"],
        "now": publisher.clock.now.timestamp(),
    }
    acknowledged: list[tuple[int, str]] = []
    chance = random.Random(7)
    for number in range(4):
        workers = [
            subprocess.Popen(
                [sys.executable, str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=WORKER.parents[2],
                env={**os.environ, "PYTHONPATH": str(WORKER.parents[2])},
            )
            for _ in range(3)
        ]
        for index, worker in enumerate(workers):
            assert worker.stdin is not None
            worker.stdin.write(json.dumps({**settings, "name": f"r{number}-p{index}"}))
            worker.stdin.close()
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        time.sleep(0.1 + chance.random() * 0.3)
        for worker in workers:
            worker.send_signal(signal.SIGKILL)
        for worker in workers:
            assert worker.stdout is not None
            for line in worker.stdout:
                if line.endswith("\n"):
                    version, release = line.split()
                    acknowledged.append((int(version), release))
            worker.stdout.close()
            assert worker.wait() == -signal.SIGKILL
        publisher.move("stable", publisher.releases.add(f"after-{number}"))
    history = dict(history_of(publisher, "stable"))
    assert list(history) == list(range(1, len(history) + 1))
    assert acknowledged
    assert all(history[version] == release for version, release in acknowledged)
