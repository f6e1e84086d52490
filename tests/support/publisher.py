"""A publisher with keys in memory, and the repository it publishes to: the shortest way to signed channels in tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from securesystemslib.signer import CryptoSigner

from artifactd.channels import ChannelRepository, PublishResult
from artifactd.client.publish import (
    CHANNEL_LIFETIME,
    RoleKeys,
    add_channel,
    initial_root,
    initial_targets,
    move_channel,
    parse_online_keys,
)
from artifactd.client.trust import MetadataRequest, TrustedTarget, TrustSession, verify
from artifactd.client.trust_state import TrustedState
from artifactd.online_keys import OnlineKeys
from artifactd.storage.bucket import Bucket
from schemas.digest import Digest
from schemas.errors import MetadataNotFoundError, ReleaseNotFoundError
from schemas.tuf_metadata import SignedMetadata
from schemas.tuf_roles import ReleaseTarget
from tests.support.buckets import MemoryBucket

START = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@dataclass(kw_only=True)
class Clock:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        self.now += timedelta(**delta)


@dataclass(frozen=True, kw_only=True)
class Release:
    release_id: str
    manifest: bytes

    @property
    def target(self) -> ReleaseTarget:
        return ReleaseTarget(digest=Digest.of(self.manifest), length=len(self.manifest), release_id=self.release_id)


class Releases:
    """Releases by digest, as the repository asks for them."""

    def __init__(self) -> None:
        self.by_digest: dict[Digest, Release] = {}

    def add(self, release_id: str) -> Release:
        release = Release(release_id=release_id, manifest=f"manifest of {release_id}".encode())
        self.by_digest[release.target.digest] = release
        return release

    def get_by_digest(self, digest: Digest) -> Release:
        if digest not in self.by_digest:
            raise ReleaseNotFoundError(f"no release {digest}")
        return self.by_digest[digest]


def role_keys(*signers: CryptoSigner, threshold: int = 1) -> RoleKeys:
    return RoleKeys(keys=tuple(signer.public_key for signer in signers), threshold=threshold)


def new_signer() -> CryptoSigner:
    return CryptoSigner.generate_ed25519()


@dataclass(kw_only=True)
class Publisher:
    """One publisher and one repository. Root is 2 of 3, everything else one key."""

    bucket: Bucket = field(default_factory=MemoryBucket)
    clock: Clock = field(default_factory=Clock)
    releases: Releases = field(default_factory=Releases)
    online_keys: OnlineKeys = field(default_factory=OnlineKeys.generate)
    root_signers: list[CryptoSigner] = field(default_factory=lambda: [new_signer() for _ in range(3)])
    targets_signer: CryptoSigner = field(default_factory=new_signer)
    channel_signers: dict[str, CryptoSigner] = field(default_factory=dict)
    root: bytes = b""

    def __post_init__(self) -> None:
        self.repository = self.repository_on(self.bucket)

    def clone(self) -> Publisher:
        """The same keys and the same history, from here on apart."""
        if not isinstance(self.bucket, MemoryBucket):
            raise TypeError("only of a bucket in memory")
        bucket = MemoryBucket()
        bucket.objects.update(self.bucket.objects)
        signers = dict(self.channel_signers)
        return replace(self, bucket=bucket, clock=Clock(now=self.clock.now), channel_signers=signers)

    def repository_on(self, bucket: Bucket) -> ChannelRepository:
        """Another daemon with the same keys, on this bucket."""
        return ChannelRepository(bucket, self.releases, self.online_keys, clock=self.clock)

    def initial(self) -> list[SignedMetadata]:
        online = parse_online_keys((k.role, k.key_id, k.json) for k in self.online_keys.public_keys())
        root = initial_root(
            root=role_keys(*self.root_signers, threshold=2),
            targets=role_keys(self.targets_signer),
            online=online,
            signers=self.root_signers[:2],
            now=self.clock.now,
        )
        self.root = root.data
        return [root, initial_targets(signers=[self.targets_signer], now=self.clock.now)]

    def initialise(self, *channels: str) -> None:
        """Publish root and targets, then one release to each channel."""
        self.repository.publish(self.initial(), timestamp_version=0)
        for channel in channels:
            self.add_channel(channel)
            self.move(channel, self.releases.add(f"{channel}-1"))

    def publish(self, *metadata: SignedMetadata) -> PublishResult:
        return self.repository.publish(list(metadata), timestamp_version=self.session().timestamp_version)

    def add_channel(self, channel: str) -> PublishResult:
        signer = self.channel_signers.setdefault(channel, new_signer())
        session = self.session()
        new = add_channel(
            session.targets,
            channel=channel,
            keys=role_keys(signer),
            signers=[self.targets_signer],
            now=self.clock.now,
        )
        return self.repository.publish([new], timestamp_version=session.timestamp_version)

    def signed_move(
        self,
        channel: str,
        release: Release,
        *,
        current_version: int | None = None,
        signer: CryptoSigner | None = None,
        lifetime: timedelta = CHANNEL_LIFETIME,
    ) -> SignedMetadata:
        version = self.session().channel_version(channel) if current_version is None else current_version
        return move_channel(
            channel=channel,
            current_version=version,
            release=release.target,
            signers=[signer if signer is not None else self.channel_signers[channel]],
            now=self.clock.now,
            lifetime=lifetime,
        )

    def move(self, channel: str, release: Release) -> PublishResult:
        return self.publish(self.signed_move(channel, release))

    def session(self, channel: str | None = None, previous: TrustedState | None = None) -> TrustSession:
        """A finished session against the repository as it is."""
        session = TrustSession(root=self.root, now=self.clock.now, channel=channel, previous=previous)
        verify(session, self.fetch)
        return session

    def resolve(self, channel: str) -> TrustedTarget:
        return self.session(channel).resolve()

    def fetch(self, request: MetadataRequest) -> bytes | None:
        return fetch_from(self.repository, request)

    def files(self) -> dict[str, bytes]:
        """Every committed metadata file by name; keep a copy to replay it later."""
        if not isinstance(self.bucket, MemoryBucket):
            raise TypeError("only of a bucket in memory")
        prefix = "tuf/metadata/"
        named = {k.removeprefix(prefix): v for k, v in self.bucket.objects.items() if k.startswith(prefix)}
        return {**named, "timestamp.json": self.bucket.objects["tuf/timestamp.json"]}


@cache
def _template(channels: tuple[str, ...]) -> Publisher:
    publisher = Publisher()
    publisher.initialise(*channels)
    return publisher


def publisher_with(*channels: str) -> Publisher:
    """A publisher whose channels point at ``<channel>-1``; cheaper than making the keys each time."""
    return _template(channels).clone()


def fetch_from(repository: ChannelRepository, request: MetadataRequest) -> bytes | None:
    try:
        return repository.get_metadata(request.name)
    except MetadataNotFoundError:
        return None


def run_on_files(session: TrustSession, files: Mapping[str, bytes]) -> list[str]:
    """Drive a session on files by name; returns what it asked for, in order."""
    asked: list[str] = []

    def fetch(request: MetadataRequest) -> bytes | None:
        asked.append(request.name)
        return files.get(request.name)

    verify(session, fetch)
    return asked


def roles_of(metadata: Sequence[SignedMetadata]) -> list[str]:
    return [item.role for item in metadata]
