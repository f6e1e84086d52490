"""Any sequence of imports with any arguments: results are numbers or text, and the host's memory stays bounded."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from runtime_core.emscripten import table_functions
from runtime_core.emscripten.boot import prepare_filesystem
from runtime_core.emscripten.fs import FileSystem
from runtime_core.emscripten.host import EmscriptenHost, HostServices
from runtime_core.emscripten.imports import emscripten_imports
from runtime_core.emscripten.limits import FileSystemLimits
from runtime_core.emscripten.mounts import Mount
from runtime_core.engine.errors import GuestExit
from schemas.errors import FatalIsolateError, GuestFault
from tests.support.fake_guest import PAGE, FakeFunctions, FakeInstance, FixedClock

VECTOR = Path(__file__).parents[1] / "vectors" / "emscripten_imports_314_0_5.json"
SIGNATURES = {name: (parameters, results) for _, name, parameters, results in json.loads(VECTOR.read_text())}
FUNCTIONS = {item.name: item.function for item in emscripten_imports()}
LIMITS = FileSystemLimits(total_bytes=1 << 20, file_bytes=1 << 19, nodes=256, open_files=32, pipe_bytes=4096, pipes=4)
END = 4 * PAGE

STRINGS = (b"/tmp/a", b"/tmp", b"a/../b", b"", b"/dev/zero", b"/tmp/l", b"/lib/python314.zip", b"x" * 300, b"\xff\xfe")
STRING_AT = [0x1000 + 0x200 * index for index in range(len(STRINGS))]
IOVECS = 0x4000
POINTERS = [0, 0x800, 0x8000, END - 96, END - 4, END, -1, -(1 << 31), IOVECS, *STRING_AT]
SMALL = [
    *range(-2, 12),
    -100,
    16,
    64,
    0o100,
    0o102,
    0o1102,
    0o2101,
    0o200000,
    0x100,
    0x200,
    0x1000,
    280,
    4096,
    0o100644,
]

i32 = st.sampled_from(POINTERS) | st.sampled_from(SMALL) | st.integers(-(1 << 31), (1 << 31) - 1)
i64 = st.sampled_from(SMALL) | st.integers(-(1 << 63), (1 << 63) - 1)
VALUES = {"i32": i32, "i64": i64, "f64": st.floats()}
calls = st.sampled_from(sorted(SIGNATURES)).flatmap(
    lambda name: st.tuples(st.just(name), st.tuples(*[VALUES[kind] for kind in SIGNATURES[name][0]]))
)


def new_host() -> EmscriptenHost:
    instance = FakeInstance(pages=4, max_pages=6)
    instance.exports["__dl_seterr"] = lambda message, argument: None
    instance.exports["a"] = lambda *arguments: 1
    instance.table.append(lambda *arguments: 1)
    clock = FixedClock()
    host = EmscriptenHost(fs=FileSystem(clock=clock, limits=LIMITS), services=HostServices(clock=clock))
    host.bind(instance)
    prepare_filesystem(host, python_version=(3, 14), stdlib=Mount(name="stdlib", source=b"PK"))
    for addr, text in zip(STRING_AT, STRINGS, strict=True):
        instance.memory.write(addr, text + b"\0")
    instance.memory.write(IOVECS, struct.pack("<8I", 0x8000, 100, 0x9000, 0xFFFF_FFFF, 0xA000, 50_000, END, 1))
    return host


@settings(max_examples=400)
@given(st.lists(calls, min_size=1, max_size=30))
def test_any_calls(sequence: list[tuple[str, tuple[int | float, ...]]]) -> None:
    host = new_host()
    with mock.patch.object(table_functions, "StoreFunctions", FakeFunctions):
        for name, arguments in sequence:
            try:
                result = FUNCTIONS[name](host, *arguments)
            except (GuestExit, GuestFault):
                continue
            except FatalIsolateError:
                assert name in ("_abort_js", "__assert_fail")
                continue
            wanted = SIGNATURES[name][1]
            if wanted in (["i32"], ["i64"]):
                assert isinstance(result, int), name
            elif wanted == ["f64"]:
                assert isinstance(result, float), name
            elif wanted:
                assert result is None or isinstance(result, str), name
            assert host.fs.byte_count <= LIMITS.total_bytes
            assert host.fs.node_count <= LIMITS.nodes


@given(st.binary(max_size=400), st.integers(-(1 << 31), (1 << 31) - 1))
def test_libffi_structures_may_be_anything(content: bytes, where: int) -> None:
    host = new_host()
    host.memory.write(0x8000, content)
    for cif in (0x8000, where):
        try:
            FUNCTIONS["ffi_call_js"](host, cif, 1, 0x9000, 0x8000)
        except GuestFault:
            continue
