"""The in-memory file system of one guest.

Behaviour follows POSIX where Emscripten's MEMFS leaves room, and MEMFS where programs can tell (inode numbers in order
of creation, one link per file, permission bits stored but not enforced, directory size of one block).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.limits import FileSystemLimits
from runtime_core.emscripten.lookup import LastLink, Location, locate, path_of
from runtime_core.emscripten.nodes import (
    DeviceNode,
    Directory,
    MountedFile,
    Node,
    PipeNode,
    RegularFile,
    SymbolicLink,
)
from runtime_core.emscripten.pipes import Pipe
from schemas.errors import LinkError

if TYPE_CHECKING:
    from runtime_core.emscripten.clock import Clock
    from runtime_core.emscripten.mounts import Mount

_ZEROS: Final = bytes(1 << 16)


class FileSystem:
    """The tree, its accounts and the operations on nodes. Descriptors are kept elsewhere (``files``)."""

    __slots__ = ("_cwd", "byte_count", "clock", "limits", "mount_points", "mounts", "next_ino", "node_count", "root")

    def __init__(self, *, clock: Clock, limits: FileSystemLimits | None = None, root: Directory | None = None) -> None:
        self.clock = clock
        self.limits = limits if limits is not None else FileSystemLimits()
        if root is None:
            root = Directory(ino=1, mode=c.S_IFDIR | 0o777, time_ms=self._creation_ms())
        root.parent = root
        self.root = root
        self.next_ino = 2
        self.node_count = 1
        self.byte_count = 0
        self.mounts: dict[str, Mount] = {}
        self.mount_points: dict[int, str] = {}
        """Name of the mount by inode number of its root."""
        self._cwd: Directory | str = root

    def now_ms(self) -> int:
        """Wall time as nodes record it."""
        return self.clock.wall_ns() // 1_000_000

    def _creation_ms(self) -> int:
        """The time of a new node: Emscripten reads the clock for any node, and again for one in memory."""
        self.now_ms()
        return self.now_ms()

    def skip_node(self) -> None:
        """Do as if a node had been made that this file system does without: the root of one of Emscripten's own."""
        self.now_ms()
        self.next_ino += 1

    # ---- working directory

    @property
    def cwd(self) -> Directory:
        """The working directory."""
        if isinstance(self._cwd, str):
            self._cwd = self._directory_at(self._cwd)
        return self._cwd

    def set_cwd_path(self, path: str) -> None:
        """Name the working directory; it is looked up on first use."""
        self._cwd = path

    def cwd_path(self) -> str:
        """The path of the working directory.

        Raises:
            Errno: ENOENT where it was removed.
        """
        return self._cwd if isinstance(self._cwd, str) else path_of(self._cwd)

    def change_directory(self, node: Node) -> None:
        """``chdir``."""
        if not isinstance(node, Directory):
            raise Errno(ErrnoCode.ENOTDIR)
        self._cwd = node

    # ---- look-up

    def locate(self, path: str, *, base: Directory | None = None, last_link: LastLink = LastLink.FOLLOW) -> Location:
        """See :func:`lookup.locate`; ``base`` is the working directory where it is not given."""
        if len(path) * 4 >= c.PATH_MAX and len(path.encode("utf-8", "surrogateescape")) >= c.PATH_MAX:
            raise Errno(ErrnoCode.ENAMETOOLONG)
        if base is None:
            base = self.root if path[:1] == "/" else self.cwd
        return locate(self.root, base, path, last_link)

    def resolve(self, path: str, *, base: Directory | None = None, follow: bool = True) -> Node:
        """The node that exists at ``path``.

        Raises:
            Errno: ENOENT, ENOTDIR, ELOOP or ENAMETOOLONG.
        """
        return self.locate(path, base=base, last_link=LastLink.FOLLOW if follow else LastLink.KEEP).existing()

    def entry(self, path: str, *, base: Directory | None = None) -> Location:
        """The location of an entry to be created, removed or renamed."""
        return self.locate(path, base=base, last_link=LastLink.ENTRY)

    def _directory_at(self, path: str) -> Directory:
        node = self.resolve(path)
        if not isinstance(node, Directory):
            raise Errno(ErrnoCode.ENOTDIR)
        return node

    # ---- creation

    def make_directory(self, location: Location, mode: int) -> Directory:
        """``mkdir``."""
        directory, name = location.vacant()
        node = Directory(ino=self._new_ino(), mode=c.S_IFDIR | mode & 0o1777, time_ms=self._creation_ms())
        self._attach(directory, name, node)
        return node

    def make_file(self, location: Location, mode: int) -> RegularFile:
        """An empty file, as ``open`` with O_CREAT and ``mknod`` make it."""
        directory, name = location.vacant()
        if location.must_be_directory:
            raise Errno(ErrnoCode.EISDIR)
        node = RegularFile(ino=self._new_ino(), mode=c.S_IFREG | mode & 0o7777, time_ms=self._creation_ms())
        self._attach(directory, name, node)
        return node

    def make_link(self, location: Location, target: str) -> SymbolicLink:
        """``symlink``."""
        if not target or (location.node is None and location.must_be_directory):
            raise Errno(ErrnoCode.ENOENT)
        directory, name = location.vacant()
        node = SymbolicLink(ino=self._new_ino(), time_ms=self._creation_ms(), target=target)
        self.charge(node.size)
        self._attach(directory, name, node)
        return node

    def make_device(self, location: Location, *, device: str, number: int, mode: int = 0o666) -> DeviceNode:
        """A character device that the host implements under the name ``device``."""
        directory, name = location.vacant()
        node = DeviceNode(
            ino=self._new_ino(),
            mode=c.S_IFCHR | mode & 0o7777,
            time_ms=self._creation_ms(),
            device=device,
            number=number,
        )
        self._attach(directory, name, node)
        return node

    def make_pipe(self) -> PipeNode:
        """A pipe, which has no name; it is gone with its last descriptor."""
        node = PipeNode(ino=self._new_ino(), time_ms=self.now_ms(), pipe=Pipe(capacity=self.limits.pipe_bytes))
        self.node_count += 1
        return node

    def _new_ino(self) -> int:
        if self.node_count >= self.limits.nodes:
            raise Errno(ErrnoCode.ENOSPC)
        ino = self.next_ino
        self.next_ino = ino + 1
        return ino

    def _attach(self, directory: Directory, name: str, node: Node) -> None:
        node.name = name
        node.parent = directory
        directory.entries[name] = node
        directory.atime = directory.mtime = directory.ctime = node.ctime
        self.node_count += 1

    # ---- removal

    def unlink(self, location: Location) -> None:
        """``unlink``: the content of an open file lives until it is closed."""
        directory, name, node = location.removable()
        if isinstance(node, Directory):
            raise Errno(ErrnoCode.EISDIR)
        self._detach(directory, name, node)

    def remove_directory(self, location: Location) -> None:
        """``rmdir``. The working directory is busy, as Emscripten has it."""
        directory, name, node = location.removable()
        if not isinstance(node, Directory):
            raise Errno(ErrnoCode.ENOTDIR)
        if node is self.cwd:
            raise Errno(ErrnoCode.EBUSY)
        if node.entries:
            raise Errno(ErrnoCode.ENOTEMPTY)
        self._detach(directory, name, node)

    def _detach(self, directory: Directory, name: str, node: Node) -> None:
        del directory.entries[name]
        node.parent = None
        directory.mtime = directory.ctime = self.now_ms()
        self.release(node)

    def release(self, node: Node) -> None:
        """Take a node out of the accounts once it has neither a name nor an open description."""
        if node.parent is not None or node.opens:
            return
        self.node_count -= 1
        if isinstance(node, RegularFile):
            self.charge(-len(node.data))
            node.data = b""
        elif isinstance(node, SymbolicLink):
            self.charge(-node.size)

    def charge(self, count: int) -> None:
        """Add ``count`` bytes (negative: give them back) to the accounts.

        Raises:
            Errno: ENOSPC where the guest would hold more than its limit.
        """
        total = self.byte_count + count
        if count > 0 and total > self.limits.total_bytes:
            raise Errno(ErrnoCode.ENOSPC)
        self.byte_count = total

    def rename(self, old: Location, new: Location) -> None:
        """``rename``, which replaces what the new name stood for."""
        directory, name, node = old.removable()
        if new.directory.read_only:
            raise Errno(ErrnoCode.EROFS)
        if not new.name:
            raise Errno(ErrnoCode.EBUSY)
        if new.node is node:
            return
        if isinstance(node, Directory):
            self._check_not_below(node, new.directory)
        elif old.must_be_directory or new.must_be_directory:
            raise Errno(ErrnoCode.ENOTDIR)
        if new.node is not None:
            self._check_replaceable(node, new.node)
            self._detach(new.directory, new.name, new.node)
        del directory.entries[name]
        new.directory.entries[new.name] = node
        node.name = new.name
        node.parent = new.directory
        now = self.now_ms()
        for changed in (directory, new.directory):
            changed.mtime = changed.ctime = now

    def _check_not_below(self, node: Directory, directory: Directory) -> None:
        while directory is not self.root:
            if directory is node:
                raise Errno(ErrnoCode.EINVAL)
            if directory.parent is None:
                raise Errno(ErrnoCode.ENOENT)
            directory = directory.parent

    def _check_replaceable(self, node: Node, target: Node) -> None:
        if target.read_only:
            raise Errno(ErrnoCode.EBUSY)
        if isinstance(target, Directory):
            if not isinstance(node, Directory):
                raise Errno(ErrnoCode.EISDIR)
            if target.entries:
                raise Errno(ErrnoCode.ENOTEMPTY)
            if target is self.cwd:
                raise Errno(ErrnoCode.EBUSY)
        elif isinstance(node, Directory):
            raise Errno(ErrnoCode.ENOTDIR)

    # ---- attributes

    def change_mode(self, node: Node, mode: int) -> None:
        """``chmod``."""
        self._check_writable(node)
        node.mode = node.mode & c.S_IFMT | mode & 0o7777
        node.ctime = self.now_ms()

    def change_times(self, node: Node, *, atime_ms: int | None, mtime_ms: int | None) -> None:
        """``utimensat``; None leaves a time as it is."""
        self._check_writable(node)
        if atime_ms is not None:
            node.atime = atime_ms
        if mtime_ms is not None:
            node.mtime = mtime_ms
        node.ctime = self.now_ms()

    def _check_writable(self, node: Node) -> None:
        if node.read_only:
            raise Errno(ErrnoCode.EROFS)

    # ---- content of regular files

    def read_at(self, node: Node, position: int, count: int) -> bytes | memoryview:
        """Bytes of a regular file; fewer at its end.

        Raises:
            Errno: EISDIR for a directory, EINVAL for what has no content.
        """
        if isinstance(node, RegularFile):
            view = memoryview(node.data)[position : position + count]
            # A view of a bytearray that is still in use would forbid the next write to grow it.
            return bytes(view) if isinstance(node.data, bytearray) else view
        if isinstance(node, MountedFile):
            return memoryview(node.data)[position : position + count]
        raise Errno(ErrnoCode.EISDIR if isinstance(node, Directory) else ErrnoCode.EINVAL)

    def write_at(self, node: Node, position: int, data: bytes | memoryview) -> int:
        """Store bytes in a regular file; a gap before them reads as zeros and is charged like content."""
        file = self._regular(node)
        if not len(data):
            return 0
        content = self._grown(file, position + len(data), upto=position)
        content[position : position + len(data)] = data
        file.mtime = file.ctime = self.now_ms()
        return len(data)

    def truncate(self, node: Node, size: int) -> None:
        """Cut a regular file, or extend it with zeros."""
        if size < 0:
            raise Errno(ErrnoCode.EINVAL)
        file = self._regular(node)
        if size == 0:
            self.charge(-len(file.data))
            file.data = b""
        elif size < len(file.data):
            self.charge(size - len(file.data))
            file.data = file.data[:size]
        else:
            self._grown(file, size, upto=size)
        file.mtime = file.ctime = self.now_ms()

    def _regular(self, node: Node) -> RegularFile:
        if isinstance(node, RegularFile):
            return node
        if isinstance(node, Directory):
            raise Errno(ErrnoCode.EISDIR)
        raise Errno(ErrnoCode.EROFS if node.read_only else ErrnoCode.EINVAL)

    def _grown(self, file: RegularFile, end: int, *, upto: int) -> bytearray:
        """The file's content, writable, with room for ``end`` bytes in the accounts and zeros up to ``upto``."""
        if end > self.limits.file_bytes:
            raise Errno(ErrnoCode.EFBIG)
        data = file.data
        self.charge(max(0, end - len(data)))
        if not isinstance(data, bytearray):
            data = file.data = bytearray(data)
        missing = upto - len(data)
        while missing > 0:
            data += _ZEROS[:missing]
            missing = upto - len(data)
        return data

    # ---- conveniences of the host, which raise the same errors

    def make_directories(self, path: str) -> Directory:
        """The directory at an absolute path, with every directory before it, created where missing."""
        current = self.root
        for name in path.split("/"):
            if not name:
                continue
            location = self.locate(name, base=current)
            node = location.node if location.node is not None else self.make_directory(location, 0o777)
            if not isinstance(node, Directory):
                raise Errno(ErrnoCode.ENOTDIR)
            current = node
        return current

    def write_file(self, path: str, data: bytes) -> None:
        """Create or replace a regular file; its directory must exist."""
        location = self.locate(path)
        node = location.node if location.node is not None else self.make_file(location, 0o666)
        self.truncate(node, 0)
        self.write_at(node, 0, data)

    def read_file(self, path: str) -> bytes:
        """The content of the regular file at ``path``."""
        node = self.resolve(path)
        return bytes(self.read_at(node, 0, node.size))

    def find_library(self, path: str) -> bytes | memoryview | None:
        """The content of the library at ``path``; None where there is none.

        Raises:
            LinkError: the file is not in a read-only mount: what guests write is not executed.
        """
        try:
            node = self.resolve(path)
        except Errno:
            return None
        if isinstance(node, MountedFile):
            return node.data
        raise LinkError("shared libraries are loaded from read-only file systems only", found=path)

    def mount(self, path: str, mount: Mount) -> None:
        """Attach a read-only file or tree at a path where nothing is yet, or an empty directory, which it hides."""
        if mount.name in self.mounts:
            raise Errno(ErrnoCode.EEXIST)
        location = self.entry(path)
        if isinstance(location.node, Directory) and not location.node.entries:
            directory, name, hidden = location.removable()
            hidden.parent = None
            self.node_count -= 1
        else:
            directory, name = location.vacant()
        self.now_ms()  # Emscripten reads the clock for a node, and does not store what it says for this one
        count = mount.node_count()
        node = mount.root(self.next_ino)
        self.next_ino += count
        self.mounts[mount.name] = mount
        self.mount_points[node.ino] = mount.name
        node.name = name
        node.parent = directory
        directory.entries[name] = node
        self.node_count += 1
