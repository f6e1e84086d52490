"""What a publisher does with channels: initialise the repository, create channels, move them.

Private keys stay here: the service receives signed metadata only. Every change is one ``Publish``, which the service
commits or refuses as a whole; when another publisher was faster, it is made again from what that one left.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from securesystemslib.signer import Signer

from artifactd.client import publish
from artifactd.client.channels import ChannelClient
from artifactd.client.keys import KeyDirectory, KeyNotFoundError, PublicKey
from artifactd.client.publish import RoleKeys
from artifactd.client.releases import ReleaseRecord
from artifactd.client.resolve import Clock, open_session, utc_now
from artifactd.client.retry import RetryPolicy
from artifactd.client.state_store import StateStore
from artifactd.client.trust import ExpiryPolicy, TrustedTarget, TrustSession
from schemas.errors import ChannelConflictError, ChannelNotFoundError, ConfigError, IntegrityError
from schemas.release import decode_manifest
from schemas.tuf_metadata import SignedMetadata
from schemas.tuf_names import ROOT, TARGETS, channel_of_role, channel_role, file_name, max_size
from schemas.tuf_roles import ReleaseTarget, delegated_roles, self_signed_root

Passwords = Callable[[str], bytes | None]
"""Gives the password of an encrypted key, by the key's name; None if there is none to give."""

_FILES_PER_PUBLISH: Final = 64
"""What the service takes in one request."""
_RENEWED_BELOW: Final = 0.5
"""The part of its lifetime that a role must have left to be current; more often would make the chain of roots long."""
_FIRST_ROOT: Final = file_name(ROOT, 1)
_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelMoved:
    """A committed move: the channel's new metadata version, and the release it points at."""

    channel: str
    channel_version: int
    release: ReleaseTarget
    timestamp_version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Renewed:
    """The roles that were signed anew, those whose time has come but whose keys are elsewhere, and the others."""

    roles: tuple[str, ...]
    elsewhere: tuple[str, ...]
    current: tuple[str, ...]


class Publisher:
    """Changes channels with the keys of one directory.

    Every method that changes something raises ConfigError (KeyNotFoundError, KeyPasswordError) when a key cannot be
    used, the errors of :func:`artifactd.client.resolve.open_session` when the current metadata does not verify, and
    ServiceUnavailableError when the service cannot be reached. After any error the change can be tried again.
    """

    def __init__(
        self,
        channels: ChannelClient,
        keys: KeyDirectory,
        *,
        store: StateStore | None = None,
        passwords: Passwords = lambda _: None,
        clock: Clock = utc_now,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._channels = channels
        self._keys = keys
        self._store = store if store is not None else StateStore()
        self._passwords = passwords
        self._clock = clock
        self._retry = retry if retry is not None else RetryPolicy()

    def create_keys(self, *, password: bytes | None = None) -> list[str]:
        """Create the keys of root and targets that do not exist yet; return the names of the new ones."""
        missing = [role for role in (ROOT, TARGETS) if not self._keys.names_for(role)]
        for role in missing:
            self._keys.create(role, password=password)
        return missing

    def sign_root(self) -> bytes:
        """The first root, signed; distribute these bytes to users before or after :meth:`initialise`."""
        return publish.initial_root(
            root=self._role_keys(ROOT),
            targets=self._role_keys(TARGETS),
            online=self._channels.online_keys(),
            signers=self._signers(ROOT),
            now=self._clock(),
        ).data

    def find_root(self) -> bytes | None:
        """The first root of the service, if it is this publisher's; None if the service has none yet.

        Raises:
            ConfigError: the service belongs to another publisher.
        """
        data = self._channels.metadata(_FIRST_ROOT, max_length=max_size(ROOT))
        if data is None:
            return None
        named = set(self_signed_root(data).signed.roles[ROOT].keyids)
        if named != {self._keys.public_key(name).key_id for name in self._keys.names_for(ROOT)}:
            raise _another_root()
        return data

    def initialise(self, root: bytes) -> bool:
        """Give a new service its root and empty targets; whether it was done now (False: it has this very root).

        Raises:
            ConfigError: the service belongs to another root.
        """
        present = self._channels.metadata(_FIRST_ROOT, max_length=max_size(ROOT))
        if present is None:
            targets = publish.initial_targets(signers=self._signers(TARGETS), now=self._clock())
            try:
                self._channels.publish([SignedMetadata(role=ROOT, data=root), targets], timestamp_version=0)
            except ChannelConflictError:
                present = self._channels.metadata(_FIRST_ROOT, max_length=max_size(ROOT))
            else:
                return True
        if present != root:
            raise _another_root()
        return False

    def create_channel(self, root: bytes, channel: str, *, password: bytes | None = None) -> int:
        """Create a channel that points nowhere yet, and its key if there is none; return the timestamp's version.

        Raises:
            ConfigError: the channel exists.
        """
        role = channel_role(channel)
        if not self._keys.names_for(role):
            self._keys.create(role, password=password)
        signers = self._signers(TARGETS)

        def change(session: TrustSession) -> int:
            targets = publish.add_channel(
                session.targets, channel=channel, keys=self._role_keys(role), signers=signers, now=self._clock()
            )
            return self._channels.publish([targets], timestamp_version=session.timestamp_version)

        return self._repeat(root, change)

    def move_channel(self, root: bytes, channel: str, release: ReleaseRecord) -> ChannelMoved:
        """Point a channel at a published release. Promotion and rollback are the same: a new, higher version.

        Raises:
            ChannelNotFoundError: there is no such channel.
            IntegrityError: the manifest names another release than the service says.
        """
        named = decode_manifest(release.manifest).release_id
        if named != release.release_id:
            raise IntegrityError("the manifest is of another release", expected=release.release_id, found=named)
        target = ReleaseTarget(digest=release.digest, length=len(release.manifest), release_id=release.release_id)
        signers_of = functools.cache(self._signers)  # after the channel is known to exist; a password is asked for once

        def change(session: TrustSession) -> ChannelMoved:
            if channel not in session.channels():
                raise ChannelNotFoundError(
                    f"there is no channel {channel}", hint=f"artifactctl channel create {channel}"
                )
            version = session.channel_version(channel)
            moved = publish.move_channel(
                channel=channel,
                current_version=version,
                release=target,
                signers=signers_of(channel_role(channel)),
                now=self._clock(),
            )
            timestamp = self._channels.publish([moved], timestamp_version=session.timestamp_version)
            return ChannelMoved(
                channel=channel, channel_version=version + 1, release=target, timestamp_version=timestamp
            )

        return self._repeat(root, change)

    def rotate_channel_keys(self, root: bytes, channel: str, *, password: bytes | None = None) -> str:
        """Give a channel a new key in place of all that it has, and return the new key's id.

        The keys here that it replaces are retired once the service has committed the change. After an interruption
        the key that was made already is taken.

        Raises:
            ChannelNotFoundError: there is no such channel.
        """
        role, signers = channel_role(channel), self._signers(TARGETS)
        expiry = ExpiryPolicy.TOLERATE_PUBLISHERS

        def change(session: TrustSession) -> tuple[str, str]:
            named = _channel_key_ids(session, channel)
            unused = [name for name in self._keys.names_for(role) if self._keys.public_key(name).key_id not in named]
            new = self._keys.public_key(unused[-1]) if unused else self._new_key(role, password)
            now = self._clock()
            files = [
                publish.rotate_channel_keys(
                    session.targets, channel=channel, keys=RoleKeys(keys=(new.key,)), signers=signers, now=now
                )
            ]
            if channel in session.published_channels():
                files.append(
                    _moved_to_itself(self._open(root, channel, expiry).resolve(), [self._signer(new.name)], now)
                )
            self._channels.publish(files, timestamp_version=session.timestamp_version)
            return new.name, new.key_id

        new_name, key_id = self._repeat(root, change)
        for name in self._keys.names_for(role):
            if name != new_name:
                self._keys.retire(name)
        return key_id

    def renew(self, root: bytes, *, replace_online_keys: bool = False) -> Renewed:
        """Sign what has less than half of its lifetime left anew, otherwise as it is, where the keys are here.

        ``replace_online_keys`` lets root name the keys that the service offers now, on its word alone as at the
        beginning. It is the way out when the service has lost its key file, also after its signatures have expired.

        Raises:
            KeyNotFoundError: the key of root, which names the online keys, is not here.
            ConfigError: root has a threshold that the keys here do not reach.
        """
        expiry = ExpiryPolicy.TOLERATE_ALL if replace_online_keys else ExpiryPolicy.TOLERATE_PUBLISHERS
        online = self._channels.online_keys() if replace_online_keys else None
        if online is not None and not self._keys.names_for(ROOT):
            raise KeyNotFoundError(
                f"{self._keys.path} has no key of root, which names the online keys", hint="give the right directory"
            )
        signers_of = functools.cache(self._signers)  # a password is asked for once

        def change(session: TrustSession) -> Renewed:
            now = self._clock()
            targets = {name: self._open(root, name, expiry).resolve() for name in session.published_channels()}
            left = {
                ROOT: (session.root_expires - now) / publish.ROOT_LIFETIME,
                TARGETS: (session.targets_document.signed.expires - now) / publish.TARGETS_LIFETIME,
            }
            left |= {channel_role(name): (t.expires - now) / publish.CHANNEL_LIFETIME for name, t in targets.items()}
            due = [role for role in left if left[role] < _RENEWED_BELOW or (role == ROOT and online is not None)]
            held = [role for role in due if self._keys.names_for(role)]

            def signed(role: str) -> SignedMetadata:
                signers = signers_of(role)
                if role == ROOT:
                    return publish.rotate_root(session.root, signers=signers, now=now, online=online)
                if role == TARGETS:
                    return publish.renew_targets(session.targets, signers=signers, now=now)
                return _moved_to_itself(targets[channel_of_role(role) or ""], signers, now)

            version = session.timestamp_version
            for start in range(0, len(held), _FILES_PER_PUBLISH):
                files = [signed(role) for role in held[start : start + _FILES_PER_PUBLISH]]
                version = self._channels.publish(files, timestamp_version=version)
            return Renewed(
                roles=tuple(held),
                elsewhere=tuple(role for role in due if role not in held),
                current=tuple(role for role in left if role not in due),
            )

        return self._repeat(root, change, expiry=expiry)

    def _open(self, root: bytes, channel: str | None, expiry: ExpiryPolicy) -> TrustSession:
        return open_session(
            self._channels, root=root, channel=channel, store=self._store, clock=self._clock, expiry=expiry
        )

    def _repeat(
        self,
        root: bytes,
        change: Callable[[TrustSession], _Result],
        *,
        expiry: ExpiryPolicy = ExpiryPolicy.TOLERATE_PUBLISHERS,
    ) -> _Result:
        """Make a change from the current metadata, again after a pause when another publisher was faster."""
        conflicts = 0
        while True:
            session = self._open(root, None, expiry)
            try:
                return change(session)
            except ChannelConflictError:
                conflicts += 1
                if self._retry.gives_up(conflicts, answered=True):
                    raise
                self._retry.wait(conflicts)

    def _role_keys(self, role: str) -> RoleKeys:
        names = self._keys.names_for(role) or (role,)
        return RoleKeys(keys=tuple(self._keys.public_key(name).key for name in names))

    def _signers(self, role: str) -> Sequence[Signer]:
        return [self._signer(name) for name in self._keys.names_for(role) or (role,)]

    def _signer(self, name: str) -> Signer:
        return self._keys.signer(name, password=self._passwords(name) if self._keys.is_encrypted(name) else None)

    def _new_key(self, role: str, password: bytes | None) -> PublicKey:
        return self._keys.create(self._keys.next_name(role), password=password)


def _channel_key_ids(session: TrustSession, channel: str) -> set[str]:
    delegation = delegated_roles(session.targets_document.signed).get(channel_role(channel))
    if delegation is None:
        raise ChannelNotFoundError(f"there is no channel {channel}", hint=f"artifactctl channel create {channel}")
    return set(delegation.keyids)


def _moved_to_itself(target: TrustedTarget, signers: Sequence[Signer], now: datetime) -> SignedMetadata:
    release = ReleaseTarget(digest=target.release_digest, length=target.length, release_id=target.release_id)
    return publish.move_channel(
        channel=target.channel, current_version=target.channel_version, release=release, signers=signers, now=now
    )


def _another_root() -> ConfigError:
    return ConfigError(
        "this service was initialised with another root",
        hint="use the keys and the root.json of its publisher, or another service",
    )
