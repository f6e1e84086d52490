"""Processes, signals, users, logging: what a guest that is alone in its world can be told."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.arguments import U32
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.emscripten.host import PROGRAM_NAME
from runtime_core.engine.errors import GuestExit
from schemas.errors import FatalIsolateError, GuestFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runtime_core.emscripten.host import EmscriptenHost

_MESSAGE_MAX: Final = 4096
_EM_ASM_WITHOUT_RESULT: Final = frozenset((3_964_497,))
"""Addresses of the blocks of JavaScript that give no result, from Pyodide 314.0.5's glue: the linker has taken their
text out of the module."""


def proc_exit(host: EmscriptenHost, status: int) -> None:
    """``exit``: the guest is unwound.

    Raises:
        GuestExit: always.
    """
    del host
    raise GuestExit(status)


def abort(host: EmscriptenHost) -> None:
    """``abort``.

    Raises:
        FatalIsolateError: always.
    """
    del host
    raise FatalIsolateError("the guest aborted")


def assert_fail(host: EmscriptenHost, condition: int, file: int, line: int, function: int) -> None:
    """A failed assertion in the guest's C code.

    Raises:
        FatalIsolateError: always, with the assertion's text and place.
    """
    place = f"{_text(host, file)}:{line} ({_text(host, function)})"
    raise FatalIsolateError(f"the guest's assertion {_text(host, condition)!r} failed at {place}")


def _text(host: EmscriptenHost, addr: int) -> str:
    """A message of the guest, cut to a bearable length; a bad pointer must not hide the error that is reported."""
    if not addr:
        return "unknown"
    addr &= U32
    length = max(0, min(_MESSAGE_MAX, host.memory.size - addr))
    try:
        return host.memory.read(addr, length).split(b"\0", 1)[0].decode("utf-8", "replace")
    except GuestFault:
        return "unreadable"


def check_signals(host: EmscriptenHost) -> int:
    """The pending signal, which is taken thereby."""
    signal = host.pending_signal
    host.pending_signal = 0
    return signal


def call_signal_handler(host: EmscriptenHost, handler: int, signal: int) -> None:
    """Call a handler of the guest's C code."""
    host.instance.table_call(handler & U32, signal)


def runtime_name(host: EmscriptenHost) -> int:
    """A string on the guest's heap that names this runtime."""
    name = host.runtime_name.encode() + b"\0"
    addr = int(host.instance.call("malloc", len(name))) & U32
    if addr:
        host.memory.write(addr, name)
    return addr


def get_program_name(host: EmscriptenHost, buffer: int, size: int) -> None:
    """``program_invocation_name``, cut to ``size`` bytes with its NUL."""
    if size > 0:
        host.memory.write(buffer, PROGRAM_NAME[: size - 1] + b"\0")


def get_user(host: EmscriptenHost) -> int:
    """``getuid``: the superuser, as permissions are not enforced."""
    del host
    return 0


def set_umask(host: EmscriptenHost, mask: int) -> int:
    """``umask``: the mask before."""
    before = host.umask
    host.umask = mask & 0o777
    return before


def system(host: EmscriptenHost, command: int) -> int:
    """``system``: there is no shell."""
    del host
    return -ErrnoCode.ENOSYS if command else 0


def em_asm(host: EmscriptenHost, code: int, signature: int, arguments: int) -> int:
    """``EM_ASM_INT``: the result of a block of JavaScript. The only one that has a result asks whether stack switching
    is there, without which ``run_sync`` would be built as a stub."""
    del host, signature, arguments
    return int(code & U32 not in _EM_ASM_WITHOUT_RESULT)


def log_line(host: EmscriptenHost, message: int) -> None:
    """A message of the guest's C code goes to its standard error stream, or nowhere if that is broken."""
    with suppress(Errno):
        host.devices["stderr"].write(_text(host, message).encode() + b"\n")


def log_formatted(host: EmscriptenHost, flags: int, message: int) -> None:
    """``emscripten_log``."""
    del flags
    log_line(host, message)


def ignore(host: EmscriptenHost, *arguments: object) -> int:
    """What has no meaning without a browser: event-loop bookkeeping, debuggers, test hooks."""
    del host, arguments
    return 0


def trampoline_call(host: EmscriptenHost, function: int, first: int, second: int, third: int) -> object:
    """CPython's call through a pointer of another type; only used where no trampoline is in the table."""
    result = host.instance.table_call(function & U32, first, second, third)
    return 0 if result is None else result


IMPORTS: Final[Mapping[str, Callable[..., object]]] = {
    "exit": proc_exit,
    "_abort_js": abort,
    "__assert_fail": assert_fail,
    "_Py_CheckEmscriptenSignals_Helper": check_signals,
    "__call_sighandler": call_signal_handler,
    "_Py_emscripten_runtime": runtime_name,
    "_PyEM_TrampolineCall_JS": trampoline_call,
    "_emscripten_get_progname": get_program_name,
    "__syscall_getuid32_js": get_user,
    "__syscall_umask_js": set_umask,
    "_emscripten_system": system,
    "emscripten_asm_const_int": em_asm,
    "emscripten_log_impl_js": log_line,
    "_emscripten_log_formatted": log_formatted,
    "emscripten_runtime_keepalive_push": ignore,
    "emscripten_runtime_keepalive_pop": ignore,
    "_emscripten_runtime_keepalive_clear": ignore,
    "emscripten_debugger": ignore,
    "emscripten_set_up_async_input_device_js": ignore,
    "fail_test": ignore,
}
WASI_IMPORTS: Final[Mapping[str, Callable[..., object]]] = {"proc_exit": proc_exit}
