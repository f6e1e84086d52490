"""Keep this process's garbage collector out of a capture."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def steady_collector() -> Iterator[None]:
    """No automatic collection of cycles inside.

    When the collector runs depends on what else the process did, and proxies that it finds give references back to the
    guest, whose heap would tell.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
