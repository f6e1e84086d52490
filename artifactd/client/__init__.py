"""Client of artifactd: verify, fetch and publish releases of Python runtimes.

To use a release::

    with fetch_release("127.0.0.1:7420", root=Path("root.json"), channel="stable") as release:
        Isolate.boot(release)

To publish one: :class:`BlobClient`, :class:`ReleaseClient` and :class:`Publisher` over one :class:`Connection`.
Everything raises the errors of :mod:`schemas.errors`, and nothing else on purpose.
"""

from artifactd.client.blobs import BlobClient
from artifactd.client.cache import ArtifactCache, CachedBlob
from artifactd.client.channels import ChannelClient
from artifactd.client.connection import Connection, Endpoint
from artifactd.client.fetch import FetchedRelease, fetch_release
from artifactd.client.publisher import Publisher
from artifactd.client.release_directory import ReleaseDirectory
from artifactd.client.releases import Pin, ReleaseClient
from artifactd.client.retry import RetryPolicy
from artifactd.client.sources import BlobRef
from artifactd.client.state_store import StateStore

__all__ = [
    "ArtifactCache",
    "BlobClient",
    "BlobRef",
    "CachedBlob",
    "ChannelClient",
    "Connection",
    "Endpoint",
    "FetchedRelease",
    "Pin",
    "Publisher",
    "ReleaseClient",
    "ReleaseDirectory",
    "RetryPolicy",
    "StateStore",
    "fetch_release",
]
