"""The interface's WebAssembly code, linked into a module that does nothing but call what the main module imports."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.hostcall import HostImport
from runtime_core.engine.instance import GuestInstance
from runtime_core.wasm import binary
from runtime_core.wasm.abi import CodeProfile
from runtime_core.wasm.builder_code import BUILD, BUILDER_FUNCTIONS
from runtime_core.wasm.codeimage import CodeImage, build_code_image
from runtime_core.wasm.interface_code import GUEST_FUNCTIONS, HOST_FUNCTIONS, HOST_MODULE, ORIGINALS, SETTLE
from schemas.errors import AbiMismatchError

REPLACED = {
    "JsvError_Check": "(param externref) (result i32)",
    "JsvNoValue_Check": "(param externref) (result i32)",
    "Jsv_GetError_import": "(result externref)",
    "JsvGenerator_Check": "(param externref) (result i32)",
    "JsvAsyncGenerator_Check": "(param externref) (result i32)",
}
IMPORTS = {
    **ORIGINALS,
    **REPLACED,
    "JsvPromise_Check": "(param externref) (result i32)",
    "is_comlink_proxy": "(param externref) (result i32)",
    "JsvArray_Get": "(param externref i32) (result externref)",
    "_python2js_ascii": "(param i32 i32) (result externref)",
}
STACK = 70_000
PROFILE = CodeProfile(
    pyodide_version="0.0.1",
    python_version="3.14",
    abi="test",
    got_slots=0,
    trampoline_slot=0,
    immortal_table=1,
    reference_table=2,
    interface=True,
)

NULL, UNDEFINED, TRUE, FALSE, NO_VALUE, ERROR = 0, 3, 5, 7, 9, 15


def integer(number: int) -> int:
    return (number << 4 | 1) & 0xFFFFFFFF


def handle(index: int) -> int:
    return index << 4 | 11


RELEASED = 512
LIST = 1000 + len("PyList_New")
"""What the stand-in for PyList_New returns."""


def proxy(index: int) -> int:
    return index << 4 | 13


def primitive(index: int) -> int:
    return (index + 1) << 4 | 3


def parameters(signature: str) -> int:
    inside = signature.partition("(param ")[2].partition(")")[0]
    return len(inside.split())


def main_module() -> bytes:
    parts = ["(module"]
    parts += [f'(import "env" "{name}" (func $import.{name} {signature}))' for name, signature in IMPORTS.items()]
    parts.append('(table (export "__indirect_function_table") 1 funcref) (table 0 externref) (table 0 externref)')
    parts.append(f'(memory (export "memory") 2) (global (export "__stack_pointer") (mut i32) (i32.const {STACK}))')
    parts.append('(elem (i32.const 0)) (data (i32.const 1024) "data")')
    for name, signature in IMPORTS.items():
        passed = " ".join(f"(local.get {place})" for place in range(parameters(signature)))
        parts.append(f'(func (export "do.{name}") {signature} (call $import.{name} {passed}))')
    for name, signature in (*GUEST_FUNCTIONS.items(), *BUILDER_FUNCTIONS.items()):
        result = "(ref.null extern)" if "result externref" in signature else f"(i32.const {1000 + len(name)})"
        if "f64" in signature:
            result = "(i32.trunc_f64_s (local.get 0))"
        elif name in ("PyLong_FromLong", "PyUnicode_FromKindAndData"):
            result = "(local.get 0)" if name == "PyLong_FromLong" else "(i32.load8_u (local.get 1))"
        if "(result" not in signature:  # counts what is released
            result = f"(i32.store (i32.const {RELEASED}) (i32.add (i32.load (i32.const {RELEASED})) (i32.const 1)))"
        parts.append(f'(func (export "{name}") {signature} {result})')
    parts.append(f'(func (export "copy") {GUEST_FUNCTIONS["python2js_custom"]} (call $copied')
    parts.append(" ".join(f"(local.get {place})" for place in range(6)) + "))")
    text = "\n".join([*parts, ")"]).replace(
        '(func (export "python2js_custom")', '(func $copied (export "python2js_custom")'
    )
    return wat_to_wasm(text)


def profile_for(module: bytes) -> CodeProfile:
    """The profile whose trampoline lies where this module puts it."""
    with pytest.raises(AbiMismatchError) as caught:
        build_code_image(module, PROFILE)
    assert isinstance(caught.value.found, int)
    return dataclasses.replace(PROFILE, trampoline_slot=caught.value.found)


class RawBits:
    def decode(self, raw: int) -> object:
        return raw

    def encode(self, value: object) -> int:
        assert isinstance(value, int)
        return value


class Host:
    """Logs what reaches it, and answers with ``answers`` or 0."""

    def __init__(self, instance: GuestInstance) -> None:
        self.refs = RawBits()
        self.emscripten: Any = self
        self.js: Any = self
        self.instance = instance
        self.log: list[tuple[Any, ...]] = []
        self.answers: dict[str, int] = {}

    def call(self, name: str, *args: int) -> Any:
        return self.instance.call(f"do.{name}", *args)


def logging(name: str) -> Callable[..., object]:
    def function(host: Host, *args: object) -> object:
        host.log.append((name, *args))
        return host.answers.get(name, 0)

    return function


@pytest.fixture(scope="module")
def image() -> CodeImage:
    module = main_module()
    return build_code_image(module, profile_for(module))


@pytest.fixture(scope="module")
def program(image: CodeImage, tmp_path_factory: pytest.TempPathFactory) -> Any:
    engine = Engine()
    cache = CodeCache(tmp_path_factory.mktemp("code") / "cache")
    offered = [("env", name) for name in IMPORTS] + [(HOST_MODULE, name) for name in HOST_FUNCTIONS]
    imports = [
        HostImport(
            module=module, name=name, component="", function=logging(name if module == "env" else f"host.{name}")
        )
        for module, name in offered
    ]
    memory = engine.load(image.memory_image, cache)
    linked = engine.link(engine.load(image.wasm, cache), imports)
    return lambda: linked.instantiate(memory)


@pytest.fixture
def host(program: Any) -> Iterator[Host]:
    with program() as instance:
        made = Host(instance)
        instance.bind(made)
        yield made


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        *[("JsvError_Check", value, value == ERROR) for value in (NULL, UNDEFINED, ERROR, handle(0), integer(7))],
        *[("JsvNoValue_Check", value, value == NO_VALUE) for value in (NULL, NO_VALUE, handle(4), integer(4))],
        *[("JsvFunction_Check", value, 0) for value in (NULL, UNDEFINED, TRUE, integer(5), primitive(5))],
        *[("JsvArray_Check", value, 0) for value in (NULL, FALSE, integer(-1), primitive(0))],
        *[("pyproxy_Check", value, 0) for value in (NULL, integer(6), handle(1), primitive(1))],
        *[("JsvPromise_Check", value, 0) for value in (NULL, UNDEFINED, integer(1), primitive(3))],
        *[("JsvGenerator_Check", value, 0) for value in (NULL, integer(1))],
        *[("Jsv_to_bool", value, value == TRUE) for value in (NULL, UNDEFINED, TRUE, FALSE, integer(0))],
        *[("Jsv_to_bool", value, 1) for value in (integer(1), integer(-1))],
        *[("JsvNum_toInt", integer(number), number) for number in (0, -1, 2**27 - 1, -(2**27))],
        *[("js2python_js", integer(number), number) for number in (5, -1, 2**27 - 1, -(2**27))],
        ("js2python_js", NULL, 1000 + len("_js2python_null")),
        ("js2python_immutable_js", UNDEFINED, 1000 + len("_js2python_none")),
        ("js2python_js", TRUE, 1000 + len("_js2python_true")),
        ("js2python_js", FALSE, 1000 + len("_js2python_false")),
        ("is_comlink_proxy", handle(1), 0),
    ],
)
def test_bits_answer_without_the_host(host: Host, name: str, value: int, expected: int) -> None:
    assert host.call(name, value) == int(expected)
    assert host.log == []


def test_constants_and_small_integers(host: Host) -> None:
    assert host.call("Jsv_GetError_import") == ERROR
    for number in (0, 1, -1, 2**27 - 1, -(2**27)):
        assert host.call("JsvNum_fromInt", number) == integer(number)
    assert host.log == []
    for number in (2**27, -(2**27) - 1, 2**31 - 1):
        host.call("JsvNum_fromInt", number)
    assert [entry[0] for entry in host.log] == ["JsvNum_fromInt"] * 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JsvFunction_Check", handle(1)),
        ("JsvFunction_Check", proxy(1)),
        ("JsvArray_Check", handle(1)),
        ("pyproxy_Check", proxy(1)),
        ("Jsv_to_bool", handle(1)),
        ("Jsv_to_bool", primitive(1)),
        ("JsvNum_toInt", primitive(1)),
        ("js2python_js", handle(1)),
        ("js2python_immutable_js", proxy(1)),
    ],
)
def test_what_bits_do_not_tell_is_asked(host: Host, name: str, value: int) -> None:
    host.answers[name] = 1
    assert host.call(name, value) == 1
    assert host.log == [(name, value)]


@pytest.mark.parametrize(("bits", "expected"), [(1, (1, 0, 0)), (2, (0, 1, 0)), (4, (0, 0, 1)), (0, (0, 0, 0))])
def test_three_checks_share_an_import(host: Host, bits: int, expected: tuple[int, ...]) -> None:
    host.answers["host.classify"] = bits
    checks = ("JsvPromise_Check", "JsvGenerator_Check", "JsvAsyncGenerator_Check")
    assert tuple(host.call(name, handle(1)) for name in checks) == expected
    assert host.log == [("host.classify", handle(1))]
    host.call("JsvGenerator_Check", handle(1))
    assert len(host.log) == 2


@pytest.mark.parametrize(
    ("answer", "expected", "asked"),
    [(-1, 77, True), (5 << 2 | 1, ord("t"), False), (-2, 2, False), (-3, 2, False)],
)
def test_primitives_come_over_the_stack(host: Host, answer: int, expected: int, asked: bool) -> None:
    host.answers.update({"host.primitive": answer, "js2python_js": 77})
    address = STACK - 1040
    if answer >= 0:
        host.instance.memory.write(address, b"texts")
    else:
        host.instance.memory.write_f64(address, 2.5)
    assert host.call("js2python_js", primitive(9)) == expected
    assert host.log[0] == ("host.primitive", primitive(9), address, 1024)
    assert len(host.log) == 1 + asked
    assert host.instance.global_value("__stack_pointer") == STACK


def test_a_call_takes_its_arguments_along(host: Host) -> None:
    host.answers["host.call"] = integer(5)
    proxies, arguments = host.call("JsvArray_New"), host.call("JsvArray_New")
    assert (arguments >> 4) - (proxies >> 4) == 1
    assert arguments & 15 == 11
    assert arguments >> 31 == 1
    assert [host.call("JsvArray_Push", arguments, integer(number)) for number in (2, 3)] == [1, 2]
    assert host.log == []
    assert host.call("JsvFunction_CallBound", handle(7), NULL, arguments) == integer(5)
    host.call("destroy_proxies", proxies, 1)
    function, this, count, *values = host.log.pop()[1:]
    assert (function, this, count) == (handle(7), NULL, 2)
    assert [value & 0xFFFFFFFF for value in values[:2]] == [integer(2), integer(3)]
    assert host.log == []


def test_a_call_without_arguments(host: Host) -> None:
    host.call("JsvArray_New")
    host.call("JsvFunction_CallBound", handle(7), UNDEFINED, host.call("JsvArray_New"))
    assert host.log[0][:4] == ("host.call", handle(7), UNDEFINED, 0)


def test_more_than_four_values_are_delivered(host: Host) -> None:
    host.answers["JsvArray_Push"] = 5
    array = host.call("JsvArray_New")
    assert [host.call("JsvArray_Push", array, integer(number)) for number in range(5)] == [1, 2, 3, 4, 5]
    host.call("JsvFunction_CallBound", handle(7), NULL, array)
    assert [entry[0] for entry in host.log] == ["host.push", "JsvArray_Push", "JsvFunction_CallBound"]
    assert host.log[0][1:3] == (array, 4)
    assert host.log[1][1:] == (array, integer(4))


@pytest.mark.parametrize(
    "look",
    [
        lambda host, array: host.call("JsvArray_Get", array, 0),
        lambda host, array: host.call("JsvArray_Get", handle(1), 0),
        lambda host, array: host.call("js2python_js", array),
        lambda host, array: host.call("JsvFunction_CallBound", handle(1), NULL, handle(2)),
        lambda host, array: host.call("JsvArray_Push", host.call("JsvArray_New"), integer(1)),
        lambda host, array: host.call("JsvArray_Push", handle(3), array),
        lambda host, array: host.call("destroy_proxies", handle(3), 0),
        lambda host, array: host.instance.call("copy", 1, -1, ERROR, ERROR, ERROR, ERROR),
        lambda host, array: host.instance.call("do._python2js_ascii", 0, 0),
        lambda host, array: host.instance.call(SETTLE, 0),
    ],
)
def test_values_are_delivered_before_the_host_could_look(host: Host, look: Callable[[Host, int], object]) -> None:
    array = host.call("JsvArray_New")
    host.call("JsvArray_Push", array, integer(1))
    look(host, array)
    pushed = [place for place, entry in enumerate(host.log) if entry[0] == "host.push"]
    assert len(pushed) == 1
    assert pushed[0] == 0 or host.log[0][0] == "_python2js_ascii"  # which takes no reference; on its return
    assert host.log[pushed[0]][1:3] == (array, 1)


def test_a_list_of_proxies_that_was_added_to_is_destroyed(host: Host) -> None:
    proxies = host.call("JsvArray_New")
    arguments = host.call("JsvArray_New")
    host.call("JsvArray_Push", proxies, proxy(1))
    host.call("JsvFunction_CallBound", handle(7), NULL, arguments)
    host.call("destroy_proxies", proxies, 3)
    assert [entry[0] for entry in host.log] == ["JsvArray_Push", "host.call", "destroy_proxies"]


@pytest.mark.parametrize(
    ("depth", "converters", "asked"),
    [
        (-1, (ERROR, ERROR), True),
        (0, (ERROR, ERROR), False),
        (9, (ERROR, ERROR), False),
        (-1, (handle(1), ERROR), False),
    ],
)
def test_copies_are_offered_to_the_host(host: Host, depth: int, converters: tuple[int, int], asked: bool) -> None:
    host.answers["host.to_js"] = handle(5)
    result = host.instance.call("copy", 4096, depth, ERROR, handle(2), *converters)
    assert result == (handle(5) if asked else NULL)
    assert host.log == ([("host.to_js", 4096, handle(2))] if asked else [])
    host.answers["host.to_js"] = NO_VALUE
    assert host.instance.call("copy", 4096, depth, ERROR, handle(2), *converters) == NULL


def test_arrays_are_numbered_anew_on_request(host: Host) -> None:
    first = host.call("JsvArray_New")
    assert host.call("JsvArray_New") != first
    host.instance.call(SETTLE, 0)
    assert host.call("JsvArray_New") not in (first, first + 16)
    host.instance.call(SETTLE, 1)
    assert host.call("JsvArray_New") == first


def test_no_index_moves(image: CodeImage) -> None:
    before, after = binary.parse(main_module()), binary.parse(image.wasm)
    imported = [item for item in after.imports() if item.kind is binary.ExternKind.FUNCTION]
    assert len(imported) == len(IMPORTS)
    changed = {item.name for item in imported if item.module == HOST_MODULE}
    assert changed == set(HOST_FUNCTIONS)
    assert after.functions()[: len(before.functions())] == before.functions()
    assert len(after.globals()) > len(before.globals())


def test_a_module_with_other_types_is_refused() -> None:
    other = main_module().replace(b"pyproxy_Check", b"pyproxy_Chess")
    with pytest.raises(AbiMismatchError, match="lacks a function"):
        build_code_image(other, profile_for(other))


def build(host: Host, *steps: tuple[int, ...], block: bytes) -> int:
    """Run steps on a block of memory."""
    memory, address = host.instance.memory, 4096
    encoded = b"".join(struct.pack("<8i", *step, *[0] * (8 - len(step))) for step in steps)
    memory.write(address, block + encoded)
    memory.write_i32(RELEASED, 0)
    return int(host.instance.call(BUILD, address, address + len(block), len(steps)))


def test_a_list_takes_over_what_a_step_made(host: Host) -> None:
    memory = host.instance.memory
    memory.write(LIST + 8, struct.pack("<2i", 3, 2048))
    integers = struct.pack("<3i", 5, -6, 7)
    length, made, result = 12, 16, 28
    steps = ((0, 3, 0, made, 4), (4, 1, length, result, made))
    assert build(host, *steps, block=integers + struct.pack("<i", 3) + bytes(16)) == 1
    assert struct.unpack("<3i", memory.read(2048, 12)) == (5, -6, 7)
    assert memory.read_i32(4096 + result) == LIST
    assert memory.read_i32(RELEASED) == 0


@pytest.mark.parametrize(
    ("numbers", "size", "released"),
    [((5, 6, 0), 3, 2), ((0, 5, 6), 3, 0), ((5, 6, 7), 2, 4)],
    ids=["the last fails", "the first fails", "the list is not as expected"],
)
def test_what_was_made_before_a_failure_is_released(
    host: Host, numbers: tuple[int, ...], size: int, released: int
) -> None:
    """The stand-in for PyLong_FromLong fails for 0."""
    memory = host.instance.memory
    memory.write(LIST + 8, struct.pack("<2i", size, 2048))
    block = struct.pack("<4i", *numbers, 3) + bytes(16)
    assert build(host, (0, 3, 0, 16, 4), (4, 1, 12, 28, 16), block=block) == 0
    assert memory.read_i32(RELEASED) == released
    assert memory.read(4096 + 16, 16) == bytes(16)
