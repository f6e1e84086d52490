"""Staged uploads: what is kept, what is dropped, what is bounded."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest

from artifactd import staging as staging_module
from artifactd.blobs import BlobRef, BlobStore, blob_key
from artifactd.staging import StagingArea, UploadName, require_upload_id
from artifactd.storage.bucket import VerifiedFile
from artifactd.storage.file import FileBucket
from schemas.digest import Digest
from schemas.errors import (
    DigestMismatchError,
    FormatError,
    ServiceUnavailableError,
    SizeMismatchError,
    StorageError,
    StorageFullError,
)

DATA = os.urandom(300_000)


@pytest.fixture
def area(tmp_path: Path) -> StagingArea:
    return make_area(tmp_path)


def make_area(tmp_path: Path, *, max_uploads: int = 4, max_bytes: int = 1 << 20, idle: float = 100) -> StagingArea:
    return StagingArea(tmp_path / "staging", max_uploads=max_uploads, max_bytes=max_bytes, idle_seconds=idle)


def name_of(data: bytes, upload_id: str = "id") -> UploadName:
    return UploadName(upload_id=upload_id, digest=Digest.of(data), size=len(data))


def test_an_upload_goes_on_where_it_stopped(area: StagingArea, tmp_path: Path) -> None:
    name = name_of(DATA)
    assert area.committed(name) is None
    with area.open(name) as upload:
        upload.write(DATA[:100_000])
    # A new area stands for a daemon that was started again.
    again = make_area(tmp_path)
    assert again.committed(name) == 100_000
    with again.open(name) as upload:
        assert upload.committed == 100_000
        upload.write(DATA[100_000:])
        assert upload.finish().read_bytes() == DATA


def test_uploads_of_different_ids_are_kept_apart(area: StagingArea) -> None:
    with area.open(name_of(DATA, "one")) as upload:
        upload.write(DATA[:10])
    assert area.committed(name_of(DATA, "two")) is None


def test_wrong_bytes_are_dropped(area: StagingArea) -> None:
    name = name_of(DATA)
    with area.open(name) as upload:
        upload.write(bytes(len(DATA)))
        with pytest.raises(DigestMismatchError):
            upload.finish()
    assert area.committed(name) is None


def test_too_few_bytes_are_dropped(area: StagingArea) -> None:
    name = name_of(DATA)
    with area.open(name) as upload:
        upload.write(DATA[:-1])
        with pytest.raises(SizeMismatchError):
            upload.finish()
    assert area.committed(name) is None


def test_too_many_bytes_are_dropped(area: StagingArea) -> None:
    name = name_of(DATA)
    with area.open(name) as upload:
        upload.write(DATA)
        with pytest.raises(SizeMismatchError):
            upload.write(b"x")
    assert area.committed(name) is None


def test_a_restarted_upload_forgets_its_bytes(area: StagingArea) -> None:
    with area.open(name_of(DATA)) as upload:
        upload.write(b"wrong beginning")
        upload.restart()
        assert upload.committed == 0
        upload.write(DATA)
        assert upload.finish().read_bytes() == DATA


def test_two_streams_of_one_upload_wait_for_each_other(area: StagingArea, monkeypatch: pytest.MonkeyPatch) -> None:
    name = name_of(DATA)
    monkeypatch.setattr(staging_module, "_TAKEOVER_SECONDS", 0.2)
    with area.open(name), pytest.raises(ServiceUnavailableError, match="retry"), area.open(name):
        pass
    opened = threading.Event()

    def hold() -> None:
        with area.open(name) as upload:
            upload.write(DATA[:5])
            opened.set()
            time.sleep(0.1)

    holder = threading.Thread(target=hold)
    holder.start()
    opened.wait()
    with area.open(name) as upload:
        assert upload.committed == 5
    holder.join()


def test_the_number_of_uploads_is_bounded(tmp_path: Path) -> None:
    area = make_area(tmp_path, max_uploads=1)
    with area.open(name_of(b"1")), pytest.raises(StorageFullError, match="too many uploads"), area.open(name_of(b"2")):
        pass
    with area.open(name_of(b"2")):
        pass


def test_the_promised_and_staged_bytes_are_bounded(tmp_path: Path) -> None:
    area = make_area(tmp_path, max_bytes=len(DATA) + 10)
    with area.open(name_of(DATA)) as upload:
        with pytest.raises(StorageFullError, match="too many bytes"), area.open(name_of(b"more than ten")):
            pass
        upload.write(DATA[:100])
    # An idle upload counts with what it takes on the disk.
    with pytest.raises(StorageFullError), area.open(UploadName(upload_id="x", digest=Digest.of(b""), size=len(DATA))):
        pass
    with area.open(name_of(DATA)):
        pass


def test_forgotten_uploads_are_swept_but_not_open_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    area = make_area(tmp_path, idle=50)
    monkeypatch.setattr(staging_module, "_SWEEP_INTERVAL_SECONDS", 0)
    forgotten, current = name_of(DATA, "forgotten"), name_of(DATA, "current")
    with area.open(forgotten) as upload:
        upload.write(b"x")
    with area.open(current) as upload:
        upload.write(b"x")
        long_ago = time.time() - 60
        for path in (tmp_path / "staging").iterdir():
            os.utime(path, (long_ago, long_ago))
        with area.open(name_of(b"another")):
            pass
        assert area.committed(forgotten) is None
        assert area.committed(current) == 1


def test_a_full_disk_keeps_what_was_written_before(area: StagingArea, monkeypatch: pytest.MonkeyPatch) -> None:
    name = name_of(DATA)
    with area.open(name) as upload:
        upload.write(DATA[:1000])

        class FullDisk:
            """Takes half of what it is given, then nothing."""

            def __init__(self) -> None:
                self.inner = upload._stream
                self.calls = 0

            def write(self, data: memoryview) -> int:
                self.calls += 1
                if self.calls > 1:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return self.inner.write(data[: len(data) // 2])

            def truncate(self, size: int) -> None:
                self.inner.truncate(size)

            def fileno(self) -> int:
                return self.inner.fileno()

        monkeypatch.setattr(upload, "_stream", FullDisk())
        with pytest.raises(StorageFullError, match="then resume"):
            upload.write(DATA[1000:2000])
    assert area.committed(name) == 1000


def test_a_disk_that_fails_while_flushing_early_refuses_the_upload(
    area: StagingArea, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = name_of(DATA)

    def broken(descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(staging_module, "_FLUSH_BYTES", 1000)
    monkeypatch.setattr("artifactd.staging.os.fdatasync", broken)
    with area.open(name) as upload:
        upload.write(DATA)
        with pytest.raises(StorageError, match="Input/output error"):
            upload.finish()
    assert area.committed(name) is None


def test_a_file_that_became_a_blob_is_never_written_again(tmp_path: Path, area: StagingArea) -> None:
    """A daemon that dies between linking and unlinking leaves one file with two names."""
    bucket = FileBucket(tmp_path / "store")
    name = name_of(DATA)
    with area.open(name) as upload:
        upload.write(DATA)
        path = upload.finish()
        key = blob_key(name.digest)
        assert bucket.put_if_absent(key, VerifiedFile(path=path), size=len(DATA), sha256=name.digest)
    with area.open(name) as upload:
        assert upload.committed == 0
        upload.write(b"other bytes")
    assert bucket.path_of(key).read_bytes() == DATA


def test_a_committed_upload_is_a_blob_and_no_longer_staged(tmp_path: Path, area: StagingArea) -> None:
    blobs = BlobStore(FileBucket(tmp_path / "store"), area, max_blob_size=1 << 20)
    name = name_of(DATA)
    ref = BlobRef(digest=name.digest, size=name.size)
    with area.open(name) as upload:
        upload.write(DATA)
        assert not blobs.contains(ref)
        assert blobs.commit(upload)
    assert blobs.contains(ref)
    assert blobs.get(ref.digest, limit=1 << 20) == DATA
    assert area.committed(name) is None


@pytest.mark.parametrize("upload_id", ["", "a" * 129, "a/b", "..\0", "ä", "a b"])
def test_malformed_upload_ids_are_refused(upload_id: str) -> None:
    with pytest.raises(FormatError):
        require_upload_id(upload_id)
