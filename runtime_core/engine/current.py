"""Which guest the calling thread is in.

Host functions are defined once for all instances, so they find the host they serve here. Every entry into a guest sets
it and restores it afterwards; guests may be entered from within each other.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime_core.engine.hostcall import GuestHost
    from runtime_core.engine.instance import GuestInstance


class Current(threading.local):
    """State of one thread."""

    host: GuestHost | None = None
    """The host of the innermost guest, None outside of any."""

    pending: BaseException | None = None
    """What a host function raised; the trap that stands for it is on its way to the innermost call."""

    interrupted: bool = False
    """Ctrl-C arrived where it could not be raised; the outermost call into a guest raises it."""

    working: GuestInstance | None = None
    """The instance that host code works for while no guest frame is on the stack, as in the tasks of an event loop."""

    tick: int = 0
    """The tick at which :func:`runtime_core.engine.checkpoint.checkpoint` last looked at the budget."""

    free_stack: int = -1
    """Bytes of native stack that further guests may be given on this thread; -1 = not yet determined."""


CURRENT = Current()
