"""Hostile side modules: whatever a library's bytes are, loading it works, or ends with a named error and leaves nothing
behind that later libraries would see.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.translate import translate_library
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.limits import Limits
from runtime_core.engine.sidemodule import StoreLinker
from runtime_core.linking.library import LibraryLoader
from runtime_core.linking.linker import DynamicLinker
from runtime_core.runtime import process_engine
from runtime_core.wasm.binary import SectionId
from runtime_core.wasm.encoding import HEADER, name, section, sleb, uleb, vector
from schemas.errors import FatalIsolateError, LimitError, LinkError
from tests.support import releases, wheels
from tests.support.ffi_guest import FfiGuest
from tests.support.mutation import MUTATED, mutated, with_section
from tests.support.side_modules import LinkingGuest, dylink, side_module

SECONDS = 0.5  # of CPU time, after which the guest is ended: a mutated loop or start function may never return
ROUNDS = 60
SEEDS = range(8)

LIBRARY = side_module(
    """(module
  (import "env" "memory" (memory 1))
  (import "env" "__indirect_function_table" (table 1 funcref))
  (import "env" "__memory_base" (global $memory i32))
  (import "env" "__table_base" (global $table i32))
  (import "env" "__stack_pointer" (global $stack (mut i32)))
  (import "GOT.mem" "datum" (global $datum (mut i32)))
  (import "GOT.func" "callback" (global $callback (mut i32)))
  (import "env" "answer" (func $answer (result i32)))
  (import "env" "shared" (func $shared (param i32) (result i32)))
  (import "env" "__cpp_exception" (tag $exception (param i32)))
  (global (export "datum") i32 (i32.const 8))
  (elem (global.get $table) $callback $answer)
  (data (global.get $memory) "some data")
  (func $callback (export "callback") (result i32) (call $shared (i32.const 3)))
  (func (export "shared") (param i32) (result i32) (i32.add (local.get 0) (call $answer)))
  (func (export "throw") (throw $exception (i32.const 1)))
  (func (export "__wasm_apply_data_relocs") (i32.store (global.get $memory) (global.get $datum)))
  (func (export "__wasm_call_ctors") (drop (call $callback))))""",
    memory=32,
    alignment=4,
    slots=2,
    weak=["maybe"],
)
PROBE = side_module('(module (func (export "probe") (result i32) (i32.const 7)))')
Start = Callable[[bytes], LinkingGuest]


@pytest.fixture(name="engine", scope="module")
def make_engine() -> Engine:
    return Engine()


@pytest.fixture(name="start")
def make_start(tmp_path: Path, engine: Engine) -> Iterator[Start]:
    tmp_path.chmod(0o700)
    guests: list[LinkingGuest] = []

    def start(library: bytes) -> LinkingGuest:
        files = {"/lib/a.so": library, "/lib/probe.so": PROBE}
        guests.append(LinkingGuest(tmp_path, files, Limits(cpu_seconds=SECONDS), engine))
        return guests[-1]

    yield start
    for guest in guests:
        guest.instance.close()


def load(guest: LinkingGuest, path: str = "/lib/a.so") -> str:
    """Open a library globally; the name of the error that this ended with. Afterwards nothing is half done."""
    table = guest.instance.table_size()
    try:
        guest.linker.open(path, is_global=True)
    except FatalIsolateError:
        assert guest.instance.poisoned
        return "fatal"
    except (LinkError, LimitError) as error:
        assert not guest.instance.poisoned
        assert guest.linker.libraries == ()
        assert guest.instance.call("answer") == 42
        assert guest.call("/lib/probe.so", "probe") == 7
        assert guest.instance.table_size() <= table + 1024
        return type(error).__name__
    assert guest.instance.call("answer") == 42
    assert guest.call("/lib/probe.so", "probe") == 7
    return "loaded"


def test_the_library_itself_loads(start: Start) -> None:
    assert load(start(LIBRARY)) == "loaded"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("place", MUTATED)
def test_mutated_sections(start: Start, place: str, seed: int) -> None:
    source = random.Random(f"{place} {seed}")
    for _ in range(ROUNDS // 4):
        load(start(with_section(LIBRARY, MUTATED[place], lambda payload: mutated(source, payload))))


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_bytes_and_prefixes(start: Start, seed: int) -> None:
    source = random.Random(f"bytes {seed}")
    for _ in range(ROUNDS // 4):
        load(start(mutated(source, LIBRARY)))
        load(start(LIBRARY[: source.randrange(len(LIBRARY))]))


def exported(text: str) -> bytes:
    return side_module(f"(module {text})")


SPECIAL = ("__wasm_apply_data_relocs", "__wasm_call_ctors")
ODD = {
    "relocations are a global": (exported(f'(global (export "{SPECIAL[0]}") i32 (i32.const 3))'), LinkError),
    "constructors are a memory": (exported(f'(memory (export "{SPECIAL[1]}") 1)'), LinkError),
    "constructors are a table": (exported(f'(table (export "{SPECIAL[1]}") 1 funcref)'), LinkError),
    "constructors are a tag": (exported(f'(tag (export "{SPECIAL[1]}") (param i32))'), LinkError),
    "constructors take parameters": (exported(f'(func (export "{SPECIAL[1]}") (param i32))'), LinkError),
    "constructors take a vector": (exported(f'(func (export "{SPECIAL[1]}") (param v128))'), LinkError),
    "a memory of its own": (exported('(memory 100 60000) (func (export "f"))'), LinkError),
    "a table of its own": (exported('(table 1000000 funcref) (func (export "f"))'), LinkError),
    "a function of its own with another type": (
        exported('(import "env" "f" (func (param i64))) (func (export "f") (param i32))'),
        None,
    ),
    "a function of its own with a reference type": (
        exported('(type $t (func)) (import "env" "f" (func (param (ref null $t)))) (func (export "f") (param i32))'),
        LinkError,
    ),
    "the same function twice with two types": (
        exported('(import "env" "f" (func (param i64))) (import "env" "f" (func)) (func (export "f"))'),
        LinkError,
    ),
    "a datum of 64 bits": (exported('(global (export "g") i64 (i64.const 1))'), None),
    "a datum that is a reference": (exported('(global (export "g") externref (ref.null extern))'), None),
    "a datum that is a vector": (exported('(global (export "g") v128 (v128.const i32x4 0 0 0 0))'), LinkError),
    "a datum that is an exception": (exported('(global (export "g") (ref null exn) (ref.null exn))'), None),
    "a datum of the collector's": (exported('(global (export "g") (ref null any) (ref.null any))'), None),
    "a datum that is a function": (exported('(global (export "g") funcref (ref.null func))'), None),
    "a function that takes a vector": (exported('(func (export "g") (param v128))'), None),
    "constructors take an exception": (exported(f'(func (export "{SPECIAL[1]}") (param (ref null exn)))'), LinkError),
    "constructors take a reference": (exported(f'(func (export "{SPECIAL[1]}") (param (ref any)))'), LinkError),
    "a table base of 64 bits": (exported('(import "env" "__table_base" (global i64))'), LinkError),
    "a mutable memory base": (exported('(import "env" "__memory_base" (global (mut i32)))'), LinkError),
    "an address that cannot be set": (
        exported('(import "GOT.mem" "g" (global i32)) (global (export "g") i32 (i32.const 1))'),
        LinkError,
    ),
    "an absent function with a reference": (
        exported('(import "env" "emscripten_absent" (func (param externref)))'),
        LinkError,
    ),
    "slots that it does not fill": (side_module('(module (func (export "f")))', slots=4000), None),
    "a segment outside of the table": (
        side_module(
            """(module (import "env" "__indirect_function_table" (table 0 funcref))
              (elem (i32.const 99999) $f) (func $f))"""
        ),
        FatalIsolateError,
    ),
    "a segment outside of the memory": (
        side_module('(module (import "env" "memory" (memory 1)) (data (i32.const -1) "x"))'),
        FatalIsolateError,
    ),
    "a start function that never returns": (exported("(func $s (loop (br 0))) (start $s)"), FatalIsolateError),
    "constructors that never return": (
        exported(f'(func (export "{SPECIAL[1]}") (loop (br 0)))'),
        FatalIsolateError,
    ),
    "it needs itself": (side_module('(module (func (export "f")))', needed=["a.so"], paths=["$ORIGIN"]), None),
    "it needs nothing, by name": (side_module("(module)", needed=[""], paths=["$ORIGIN"]), LinkError),
    "it needs a name with a zero byte": (side_module("(module)", needed=["a\0b"], paths=["$ORIGIN"]), LinkError),
    "it needs what lies outside": (side_module("(module)", needed=["../../../x"], paths=["$ORIGIN"]), LinkError),
}


@pytest.mark.parametrize("reason", ODD)
def test_odd_libraries(start: Start, reason: str) -> None:
    library, expected = ODD[reason]
    found = load(start(library))
    if expected is None:
        assert found == "loaded"
    else:
        assert found == ("fatal" if expected is FatalIsolateError else expected.__name__)


def test_legacy_exceptions_are_named(start: Start) -> None:
    body = b"\0" + b"\x06\x40\x19\x0b" + b"\x0b"  # try catch_all end: the instructions that came before try_table
    legacy = b"".join(
        (
            HEADER,
            dylink(),
            section(SectionId.TYPE, vector([b"\x60\0\0"])),
            section(SectionId.FUNCTION, vector([uleb(0)])),
            section(SectionId.EXPORT, vector([name("f") + b"\0" + uleb(0)])),
            section(SectionId.CODE, vector([uleb(len(body)) + body])),
        )
    )
    guest = start(legacy)
    with pytest.raises(LinkError, match=r"legacy.*exception"):
        guest.linker.open("/lib/a.so", is_global=True)
    assert load(guest) == "LinkError"


def chain(length: int) -> dict[str, bytes]:
    """Libraries that need one another in a row."""
    needs = [[f"{index + 1}.so"] if index + 1 < length else [] for index in range(length)]
    return {
        f"/lib/{index}.so": side_module(
            f'(module (func (export "f{index}") (result i32) (i32.const {index})))', needed=needed, paths=["$ORIGIN"]
        )
        for index, needed in enumerate(needs)
    }


def test_a_long_chain_of_needed_libraries(start: Start) -> None:
    guest = start(PROBE)
    guest.files.update(chain(20))
    guest.linker.open("/lib/0.so", is_global=True)
    assert len(guest.linker.libraries) == 20
    guest = start(PROBE)
    guest.files.update(chain(400))
    assert load(guest, "/lib/0.so") == "LimitError"


def test_a_library_that_fails_takes_along_what_was_loaded_for_it(start: Start) -> None:
    missing = side_module('(module (import "env" "absent" (func)))', needed=["b.so"], paths=["$ORIGIN"])
    guest = start(missing)
    guest.files["/lib/b.so"] = side_module('(module (func (export "leftover") (result i32) (i32.const 1)))')
    user = '(module (import "env" "leftover" (func $f (result i32))) (func (export "run") (result i32) (call $f)))'
    guest.files["/lib/c.so"] = side_module(user)
    with pytest.raises(LinkError, match="absent"):
        guest.linker.open("/lib/a.so", is_global=True)
    assert guest.linker.libraries == ()
    with pytest.raises(LinkError, match="leftover"):
        guest.linker.open("/lib/c.so", is_global=True)


def test_failures_cannot_be_repeated_without_end(start: Start) -> None:
    guest = start(exported('(import "env" "__table_base" (global i64))'))
    for _ in range(5000):
        try:
            guest.linker.open("/lib/a.so", is_global=False)
        except LinkError:
            continue
        except LimitError:
            return
        pytest.fail("it loaded")
    pytest.fail("no limit")


@pytest.mark.boot
@pytest.mark.parametrize("place", ["dylink", "type", "import", "export", "element", "data"])
def test_a_real_library_mutated(place: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    releases.runtime()
    cache = CodeCache(tmp_path)
    loader = LibraryLoader(translate=lambda data: data, load=lambda wasm: process_engine().load(wasm, cache))
    library = translate_library(BuildCache(default_cache_root()), wheels.library("jiter"))
    source = random.Random(place)

    def change(payload: bytes) -> bytes:
        return mutated(source, payload)

    for number in range(3):
        files = {"/a.so": library} if number == 0 else {"/a.so": with_section(library, MUTATED[place], change)}
        guest = FfiGuest()
        instance = guest.guest.instance
        store = StoreLinker(instance, instance.program)
        linker = DynamicLinker(instance=instance, store=store, loader=loader, read_file=files.get)
        try:
            linker.open("/a.so", is_global=True)
        except (LinkError, LimitError):
            assert number
            assert linker.libraries == ()
        except FatalIsolateError:
            assert instance.poisoned
        if not instance.poisoned:
            assert guest.run("1 + 1") == 2
        guest.close()


def test_sleb_offsets_of_segments(start: Start) -> None:
    def at(offset: int) -> bytes:
        payload = vector([b"\0\x41" + sleb(offset) + b"\x0b" + uleb(3) + b"abc"])
        return with_section(LIBRARY, SectionId.DATA, lambda _: payload)

    for offset in (-1, 1 << 20, -(1 << 31), (1 << 31) - 1):
        load(start(at(offset)))
