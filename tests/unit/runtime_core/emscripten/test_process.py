from __future__ import annotations

import pytest

from runtime_core.emscripten.errno import ErrnoCode as E
from runtime_core.emscripten.host import EmscriptenHost, HostServices, StandardStreams
from runtime_core.emscripten.imports import emscripten_imports
from runtime_core.engine.errors import GuestExit
from schemas.errors import FatalIsolateError, GuestFault
from tests.support.fake_guest import FakeInstance, FixedClock, fake_host

FUNCTIONS = {(item.module, item.name): item.function for item in emscripten_imports()}


def call(name: str, host: EmscriptenHost, *arguments: int, module: str = "env") -> object:
    return FUNCTIONS[module, name](host, *arguments)


def test_exit_unwinds_the_guest() -> None:
    for module, name in (("env", "exit"), ("wasi_snapshot_preview1", "proc_exit")):
        with pytest.raises(GuestExit) as caught:
            call(name, fake_host(), 7, module=module)
        assert caught.value.status == 7


def test_abort_and_assertions_are_fatal() -> None:
    host = fake_host()
    with pytest.raises(FatalIsolateError, match="aborted"):
        call("_abort_js", host)
    host.memory.write(0x100, b"x > 0\0file.c\0")
    with pytest.raises(FatalIsolateError, match=r"'x > 0' failed at file\.c:12 \(unknown\)"):
        call("__assert_fail", host, 0x100, 0x106, 12, 0)
    with pytest.raises(FatalIsolateError):
        call("__assert_fail", host, -1, -1, 1, -1)


def test_signals_are_taken_once() -> None:
    host = fake_host()
    host.pending_signal = 15
    assert call("_Py_CheckEmscriptenSignals_Helper", host) == 15
    assert call("_Py_CheckEmscriptenSignals_Helper", host) == 0


def test_signal_handlers_are_called_through_the_table() -> None:
    instance = FakeInstance()
    seen: list[int] = []
    instance.table.append(seen.append)
    host = fake_host(instance)
    call("__call_sighandler", host, 1, 10)
    assert seen == [10]
    with pytest.raises(GuestFault):
        call("__call_sighandler", host, 0, 10)


def test_names() -> None:
    host = fake_host()
    addr = call("_Py_emscripten_runtime", host)
    assert isinstance(addr, int)
    assert host.memory.read_cstring(addr, 99) == b"wasmtime"
    call("_emscripten_get_progname", host, 0x100, 5)
    assert host.memory.read_cstring(0x100, 99) == b"./th"
    host.memory.write(0x100, b"kept")
    call("_emscripten_get_progname", host, 0x100, 0)
    assert host.memory.read(0x100, 4) == b"kept"
    assert call("__syscall_getuid32_js", host) == 0


def test_there_is_no_shell() -> None:
    assert call("_emscripten_system", fake_host(), 0) == 0
    assert call("_emscripten_system", fake_host(), 0x100) == -E.ENOSYS


def test_logs_go_to_standard_error() -> None:
    written = bytearray()
    services = HostServices(clock=FixedClock(), streams=StandardStreams(write_stderr=written.extend))
    host = fake_host(services=services)
    host.memory.write(0x100, b"hello\0")
    call("emscripten_log_impl_js", host, 0x100)
    call("_emscripten_log_formatted", host, 0, 0x100)
    assert written == b"hello\nhello\n"


def test_a_closed_sink_is_an_error_of_the_guest() -> None:
    def closed(data: bytes) -> None:
        raise BrokenPipeError(data)

    host = fake_host(services=HostServices(clock=FixedClock(), streams=StandardStreams(write_stdout=closed)))
    host.fs.make_device(host.fs.entry("/out"), device="stdout", number=0)
    fd = host.files.open("/out", 1)
    host.memory.write(0x100, (0x200).to_bytes(4, "little") + (5).to_bytes(4, "little"))
    assert call("fd_write", host, fd, 0x100, 1, 0, module="wasi_snapshot_preview1") == E.EIO
