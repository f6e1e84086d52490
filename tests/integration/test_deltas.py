"""Releases with compressed forms and deltas, fetched from the real daemon by the cheapest way that works."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from artifactd.cli.__main__ import main
from artifactd.client import ArtifactCache, BlobClient, Connection, ReleaseClient, ReleaseDirectory, fetch_release
from artifactd.client import transfer as transfer_module
from artifactd.client.fetch import FetchedRelease
from artifactd.client.retry import RetryPolicy
from artifactd.client.transfer import Transfer, Way, summary
from schemas.compression import compress
from schemas.digest import Digest
from schemas.errors import (
    BlobNotFoundError,
    DigestMismatchError,
    FormatError,
    IntegrityError,
    MissingArtifactError,
    MissingToolError,
    PlatformError,
    SizeMismatchError,
)
from schemas.release import Artifact, DeltaBase, Role, Variant
from tests.support.daemon import Daemon, running_daemon
from tests.support.variants import (
    SIZE,
    base_bytes,
    changed,
    delta_of,
    frame_of,
    snapshot_of,
    write_variants,
)

PATIENT = RetryPolicy(attempts=30)
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running_daemon(tmp_path_factory.mktemp("daemon")) as running:
        yield running


class Case:
    """A base that a node may have, and a release whose snapshot differs from it a little."""

    def __init__(self, daemon: Daemon, directory: Path) -> None:
        self.daemon = daemon
        self.directory = directory
        self.number = next(_numbers)
        self.base = base_bytes(self.number)
        self.content = changed(self.base, 1000 + self.number)
        self.cache = ArtifactCache(directory / "cache")

    def release(self, *variants: tuple[Variant, bytes]) -> ReleaseDirectory:
        return write_variants(self.directory / "release", f"deltas-{self.number}", self.content, variants)

    def usual(self) -> ReleaseDirectory:
        return self.release(frame_of(self.content), delta_of(self.content, self.base))

    def publish(self, release: ReleaseDirectory) -> ReleaseDirectory:
        with Connection(self.daemon.address) as connection:
            release.publish(BlobClient(connection), ReleaseClient(connection))
        return release

    def keep(self, data: bytes) -> None:
        self.cache.get(Digest.of(data), size=len(data), fetch=lambda: [data]).close()

    def open(self, release: ReleaseDirectory, **options: Any) -> FetchedRelease:
        arguments: dict[str, Any] = {"pin": release.pin, "cache": self.cache, "retry": PATIENT}
        return fetch_release(self.daemon.address, **(arguments | options))

    def fetch(self, release: ReleaseDirectory, **options: Any) -> Transfer:
        with self.open(release, **options) as fetched:
            assert fetched.paths[Role.SNAPSHOT].read_bytes() == self.content
            (transfer,) = fetched.transfers
            return transfer

    def stored(self, digest: Digest) -> Path:
        (path,) = (path for path in self.daemon.store.rglob(f"*{digest.hex[8:]}*") if path.is_file())
        return path

    def damage(self, digest: Digest) -> None:
        path = self.stored(digest)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 0xFF
        path.chmod(0o644)
        path.write_bytes(data)


@pytest.fixture
def case(daemon: Daemon, tmp_path: Path) -> Case:
    return Case(daemon, tmp_path)


def test_the_cheapest_way_is_taken(case: Case) -> None:
    release = case.publish(case.usual())
    frame, delta = snapshot_of(release).variants
    assert delta.size < SIZE // 20 < frame.size < SIZE
    without_base = case.fetch(release, cache=ArtifactCache(case.directory / "empty"))
    assert (without_base.way, without_base.received) == (Way.ZSTD, frame.size)
    case.keep(case.base)
    with_base = case.fetch(release)
    assert (with_base.way, with_base.received, with_base.base) == (Way.DELTA, delta.size, Digest.of(case.base))
    assert with_base.saved == SIZE - delta.size
    assert case.fetch(release).way is Way.CACHED


def test_only_content_and_base_stay_in_the_cache(case: Case) -> None:
    release = case.publish(case.usual())
    case.keep(case.base)
    case.fetch(release)
    kept = {entry.digest for entry in case.cache.entries()}
    assert kept == {release.pin.digest, Digest.of(case.base), Digest.of(case.content)}


def test_progress_ends_at_the_size_of_the_artifact(case: Case) -> None:
    release = case.publish(case.usual())
    seen: list[int] = []
    case.fetch(release, progress=lambda _, done: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1] == SIZE


def remove_delta(case: Case, release: ReleaseDirectory) -> None:
    case.stored(snapshot_of(release).variants[1].digest).unlink()


def damage_delta(case: Case, release: ReleaseDirectory) -> None:
    case.damage(snapshot_of(release).variants[1].digest)


def empty_delta(case: Case, release: ReleaseDirectory) -> None:
    path = case.stored(snapshot_of(release).variants[1].digest)
    path.chmod(0o644)
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("harm", "error", "reason"),
    [
        (remove_delta, BlobNotFoundError, "the service lost the delta"),
        (damage_delta, (DigestMismatchError, FormatError), "the delta has a flipped byte"),
        (empty_delta, PlatformError, "the delta is cut off"),
    ],
)
def test_a_delta_that_the_store_lost_or_damaged_is_left_out(
    case: Case,
    harm: Callable[[Case, ReleaseDirectory], None],
    error: type[PlatformError] | tuple[type[PlatformError], ...],
    reason: str,
) -> None:
    release = case.publish(case.usual())
    case.keep(case.base)
    harm(case, release)
    found = case.fetch(release)
    assert found.way is Way.ZSTD, reason
    assert [isinstance(failure, error) for failure in found.failures] == [True], reason
    assert found.received == sum(variant.size for variant in snapshot_of(release).variants)
    assert "1 failed" in summary([found])


def lying_delta(case: Case) -> tuple[Variant, bytes]:
    return delta_of(case.content, case.base, claimed=other_base(case))


def other_base(case: Case) -> bytes:
    return base_bytes(7000 + case.number)


def delta_to_other_content(case: Case) -> tuple[Variant, bytes]:
    return delta_of(changed(case.base, 99), case.base)


def bomb(case: Case) -> tuple[Variant, bytes]:
    data = compress(bytes(50 * SIZE), base=case.base)
    return Variant(digest=Digest.of(data), size=len(data), base=DeltaBase(digest=Digest.of(case.base), size=SIZE)), data


def no_frame(case: Case) -> tuple[Variant, bytes]:
    data = b"not a zstd frame"
    return Variant(digest=Digest.of(data), size=len(data), base=DeltaBase(digest=Digest.of(case.base), size=SIZE)), data


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (lying_delta, IntegrityError | FormatError),
        (delta_to_other_content, DigestMismatchError),
        (bomb, SizeMismatchError),
        (no_frame, FormatError),
    ],
)
def test_a_wrong_delta_of_the_publisher_never_gets_into_the_cache(
    case: Case, wrong: Callable[[Case], tuple[Variant, bytes]], error: type[PlatformError]
) -> None:
    release = case.publish(case.release(frame_of(case.content), wrong(case)))
    bases = [case.base, other_base(case)]
    for base in bases:
        case.keep(base)
    found = case.fetch(release)
    assert found.way is Way.ZSTD
    assert [isinstance(failure, error) for failure in found.failures] == [True]
    kept = {entry.digest for entry in case.cache.entries()}
    assert kept == {release.pin.digest, Digest.of(case.content), *map(Digest.of, bases)}


def test_a_corrupt_base_is_removed_and_not_used(case: Case) -> None:
    release = case.publish(case.usual())
    case.keep(case.base)
    with case.cache.find(Digest.of(case.base)) or pytest.fail("gone") as blob:
        blob.path.chmod(0o644)
        blob.path.write_bytes(bytes(SIZE))
    assert case.fetch(release).way is Way.ZSTD
    assert case.cache.find(Digest.of(case.base)) is None


def test_a_base_of_another_size_than_the_manifest_says_is_not_used(case: Case) -> None:
    variant, data = delta_of(case.content, case.base)
    lying = replace(variant, base=DeltaBase(digest=Digest.of(case.base), size=SIZE + 1))
    release = case.publish(case.release((lying, data)))
    case.keep(case.base)
    assert case.fetch(release).way is Way.PLAIN
    assert case.cache.find(Digest.of(case.base)) is not None, "a wrong manifest removes nothing"


def test_no_way_left_names_all_of_them_and_keeps_nothing(case: Case) -> None:
    release = case.publish(case.usual())
    case.keep(case.base)
    artifact = snapshot_of(release)
    for digest in (artifact.digest, *(variant.digest for variant in artifact.variants)):
        case.damage(digest)
    with pytest.raises(IntegrityError) as raised:
        case.open(release)
    assert len(raised.value.__notes__) == 2
    assert case.cache.find(artifact.content_digest) is None


def test_without_zstd_the_artifact_itself_is_taken(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> Iterator[bytes]:
        raise MissingToolError("no zstd")

    monkeypatch.setattr(transfer_module, "decompress", missing)
    release = case.publish(case.usual())
    assert case.fetch(release).way is Way.PLAIN


def test_using_an_artifact_keeps_its_base(case: Case) -> None:
    release = case.publish(case.usual())
    case.keep(case.base)
    case.fetch(release)
    other = case.content[::-1]
    case.keep(other)
    case.fetch(release)  # from the cache: renews the base, too
    removed = case.cache.evict(max_bytes=2 * SIZE + 10_000)
    assert [entry.digest for entry in removed] == [Digest.of(other)]


def test_many_at_once_transfer_once(case: Case) -> None:
    release = case.publish(case.usual())
    case.keep(case.base)
    found: list[Transfer] = []
    threads = [threading.Thread(target=lambda: found.append(case.fetch(release))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item.way.value for item in found) == ["cached"] * 5 + ["delta"]


def test_a_delta_that_breaks_off_is_resumed(daemon: Daemon, tmp_path: Path) -> None:
    with running_daemon(tmp_path / "daemon") as mortal:
        case = Case(mortal, tmp_path)
        case.base = bytes(24 << 20)
        case.content = base_bytes(5) * 12  # a delta of a MiB or more, so that it comes in several messages
        case.content += base_bytes(6)[: SIZE // 2] + base_bytes(7)[: SIZE // 2] + base_bytes(8)[: SIZE // 2]
        release = case.publish(case.release(delta_of(case.content, case.base)))
        case.keep(case.base)
        restarted = threading.Thread(target=mortal.start)
        killed = threading.Lock()

        def kill(_: Artifact, done: int) -> None:
            if done and killed.acquire(blocking=False):
                mortal.kill()
                restarted.start()

        found = case.fetch(release, progress=kill)
        assert killed.locked()
        restarted.join(timeout=60)
        assert (found.way, found.failures) == (Way.DELTA, ())


def test_a_release_without_its_delta_cannot_be_published(case: Case) -> None:
    release = case.usual()
    delta = snapshot_of(release).variants[1]
    with Connection(case.daemon.address) as connection:
        blobs = BlobClient(connection)
        blobs.upload(case.content)
        blobs.upload(frame_of(case.content)[1])
        with pytest.raises(MissingArtifactError, match=delta.digest.hex):
            ReleaseClient(connection).put(release.manifest_bytes)


def test_verification_downloads_and_unpacks_every_variant(
    case: Case, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTIFACTD_ADDRESS", case.daemon.address)
    monkeypatch.setenv("ARTIFACTD_ROOT", str(case.directory / "no-root"))
    lying = lying_delta(case)
    release = case.publish(case.release(frame_of(case.content), delta_of(case.content, case.base), lying))

    def verify(exit_code: int) -> list[tuple[bool, bool]]:
        assert main(["release", "verify", str(release.pin), "--json", "--quiet"]) == exit_code
        value = json.loads(capsys.readouterr().out)
        assert value["ok"] is (exit_code == 0)
        return [(item["ok"], item["unpacked"]) for item in value["variants"]]

    assert verify(0) == [(True, True), (True, False), (True, False)], "the service has no base"
    with Connection(case.daemon.address) as connection:
        BlobClient(connection).upload(case.base)
        assert verify(0) == [(True, True), (True, True), (True, False)]
        BlobClient(connection).upload(other_base(case))
    assert [ok for ok, _ in verify(5)] == [True, True, False]


@pytest.mark.parametrize("frame_is_right", [True, False])
def test_a_pulled_release_can_be_published_elsewhere(
    case: Case, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, frame_is_right: bool
) -> None:
    monkeypatch.setenv("ARTIFACTD_ADDRESS", case.daemon.address)
    frame = frame_of(case.content if frame_is_right else case.base)
    release = case.publish(case.release(frame, delta_of(case.content, case.base)))
    if frame_is_right:
        case.stored(snapshot_of(release).digest).unlink()  # it is made from its frame
    target = case.directory / "pulled"
    assert main(["pull", str(release.pin), "-o", str(target), "--json", "--quiet"]) == 0
    assert {ref.ref.digest for ref in ReleaseDirectory.open(target).sources()} == set(release.manifest.blobs())
    assert json.loads(capsys.readouterr().out)["release_id"] == release.manifest.release_id
