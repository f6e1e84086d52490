"""C calls and closures, with structures of libffi laid out by hand and Python functions in the table."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

import pytest

from runtime_core.emscripten import table_functions
from runtime_core.emscripten.imports import emscripten_imports
from runtime_core.emscripten.libffi_types import FfiType
from runtime_core.emscripten.table_functions import CLOSURES_MAX, TableState
from schemas.errors import GuestFault, LimitError, RestoreError
from tests.support.fake_guest import FakeFunctions, FakeInstance, fake_host

FUNCTIONS = {item.name: item.function for item in emscripten_imports()}
RESULT = 0x4000
CODE = 0x4100
T = FfiType

SCALARS: dict[int, tuple[str, int | float]] = {
    T.INT: ("<i", -5),
    T.FLOAT: ("<f", 1.5),
    T.DOUBLE: ("<d", -2.25),
    T.UINT8: ("<B", 200),
    T.SINT8: ("<b", -100),
    T.UINT16: ("<H", 60_000),
    T.SINT16: ("<h", -30_000),
    T.UINT32: ("<I", 4_000_000_000),
    T.SINT32: ("<i", -2_000_000_000),
    T.UINT64: ("<Q", (1 << 64) - 3),
    T.SINT64: ("<q", -(1 << 62)),
    T.POINTER: ("<I", 0xFFFF_0000),
}


class Calls:
    """Lays out types, call interfaces and arguments in a fake guest's memory."""

    def __init__(self) -> None:
        self.instance = FakeInstance(pages=8, max_pages=8)
        self.host = fake_host(self.instance)
        self.memory = self.instance.memory
        self._next = 0x100
        FakeFunctions.host = self.host

    def put(self, data: bytes) -> int:
        addr = -(-self._next // 8) * 8
        self.memory.write(addr, data)
        self._next = addr + len(data)
        return addr

    def words(self, *values: int) -> int:
        return self.put(struct.pack(f"<{len(values)}I", *values))

    def type(self, kind: int, *elements: int, size: int = 0, alignment: int = 4) -> int:
        pointers = self.words(*elements, 0) if elements or kind == T.STRUCT else 0
        return self.put(struct.pack("<IHHI", size, alignment, kind, pointers))

    def cif(self, types: Sequence[int], result: int, fixed: int | None = None) -> int:
        count = len(types)
        return self.words(0, count, self.words(*types), result, 0, 0, count if fixed is None else fixed)

    def function(self, function: Callable[..., Any]) -> int:
        self.instance.table.append(function)
        return len(self.instance.table) - 1

    def call(self, cif: int, function: Callable[..., Any], values: Sequence[int]) -> None:
        before = self.instance.globals["__stack_pointer"]
        FUNCTIONS["ffi_call_js"](self.host, cif, self.function(function), RESULT, self.words(*values))
        assert self.instance.globals["__stack_pointer"] == before

    def closure(self, cif: int, function: Callable[..., Any], user_data: int = 7) -> tuple[int, int]:
        closure = FUNCTIONS["ffi_closure_alloc_js"](self.host, 40, CODE)
        assert isinstance(closure, int)
        slot = self.memory.read_u32(CODE)
        status = FUNCTIONS["ffi_prep_closure_loc_js"](self.host, closure, cif, self.function(function), user_data, slot)
        assert status == 0
        return closure, slot


@pytest.fixture
def calls() -> Iterator[Calls]:
    with mock.patch.object(table_functions, "StoreFunctions", FakeFunctions):
        yield Calls()


@pytest.mark.parametrize("kind", sorted(SCALARS))
def test_scalars_go_in_and_out(calls: Calls, kind: int) -> None:
    layout, value = SCALARS[kind]
    seen: list[Any] = []

    def function(argument: Any) -> Any:
        seen.append(argument)
        return argument

    scalar = calls.type(kind)
    calls.call(calls.cif([scalar], scalar), function, [calls.put(struct.pack(layout, value))])
    assert seen == [value]
    assert struct.unpack(layout, calls.memory.read(RESULT, struct.calcsize(layout))) == (value,)


def test_structures_are_copied_and_small_ones_unboxed(calls: Calls) -> None:
    integer = calls.type(T.SINT32, size=4)
    single = calls.type(T.STRUCT, integer, size=4)
    pair = calls.type(T.STRUCT, integer, integer, size=8, alignment=8)
    addr = calls.put(struct.pack("<ii", 3, 4))
    seen: list[Any] = []

    def function(result: int, one: int, two: int) -> None:
        assert two != addr
        assert two % 8 == 0
        assert calls.instance.globals["__stack_pointer"] % 16 == 0
        seen.append((one, calls.memory.read(two, 8)))
        calls.memory.write_i32(result, 99)

    calls.call(calls.cif([single, pair], pair), function, [addr, addr])
    assert seen == [(3, struct.pack("<ii", 3, 4))]
    assert calls.memory.read_i32(RESULT) == 99


def test_variable_arguments_lie_in_a_buffer(calls: Calls) -> None:
    integer, double = calls.type(T.SINT32, size=4), calls.type(T.DOUBLE, size=8)
    pair = calls.type(T.STRUCT, integer, integer, size=8)
    values = [calls.put(struct.pack("<i", 1)), calls.put(struct.pack("<d", 2.5)), calls.put(struct.pack("<ii", 8, 9))]
    values.append(calls.put(struct.pack("<i", -3)))

    def function(first: int, varying: int) -> int:
        assert first == 1
        assert calls.memory.read_f64(varying) == 2.5
        assert calls.memory.read(calls.memory.read_u32(varying + 8), 8) == struct.pack("<ii", 8, 9)
        assert calls.memory.read_i32(varying + 12) == -3
        return 5

    calls.call(calls.cif([integer, double, pair, integer], integer, fixed=1), function, values)
    assert calls.memory.read_i32(RESULT) == 5


def test_a_missing_result_reads_as_zero(calls: Calls) -> None:
    calls.memory.write_i32(RESULT, -1)
    calls.call(calls.cif([], calls.type(T.INT)), lambda: None, [])
    assert calls.memory.read_i32(RESULT) == 0
    calls.call(calls.cif([], calls.type(T.VOID)), lambda: None, [])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda calls: calls.words(0, 5000, 0, 0, 0, 0, 0), "more arguments than any function has"),
        (
            lambda calls: calls.cif([calls.type(T.INT)], calls.type(T.INT), fixed=2),
            "more fixed arguments than arguments",
        ),
        (lambda calls: calls.cif([calls.type(T.COMPLEX)], calls.type(T.INT)), "a type that cannot be passed"),
        (lambda calls: calls.cif([], calls.type(99)), "a type that there is not"),
        (lambda calls: -64, "an interface beyond memory"),
        (lambda calls: calls.cif([calls.type(T.STRUCT, 8, 8, size=1 << 31)], calls.type(T.INT)), "a huge structure"),
        (
            lambda calls: calls.cif([calls.type(T.STRUCT, 8, 8, size=8, alignment=3)], calls.type(T.INT)),
            "an alignment that is none",
        ),
    ],
)
def test_bad_interfaces_are_faults(calls: Calls, make: Callable[[Calls], int], reason: str) -> None:
    cif, function, values = make(calls), calls.function(lambda *a: 0), calls.words(0x100)
    with pytest.raises(GuestFault) as caught:
        FUNCTIONS["ffi_call_js"](calls.host, cif, function, RESULT, values)
    assert str(caught.value), reason


def test_types_that_contain_themselves_are_faults(calls: Calls) -> None:
    kind = calls.put(bytes(12))
    calls.memory.write(kind, struct.pack("<IHHI", 4, 4, T.STRUCT, calls.words(kind, 0)))
    with pytest.raises(GuestFault, match="nested"):
        FUNCTIONS["ffi_call_js"](calls.host, calls.cif([kind], kind), 1, RESULT, calls.words(0x100))


@pytest.mark.parametrize("kind", sorted(SCALARS))
def test_closures_pass_scalars(calls: Calls, kind: int) -> None:
    layout, value = SCALARS[kind]
    size = struct.calcsize(layout)
    scalar = calls.type(kind)

    def function(cif: int, result: int, arguments: int, user_data: int) -> None:
        assert user_data == 7
        data = calls.memory.read(calls.memory.read_u32(arguments), size)
        assert struct.unpack(layout, data) == (value,)
        calls.memory.write(result, data.ljust(4, b"\0"))

    _, slot = calls.closure(calls.cif([scalar], scalar), function)
    result = calls.instance.table_call(slot, value)
    wanted = struct.unpack(
        "<i" if size <= 4 and kind != T.FLOAT else layout, struct.pack(layout, value).ljust(4, b"\0")
    )
    assert (result,) == wanted


def test_closures_pass_structures_and_variable_arguments(calls: Calls) -> None:
    integer = calls.type(T.SINT32, size=4)
    pair = calls.type(T.STRUCT, integer, integer, size=8)
    cif = calls.cif([pair, integer], pair, fixed=1)
    addr = calls.put(struct.pack("<ii", 3, 4))
    varying = calls.put(struct.pack("<i", 11))

    def function(cif: int, result: int, arguments: int, user_data: int) -> None:
        first, second = calls.memory.read_u32s(arguments, 2)
        assert first != addr
        total = sum(struct.unpack("<ii", calls.memory.read(first, 8))) + calls.memory.read_i32(second)
        calls.memory.write_i32(result, total)

    _, slot = calls.closure(cif, function)
    assert calls.instance.table_call(slot, RESULT, addr, varying) is None
    assert calls.memory.read_i32(RESULT) == 18


def test_freed_closures_cannot_be_called_and_their_slots_are_used_again(calls: Calls) -> None:
    cif = calls.cif([], calls.type(T.VOID))
    closure, slot = calls.closure(cif, lambda *arguments: None)
    made = calls.instance.table[slot]
    FUNCTIONS["ffi_closure_free_js"](calls.host, closure)
    assert calls.instance.table[slot] is None
    assert made is not None
    with pytest.raises(GuestFault, match="freed"):
        made()
    assert calls.closure(cif, lambda *arguments: None)[1] == slot
    FUNCTIONS["ffi_closure_free_js"](calls.host, calls.put(bytes(16)))


def test_closures_run_out(calls: Calls) -> None:
    calls.instance.exports["malloc"] = lambda size: 0x5000
    for _ in range(CLOSURES_MAX):
        assert FUNCTIONS["ffi_closure_alloc_js"](calls.host, 40, CODE)
    assert FUNCTIONS["ffi_closure_alloc_js"](calls.host, 40, CODE) == 0


def test_no_memory_or_table_for_a_closure(calls: Calls) -> None:
    def refuse(count: int) -> int:
        raise LimitError("the table is full", found=count)

    with mock.patch.object(calls.instance, "table_grow", refuse):
        assert FUNCTIONS["ffi_closure_alloc_js"](calls.host, 40, CODE) == 0
    calls.instance.exports["malloc"] = lambda size: 0
    assert FUNCTIONS["ffi_closure_alloc_js"](calls.host, 40, CODE) == 0


def test_only_allocated_slots_can_be_prepared(calls: Calls) -> None:
    cif = calls.cif([], calls.type(T.VOID))
    before = list(calls.instance.table)
    assert FUNCTIONS["ffi_prep_closure_loc_js"](calls.host, 0x5000, cif, 0, 0, 0) == 1
    assert calls.instance.table == before
    closure = FUNCTIONS["ffi_closure_alloc_js"](calls.host, 40, CODE)
    bad = calls.cif([calls.type(T.COMPLEX)], calls.type(T.VOID))
    slot = calls.memory.read_u32(CODE)
    assert FUNCTIONS["ffi_prep_closure_loc_js"](calls.host, closure, bad, 0, 0, slot) == 1


def test_closures_are_restored_to_their_slots(calls: Calls) -> None:
    seen: list[int] = []
    cif = calls.cif([], calls.type(T.VOID))
    _, slot = calls.closure(cif, lambda cif, result, arguments, user_data: seen.append(user_data), user_data=5)
    state = TableState.from_json(calls.host.table.capture().to_json())
    calls.instance.table[slot] = None
    other = fake_host(calls.instance)
    FakeFunctions.host = other
    other.table.restore(state)
    calls.instance.table_call(slot)
    assert seen == [5]
    assert other.table.capture() == state


def test_closures_that_do_not_fit_the_memory_are_refused(calls: Calls) -> None:
    state = TableState(size=3, closures=((2, 0x7000),))
    calls.memory.write_u32(0x7004, 0xFFFF_FFF0)
    with pytest.raises(RestoreError):
        calls.host.table.restore(state)
