"""Libraries linked into a code image."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime_core.engine.engine import Engine
from runtime_core.engine.limits import Limits
from runtime_core.linking.linkedset import LinkedSet, LinkState
from runtime_core.wasm.codelink import LibraryFile, link_libraries
from runtime_core.wasm.linkedlibrary import LinkedLibrary
from schemas.errors import AbiMismatchError, CaptureError, FatalIsolateError, FormatError, LimitError, LinkError
from tests.support.linked_modules import HEAP_BASE, TABLE_SIZE, LinkedGuest, everything, linked, main_image
from tests.support.side_modules import LinkingGuest, side_module

RESULTS = {
    "counted": 2,
    "relocated": 1,
    "third": 3,
    "constants": 0,
    "indirect": 1000 + 42 + 20000,
    "direct": 42 + 20000,
    "exceptions": 7,
    "branches": 5 + 70,
    "values": 3,
    "stack": 4096,
}
NAME = "/lib/a.so"


def constant(symbol: str, value: int, **needs: object) -> bytes:
    """A library with one function that gives a number."""
    return side_module(f'(module (func (export "{symbol}") (result i32) (i32.const {value})))', **needs)


def caller(symbol: str) -> bytes:
    """A library whose function ``run`` calls a function that it imports."""
    return side_module(
        f'(module (import "env" "{symbol}" (func $f (result i32))) (func (export "run") (result i32) (call $f)))'
    )


def test_a_linked_library_does_what_a_loaded_one_does(tmp_path: Path) -> None:
    files = {NAME: everything()}
    tmp_path.chmod(0o700)
    loaded = LinkingGuest(tmp_path, files)
    image = linked(files)
    assert not image.left_out
    guest = LinkedGuest(tmp_path, image, files)
    for symbol, expected in RESULTS.items():
        assert guest.call(NAME, symbol) == expected, symbol
        assert loaded.call(NAME, symbol) == expected, symbol


def test_places_follow_from_the_order(tmp_path: Path) -> None:
    files = {NAME: everything(), "/lib/b.so": everything()}
    image = linked(files)
    first, second = image.libraries
    assert (first.memory_base, first.table_base) == (HEAP_BASE, TABLE_SIZE)
    assert first.data == {"datum": HEAP_BASE + 8}
    assert first.functions["own"] == TABLE_SIZE + 2  # behind its own slots, in the order of the exports
    assert (second.memory_base, second.table_base) == (HEAP_BASE + 16, TABLE_SIZE + 2 + len(first.functions))
    assert image.image.layout.table_size == second.table_base + 2 + len(second.functions)
    guest = LinkedGuest(tmp_path, image, files)
    assert guest.instance.memory.read_u32(guest.instance.call("emscripten_get_sbrk_ptr")) == HEAP_BASE + 32
    assert guest.instance.table_size() == image.image.layout.table_size


def test_the_same_input_gives_the_same_bytes() -> None:
    files = {NAME: everything(), "/lib/b.so": constant("f", 1)}
    assert linked(files) == linked(files)


def test_nothing_to_link_changes_nothing() -> None:
    assert linked({}).image == main_image()


def test_constructors_run_once_and_not_again_after_a_capture(tmp_path: Path) -> None:
    files = {NAME: everything()}
    image = linked(files)
    guest = LinkedGuest(tmp_path, image, files)
    for _ in range(3):
        assert guest.call(NAME, "counted") == 2
    state = LinkState.from_json(guest.linker.capture({64: guest.linker.libraries[0]}).to_json())
    assert state.handles == ((64, NAME),)
    restored = LinkedGuest(tmp_path, image, files, state)
    base = image.libraries[0].memory_base
    assert restored.linker.loaded(NAME).is_open
    assert restored.instance.memory.read_u32(base) == 1  # as in the initial memory: nothing ran
    assert restored.call(NAME, "constants") == 0


def test_libraries_use_what_they_need_and_nothing_else(tmp_path: Path) -> None:
    files = {"/lib/base.so": constant("f", 1), "/lib/other.so": constant("f", 2), NAME: caller("f")}
    image = linked(files, {NAME: ["/lib/other.so"]})
    guest = LinkedGuest(tmp_path, image, files)
    assert guest.call(NAME, "run") == 2
    assert {library.name for library in guest.linker.libraries} == {"/lib/other.so", NAME}


def test_a_loaded_library_uses_a_linked_one(tmp_path: Path) -> None:
    files = {"/lib/base.so": constant("f", 5)}
    image = linked(files)
    late = side_module(
        '(module (import "env" "f" (func $f (result i32))) (func (export "run") (result i32) (call $f)))',
        needed=["base.so"],
        paths=["$ORIGIN"],
    )
    guest = LinkedGuest(tmp_path, image, {**files, NAME: late})
    assert guest.call(NAME, "run") == 5
    with pytest.raises(CaptureError, match="not part of the code image"):
        guest.linker.capture({})


def test_functions_that_nobody_has_may_be_imported_but_not_called(tmp_path: Path) -> None:
    library = side_module(
        '(module (import "env" "emscripten_absent" (func $a (param i32) (result f64)))'
        ' (import "env" "weak" (func $w))'
        ' (func (export "run") (result i32) (i32.const 9))'
        ' (func (export "call") (result i32) (call $w) (drop (call $a (i32.const 1))) (i32.const 1)))',
        weak=["weak"],
    )
    files = {NAME: library, "/lib/b.so": constant("f", 4)}
    image = linked(files)
    assert not image.left_out
    guest = LinkedGuest(tmp_path, image, files)
    assert guest.call(NAME, "run") == 9
    assert guest.call("/lib/b.so", "f") == 4
    with pytest.raises(FatalIsolateError, match="unreachable"):
        guest.call(NAME, "call")


def test_references_to_functions_by_their_types(tmp_path: Path) -> None:
    """As binaryen makes them where it merges similar functions."""
    library = side_module("""(module
      (import "env" "memory" (memory 1))
      (type $number (func (result i32)))
      (type $apply (func (param (ref $number) (ref null $number)) (result i32)))
      (elem declare func $seven)
      (func $seven (type $number) (i32.const 7))
      (func $apply (type $apply) (local $kept (ref null $number))
        (local.set $kept (local.get 0))
        (i32.add (call_ref $number (ref.as_non_null (local.get $kept))) (ref.is_null (local.get 1))))
      (func (export "run") (result i32)
        (call $apply
          (block $b (result (ref $number)) (ref.func $seven))
          (select (result (ref null $number)) (ref.null $number) (ref.null $number) (i32.const 1))))
      (func (export "atomic") (result i32)
        (atomic.fence)
        (i32.atomic.store (i32.const 4096) (i32.const 3))
        (i32.atomic.rmw.add (i32.const 4096) (i32.const 4)))
    )""")
    files = {"/lib/first.so": everything(), NAME: library}
    image = linked(files)
    assert not image.left_out
    guest = LinkedGuest(tmp_path, image, files)
    assert guest.call(NAME, "run") == 8
    assert guest.call(NAME, "atomic") == 3


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    guest = LinkedGuest(tmp_path, linked({NAME: constant("f", 1)}), {NAME: constant("f", 2)})
    with pytest.raises(LinkError, match="not the one that was linked"):
        guest.linker.open(NAME, is_global=False)


def test_a_missing_file_is_no_library(tmp_path: Path) -> None:
    guest = LinkedGuest(tmp_path, linked({NAME: constant("f", 1)}), {})
    with pytest.raises(LinkError, match="there is no library"):
        guest.linker.open(NAME, is_global=False)


@pytest.mark.parametrize(
    ("library", "reason"),
    [
        (caller("absent"), "undefined symbol"),
        (side_module('(module (import "env" "answer" (func (param i64))))'), "another type"),
        (side_module('(module (import "GOT.mem" "absent" (global (mut i32))) (func))'), "undefined symbol"),
        (side_module('(module (import "env" "other" (global i32)) (func))'), "no side module does"),
        (side_module("(module (memory 1) (func))"), "defines what side modules import"),
        (side_module("(module (global (mut i32) (i32.const 0)) (func))"), "no offset"),
        (side_module('(module (import "env" "memory" (memory 1)) (data "x") (func))'), "not active"),
        (side_module('(module (import "env" "memory" (memory 1)) (data (i32.const 8) "x") (func))'), "outside"),
        (
            side_module(
                '(module (import "env" "__indirect_function_table" (table 0 funcref))'
                " (elem (i32.const 1) $f) (func $f))"
            ),
            "outside",
        ),
        (side_module('(module (func (export "__wasm_call_ctors") (param i32)))'), "takes or returns"),
        (side_module('(module (func (export "__em_js__f")))'), "JavaScript"),
        (
            side_module(
                '(module (import "env" "__memory_base" (global i32)) (import "GOT.mem" "main_datum" '
                "(global $g (mut i32))) (func (global.set $g (i32.const 1))))"
            ),
            "writes an address",
        ),
        (side_module("(module (type $s (struct (field i32))) (func))"), "types other than"),
        (side_module("(module (func))")[:-3], "FORMAT"),
    ],
)
def test_what_cannot_be_linked_is_left_out(library: bytes, reason: str) -> None:
    files = {NAME: library, "/lib/good.so": constant("f", 1)}
    image = linked(files)
    assert [item.name for item in image.libraries] == ["/lib/good.so"]
    assert image.image == linked({"/lib/good.so": constant("f", 1)}).image
    if reason != "FORMAT":
        assert reason in image.left_out[NAME]


@pytest.mark.parametrize(
    ("library", "reason"),
    [
        (side_module('(module (import "env" "__cpp_exception" (tag (param i64))) (func))'), "another type"),
        (side_module('(module (import "env" "absent" (tag)) (func))'), "main module does not export"),
        (
            side_module('(module (import "env" "__indirect_function_table" (table 0 externref)) (func))'),
            "no side module",
        ),
        (side_module('(module (import "env" "memory" (memory i64 1)) (func))'), "FORMAT"),
        (constant("f", 1).replace(b"\x41\x01\x0b", b"\x1a\x1a\x0b"), "expected a type but nothing on stack"),
        (constant("f", 1).replace(b"\x41\x01\x0b", b"\x43\x01\x0b"), "FORMAT"),
        (
            side_module(
                '(module (type $t (func)) (import "env" "add" (func (param (ref null $t) i32) (result i32))) (func))'
            ),
            "references of its own types",
        ),
        # A reference that the library may make, since it exports the function, and the image may not.
        (side_module('(module (func $f (export "__wasm_call_ctors")) (func (drop (ref.func $f))))'), "does not fit"),
    ],
)
def test_what_the_engine_refuses_is_left_out(library: bytes, reason: str) -> None:
    engine = Engine()
    files = {NAME: library, "/lib/good.so": constant("f", 1)}
    image = link_libraries(
        main_image(), [LibraryFile(name=name, wasm=wasm) for name, wasm in files.items()], check=engine.validate
    )
    assert [item.name for item in image.libraries] == ["/lib/good.so"]
    assert image.image == linked({"/lib/good.so": constant("f", 1)}).image
    if reason != "FORMAT":
        assert reason in image.left_out[NAME]


def test_what_needs_a_library_that_is_left_out_is_left_out() -> None:
    image = linked({NAME: caller("absent"), "/lib/b.so": constant("f", 1)}, {"/lib/b.so": [NAME]})
    assert set(image.left_out) == {NAME, "/lib/b.so"}


@pytest.mark.parametrize(
    ("added", "heap", "reason"),
    [
        (")", HEAP_BASE, "where its heap begins"),
        (f'(global (export "__heap_base") i32 (i32.const {HEAP_BASE})))', HEAP_BASE, "lacks what libraries need"),
        (None, 4, "heap's base"),
    ],
)
def test_main_modules_without_a_heap_that_can_be_moved(added: str | None, heap: int, reason: str) -> None:
    image = main_image(heap=heap) if added is None else main_image(added, heap=heap)
    with pytest.raises(AbiMismatchError, match=reason):
        link_libraries(image, [LibraryFile(name=NAME, wasm=constant("f", 1))])


def test_descriptions_round_trip() -> None:
    for library in linked({NAME: everything()}).libraries:
        assert LinkedLibrary.from_json(library.to_json()) == library


@pytest.mark.parametrize(
    "change",
    [{"name": 1}, {"digest": "x"}, {"functions": {"f": -1}}, {"data": []}, {"memory_base": "1"}, {"needed": [1]}],
    ids=lambda change: next(iter(change)),
)
def test_malformed_descriptions(change: dict[str, object]) -> None:
    good = linked({NAME: everything()}).libraries[0].to_json()
    with pytest.raises(FormatError):
        LinkedLibrary.from_json({**good, **change})


@pytest.mark.parametrize(
    "change",
    [{"opened": [["/lib/x.so", True]]}, {"handles": [[1, NAME]]}, {"opened": [[NAME, 1]]}, {"linked": {}}, {"x": 1}],
)
def test_malformed_states(change: dict[str, object]) -> None:
    good = LinkState(linked=LinkedSet(linked({NAME: everything()}).libraries)).to_json()
    with pytest.raises(FormatError):
        LinkState.from_json({**good, **change})


def test_libraries_that_want_all_slots_are_left_out(tmp_path: Path) -> None:
    """The image would be none that the engine instantiates, and nobody could load a library at run time."""
    greedy = "no room for its slots"
    files = {"/lib/a.so": constant("a", 1, slots=1 << 19), "/lib/b.so": constant("b", 2), "/lib/c.so": everything()}
    image = linked(files)
    assert set(image.left_out) == {"/lib/a.so"}
    assert greedy in image.left_out["/lib/a.so"]
    guest = LinkedGuest(tmp_path, image, files)
    assert guest.call("/lib/b.so", "b") == 2
    assert guest.call("/lib/c.so", "own") == 20000


def test_libraries_with_much_static_data_are_left_out(tmp_path: Path) -> None:
    """Every isolate of the image would need that memory; at run time the isolate's own limit holds."""
    files = {"/lib/a.so": constant("a", 1, memory=1 << 27), "/lib/b.so": constant("b", 2, memory=1 << 16)}
    image = linked(files)
    assert set(image.left_out) == {"/lib/a.so"}
    assert "no room for its data" in image.left_out["/lib/a.so"]
    assert str(1 << 27) in image.left_out["/lib/a.so"]
    guest = LinkedGuest(tmp_path, image, files, limits=Limits(memory_bytes=4 << 20))
    assert guest.call("/lib/b.so", "b") == 2
    with pytest.raises(LimitError, match=r"static data of the library /lib/a\.so"):
        guest.linker.open("/lib/a.so", is_global=False)
    with pytest.raises(LimitError, match="does not fit its limit") as caught:
        LinkedGuest(tmp_path, image, files, limits=Limits(memory_bytes=1 << 16))
    assert caught.value.expected == "<= 65536 bytes"


def test_addresses_of_functions_of_the_host(tmp_path: Path) -> None:
    wat = """(module (import "env" "__indirect_function_table" (table 0 funcref))
      (import "GOT.func" "add" (global $add (mut i32)))
      (func (export "pointer") (result i32) (global.get $add))
      (func (export "run") (result i32)
        (call_indirect (param i32 i32) (result i32) (i32.const 30) (i32.const 12) (global.get $add))))"""
    files = {NAME: side_module(wat), "/lib/b.so": side_module(wat + " ")}
    image = linked(files)
    assert not image.left_out
    guest = LinkedGuest(tmp_path, image, files)
    assert guest.call(NAME, "run") == 42
    assert guest.call(NAME, "pointer") == guest.call("/lib/b.so", "pointer") != 0


def test_a_chain_of_libraries_may_be_long_and_sees_all_of_it() -> None:
    names = [f"/lib/{index}.so" for index in range(1200)]
    first = LibraryFile(name=names[0], wasm=constant("first", 1))
    rest = [
        LibraryFile(name=name, wasm=constant(f"f{index}", 1), needed=(names[index],))
        for index, name in enumerate(names[1:])
    ]
    last = LibraryFile(name="/lib/last.so", wasm=caller("first"), needed=(names[-1],))
    image = link_libraries(main_image(), [first, *rest, last])
    assert not image.left_out
    assert len(image.libraries) == 1201
