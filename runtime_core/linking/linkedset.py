"""The libraries that a code image has in it, and which of them one guest has opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from runtime_core.wasm.linkedlibrary import LinkedLibrary
from schemas.digest import Digest
from schemas.errors import FormatError, LinkError

A = TypeVar("A")
B = TypeVar("B")


class LinkedSet:
    """The linked libraries of one code image, by path; shared by its guests."""

    def __init__(self, libraries: Iterable[LinkedLibrary] = ()) -> None:
        self.libraries: Mapping[str, LinkedLibrary] = {library.name: library for library in libraries}
        self._checked: set[str] = set()

    def check(self, library: LinkedLibrary, file: bytes | memoryview) -> None:
        """Check once that the file under a library's name is what was linked. All guests have the same files.

        Raises:
            LinkError: it is another one.
        """
        if library.name in self._checked:
            return
        found = Digest.of(file)
        if found != library.digest:
            raise LinkError(
                "the library is not the one that was linked into the code image",
                expected=library.digest,
                found=found,
                hint="build the release again",
            )
        self._checked.add(library.name)


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkState:
    """What of a guest's dynamic linker a snapshot holds.

    ``opened`` are the initialised libraries in order, each with whether it was opened globally; ``handles`` are the
    guest's ``struct dso`` addresses and the library of each.
    """

    linked: LinkedSet = field(default_factory=LinkedSet)
    opened: tuple[tuple[str, bool], ...] = ()
    handles: tuple[tuple[int, str], ...] = ()

    def to_json(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "linked": [library.to_json() for library in self.linked.libraries.values()],
            "opened": [list(item) for item in self.opened],
            "handles": [list(item) for item in self.handles],
        }

    @classmethod
    def from_json(cls, value: object) -> LinkState:
        """Read what :meth:`to_json` wrote.

        Raises:
            FormatError: it is not that, or names libraries that are not linked.
        """
        if not isinstance(value, Mapping) or set(value) != {"linked", "opened", "handles"}:
            raise FormatError("not the state of a dynamic linker", expected="linked, opened and handles")
        lists = [value[key] for key in ("linked", "opened", "handles")]
        if not all(isinstance(item, list) for item in lists):
            raise FormatError("the state of a dynamic linker has a part that is no list")
        linked = LinkedSet(LinkedLibrary.from_json(item) for item in lists[0])
        opened = tuple(_pair(item, str, bool) for item in lists[1])
        handles = tuple(_pair(item, int, str) for item in lists[2])
        names = {name for name, _ in opened}
        if not names <= set(linked.libraries) or not {name for _, name in handles} <= names:
            raise FormatError("the state of a dynamic linker names a library that is not linked")
        return cls(linked=linked, opened=opened, handles=handles)


def _pair(value: object, first: type[A], second: type[B]) -> tuple[A, B]:
    if isinstance(value, list) and len(value) == 2:
        left, right = value
        if type(left) is first and type(right) is second:
            return left, right
    raise FormatError("the state of a dynamic linker has a bad entry", found=repr(value)[:80])
