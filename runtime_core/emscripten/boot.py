"""The boot sequence of CPython in a fresh guest, up to the point where it runs source code.

The steps and their order are those of Emscripten's start-up: the call trampoline is announced before the constructors
run, and ``main`` gets its arguments on the guest's own stack.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from runtime_core.emscripten.arguments import U32
from runtime_core.emscripten.errno import Errno
from runtime_core.emscripten.host import PROGRAM_NAME, EmscriptenHost
from runtime_core.emscripten.stderr import capture_stderr, restore_stderr
from runtime_core.engine.errors import GuestExit
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.emscripten.fs import FileSystem
    from runtime_core.emscripten.guest import Instance
    from runtime_core.emscripten.mounts import Mount

HOME: Final = "/home/pyodide"
BOOT_ENVIRONMENT: Final = {"HOME": HOME, "PYTHONINSPECT": "1"}
"""Changes to Emscripten's environment. PYTHONINSPECT keeps the interpreter alive after ``main`` returned."""

_DIRECTORIES: Final = ("/tmp", "/home", "/home/web_user", "/dev")  # noqa: S108 - paths of the guest
_DEVICES: Final = (("null", 1, 3), ("tty", 5, 0), ("tty1", 6, 0), ("random", 64, 0), ("urandom", 65, 0))
_LATER_DIRECTORIES: Final = ("/dev/shm", "/dev/shm/tmp", "/proc", "/proc/self", "/proc/self/fd")  # noqa: S108
_STREAM_DEVICES: Final = (("stdin", 66, 0), ("stdout", 67, 1), ("stderr", 68, 1))


def prepare_filesystem(host: EmscriptenHost, *, python_version: tuple[int, int], stdlib: Mount) -> None:
    """Fill an empty file system as Pyodide's loader does, open descriptors 0 to 2 and change to the home directory.

    ``stdlib`` is the zip file of the standard library; it appears as ``/lib/pythonXY.zip``.
    """
    fs = host.fs
    for path in _DIRECTORIES:
        fs.make_directories(path)
    for name, major, minor in _DEVICES:
        _make_device(fs, name, major, minor)
    for path in _LATER_DIRECTORIES:
        fs.make_directories(path)
    _make_device(fs, "zero", 1, 5)
    for name, major, _ in _STREAM_DEVICES:
        _make_device(fs, name, major, 0)
    for name, _, flags in _STREAM_DEVICES:
        host.files.open(f"/dev/{name}", flags)
    major, minor = python_version
    for path in (f"/lib/python{major}.{minor}/site-packages", f"/lib/python{major}.{minor}/lib-dynload", HOME):
        fs.make_directories(path)
    fs.mount(f"/lib/python{major}{minor}.zip", stdlib)
    fs.change_directory(fs.resolve(HOME))


def _make_device(fs: FileSystem, name: str, major: int, minor: int) -> None:
    fs.make_device(fs.entry(f"/dev/{name}"), device=name, number=major << 8 | minor)


def start_interpreter(instance: Instance, host: EmscriptenHost, *, trampoline_slot: int) -> None:
    """Run the constructors and ``main``; afterwards the interpreter accepts source code.

    Raises:
        HostError: where ``main`` fails, with what it wrote to its standard error stream.
        FatalIsolateError: where the guest traps.
    """
    announce_trampoline(instance, trampoline_slot)
    instance.call("__wasm_call_ctors")
    limits = (instance.call("emscripten_stack_get_base"), instance.call("emscripten_stack_get_end"))
    if 0 in limits:
        raise HostError("the guest did not set the limits of its stack", expected="base and end", found=limits)
    try:
        status, text = _captured(host, lambda: run_main(instance))
    except GuestExit as ended:
        raise HostError("the interpreter ended while it started", expected=0, found=ended.status) from ended
    if status != 0:
        raise HostError(f"the interpreter did not start: {text.strip() or 'no message'}", expected=0, found=status)


def announce_trampoline(instance: Instance, slot: int) -> None:
    """Tell the interpreter which slot of the function table holds its call trampoline."""
    memory = instance.memory
    offset = memory.read_i32(instance.global_value("_PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET"))
    memory.write_i32(instance.global_value("_PyRuntime") + offset, slot)


def run_main(instance: Instance) -> int:
    """Run ``main`` with the program's name as its only argument, laid out on the stack as Emscripten does it.

    Returns its status. A guest that ends the process is unwound with GuestExit.
    """
    memory = instance.memory
    argv = instance.call("_emscripten_stack_alloc", 8) & U32
    program = PROGRAM_NAME + b"\0"
    name = instance.call("_emscripten_stack_alloc", len(program)) & U32
    memory.write(name, program)
    memory.write_u32(argv, name)
    memory.write_u32(argv + 4, 0)
    return int(instance.call("__main_argc_argv", 1, argv))


def _captured(host: EmscriptenHost, call: Callable[[], int]) -> tuple[int, str]:
    """Make a call of an export; its result and what the guest wrote to its standard error stream.

    An exception carries that text as a note.
    """
    capture_stderr(host)
    try:
        result = call()
    except Exception as error:
        text = restore_stderr(host).strip()
        if text:
            error.add_note(f"the guest wrote: {text}")
        raise
    return result, restore_stderr(host)


def run_simple_string(instance: Instance, host: EmscriptenHost, source: str) -> None:
    """Run source code in the guest's ``__main__`` module.

    Raises:
        HostError: with the traceback where the code raises.
        FatalIsolateError: where the guest traps.
        GuestExit: where the code ends the process.
    """
    data = source.encode() + b"\0"
    addr = instance.call("malloc", len(data)) & U32
    if addr == 0:
        raise HostError("the guest has no memory for the source code", expected=f"{len(data)} bytes")
    instance.memory.write(addr, data)
    failed, text = _captured(host, lambda: int(instance.call("PyRun_SimpleString", addr)))
    instance.call("free", addr)
    if failed:
        raise HostError(f"guest code failed: {text.strip() or 'no message'}")
    if text:
        with suppress(Errno):
            host.devices["stderr"].write(text.encode())
