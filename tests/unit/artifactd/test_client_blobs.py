"""Uploads and downloads against a peer that breaks off, forgets, lies or changes its mind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from artifactd.client.blobs import BlobClient
from artifactd.client.cache import ArtifactCache
from artifactd.client.connection import Connection
from artifactd.client.retry import RetryPolicy
from artifactd.client.save import save_blob
from artifactd.client.sources import BlobRef, BytesSource, FileSource
from schemas.digest import Digest
from schemas.errors import (
    BlobNotFoundError,
    ConfigError,
    DigestMismatchError,
    FormatError,
    PlatformError,
    ServiceUnavailableError,
    SizeMismatchError,
    StorageError,
)
from tests.support.fake_artifactd import CHUNK, FakeArtifactd
from tests.support.synthetic_release import synthetic_bytes

LARGE = synthetic_bytes(3 * CHUNK + 12345)
LARGE_REF = BlobRef(digest=Digest.of(LARGE), size=len(LARGE))


@pytest.fixture
def service() -> Iterator[FakeArtifactd]:
    with FakeArtifactd() as fake:
        yield fake


@pytest.fixture
def client(service: FakeArtifactd) -> Iterator[BlobClient]:
    with Connection(service.address, retry=RetryPolicy(attempts=3, pause=0.001)) as connection:
        yield BlobClient(connection)


@pytest.fixture
def cache(tmp_path: Path) -> ArtifactCache:
    return ArtifactCache(tmp_path / "cache")


def calls(service: FakeArtifactd, kind: str) -> list[int]:
    return [detail for name, detail in service.store.calls if name == kind]


@pytest.mark.parametrize("data", [b"", b"x", LARGE], ids=["empty", "small", "large"])
def test_what_is_uploaded_comes_back(
    service: FakeArtifactd, client: BlobClient, cache: ArtifactCache, tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    ref = client.upload(path)
    assert ref == BlobRef(digest=Digest.of(data), size=len(data))
    with client.download(ref, cache) as blob:
        assert blob.read_bytes() == data


def test_what_the_service_has_is_not_sent_again(service: FakeArtifactd, client: BlobClient) -> None:
    service.put(LARGE)
    done: list[int] = []
    client.upload(LARGE, progress=lambda ref, count: done.append(count))
    assert service.store.calls == []
    assert done == [len(LARGE)]


def test_small_blobs_share_a_message(service: FakeArtifactd, client: BlobClient) -> None:
    sources = [BytesSource(bytes([index]) * 1000) for index in range(50)]
    sent = client.upload_all([*sources, BytesSource(LARGE)])
    assert calls(service, "batch") == [50]
    assert calls(service, "write") == [0]
    assert len(sent) == 51
    assert client.find_missing([source.ref for source in sources]) == []


def test_batches_stay_below_the_message_limit(service: FakeArtifactd, client: BlobClient) -> None:
    client.upload_all([BytesSource(bytes([index]) * 200_000) for index in range(30)])
    assert sum(calls(service, "batch")) == 30
    assert max(calls(service, "batch")) <= 10


def test_a_broken_upload_goes_on_where_the_service_stopped(service: FakeArtifactd, client: BlobClient) -> None:
    service.faults.writes_cut, service.faults.cut_after = 1, 2 * CHUNK
    client.upload(LARGE)
    assert calls(service, "write") == [0, 2 * CHUNK]
    assert service.store.blobs[LARGE_REF.digest.hex] == LARGE


def test_a_service_that_forgot_the_upload_gets_all_of_it(service: FakeArtifactd, client: BlobClient) -> None:
    service.faults.writes_cut, service.faults.cut_after, service.faults.forget_partial = 1, CHUNK, True
    client.upload(LARGE)
    assert calls(service, "write") == [0, 0]
    assert service.store.blobs[LARGE_REF.digest.hex] == LARGE


def test_uploads_give_up_after_some_attempts_without_progress(service: FakeArtifactd, client: BlobClient) -> None:
    service.faults.writes_cut, service.faults.forget_partial = 100, True
    with pytest.raises(ServiceUnavailableError):
        client.upload(LARGE)
    assert len(calls(service, "write")) == 3
    assert LARGE_REF.digest.hex not in service.store.blobs


def test_a_file_that_is_cut_off_during_the_upload_is_an_error(
    service: FakeArtifactd, client: BlobClient, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    source = FileSource(path)
    path.write_bytes(LARGE[:CHUNK])
    with pytest.raises(SizeMismatchError, match="cut off"):
        client.upload_all([source])
    assert service.store.blobs == {}


def test_a_file_that_changes_during_the_upload_is_refused_by_the_service(
    service: FakeArtifactd, client: BlobClient, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    source = FileSource(path)
    path.write_bytes(LARGE[::-1])
    with pytest.raises(DigestMismatchError):
        client.upload_all([source])
    assert service.store.blobs == {}


def test_a_file_that_cannot_be_read_is_named(client: BlobClient, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing"):
        client.upload(tmp_path / "missing")


def test_a_broken_download_goes_on_where_it_stopped(
    service: FakeArtifactd, client: BlobClient, cache: ArtifactCache
) -> None:
    service.put(LARGE)
    service.faults.reads_cut, service.faults.cut_after = 5, CHUNK // 2
    with client.download(LARGE_REF, cache) as blob:
        assert blob.read_bytes() == LARGE
    assert calls(service, "read") == [index * CHUNK // 2 for index in range(6)]


def test_downloads_give_up_after_some_attempts_without_progress(
    service: FakeArtifactd, client: BlobClient, cache: ArtifactCache
) -> None:
    service.put(LARGE)
    service.faults.reads_cut = 100
    with pytest.raises(ServiceUnavailableError):
        client.download(LARGE_REF, cache)
    assert len(calls(service, "read")) == 3
    assert cache.entries() == []


@pytest.mark.parametrize(
    ("fault", "value", "error", "reason"),
    [
        ("flip_reads", True, DigestMismatchError, "one byte is wrong"),
        ("reads_end_early", 1, SizeMismatchError, "the stream ends early without an error"),
        ("extra_bytes", b"x", SizeMismatchError, "one byte too many"),
        ("raw_response", b"\x52\x05abc", FormatError, "not a ReadResponse"),
        ("raw_response", b"\xff\xff", FormatError, "no protobuf at all"),
    ],
)
def test_wrong_bytes_are_refused_and_not_stored(
    service: FakeArtifactd,
    client: BlobClient,
    cache: ArtifactCache,
    tmp_path: Path,
    fault: str,
    value: object,
    error: type[PlatformError],
    reason: str,
) -> None:
    service.put(LARGE)
    setattr(service.faults, fault, value)
    with pytest.raises(error):
        client.download(LARGE_REF, cache)
    assert cache.entries() == [], reason
    if fault == "reads_end_early":
        service.faults.reads_end_early = 1
    with pytest.raises(error):
        save_blob(tmp_path / "out", client.stream(LARGE_REF), LARGE_REF)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache"], reason


def test_an_unknown_digest_is_not_found(client: BlobClient, cache: ArtifactCache) -> None:
    with pytest.raises(BlobNotFoundError):
        client.download(LARGE_REF, cache)
    assert cache.entries() == []


def test_a_corrupt_cache_file_is_downloaded_again(
    service: FakeArtifactd, client: BlobClient, cache: ArtifactCache
) -> None:
    service.put(LARGE)
    with client.download(LARGE_REF, cache) as blob:
        blob.path.chmod(0o644)
        blob.path.write_bytes(LARGE[::-1])
    with client.download(LARGE_REF, cache, verify=True) as blob:
        assert blob.read_bytes() == LARGE
    assert calls(service, "read") == [0, 0]


def test_progress_only_grows_and_ends_at_the_size(
    service: FakeArtifactd, client: BlobClient, cache: ArtifactCache
) -> None:
    seen: list[int] = []
    client.upload(LARGE, progress=lambda ref, done: seen.append(done))
    assert seen == sorted(seen)
    assert seen[-1] == len(LARGE)
    seen.clear()
    client.download(LARGE_REF, cache, progress=lambda ref, done: seen.append(done)).close()
    assert seen == sorted(seen)
    assert seen[-1] == len(LARGE)


def test_a_file_is_replaced_only_by_a_whole_one(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"before")
    with pytest.raises(SizeMismatchError):
        save_blob(path, [LARGE[:10]], LARGE_REF)
    assert path.read_bytes() == b"before"
    save_blob(path, [LARGE], LARGE_REF)
    assert path.read_bytes() == LARGE
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="nowhere"):
        save_blob(tmp_path / "nowhere" / "out", [LARGE], LARGE_REF)
