"""fetch_release and its parts against the real daemon in its own process."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from artifactd.client import (
    ArtifactCache,
    BlobClient,
    ChannelClient,
    Connection,
    Endpoint,
    Publisher,
    ReleaseClient,
    StateStore,
    fetch_release,
)
from artifactd.client.keys import KeyDirectory
from artifactd.client.resolve import read_history
from artifactd.client.retry import RetryPolicy
from artifactd.client.sources import BlobRef, FileSource
from schemas.digest import Digest
from schemas.errors import (
    BlobNotFoundError,
    ChannelNotFoundError,
    ConfigError,
    ExpiredMetadataError,
    FormatError,
    IntegrityError,
    MissingArtifactError,
    PinMismatchError,
    PlatformError,
    ReleaseExistsError,
    ReleaseNotFoundError,
    RollbackError,
    ServiceUnavailableError,
    SignatureError,
    StorageError,
)
from schemas.release import Role
from tests.support.daemon import Daemon, running_daemon
from tests.support.publishing import QUICK, NetworkPublisher
from tests.support.raw_client import SECONDS, RawClient
from tests.support.synthetic_release import synthetic_bytes, write_release

PACKED = b"files of a package " * 40_000
PATIENT = RetryPolicy(attempts=30)  # a loaded machine takes longer to start the service again


class Setup:
    """A daemon with one published release, and a user who shares only the address and the root with the publisher."""

    def __init__(self, daemon: Daemon, directory: Path) -> None:
        self.daemon = daemon
        self.directory = directory
        self.network = NetworkPublisher.start(daemon.address, directory)
        self.release = write_release(directory / "release", compressed=PACKED)
        self.record = self.network.publish(self.release)
        self.cache = ArtifactCache(directory / "cache")
        self.state = StateStore(directory / "user-state")

    def fetch(self, **options: Any) -> dict[Role, bytes]:
        arguments: dict[str, Any] = {
            "root": self.network.root,
            "channel": "stable",
            "cache": self.cache,
            "state": self.state,
            "retry": QUICK,
        }
        with fetch_release(self.daemon.address, **(arguments | options)) as release:
            assert release.manifest_digest == Digest.of(release.manifest_bytes)
            return {role: path.read_bytes() for role, path in release.paths.items()}

    def stored(self, digest: Digest) -> Path:
        """The file in which the daemon's store keeps a blob."""
        (path,) = (path for path in self.daemon.store.rglob(f"*{digest.hex[8:]}*") if path.is_file())
        return path


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    with running_daemon(tmp_path / "daemon") as daemon:
        made = Setup(daemon, tmp_path)
        yield made
        made.network.connection.close()


def expected(setup: Setup) -> dict[Role, bytes]:
    files = {
        artifact.role: (setup.release.path / "artifacts" / artifact.digest.hex).read_bytes()
        for artifact in setup.release.manifest.artifacts
    }
    return files | {Role.PACKAGES: PACKED}


def test_a_release_is_fetched_by_channel_by_pin_and_without_the_service(setup: Setup) -> None:
    pin = str(setup.release.pin)
    assert setup.fetch() == expected(setup)
    assert setup.fetch(channel=None, root=None, pin=pin, cache=ArtifactCache(setup.directory / "other")) == expected(
        setup
    )
    assert setup.fetch(roles={Role.SNAPSHOT}).keys() == {Role.SNAPSHOT}
    setup.daemon.kill()
    assert setup.fetch(channel=None, root=None, pin=pin) == expected(setup), "wholly cached: no service needed"
    assert setup.fetch(offline=True) == expected(setup)
    with pytest.raises(ServiceUnavailableError):
        setup.fetch()
    later = lambda: datetime.now(UTC) + timedelta(days=3650)  # noqa: E731
    with pytest.raises(ExpiredMetadataError):
        setup.fetch(offline=True, clock=later)
    with pytest.raises(ServiceUnavailableError):
        setup.fetch(offline=True, state=StateStore(setup.directory / "never-online"))


@pytest.mark.parametrize(
    ("options", "error", "reason"),
    [
        ({"channel": "unknown"}, ChannelNotFoundError, "no such channel"),
        ({"channel": "Not A Name"}, FormatError, "not a channel name"),
        ({"channel": None}, ConfigError, "neither channel nor pin"),
        ({"pin": "a@sha256:" + "0" * 64}, ConfigError, "channel and pin"),
        ({"root": None}, ConfigError, "no root"),
        ({"root": b"{}"}, FormatError, "not root metadata"),
        ({"root": Path("/nowhere/root.json")}, ConfigError, "no such file"),
        ({"channel": None, "pin": "synthetic-1"}, FormatError, "a pin without a digest"),
        ({"channel": None, "pin": "synthetic-1@sha256:" + "0" * 64}, PinMismatchError, "another manifest"),
        ({"channel": None, "pin": "unknown@sha256:" + "0" * 64}, ReleaseNotFoundError, "no such release"),
        ({"cache": 1000}, StorageError, "a cache that is too small for the release"),
        ({"clock": 3650}, ExpiredMetadataError, "metadata is past its expiry"),
    ],
)
def test_what_cannot_be_fetched_is_a_clear_error_and_caches_nothing(
    setup: Setup, options: dict[str, object], error: type[PlatformError], reason: str
) -> None:
    cache = setup.cache
    if "cache" in options:
        options = {**options, "cache": ArtifactCache(setup.directory / "cache", max_bytes=1000)}
    if "clock" in options:
        options = {**options, "clock": lambda: datetime.now(UTC) + timedelta(days=3650)}
    with pytest.raises(error) as raised:
        setup.fetch(**options)
    assert raised.value.message, reason
    artifacts = {artifact.digest for artifact in setup.release.manifest.artifacts}
    assert not artifacts & {entry.digest for entry in cache.entries()}, reason


def test_a_flipped_byte_in_the_store_is_refused(setup: Setup) -> None:
    snapshot = setup.release.manifest.artifact(Role.SNAPSHOT)
    path = setup.stored(snapshot.digest)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
    with pytest.raises(IntegrityError):
        setup.fetch()
    assert setup.cache.find(snapshot.digest) is None


def test_corrupt_cache_files_are_fetched_again(setup: Setup) -> None:
    setup.fetch()
    for entry in setup.cache.entries():
        with setup.cache.find(entry.digest) or pytest.fail("gone") as blob:
            blob.path.chmod(0o644)
            blob.path.write_bytes(bytes(entry.size))
    assert setup.fetch() == expected(setup)


def test_replayed_metadata_is_refused(setup: Setup) -> None:
    setup.network.connection.close()
    setup.daemon.terminate()
    old_store = setup.directory / "old-store"
    shutil.copytree(setup.daemon.store, old_store)
    setup.daemon.start()
    network = NetworkPublisher(
        connection=Connection(setup.daemon.address), publisher=setup.network.publisher, root=setup.network.root
    )
    publisher = setup.network.publisher
    publisher._channels = ChannelClient(network.connection)
    network.publish(write_release(setup.directory / "newer", release_id="synthetic-2", seed=50))
    setup.fetch()
    network.connection.close()
    setup.daemon.terminate()
    shutil.rmtree(setup.daemon.store)
    shutil.copytree(old_store, setup.daemon.store)
    setup.daemon.start()
    with pytest.raises(RollbackError):
        setup.fetch()


class Restart:
    """A progress callback that kills the daemon half-way, and starts it again."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._thread = threading.Thread(target=daemon.start)
        self._killed = threading.Lock()

    def __call__(self, ref: BlobRef, done: int) -> None:
        if done >= ref.size // 2 and self._killed.acquire(blocking=False):
            self._daemon.kill()
            self._thread.start()

    def wait(self) -> None:
        """Until the daemon is there again; fails if it was never killed."""
        assert self._killed.locked(), "the transfer was not interrupted"
        self._thread.join(timeout=60)


def test_a_download_survives_a_restart_of_the_service(setup: Setup) -> None:
    data = synthetic_bytes(24 << 20)
    restart = Restart(setup.daemon)
    with Connection(setup.daemon.address, retry=PATIENT) as connection:
        client = BlobClient(connection)
        ref = client.upload(data)
        with client.download(ref, setup.cache, progress=restart) as blob:
            assert blob.read_bytes() == data
    restart.wait()


def test_an_upload_survives_a_restart_of_the_service(setup: Setup, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(synthetic_bytes(24 << 20, seed=1))
    source = FileSource(path)
    restart = Restart(setup.daemon)
    with Connection(setup.daemon.address, retry=PATIENT) as connection:
        client = BlobClient(connection)
        client.upload_all([source], progress=restart)
        assert client.find_missing([source.ref]) == []
    restart.wait()


def test_releases_are_write_once_and_complete(setup: Setup) -> None:
    with Connection(setup.daemon.address) as connection:
        releases = ReleaseClient(connection)
        assert not releases.put(setup.release.manifest_bytes).created
        assert releases.get(setup.record.digest) == releases.get("synthetic-1") == setup.record
        other = write_release(setup.directory / "other", seed=9)
        with pytest.raises(ReleaseExistsError):
            releases.put(other.manifest_bytes)
        lacking = write_release(setup.directory / "lacking", release_id="synthetic-2", seed=9)
        with pytest.raises(MissingArtifactError, match=lacking.manifest.artifacts[0].digest.hex):
            releases.put(lacking.manifest_bytes)
        with pytest.raises(FormatError):
            releases.put(b"not a manifest")
        assert [summary.digest for summary in releases.list()] == [setup.record.digest]
        with pytest.raises(ReleaseNotFoundError):
            releases.get("unknown")
        with pytest.raises(BlobNotFoundError):
            list(BlobClient(connection).stream(BlobRef(digest=Digest.of(b"?"), size=1)))


def test_the_history_of_a_channel(setup: Setup) -> None:
    second = setup.network.publish(write_release(setup.directory / "second", release_id="synthetic-2", seed=5))
    setup.network.publisher.move_channel(setup.network.root, "stable", setup.record)
    entries = read_history(
        ChannelClient(setup.network.connection), root=setup.network.root, channel="stable", store=setup.state
    )
    assert [(entry.version, entry.release_digest) for entry in entries] == [
        (3, setup.record.digest),
        (2, second.digest),
        (1, setup.record.digest),
    ]


def test_another_publisher_cannot_take_over(setup: Setup) -> None:
    keys = KeyDirectory(setup.directory / "stranger")
    stranger = Publisher(ChannelClient(setup.network.connection), keys, store=setup.state)
    stranger.create_keys()
    root = stranger.sign_root()
    with pytest.raises(ConfigError, match="another root"):
        stranger.initialise(root)
    with pytest.raises(ConfigError, match="another root"):
        stranger.find_root()
    assert setup.network.publisher.find_root() == setup.network.root


def test_the_root_of_another_publisher_is_not_enough(setup: Setup, tmp_path: Path) -> None:
    with running_daemon(tmp_path / "elsewhere") as elsewhere:
        other = NetworkPublisher.start(elsewhere.address, tmp_path / "elsewhere-publisher")
        other.connection.close()
        with pytest.raises(SignatureError):
            setup.fetch(root=other.root)


def test_a_busy_service_is_asked_again(tmp_path: Path) -> None:
    with (
        running_daemon(tmp_path, arguments=("--limits-max-workers", "2")) as daemon,
        grpc.insecure_channel(daemon.address) as channel,
        Connection(Endpoint(address=daemon.address, timeout=0.5), retry=QUICK) as impatient,
        Connection(daemon.address) as patient,
    ):
        client = RawClient(channel)
        ended = threading.Event()

        def silent() -> Iterator[Any]:
            ended.wait(SECONDS)
            yield from ()

        calls = [client.bytestream.Write.future(silent(), timeout=SECONDS) for _ in range(2 + 2 * 4)]
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                BlobClient(impatient).find_missing([BlobRef(digest=Digest.of(b"1"), size=1)])
            except ServiceUnavailableError as error:
                if "busy" in str(error):
                    break
            assert time.monotonic() < deadline, "the daemon took more calls than it has room for"
        freeing = threading.Timer(0.5, ended.set)
        freeing.start()
        assert BlobClient(patient).upload(b"meanwhile").size == 9
        for call in calls:
            call.cancel()
