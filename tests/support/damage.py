"""Damage for JSON documents: every place of every shape, each with values that a careless reader would stumble over."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

Path = tuple[str | int, ...]

_DEEP: Any = 1
for _ in range(200):
    _DEEP = [_DEEP]

VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    0,
    1,
    255,
    2**16,
    2**24,
    2**31 - 1,
    2**32 - 1,
    2**32,
    2**63,
    10**40,
    0.5,
    1e308,
    "",
    "x",
    "../../etc/passwd",
    "\x00\ud800",
    "sha256:" + "0" * 64,
    [],
    [[]],
    {},
    {"x": {}},
    _DEEP,
)
_SHOWN: Final = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """One change to a document: what is at ``path`` is replaced, removed, doubled, cut or turned around."""

    path: Path
    kind: str
    value: Any = None

    def __str__(self) -> str:
        where = ".".join(map(str, self.path))
        return f"{where} {self.kind} {repr(self.value)[:_SHOWN] if self.kind == 'replace' else ''}".strip()

    def apply(self, document: Any) -> Any:
        """The document with the damage; the given one stays as it is."""
        changed = json.loads(json.dumps(document))
        parent = changed
        for key in self.path[:-1]:
            parent = parent[key]
        key = self.path[-1]
        if self.kind == "replace":
            parent[key] = copy.copy(self.value)
        elif self.kind == "remove":
            del parent[key]
        elif self.kind == "double":
            parent[key] = parent[key] * 2
        elif self.kind == "cut":
            parent[key] = parent[key][:-1]
        elif self.kind == "turn":
            parent[key] = parent[key][::-1]
        elif self.kind == "add":
            parent[key] = parent[key] + self.value
        return changed


def damages(document: Any) -> Iterator[Damage]:
    """All damages, in the order of the document; of elements of one shape the first and the last are taken."""
    for path, value in _representatives(document):
        yield Damage(path=path, kind="remove")
        for item in VALUES:
            yield Damage(path=path, kind="replace", value=item)
        if isinstance(value, list):
            for kind in ("double", "cut", "turn"):
                yield Damage(path=path, kind=kind)
        elif isinstance(value, int) and not isinstance(value, bool):
            for step in (-1, 1, 8, 65536):
                yield Damage(path=path, kind="add", value=step)


def _representatives(document: Any) -> list[tuple[Path, Any]]:
    shapes: dict[tuple[object, ...], list[tuple[Path, Any]]] = {}
    for path, value in _walk(document, ()):
        shape = tuple("[]" if isinstance(key, int) and len(path) > 0 else key for key in path)
        shapes.setdefault((*shape, type(value).__name__), []).append((path, value))
    found = []
    for items in shapes.values():
        found.append(items[0])
        if len(items) > 1:
            found.append(items[-1])
    return found


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if path:
        yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from _walk(child, (*path, key))
