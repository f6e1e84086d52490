"""What this repository's metadata says, beyond being valid TUF: channels, their delegations and their target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tuf.api.metadata import DelegatedRole, Root, TargetFile, Targets

from schemas.digest import Digest
from schemas.errors import FormatError, SignatureError
from schemas.release import MAX_MANIFEST_BYTES, check_release_id
from schemas.tuf_metadata import Document, format_time, parse, verify_signatures
from schemas.tuf_names import ROOT, channel_of_role, channel_role, channel_target, check_channel_name

_RELEASE_ID: Final = "releaseId"
_MOVED_AT: Final = "movedAt"
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseTarget:
    """The release a channel points at: sha256 and length of the manifest's stored bytes, and its id."""

    digest: Digest
    length: int
    release_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelMove:
    """One version of a channel: where it points, and when the publisher says it was moved there (UTC)."""

    target: ReleaseTarget
    moved_at: datetime


def check_root_shape(root: Root) -> None:
    """Check what the client relies on beyond valid TUF.

    Raises:
        FormatError: the root does not promise consistent snapshots.
    """
    if root.consistent_snapshot is not True:
        raise FormatError("root does not promise consistent snapshots", expected=True, found=root.consistent_snapshot)


def self_signed_root(data: bytes) -> Document[Root]:
    """Read a root that is trusted for other reasons than its signatures.

    Raises:
        FormatError: it is not root metadata of this kind of repository.
        SignatureError: it is not signed by its own keys.
    """
    document = parse(ROOT, Root, data)
    check_root_shape(document.signed)
    verify_signatures(document, document.signed, by=f"root v{document.version}")
    return document


def next_root(current: Document[Root], data: bytes) -> Document[Root]:
    """Verify a root against its predecessor.

    Raises:
        FormatError: it is not root metadata of this kind of repository.
        SignatureError: it is not the next version, or not signed by the old and the new keys.
    """
    document = parse(ROOT, Root, data)
    verify_signatures(document, current.signed, by=f"root v{current.version}")
    if document.version != current.version + 1:
        raise SignatureError(
            "root versions do not follow each other", expected=current.version + 1, found=document.version
        )
    verify_signatures(document, document.signed, by=f"root v{document.version}")
    check_root_shape(document.signed)
    return document


def delegated_roles(targets: Targets) -> Mapping[str, DelegatedRole]:
    """The delegations of top-level targets by role name."""
    roles = targets.delegations.roles if targets.delegations is not None else None
    return roles if roles is not None else {}


def delegated_channels(targets: Targets) -> tuple[str, ...]:
    """The names of the channels that targets delegate to, in order."""
    names = (channel_of_role(role) for role in delegated_roles(targets))
    return tuple(sorted(name for name in names if name is not None))


def check_delegation(role: DelegatedRole, channel: str) -> None:
    """Check that a delegation is that of a channel: for its one target, and final.

    Raises:
        FormatError: it covers other paths, or is not terminating.
    """
    path = channel_target(channel)
    if role.paths != [path] or role.terminating is not True:
        raise FormatError(
            f"the delegation of channel {channel} is not one this repository uses",
            expected=f"terminating, for {path} alone",
            found=f"{repr(role.paths)[:120]}, terminating {role.terminating}",
        )


def check_targets_shape(targets: Targets) -> None:
    """Check that top-level targets hold nothing but channel delegations.

    Raises:
        FormatError: they hold targets of their own, or another delegation.
    """
    if targets.targets:
        raise FormatError("top-level targets must delegate only", found=f"{len(targets.targets)} target(s)")
    for name, role in delegated_roles(targets).items():
        channel = channel_of_role(name)
        if channel is None:
            raise FormatError("targets delegate to a role that is no channel", found=repr(name)[:80])
        check_delegation(role, channel)


def target_file(channel: str, move: ChannelMove) -> TargetFile:
    """The target entry of a channel's metadata."""
    custom = {_RELEASE_ID: move.target.release_id, _MOVED_AT: format_time(move.moved_at)}
    path = channel_target(channel)
    return TargetFile(move.target.length, {"sha256": move.target.digest.hex}, path, {"custom": custom})


def read_channel(document: Document[Targets], channel: str) -> ChannelMove:
    """Where a channel's metadata points.

    Raises:
        FormatError: the metadata does not hold exactly the channel's target, or not as this repository writes it.
    """
    check_channel_name(channel)
    targets, path = document.signed, channel_target(channel)
    if document.role != channel_role(channel) or set(targets.targets) != {path} or targets.delegations is not None:
        raise FormatError(
            f"metadata of channel {channel} must hold its target alone",
            expected=path,
            found=repr(sorted(targets.targets))[:120],
        )
    target = targets.targets[path]
    if target.length > MAX_MANIFEST_BYTES:
        raise FormatError(
            f"the manifest of channel {channel} is too large",
            expected=f"<= {MAX_MANIFEST_BYTES} bytes",
            found=target.length,
        )
    release_id, moved_at = _read_custom(channel, target.unrecognized_fields.get("custom"))
    digest = Digest(target.hashes["sha256"])
    return ChannelMove(
        target=ReleaseTarget(digest=digest, length=target.length, release_id=release_id), moved_at=moved_at
    )


def _read_custom(channel: str, custom: Any) -> tuple[str, datetime]:
    release_id = custom.get(_RELEASE_ID) if isinstance(custom, dict) else None
    moved_at = custom.get(_MOVED_AT) if isinstance(custom, dict) else None
    if not isinstance(release_id, str):
        raise FormatError(f"channel {channel} does not name its release", found=repr(release_id)[:80])
    check_release_id(release_id)
    try:
        return release_id, datetime.strptime(moved_at if isinstance(moved_at, str) else "", _TIME).replace(tzinfo=UTC)
    except ValueError as error:
        raise FormatError(f"channel {channel} has no time", expected=_TIME, found=repr(moved_at)[:40]) from error
