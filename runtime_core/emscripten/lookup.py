"""Resolution of paths to nodes, as POSIX describes it (XBD 4.16, Pathname Resolution)."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.nodes import Directory, Node, SymbolicLink


class Location(NamedTuple):
    """The end of a path: the directory, the name in it, and the node where there is one.

    ``name`` is empty where the path ends in ``/``, ``.`` or ``..``: such a node cannot be created, removed or renamed
    through it. ``must_be_directory`` says that the path had a slash at its end.
    """

    directory: Directory
    name: str
    node: Node | None
    must_be_directory: bool

    def existing(self) -> Node:
        """The node.

        Raises:
            Errno: ENOENT where there is none, ENOTDIR where the path asks for a directory and it is none.
        """
        if self.node is None:
            raise Errno(ErrnoCode.ENOENT)
        if self.must_be_directory and not isinstance(self.node, Directory):
            raise Errno(ErrnoCode.ENOTDIR)
        return self.node

    def vacant(self) -> tuple[Directory, str]:
        """Directory and name for a new node.

        Raises:
            Errno: EEXIST where the name is taken, EROFS where the directory belongs to a read-only mount.
        """
        if self.node is not None:
            raise Errno(ErrnoCode.EEXIST)
        if self.directory.read_only:
            raise Errno(ErrnoCode.EROFS)
        return self.directory, self.name

    def removable(self) -> tuple[Directory, str, Node]:
        """Directory, name and node for a removal or a renaming.

        Raises:
            Errno: as :meth:`existing`; EBUSY for the root of the tree or of a mount and for a path that ends in ``.``
                or ``..``; EROFS inside a read-only mount.
        """
        node = self.existing()
        if self.directory.read_only:
            raise Errno(ErrnoCode.EROFS)
        if not self.name or node.read_only:
            raise Errno(ErrnoCode.EBUSY)
        return self.directory, self.name, node


class LastLink(Enum):
    """What becomes of a symbolic link at the end of a path; links before the end are always followed."""

    FOLLOW = "follow"
    KEEP = "keep"
    """Followed only where a slash after it asks for a directory, as ``lstat`` has it."""
    ENTRY = "entry"
    """Never followed: the path names an entry to be created, removed or renamed."""


def locate(root: Directory, base: Directory, path: str, last_link: LastLink) -> Location:
    """Walk ``path`` from ``base`` (or from ``root`` where it is absolute).

    Raises:
        Errno: ENOENT, ENOTDIR, ELOOP or ENAMETOOLONG.
    """
    if not path:
        raise Errno(ErrnoCode.ENOENT)
    current = root if path[0] == "/" else base
    pending = _components(path)
    must_be_directory = path[-1] == "/"
    follow = last_link is LastLink.FOLLOW or (last_link is LastLink.KEEP and must_be_directory)
    links = 0
    while pending:
        name = pending.pop()
        if name == ".":
            continue
        if name == "..":
            current = _parent(current)
            continue
        node = _entry(current, name)
        is_last = not pending
        if node is None:
            if not is_last:
                raise Errno(ErrnoCode.ENOENT)
            return Location(current, name, None, must_be_directory)
        if isinstance(node, SymbolicLink) and (not is_last or follow):
            links += 1
            if links > c.SYMLINK_MAX:
                raise Errno(ErrnoCode.ELOOP)
            if node.target[:1] == "/":
                current = root
            pending.extend(_components(node.target))
            must_be_directory = must_be_directory or (is_last and node.target[-1:] == "/")
            continue
        if is_last:
            return Location(current, name, node, must_be_directory)
        if not isinstance(node, Directory):
            raise Errno(ErrnoCode.ENOTDIR)
        current = node
    return Location(_parent(current), "", current, True)


def _components(path: str) -> list[str]:
    """The parts between slashes, last first."""
    return [part for part in reversed(path.split("/")) if part]


def _parent(directory: Directory) -> Directory:
    parent = directory.parent
    if parent is None:
        raise Errno(ErrnoCode.ENOENT)
    return parent


def _entry(directory: Directory, name: str) -> Node | None:
    if directory.parent is None:
        raise Errno(ErrnoCode.ENOENT)
    node = directory.entries.get(name)
    if node is None and len(name) * 4 > c.NAME_MAX and len(name.encode("utf-8", "surrogateescape")) > c.NAME_MAX:
        raise Errno(ErrnoCode.ENAMETOOLONG)
    return node


def path_of(node: Node) -> str:
    """The absolute path of a node that is in the tree.

    Raises:
        Errno: ENOENT where it was removed.
    """
    names: list[str] = []
    while node.parent is not node:
        if node.parent is None:
            raise Errno(ErrnoCode.ENOENT)
        names.append(node.name)
        node = node.parent
    return "/" + "/".join(reversed(names))
