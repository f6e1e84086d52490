"""Loading side modules into a small main module."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.limits import Limits
from runtime_core.linking.library import LibraryLoader
from runtime_core.linking.linker import DynamicLinker
from schemas.errors import FatalIsolateError, LimitError, LinkError
from tests.support.side_modules import LinkingGuest, side_module

MakeGuest = Callable[..., LinkingGuest]


@pytest.fixture(name="make")
def make_guest(tmp_path: Path) -> MakeGuest:
    tmp_path.chmod(0o700)
    return lambda **files: LinkingGuest(tmp_path, {f"/lib/{name}.so": data for name, data in files.items()})


def constant(symbol: str, value: int, **needs: object) -> bytes:
    """A library with one function that gives a number."""
    return side_module(f'(module (func (export "{symbol}") (result i32) (i32.const {value})))', **needs)


def caller(symbol: str, **needs: object) -> bytes:
    """A library whose function ``run`` calls a function that it imports."""
    return side_module(
        f'(module (import "env" "{symbol}" (func $f (result i32))) (func (export "run") (result i32) (call $f)))',
        **needs,
    )


def test_functions_of_the_main_module_and_of_the_host(make: MakeGuest) -> None:
    wat = """(module
      (import "env" "answer" (func $answer (result i32)))
      (import "env" "add" (func $add (param i32 i32) (result i32)))
      (func (export "run") (result i32) (call $add (call $answer) (i32.const 1))))"""
    assert make(a=side_module(wat)).call("/lib/a.so", "run") == 43


def test_data_is_placed_and_relocated_before_constructors_run(make: MakeGuest) -> None:
    wat = """(module
      (import "env" "memory" (memory 1))
      (import "env" "__memory_base" (global $base i32))
      (import "GOT.mem" "datum" (global $datum (mut i32)))
      (import "GOT.mem" "main_datum" (global $main (mut i32)))
      (global (export "datum") i32 (i32.const 8))
      (func (export "__wasm_apply_data_relocs")
        (i32.store (global.get $base) (global.get $datum)))
      (func (export "__wasm_call_ctors")
        (i32.store (i32.load (global.get $base)) (i32.add (global.get $main) (i32.const 5))))
      (func (export "run") (result i32) (i32.load (global.get $datum))))"""
    guest = make(a=side_module(wat, memory=16, alignment=6))
    assert guest.call("/lib/a.so", "run") == 645
    library = guest.linker.libraries[0]
    assert library.memory_base % 64 == 0
    assert guest.linker.address(library, "datum") == library.memory_base + 8


def test_slots_lie_behind_the_table_and_exported_functions_behind_them(make: MakeGuest) -> None:
    wat = """(module
      (import "env" "__indirect_function_table" (table 0 funcref))
      (import "env" "__table_base" (global $base i32))
      (import "GOT.func" "answer" (global $answer (mut i32)))
      (elem (global.get $base) $inner)
      (func $inner (result i32) (global.get $answer))
      (func (export "run") (result i32) (call_indirect (result i32) (global.get $base)))
      (func (export "other")))"""
    guest = make(a=side_module(wat, slots=1))
    assert guest.call("/lib/a.so", "run") == 2  # where the main module keeps its own function
    library = guest.linker.libraries[0]
    assert library.table_base == 4
    assert [guest.linker.address(library, name) for name in ("run", "other")] == [5, 6]
    assert guest.instance.table_size() == 7
    assert guest.linker.address(library, "absent") is None


@pytest.mark.parametrize(
    ("needs", "search"),
    [({"paths": ["$ORIGIN/sub"]}, ()), ({}, ("/lib/sub",)), ({"paths": ["/nowhere", "/lib/sub"]}, ("/usr/lib",))],
)
def test_needed_libraries_are_found(make: MakeGuest, needs: dict[str, object], search: tuple[str, ...]) -> None:
    guest = make(a=caller("value", needed=["b.so"], **needs), **{"sub/b": constant("value", 7)})
    library = guest.linker.open("/lib/a.so", is_global=False, search=search)
    slot = guest.linker.address(library, "run")
    assert guest.instance.call("call_slot", slot) == 7
    assert [item.name for item in guest.linker.libraries] == ["/lib/a.so", "/lib/sub/b.so"]


def test_libraries_may_need_each_other(make: MakeGuest) -> None:
    needs = {"paths": ["$ORIGIN"]}
    guest = make(a=constant("one", 1, needed=["b.so"], **needs), b=constant("two", 2, needed=["a.so"], **needs))
    assert guest.call("/lib/a.so", "one") == 1
    assert guest.call("/lib/b.so", "two") == 2


def test_local_libraries_do_not_see_each_other(make: MakeGuest) -> None:
    wat = """(module
      (import "env" "__memory_base" (global $base i32))
      (import "GOT.mem" "name" (global $name (mut i32)))
      (global (export "name") i32 (i32.const 4))
      (func (export "run") (result i32) (i32.sub (global.get $name) (global.get $base))))"""
    guest = make(a=side_module(wat, memory=16), b=side_module(wat + " ", memory=32))
    assert [guest.call(f"/lib/{name}.so", "run") for name in "ab"] == [4, 4]
    guest = make(a=constant("value", 7), b=caller("value"))
    guest.linker.open("/lib/a.so", is_global=False)
    with pytest.raises(LinkError, match="value"):
        guest.linker.open("/lib/b.so", is_global=False)


def test_global_libraries_serve_later_ones(make: MakeGuest) -> None:
    guest = make(a=constant("value", 7), b=caller("value"), c=constant("value", 9))
    guest.linker.open("/lib/a.so", is_global=False)
    guest.linker.open("/lib/a.so", is_global=True)
    guest.linker.open("/lib/c.so", is_global=True)
    assert guest.call("/lib/b.so", "run") == 7


def test_the_first_definition_within_one_dlopen_is_used_by_all(make: MakeGuest) -> None:
    both = """(module (import "env" "shared" (func $f (result i32)))
      (func (export "shared") (result i32) (i32.const {0}))
      (func (export "run{0}") (result i32) (call $f)))"""
    guest = make(a=side_module(both.format(1), needed=["b.so"], paths=["$ORIGIN"]), b=side_module(both.format(2)))
    assert guest.call("/lib/a.so", "run1") == 2
    assert guest.call("/lib/b.so", "run2") == 2


def test_weak_symbols_may_be_missing(make: MakeGuest) -> None:
    wat = """(module (import "GOT.func" "maybe" (global $maybe (mut i32)))
      (func (export "run") (result i32) (global.get $maybe)))"""
    assert make(a=side_module(wat, weak=["maybe"])).call("/lib/a.so", "run") == 0
    with pytest.raises(LinkError, match="maybe"):
        make(a=side_module(wat)).call("/lib/a.so", "run")


def test_exceptions_pass_between_libraries(make: MakeGuest) -> None:
    thrower = """(module (import "env" "__cpp_exception" (tag $e (param i32)))
      (import "env" "forward" (func $forward))
      (func (export "forward") (throw $e (i32.const 11)))
      (func (export "fling") (call $forward)))"""
    catcher = """(module (import "env" "__cpp_exception" (tag $e (param i32)))
      (import "env" "fling" (func $fling))
      (func (export "run") (result i32)
        (block $caught (result i32)
          (try_table (catch $e $caught) (call $fling))
          (i32.const 0))))"""
    guest = make(a=side_module(catcher, needed=["b.so"], paths=["$ORIGIN"]), b=side_module(thrower))
    assert guest.call("/lib/a.so", "run") == 11


def test_absent_functions_of_emscripten_fail_when_they_are_called(make: MakeGuest) -> None:
    wat = """(module (import "env" "emscripten_force_exit" (func $exit (param i32)))
      (func (export "run") (result i32) (i32.const 5))
      (func (export "leave") (result i32) (call $exit (i32.const 0)) (i32.const 1)))"""
    guest = make(a=side_module(wat))
    assert guest.call("/lib/a.so", "run") == 5
    with pytest.raises(FatalIsolateError, match="emscripten_force_exit"):
        guest.call("/lib/a.so", "leave")


REFUSED = {
    "no file": (None, "there is no library"),
    "not wasm": (b"\x7fELF", "not a WebAssembly module"),
    "no side module": (b"\0asm\1\0\0\0", "not a side module"),
    "undefined function": (caller("absent"), "undefined symbols.*absent"),
    "missing dependency": (constant("x", 1, needed=["gone.so"]), "gone.so"),
    "foreign import": (side_module('(module (import "wasi" "x" (func)))'), "imports what no Emscripten"),
    "foreign memory": (side_module('(module (import "env" "other" (memory 1)))'), "imports what no Emscripten"),
    "unknown tag": (side_module('(module (import "env" "tag" (tag)))'), "does not export.*tag"),
    "JavaScript": (
        side_module('(module (global (export "__em_js__log") i32 (i32.const 0)))'),
        "JavaScript source",
    ),
    "wrong type": (
        side_module('(module (import "env" "answer" (func (param i64))))'),
        "incompatible import type",
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refused_libraries_leave_nothing_behind(make: MakeGuest, reason: str) -> None:
    data, message = REFUSED[reason]
    guest = make(**({} if data is None else {"a": data}))
    with pytest.raises(LinkError, match=message):
        guest.linker.open("/lib/a.so", is_global=True)
    assert guest.linker.libraries == ()
    assert guest.instance.call("answer") == 42


@pytest.mark.parametrize(
    "needs",
    [{"memory": 1 << 20}, {"slots": 1 << 14}],
    ids=["more memory than there is", "too many slots"],
)
def test_libraries_that_do_not_fit(make: MakeGuest, needs: dict[str, object]) -> None:
    guest = make(a=constant("one", 1, **needs), b=constant("two", 2))
    with pytest.raises(LimitError):
        guest.linker.open("/lib/a.so", is_global=False)
    assert guest.linker.libraries == ()
    assert guest.call("/lib/b.so", "two") == 2


@pytest.mark.parametrize(
    ("size", "limit"), [(300 << 20, 4 << 16), (300 << 20, 256 << 20), (60_000, 1 << 16), (1 << 20, None)]
)
def test_static_data_that_the_isolate_cannot_hold(tmp_path: Path, size: int, limit: int | None) -> None:
    """The error says what the isolate has, and comes before what it needs is looked for if the size alone is enough."""
    tmp_path.chmod(0o700)
    library = constant("one", 1, memory=size, needed=["gone.so"] if size > 1 << 28 else [])
    guest = LinkingGuest(tmp_path, {"/lib/a.so": library}, Limits(memory_bytes=limit))
    with pytest.raises(LimitError, match=r"static data of the library /lib/a\.so") as caught:
        guest.linker.open("/lib/a.so", is_global=False)
    assert str(size)[:2] in str(caught.value.found)
    assert ("4 GiB" if limit is None else f"{limit} bytes") in str(caught.value.expected)
    assert guest.linker.libraries == ()
    assert guest.instance.memory.size == 1 << 16


def test_a_limit_holds_for_what_another_isolate_has_loaded(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    guest = LinkingGuest(tmp_path, {"/lib/a.so": constant("one", 1, memory=2 << 16)}, Limits(memory_bytes=1 << 16))
    engine, cache = Engine(), CodeCache(tmp_path)
    loader = LibraryLoader(translate=lambda data: data, load=lambda wasm: engine.load(wasm, cache))
    loader.code_of(guest.files["/lib/a.so"], check=lambda info: None)
    limited = DynamicLinker(instance=guest.instance, store=guest.store, loader=loader, read_file=guest.files.get)
    with pytest.raises(LimitError, match="static data"):
        limited.open("/lib/a.so", is_global=False)


def test_addresses_of_the_hosts_functions(make: MakeGuest) -> None:
    """Each has one address, whoever takes it."""
    wat = """(module (import "env" "__indirect_function_table" (table 0 funcref))
      (import "GOT.func" "add" (global $add (mut i32)))
      (func (export "pointer") (result i32) (global.get $add))
      (func (export "run") (result i32)
        (call_indirect (param i32 i32) (result i32) (i32.const 30) (i32.const 12) (global.get $add))))"""
    guest = make(a=side_module(wat), b=side_module(wat + " "))
    assert guest.call("/lib/a.so", "run") == 42
    assert guest.call("/lib/a.so", "pointer") == guest.call("/lib/b.so", "pointer") != 0


def test_an_imported_function_that_is_exported_again_has_one_address(make: MakeGuest) -> None:
    wat = '(module (import "env" "answer" (func $answer (result i32))) (export "again" (func $answer)))'
    guest = make(a=side_module(wat), b=side_module(wat + " ", needed=["a.so"], paths=["$ORIGIN"]))
    for name in "ab":
        library = guest.linker.open(f"/lib/{name}.so", is_global=False)
        assert guest.linker.address(library, "again") == 2
    assert guest.call("/lib/a.so", "again") == 42


@pytest.mark.parametrize(
    "wat",
    ['(module (func (export "__wasm_call_ctors") unreachable))', "(module (func $s unreachable) (start $s))"],
    ids=["constructor", "start function"],
)
def test_code_that_traps_while_it_is_loaded_kills_the_guest(make: MakeGuest, wat: str) -> None:
    guest = make(a=side_module(wat))
    with pytest.raises(FatalIsolateError):
        guest.linker.open("/lib/a.so", is_global=False)
    assert guest.instance.poisoned
