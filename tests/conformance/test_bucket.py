"""What every store must do, run over each of them: the file store and a real S3 server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from artifactd.storage.bucket import CHUNK_SIZE, Bucket, CasConflictError, ObjectRange, Source, VerifiedFile
from schemas.digest import Digest
from schemas.errors import (
    DigestMismatchError,
    FormatError,
    OffsetOutOfRangeError,
    SizeMismatchError,
    StorageError,
)
from tests.support.bucket_makers import BucketMaker

BODY = os.urandom(2 * CHUNK_SIZE + 12_345)
LIMIT = 1 << 24


@pytest.fixture
def bucket(maker: BucketMaker) -> Bucket:
    return maker()


def put(bucket: Bucket, key: str, data: bytes) -> bool:
    return bucket.put_if_absent(key, data, size=len(data))


def get(bucket: Bucket, key: str) -> bytes | None:
    stored = bucket.get(key, limit=LIMIT)
    return None if stored is None else stored.data


def read(found: ObjectRange | None) -> bytes:
    assert found is not None
    return b"".join(found.chunks)


def test_put_then_get_gives_the_bytes(bucket: Bucket) -> None:
    assert put(bucket, "a/b", BODY)
    assert get(bucket, "a/b") == BODY
    info = bucket.head("a/b")
    assert info is not None
    assert (info.key, info.size) == ("a/b", len(BODY))
    assert info.modified > 1_500_000_000


def test_the_first_put_wins_and_the_second_changes_nothing(bucket: Bucket) -> None:
    assert put(bucket, "key", b"first")
    assert not put(bucket, "key", b"other")
    assert get(bucket, "key") == b"first"


def test_an_empty_object_is_an_object(bucket: Bucket) -> None:
    assert put(bucket, "empty", b"")
    assert get(bucket, "empty") == b""
    assert read(bucket.open_range("empty")) == b""
    assert not put(bucket, "empty", b"x")


def test_every_form_of_source_is_stored(bucket: Bucket, tmp_path: Path) -> None:
    file = tmp_path / "source"
    file.write_bytes(BODY)
    digest = Digest.of(BODY)
    chunks = (BODY[start : start + 1000] for start in range(0, len(BODY), 1000))
    assert bucket.put_if_absent("iterator", chunks, size=len(BODY), sha256=digest)
    assert bucket.put_if_absent("view", memoryview(BODY), size=len(BODY), sha256=digest)
    assert bucket.put_if_absent("array", bytearray(BODY), size=len(BODY), sha256=digest)
    assert bucket.put_if_absent("file", VerifiedFile(path=file), size=len(BODY), sha256=digest)
    file.unlink()
    for key in ("iterator", "view", "array", "file"):
        assert get(bucket, key) == BODY, key


def broken_stream() -> Iterator[bytes]:
    yield BODY[:CHUNK_SIZE]
    raise SizeMismatchError("the client went away")


def broken_at_once() -> Iterator[bytes]:
    raise SizeMismatchError("the client went away")
    yield b""


@pytest.mark.parametrize(
    ("make_source", "size", "digest", "error", "reason"),
    [
        (lambda: b"abc", 4, None, SizeMismatchError, "fewer bytes than declared"),
        (lambda: b"abcde", 4, None, SizeMismatchError, "more bytes than declared"),
        (lambda: b"abcd", 4, Digest.of(b"abce"), DigestMismatchError, "other bytes under a digest"),
        (lambda: [BODY], len(BODY), Digest.of(b"x"), DigestMismatchError, "other bytes under a digest, streamed"),
        (lambda: [BODY], len(BODY), Digest.of(b""), DigestMismatchError, "the digest of no bytes"),
        (lambda: [BODY], len(BODY) + 1, Digest.of(BODY), SizeMismatchError, "a stream that ends early"),
        (lambda: [BODY, b"x"], len(BODY), Digest.of(BODY), SizeMismatchError, "a stream that goes on too long"),
        (list, 5, Digest.of(b"12345"), SizeMismatchError, "a stream of nothing"),
        (broken_stream, len(BODY), Digest.of(BODY), SizeMismatchError, "a stream that breaks"),
        (broken_at_once, len(BODY), Digest.of(BODY), SizeMismatchError, "a stream that breaks at once"),
        (lambda: [BODY], len(BODY), None, ValueError, "a stream without its digest"),
    ],
)
def test_wrong_bytes_are_refused_and_nothing_is_stored(
    bucket: Bucket,
    make_source: Callable[[], Source],
    size: int,
    digest: Digest | None,
    error: type[Exception],
    reason: str,
) -> None:
    with pytest.raises(error):
        bucket.put_if_absent("refused", make_source(), size=size, sha256=digest)
    assert bucket.head("refused") is None, reason
    assert list(bucket.list("")) == [], reason


def test_a_file_of_another_size_is_refused(bucket: Bucket, tmp_path: Path) -> None:
    file = tmp_path / "source"
    file.write_bytes(b"abc")
    with pytest.raises(SizeMismatchError):
        bucket.put_if_absent("refused", VerifiedFile(path=file), size=4, sha256=Digest.of(b"abcd"))
    assert bucket.head("refused") is None


def test_missing_keys_are_none_everywhere(bucket: Bucket) -> None:
    put(bucket, "there/one", b"x")
    for key in ("absent", "there", "there/one/below", "there/two"):
        assert bucket.get(key, limit=10) is None
        assert bucket.head(key) is None
        assert bucket.open_range(key) is None
        assert bucket.open_range(key, offset=5, length=0) is None


@pytest.mark.parametrize(
    ("offset", "length", "reason"),
    [
        (0, None, "everything"),
        (0, 10, "the beginning"),
        (CHUNK_SIZE - 1, 2, "across a chunk boundary"),
        (len(BODY) - 5, None, "the end"),
        (len(BODY) - 5, 100, "a length beyond the end is cut"),
        (7, 0, "nothing"),
        (len(BODY), None, "nothing, at the end"),
        (len(BODY), 5, "nothing, at the end, with a length"),
    ],
)
def test_ranges(bucket: Bucket, offset: int, length: int | None, reason: str) -> None:
    put(bucket, "ranged", BODY)
    found = bucket.open_range("ranged", offset=offset, length=length)
    assert found is not None
    assert found.size == len(BODY)
    chunks = list(found.chunks)
    assert b"".join(chunks) == BODY[offset:][:length], reason
    assert all(0 < len(chunk) <= CHUNK_SIZE for chunk in chunks)


@pytest.mark.parametrize(("offset", "reason"), [(-1, "negative"), (len(BODY) + 1, "beyond the end")])
def test_offsets_outside_the_object_are_refused(bucket: Bucket, offset: int, reason: str) -> None:
    put(bucket, "ranged", BODY)
    with pytest.raises(OffsetOutOfRangeError):
        bucket.open_range("ranged", offset=offset)


def test_get_refuses_what_is_larger_than_the_limit(bucket: Bucket) -> None:
    put(bucket, "large", b"12345")
    assert bucket.get("large", limit=5) is not None
    with pytest.raises(StorageError):
        bucket.get("large", limit=4)


def test_compare_and_swap_creates_replaces_and_refuses(bucket: Bucket) -> None:
    with pytest.raises(CasConflictError):
        bucket.compare_and_swap("counter", b"0", expected_etag="0123456789abcdef0123456789abcdef")
    assert bucket.head("counter") is None
    first = bucket.compare_and_swap("counter", b"1", expected_etag=None)
    with pytest.raises(CasConflictError):
        bucket.compare_and_swap("counter", b"x", expected_etag=None)
    stored = bucket.get("counter", limit=10)
    assert stored is not None
    assert (stored.data, stored.etag) == (b"1", first)
    second = bucket.compare_and_swap("counter", b"2", expected_etag=first)
    with pytest.raises(CasConflictError):
        bucket.compare_and_swap("counter", b"x", expected_etag=first)
    assert second != first
    assert get(bucket, "counter") == b"2"


def test_compare_and_swap_respects_what_put_if_absent_created(bucket: Bucket) -> None:
    put(bucket, "key", b"1")
    with pytest.raises(CasConflictError):
        bucket.compare_and_swap("key", b"2", expected_etag=None)
    stored = bucket.get("key", limit=10)
    assert stored is not None
    bucket.compare_and_swap("key", b"2", expected_etag=stored.etag)
    assert not put(bucket, "key", b"3")
    assert get(bucket, "key") == b"2"


def test_a_deleted_object_is_gone_and_can_be_created_again(bucket: Bucket) -> None:
    put(bucket, "key", b"1")
    stored = bucket.get("key", limit=10)
    assert stored is not None
    assert bucket.delete("key")
    bucket.delete("key")
    assert bucket.head("key") is None
    with pytest.raises(CasConflictError):
        bucket.compare_and_swap("key", b"2", expected_etag=stored.etag)
    assert put(bucket, "key", b"3")


KEYS = ["a/b", "a/b0", "a/c", "b/1", "b/10", "b/2", "c/x/y", "d/z"]


def test_lists_by_prefix_and_start_in_byte_order(bucket: Bucket) -> None:
    for key in reversed(KEYS):
        put(bucket, key, key.encode())
    assert sorted(KEYS) == KEYS
    listed = list(bucket.list(""))
    assert [info.key for info in listed] == KEYS
    assert [info.size for info in listed] == [len(key) for key in KEYS]
    for prefix in ("", "a", "a/", "a/b", "b/1", "c/", "c/x", "e", "a-"):
        for start_after in (None, "a/b", "a/b0", "b/1", "b/", "c/x/y", "zzz", "a/a"):
            expected = [key for key in KEYS if key.startswith(prefix) and (start_after is None or key > start_after)]
            found = [info.key for info in bucket.list(prefix, start_after=start_after)]
            assert found == expected, (prefix, start_after)


def test_lists_more_than_one_page(bucket: Bucket) -> None:
    keys = [f"many/{number:04d}" for number in range(1100)]
    if type(bucket).__name__ == "S3Bucket":
        # One page of S3 holds 1,000 keys; empty objects keep this quick.
        for key in keys:
            put(bucket, key, b"")
    else:
        keys = keys[:100]
        for key in keys:
            put(bucket, key, b"")
    assert [info.key for info in bucket.list("many/")] == keys


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "empty"),
        ("/absolute", "leading slash"),
        ("a//b", "empty segment"),
        ("a/", "trailing slash"),
        ("..", "parent"),
        ("a/../../b", "traversal"),
        (".", "this directory"),
        (".hidden", "leading dot"),
        ("a/.b", "leading dot below"),
        ("a b", "space"),
        ("a\0b", "null byte"),
        ("a\nb", "line break"),
        ("a\\b", "backslash"),
        ("@a", "the file store's mark"),
        ("ä", "not ASCII"),
        ("a" * 201, "segment too long"),
        ("/".join("a" * 300), "key too long"),
        ("blobs/%2e%2e/x", "percent escapes"),
    ],
)
def test_malformed_keys_are_refused_by_every_method(bucket: Bucket, key: str, reason: str) -> None:
    with pytest.raises(FormatError):
        bucket.put_if_absent(key, b"x", size=1)
    with pytest.raises(FormatError):
        bucket.get(key, limit=1)
    with pytest.raises(FormatError):
        bucket.open_range(key)
    with pytest.raises(FormatError):
        bucket.head(key)
    with pytest.raises(FormatError):
        bucket.compare_and_swap(key, b"x", expected_etag=None)
    with pytest.raises(FormatError):
        bucket.delete(key)


@pytest.mark.parametrize("prefix", ["/", "../", "a//", "a/../", "a b", "a" * 600])
def test_malformed_prefixes_are_refused(bucket: Bucket, prefix: str) -> None:
    with pytest.raises(FormatError):
        list(bucket.list(prefix))


def test_a_reader_that_stops_early_leaves_the_store_usable(bucket: Bucket) -> None:
    put(bucket, "key", BODY)
    for _ in range(50):
        found = bucket.open_range("key")
        assert found is not None
        assert len(next(found.chunks)) > 0
    assert hashlib.sha256(read(bucket.open_range("key"))).digest() == hashlib.sha256(BODY).digest()
