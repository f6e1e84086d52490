"""All imports of the Emscripten host, wrapped so that errors reach the guest as it expects them."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten import (
    broken_down_time,
    dynamic_linking,
    heap,
    libffi,
    process,
    sockets,
    stderr,
    syscalls_fd,
    syscalls_path,
    table_functions,
    time_imports,
    wasi,
)
from runtime_core.emscripten.errno import Errno, ErrnoCode
from runtime_core.engine.hostcall import HostImport
from schemas.errors import GuestFault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    ImportFunction = Callable[..., object]

COMPONENT: Final = "emscripten"
"""The attribute of the bound host that these functions get as first argument."""

_ENV: Final = "env"
_WASI: Final = "wasi_snapshot_preview1"

_STDERR_IMPORTS: Final[Mapping[str, ImportFunction]] = {
    "capture_stderr": stderr.capture_stderr,
    "restore_stderr": stderr.restore_stderr,
}


def emscripten_imports() -> list[HostImport]:
    """Every import of the component ``emscripten``."""
    imports: list[HostImport] = []
    for group in (syscalls_path.IMPORTS, syscalls_fd.IMPORTS, sockets.SYSCALL_IMPORTS, heap.SYSCALL_IMPORTS):
        imports.extend(_import(_ENV, name, _returning_errno(function, sign=-1)) for name, function in group.items())
    for group in (wasi.IMPORTS, time_imports.WASI_IMPORTS):
        imports.extend(_import(_WASI, name, _returning_errno(function, sign=1)) for name, function in group.items())
    imports.extend(_import(_WASI, name, function) for name, function in process.WASI_IMPORTS.items())
    for group in (
        process.IMPORTS,
        heap.IMPORTS,
        sockets.IMPORTS,
        time_imports.IMPORTS,
        broken_down_time.IMPORTS,
        dynamic_linking.IMPORTS,
        libffi.IMPORTS,
        table_functions.IMPORTS,
        _STDERR_IMPORTS,
    ):
        imports.extend(_import(_ENV, name, function) for name, function in group.items())
    return imports


def _import(module: str, name: str, function: ImportFunction) -> HostImport:
    return HostImport(module=module, name=name, component=COMPONENT, function=function)


def _returning_errno(function: ImportFunction, *, sign: int) -> ImportFunction:
    """``function`` with its errors as results: system calls negate them, functions of WASI do not.

    A pointer that leaves linear memory is EFAULT, as a kernel has it, instead of the end of the guest.
    """
    fault = sign * ErrnoCode.EFAULT

    @wraps(function)
    def wrapped(*arguments: object) -> object:
        try:
            return function(*arguments)
        except Errno as error:
            return sign * error.code
        except GuestFault:
            return fault

    return wrapped
