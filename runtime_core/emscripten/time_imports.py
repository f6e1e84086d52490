"""Clocks and timers as the guest's C library asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.errno import Errno, ErrnoCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.host import EmscriptenHost

_CLOCK_REALTIME: Final = 0
_CLOCK_LAST: Final = 3
_WALL_RESOLUTION_NS: Final = 1_000_000
_MONOTONIC_RESOLUTION_NS: Final = 1_000


def clock_time_get(host: EmscriptenHost, clock_id: int, precision: int, result: int) -> int:
    """WASI's ``clock_time_get``: nanoseconds as u64. CPU time is not told apart from monotonic time."""
    del precision
    _check_clock(clock_id)
    now = host.clock.wall_ns() if clock_id == _CLOCK_REALTIME else host.monotonic_ns()
    host.memory.write_u64(result, now)
    return 0


def clock_res_get(host: EmscriptenHost, clock_id: int, result: int) -> int:
    """WASI's ``clock_res_get``, with the resolutions that Emscripten states."""
    _check_clock(clock_id)
    wall = clock_id == _CLOCK_REALTIME
    host.memory.write_u64(result, _WALL_RESOLUTION_NS if wall else _MONOTONIC_RESOLUTION_NS)
    return 0


def _check_clock(clock_id: int) -> None:
    if not 0 <= clock_id <= _CLOCK_LAST:
        raise Errno(ErrnoCode.EINVAL)


def date_now(host: EmscriptenHost) -> float:
    """Whole milliseconds since 1970, as JavaScript's ``Date.now``."""
    return float(host.clock.wall_ns() // 1_000_000)


def get_now(host: EmscriptenHost) -> float:
    """Milliseconds of the monotonic clock, as JavaScript's ``performance.now``."""
    return host.monotonic_ns() / 1e6


def setitimer(host: EmscriptenHost, which: int, timeout_ms: float) -> int:
    """``setitimer``: accepted. A timer fires from an event loop, and never while the guest runs; there is none here."""
    del host, which, timeout_ms
    return 0


WASI_IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "clock_time_get": clock_time_get,
    "clock_res_get": clock_res_get,
}
IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "emscripten_date_now": date_now,
    "emscripten_get_now": get_now,
    "_setitimer_js": setitimer,
}
