"""Verification of a channel: metadata bytes in, the digest of a release out. No I/O and no clock.

A :class:`TrustSession` says which file it needs next and takes its bytes; whoever drives it fetches. The rules, in
order (The Update Framework 1.0, section 5.3):

1. Start from the root the user configured, or the newest one that was verified from it before. Take the next root
   version for as long as there is one; each is signed by the keys of its predecessor and by its own. The last one
   must not be expired.
2. ``timestamp.json``, signed as the root says, not older than the one trusted before, not expired.
3. The snapshot, exactly the file that the timestamp names, signed as the root says, not expired; no file it lists has
   a lower version than before, and none is missing.
4. The top-level targets, exactly the file that the snapshot names, signed as the root says, not expired.
5. The channel's metadata, exactly the file that the snapshot names, signed as the targets' delegation for this
   channel says, not expired. It holds the channel's one target: sha256 and length of a release manifest.

Nothing is trusted before it is verified, and every file has a size cap.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from tuf.api.metadata import MetaFile, Root, Snapshot, Targets, Timestamp

from artifactd.client.trust_state import TrustedState
from schemas.digest import Digest
from schemas.errors import (
    ChannelNotFoundError,
    IntegrityError,
    PlatformError,
    RollbackError,
    SignatureError,
    SizeMismatchError,
)
from schemas.tuf_metadata import Document, check_meta, check_not_expired, parse, verify_signatures
from schemas.tuf_names import (
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    TIMESTAMP_FILE,
    channel_role,
    check_channel_name,
    file_name,
    max_size,
    meta_name,
)
from schemas.tuf_roles import (
    check_delegation,
    delegated_channels,
    delegated_roles,
    next_root,
    read_channel,
    self_signed_root,
)

MAX_ROOT_STEPS: Final = 64
"""New root versions taken in one session; more are refused, as an endless chain would be."""

_T = TypeVar("_T", Root, Targets, Snapshot, Timestamp)
_HINT_SERVICE: Final = "the service, or something between, replays old metadata, or its clock or this one is wrong"
_HINT_PUBLISHER: Final = "the publisher has to sign it anew: artifactctl renew"


@dataclass(frozen=True, kw_only=True, slots=True)
class MetadataRequest:
    """A file to fetch: its name for ``GetMetadata``, and the most bytes to read of it."""

    name: str
    max_length: int


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedTarget:
    """Where a verified channel points. ``release_digest`` and ``length`` are those of the manifest's stored bytes.

    ``moved_at`` is what the publisher signed; ``expires`` is when the channel's metadata ends to be valid.
    """

    channel: str
    channel_version: int
    release_digest: Digest
    length: int
    release_id: str
    moved_at: datetime
    expires: datetime


class ExpiryPolicy(enum.Enum):
    """What to do about expired metadata of the publisher: root, targets and channels.

    Publishers tolerate it, to be able to renew it. Expired metadata of the service (timestamp and snapshot) is what
    reveals a replay, so it is refused, but for the one change that a service without its keys is waiting for.
    """

    REFUSE = enum.auto()
    TOLERATE_PUBLISHERS = enum.auto()
    TOLERATE_ALL = enum.auto()


class _Phase(enum.Enum):
    ROOT = enum.auto()
    TIMESTAMP = enum.auto()
    SNAPSHOT = enum.auto()
    TARGETS = enum.auto()
    CHANNEL = enum.auto()
    FINISHED = enum.auto()
    FAILED = enum.auto()


class TrustSession:
    """One verification, from the root to a channel. See the module for the rules.

    ``channel`` None stops after the top-level targets. ``previous`` is the state of an earlier session: it refuses
    replays and saves downloads. Parts of it that do not verify are left out and named in :attr:`discarded`.

    Raises:
        FormatError: ``root`` is not root metadata, or ``channel`` not a channel name.
        SignatureError: ``root`` is not signed by its own keys.
    """

    def __init__(
        self,
        *,
        root: bytes,
        now: datetime,
        channel: str | None,
        previous: TrustedState | None = None,
        expiry: ExpiryPolicy = ExpiryPolicy.REFUSE,
    ) -> None:
        if now.tzinfo is None:
            raise ValueError("now must be an aware time")
        self._now = now
        self._expiry = expiry
        self._channel = None if channel is None else check_channel_name(channel)
        self._discarded: list[str] = []
        self._root = self_signed_root(root)
        self._state = TrustedState(anchor=Digest.of(root), root=root)
        if previous is not None:
            self._resume(previous)
        self._root_steps = 0
        self._timestamp: Document[Timestamp] | None = None
        self._snapshot: Document[Snapshot] | None = None
        self._targets: Document[Targets] | None = None
        self._channel_document: Document[Targets] | None = None
        self._target: TrustedTarget | None = None
        # What the next file must be: its entry in the timestamp or snapshot. None for root and timestamp.
        self._meta: MetaFile | None = None
        self._phase = _Phase.ROOT

    def next_request(self) -> MetadataRequest | None:
        """The file to fetch next; None when the session has finished.

        Raises:
            RuntimeError: the session has failed; start another one.
        """
        if self._phase is _Phase.FAILED:
            raise RuntimeError("this trust session has failed")
        if self._phase is _Phase.FINISHED:
            return None
        if self._phase is _Phase.ROOT:
            return MetadataRequest(name=file_name(ROOT, self._root.version + 1), max_length=max_size(ROOT))
        role, meta = self._role(), self._meta
        if meta is None:
            return MetadataRequest(name=TIMESTAMP_FILE, max_length=max_size(TIMESTAMP))
        return MetadataRequest(name=file_name(role, meta.version), max_length=min(max_size(role), meta.length or 0))

    def feed(self, data: bytes | None) -> None:
        """Take the file that :meth:`next_request` named; None means that the service does not have it.

        Raises:
            ChannelNotFoundError: the verified metadata does not have the channel, or the service has none at all.
            ExpiredMetadataError, RollbackError, SignatureError: the metadata is not to be trusted.
            SizeMismatchError, DigestMismatchError, FormatError: it is not even what signed metadata names.
        """
        request = self.next_request()
        if request is None:
            raise RuntimeError("this trust session has finished")
        try:
            if data is not None and len(data) > request.max_length:
                limit = f"<= {request.max_length} bytes"
                raise SizeMismatchError(f"{request.name} is too large", expected=limit, found=len(data))
            if self._phase is _Phase.ROOT:
                self._feed_root(data)
            elif data is None:
                raise self._missing(request.name)
            else:
                self._accept(data)
        except PlatformError:
            self._phase = _Phase.FAILED
            raise

    def resolve(self) -> TrustedTarget:
        """Where the channel points, once the session has finished."""
        if self._phase is not _Phase.FINISHED or self._target is None:
            raise RuntimeError("this trust session has not verified a channel")
        return self._target

    @property
    def state(self) -> TrustedState:
        """What to remember. It holds verified bytes only, so keep it also after a failure."""
        return self._state

    @property
    def discarded(self) -> tuple[str, ...]:
        """The parts of the previous state that do not verify any more; worth a line in a log."""
        return tuple(self._discarded)

    @property
    def root(self) -> bytes:
        """The newest verified root."""
        return self._root.data

    @property
    def root_expires(self) -> datetime:
        """When the newest verified root ends to be valid."""
        return self._root.signed.expires

    @property
    def targets(self) -> bytes:
        """The verified top-level targets."""
        return self._verified_targets().data

    @property
    def targets_document(self) -> Document[Targets]:
        """The verified top-level targets, parsed."""
        return self._verified_targets()

    @property
    def channel_document(self) -> Document[Targets]:
        """The verified metadata of the channel, parsed."""
        if self._channel_document is None:
            raise RuntimeError("this trust session has not verified a channel")
        return self._channel_document

    @property
    def timestamp_version(self) -> int:
        """The version of the verified timestamp, which ``Publish`` expects."""
        if self._timestamp is None:
            raise RuntimeError("this trust session has not verified a timestamp")
        return self._timestamp.version

    def channel_version(self, channel: str) -> int:
        """The version of a channel's newest metadata; 0 when it was never published."""
        if self._snapshot is None:
            raise RuntimeError("this trust session has not verified a snapshot")
        meta = self._snapshot.signed.meta.get(meta_name(channel_role(channel)))
        return 0 if meta is None else meta.version

    def channels(self) -> tuple[str, ...]:
        """The channels of the verified targets, sorted."""
        return delegated_channels(self._verified_targets().signed)

    def published_channels(self) -> tuple[str, ...]:
        """Those that point at a release."""
        return tuple(name for name in self.channels() if self.channel_version(name))

    # -- the previous state

    def _resume(self, previous: TrustedState) -> None:
        """Take over what was verified before. What depends on the final root is checked when that is known."""
        known = replace(previous, anchor=self._state.anchor, root=self._root.data)
        if previous.anchor == self._state.anchor and previous.root != self._root.data:
            try:
                root = self_signed_root(previous.root)
            except PlatformError:
                self._discarded.append(ROOT)
            else:
                if root.version >= self._root.version:
                    self._root = root
                    known = replace(known, root=root.data)
        self._state = known

    def _check_previous(self) -> None:
        """Drop what the final root does not vouch for: after a change of online keys that is right (5.3.11)."""
        if self._state.timestamp is not None:
            self._timestamp = self._previous(TIMESTAMP, Timestamp, self._state.timestamp)
            if self._timestamp is None:
                self._state = replace(self._state, timestamp=None)
        if self._state.snapshot is not None:
            self._snapshot = self._previous(SNAPSHOT, Snapshot, self._state.snapshot)
            if self._snapshot is None:
                self._state = replace(self._state, snapshot=None)

    def _previous(self, role: str, kind: type[_T], data: bytes) -> Document[_T] | None:
        try:
            document = parse(role, kind, data)
            verify_signatures(document, self._root.signed, by=self._root_name())
        except PlatformError:
            self._discarded.append(role)
            return None
        return document

    # -- the steps

    def _feed_root(self, data: bytes | None) -> None:
        if data is None:
            self._check_publisher_expiry(self._root)
            self._check_previous()
            self._phase = _Phase.TIMESTAMP
            return
        self._root_steps += 1
        if self._root_steps > MAX_ROOT_STEPS:
            raise SignatureError("the chain of roots does not end", expected=f"<= {MAX_ROOT_STEPS} new versions")
        self._root = next_root(self._root, data)
        self._state = replace(self._state, root=self._root.data)

    def _accept(self, data: bytes) -> None:
        if self._phase is _Phase.TIMESTAMP:
            timestamp = self._accept_timestamp(data)
            self._enter(_Phase.SNAPSHOT, timestamp.signed.snapshot_meta)
        elif self._phase is _Phase.SNAPSHOT:
            snapshot = self._accept_snapshot(data)
            meta = snapshot.signed.meta.get(meta_name(TARGETS))
            if meta is None:
                raise SignatureError("the snapshot does not list the targets", hint=_HINT_SERVICE)
            self._enter(_Phase.TARGETS, meta)
        elif self._phase is _Phase.TARGETS:
            self._accept_targets(data)
            if self._channel is None:
                self._phase = _Phase.FINISHED
            else:
                self._enter(_Phase.CHANNEL, self._channel_meta(self._channel))
        else:
            self._accept_channel(data, self._channel or "")
            self._phase = _Phase.FINISHED

    def _enter(self, phase: _Phase, meta: MetaFile) -> None:
        """Expect a file next, and take it from the previous state when that holds exactly this file."""
        self._phase, self._meta = phase, meta
        known = {
            _Phase.SNAPSHOT: self._state.snapshot,
            _Phase.TARGETS: self._state.targets,
            _Phase.CHANNEL: self._state.channels.get(self._channel or ""),
        }[phase]
        if known is None:
            return
        try:
            check_meta(meta, self._role(), known)
        except IntegrityError:
            return  # another version: fetch it
        self._accept(known)

    def _accept_timestamp(self, data: bytes) -> Document[Timestamp]:
        old = self._timestamp
        if old is not None and old.data == data:
            new = old  # verified already, under this root
        else:
            new = parse(TIMESTAMP, Timestamp, data)
            verify_signatures(new, self._root.signed, by=self._root_name())
        if old is not None:
            _refuse_rollback("timestamp.json", old.version, new.version)
            _refuse_rollback(
                "the snapshot of the timestamp", old.signed.snapshot_meta.version, new.signed.snapshot_meta.version
            )
        # Of two files of one version the one trusted first stays.
        if old is None or new.version > old.version:
            self._timestamp = new
            self._state = replace(self._state, timestamp=new.data)
        else:
            new = old
        self._check_service_expiry(new)
        return new

    def _accept_snapshot(self, data: bytes) -> Document[Snapshot]:
        old = self._snapshot
        known = old if old is not None and old.data == data else None
        new = self._check_listed(SNAPSHOT, Snapshot, data, known=known)
        if known is None:
            verify_signatures(new, self._root.signed, by=self._root_name())
        for name, meta in old.signed.meta.items() if old is not None else ():
            listed = new.signed.meta.get(name)
            _refuse_rollback(name, meta.version, 0 if listed is None else listed.version)
        self._check_service_expiry(new)
        self._snapshot = new
        self._state = replace(self._state, snapshot=new.data)
        return new

    def _accept_targets(self, data: bytes) -> None:
        new = self._check_listed(TARGETS, Targets, data)
        verify_signatures(new, self._root.signed, by=self._root_name())
        self._check_publisher_expiry(new)
        self._targets = new
        self._state = replace(self._state, targets=new.data)

    def _channel_meta(self, channel: str) -> MetaFile:
        delegation = delegated_roles(self._verified_targets().signed).get(channel_role(channel))
        if delegation is None:
            known = ", ".join(self.channels()[:20]) or "a channel, but there is none yet"
            raise ChannelNotFoundError(
                f"there is no channel {channel}", expected=known, hint="artifactctl channel list names them all"
            )
        check_delegation(delegation, channel)
        meta = self._snapshot.signed.meta.get(meta_name(channel_role(channel))) if self._snapshot else None
        if meta is None:
            raise ChannelNotFoundError(
                f"channel {channel} does not point at a release yet",
                hint=f"artifactctl channel promote {channel} RELEASE",
            )
        return meta

    def _accept_channel(self, data: bytes, channel: str) -> None:
        new, targets = self._check_listed(channel_role(channel), Targets, data), self._verified_targets()
        verify_signatures(new, targets.signed, by=f"targets v{targets.version}")
        self._check_publisher_expiry(new)
        move = read_channel(new, channel)
        self._channel_document = new
        self._state = replace(self._state, channels=MappingProxyType({**self._state.channels, channel: new.data}))
        self._target = TrustedTarget(
            channel=channel,
            channel_version=new.version,
            release_digest=move.target.digest,
            length=move.target.length,
            release_id=move.target.release_id,
            moved_at=move.moved_at,
            expires=new.signed.expires,
        )

    # -- helpers

    def _check_listed(
        self, role: str, kind: type[_T], data: bytes, *, known: Document[_T] | None = None
    ) -> Document[_T]:
        """Read a file that must be exactly the one its entry names; ``known`` are the same bytes, read before."""
        if self._meta is None:
            raise RuntimeError("no file is expected")
        check_meta(self._meta, file_name(role, self._meta.version), data)
        document = known if known is not None else parse(role, kind, data)
        if document.version != self._meta.version:
            raise SignatureError(
                f"{role} has another version than was signed", expected=self._meta.version, found=document.version
            )
        return document

    def _check_publisher_expiry(self, document: Document[_T]) -> None:
        if self._expiry is ExpiryPolicy.REFUSE:
            check_not_expired(document, self._now, hint=_HINT_PUBLISHER)

    def _check_service_expiry(self, document: Document[_T]) -> None:
        if self._expiry is not ExpiryPolicy.TOLERATE_ALL:
            check_not_expired(document, self._now, hint=_HINT_SERVICE)

    def _role(self) -> str:
        if self._phase is _Phase.CHANNEL:
            return channel_role(self._channel or "")
        return self._phase.name.lower()

    def _missing(self, name: str) -> PlatformError:
        if self._phase is not _Phase.TIMESTAMP:
            return SignatureError(f"the service does not have {name}, which signed metadata names", hint=_HINT_SERVICE)
        if self._timestamp is not None:
            return RollbackError("the service has lost its metadata", expected=f"timestamp v{self._timestamp.version}")
        return ChannelNotFoundError("the service has no channels yet", hint="publish to it, or check the address")

    def _verified_targets(self) -> Document[Targets]:
        if self._targets is None:
            raise RuntimeError("this trust session has not verified the targets")
        return self._targets

    def _root_name(self) -> str:
        return f"root v{self._root.version}"


class MetadataConsumer(Protocol):
    """What asks for metadata files one after the other: a trust session, or a channel's history."""

    def next_request(self) -> MetadataRequest | None:
        """The file to fetch next; None at the end."""
        ...

    def feed(self, data: bytes | None) -> None:
        """Take the requested file; None where there is none."""
        ...


def verify(session: MetadataConsumer, fetch: Callable[[MetadataRequest], bytes | None]) -> None:
    """Drive a session to its end. ``fetch`` returns a file's bytes, or None where the service does not have it.

    Raises:
        what :meth:`TrustSession.feed` and ``fetch`` raise.
    """
    while (request := session.next_request()) is not None:
        session.feed(fetch(request))


def _refuse_rollback(name: str, old: int, new: int) -> None:
    if new < old:
        raise RollbackError(
            f"{name} is older than before",
            expected=f">= v{old}",
            found=f"v{new}" if new else "none",
            hint=_HINT_SERVICE,
        )
