"""The Channels service of artifactd.proto."""

from __future__ import annotations

import grpc

from artifactd.channels import ChannelRepository
from schemas._generated import artifactd_pb2, artifactd_pb2_grpc
from schemas.tuf_metadata import SignedMetadata


class ChannelsServicer(artifactd_pb2_grpc.ChannelsServicer):
    """Online keys, metadata and publishing; see the .proto for the meaning of each status."""

    def __init__(self, repository: ChannelRepository) -> None:
        self._repository = repository

    def GetOnlineKeys(  # noqa: N802 - name of the generated base
        self, request: artifactd_pb2.GetOnlineKeysRequest, context: grpc.ServicerContext
    ) -> artifactd_pb2.GetOnlineKeysResponse:
        """The public halves of the daemon's keys."""
        return artifactd_pb2.GetOnlineKeysResponse(
            keys=[
                artifactd_pb2.OnlineKey(role=key.role, key_id=key.key_id, json=key.json)
                for key in self._repository.public_keys()
            ]
        )

    def GetMetadata(  # noqa: N802 - name of the generated base
        self, request: artifactd_pb2.GetMetadataRequest, context: grpc.ServicerContext
    ) -> artifactd_pb2.GetMetadataResponse:
        """One metadata file by its TUF file name."""
        return artifactd_pb2.GetMetadataResponse(data=self._repository.get_metadata(request.name))

    def Publish(  # noqa: N802 - name of the generated base
        self, request: artifactd_pb2.PublishRequest, context: grpc.ServicerContext
    ) -> artifactd_pb2.PublishResponse:
        """Verify and commit metadata, all or nothing."""
        result = self._repository.publish(
            [SignedMetadata(role=item.role, data=item.data) for item in request.metadata],
            timestamp_version=request.timestamp_version,
        )
        return artifactd_pb2.PublishResponse(
            timestamp_version=result.timestamp_version, snapshot_version=result.snapshot_version
        )

    def ListChannels(  # noqa: N802 - name of the generated base
        self, request: artifactd_pb2.ListChannelsRequest, context: grpc.ServicerContext
    ) -> artifactd_pb2.ListChannelsResponse:
        """Every channel, by name."""
        return artifactd_pb2.ListChannelsResponse(
            channels=[
                artifactd_pb2.ChannelSummary(
                    name=channel.name,
                    version=channel.version,
                    release_digest="" if channel.release_digest is None else str(channel.release_digest),
                    release_id=channel.release_id,
                )
                for channel in self._repository.list_channels()
            ]
        )
