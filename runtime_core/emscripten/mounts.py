"""Read-only mounts: files that every isolate of a process shares and that captures name instead of copying."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.nodes import Directory, MountedDirectory, MountedFile, Node, ReadOnlyBytes

if TYPE_CHECKING:
    from pathlib import Path

MountTree = Mapping[str, "ReadOnlyBytes | MountTree"]
"""Files and directories by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A named read-only file or tree.

    ``source`` is the content of the one file, or a tree of names. ``time_ms`` is the time of all its nodes.
    """

    name: str
    source: ReadOnlyBytes | MountTree
    time_ms: int = 0

    @classmethod
    def of_file(cls, name: str, path: Path) -> Mount:
        """Map a file of the host. The mapping lives as long as somebody refers to the mount."""
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return cls(name=name, source=memoryview(mapped))

    def node_count(self) -> int:
        """Nodes it contributes, itself included: a file system reserves as many inode numbers."""
        return _count(self.source)

    def root(self, ino: int) -> Node:
        """A fresh root node whose inode number is ``ino``; nodes below take the numbers after it, in order."""
        return _node(self.source, ino, self.time_ms)


def _count(source: ReadOnlyBytes | MountTree) -> int:
    if isinstance(source, Mapping):
        return 1 + sum(_count(child) for child in source.values())
    return 1


def _node(source: ReadOnlyBytes | MountTree, ino: int, time_ms: int) -> Node:
    if not isinstance(source, Mapping):
        return MountedFile(ino=ino, mode=c.S_IFREG | 0o444, time_ms=time_ms, data=source)

    def load(directory: Directory) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        number = ino + 1
        for name, child in source.items():
            node = entries[name] = _node(child, number, time_ms)
            node.name = name
            node.parent = directory
            number += _count(child)
        return entries

    return MountedDirectory(ino=ino, mode=c.S_IFDIR | 0o555, time_ms=time_ms, load=load)
