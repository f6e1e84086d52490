"""The publisher's side of signing: current metadata and keys in, new signed metadata out. No I/O, no clock.

Every function returns one :class:`SignedMetadata` for ``Channels.Publish``; several travel in one request when they
belong together (a rotated channel key and the channel signed with it). Private keys stay in the signers.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from securesystemslib.signer import Key, Signer
from tuf.api.metadata import DelegatedRole, Delegations, Role, Root, Targets

from schemas.errors import ChannelNotFoundError, ConfigError, FormatError, SignatureError
from schemas.tuf_metadata import Document, SignedMetadata, parse, parse_public_key, sign, verify_signatures
from schemas.tuf_names import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, channel_role, channel_target
from schemas.tuf_roles import (
    ChannelMove,
    ReleaseTarget,
    check_targets_shape,
    delegated_roles,
    read_channel,
    target_file,
)

ROOT_LIFETIME: Final = timedelta(days=365)
TARGETS_LIFETIME: Final = timedelta(days=365)
CHANNEL_LIFETIME: Final = timedelta(days=90)

OnlineRole = Literal["snapshot", "timestamp"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RoleKeys:
    """The keys of a role, and how many of them must sign."""

    keys: tuple[Key, ...]
    threshold: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.threshold <= len(self.keys):
            raise ConfigError(
                "the threshold cannot be reached", expected=f"1 to {len(self.keys)} key(s)", found=self.threshold
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class OnlineKey:
    """The public half of a key with which the service signs snapshot or timestamp."""

    role: OnlineRole
    key: Key


def parse_online_keys(keys: Iterable[tuple[str, str, str]]) -> tuple[OnlineKey, ...]:
    """Read the service's keys: (role, key id, JSON of the key) as in ``GetOnlineKeysResponse``.

    Raises:
        FormatError: a malformed key, another role, or no key for one of the two roles.
    """
    result = []
    for role, key_id, text in keys:
        if role == SNAPSHOT:
            result.append(OnlineKey(role="snapshot", key=parse_public_key(key_id, text)))
        elif role == TIMESTAMP:
            result.append(OnlineKey(role="timestamp", key=parse_public_key(key_id, text)))
        else:
            raise FormatError("an online key has another role", expected="snapshot or timestamp", found=repr(role)[:40])
    missing = {SNAPSHOT, TIMESTAMP} - {online.role for online in result}
    if missing:
        raise FormatError("the service offers no online key for a role", found=", ".join(sorted(missing)))
    return tuple(result)


def initial_root(
    *,
    root: RoleKeys,
    targets: RoleKeys,
    online: Sequence[OnlineKey],
    signers: Sequence[Signer],
    now: datetime,
    lifetime: timedelta = ROOT_LIFETIME,
) -> SignedMetadata:
    """Version 1 of root: who may sign what. Its bytes are the trusted root that users are given.

    Raises:
        ConfigError: ``signers`` do not reach the threshold of ``root``.
    """
    signed = Root(version=1, expires=now + lifetime, consistent_snapshot=True)
    _set_root_keys(signed, root=root, targets=targets, online=online)
    document = sign(ROOT, signed, signers)
    _require_threshold(document, signed, by="root v1")
    return _result(document)


def rotate_root(
    current: bytes,
    *,
    signers: Sequence[Signer],
    now: datetime,
    root: RoleKeys | None = None,
    targets: RoleKeys | None = None,
    online: Sequence[OnlineKey] | None = None,
    lifetime: timedelta = ROOT_LIFETIME,
) -> SignedMetadata:
    """The next version of root, signed by the old and the new root keys; None keeps what the current root says.

    Raises:
        ConfigError: ``signers`` do not reach the thresholds of the old and the new root.
    """
    old = parse(ROOT, Root, current).signed
    signed = copy.deepcopy(old)
    signed.version += 1
    signed.expires = now + lifetime
    _set_root_keys(signed, root=root, targets=targets, online=online)
    document = sign(ROOT, signed, signers)
    _require_threshold(document, old, by=f"root v{old.version}")
    _require_threshold(document, signed, by=f"root v{signed.version}")
    return _result(document)


def initial_targets(
    *, signers: Sequence[Signer], now: datetime, lifetime: timedelta = TARGETS_LIFETIME
) -> SignedMetadata:
    """Version 1 of the top-level targets: no channels yet."""
    delegations = Delegations({}, {})
    return _result(sign(TARGETS, Targets(version=1, expires=now + lifetime, delegations=delegations), signers))


def renew_targets(
    targets: bytes, *, signers: Sequence[Signer], now: datetime, lifetime: timedelta = TARGETS_LIFETIME
) -> SignedMetadata:
    """The next version of the top-level targets, unchanged but for the expiry."""
    return _result(sign(TARGETS, _next_targets(targets, now + lifetime), signers))


def add_channel(
    targets: bytes,
    *,
    channel: str,
    keys: RoleKeys,
    signers: Sequence[Signer],
    now: datetime,
    lifetime: timedelta = TARGETS_LIFETIME,
) -> SignedMetadata:
    """The next version of the top-level targets, with one more channel.

    Raises:
        ConfigError: the channel exists.
    """
    signed = _next_targets(targets, now + lifetime)
    if channel_role(channel) in delegated_roles(signed):
        raise ConfigError(f"channel {channel} exists already", hint="move it, or rotate its keys")
    _delegate(signed, channel, keys)
    return _result(sign(TARGETS, signed, signers))


def rotate_channel_keys(
    targets: bytes,
    *,
    channel: str,
    keys: RoleKeys,
    signers: Sequence[Signer],
    now: datetime,
    lifetime: timedelta = TARGETS_LIFETIME,
) -> SignedMetadata:
    """The next version of the top-level targets, with other keys for a channel.

    Publish it together with a move of the channel signed by the new keys: the service refuses a state in which a
    channel does not verify.

    Raises:
        ChannelNotFoundError: there is no such channel.
    """
    signed = _next_targets(targets, now + lifetime)
    _undelegate(signed, channel)
    _delegate(signed, channel, keys)
    return _result(sign(TARGETS, signed, signers))


def remove_channel(
    targets: bytes,
    *,
    channel: str,
    signers: Sequence[Signer],
    now: datetime,
    lifetime: timedelta = TARGETS_LIFETIME,
) -> SignedMetadata:
    """The next version of the top-level targets, without a channel.

    Raises:
        ChannelNotFoundError: there is no such channel.
    """
    signed = _next_targets(targets, now + lifetime)
    _undelegate(signed, channel)
    return _result(sign(TARGETS, signed, signers))


def move_channel(
    *,
    channel: str,
    current_version: int,
    release: ReleaseTarget,
    signers: Sequence[Signer],
    now: datetime,
    lifetime: timedelta = CHANNEL_LIFETIME,
) -> SignedMetadata:
    """The next version of a channel, pointing at a release.

    Promotion and rollback are the same thing: going back to an older release is a new, higher version of the
    metadata, so that clients can tell it from a replay. ``current_version`` is 0 for a channel never published.

    Raises:
        FormatError: the release is not one a channel can point at.
    """
    move = ChannelMove(target=release, moved_at=now)
    path = channel_target(channel)
    targets = Targets(version=current_version + 1, expires=now + lifetime, targets={path: target_file(channel, move)})
    document = sign(channel_role(channel), targets, signers)
    read_channel(document, channel)
    return _result(document)


def _result(document: Document[Root] | Document[Targets]) -> SignedMetadata:
    return SignedMetadata(role=document.role, data=document.data)


def _require_threshold(document: Document[Root], delegator: Root, *, by: str) -> None:
    try:
        verify_signatures(document, delegator, by=by)
    except SignatureError as error:
        raise ConfigError(
            f"too few keys to sign root v{document.version}",
            expected=error.expected,
            found=error.found,
            hint="sign with the keys of the old and of the new root",
        ) from error


def _set_root_keys(
    root_metadata: Root, *, root: RoleKeys | None, targets: RoleKeys | None, online: Sequence[OnlineKey] | None
) -> None:
    wanted: dict[str, RoleKeys] = {}
    if root is not None:
        wanted[ROOT] = root
    if targets is not None:
        wanted[TARGETS] = targets
    if online is not None:
        for role in (SNAPSHOT, TIMESTAMP):
            wanted[role] = RoleKeys(keys=tuple(key.key for key in online if key.role == role))
    for role, keys in wanted.items():
        root_metadata.roles[role] = Role([key.keyid for key in keys.keys], keys.threshold)
        for key in keys.keys:
            root_metadata.keys[key.keyid] = key
    named = {key_id for role_keys in root_metadata.roles.values() for key_id in role_keys.keyids}
    root_metadata.keys = {key_id: key for key_id, key in root_metadata.keys.items() if key_id in named}


def _next_targets(current: bytes, expires: datetime) -> Targets:
    signed = copy.deepcopy(parse(TARGETS, Targets, current).signed)
    check_targets_shape(signed)
    if signed.delegations is None:
        signed.delegations = Delegations({}, {})
    signed.version += 1
    signed.expires = expires
    return signed


def _delegate(targets: Targets, channel: str, keys: RoleKeys) -> None:
    delegations = targets.delegations
    if delegations is None or delegations.roles is None:
        raise FormatError("targets cannot delegate", hint="use metadata written by this tool")
    role = channel_role(channel)
    key_ids = [key.keyid for key in keys.keys]
    delegations.roles[role] = DelegatedRole(role, key_ids, keys.threshold, True, [channel_target(channel)])
    for key in keys.keys:
        delegations.keys[key.keyid] = key


def _undelegate(targets: Targets, channel: str) -> None:
    delegations = targets.delegations
    role = channel_role(channel)
    if delegations is None or delegations.roles is None or role not in delegations.roles:
        raise ChannelNotFoundError(f"there is no channel {channel}")
    del delegations.roles[role]
    named = {key_id for other in delegations.roles.values() for key_id in other.keyids}
    delegations.keys = {key_id: key for key_id, key in delegations.keys.items() if key_id in named}
