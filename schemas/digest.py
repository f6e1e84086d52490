"""Digests: the names of blobs.

A digest is the sha256 of a blob's stored bytes, written ``sha256:<64 lower-case hex digits>``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from schemas.errors import FormatError

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PREFIX: Final = "sha256:"


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """The sha256 of some bytes. Construction checks the form, so a value of this type is always well formed."""

    hex: str

    def __post_init__(self) -> None:
        if not isinstance(self.hex, str) or _HEX.fullmatch(self.hex) is None:
            raise FormatError("not a sha256 digest", expected="64 lower-case hex digits", found=repr(self.hex)[:80])

    @classmethod
    def parse(cls, text: str) -> Digest:
        """Read ``sha256:<hex>``; nothing else is accepted, not even surrounding space.

        Raises:
            FormatError: the text has another form.
        """
        if not isinstance(text, str) or not text.startswith(_PREFIX):
            raise FormatError("not a digest", expected="sha256:<64 hex digits>", found=repr(text)[:80])
        return cls(text[len(_PREFIX) :])

    @classmethod
    def of(cls, data: bytes | bytearray | memoryview) -> Digest:
        """The digest of bytes in memory."""
        return cls(hashlib.sha256(data).hexdigest())

    def __str__(self) -> str:
        return _PREFIX + self.hex

    @property
    def short(self) -> str:
        """The first 12 hex digits, for people; never for look-up."""
        return self.hex[:12]
