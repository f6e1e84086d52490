"""Libraries linked where a snapshot has loaded them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from runtime_core.linking.linkedset import LinkedSet, LinkState
from runtime_core.wasm.codelink import LibraryFile, Place, link_libraries_at
from schemas.errors import LinkError
from tests.support.linked_modules import HEAP_BASE, TABLE_SIZE, LinkedGuest, everything, main_image
from tests.support.side_modules import LinkingGuest, side_module

FIRST, SECOND = "/lib/a.so", "/lib/b.so"
FUNCTION = '(module (func (export "{0}") (result i32) (i32.const {1})))'


def placed(name: str, wasm: bytes, memory: int, table: int) -> LibraryFile:
    return LibraryFile(name=name, wasm=wasm, place=Place(memory_base=memory, table_base=table))


def test_places_are_those_of_a_guest_that_loaded_the_library(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    files = {FIRST: everything()}
    loaded = LinkingGuest(tmp_path, files)
    known = loaded.linker.open(FIRST, is_global=False)
    size = loaded.instance.table_size()
    image = link_libraries_at(
        main_image(), [placed(FIRST, everything(), known.memory_base, known.table_base)], table_size=size
    )
    (library,) = image.libraries
    assert (library.memory_base, library.table_base) == (known.memory_base, known.table_base)
    assert library.functions == {name: loaded.linker.address(known, name) for name in library.functions}
    assert image.image.layout.table_size == size
    assert image.image.memory_image == main_image().memory_image  # data and the heap's end are in the snapshot
    state = LinkState(linked=LinkedSet(image.libraries), opened=((FIRST, False),), handles=((64, FIRST),))
    guest = LinkedGuest(tmp_path, image, files, state)
    guest.instance.memory.write(known.memory_base, loaded.instance.memory.read(known.memory_base, 16))
    for symbol, expected in {"counted": 2, "third": 3, "indirect": 1000 + 42 + 20000, "exceptions": 7}.items():
        assert guest.call(FIRST, symbol) == expected


def test_the_first_definition_of_a_name_has_the_slot() -> None:
    library = side_module(FUNCTION.format("f", 1))
    other = side_module(
        '(module (import "GOT.func" "f" (global $f (mut i32))) (func (export "f") (result i32) (i32.const 2))'
        ' (func (export "g") (result i32) (global.get $f)) (func (export "answer") (result i32) (i32.const 3)))'
    )
    files = [placed(FIRST, library, HEAP_BASE, TABLE_SIZE + 1), placed(SECOND, other, HEAP_BASE, TABLE_SIZE + 2)]
    first, second = link_libraries_at(main_image(), files, table_size=TABLE_SIZE + 10).libraries
    assert first.functions == {"f": TABLE_SIZE + 1}
    # f and the main module's answer have none of the snapshot's: dlsym finds them behind those
    assert second.functions == {"f": TABLE_SIZE + 10, "g": TABLE_SIZE + 2, "answer": TABLE_SIZE + 11}


def test_what_a_library_got_stands_for_the_first_definition(tmp_path: Path) -> None:
    library = side_module(FUNCTION.format("f", 1))
    other = side_module(
        '(module (import "GOT.func" "f" (global $f (mut i32))) (func (export "f") (result i32) (i32.const 2))'
        ' (func (export "g") (result i32) (global.get $f)))'
    )
    image = link_libraries_at(
        main_image(),
        [placed(FIRST, library, HEAP_BASE, TABLE_SIZE), placed(SECOND, other, HEAP_BASE, TABLE_SIZE + 1)],
    )
    state = LinkState(linked=LinkedSet(image.libraries), opened=((FIRST, False), (SECOND, False)))
    guest = LinkedGuest(tmp_path, image, {FIRST: library, SECOND: other}, state)
    assert guest.call(SECOND, "g") == image.libraries[0].functions["f"]
    assert guest.call(SECOND, "f") == 2


def test_free_slots_are_taken_first() -> None:
    library = side_module(
        '(module (func (export "f") (result i32) (i32.const 1)) (func (export "g") (result i32) (i32.const 2)))'
    )
    image = link_libraries_at(
        main_image(), [placed(FIRST, library, HEAP_BASE, TABLE_SIZE + 1)], free_slots=(TABLE_SIZE,)
    )
    assert image.libraries[0].functions == {"f": TABLE_SIZE, "g": TABLE_SIZE + 1}
    assert image.image.layout.table_size == TABLE_SIZE + 2


def test_memory_bases_are_aligned() -> None:
    wasm = side_module("(module (func))", memory=16, alignment=5)
    image = link_libraries_at(main_image(), [placed(FIRST, wasm, HEAP_BASE + 8, TABLE_SIZE)])
    assert image.libraries[0].memory_base == HEAP_BASE + 32


@pytest.mark.parametrize(
    ("memory", "table", "size", "reason"),
    [
        (HEAP_BASE, TABLE_SIZE - 1, None, "slots are not where"),
        (HEAP_BASE, 1 << 30, None, "slots are not where"),
        (HEAP_BASE - 64, TABLE_SIZE, None, "no room"),
        ((1 << 32) - 8, TABLE_SIZE, None, "no room"),
        (HEAP_BASE, TABLE_SIZE, TABLE_SIZE + 1, "do not have the slots"),
        (HEAP_BASE, TABLE_SIZE, 1 << 30, "do not have the slots"),
    ],
)
def test_places_that_cannot_be(memory: int, table: int, size: int | None, reason: str) -> None:
    with pytest.raises(LinkError, match=reason):
        link_libraries_at(main_image(), [placed(FIRST, everything(), memory, table)], table_size=size)


def test_every_library_has_a_place_and_can_be_linked() -> None:
    good = placed(FIRST, everything(), HEAP_BASE, TABLE_SIZE)
    with pytest.raises(LinkError, match="no given place"):
        link_libraries_at(main_image(), [dataclasses.replace(good, place=None)])
    with pytest.raises(LinkError, match=r"/lib/b\.so.*memory"):
        link_libraries_at(main_image(), [good, placed(SECOND, side_module("(module (memory 1) (func))"), 9000, 40)])
