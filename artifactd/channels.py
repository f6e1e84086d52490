"""Channels: a TUF repository of which publishers sign root, targets and channels, and this daemon the rest.

A publish is verified as a whole, staged, and committed by one compare-and-swap of ``timestamp.json``; see
:mod:`artifactd.channel_store` for what happens when a process dies in between, and :mod:`artifactd.channel_rules` for
what is verified. Daemons keep no state of their own: any number of them, with the same online keys, serve one bucket.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, TypeVar

from tuf.api.metadata import MetaFile, Root, Snapshot, Targets, Timestamp

from artifactd.channel_rules import Change, RepositoryState, Surroundings, by_role, check_change
from artifactd.channel_store import DEFAULT_PREFIX, MetadataStore
from artifactd.online_keys import OnlineKeys, OnlinePublicKey
from artifactd.storage.bucket import Bucket, CasConflictError, StoredObject
from schemas.digest import Digest
from schemas.errors import (
    ChannelConflictError,
    ConfigError,
    MetadataNotFoundError,
    MissingArtifactError,
    PlatformError,
    ReleaseNotFoundError,
    StorageError,
)
from schemas.tuf_metadata import Document, SignedMetadata, check_meta, meta_of, parse, sign, verify_signatures
from schemas.tuf_names import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, channel_role, meta_name, parse_file_name
from schemas.tuf_roles import ReleaseTarget, delegated_channels, read_channel, self_signed_root

_LOG: Final = logging.getLogger("artifactd.channels")
_T = TypeVar("_T", Root, Targets, Snapshot, Timestamp)


class FoundRelease(Protocol):
    """What is needed to know of a release."""

    @property
    def release_id(self) -> str:
        """The id the manifest gives itself."""
        ...

    @property
    def manifest(self) -> bytes:
        """The stored bytes of the manifest."""
        ...


class ReleaseLookup(Protocol):
    """The part of the release store that channels rest on."""

    def get_by_digest(self, digest: Digest) -> FoundRelease:
        """The release of a manifest digest.

        Raises:
            ReleaseNotFoundError: there is none.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class OnlineLifetimes:
    """How long the daemon's signatures are valid; each is renewed when half of its time is over."""

    timestamp: timedelta = timedelta(days=1)
    snapshot: timedelta = timedelta(days=7)


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishResult:
    """The versions that a publish committed."""

    timestamp_version: int
    snapshot_version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelInfo:
    """A channel as it is committed. ``version`` is 0 and the digest None while it points nowhere."""

    name: str
    version: int
    release_digest: Digest | None
    release_id: str


def utc_now() -> datetime:
    """The current time, as TUF compares expiries."""
    return datetime.now(UTC)


class ChannelRepository:
    """The signed channels of one bucket. Safe to use from many threads, processes and machines at once."""

    def __init__(
        self,
        bucket: Bucket,
        releases: ReleaseLookup,
        online_keys: OnlineKeys,
        *,
        clock: Callable[[], datetime] = utc_now,
        lifetimes: OnlineLifetimes | None = None,
        prefix: str = DEFAULT_PREFIX,
    ) -> None:
        self._store = MetadataStore(bucket, prefix)
        self._releases = releases
        self._online_keys = online_keys
        self._clock = clock
        self._lifetimes = lifetimes if lifetimes is not None else OnlineLifetimes()
        # The state last verified. It is taken again only for the very same timestamp bytes.
        self._verified: RepositoryState | None = None

    def public_keys(self) -> tuple[OnlinePublicKey, ...]:
        """The daemon's keys, which the publisher has to name in root."""
        return self._online_keys.public_keys()

    def publish(self, metadata: Sequence[SignedMetadata], *, timestamp_version: int) -> PublishResult:
        """Verify and commit metadata, all or nothing.

        ``timestamp_version`` is what the publisher saw, 0 for a repository without any. Publishing the very bytes that
        are committed already is not an error, so that a publisher that lost the answer can ask again.

        Raises:
            ChannelConflictError: somebody else committed first.
            FormatError, IntegrityError: the metadata does not verify.
            MissingArtifactError: a channel would point at a release that is not here.
            StorageError: the store failed; nothing is committed.
            ConfigError: the daemon's key file is not the one that root names.
        """
        submitted = by_role(metadata)
        stored = self._store.timestamp()
        state = None if stored is None else self._load(stored)
        if state is not None and self._is_committed(state, submitted):
            self._settle_committed(state)
            return PublishResult(timestamp_version=state.generation, snapshot_version=state.snapshot.version)
        current = 0 if state is None else state.generation
        if timestamp_version != current:
            raise _conflict(expected=timestamp_version, found=current)
        if state is not None and ROOT not in submitted:
            self._require_own(state)
        change = check_change(state, submitted, self._surroundings(state))
        try:
            return self._commit(stored, state, change)
        except CasConflictError as error:
            raise _conflict(expected=timestamp_version, found="a newer one") from error

    def refresh_if_due(self) -> bool:
        """Sign timestamp and snapshot again when half of their lifetime is over; True when that was done.

        Raises:
            StorageError: the store failed; try again soon.
            ConfigError: the daemon's key file is not the one that root names.
        """
        stored = self._store.timestamp()
        if stored is None:
            return False
        state, now = self._load(stored), self._clock()
        snapshot_due = _is_due(state.snapshot, self._lifetimes.snapshot, now)
        if not snapshot_due and not _is_due(state.timestamp, self._lifetimes.timestamp, now):
            return False
        self._require_own(state)
        unchanged = Change(root=state.root, targets=state.targets, new={})
        try:
            self._commit(stored, state, unchanged, keep_snapshot=not snapshot_due)
        except CasConflictError:
            return False  # whoever committed has signed both anew
        return True

    def get_metadata(self, name: str) -> bytes:
        """One committed metadata file by its TUF file name.

        Raises:
            FormatError: not such a name.
            MetadataNotFoundError: there is no such file.
            StorageError: the store failed.
        """
        wanted = parse_file_name(name)
        if wanted.version is None:
            stored = self._store.timestamp()
            data = None if stored is None else stored.data
        else:
            data = self._store.named(wanted.role, wanted.version)
            if data is None:
                data = self._not_yet_named(wanted.role, wanted.version)
        if data is None:
            raise MetadataNotFoundError(f"there is no metadata file {name}")
        return data

    def list_channels(self) -> tuple[ChannelInfo, ...]:
        """Every channel, by name.

        Raises:
            StorageError: the store failed.
        """
        stored = self._store.timestamp()
        if stored is None:
            return ()
        state = self._load(stored)
        return tuple(self._channel_info(state, name) for name in delegated_channels(state.targets.signed))

    # -- reading

    def _load(self, stored: StoredObject) -> RepositoryState:
        """The verified state that a committed timestamp stands for."""
        verified = self._verified
        if verified is not None and verified.timestamp.data == stored.data:
            return verified
        try:
            state = self._verify(stored.data)
        except PlatformError as error:
            if isinstance(error, StorageError):
                raise
            raise StorageError(
                f"the channel metadata in the store does not verify: {error}",
                hint="somebody wrote to the bucket; restore it from a backup",
            ) from error
        self._verified = state
        return state

    def _verify(self, data: bytes) -> RepositoryState:
        timestamp = parse(TIMESTAMP, Timestamp, data)
        generation = timestamp.version
        snapshot = self._listed(SNAPSHOT, Snapshot, timestamp.signed.snapshot_meta, generation)
        root = self._listed(ROOT, Root, snapshot.signed.meta.get(meta_name(ROOT)), generation)
        targets = self._listed(TARGETS, Targets, snapshot.signed.meta.get(meta_name(TARGETS)), generation)
        self_signed_root(root.data)
        by = f"root v{root.version}"
        verify_signatures(timestamp, root.signed, by=by)
        verify_signatures(snapshot, root.signed, by=by)
        verify_signatures(targets, root.signed, by=by)
        return RepositoryState(timestamp=timestamp, snapshot=snapshot, root=root, targets=targets)

    def _listed(self, role: str, kind: type[_T], meta: MetaFile | None, generation: int) -> Document[_T]:
        if meta is None or meta.hashes is None:
            raise StorageError(f"the committed metadata does not list {role}")
        digest = Digest(meta.hashes["sha256"])
        data = self._store.committed(role, meta.version, digest, generation=generation)
        if data is None:
            raise StorageError(f"the store has lost {role} v{meta.version}", hint="restore it from a backup")
        check_meta(meta, f"{role} v{meta.version}", data)
        return parse(role, kind, data)

    def _channel(self, state: RepositoryState, role: str) -> Document[Targets]:
        try:
            return self._listed(role, Targets, state.meta(role), state.generation)
        except StorageError:
            raise
        except PlatformError as error:
            raise StorageError(f"the metadata of {role} in the store does not verify: {error}") from error

    def _channel_info(self, state: RepositoryState, name: str) -> ChannelInfo:
        role = channel_role(name)
        if state.meta(role) is None:
            return ChannelInfo(name=name, version=0, release_digest=None, release_id="")
        document = self._channel(state, role)
        target = read_channel(document, name).target
        return ChannelInfo(
            name=name, version=document.version, release_digest=target.digest, release_id=target.release_id
        )

    def _not_yet_named(self, role: str, version: int) -> bytes | None:
        """A file of the newest generation, when that was committed but not settled."""
        stored = self._store.timestamp()
        if stored is None:
            return None
        state = self._load(stored)
        for listed_role, listed_version, digest in _referenced(state):
            if (listed_role, listed_version) == (role, version):
                return self._store.committed(role, version, digest, generation=state.generation)
        # Meanwhile a newer generation may have been committed, and this file got its name before that.
        return self._store.named(role, version)

    # -- writing

    def _require_own(self, state: RepositoryState) -> None:
        """Refuse to build on a state that another key signed: its root came from the store like everything else.

        A new root is the way out when the key file was lost, so a publish that has one is not refused.
        """
        if not self._online_keys.have_signed(state.timestamp):
            raise ConfigError(
                "the channel metadata in the store was signed with other online keys than this daemon holds",
                expected="a timestamp signed by " + _key_list(self._online_keys.public_keys(), TIMESTAMP),
                found=", ".join(sorted(key_id[:12] for key_id in state.timestamp.signatures)),
                hint="use the key file of the other daemons, or artifactctl renew --replace-online-keys",
            )

    def _is_committed(self, state: RepositoryState, submitted: Mapping[str, bytes]) -> bool:
        digests = {role: digest for role, _, digest in _referenced(state)}
        return all(digests.get(role) == Digest.of(data) for role, data in submitted.items())

    def _surroundings(self, state: RepositoryState | None) -> Surroundings:
        def channel(role: str) -> Document[Targets]:
            if state is None:
                raise StorageError(f"there is no {role} yet")
            return self._channel(state, role)

        return Surroundings(
            now=self._clock(),
            online_keys=self._online_keys,
            channel=channel,
            require_release=self._require_release,
        )

    def _require_release(self, target: ReleaseTarget) -> None:
        try:
            release = self._releases.get_by_digest(target.digest)
        except ReleaseNotFoundError as error:
            raise MissingArtifactError(
                f"the channel would point at a release that is not here: {target.digest}",
                hint="publish the release first",
            ) from error
        found = (len(release.manifest), release.release_id)
        if found != (target.length, target.release_id):
            raise MissingArtifactError(
                f"release {target.digest} has another length or id than the channel's metadata says",
                expected=f"{target.length} bytes, id {target.release_id}",
                found=f"{found[0]} bytes, id {found[1]}",
            )

    def _commit(
        self, stored: StoredObject | None, state: RepositoryState | None, change: Change, *, keep_snapshot: bool = False
    ) -> PublishResult:
        generation = 1
        if state is not None:
            self._store.settle(state.generation, _referenced(state))
            generation = state.generation + 1
        if state is not None and keep_snapshot:
            snapshot = state.snapshot
        else:
            snapshot = self._sign_snapshot(state, change)
            self._store.stage(generation, snapshot.data)
        for document in change.new.values():
            self._store.stage(generation, document.data)
        expires = self._clock() + self._lifetimes.timestamp
        timestamp = sign(
            TIMESTAMP,
            Timestamp(version=generation, expires=expires, snapshot_meta=meta_of(snapshot)),
            self._online_keys.signers_for(TIMESTAMP, change.root.signed),
        )
        self._store.swap_timestamp(timestamp.data, expected=stored)
        committed = RepositoryState(timestamp=timestamp, snapshot=snapshot, root=change.root, targets=change.targets)
        self._verified = committed
        self._settle_committed(committed)
        return PublishResult(timestamp_version=generation, snapshot_version=snapshot.version)

    def _settle_committed(self, state: RepositoryState) -> None:
        try:
            self._store.settle(state.generation, _referenced(state))
        except StorageError as error:
            # It is committed and readable as it is; the next commit settles it.
            _LOG.warning("channel metadata of generation %d is not settled yet: %s", state.generation, error)

    def _sign_snapshot(self, state: RepositoryState | None, change: Change) -> Document[Snapshot]:
        # Entries of removed channels stay: clients take a missing one for a rollback. Root is listed, too, which
        # clients do not need, so that one timestamp stands for the whole state.
        meta = {} if state is None else dict(state.snapshot.signed.meta)
        for role, document in change.new.items():
            meta[meta_name(role)] = meta_of(document)
        version = 1 if state is None else state.snapshot.version + 1
        expires = self._clock() + self._lifetimes.snapshot
        return sign(
            SNAPSHOT,
            Snapshot(version=version, expires=expires, meta=meta),
            self._online_keys.signers_for(SNAPSHOT, change.root.signed),
        )


def _referenced(state: RepositoryState) -> Iterator[tuple[str, int, Digest]]:
    """Role, version and digest of every file that a state consists of, but for the timestamp."""
    meta: Mapping[str, MetaFile] = state.snapshot.signed.meta
    yield SNAPSHOT, state.snapshot.version, state.snapshot.digest
    for name, entry in meta.items():
        if entry.hashes is not None:
            yield name.removesuffix(".json"), entry.version, Digest(entry.hashes["sha256"])


def _key_list(keys: Sequence[OnlinePublicKey], role: str) -> str:
    return ", ".join(key.key_id[:12] for key in keys if key.role == role)


def _is_due(document: Document[Timestamp] | Document[Snapshot], lifetime: timedelta, now: datetime) -> bool:
    return bool(document.signed.expires - now <= lifetime / 2)


def _conflict(*, expected: object, found: object) -> ChannelConflictError:
    return ChannelConflictError(
        "the channel metadata has moved on",
        expected=f"timestamp version {expected}",
        found=found,
        hint="read it again and retry",
    )
