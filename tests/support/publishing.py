"""A publisher over the network: keys in a directory, channels on a running daemon."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from artifactd.client import (
    BlobClient,
    ChannelClient,
    Connection,
    Publisher,
    ReleaseClient,
    ReleaseDirectory,
    RetryPolicy,
    StateStore,
)
from artifactd.client.keys import KeyDirectory
from artifactd.client.releases import ReleaseRecord

QUICK = RetryPolicy(attempts=2, pause=0.01)


@dataclass(kw_only=True)
class NetworkPublisher:
    """An initialised repository with the channel ``stable``; ``root`` is what users get."""

    connection: Connection
    publisher: Publisher
    root: bytes

    @classmethod
    def start(cls, address: str, directory: Path) -> Self:
        connection = Connection(address, retry=QUICK)
        keys, store = KeyDirectory(directory / "keys"), StateStore(directory / "publisher-state")
        publisher = Publisher(ChannelClient(connection), keys, store=store)
        publisher.create_keys()
        root = publisher.sign_root()
        assert publisher.initialise(root)
        publisher.create_channel(root, "stable")
        return cls(connection=connection, publisher=publisher, root=root)

    def publish(self, release: ReleaseDirectory, *, channel: str | None = "stable") -> ReleaseRecord:
        put, _ = release.publish(BlobClient(self.connection), ReleaseClient(self.connection))
        record = ReleaseRecord(release_id=put.release_id, digest=put.digest, manifest=release.manifest_bytes)
        if channel is not None:
            self.publisher.move_channel(self.root, channel, record)
        return record
