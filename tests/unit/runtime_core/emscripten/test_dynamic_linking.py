from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime_core.emscripten.imports import emscripten_imports
from tests.support.fake_guest import FakeInstance, fake_host

FUNCTIONS: dict[str, Callable[..., Any]] = {item.name: item.function for item in emscripten_imports()}
HANDLE = 0x100


def make() -> tuple[FakeInstance, Any, list[bytes]]:
    instance = FakeInstance()
    errors: list[bytes] = []
    instance.exports["__dl_seterr"] = lambda addr, _: errors.append(instance.memory.read_cstring(addr, 999))
    instance.exports["known"] = lambda: 1
    instance.globals["datum"] = 0x1234
    return instance, fake_host(instance), errors


def test_libraries_are_refused_with_a_message() -> None:
    instance, host, errors = make()
    instance.memory.write(HANDLE + 36, b"/tmp/100%s.so\0")
    stack = instance.globals["__stack_pointer"]
    assert FUNCTIONS["_dlopen_js"](host, HANDLE) == 0
    assert errors == [b"could not load dynamic lib: /tmp/100%%s.so (this isolate has no dynamic linker)"]
    assert instance.globals["__stack_pointer"] == stack


def test_asynchronous_loading_reports_failure() -> None:
    instance, host, errors = make()
    called: list[tuple[int, int]] = []
    instance.table.append(lambda handle, data: called.append((handle, data)))
    FUNCTIONS["_emscripten_dlopen_js"](host, HANDLE, 0, 1, 77)
    assert called == [(HANDLE, 77)]
    assert len(errors) == 1


def test_symbols_of_the_main_module() -> None:
    instance, host, errors = make()
    instance.memory.write(0x300, b"known\0datum\0nope\0")
    slot = FUNCTIONS["_dlsym_js"](host, HANDLE, 0x300, 0)
    assert instance.table[slot] is instance.exports["known"]
    assert FUNCTIONS["_dlsym_js"](host, HANDLE, 0x300, 0) == slot
    assert FUNCTIONS["_dlsym_js"](host, HANDLE, 0x306, 0) == 0x1234
    assert FUNCTIONS["_dlsym_js"](host, HANDLE, 0x30C, 0) == 0
    assert errors == [b'Tried to lookup unknown symbol "nope"']


def test_looked_up_symbols_are_restored_to_their_slots() -> None:
    instance, host, _ = make()
    instance.memory.write(0x300, b"known\0")
    slot = FUNCTIONS["_dlsym_js"](host, HANDLE, 0x300, 0)
    state = host.table.capture()
    other, fresh, _ = make()
    fresh.table.restore(state)
    assert other.table[slot] is other.exports["known"]
    assert fresh.table.capture() == state
