"""Capabilities of the Remote Execution API: what a client must know before it sends blobs."""

from __future__ import annotations

import grpc

from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2 as reapi
from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc
from schemas._generated.build.bazel.semver import semver_pb2


class CapabilitiesServicer(remote_execution_pb2_grpc.CapabilitiesServicer):
    """A cache of sha256 blobs without an action cache and without execution."""

    def __init__(self, *, max_batch_bytes: int, max_blob_bytes: int) -> None:
        self._max_batch_bytes = max_batch_bytes
        self._max_blob_bytes = max_blob_bytes

    def GetCapabilities(  # noqa: N802 - name of the generated base
        self, request: reapi.GetCapabilitiesRequest, context: grpc.ServicerContext
    ) -> reapi.ServerCapabilities:
        """The same for every instance name."""
        return reapi.ServerCapabilities(
            cache_capabilities=reapi.CacheCapabilities(
                digest_functions=[reapi.DigestFunction.SHA256],
                action_cache_update_capabilities=reapi.ActionCacheUpdateCapabilities(update_enabled=False),
                max_batch_total_size_bytes=self._max_batch_bytes,
                max_cas_blob_size_bytes=self._max_blob_bytes,
                symlink_absolute_path_strategy=reapi.SymlinkAbsolutePathStrategy.DISALLOWED,
            ),
            # Clients of the 2.x API refuse a server whose lowest version is above theirs.
            low_api_version=semver_pb2.SemVer(major=2, minor=0),
            high_api_version=semver_pb2.SemVer(major=2, minor=3),
        )
