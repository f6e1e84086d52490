from __future__ import annotations

import pytest

from runtime_core.emscripten.boot import BOOT_ENVIRONMENT, prepare_filesystem, run_simple_string, start_interpreter
from runtime_core.emscripten.host import EmscriptenHost, HostServices, StandardStreams, environment_with
from runtime_core.emscripten.mounts import Mount
from runtime_core.engine.errors import GuestExit
from schemas.errors import FatalIsolateError, HostError
from tests.support.fake_guest import FakeInstance, FixedClock, fake_host


def make(written: bytearray) -> tuple[FakeInstance, EmscriptenHost]:
    instance = FakeInstance()
    services = HostServices(clock=FixedClock(), streams=StandardStreams(write_stderr=written.extend))
    host = fake_host(instance, services, environment=environment_with(BOOT_ENVIRONMENT))
    prepare_filesystem(host, python_version=(3, 14), stdlib=Mount(name="stdlib", source=b"PK"))
    instance.globals |= {"_PyRuntime": 0x1000, "_PyEM_EMSCRIPTEN_TRAMPOLINE_OFFSET": 0x800}
    instance.memory.write_i32(0x800, 0x20)
    instance.exports |= {
        "__wasm_call_ctors": lambda: None,
        "emscripten_stack_get_base": lambda: 0x20000,
        "emscripten_stack_get_end": lambda: 0x10000,
        "__main_argc_argv": lambda argc, argv: 0,
        "PyRun_SimpleString": lambda addr: 0,
    }
    return instance, host


def test_the_boot_sequence() -> None:
    instance, host = make(bytearray())
    seen: list[bytes] = []

    def main(argc: int, argv: int) -> int:
        name = instance.memory.read_u32(argv)
        seen.append(instance.memory.read_cstring(name, 99))
        assert (argc, instance.memory.read_u32(argv + 4)) == (1, 0)
        return 0

    instance.exports["__main_argc_argv"] = main
    start_interpreter(instance, host, trampoline_slot=14172)
    assert seen == [b"./this.program"]
    assert instance.memory.read_i32(0x1020) == 14172
    names = [name for name, _ in instance.calls]
    assert names.index("__wasm_call_ctors") < names.index("_emscripten_stack_alloc") < names.index("__main_argc_argv")


def test_the_prepared_tree() -> None:
    _, host = make(bytearray())
    assert host.fs.cwd_path() == "/home/pyodide"
    assert sorted(fd for fd, _ in host.files) == [0, 1, 2]
    assert host.fs.read_file("/lib/python314.zip") == b"PK"
    for path in ("/lib/python3.14/site-packages", "/lib/python3.14/lib-dynload", "/tmp", "/dev/urandom"):
        assert host.fs.resolve(path)
    assert host.environment["HOME"] == "/home/pyodide"


def test_a_failing_main_says_why() -> None:
    instance, host = make(bytearray())

    def main(argc: int, argv: int) -> int:
        host.files.get(2).write(b"no module named encodings")
        return 1

    instance.exports["__main_argc_argv"] = main
    with pytest.raises(HostError, match="encodings"):
        start_interpreter(instance, host, trampoline_slot=1)


def test_an_ending_main_says_why() -> None:
    instance, host = make(bytearray())

    def main(argc: int, argv: int) -> int:
        host.files.get(2).write(b"fatal error")
        raise GuestExit(3)

    instance.exports["__main_argc_argv"] = main
    with pytest.raises(HostError, match="found 3") as caught:
        start_interpreter(instance, host, trampoline_slot=1)
    assert "fatal error" in str(getattr(caught.value.__cause__, "__notes__", ""))


def test_a_guest_without_stack_limits_is_refused() -> None:
    instance, host = make(bytearray())
    instance.exports["emscripten_stack_get_end"] = lambda: 0
    with pytest.raises(HostError, match="stack"):
        start_interpreter(instance, host, trampoline_slot=1)


def test_source_runs_and_failures_carry_the_traceback() -> None:
    written = bytearray()
    instance, host = make(written)
    seen: list[bytes] = []

    def run(addr: int) -> int:
        seen.append(instance.memory.read_cstring(addr, 99))
        host.files.get(2).write(b"Traceback: boom" if b"bad" in seen[-1] else b"warning")
        return -1 if b"bad" in seen[-1] else 0

    instance.exports["PyRun_SimpleString"] = run
    run_simple_string(instance, host, "good é")
    assert written == b"warning"
    with pytest.raises(HostError, match="boom"):
        run_simple_string(instance, host, "bad")
    assert seen == ["good é".encode(), b"bad"]


def test_traps_keep_what_the_guest_wrote() -> None:
    instance, host = make(bytearray())

    def run(addr: int) -> int:
        host.files.get(2).write(b"last words")
        raise FatalIsolateError("trap")

    instance.exports["PyRun_SimpleString"] = run
    with pytest.raises(FatalIsolateError) as caught:
        run_simple_string(instance, host, "x")
    assert "last words" in caught.value.__notes__[0]
    assert host.stderr_capture is None


def test_a_guest_without_memory_for_the_source() -> None:
    instance, host = make(bytearray())
    with pytest.raises(HostError, match="memory"):
        run_simple_string(instance, host, "x" * (1 << 20))
