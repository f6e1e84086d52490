"""What only the file store promises: byte order for any keys, layout, sweeping, full disks."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from artifactd.storage.file import FileBucket, sweep_abandoned, try_lock
from schemas.digest import Digest
from schemas.errors import StorageError, StorageFullError

KEYS = ["a", "a-b", "a.b", "a/b", "a/b/c", "a0", "b/1", "b/10", "b/2", "c"]


@pytest.fixture
def bucket(tmp_path: Path) -> FileBucket:
    return FileBucket(tmp_path / "store")


def put(bucket: FileBucket, key: str, data: bytes) -> bool:
    return bucket.put_if_absent(key, data, size=len(data))


def test_keys_may_be_directories_of_each_other(bucket: FileBucket) -> None:
    for key in reversed(KEYS):
        assert put(bucket, key, key.encode())
    assert [info.key for info in bucket.list("")] == sorted(KEYS)
    for key in KEYS:
        stored = bucket.get(key, limit=100)
        assert stored is not None
        assert stored.data == key.encode()


@pytest.mark.parametrize("prefix", ["", "a", "a/", "a/b", "b/1", "b/", "c", "d", "a-"])
@pytest.mark.parametrize("start_after", [None, "a", "a/b", "a/b/c", "b/1", "zzz", "a/a"])
def test_lists_by_prefix_and_start(bucket: FileBucket, prefix: str, start_after: str | None) -> None:
    for key in KEYS:
        put(bucket, key, b"x")
    expected = [key for key in KEYS if key.startswith(prefix) and (start_after is None or key > start_after)]
    assert [info.key for info in bucket.list(prefix, start_after=start_after)] == expected


def test_every_object_lies_below_the_root(bucket: FileBucket) -> None:
    put(bucket, "blobs/x", b"1")
    path = bucket.path_of("blobs/x")
    assert path == bucket.root / "objects" / "blobs" / "@x"
    assert path.read_bytes() == b"1"


def test_only_abandoned_temporary_files_are_swept(bucket: FileBucket) -> None:
    old, young, locked = (bucket.root / "tmp" / name for name in ("old", "young", "locked"))
    for path in (old, young, locked):
        path.write_bytes(b"half")
    hour_ago = time.time() - 3600
    os.utime(old, (hour_ago, hour_ago))
    os.utime(locked, (hour_ago, hour_ago))
    with locked.open("rb") as stream:
        assert try_lock(stream.fileno())
        FileBucket(bucket.root)
        assert not old.exists()
        assert young.exists()
        assert locked.exists()
    assert sweep_abandoned(bucket.root / "tmp", age_seconds=60) == 1


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_and_nothing_is_stored(
    bucket: FileBucket, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("artifactd.storage.file.os.fsync", full)
    with pytest.raises(StorageFullError, match="free space"):
        put(bucket, "key", b"data")
    with pytest.raises(StorageFullError, match="free space"):
        bucket.compare_and_swap("counter", b"1", expected_etag=None)
    monkeypatch.undo()
    assert bucket.head("key") is None
    assert bucket.head("counter") is None
    assert list((bucket.root / "tmp").iterdir()) == []


def test_a_failed_swap_keeps_the_old_object(bucket: FileBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    etag = bucket.compare_and_swap("counter", b"1", expected_etag=None)

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("artifactd.storage.file.os.fsync", broken)
    with pytest.raises(StorageError, match="Input/output error"):
        bucket.compare_and_swap("counter", b"2", expected_etag=etag)
    monkeypatch.undo()
    stored = bucket.get("counter", limit=10)
    assert stored is not None
    assert (stored.data, stored.etag) == (b"1", etag)


def test_an_object_that_shrinks_while_it_is_read_is_an_error(bucket: FileBucket) -> None:
    put(bucket, "key", bytes(3 << 20))
    found = bucket.open_range("key")
    assert found is not None
    next(found.chunks)
    os.truncate(bucket.path_of("key"), 1 << 20)
    with pytest.raises(StorageError, match="shorter"):
        next(found.chunks)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match=r"file/store.*Not a directory.*choose a directory"):
        FileBucket(tmp_path / "file" / "store")


def test_errors_shown_to_clients_name_no_path(bucket: FileBucket, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bucket, "key", b"1")
    path = bucket.path_of("key")
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError) as caught:
        bucket.get("key", limit=10)
    assert str(bucket.root) not in str(caught.value)
    assert str(bucket.root) in str(caught.value.__cause__)


def test_a_linked_file_keeps_its_bytes_when_the_source_is_unlinked(bucket: FileBucket, tmp_path: Path) -> None:
    from artifactd.storage.bucket import VerifiedFile

    source = tmp_path / "source"
    source.write_bytes(b"data")
    assert bucket.put_if_absent("key", VerifiedFile(path=source), size=4, sha256=Digest.of(b"data"))
    assert source.stat().st_ino == bucket.path_of("key").stat().st_ino
    source.unlink()
    assert bucket.path_of("key").read_bytes() == b"data"


def test_directories_are_flushed_also_when_another_process_made_them(
    bucket: FileBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its maker may not have come to flush them yet when this process reports success for an object in them."""
    (bucket.root / "objects" / "blobs" / "ab").mkdir(parents=True)
    flushed: list[Path] = []
    fsync = os.fsync

    def recorded(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr("artifactd.storage.file.os.fsync", recorded)
    put(bucket, "blobs/ab/one", b"1")
    objects = bucket.root.resolve() / "objects"
    # From the top to the name of the object, after its bytes.
    assert flushed[1:] == [objects, objects / "blobs", objects / "blobs" / "ab"]
    flushed.clear()
    put(bucket, "blobs/ab/two", b"2")
    assert flushed[1:] == [objects / "blobs" / "ab"], "only once in a process"
