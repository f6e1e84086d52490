"""The Releases service of artifactd.proto."""

from __future__ import annotations

from typing import Final

import grpc

from artifactd.releases import ReleaseStore, StoredRelease
from schemas._generated import artifactd_pb2, artifactd_pb2_grpc
from schemas.digest import Digest
from schemas.errors import FormatError

_DEFAULT_PAGE: Final = 100
_MAX_PAGE: Final = 1000


class ReleasesServicer(artifactd_pb2_grpc.ReleasesServicer):
    """Publish, get and list; see the .proto for the meaning of each status."""

    def __init__(self, releases: ReleaseStore) -> None:
        self._releases = releases

    def PutRelease(  # noqa: N802 - name of the generated base
        self, request: artifactd_pb2.PutReleaseRequest, context: grpc.ServicerContext
    ) -> artifactd_pb2.PutReleaseResponse:
        """Publish a manifest."""
        published = self._releases.publish(request.manifest)
        return artifactd_pb2.PutReleaseResponse(
            release_id=published.release_id, digest=str(published.digest), created=published.created
        )

    def GetRelease(  # noqa: N802 - name of the generated base
        self, request: artifactd_pb2.GetReleaseRequest, context: grpc.ServicerContext
    ) -> artifactd_pb2.GetReleaseResponse:
        """The exact bytes of a manifest, by release id or digest."""
        found = self._find(request)
        return artifactd_pb2.GetReleaseResponse(
            release_id=found.release_id, digest=str(found.digest), manifest=found.manifest
        )

    def ListReleases(  # noqa: N802 - name of the generated base
        self, request: artifactd_pb2.ListReleasesRequest, context: grpc.ServicerContext
    ) -> artifactd_pb2.ListReleasesResponse:
        """One page, in order of release id; the page token is the last id of the page before."""
        if not 0 <= request.page_size <= _MAX_PAGE:
            raise FormatError("not a page size", expected=f"0..{_MAX_PAGE}", found=request.page_size)
        size = request.page_size or _DEFAULT_PAGE
        # One more than asked for tells whether there is a next page.
        records = self._releases.list(start_after=request.page_token, limit=size + 1)
        return artifactd_pb2.ListReleasesResponse(
            releases=[
                artifactd_pb2.ReleaseSummary(
                    release_id=record.release_id,
                    digest=str(record.digest),
                    pyodide_version=record.pyodide_version,
                )
                for record in records[:size]
            ],
            next_page_token=records[size - 1].release_id if len(records) > size else "",
        )

    def _find(self, request: artifactd_pb2.GetReleaseRequest) -> StoredRelease:
        match request.WhichOneof("selector"):
            case "release_id":
                return self._releases.get_by_id(request.release_id)
            case "digest":
                return self._releases.get_by_digest(Digest.parse(request.digest))
            case _:
                raise FormatError("the request names no release", expected="release_id or digest")
