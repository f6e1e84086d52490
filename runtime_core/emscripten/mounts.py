"""Read-only mounts: files that every isolate of a process shares and that captures name instead of copying."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.nodes import Directory, MountedDirectory, MountedFile, Node, ReadOnlyBytes
from schemas.errors import FormatError

MountTree = Mapping[str, "ReadOnlyBytes | MountTree"]
"""Files and directories by name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """One file or directory of a mount; ``offset`` is its place in the order of inode numbers."""

    offset: int
    count: int
    data: ReadOnlyBytes
    children: Mapping[str, _Entry] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A named read-only file or tree.

    ``source`` is the content of the one file, or a tree of names, which is read once; ``time_ms`` is the time of all
    its nodes, ``file_mode`` and ``directory_mode`` are their permissions. Whatever those say, nothing can be written.

    Raises:
        FormatError: a name in the tree is not one that a directory entry can have.
    """

    name: str
    source: ReadOnlyBytes | MountTree
    time_ms: int = 0
    file_mode: int = 0o444
    directory_mode: int = 0o555
    _tree: _Entry = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_tree", _entry(self.source, 0))

    @classmethod
    def of_file(cls, name: str, path: Path) -> Mount:
        """Map a file of the host. The mapping lives as long as somebody refers to the mount."""
        return cls(name=name, source=map_file(path))

    def node_count(self) -> int:
        """Nodes it contributes, itself included: a file system reserves as many inode numbers."""
        return self._tree.count

    def root(self, ino: int) -> Node:
        """A fresh root node whose inode number is ``ino``; nodes below take the numbers after it, in order."""
        return _node(self._tree, ino, self)


def map_file(path: Path) -> memoryview:
    """A file of the host, mapped read-only; the mapping lives as long as somebody refers to the view."""
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _entry(source: ReadOnlyBytes | MountTree, offset: int) -> _Entry:
    if not isinstance(source, Mapping):
        return _Entry(offset=offset, count=1, data=source, children=None)
    children: dict[str, _Entry] = {}
    count = 1
    for name, child in source.items():
        if name in ("", ".", "..") or "/" in name or "\0" in name or len(name.encode()) > c.NAME_MAX:
            raise FormatError("not a name for a file in a mount", found=repr(name))
        entry = children[name] = _entry(child, offset + count)
        count += entry.count
    return _Entry(offset=offset, count=count, data=b"", children=children)


def _node(entry: _Entry, first_ino: int, mount: Mount) -> Node:
    ino = first_ino + entry.offset
    children = entry.children
    if children is None:
        return MountedFile(ino=ino, mode=c.S_IFREG | mount.file_mode, time_ms=mount.time_ms, data=entry.data)

    def load(directory: Directory) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for name, child in children.items():
            node = entries[name] = _node(child, first_ino, mount)
            node.name = name
            node.parent = directory
        return entries

    return MountedDirectory(ino=ino, mode=c.S_IFDIR | mount.directory_mode, time_ms=mount.time_ms, load=load)
