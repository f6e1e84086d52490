"""The local cache: what it keeps, what it refuses, what it evicts."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from artifactd.client import cache as cache_module
from artifactd.client.cache import ArtifactCache, CachedBlob, default_directory, default_max_bytes
from schemas.digest import Digest
from schemas.errors import ConfigError, DigestMismatchError, IntegrityError, SizeMismatchError, StorageError

DATA = b"some bytes of an artifact"
DIGEST = Digest.of(DATA)


@pytest.fixture
def cache(tmp_path: Path) -> ArtifactCache:
    return ArtifactCache(tmp_path / "cache", max_bytes=1000)


def put(cache: ArtifactCache, data: bytes) -> CachedBlob:
    return cache.get(Digest.of(data), size=len(data), fetch=lambda: [data])


def files(cache: ArtifactCache) -> list[Path]:
    return [path for path in cache.directory.rglob("*") if path.is_file() and path.parent.name != "locks"]


def corrupt(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_blob_that_was_stored_is_found(cache: ArtifactCache) -> None:
    with put(cache, DATA) as stored:
        assert stored.read_bytes() == DATA
        assert stored.path.stat().st_mode & 0o777 == 0o444
    with cache.find(DIGEST, size=len(DATA), verify=True) or pytest.fail("not found") as found:
        assert found.path == stored.path
    assert [(entry.digest, entry.size) for entry in cache.entries()] == [(DIGEST, len(DATA))]


def test_what_is_here_is_not_fetched_again(cache: ArtifactCache) -> None:
    put(cache, DATA).close()
    with cache.get(DIGEST, size=len(DATA), fetch=lambda: pytest.fail("fetched again"), verify=True) as blob:
        assert blob.read_bytes() == DATA


def test_an_absent_blob_is_none(cache: ArtifactCache) -> None:
    assert cache.find(DIGEST) is None
    assert cache.entries() == []
    assert cache.evict(max_bytes=0) == []


@pytest.mark.parametrize(
    ("chunks", "error", "reason"),
    [
        ([b"other bytes of an artifact"[: len(DATA)]], DigestMismatchError, "other bytes"),
        ([DATA[:-1]], SizeMismatchError, "cut off"),
        ([DATA, b"x"], SizeMismatchError, "too long"),
        ([], SizeMismatchError, "nothing at all"),
    ],
)
def test_wrong_bytes_are_refused_and_leave_nothing(
    cache: ArtifactCache, chunks: list[bytes], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error):
        cache.get(DIGEST, size=len(DATA), fetch=lambda: chunks)
    assert files(cache) == [], reason


def test_a_source_that_fails_leaves_nothing(cache: ArtifactCache) -> None:
    def failing() -> Iterator[bytes]:
        yield DATA[:5]
        raise StorageError("broken off")

    with pytest.raises(StorageError, match="broken off"):
        cache.get(DIGEST, size=len(DATA), fetch=failing)
    assert files(cache) == []


@pytest.mark.parametrize(
    ("bytes_on_disk", "error", "reason"),
    [
        (b"Some bytes of an artifact", DigestMismatchError, "one flipped bit"),
        (DATA[:-1], SizeMismatchError, "cut off by a crash"),
        (b"", SizeMismatchError, "empty after a crash"),
    ],
)
def test_a_corrupt_file_is_named_removed_and_fetched_again(
    cache: ArtifactCache, bytes_on_disk: bytes, error: type[IntegrityError], reason: str
) -> None:
    with put(cache, DATA) as blob:
        path = blob.path
    corrupt(path, bytes_on_disk)
    with pytest.raises(error) as raised:
        cache.find(DIGEST, size=len(DATA), verify=True)
    assert "corrupt cache file" in str(raised.value), reason
    assert not path.exists()
    with put(cache, DATA) as again:
        assert again.read_bytes() == DATA


def test_getting_a_corrupt_blob_replaces_it(cache: ArtifactCache) -> None:
    with put(cache, DATA) as blob:
        corrupt(blob.path, DATA.upper())
    with cache.get(DIGEST, size=len(DATA), fetch=lambda: [DATA], verify=True) as healed:
        assert healed.read_bytes() == DATA


def test_the_size_alone_is_a_cheap_check(cache: ArtifactCache) -> None:
    with put(cache, DATA) as blob:
        corrupt(blob.path, DATA.upper())
    found = cache.find(DIGEST, size=len(DATA))
    assert found is not None, "without verify the bytes are not read"


def test_the_least_recently_used_go_first(cache: ArtifactCache) -> None:
    blobs = [bytes([index]) * 300 for index in range(3)]
    for age, data in zip((30, 20, 10), blobs, strict=True):
        with put(cache, data) as blob:
            os.utime(blob.path, (time.time() - age, time.time() - age))
    (cache.find(Digest.of(blobs[0])) or pytest.fail("gone")).close()  # used just now
    put(cache, b"\xff" * 300).close()
    assert {entry.digest for entry in cache.entries()} == {
        Digest.of(data) for data in (blobs[0], blobs[2], b"\xff" * 300)
    }


def test_a_leased_blob_is_not_evicted(cache: ArtifactCache) -> None:
    with put(cache, DATA) as blob:
        assert cache.evict(max_bytes=0) == []
        assert blob.is_current()
    assert [entry.digest for entry in cache.evict(max_bytes=0)] == [DIGEST]


def test_a_blob_larger_than_the_bound_stays_while_it_is_leased(cache: ArtifactCache) -> None:
    with put(cache, bytes(2000)) as blob:
        assert blob.path.exists()
    put(cache, DATA).close()
    assert [entry.digest for entry in cache.entries()] == [DIGEST]


def test_the_bound_holds_after_many_additions(cache: ArtifactCache) -> None:
    for index in range(20):
        put(cache, index.to_bytes(2) * 100).close()
    assert sum(entry.size for entry in cache.entries()) <= cache.max_bytes


def test_leftovers_of_a_crash_go_and_downloads_under_way_stay(cache: ArtifactCache) -> None:
    put(cache, DATA).close()
    old, fresh = cache.directory / "tmp" / "old", cache.directory / "tmp" / "fresh"
    old.write_bytes(b"half")
    fresh.write_bytes(b"half")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    cache.evict()
    assert not old.exists()
    assert fresh.exists()


@pytest.mark.parametrize(
    ("number", "words", "reason"),
    [
        (errno.ENOSPC, "free some disk space", "disk full"),
        (errno.EDQUOT, "free some disk space", "quota used up"),
        (errno.EIO, "check its permissions", "broken disk"),
    ],
)
def test_a_disk_that_refuses_is_a_clear_error_and_nothing_is_stored(
    cache: ArtifactCache, monkeypatch: pytest.MonkeyPatch, number: int, words: str, reason: str
) -> None:
    def refuse(descriptor: int, chunk: bytes) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(cache_module, "_write_all", refuse)
    with pytest.raises(StorageError) as raised:
        put(cache, DATA)
    assert words in str(raised.value), reason
    assert str(cache.directory) in str(raised.value)
    assert files(cache) == []


def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="ARTIFACTD_CACHE"):
        put(ArtifactCache(tmp_path / "file" / "cache"), DATA)


def test_files_with_other_names_are_left_alone(cache: ArtifactCache) -> None:
    put(cache, DATA).close()
    stranger = cache.directory / "blobs" / "ab" / "README"
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(bytes(5000))
    cache.evict(max_bytes=0)
    assert stranger.exists()
    assert cache.entries() == []


def test_a_symbolic_link_is_not_followed(cache: ArtifactCache, tmp_path: Path) -> None:
    with put(cache, DATA) as blob:
        path = blob.path
    target = tmp_path / "elsewhere"
    target.write_bytes(DATA)
    path.unlink()
    path.symlink_to(target)
    with pytest.raises(StorageError):
        cache.find(DIGEST, size=len(DATA))


def test_verifying_the_cache_removes_what_is_corrupt(cache: ArtifactCache) -> None:
    put(cache, DATA).close()
    with put(cache, b"other") as other:
        corrupt(other.path, b"othex")
    outcome = {entry.digest: error for entry, error in cache.verify()}
    assert outcome[DIGEST] is None
    assert isinstance(outcome[Digest.of(b"other")], DigestMismatchError)
    assert [entry.digest for entry in cache.entries()] == [DIGEST]


def test_closing_twice_is_harmless(cache: ArtifactCache) -> None:
    blob = put(cache, DATA)
    blob.close()
    blob.close()


def test_the_environment_chooses_directory_and_bound() -> None:
    assert default_directory({"ARTIFACTD_CACHE": "/somewhere"}) == Path("/somewhere")
    assert default_directory({}).name == "blobs"
    assert default_max_bytes({"ARTIFACTD_CACHE_BYTES": "12"}) == 12
    assert default_max_bytes({}) == 10 * 1024**3


@pytest.mark.parametrize(
    ("text", "reason"),
    [("0", "zero"), ("-1", "negative"), ("1e9", "no whole number"), ("10G", "a unit"), ("٣", "Arabic")],
)
def test_a_wrong_bound_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigError):
        default_max_bytes({"ARTIFACTD_CACHE_BYTES": text})
    assert reason
