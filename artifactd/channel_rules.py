"""What the daemon checks before it commits: a change is accepted only if every client would accept its outcome.

Pure functions of the committed state, the submitted metadata and the time; what they need of the store they are given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tuf.api.metadata import MetaFile, Root, Snapshot, Targets, Timestamp

from artifactd.online_keys import ONLINE_ROLES, OnlineKeys
from schemas.errors import ConfigError, FormatError, SignatureError
from schemas.tuf_metadata import Document, SignedMetadata, check_not_expired, parse, verify_signatures
from schemas.tuf_names import ROOT, TARGETS, channel_of_role, meta_name
from schemas.tuf_roles import (
    ReleaseTarget,
    check_targets_shape,
    delegated_roles,
    next_root,
    read_channel,
    self_signed_root,
)

MAX_FILES_PER_PUBLISH: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositoryState:
    """The committed, verified state: one generation."""

    timestamp: Document[Timestamp]
    snapshot: Document[Snapshot]
    root: Document[Root]
    targets: Document[Targets]

    @property
    def generation(self) -> int:
        """The version of the timestamp."""
        return self.timestamp.version

    def meta(self, role: str) -> MetaFile | None:
        """The snapshot's entry of a role."""
        return self.snapshot.signed.meta.get(meta_name(role))


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A verified change: the root and targets after it, and every file that is new, by role."""

    root: Document[Root]
    targets: Document[Targets]
    new: Mapping[str, Document[Root] | Document[Targets]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What the rules need besides the state.

    ``channel`` returns the committed metadata of a channel role; ``require_release`` raises unless a release exists
    with this digest, length and id.
    """

    now: datetime
    online_keys: OnlineKeys
    channel: Callable[[str], Document[Targets]]
    require_release: Callable[[ReleaseTarget], None]


def by_role(metadata: Sequence[SignedMetadata]) -> Mapping[str, bytes]:
    """What one publish submits, by role.

    Raises:
        FormatError: nothing, too much, a role twice, or one that publishers do not sign.
    """
    if not 1 <= len(metadata) <= MAX_FILES_PER_PUBLISH:
        raise FormatError(
            "not a number of metadata files", expected=f"1 to {MAX_FILES_PER_PUBLISH}", found=len(metadata)
        )
    result: dict[str, bytes] = {}
    for item in metadata:
        if item.role not in (ROOT, TARGETS) and channel_of_role(item.role) is None:
            raise FormatError(
                "not a role that publishers sign",
                expected="root, targets or channel-<name>",
                found=repr(item.role)[:80],
            )
        if item.role in result:
            raise FormatError(f"{item.role} is submitted twice", hint="publish one version after the other")
        result[item.role] = item.data
    return result


def check_change(state: RepositoryState | None, submitted: Mapping[str, bytes], surroundings: Surroundings) -> Change:
    """Verify submitted metadata, by role, against the committed state; None is a repository not initialised yet.

    Raises:
        FormatError, SizeMismatchError: it is not well formed, or not of this kind of repository.
        SignatureError, ExpiredMetadataError: it does not verify, or the outcome would not.
        MissingArtifactError: a channel would point at a release that is not here.
    """
    root = _check_root(state, submitted.get(ROOT), surroundings)
    targets = _check_targets(state, submitted.get(TARGETS), root, surroundings.now)
    new: dict[str, Document[Root] | Document[Targets]] = {}
    if ROOT in submitted:
        new[ROOT] = root
    if TARGETS in submitted:
        new[TARGETS] = targets
    for role, data in submitted.items():
        if role not in (ROOT, TARGETS):
            new[role] = _check_channel(state, role, data, targets, surroundings)
    if TARGETS in new:
        _check_untouched_channels(state, targets, new, surroundings)
    return Change(root=root, targets=targets, new=new)


def _check_root(state: RepositoryState | None, data: bytes | None, surroundings: Surroundings) -> Document[Root]:
    if data is None:
        if state is None:
            raise FormatError("the first publish has no root", expected="root and targets")
        root = state.root
    elif state is None:
        root = self_signed_root(data)
        _require_version(ROOT, root.version, after=0)
    else:
        root = next_root(state.root, data)
    check_not_expired(root, surroundings.now, hint="artifactctl renew, with the keys of root")
    own = {key.key_id for key in surroundings.online_keys.public_keys()}
    for role in (ROOT, TARGETS):
        if own & set(root.signed.roles[role].keyids):
            raise SignatureError(f"root names this service's own key for {role}", hint="use a key of the publisher")
    for role in ONLINE_ROLES:
        try:
            surroundings.online_keys.signers_for(role, root.signed)
        except ConfigError as error:
            if data is None:
                raise  # the committed root is right, this daemon's key file is not
            raise SignatureError(
                f"root v{root.version} does not name this service's {role} key",
                expected=error.found,
                found=error.expected,
                hint="take the online keys from GetOnlineKeys",
            ) from error
    return root


def _check_targets(
    state: RepositoryState | None, data: bytes | None, root: Document[Root], now: datetime
) -> Document[Targets]:
    if data is not None:
        targets = parse(TARGETS, Targets, data)
        _require_version(TARGETS, targets.version, after=0 if state is None else state.targets.version)
        check_targets_shape(targets.signed)
    elif state is not None:
        targets = state.targets
    else:
        raise FormatError("the first publish has no targets", expected="root and targets")
    # Also when only root is new: it may name other keys for targets.
    verify_signatures(targets, root.signed, by=f"root v{root.version}")
    check_not_expired(targets, now, hint="artifactctl renew, with the keys of targets")
    return targets


def _check_channel(
    state: RepositoryState | None, role: str, data: bytes, targets: Document[Targets], surroundings: Surroundings
) -> Document[Targets]:
    document = parse(role, Targets, data)
    verify_signatures(document, targets.signed, by=f"targets v{targets.version}")
    meta = None if state is None else state.meta(role)
    _require_version(role, document.version, after=0 if meta is None else meta.version)
    check_not_expired(document, surroundings.now, hint="sign it with a later expiry")
    surroundings.require_release(read_channel(document, channel_of_role(role) or "").target)
    return document


def _check_untouched_channels(
    state: RepositoryState | None,
    targets: Document[Targets],
    new: Mapping[str, object],
    surroundings: Surroundings,
) -> None:
    """New targets may have taken a key away: channels that are not in the change must still verify."""
    for role in delegated_roles(targets.signed):
        if state is None or role in new or state.meta(role) is None:
            continue
        document = surroundings.channel(role)
        try:
            verify_signatures(document, targets.signed, by=f"targets v{targets.version}")
        except SignatureError as error:
            raise SignatureError(
                f"with targets v{targets.version} the committed {role} v{document.version} would not verify",
                expected=error.expected,
                found=error.found,
                hint="publish the channel, signed with its new keys, in the same request; or remove the channel",
            ) from error


def _require_version(role: str, found: int, *, after: int) -> None:
    if found != after + 1:
        raise SignatureError(
            f"{role} does not follow the committed version",
            expected=f"v{after + 1}",
            found=f"v{found}",
            hint="read the current metadata and sign again",
        )
