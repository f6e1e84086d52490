"""Releases: publish a manifest, get one, list them.

A manifest travels as its exact stored bytes; whatever the service says, its identity is the sha256 computed here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from artifactd.client.connection import Connection, printable
from schemas._generated import artifactd_pb2
from schemas.digest import Digest
from schemas.errors import DigestMismatchError, FormatError, ReleaseNotFoundError, SizeMismatchError
from schemas.release import MAX_MANIFEST_BYTES, check_release_id

_RELEASES: Final = "/artifactd.v1.Releases/"
_PAGE_SIZE: Final = 500
_MAX_PAGES: Final = 10_000  # a server that never ends its list is stopped here


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """A release id and the digest of its manifest, as written in a user's configuration: ``id@sha256:<hex>``."""

    release_id: str
    digest: Digest

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a pin.

        Raises:
            FormatError: the text has another form.
        """
        release_id, at, digest = text.partition("@")
        if not at:
            raise FormatError("not a pin", expected="RELEASE-ID@sha256:<64 hex digits>", found=repr(text)[:200])
        return cls(release_id=_release_id(release_id), digest=Digest.parse(digest))

    def __str__(self) -> str:
        return f"{self.release_id}@{self.digest}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PutRelease:
    """The answer to a publish; ``created`` is false if these very bytes were published before."""

    release_id: str
    digest: Digest
    created: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseRecord:
    """A published manifest; ``digest`` was checked against the bytes."""

    release_id: str
    digest: Digest
    manifest: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseSummary:
    """One line of the list of releases, as the service tells it."""

    release_id: str
    digest: Digest
    pyodide_version: str


class ReleaseClient:
    """Publish and read releases. Safe for threads.

    Every method raises ServiceUnavailableError when the service cannot be reached in a few attempts, and
    AccessDeniedError when it refuses the caller. Repeating a publish of the same bytes is harmless.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, manifest: bytes) -> PutRelease:
        """Publish a manifest whose artifacts are all uploaded.

        Raises:
            FormatError: the service does not accept the manifest.
            ArtifactError: artifacts are missing; the message names them.
            ReleaseExistsError: the release id names another manifest.
            DigestMismatchError: the service stored something else.
        """
        _check_size(len(manifest))
        request = artifactd_pb2.PutReleaseRequest(manifest=manifest)
        answer = self._connection.call(_RELEASES + "PutRelease", request, artifactd_pb2.PutReleaseResponse)
        digest = Digest.of(manifest)
        if answer.digest != str(digest):
            raise DigestMismatchError(
                "the service published another manifest", expected=digest, found=printable(answer.digest)[:80]
            )
        return PutRelease(release_id=_release_id(answer.release_id), digest=digest, created=answer.created)

    def get(self, selector: str | Digest) -> ReleaseRecord:
        """The release with this id, or with this manifest digest.

        Raises:
            ReleaseNotFoundError: there is none.
            DigestMismatchError: the service sent other bytes than it, or the selector, names.
        """
        if isinstance(selector, Digest):
            request = artifactd_pb2.GetReleaseRequest(digest=str(selector))
        else:
            request = artifactd_pb2.GetReleaseRequest(release_id=_release_id(selector))
        answer = self._connection.call(_RELEASES + "GetRelease", request, artifactd_pb2.GetReleaseResponse)
        _check_size(len(answer.manifest))
        found = Digest.of(answer.manifest)
        expected = selector if isinstance(selector, Digest) else Digest.parse(answer.digest)
        if found != expected:
            raise DigestMismatchError(
                f"the service sent a corrupt manifest of release {selector}",
                expected=expected,
                found=found,
                hint="do not use this service until its operator has checked the store",
            )
        if not isinstance(selector, Digest) and answer.release_id != selector:
            raise ReleaseNotFoundError(
                "the service sent another release", expected=selector, found=printable(answer.release_id)[:130]
            )
        return ReleaseRecord(release_id=_release_id(answer.release_id), digest=found, manifest=bytes(answer.manifest))

    def list(self) -> Iterator[ReleaseSummary]:
        """Every release, in order of release id; pages are asked for as they are needed."""
        token = ""
        for _ in range(_MAX_PAGES):
            request = artifactd_pb2.ListReleasesRequest(page_size=_PAGE_SIZE, page_token=token)
            answer = self._connection.call(_RELEASES + "ListReleases", request, artifactd_pb2.ListReleasesResponse)
            for summary in answer.releases:
                yield ReleaseSummary(
                    release_id=_release_id(summary.release_id),
                    digest=Digest.parse(summary.digest),
                    pyodide_version=printable(summary.pyodide_version),
                )
            token = answer.next_page_token
            if not token:
                return
        raise FormatError("the service's list of releases does not end", found=f"{_MAX_PAGES} pages")


def _check_size(size: int) -> None:
    if size > MAX_MANIFEST_BYTES:
        raise SizeMismatchError("a manifest is too large", expected=f"<= {MAX_MANIFEST_BYTES}", found=size)


def _release_id(text: str) -> str:
    check_release_id(text)
    return text
