"""What a client remembers between runs, so that a replay of older metadata is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from schemas.digest import Digest
from schemas.errors import FormatError, UnsupportedVersionError
from schemas.tuf_names import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, check_channel_name

MAX_STATE_SIZE: Final = 16 << 20
_FORMAT: Final = "artifactd-trust-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class TrustedState:
    """Verified metadata files, byte for byte.

    ``anchor`` is the digest of the root the user configured: state that grew from another root is not used to skip
    root versions. It needs no secrecy, but whoever can change it can undo the protection against replays.
    """

    anchor: Digest
    root: bytes
    timestamp: bytes | None = None
    snapshot: bytes | None = None
    targets: bytes | None = None
    channels: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))

    def to_bytes(self) -> bytes:
        """The state as one JSON object; metadata files are embedded as strings, because they are UTF-8."""
        optional = ((TIMESTAMP, self.timestamp), (SNAPSHOT, self.snapshot), (TARGETS, self.targets))
        value = {
            "format": _FORMAT,
            "anchor": str(self.anchor),
            ROOT: self.root.decode("utf-8"),
            **{name: data.decode("utf-8") for name, data in optional if data is not None},
            "channels": {name: data.decode("utf-8") for name, data in sorted(self.channels.items())},
        }
        return json.dumps(value, ensure_ascii=True, sort_keys=True).encode("ascii")

    @classmethod
    def from_bytes(cls, data: bytes) -> TrustedState:
        """Read what :meth:`to_bytes` wrote.

        Raises:
            FormatError: the bytes are something else. Deleting the file starts afresh, from the configured root.
        """
        if len(data) > MAX_STATE_SIZE:
            raise FormatError("the trust state is too large", expected=f"<= {MAX_STATE_SIZE} bytes", found=len(data))
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise FormatError(f"the trust state is not JSON: {error!s:.200}") from error
        if not isinstance(value, dict) or "format" not in value:
            raise FormatError("not a trust state", expected=f'an object with "format": "{_FORMAT}"')
        if value["format"] != _FORMAT:
            raise UnsupportedVersionError(
                "the trust state has another format", expected=_FORMAT, found=repr(value["format"])[:40]
            )
        channels = value.get("channels")
        if not isinstance(channels, dict):
            raise FormatError("the trust state has no channels")
        return cls(
            anchor=Digest.parse(value.get("anchor", "")),
            root=_text(value, ROOT),
            timestamp=_text(value, TIMESTAMP) if TIMESTAMP in value else None,
            snapshot=_text(value, SNAPSHOT) if SNAPSHOT in value else None,
            targets=_text(value, TARGETS) if TARGETS in value else None,
            channels=MappingProxyType({check_channel_name(name): _text(channels, name) for name in channels}),
        )


def _text(value: Mapping[str, object], name: str) -> bytes:
    text = value.get(name)
    if not isinstance(text, str):
        raise FormatError(f"the trust state has no metadata of {name}", found=repr(text)[:40])
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise FormatError(f"the trust state's metadata of {name} is not Unicode text") from error
