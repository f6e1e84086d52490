"""Keeping exceptions out of C callbacks.

When Python code that C called ends with an exception, ctypes hands C whatever lay on the stack as its result; the
engine would take that for a pointer to a trap. The generated callbacks catch everything that happens inside them, which
leaves two gaps before their ``try`` begins, closed here:

* no room for another Python frame: :func:`ensure_headroom` raises on the host's side, before the guest is entered;
* Ctrl-C: Python runs signal handlers at the start of a function. While the main thread is at such a point, our handler
  does not raise but makes the guest trap; the call into the guest then raises KeyboardInterrupt.

Other signal handlers that raise must not be used while the main thread runs guests.
"""

from __future__ import annotations

import signal
import threading
import weakref
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Final

from runtime_core.engine.current import CURRENT

_HEADROOM_FRAMES: Final = 9
"""Levels that reporting a trap needs (about 7; a callback's own report needs 3)."""

_ROOM_FRAMES: Final = 80
"""Levels that a host function may need to turn an exception into one of the guest, which enters the guest again."""

_WAIT_FRAMES: Final = 200
"""Levels that an event loop and the tasks it runs need at least, beyond those of :data:`_ROOM_FRAMES`."""

_protected: weakref.WeakValueDictionary[int, CodeType] = weakref.WeakValueDictionary()
"""By id, since code compares by what it does. Guests make functions, which die with their isolates."""


def protect(function: Callable[..., Any]) -> None:
    """Register a function that C calls: Ctrl-C never raises inside its own frame."""
    _protected[id(function.__code__)] = function.__code__


def _chain(length: int) -> Callable[[], None]:
    """A function that calls a function, and so on; a plain recursion with a counter takes half as long again."""
    lines = ["def f0(): pass", *(f"def f{level + 1}(): f{level}()" for level in range(length))]
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)  # noqa: S102 - the text above
    made: Callable[[], None] = names[f"f{length}"]
    return made


ensure_headroom: Final = _chain(_HEADROOM_FRAMES)
"""Raises RecursionError unless the interpreter allows some more frames."""

ensure_room: Final = _chain(_ROOM_FRAMES)
"""The same, for host functions that call back into the guest: they must be able to report that it went too deep."""


ensure_wait_room: Final = _chain(_WAIT_FRAMES)
"""The same, for host functions that run an event loop on top of guest code."""


def on_interrupt(number: int, frame: FrameType | None) -> None:
    """The handler of SIGINT: KeyboardInterrupt, but later where it would be lost.

    Raises:
        KeyboardInterrupt: unless the thread is at a point where C waits for a result.
    """
    host = CURRENT.host
    if host is not None and frame is not None and _protected.get(id(frame.f_code)) is frame.f_code:
        CURRENT.interrupted = True
        host.instance.request_trap()
    else:
        signal.default_int_handler(number, frame)


def install() -> None:
    """Take over SIGINT if nobody else has, and this is the main thread."""
    on_main_thread = threading.current_thread() is threading.main_thread()
    if on_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, on_interrupt)
