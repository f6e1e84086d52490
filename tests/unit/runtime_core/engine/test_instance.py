"""Calls both ways, traps, threads and nesting."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime_core.engine.errors import GuestExit
from runtime_core.engine.instance import GuestInstance
from runtime_core.engine.stack import start_guest_thread
from schemas.errors import AbiMismatchError, FatalIsolateError, GuestFault, HostError, LimitError, MissingImportError
from tests.support.guests import IMPORTS, Guests, Host, host_of


@pytest.mark.parametrize(
    ("left", "right", "result"), [(2, 3, 5), (-1, 1, 0), (0x7FFFFFFF, 1, -0x80000000), (1 << 40, 1, 1), (True, 1, 2)]
)
def test_i32_wraps_and_is_signed(guest: GuestInstance, left: int, right: int, result: int) -> None:
    assert guest.call("add", left, right) == result


@pytest.mark.parametrize(("value", "result"), [(-2, -1), (1 << 40, (1 << 40) + 1), ((1 << 63) - 1, -(1 << 63))])
def test_i64_wraps_and_is_signed(guest: GuestInstance, value: int, result: int) -> None:
    assert guest.call("wide", value) == result


def test_every_type_reaches_the_host(guest: GuestInstance) -> None:
    marker = object()
    assert guest.call("mixed", -5, 1 << 33, 0.5, -math.pi, marker) == -5 + (1 << 33) + 0.5 - math.pi
    assert host_of(guest).seen == [(-5, 1 << 33, 0.5, -math.pi, marker)]
    assert guest.call("identity32", 0.25) == 0.25


@pytest.mark.parametrize("value", [None, "text", 3.5])
def test_references_travel_both_ways(guest: GuestInstance, value: object) -> None:
    assert guest.call("echo", value) is value
    assert host_of(guest).seen == [(value,)]


def test_wrong_number_of_arguments_is_a_type_error_and_harmless(guest: GuestInstance) -> None:
    with pytest.raises(TypeError):
        guest.call("add", 1)
    assert guest.call("add", 1, 2) == 3


@pytest.mark.parametrize("name", ["absent", "", "é"])
def test_missing_exports_are_named(guest: GuestInstance, name: str) -> None:
    assert not guest.has_export(name)
    with pytest.raises(AbiMismatchError, match=f"no export {name}"):
        guest.call(name)


@pytest.mark.parametrize(("name", "reason"), [("pointer", "of another kind"), ("two", "cannot call")])
def test_exports_that_cannot_be_called(guest: GuestInstance, name: str, reason: str) -> None:
    with pytest.raises(AbiMismatchError, match=reason):
        guest.function(name)


def test_globals(guest: GuestInstance) -> None:
    assert guest.global_value("pointer") == 0xFFFFFFF0
    guest.set_global("pointer", -1)
    assert guest.global_value("pointer") == 0xFFFFFFFF
    with pytest.raises(AbiMismatchError, match="cannot set"):
        guest.set_global("constant", 1)
    with pytest.raises(AbiMismatchError, match="not an i32"):
        guest.global_value("wide_global")


def test_table(guest: GuestInstance) -> None:
    assert guest.table_size() == 4
    assert guest.table_call(1, 14) == 42
    with pytest.raises(GuestFault, match="points to no function"):
        guest.table_function(0)
    with pytest.raises(GuestFault, match="points to no function"):
        guest.table_function(0xFFFFFFFF)
    first = guest.table_grow(2)
    assert (first, guest.table_size()) == (4, 6)
    guest.table_set(first, guest.function("add"))
    assert guest.table_call(first, 1, 2) == 3
    guest.table_set(first, None)
    with pytest.raises(GuestFault):
        guest.table_call(first, 1, 2)
    with pytest.raises(GuestFault, match="no slot 6"):
        guest.table_set(6, None)
    with pytest.raises(LimitError):
        guest.table_grow(10)


def test_a_function_of_another_isolate_stays_out_of_the_table(guests: Guests, guest: GuestInstance) -> None:
    with guests.start() as other, pytest.raises(HostError, match="another isolate"):
        guest.table_set(0, other.function("add"))


def test_a_trap_kills_the_instance(guest: GuestInstance) -> None:
    with pytest.raises(FatalIsolateError, match="unreachable"):
        guest.call("trap")
    assert guest.poisoned
    with pytest.raises(FatalIsolateError, match="trapped before"):
        guest.call("add", 1, 2)


def test_a_host_function_s_exception_is_the_cause(guest: GuestInstance) -> None:
    error = ValueError("from the host")

    def act(_: int) -> int:
        raise error

    host_of(guest).action = act
    with pytest.raises(FatalIsolateError, match="ValueError: from the host") as caught:
        guest.call("act", 1)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("result", [None, "text", 1.5])
def test_a_result_of_the_wrong_type_traps(guest: GuestInstance, result: object) -> None:
    host_of(guest).action = lambda _: result
    with pytest.raises(FatalIsolateError, match="TypeError"):
        guest.call("act", 1)


@pytest.mark.parametrize("error", [GuestExit(3), KeyboardInterrupt(), SystemExit(4)])
def test_unwinding_raises_the_same_object(guest: GuestInstance, error: BaseException) -> None:
    def act(_: int) -> int:
        raise error

    host_of(guest).action = act
    with pytest.raises(type(error)) as caught:
        guest.call("act", 1)
    assert caught.value is error
    with pytest.raises(FatalIsolateError):
        guest.call("nothing")


def test_unwinding_passes_nested_calls(guest: GuestInstance) -> None:
    def act(number: int) -> int:
        if number == 0:
            raise GuestExit(9)
        return int(guest.call("act", number - 1))

    host_of(guest).action = act
    with pytest.raises(GuestExit) as caught:
        guest.call("act", 20)
    assert caught.value.status == 9
    assert guest.depth == 0


def test_nested_calls(guest: GuestInstance) -> None:
    depths = []

    def act(number: int) -> int:
        depths.append(guest.depth)
        return int(guest.call("act", number - 1)) + 1 if number else 100

    host_of(guest).action = act
    assert guest.call("act", 50) == 150
    assert all(depths)
    assert guest.depth == 0


def test_a_swallowed_inner_trap_still_ends_the_outer_call(guest: GuestInstance) -> None:
    def act(_: int) -> int:
        with pytest.raises(FatalIsolateError):
            guest.call("trap")
        return 1

    host_of(guest).action = act
    with pytest.raises(FatalIsolateError, match="unreachable"):
        guest.call("act", 1)


def test_two_isolates_entered_from_within_each_other(guests: Guests, guest: GuestInstance) -> None:
    with guests.start() as other:
        host_of(other).action = lambda number: guest.call("add", number, 1)
        host_of(guest).action = lambda number: other.call("act", number)
        assert guest.call("act", 5) == 6
        # Each got its own host back afterwards.
        host_of(guest).action = lambda number: number
        assert guest.call("act", 5) == 5


def test_a_trap_inside_another_isolate_kills_only_that_one(guests: Guests, guest: GuestInstance) -> None:
    with guests.start() as other:

        def act(_: int) -> int:
            with pytest.raises(FatalIsolateError):
                other.call("trap")
            return 7

        host_of(guest).action = act
        assert guest.call("act", 1) == 7
        assert other.poisoned
        assert not guest.poisoned


def test_a_second_thread_is_refused(guest: GuestInstance) -> None:
    inside, done = threading.Event(), threading.Event()

    def act(number: int) -> int:
        inside.set()
        assert done.wait(30)
        return number

    host_of(guest).action = act
    thread = start_guest_thread(guest.call, "act", 1)
    try:
        assert inside.wait(30)
        with pytest.raises(HostError, match="another thread is inside"):
            guest.call("nothing")
        with pytest.raises(HostError, match="cannot close"):
            guest.close()
    finally:
        done.set()
        thread.join(30)
    assert guest.call("add", 1, 1) == 2


def test_exceptions_of_threads_do_not_mix(guests: Guests) -> None:
    """The flaw that ruled the stock binding out: a process-global last exception."""
    barrier = threading.Barrier(4, timeout=60)
    wrong: list[object] = []

    def run(number: int) -> None:
        for _ in range(25):
            with guests.start() as instance:
                error = KeyError(number)

                def act(_: int, error: KeyError = error) -> int:
                    barrier.wait()
                    raise error

                host_of(instance).action = act
                try:
                    instance.call("act", number)
                except FatalIsolateError as fatal:
                    if fatal.__cause__ is not error:
                        wrong.append(fatal)

    threads = [start_guest_thread(run, number) for number in range(4)]
    for thread in threads:
        thread.join(60)
    assert not wrong


def test_instances_on_many_threads(guests: Guests) -> None:
    before = threading.stack_size(64 << 20)
    try:
        with ThreadPoolExecutor(4) as pool:

            def work(number: int) -> int:
                with guests.start() as instance:
                    instance.memory.write_u32(0, number)
                    return sum(instance.call("add", instance.call("load", 0), step) for step in range(50))

            assert list(pool.map(work, range(40))) == [50 * number + 1225 for number in range(40)]
    finally:
        threading.stack_size(before)


def test_memories_are_private_copies(guests: Guests) -> None:
    with guests.start() as first, guests.start() as second:
        first.memory.write(16, b"HELLO")
        assert second.memory.read(16, 5) == b"hello"
        assert first.memory.read(16, 5) == b"HELLO"


def test_close_is_idempotent_and_final(guests: Guests) -> None:
    instance = guests.start()
    function, memory = instance.function("add"), instance.memory
    instance.close()
    instance.close()
    assert instance.closed
    for use in (
        lambda: instance.call("nothing"),
        lambda: function(1, 2),
        lambda: memory.read(0, 1),
        lambda: memory.write_u8(0, 1),
        lambda: memory.size,
        lambda: instance.global_value("pointer"),
        instance.table_size,
        lambda: instance.grow_memory(1),
        lambda: instance.has_export("add"),
    ):
        with pytest.raises(FatalIsolateError, match="closed"):
            use()


def test_a_host_must_be_bound_once(guests: Guests) -> None:
    with guests.program.instantiate(guests.memory) as instance:
        with pytest.raises(HostError, match="bind a host"):
            instance.call("nothing")
        instance.bind(Host(instance))
        with pytest.raises(HostError, match="has a host already"):
            instance.bind(Host(instance))
        instance.call("nothing")


def test_missing_imports_are_all_named(guests: Guests) -> None:
    from runtime_core.engine.capi import wat_to_wasm
    from tests.support.guests import GUEST_WAT

    module = guests.engine.load(wat_to_wasm(GUEST_WAT), guests.cache)
    with pytest.raises(MissingImportError, match=r"env\.echo, env\.act"):
        guests.engine.link(module, [item for item in IMPORTS if item.name not in ("echo", "act")])


def test_a_module_that_is_no_memory_image_is_refused(guests: Guests) -> None:
    from runtime_core.engine.capi import wat_to_wasm

    other = guests.engine.load(wat_to_wasm('(module (func (export "memory")))'), guests.cache)
    with pytest.raises(HostError, match="does not export memory"):
        guests.program.instantiate(other)
