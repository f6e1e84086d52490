"""Tune a process that moves blobs over gRPC: its allocator and gRPC's reads.

Every 1 MiB message is allocated and freed several times. By default glibc returns such memory at once and the next
message pays 256 page faults to get it again, which costs more than moving the bytes: measured over loopback, reads go
from 650 to 980 MB/s and writes from 600 to 1,000 MB/s with :func:`keep_freed_memory`.

gRPC's experiment ``tcp_frame_size_tuning`` lets a read wait until what it expects is there instead of waking for every
piece. Eight alternating runs of 24 bare downloads each had a median of 985 MB/s with it in the server and 776 without,
on a machine that drifts by a factor of two.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Final

# Parameters of mallopt(3), from glibc's malloc.h.
_M_TRIM_THRESHOLD: Final = -1
_M_TOP_PAD: Final = -2
_M_MMAP_THRESHOLD: Final = -3

_KEPT_BYTES: Final = 256 << 20
_STEP_BYTES: Final = 32 << 20
_MMAP_BYTES: Final = 32 << 20
"""glibc accepts no mmap threshold above this."""


_EXPERIMENTS: Final = "tcp_frame_size_tuning"
"""gRPC logs a name that it does not know as an error, and goes on."""


def tune_transport() -> None:
    """Do both; to be called before gRPC is imported, which is when it reads GRPC_EXPERIMENTS. A value set stays."""
    os.environ.setdefault("GRPC_EXPERIMENTS", _EXPERIMENTS)
    keep_freed_memory()


def keep_freed_memory() -> bool:
    """Tune this process's allocator; False where the C library is not glibc, and nothing was changed.

    For programs that move blobs, not for libraries: it holds for the whole process, which then keeps up to 256 MiB.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return False
    mallopt.argtypes = (ctypes.c_int, ctypes.c_int)
    mallopt.restype = ctypes.c_int
    values = ((_M_MMAP_THRESHOLD, _MMAP_BYTES), (_M_TRIM_THRESHOLD, _KEPT_BYTES), (_M_TOP_PAD, _STEP_BYTES))
    return all(mallopt(parameter, value) == 1 for parameter, value in values)
