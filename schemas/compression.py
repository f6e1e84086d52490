"""Compressed forms of an artifact's content: one zstd frame (RFC 8878), alone or as a delta.

A delta is what ``zstd --patch-from`` writes: the frame refers to a base as if it had come just before the content. It
does not say which base; the manifest does, and whoever unpacks it must check the digest of what comes out.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, Final

from schemas.errors import FormatError, MissingToolError

_CHUNK: Final = 1024 * 1024
_WINDOW_LOG: Final = 27
"""128 MiB: how far back a frame may refer, and the memory that unpacking takes at most."""
_ALONE_LEVEL: Final = 3
_DELTA_LEVEL: Final = 6
"""With matching over long distances; without it, base and content of tens of MiB hardly find each other."""


def zstd_version() -> str:
    """The version of the library; another one may write other frames for the same content.

    Raises:
        MissingToolError: this Python has no zstd.
    """
    return str(_zstd().zstd_version)


def compress(content: bytes | memoryview, *, base: bytes | memoryview | None = None) -> bytes:
    """One frame for ``content``, as a delta if there is a ``base``. Equal input gives equal bytes in one version.

    Raises:
        MissingToolError: this Python has no zstd.
    """
    zstd = _zstd()
    parameter = zstd.CompressionParameter
    if base is None:
        return bytes(zstd.compress(content, _ALONE_LEVEL))
    options = {
        parameter.compression_level: _DELTA_LEVEL,
        parameter.window_log: _WINDOW_LOG,
        parameter.enable_long_distance_matching: 1,
    }
    return bytes(zstd.compress(content, options=options, zstd_dict=_prefix(zstd, base)))


def decompress(chunks: Iterable[bytes | memoryview], *, base: bytes | None = None) -> Iterator[bytes]:
    """The content of one frame that arrives in ``chunks``, at most 1 MiB at a time.

    With another base than the frame was made with, this gives other bytes or an error.

    Raises:
        FormatError: not a whole zstd frame, or bytes follow it.
        MissingToolError: this Python has no zstd.
    """
    zstd = _zstd()
    options = {zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
    dictionary = None if base is None else _prefix(zstd, base)
    decompressor = zstd.ZstdDecompressor(zstd_dict=dictionary, options=options)
    for chunk in chunks:
        if decompressor.eof and len(chunk):
            raise FormatError("bytes follow the zstd frame of an artifact", hint="publish it again")
        yield from _content(zstd, decompressor, chunk)
    if not decompressor.eof:
        raise FormatError("a zstd frame is cut off", hint="publish it again")
    if decompressor.unused_data:
        raise FormatError("bytes follow the zstd frame of an artifact", hint="publish it again")


def _content(zstd: ModuleType, decompressor: Any, data: bytes | memoryview) -> Iterator[bytes]:
    """What can be unpacked once ``data`` has arrived."""
    try:
        while not decompressor.eof:
            content = decompressor.decompress(data, _CHUNK)
            data = b""
            if content:
                yield content
            elif decompressor.needs_input:
                return
    except zstd.ZstdError as error:
        raise FormatError(f"a zstd frame is malformed: {error!s:.200}", hint="publish it again") from error


def _prefix(zstd: ModuleType, base: bytes | memoryview) -> object:
    if len(base) < 8:  # the least that the library takes for a dictionary
        raise FormatError("too short for the base of a delta", expected=">= 8 bytes", found=len(base))
    return zstd.ZstdDict(base, is_raw=True).as_prefix


@functools.cache
def _zstd() -> ModuleType:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise MissingToolError("zstd is needed for compressed artifacts", hint="pip install backports.zstd") from error
    return zstd
