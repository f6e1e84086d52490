"""From a channel or a pin to a release whose artifacts are files of this machine, each one checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

from artifactd.client.blobs import BlobClient
from artifactd.client.cache import CACHE_BYTES_ENV, ArtifactCache, CachedBlob
from artifactd.client.channels import ChannelClient
from artifactd.client.connection import Connection, Endpoint
from artifactd.client.releases import Pin, ReleaseClient
from artifactd.client.resolve import Clock, read_root, resolve_channel, utc_now
from artifactd.client.retry import RetryPolicy
from artifactd.client.state_store import StateStore
from artifactd.client.transfer import ArtifactProgress, ArtifactTransfer, Transfer
from schemas.digest import Digest
from schemas.errors import ConfigError, PinMismatchError, SizeMismatchError, StorageError
from schemas.release import MAX_MANIFEST_BYTES, Artifact, ReleaseManifest, Role, decode_manifest

_PARALLEL: Final = 2


def _no_progress(artifact: Artifact, done: int) -> None:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedRelease:
    """A verified release in the local cache. All files are decompressed and stay valid until :meth:`close`.

    ``manifest_digest`` is the sha256 of ``manifest_bytes``: the identity of the release. ``paths`` has one file for
    each role that was asked for (the first, for packages); ``files`` has all of them by artifact digest.
    ``transfers`` tell how each of them was obtained.
    """

    release_id: str
    manifest: ReleaseManifest
    manifest_bytes: bytes
    manifest_digest: Digest
    paths: Mapping[Role, Path]
    files: Mapping[Digest, Path]
    transfers: tuple[Transfer, ...]
    _leases: tuple[CachedBlob, ...]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pin(self) -> Pin:
        """What to write in a configuration to get exactly this release."""
        return Pin(release_id=self.release_id, digest=self.manifest_digest)

    def close(self) -> None:
        """Let the cache evict the files; may be repeated."""
        for lease in self._leases:
            lease.close()


def fetch_release(
    service: Endpoint | str,
    *,
    root: bytes | Path | None = None,
    channel: str | None = None,
    pin: Pin | str | None = None,
    cache: ArtifactCache | None = None,
    state: StateStore | None = None,
    roles: Collection[Role] | None = None,
    offline: bool = False,
    progress: ArtifactProgress = _no_progress,
    retry: RetryPolicy | None = None,
    clock: Clock = utc_now,
) -> FetchedRelease:
    """Verify and fetch a release, named by a channel (with the trusted ``root``) or by a pin.

    A channel is verified from ``root``; what was verified is remembered in ``state``, so that a replay is refused. A
    pin needs neither. Artifacts (those of ``roles``, default all) come from the cache where it has them, else by the
    cheapest way that the manifest offers: as a delta against what the cache has, compressed, or as they are. They are
    hashed in every case; a corrupt cache file is downloaded again.

    With ``offline``, an unreachable service is no error if the channel was verified before, its metadata has not
    expired, and all files are in the cache. A pinned release that is wholly cached needs no service in any case.

    Raises:
        ConfigError: not exactly one of ``channel`` and ``pin``, or no root, or a wrong address.
        SignatureError (ExpiredMetadataError, RollbackError): the channel's metadata is not to be trusted.
        PinMismatchError: the release id has another manifest than the pin says.
        ChannelNotFoundError, ReleaseNotFoundError, BlobNotFoundError: the service does not have it.
        DigestMismatchError, SizeMismatchError, FormatError: the service sent other bytes than were named.
        ServiceUnavailableError, StorageError: the service, or the local disk, cannot be used.
    """
    if (channel is None) == (pin is None):
        raise ConfigError("name the release by a channel or by a pin", hint="give exactly one of the two")
    with Connection(service, retry=retry) as connection:
        fetcher = ReleaseFetcher(connection, cache if cache is not None else ArtifactCache())
        if pin is not None:
            fetched = fetcher.pinned_manifest(Pin.parse(pin) if isinstance(pin, str) else pin)
        else:
            if root is None:
                raise ConfigError("a channel needs the trusted root", hint="give the publisher's root.json")
            target = resolve_channel(
                ChannelClient(connection),
                root=read_root(root),
                channel=channel or "",
                store=state if state is not None else StateStore(),
                offline=offline,
                clock=clock,
            )
            fetched = fetcher.manifest(Pin(release_id=target.release_id, digest=target.release_digest), target.length)
        obtained = fetcher.artifacts(fetched.manifest, roles=roles, progress=progress)
    paths: dict[Role, Path] = {}
    for lease, transfer in obtained:
        paths.setdefault(transfer.artifact.role, lease.path)
    return FetchedRelease(
        release_id=fetched.manifest.release_id,
        manifest=fetched.manifest,
        manifest_bytes=fetched.data,
        manifest_digest=fetched.digest,
        paths=MappingProxyType(paths),
        files=MappingProxyType({transfer.artifact.digest: lease.path for lease, transfer in obtained}),
        transfers=tuple(transfer for _, transfer in obtained),
        _leases=tuple(lease for lease, _ in obtained),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchedManifest:
    """A manifest whose digest was checked, and its stored bytes."""

    manifest: ReleaseManifest
    digest: Digest
    data: bytes


class ReleaseFetcher:
    """Gets manifests and artifacts into one cache. Its methods raise what :func:`fetch_release` does."""

    def __init__(self, connection: Connection, cache: ArtifactCache) -> None:
        self._cache = cache
        self._transfer = ArtifactTransfer(BlobClient(connection), cache)
        self._releases = ReleaseClient(connection)

    def manifest(self, pin: Pin, length: int) -> FetchedManifest:
        """The manifest that signed metadata names by id, digest and length."""
        if length > MAX_MANIFEST_BYTES:
            raise SizeMismatchError("the manifest is too large", expected=f"<= {MAX_MANIFEST_BYTES}", found=length)

        def fetch() -> list[bytes]:
            return [self._releases.get(pin.digest).manifest]

        with self._cache.get(pin.digest, size=length, fetch=fetch, verify=True) as blob:
            return _decode(pin, blob.read_bytes())

    def pinned_manifest(self, pin: Pin) -> FetchedManifest:
        """The manifest that a pin names; from the cache if it is there."""
        cached = self._cache.find_whole(pin.digest)
        if cached is not None:
            with cached:
                return _decode(pin, cached.read_bytes())
        record = self._releases.get(pin.release_id)
        if record.digest != pin.digest:
            raise PinMismatchError(
                f"release {pin.release_id} is not the pinned one",
                expected=pin.digest,
                found=record.digest,
                hint="check the pin; the service may have been replaced or tampered with",
            )
        found = _decode(pin, record.manifest)
        self._cache.get(pin.digest, size=len(record.manifest), fetch=lambda: [record.manifest]).close()
        return found

    def artifacts(
        self,
        manifest: ReleaseManifest,
        *,
        roles: Collection[Role] | None = None,
        progress: ArtifactProgress = _no_progress,
    ) -> list[tuple[CachedBlob, Transfer]]:
        """Lease the artifacts of a manifest, two at a time."""
        wanted = [artifact for artifact in manifest.artifacts if roles is None or artifact.role in roles]
        needed = sum(artifact.content_size for artifact in wanted)
        if needed > self._cache.max_bytes:
            raise StorageError(
                f"release {manifest.release_id} is larger than the cache may be",
                expected=f"<= {self._cache.max_bytes} bytes",
                found=needed,
                hint=f"set {CACHE_BYTES_ENV}",
            )
        with ThreadPoolExecutor(_PARALLEL) as pool:
            futures = [pool.submit(self._transfer.obtain, artifact, progress) for artifact in wanted]
        # All have ended here. The first error counts; leases that nobody will use end with their objects.
        return [future.result() for future in futures]


def _decode(pin: Pin, data: bytes) -> FetchedManifest:
    manifest = decode_manifest(data)
    if manifest.release_id != pin.release_id:
        raise PinMismatchError(
            "the manifest is of another release", expected=pin.release_id, found=repr(manifest.release_id)[:130]
        )
    return FetchedManifest(manifest=manifest, digest=pin.digest, data=data)
