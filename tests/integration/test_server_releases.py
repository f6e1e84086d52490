"""The Releases service against a daemon of its own."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from schemas._generated import artifactd_pb2
from schemas.digest import Digest
from schemas.release import MAX_MANIFEST_BYTES, Artifact, Role, Variant, encode_manifest
from tests.support.daemon import running_daemon
from tests.support.raw_client import SECONDS, RawClient, connected, read_name, refused
from tests.support.schema_samples import CODE, sample_manifest

INVALID = grpc.StatusCode.INVALID_ARGUMENT
CODE_IMAGE = b"code image"
SNAPSHOT = b"snapshot"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RawClient]:
    with running_daemon(tmp_path_factory.mktemp("daemon")) as running, connected(running.address) as found:
        found.upload(CODE_IMAGE)
        found.upload(SNAPSHOT)
        yield found


def new_id(prefix: str = "release") -> str:
    return f"{prefix}-{next(_numbers):04d}"


def manifest(
    release_id: str,
    *,
    name: str = "",
    size: int | None = None,
    extra: bytes | None = None,
    variant: bytes | None = None,
) -> bytes:
    """A release of the two small artifacts; ``name`` changes its bytes, ``size`` lies, ``extra`` and ``variant`` name
    another blob.
    """
    sample = sample_manifest()
    code, snapshot = sample.artifacts
    code = dataclasses.replace(
        code,
        digest=CODE,
        size=len(CODE_IMAGE) if size is None else size,
        name=name or "code",
        variants=() if variant is None else (Variant(digest=Digest.of(variant), size=len(variant)),),
    )
    artifacts = [code, dataclasses.replace(snapshot, digest=Digest.of(SNAPSHOT), size=len(SNAPSHOT))]
    if extra is not None:
        artifacts.append(
            Artifact.uncompressed(
                Role.UPSTREAM_LOCK, digest=Digest.of(extra), size=len(extra), media_type="application/json", name="lock"
            )
        )
    return encode_manifest(dataclasses.replace(sample, release_id=release_id, artifacts=tuple(artifacts)))


def publish(client: RawClient, data: bytes) -> artifactd_pb2.PutReleaseResponse:
    answer: artifactd_pb2.PutReleaseResponse = client.releases.PutRelease(
        artifactd_pb2.PutReleaseRequest(manifest=data), timeout=SECONDS
    )
    return answer


def find(client: RawClient, *, release_id: str = "", digest: str = "") -> artifactd_pb2.GetReleaseResponse:
    request = artifactd_pb2.GetReleaseRequest(release_id=release_id)
    if digest:
        request = artifactd_pb2.GetReleaseRequest(digest=digest)
    answer: artifactd_pb2.GetReleaseResponse = client.releases.GetRelease(request, timeout=SECONDS)
    return answer


def test_a_release_is_found_by_id_and_by_digest(client: RawClient) -> None:
    release_id = new_id()
    data = manifest(release_id)
    published = publish(client, data)
    assert published.created
    assert (published.release_id, published.digest) == (release_id, str(Digest.of(data)))
    for found in (find(client, release_id=release_id), find(client, digest=published.digest)):
        assert (found.release_id, found.digest, found.manifest) == (release_id, published.digest, data)
    assert client.read(read_name(data)) == data


def test_the_same_bytes_may_be_published_again(client: RawClient) -> None:
    data = manifest(new_id())
    assert publish(client, data).created
    assert not publish(client, data).created


def test_an_id_names_one_manifest_for_ever(client: RawClient) -> None:
    release_id = new_id()
    first = manifest(release_id)
    publish(client, first)
    with refused(grpc.StatusCode.ALREADY_EXISTS, "release-exists", "publish under a new id"):
        publish(client, manifest(release_id, name="another"))
    assert find(client, release_id=release_id).manifest == first


@pytest.mark.parametrize("what", ["extra", "variant"])
def test_missing_artifacts_are_named_and_nothing_is_published(client: RawClient, what: str) -> None:
    release_id = new_id()
    absent: dict[str, Any] = {what: b"never uploaded"}
    data = manifest(release_id, **absent)
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "missing-artifact", Digest.of(b"never uploaded").hex):
        publish(client, data)
    with refused(grpc.StatusCode.NOT_FOUND, "release-not-found"):
        find(client, release_id=release_id)
    with refused(grpc.StatusCode.NOT_FOUND, "release-not-found"):
        find(client, digest=str(Digest.of(data)))


def test_an_artifact_of_another_size_is_missing(client: RawClient) -> None:
    with refused(grpc.StatusCode.FAILED_PRECONDITION, "missing-artifact", "11 bytes"):
        publish(client, manifest(new_id(), size=11))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "nothing"),
        (b"not a manifest", "text"),
        (bytes(64), "zeros"),
        (bytes(MAX_MANIFEST_BYTES + 8), "too large"),
        (manifest("release-x")[:-8], "truncated"),
    ],
)
def test_what_is_not_a_manifest_is_refused(client: RawClient, data: bytes, reason: str) -> None:
    with refused(INVALID, "format"):
        publish(client, data)


def test_a_blob_that_is_no_release_is_not_found_by_digest(client: RawClient) -> None:
    with refused(grpc.StatusCode.NOT_FOUND, "release-not-found"):
        find(client, digest=str(CODE))


def test_a_manifest_that_was_only_uploaded_is_not_a_release(client: RawClient) -> None:
    data = manifest(new_id())
    client.upload(data)
    with refused(grpc.StatusCode.NOT_FOUND, "release-not-found"):
        find(client, digest=str(Digest.of(data)))


@pytest.mark.parametrize(
    ("request_message", "reason"),
    [
        (artifactd_pb2.GetReleaseRequest(), "nothing is selected"),
        (artifactd_pb2.GetReleaseRequest(release_id="../blobs/x"), "traversal"),
        (artifactd_pb2.GetReleaseRequest(release_id=""), "empty id"),
        (artifactd_pb2.GetReleaseRequest(digest="sha256:abc"), "short digest"),
        (artifactd_pb2.GetReleaseRequest(digest="md5:" + "a" * 32), "another algorithm"),
    ],
)
def test_malformed_selectors_are_refused(
    client: RawClient, request_message: artifactd_pb2.GetReleaseRequest, reason: str
) -> None:
    with refused(INVALID, "format"):
        client.releases.GetRelease(request_message, timeout=SECONDS)


def test_an_unknown_release_is_not_found(client: RawClient) -> None:
    with refused(grpc.StatusCode.NOT_FOUND, "release-not-found"):
        find(client, release_id="nobody-published-this")


def test_lists_come_in_pages_in_order(client: RawClient) -> None:
    ids = sorted(new_id("page") for _ in range(7))
    for release_id in reversed(ids):
        publish(client, manifest(release_id))
    found: list[str] = []
    token = "page-"
    for _ in range(20):
        request = artifactd_pb2.ListReleasesRequest(page_size=3, page_token=token)
        page = client.releases.ListReleases(request, timeout=SECONDS)
        assert len(page.releases) <= 3
        assert all(summary.pyodide_version == "314.0.5" for summary in page.releases)
        found += [summary.release_id for summary in page.releases if summary.release_id.startswith("page-")]
        token = page.next_page_token
        if not token:
            break
    assert found == ids


@pytest.mark.parametrize(
    ("size", "token", "reason"),
    [(-1, "", "negative size"), (1001, "", "size too large"), (1, "../x", "malformed token")],
)
def test_malformed_pages_are_refused(client: RawClient, size: int, token: str, reason: str) -> None:
    with refused(INVALID, "format"):
        client.releases.ListReleases(
            artifactd_pb2.ListReleasesRequest(page_size=size, page_token=token), timeout=SECONDS
        )
