"""Where a channel pointed before: its earlier metadata versions, newest first. No I/O.

Earlier versions are not listed by the snapshot any more, and their expiry is of no interest. What can be verified is
who signed them: :class:`Verification` says so for each, and only :attr:`Verification.CURRENT_KEYS` should be acted on
without asking a person.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tuf.api.metadata import Targets

from artifactd.client.trust import MetadataRequest, TrustSession
from schemas.digest import Digest
from schemas.errors import SignatureError, SizeMismatchError
from schemas.tuf_metadata import Document, parse, verify_signatures
from schemas.tuf_names import channel_of_role, file_name, max_size
from schemas.tuf_roles import read_channel

DEFAULT_LIMIT: Final = 50


class Verification(enum.Enum):
    """How far an entry is verified."""

    COMMITTED = "committed"
    """The current version: verified up to the root."""
    CURRENT_KEYS = "current-keys"
    """An earlier version, signed by the keys that the channel has now."""
    OTHER_KEYS = "other-keys"
    """Signed by keys that the channel no longer has, if by any: rotated, revoked or forged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryEntry:
    """One version of a channel. The times are what the publisher signed, UTC."""

    version: int
    release_digest: Digest
    release_id: str
    moved_at: datetime
    expires: datetime
    verification: Verification


class ChannelHistory:
    """Walks back from the channel of a finished session, at most ``limit`` versions including the current one."""

    def __init__(self, session: TrustSession, *, limit: int = DEFAULT_LIMIT) -> None:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        current = session.channel_document
        self._role = current.role
        self._targets = session.targets_document
        self._entries = [self._entry(current, Verification.COMMITTED)]
        self._next = current.version - 1
        self._left = limit - 1

    def next_request(self) -> MetadataRequest | None:
        """The file to fetch next; None at the end."""
        if self._next < 1 or self._left < 1:
            return None
        return MetadataRequest(name=file_name(self._role, self._next), max_length=max_size(self._role))

    def feed(self, data: bytes | None) -> None:
        """Take the requested file; None leaves the version out.

        Raises:
            FormatError, SizeMismatchError: it is not metadata of the channel.
            SignatureError: it is another version than was asked for.
        """
        request = self.next_request()
        if request is None:
            raise RuntimeError("the history is complete")
        wanted = self._next
        self._next -= 1
        self._left -= 1
        if data is None:
            return
        if len(data) > request.max_length:
            limit = f"<= {request.max_length} bytes"
            raise SizeMismatchError(f"{request.name} is too large", expected=limit, found=len(data))
        document = parse(self._role, Targets, data)
        if document.version != wanted:
            raise SignatureError(f"{request.name} holds another version", expected=wanted, found=document.version)
        try:
            verify_signatures(document, self._targets.signed, by=f"targets v{self._targets.version}")
        except SignatureError:
            verification = Verification.OTHER_KEYS
        else:
            verification = Verification.CURRENT_KEYS
        self._entries.append(self._entry(document, verification))

    def entries(self) -> tuple[HistoryEntry, ...]:
        """What was found so far, newest first."""
        return tuple(self._entries)

    def _entry(self, document: Document[Targets], verification: Verification) -> HistoryEntry:
        move = read_channel(document, channel_of_role(self._role) or "")
        return HistoryEntry(
            version=document.version,
            release_digest=move.target.digest,
            release_id=move.target.release_id,
            moved_at=move.moved_at,
            expires=document.signed.expires,
            verification=verification,
        )
