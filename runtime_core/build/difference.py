"""Where two artifacts differ, said so that somebody can look there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.errors import FormatError
from schemas.snapshot_codec import PAGE_BYTES, Snapshot, decode_snapshot
from schemas.snapshot_metadata import metadata_to_json

_SHOWN_PAGES: Final = 8
_SHOWN_BYTES: Final = 16
_MISSING: Final = object()


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What differs in an artifact.

    ``where`` names the first place, and for snapshots whether that is a member of the metadata or an address of linear
    memory. ``pages`` are the differing pages of 64 KiB: of linear memory, or of the file.
    """

    where: str
    pages: tuple[int, ...] = ()

    def text(self) -> str:
        """One line."""
        if not self.pages:
            return self.where
        shown = ", ".join(map(str, self.pages[:_SHOWN_PAGES]))
        more = f" and {len(self.pages) - _SHOWN_PAGES} more" if len(self.pages) > _SHOWN_PAGES else ""
        return f"{self.where}; {len(self.pages)} pages of 64 KiB differ: {shown}{more}"


def compare_files(expected: bytes, found: bytes) -> Difference | None:
    """The difference of two files; None if there is none."""
    if expected == found:
        return None
    pages = _pages(expected, found)
    return Difference(where=f"{_at('offset', expected, found, pages[0])}{_sizes(expected, found)}", pages=pages)


def compare_snapshots(expected: bytes, found: bytes) -> Difference | None:
    """The difference of two snapshot files: of linear memory first, which most of the rest follows from."""
    if expected == found:
        return None
    try:
        one, other = decode_snapshot(expected), decode_snapshot(found)
    except FormatError:
        return compare_files(expected, found)
    heap, other_heap = bytes(one.heap), bytes(other.heap)
    metadata = _metadata(one, other)
    if heap == other_heap:
        return Difference(where=metadata or "the padding before linear memory")
    pages = _pages(heap, other_heap)
    where = f"linear memory, {_at('address', heap, other_heap, pages[0])}{_sizes(heap, other_heap)}"
    return Difference(where=f"{where}; and {metadata}" if metadata else where, pages=pages)


def _pages(one: bytes, other: bytes) -> tuple[int, ...]:
    count = -(-max(len(one), len(other)) // PAGE_BYTES)
    views = memoryview(one), memoryview(other)
    spans = ((page, page * PAGE_BYTES, (page + 1) * PAGE_BYTES) for page in range(count))
    return tuple(page for page, start, end in spans if views[0][start:end] != views[1][start:end])


def _at(what: str, one: bytes, other: bytes, page: int) -> str:
    start = page * PAGE_BYTES
    first, second = one[start : start + PAGE_BYTES], other[start : start + PAGE_BYTES]
    pairs = zip(first, second, strict=False)
    inside = next((index for index, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))
    shown = [part[inside : inside + _SHOWN_BYTES].hex(" ") or "the end" for part in (first, second)]
    return f"page {page}, {what} {start + inside:#x}: expected {shown[0]}, rebuilt {shown[1]}"


def _sizes(one: bytes, other: bytes) -> str:
    return "" if len(one) == len(other) else f" (expected {len(one)} bytes, rebuilt {len(other)})"


def _metadata(one: Snapshot, other: Snapshot) -> str:
    path = first_difference(*(json.loads(metadata_to_json(item.metadata)) for item in (one, other)))
    return f"metadata at {path}" if path else ""


def first_difference(one: object, other: object, path: str = "") -> str:
    """Where two JSON documents differ first, as a path with both values; empty if they do not."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in [*one, *(key for key in other if key not in one)]:
            inner = first_difference(one.get(key, _MISSING), other.get(key, _MISSING), f"{path}.{key}")
            if inner:
                return inner
        return "" if list(one) == list(other) else f"{path or '.'}: the order of the members"
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        for index in range(max(len(one), len(other))):
            values = [items[index] if index < len(items) else _MISSING for items in (one, other)]
            inner = first_difference(values[0], values[1], f"{path}[{index}]")
            if inner:
                return inner
        return ""
    if one == other and type(one) is type(other):
        return ""
    return f"{path or '.'}: expected {_shown(one)}, rebuilt {_shown(other)}"


def _shown(value: object) -> str:
    return "nothing" if value is _MISSING else json.dumps(value, default=str)[:60]
