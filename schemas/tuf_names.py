"""Names and size caps of the signed metadata, shared by the service and its client.

A repository holds the four top-level roles of The Update Framework and one delegated role per channel:
``channel-<name>``, trusted for the single target ``channels/<name>/current``. Files are named as with consistent
snapshots: ``timestamp.json`` and ``<version>.<role>.json``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from schemas.errors import FormatError

ROOT: Final = "root"
TARGETS: Final = "targets"
SNAPSHOT: Final = "snapshot"
TIMESTAMP: Final = "timestamp"
TIMESTAMP_FILE: Final = "timestamp.json"

MAX_VERSION: Final = 2**53 - 1
"""The largest integer that every JSON reader represents exactly."""

_CHANNEL_PREFIX: Final = "channel-"
# No dot, slash or glob character: the name is part of a file name and of a TUF path pattern.
_CHANNEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,62}[a-z0-9])?", re.ASCII)
_FILE: Final = re.compile(r"([1-9][0-9]{0,15})\.([a-z0-9_-]{1,80})\.json", re.ASCII)

# Caps in bytes. A delegation with one key takes about 450 bytes of targets and 200 bytes of snapshot, so that both
# have room for some two thousand channels.
_MAX_SIZES: Final = {ROOT: 128 << 10, TARGETS: 1 << 20, SNAPSHOT: 512 << 10, TIMESTAMP: 16 << 10}
_MAX_CHANNEL_SIZE: Final = 32 << 10


@dataclass(frozen=True, kw_only=True, slots=True)
class MetadataName:
    """The name of one metadata file; ``version`` is None for ``timestamp.json`` only."""

    role: str
    version: int | None

    def __str__(self) -> str:
        return TIMESTAMP_FILE if self.version is None else file_name(self.role, self.version)


def check_channel_name(name: str) -> str:
    """Return the name if it is one a channel may have.

    Raises:
        FormatError: it is not 1 to 64 characters of ``a-z 0-9 _ -`` that begin and end with a letter or digit.
    """
    if not isinstance(name, str) or _CHANNEL.fullmatch(name) is None:
        raise FormatError(
            "not a channel name",
            expected="1 to 64 of a-z, 0-9, '-' and '_', a letter or digit at both ends",
            found=repr(name)[:80],
        )
    return name


def channel_role(name: str) -> str:
    """The delegated role of a channel."""
    return _CHANNEL_PREFIX + check_channel_name(name)


def channel_of_role(role: str) -> str | None:
    """The channel whose delegated role this is, or None for any other role."""
    if not role.startswith(_CHANNEL_PREFIX):
        return None
    name = role[len(_CHANNEL_PREFIX) :]
    return name if _CHANNEL.fullmatch(name) else None


def channel_target(name: str) -> str:
    """The target path under which a channel's current release manifest is signed."""
    return f"channels/{check_channel_name(name)}/current"


def file_name(role: str, version: int) -> str:
    """The file name of one version of a role other than timestamp."""
    return f"{version}.{role}.json"


def meta_name(role: str) -> str:
    """The name under which a snapshot or timestamp lists a role."""
    return f"{role}.json"


def parse_file_name(name: str) -> MetadataName:
    """Read ``timestamp.json`` or ``<version>.<role>.json``; nothing else names metadata.

    Raises:
        FormatError: the name has another form, or a role this repository does not have.
    """
    if name == TIMESTAMP_FILE:
        return MetadataName(role=TIMESTAMP, version=None)
    match = _FILE.fullmatch(name) if isinstance(name, str) else None
    if match is not None:
        version, role = int(match[1]), match[2]
        known = role in (ROOT, TARGETS, SNAPSHOT) or channel_of_role(role) is not None
        if known and version <= MAX_VERSION:
            return MetadataName(role=role, version=version)
    raise FormatError(
        "not the name of a metadata file", expected="timestamp.json or <version>.<role>.json", found=repr(name)[:80]
    )


def max_size(role: str) -> int:
    """The most bytes that metadata of this role may have; readers stop there.

    Raises:
        FormatError: there is no such role.
    """
    size = _MAX_SIZES.get(role)
    if size is not None:
        return size
    if channel_of_role(role) is None:
        raise FormatError("not a role of this repository", found=repr(role)[:80])
    return _MAX_CHANNEL_SIZE
