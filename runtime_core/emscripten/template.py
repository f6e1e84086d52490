"""Captured file systems: a JSON-able form for snapshots, and a parsed form that is instantiated per isolate.

The parsed form (:class:`FileSystemTemplate`) is shared by all isolates of a process. An isolate's nodes come into being
when their directory is first looked into, and file content stays shared until it is written to.

JSON form: ``{"next_ino": n, "nodes": [record, ...]}``. Records stand in an order where a directory precedes its
entries; the first is the root. A record has ``ino``, ``parent`` (inode number; null for the root and for unlinked nodes
that are still open), ``name``, ``kind``, ``mode``, ``times`` (atime, mtime, ctime in ms), and by kind: file ``data``
(base64), link ``target``, device ``device`` and ``number``, pipe ``data``, mount ``mount`` (its name; content is never
captured) and ``nodes`` (inode numbers it takes).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.checked import (
    MalformedError,
    checked_integer,
    checked_string,
    elements,
    fields,
    member,
)
from runtime_core.emscripten.fs import FileSystem
from runtime_core.emscripten.nodes import (
    DeviceNode,
    Directory,
    Node,
    PipeNode,
    RegularFile,
    SymbolicLink,
)
from runtime_core.emscripten.pipes import Pipe
from schemas.errors import CaptureError, RestoreError

if TYPE_CHECKING:
    from runtime_core.emscripten.clock import Clock
    from runtime_core.emscripten.limits import FileSystemLimits
    from runtime_core.emscripten.mounts import Mount

_KINDS: Final = {
    "directory": c.S_IFDIR,
    "file": c.S_IFREG,
    "link": c.S_IFLNK,
    "device": c.S_IFCHR,
    "pipe": c.S_IFIFO,
    "mount": 0,
}
_ROOT_INO: Final = 1


def capture_filesystem(fs: FileSystem, open_nodes: Iterable[Node]) -> dict[str, Any]:
    """The JSON form of ``fs``; ``open_nodes`` are those that descriptors refer to, which may have no name any more."""
    records = [_record(fs, fs.root, parent=None)]
    pending: list[Directory] = [fs.root]
    while pending:
        directory = pending.pop()
        for node in directory.entries.values():
            record = _record(fs, node, parent=directory.ino)
            records.append(record)
            if record["kind"] == "directory" and isinstance(node, Directory):
                pending.append(node)
    orphans = {node.ino: node for node in open_nodes if node.parent is None}
    records.extend(_record(fs, node, parent=None) for node in orphans.values())
    return {"next_ino": fs.next_ino, "nodes": records}


def _record(fs: FileSystem, node: Node, *, parent: int | None) -> dict[str, Any]:
    record: dict[str, Any] = {
        "ino": node.ino,
        "parent": parent,
        "name": node.name if parent is not None else "",
        "mode": node.mode,
        "times": [node.atime, node.mtime, node.ctime],
    }
    if node.ino in fs.mount_points and node.read_only:
        name = fs.mount_points[node.ino]
        return record | {"kind": "mount", "mount": name, "nodes": fs.mounts[name].node_count()}
    if isinstance(node, Directory):
        return record | {"kind": "directory"}
    if isinstance(node, RegularFile):
        return record | {"kind": "file", "data": base64.b64encode(node.data).decode()}
    if isinstance(node, SymbolicLink):
        return record | {"kind": "link", "target": node.target}
    if isinstance(node, DeviceNode):
        return record | {"kind": "device", "device": node.device, "number": node.number}
    if isinstance(node, PipeNode):
        return record | {"kind": "pipe", "data": base64.b64encode(node.pipe.content).decode()}
    raise CaptureError("a node of this kind cannot be captured", found=type(node).__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Record:
    """One parsed record; ``make`` builds a fresh node from it."""

    ino: int
    parent: int | None
    name: str
    mode: int
    times: tuple[int, int, int]
    make: Callable[[FileSystemTemplate, _Record], Node]
    payload: Any


class FileSystemTemplate:
    """A captured file system, parsed and checked once."""

    __slots__ = ("_bytes", "_children", "_mount_points", "_mounts", "_next_ino", "_nodes", "_records")

    def __init__(self, state: object, mounts: Mapping[str, Mount]) -> None:
        """Parse the JSON form; ``mounts`` holds the mounts it names (others are left out).

        Raises:
            RestoreError: where the state is not one that :func:`capture_filesystem` makes, or a mount is missing.
        """
        try:
            records = member(state, "nodes", lambda value: elements(value, _parsed))
            self._next_ino = member(state, "next_ino", lambda value: checked_integer(value, 2, 1 << 53))
        except MalformedError as error:
            where = f"the captured file system: {error.path}"
            raise RestoreError(where, expected=error.expected, found=error.found) from error
        self._records: dict[int, _Record] = {}
        self._children: dict[int, list[_Record]] = {}
        self._mounts: dict[str, Mount] = {}
        self._mount_points: dict[int, str] = {}
        self._nodes = len(records)
        self._bytes = 0
        for record in records:
            self._add(record, mounts)
        root = records[0] if records else None
        if root is None or (root.ino, root.parent, root.make) != (_ROOT_INO, None, _make_directory):
            raise RestoreError(
                "the captured file system has no root",
                expected="a directory with inode number 1 as the first node",
                found="nothing" if root is None else f"node {root.ino}",
            )
        placed = [(record.parent, record.name) for record in records if record.parent is not None]
        if len(set(placed)) != len(placed):
            raise RestoreError(
                "the captured file system has two nodes in one place",
                expected=f"{len(placed)} places",
                found=len(set(placed)),
            )

    def _add(self, record: _Record, mounts: Mapping[str, Mount]) -> None:
        if record.ino in self._records or record.ino >= self._next_ino:
            raise RestoreError(
                "the captured file system repeats or skips an inode number",
                expected=f"each once, below {self._next_ino}",
                found=record.ino,
            )
        if record.parent is not None:
            parent = self._records.get(record.parent)
            if parent is None or parent.make is not _make_directory:
                raise RestoreError(
                    "a captured node lies in no directory", expected="a directory before it", found=record.parent
                )
            if parent.parent is None and parent.ino != _ROOT_INO:
                raise RestoreError(
                    "a captured node lies in a removed directory", expected="a directory of the tree", found=parent.ino
                )
            siblings = self._children.setdefault(record.parent, [])
            siblings.append(record)
        if record.make is _make_mount:
            self._add_mount(record, mounts)
        elif record.make is _make_file:
            self._bytes += len(record.payload)
        elif record.make is _make_link:
            self._bytes += len(record.payload.encode("utf-8", "surrogateescape"))
        self._records[record.ino] = record

    def _add_mount(self, record: _Record, mounts: Mapping[str, Mount]) -> None:
        name, count = record.payload
        mount = mounts.get(name)
        if mount is None:
            raise RestoreError(f"the snapshot needs the mount {name!r}", expected=sorted(mounts), found=name)
        if mount.node_count() != count or record.ino + count > self._next_ino or name in self._mounts:
            raise RestoreError(
                f"the mount {name!r} is not the one that was captured", expected=count, found=mount.node_count()
            )
        self._mounts[name] = mount
        self._mount_points[record.ino] = name

    def instantiate(self, *, clock: Clock, limits: FileSystemLimits | None = None) -> FileSystem:
        """A file system of its own, whose nodes are made when they are first looked at."""
        root = _make_directory(self, self._records[_ROOT_INO])
        fs = FileSystem(clock=clock, limits=limits, root=root)
        fs.next_ino = self._next_ino
        fs.node_count = self._nodes
        fs.byte_count = self._bytes
        fs.mounts = dict(self._mounts)
        fs.mount_points = dict(self._mount_points)
        return fs

    def node_of(self, fs: FileSystem, ino: int) -> Node:
        """The node with this inode number in an instance that has not run since it was made.

        Unlinked nodes are made anew at each call: ask for each only once.

        Raises:
            RestoreError: where there is none.
        """
        record = self._records.get(ino)
        if record is None:
            raise RestoreError(
                "a captured descriptor refers to no captured node", expected="an inode number of the state", found=ino
            )
        node: Node
        names: list[str] = []
        while record.parent is not None:
            names.append(record.name)
            record = self._records[record.parent]
        if not names and record.ino != _ROOT_INO:
            node = record.make(self, record)
            if isinstance(node, PipeNode):
                node.pipe.capacity = fs.limits.pipe_bytes
            return node
        node = fs.root
        for name in reversed(names):
            if isinstance(node, Directory):
                node = node.entries[name]
        return node

    def load(self, directory: Directory) -> dict[str, Node]:
        """The entries of one directory of an instance."""
        entries: dict[str, Node] = {}
        for record in self._children.get(directory.ino, ()):
            node = record.make(self, record)
            node.name = record.name
            node.parent = directory
            entries[record.name] = node
        return entries

    def mount_root(self, name: str, ino: int) -> Node:
        """A fresh root of a mount."""
        return self._mounts[name].root(ino)


def _with_times(node: Node, record: _Record) -> None:
    node.atime, node.mtime, node.ctime = record.times


def _make_directory(template: FileSystemTemplate, record: _Record) -> Directory:
    node = Directory(ino=record.ino, mode=record.mode, time_ms=0, load=template.load)
    _with_times(node, record)
    return node


def _make_file(template: FileSystemTemplate, record: _Record) -> Node:
    del template
    node = RegularFile(ino=record.ino, mode=record.mode, time_ms=0, data=record.payload)
    _with_times(node, record)
    return node


def _make_link(template: FileSystemTemplate, record: _Record) -> Node:
    del template
    node = SymbolicLink(ino=record.ino, time_ms=0, target=record.payload)
    _with_times(node, record)
    return node


def _make_device(template: FileSystemTemplate, record: _Record) -> Node:
    del template
    device, number = record.payload
    node = DeviceNode(ino=record.ino, mode=record.mode, time_ms=0, device=device, number=number)
    _with_times(node, record)
    return node


def _make_pipe(template: FileSystemTemplate, record: _Record) -> Node:
    del template
    node = PipeNode(ino=record.ino, time_ms=0, pipe=Pipe(capacity=len(record.payload), content=record.payload))
    _with_times(node, record)
    return node


def _make_mount(template: FileSystemTemplate, record: _Record) -> Node:
    return template.mount_root(record.payload[0], record.ino)


_MAKERS: Final[Mapping[str, Callable[[FileSystemTemplate, _Record], Node]]] = {
    "directory": _make_directory,
    "file": _make_file,
    "link": _make_link,
    "device": _make_device,
    "pipe": _make_pipe,
    "mount": _make_mount,
}


def _parsed(raw: object) -> _Record:
    kind = member(raw, "kind", _kind)
    parent = member(raw, "parent", lambda value: None if value is None else checked_integer(value, 1, 1 << 53))
    atime, mtime, ctime = member(raw, "times", _times)
    return _Record(
        ino=member(raw, "ino", lambda value: checked_integer(value, 1, 1 << 53)),
        parent=parent,
        name=member(raw, "name", _name) if parent is not None else "",
        mode=member(raw, "mode", lambda value: _mode(value, kind)),
        times=(atime, mtime, ctime),
        make=_MAKERS[kind],
        payload=_payload(kind, raw),
    )


def _kind(value: object) -> str:
    if not isinstance(value, str) or value not in _MAKERS:
        raise MalformedError(expected=", ".join(_MAKERS), found=value)
    return value


def _mode(value: object, kind: str) -> int:
    mode = checked_integer(value, 0, 0o177777)
    if _KINDS[kind] and mode & c.S_IFMT != _KINDS[kind]:
        raise MalformedError(expected=f"the mode of a {kind}", found=mode)
    return mode


def _times(value: object) -> list[int]:
    return [checked_integer(item, -(1 << 62), 1 << 62) for item in fields(value, 3)]


def _payload(kind: str, raw: object) -> object:
    if kind in ("file", "pipe"):
        return member(raw, "data", _base64)
    if kind == "link":
        return member(raw, "target", checked_string)
    if kind == "device":
        number = member(raw, "number", lambda value: checked_integer(value, 0, 0xFFFF_FFFF))
        return member(raw, "device", checked_string), number
    if kind == "mount":
        count = member(raw, "nodes", lambda value: checked_integer(value, 1, 1 << 32))
        return member(raw, "mount", checked_string), count
    return None


def _base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise MalformedError(expected="text in base64", found=value)
    try:
        return base64.b64decode(value, validate=True)
    except ValueError as error:
        raise MalformedError(expected="text in base64", found=value) from error


def _name(value: object) -> str:
    name = checked_string(value)
    size = len(name.encode("utf-8", "surrogateescape"))
    if not 0 < size <= c.NAME_MAX or "/" in name or name in (".", ".."):
        raise MalformedError(expected="a file's name", found=name)
    return name
