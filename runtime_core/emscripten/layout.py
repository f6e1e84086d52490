"""Structures of the guest's C library as bytes (wasm32, musl as Emscripten builds it).

``struct stat`` (96 bytes): dev u32 @0, mode u32 @4, nlink u32 @8, uid u32 @12, gid u32 @16, rdev u32 @20, size i64
@24, blksize i32 @32, blocks i32 @36, then atime, mtime, ctime as (seconds i64, nanoseconds u32, 4 bytes padding) @40,
@56, @72, and ino u64 @88.

``struct dirent`` (280 bytes): ino u64 @0, off i64 @8, reclen u16 @16, type u8 @18, name @19 (256 bytes), padding.

``struct statfs`` (72 bytes): bsize u32 @4, blocks u64 @8, bfree u64 @16, bavail u64 @24, files u64 @32, ffree u64 @40,
fsid u64 @48, namelen u32 @56, frsize u32 @60, flags u32 @64.

``struct fdstat`` of WASI (24 bytes): file type u8 @0, flags u16 @2, rights u64 @8 and @16.
"""

from __future__ import annotations

import struct
from typing import Final

from runtime_core.emscripten import constants as c
from runtime_core.emscripten.nodes import DeviceNode, Node

STAT_BYTES: Final = 96
DIRENT_BYTES: Final = 280
STATFS_BYTES: Final = 72

_STAT = struct.Struct("<6IqiiqI")
_STAT_TIME = struct.Struct("<qI")
_STAT_MTIME: Final = 56
_STAT_CTIME: Final = 72
_STAT_INO: Final = 88
_INO = struct.Struct("<Q")
_DIRENT = struct.Struct("<QqHB256s5x")
_STATFS = struct.Struct("<4xIQQQQQQIII4x")
_FDSTAT = struct.Struct("<BxHxxxxQQ")

_DIRENT_TYPES: Final = {c.S_IFCHR: 2, c.S_IFDIR: 4, c.S_IFREG: 8, c.S_IFLNK: 10, c.S_IFIFO: 1}
_WASI_CHARACTER_DEVICE: Final = 2
_WASI_DIRECTORY: Final = 3
_WASI_REGULAR_FILE: Final = 4

_DEVICE_OF_FILES: Final = 1
_STATFS_BLOCKS: Final = 1_000_000
_STATFS_FREE: Final = 500_000
_STATFS_ID: Final = 42
_ST_NOSUID: Final = 2


def _time(milliseconds: int) -> tuple[int, int]:
    seconds, rest = divmod(milliseconds, 1000)
    return seconds, rest * 1_000_000


def pack_stat(buffer: memoryview, node: Node) -> None:
    """Store ``struct stat`` of a node; owner and group are 0, the only user there is.

    The padding keeps what it holds, as with Emscripten: buffers lie in memory that snapshots are compared by.
    """
    size = node.size
    _STAT.pack_into(
        buffer,
        0,
        node.ino if isinstance(node, DeviceNode) else _DEVICE_OF_FILES,
        node.mode,
        1,
        0,
        0,
        node.device_number,
        size,
        c.BLOCK_SIZE,
        -(-size // c.BLOCK_SIZE),
        *_time(node.atime),
    )
    _STAT_TIME.pack_into(buffer, _STAT_MTIME, *_time(node.mtime))
    _STAT_TIME.pack_into(buffer, _STAT_CTIME, *_time(node.ctime))
    _INO.pack_into(buffer, _STAT_INO, node.ino)


def pack_dirent(name: str, node: Node, *, offset: int) -> bytes:
    """``struct dirent``; ``offset`` is the position of the entry after it."""
    kind = _DIRENT_TYPES.get(node.mode & c.S_IFMT, 0)
    return _DIRENT.pack(node.ino, offset, DIRENT_BYTES, kind, name.encode("utf-8", "surrogateescape")[: c.NAME_MAX])


def pack_statfs(*, nodes: int) -> bytes:
    """``struct statfs`` with the figures Emscripten reports for its memory file system."""
    return _STATFS.pack(
        c.BLOCK_SIZE,
        _STATFS_BLOCKS,
        _STATFS_FREE,
        _STATFS_FREE,
        nodes,
        max(0, nodes - 1),
        _STATFS_ID,
        c.NAME_MAX,
        c.BLOCK_SIZE,
        _ST_NOSUID,
    )


def pack_fdstat(node: Node, *, is_terminal: bool) -> bytes:
    """WASI's ``fdstat``: rights and flags are 0, as Emscripten leaves them."""
    if is_terminal:
        kind = _WASI_CHARACTER_DEVICE
    elif node.mode & c.S_IFMT == c.S_IFDIR:
        kind = _WASI_DIRECTORY
    else:
        kind = _WASI_REGULAR_FILE
    return _FDSTAT.pack(kind, 0, 0, 0)
