"""What a linked code image says of one library in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.digest import Digest
from schemas.errors import FormatError

_U32_END = 1 << 32
_NUMBERS = ("memory_base", "memory_bytes", "table_base", "table_slots")


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkedLibrary:
    """A side module that is part of a code image.

    ``name`` is its absolute path in the guest, ``digest`` that of its file. ``opener`` is the image's export that
    initialises it: calls it once, at the first ``dlopen``. ``functions`` maps exported functions to their slots,
    ``data`` the other exports to their addresses; ``needed`` are the paths of the libraries it was linked to.
    """

    name: str
    digest: Digest
    opener: str
    memory_base: int
    memory_bytes: int
    table_base: int
    table_slots: int
    needed: tuple[str, ...] = ()
    functions: Mapping[str, int] = field(default_factory=dict)
    data: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """Plain values for JSON."""
        numbers = {key: getattr(self, key) for key in _NUMBERS}
        return {
            "name": self.name,
            "digest": str(self.digest),
            "opener": self.opener,
            **numbers,
            "needed": list(self.needed),
            "functions": dict(self.functions),
            "data": dict(self.data),
        }

    @classmethod
    def from_json(cls, value: object) -> LinkedLibrary:
        """Read what :meth:`to_json` wrote.

        Raises:
            FormatError: it is not that.
        """
        if not isinstance(value, Mapping) or set(value) != set(cls.__dataclass_fields__):
            raise FormatError("not a linked library", expected=", ".join(cls.__dataclass_fields__))
        name, opener, digest, needed = (value[key] for key in ("name", "opener", "digest", "needed"))
        if not all(isinstance(item, str) for item in (name, opener, digest)) or not _is_strings(needed):
            raise FormatError("a linked library has a bad name", found=repr(name)[:80])
        if not all(_is_u32(value[key]) for key in _NUMBERS):
            raise FormatError("a linked library has a bad place", found=name)
        for key in ("functions", "data"):
            table = value[key]
            if not isinstance(table, Mapping) or not all(_is_u32(item) for item in table.values()):
                raise FormatError(f"a linked library has bad {key}", found=name)
        return cls(
            name=name,
            digest=Digest.parse(digest),
            opener=opener,
            needed=tuple(needed),
            functions=dict(value["functions"]),
            data=dict(value["data"]),
            **{key: value[key] for key in _NUMBERS},
        )


def _is_strings(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def _is_u32(value: object) -> bool:
    return type(value) is int and 0 <= value < _U32_END
