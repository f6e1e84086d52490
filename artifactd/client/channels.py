"""The calls of the Channels service: signed metadata in and out, as opaque bytes.

Nothing here is verified; :mod:`artifactd.client.trust` does that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from artifactd.client.connection import Connection, printable
from artifactd.client.publish import OnlineKey, parse_online_keys
from schemas._generated import artifactd_pb2
from schemas.digest import Digest
from schemas.errors import MetadataNotFoundError, SizeMismatchError
from schemas.tuf_metadata import SignedMetadata
from schemas.tuf_names import check_channel_name

_CHANNELS: Final = "/artifactd.v1.Channels/"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelSummary:
    """What the service says of a channel, unverified; ``release_digest`` is None while it points nowhere."""

    name: str
    version: int
    release_digest: Digest | None
    release_id: str


class ChannelClient:
    """Read and publish channel metadata. Safe for threads.

    Every method raises ServiceUnavailableError when the service cannot be reached in a few attempts, and
    AccessDeniedError when it refuses the caller.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def online_keys(self) -> tuple[OnlineKey, ...]:
        """The keys with which the service signs snapshot and timestamp."""
        answer = self._connection.call(
            _CHANNELS + "GetOnlineKeys",
            artifactd_pb2.GetOnlineKeysRequest(),
            artifactd_pb2.GetOnlineKeysResponse,
        )
        return parse_online_keys((key.role, key.key_id, key.json) for key in answer.keys)

    def metadata(self, name: str, *, max_length: int) -> bytes | None:
        """One metadata file, or None if the service has none of this name.

        Raises:
            SizeMismatchError: it is longer than ``max_length``.
        """
        request = artifactd_pb2.GetMetadataRequest(name=name)
        try:
            answer = self._connection.call(_CHANNELS + "GetMetadata", request, artifactd_pb2.GetMetadataResponse)
        except MetadataNotFoundError:
            return None
        data: bytes = answer.data
        if len(data) > max_length:
            raise SizeMismatchError(
                f"the metadata file {name} is too long", expected=f"<= {max_length}", found=len(data)
            )
        return data

    def publish(self, metadata: Sequence[SignedMetadata], *, timestamp_version: int) -> int:
        """Publish signed metadata; return the new version of timestamp.json.

        A publish of the very same bytes may be repeated, so a lost answer is no problem.

        Raises:
            ChannelConflictError: somebody published meanwhile; read again and retry.
            IntegrityError, FormatError: the service does not accept the metadata.
        """
        request = artifactd_pb2.PublishRequest(
            metadata=[artifactd_pb2.SignedMetadata(role=item.role, data=item.data) for item in metadata],
            timestamp_version=timestamp_version,
        )
        version: int = self._connection.call(
            _CHANNELS + "Publish", request, artifactd_pb2.PublishResponse
        ).timestamp_version
        return version

    def list(self) -> tuple[ChannelSummary, ...]:
        """Every channel, in order of name, as the service tells it."""
        answer = self._connection.call(
            _CHANNELS + "ListChannels",
            artifactd_pb2.ListChannelsRequest(),
            artifactd_pb2.ListChannelsResponse,
        )
        return tuple(
            ChannelSummary(
                name=check_channel_name(channel.name),
                version=channel.version,
                release_digest=Digest.parse(channel.release_digest) if channel.release_digest else None,
                release_id=printable(channel.release_id),
            )
            for channel in answer.channels
        )
