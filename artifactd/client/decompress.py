"""Streaming decompression of artifacts, bounded by what the caller accepts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from schemas.errors import FormatError, MissingToolError

_CHUNK: Final = 1024 * 1024
_WINDOW_LOG_MAX: Final = 27  # 128 MiB of memory for the window, what publishers use at most


def decompress(path: Path) -> Iterator[bytes]:
    """The content of a file with one zstd frame, at most 1 MiB at a time.

    Raises:
        FormatError: not a whole zstd frame, or bytes follow it.
        MissingToolError: this Python has no zstd (before 3.14 it is the package backports.zstd).
    """
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise MissingToolError("zstd is needed to decompress", hint="pip install backports.zstd") from error
    decompressor = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX})
    with path.open("rb") as file:
        try:
            while not decompressor.eof:
                data = file.read(_CHUNK) if decompressor.needs_input else b""
                if decompressor.needs_input and not data:
                    raise FormatError("a zstd artifact is cut off", hint="publish it again")
                content = decompressor.decompress(data, _CHUNK)
                if content:
                    yield content
        except zstd.ZstdError as error:
            raise FormatError(f"a zstd artifact is malformed: {error!s:.200}", hint="publish it again") from error
        if decompressor.unused_data or file.read(1):
            raise FormatError("bytes follow the zstd frame of an artifact", hint="publish it again")
