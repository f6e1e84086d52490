"""Nodes of the in-memory file system.

Times are whole milliseconds since 1970, because that is the resolution Emscripten's file system gives its guests;
finer ones would make an image differ from what other hosts of the same guest produce.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime_core.emscripten import constants as c

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime_core.emscripten.pipes import Pipe

ReadOnlyBytes = bytes | memoryview
"""Content that all isolates of a process share: bytes, or a read-only view of a mapped file."""


class Node:
    """What a directory entry names.

    ``parent`` is None once the node is unlinked; ``opens`` counts the descriptions that still refer to it. A node
    leaves the accounts of its file system when both are gone.
    """

    __slots__ = ("atime", "ctime", "ino", "mode", "mtime", "name", "opens", "parent")

    def __init__(self, *, ino: int, mode: int, time_ms: int) -> None:
        self.ino = ino
        self.mode = mode
        self.atime = time_ms
        self.mtime = time_ms
        self.ctime = time_ms
        self.name = ""
        self.parent: Directory | None = None
        self.opens = 0

    @property
    def size(self) -> int:
        """``st_size``."""
        return 0

    @property
    def device_number(self) -> int:
        """``st_rdev``."""
        return 0

    @property
    def read_only(self) -> bool:
        """Whether the node belongs to a read-only mount."""
        return False


class Directory(Node):
    """A directory; its entries may be produced on first use, which keeps a restored tree free until it is walked."""

    __slots__ = ("_entries", "_load")

    def __init__(
        self, *, ino: int, mode: int, time_ms: int, load: Callable[[Directory], dict[str, Node]] | None = None
    ) -> None:
        super().__init__(ino=ino, mode=mode, time_ms=time_ms)
        self._entries: dict[str, Node] | None = {} if load is None else None
        self._load = load

    @property
    def entries(self) -> dict[str, Node]:
        """Nodes by name, in the order of creation."""
        entries = self._entries
        if entries is None:
            entries = self._entries = self._load(self) if self._load is not None else {}
            self._load = None
        return entries

    @property
    def size(self) -> int:
        """Emscripten reports one block for each directory."""
        return c.BLOCK_SIZE


class MountedDirectory(Directory):
    """A directory of a read-only mount. As workerd has them: of no size, and listed without ``.`` and ``..``."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """Nothing, as workerd's read-only file systems say."""
        return 0

    @property
    def read_only(self) -> bool:
        """Always."""
        return True


class RegularFile(Node):
    """A writable file. ``data`` stays immutable (and shared between isolates) until the first write."""

    __slots__ = ("data",)

    def __init__(self, *, ino: int, mode: int, time_ms: int, data: bytes | bytearray = b"") -> None:
        super().__init__(ino=ino, mode=mode, time_ms=time_ms)
        self.data = data

    @property
    def size(self) -> int:
        """Bytes of content."""
        return len(self.data)


class MountedFile(Node):
    """A file of a read-only mount: content shared by all isolates, never copied."""

    __slots__ = ("data",)

    def __init__(self, *, ino: int, mode: int, time_ms: int, data: ReadOnlyBytes) -> None:
        super().__init__(ino=ino, mode=mode, time_ms=time_ms)
        self.data = data

    @property
    def size(self) -> int:
        """Bytes of content."""
        return len(self.data)

    @property
    def read_only(self) -> bool:
        """Always."""
        return True


class SymbolicLink(Node):
    """A symbolic link."""

    __slots__ = ("target",)

    def __init__(self, *, ino: int, time_ms: int, target: str) -> None:
        super().__init__(ino=ino, mode=c.S_IFLNK | 0o777, time_ms=time_ms)
        self.target = target

    @property
    def size(self) -> int:
        """Bytes of the target's name."""
        return len(self.target.encode("utf-8", "surrogateescape"))


class DeviceNode(Node):
    """A character device; ``device`` is the name under which the host holds its implementation."""

    __slots__ = ("device", "number")

    def __init__(self, *, ino: int, mode: int, time_ms: int, device: str, number: int) -> None:
        super().__init__(ino=ino, mode=mode, time_ms=time_ms)
        self.device = device
        self.number = number

    @property
    def device_number(self) -> int:
        """Major number in the upper byte, minor number in the lower."""
        return self.number


class PipeNode(Node):
    """One pipe; it has no name in the tree."""

    __slots__ = ("pipe",)

    def __init__(self, *, ino: int, time_ms: int, pipe: Pipe) -> None:
        super().__init__(ino=ino, mode=c.S_IFIFO | 0o600, time_ms=time_ms)
        self.pipe = pipe
