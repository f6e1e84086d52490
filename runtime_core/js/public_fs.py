"""``pyodide.FS``: Emscripten's file system API, as far as its documentation goes, on the isolate's own file system."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.fs import FileSystem
from runtime_core.emscripten.nodes import Directory, Node, SymbolicLink
from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import bytes_view, is_buffer, uint8_array
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError, throw_error
from runtime_core.js.functions import NativeFunction
from runtime_core.js.operators import to_integer, to_string
from runtime_core.js.values import UNDEFINED, JsObject, JsValue

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_MODES: Final[Mapping[str, int]] = {
    "r": 0,
    "r+": c.O_RDWR,
    "w": c.O_TRUNC | c.O_CREAT | c.O_WRONLY,
    "w+": c.O_TRUNC | c.O_CREAT | c.O_RDWR,
    "a": c.O_APPEND | c.O_CREAT | c.O_WRONLY,
    "a+": c.O_APPEND | c.O_CREAT | c.O_RDWR,
}
_KIND: Final = 0o170000


def _checked(function: Callable[..., JsValue]) -> Callable[..., JsValue]:
    """``function`` with errors of the file system thrown as JavaScript errors."""

    def call(*args: JsValue) -> JsValue:
        try:
            return function(*args)
        except Errno as error:
            thrown = JsError("ErrnoError", error.code.name)
            thrown.set("errno", int(error.code))
            raise JsThrow(thrown) from None

    return call


def _run(function: Callable[..., object], *args: object) -> JsValue:
    function(*args)
    return UNDEFINED


class PublicFileSystem:
    """The functions, for one isolate."""

    def __init__(self, host: JsHost) -> None:
        self._host = host

    @property
    def _fs(self) -> FileSystem:
        return self._host.emscripten.fs

    def functions(self) -> dict[str, Callable[..., JsValue]]:
        """By name."""
        return {
            "analyzePath": self.analyze,
            "chdir": lambda path, *_: _run(self._fs.change_directory, self._directory(path)),
            "chmod": lambda path, mode, *_: _run(self._fs.change_mode, self._node(path), to_integer(mode)),
            "close": self.close,
            "cwd": lambda *_: self._fs.cwd_path(),
            "lstat": lambda path, *_: _stat(self._fs.resolve(to_string(path), follow=False)),
            "mkdir": lambda path, mode=UNDEFINED, *_: self.mkdir(path, mode),
            "mkdirTree": lambda path, *_: _run(self._fs.make_directories, to_string(path)),
            "open": lambda path, flags=UNDEFINED, mode=UNDEFINED, *_: self.open(path, flags, mode),
            "read": self.read,
            "readFile": lambda path, options=UNDEFINED, *_: self.read_file(path, options),
            "readdir": self.readdir,
            "readlink": self.readlink,
            "rename": lambda old, new, *_: _run(self._rename, to_string(old), to_string(new)),
            "rmdir": lambda path, *_: _run(self._fs.remove_directory, self._fs.entry(to_string(path))),
            "stat": lambda path, *_: _stat(self._node(path)),
            "symlink": self.symlink,
            "truncate": lambda path, size, *_: _run(self._fs.truncate, self._node(path), to_integer(size)),
            "unlink": lambda path, *_: _run(self._fs.unlink, self._fs.entry(to_string(path))),
            "utime": self.utime,
            "write": self.write,
            "writeFile": lambda path, data, *_: self.write_file(path, data),
            **{
                name: lambda mode, *_, kind=kind: to_integer(mode) & _KIND == kind
                for name, kind in (
                    ("isBlkdev", 0o060000),
                    ("isChrdev", 0o020000),
                    ("isDir", 0o040000),
                    ("isFIFO", 0o010000),
                    ("isFile", 0o100000),
                    ("isLink", 0o120000),
                    ("isSocket", 0o140000),
                )
            },
        }

    def _node(self, path: JsValue) -> Node:
        return self._fs.resolve(to_string(path))

    def _directory(self, path: JsValue) -> Directory:
        node = self._node(path)
        if not isinstance(node, Directory):
            raise Errno(ErrnoCode.ENOTDIR)
        return node

    def _rename(self, old: str, new: str) -> None:
        self._fs.rename(self._fs.entry(old), self._fs.entry(new))

    def mkdir(self, path: JsValue, mode: JsValue) -> JsValue:
        """``FS.mkdir(path, mode)``."""
        self._fs.make_directory(self._fs.entry(to_string(path)), to_integer(mode, 0o777))
        return UNDEFINED

    def symlink(self, target: JsValue, path: JsValue, *_: JsValue) -> JsValue:
        """``FS.symlink(target, path)``."""
        self._fs.make_link(self._fs.entry(to_string(path)), to_string(target))
        return UNDEFINED

    def readlink(self, path: JsValue, *_: JsValue) -> JsValue:
        """``FS.readlink(path)``."""
        node = self._fs.resolve(to_string(path), follow=False)
        if not isinstance(node, SymbolicLink):
            raise Errno(ErrnoCode.EINVAL)
        return node.target

    def readdir(self, path: JsValue, *_: JsValue) -> JsValue:
        """``FS.readdir(path)``."""
        return JsArray([".", "..", *self._directory(path).entries])

    def utime(self, path: JsValue, atime: JsValue, mtime: JsValue, *_: JsValue) -> JsValue:
        """``FS.utime(path, atime, mtime)``, in milliseconds."""
        self._fs.change_times(self._node(path), atime_ms=to_integer(atime), mtime_ms=to_integer(mtime))
        return UNDEFINED

    def analyze(self, path: JsValue, *_: JsValue) -> JsValue:
        """``FS.analyzePath(path)``: whether it exists, and where it leads."""
        text = to_string(path)
        try:
            node = self._fs.resolve(text)
        except Errno as error:
            return JsObject({"exists": False, "error": int(error.code), "path": None, "name": None, "object": None})
        absolute = posixpath.normpath(posixpath.join(self._fs.cwd_path(), text))
        name = posixpath.basename(absolute) or "/"
        return JsObject(
            {
                "exists": True,
                "error": 0,
                "path": absolute,
                "name": name,
                "isRoot": absolute == "/",
                "object": _stat(node),
            }
        )

    # ---- contents

    def open(self, path: JsValue, flags: JsValue, mode: JsValue) -> JsValue:
        """``FS.open(path, flags, mode)``: a stream with a descriptor."""
        bits = _flags(flags)
        fd = self._host.emscripten.files.open(to_string(path), bits, to_integer(mode, 0o666))
        return JsObject({"fd": fd, "flags": bits, "path": to_string(path)})

    def close(self, stream: JsValue, *_: JsValue) -> JsValue:
        """``FS.close(stream)``."""
        self._host.emscripten.files.close(_descriptor(stream))
        if isinstance(stream, JsObject):
            stream.set("fd", None)
        return UNDEFINED

    def read(self, *args: JsValue) -> JsValue:
        """``FS.read(stream, buffer, offset, length, position)``."""
        stream, buffer, offset, length, position = (*args, *(UNDEFINED,) * 5)[:5]
        view = _range(buffer, offset, length)
        place = None if position is UNDEFINED else to_integer(position)
        data = self._host.emscripten.files.get(_descriptor(stream)).read(len(view), place)
        view[: len(data)] = bytes(data)
        return len(data)

    def write(self, *args: JsValue) -> JsValue:
        """``FS.write(stream, buffer, offset, length, position)``."""
        stream, buffer, offset, length, position = (*args, *(UNDEFINED,) * 5)[:5]
        place = None if position is UNDEFINED else to_integer(position)
        data = bytes(_range(buffer, offset, length))
        return self._host.emscripten.files.get(_descriptor(stream)).write(data, place)

    def read_file(self, path: JsValue, options: JsValue) -> JsValue:
        """``FS.readFile(path, {encoding})``."""
        node = self._node(path)
        if isinstance(node, Directory):
            raise Errno(ErrnoCode.EISDIR)
        encoding = options.get("encoding") if isinstance(options, JsObject) else UNDEFINED
        if encoding not in (UNDEFINED, "binary", "utf8"):
            throw_error(f'Invalid encoding type "{to_string(encoding)}"')
        data = self._fs.read_file(to_string(path))
        return data.decode("utf-8", "replace") if encoding == "utf8" else uint8_array(data)

    def write_file(self, path: JsValue, data: JsValue) -> JsValue:
        """``FS.writeFile(path, data)``."""
        if isinstance(data, str):
            content = data.encode("utf-8", "replace")
        elif is_buffer(data):
            content = bytes(bytes_view(data))
        else:
            throw_error("Unsupported data type")
        files = self._host.emscripten.files
        fd = files.open(to_string(path), _MODES["w"], 0o666)
        try:
            stream = files.get(fd)
            written = 0
            while written < len(content):
                written += stream.write(content[written:])
        finally:
            files.close(fd)
        return UNDEFINED


def _flags(value: JsValue) -> int:
    if value is UNDEFINED:
        return 0
    if isinstance(value, str):
        if value not in _MODES:
            throw_error(f"Unknown file open mode: {value[:100]}")
        return _MODES[value]
    return to_integer(value)


def _descriptor(stream: JsValue) -> int:
    fd = stream.get("fd") if isinstance(stream, JsObject) else None
    if not isinstance(fd, int):
        raise Errno(ErrnoCode.EBADF)
    return fd


def _range(buffer: JsValue, offset: JsValue, length: JsValue) -> memoryview:
    view = bytes_view(buffer).cast("B")
    start = to_integer(offset)
    count = to_integer(length, len(view) - start)
    if not 0 <= start <= start + count <= len(view):
        raise Errno(ErrnoCode.EINVAL)
    return view[start : start + count]


def _stat(node: Node) -> JsObject:
    return JsObject(
        {
            "dev": 1,
            "ino": node.ino,
            "mode": node.mode,
            "nlink": 1,
            "uid": 0,
            "gid": 0,
            "rdev": 0,
            "size": node.size,
            "blksize": 4096,
            "blocks": -(-node.size // 4096),
        }
    )


def make_file_system(host: JsHost) -> JsValue:
    """``FS``."""
    functions = PublicFileSystem(host).functions()
    return JsObject({name: NativeFunction(_checked(function), name) for name, function in functions.items()})


def make_paths(host: JsHost) -> JsValue:
    """``PATH``."""

    def join(*parts: JsValue) -> JsValue:
        return normalize("/".join(map(to_string, parts)))

    def normalize(path: JsValue) -> str:
        text = to_string(path)
        result = posixpath.normpath(text) if text else "."
        result = "/" + result.lstrip("/") if result.startswith("//") else result
        return result + "/" if text.endswith("/") and not result.endswith("/") else result

    def base(path: JsValue) -> str:
        text = to_string(path)
        return text if text == "/" else posixpath.basename(text.rstrip("/"))

    functions: dict[str, Callable[..., JsValue]] = {
        "basename": base,
        "dirname": lambda path: posixpath.dirname(to_string(path).rstrip("/") or "/") or ".",
        "isAbs": lambda path: to_string(path).startswith("/"),
        "join": join,
        "join2": join,
        "normalize": normalize,
    }
    return JsObject({name: NativeFunction(function, name) for name, function in functions.items()})
