"""Whatever a library's bytes, linking it ends with an image that has it or one that does not."""

from __future__ import annotations

import contextlib
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime_core.engine.engine import Engine
from runtime_core.engine.limits import Limits
from runtime_core.wasm.codelink import LibraryFile, Place, link_libraries, link_libraries_at
from runtime_core.wasm.movecode import Placement, move_code
from schemas.errors import FatalIsolateError, FormatError, LinkError
from tests.support.linked_modules import HEAP_BASE, TABLE_SIZE, LinkedGuest, everything, main_image
from tests.support.mutation import MUTATED, mutated, with_section

IMAGE = main_image()
LIBRARY = everything()
PLACEMENT = Placement(
    first_type=3, functions=[b"\1"] * 3, reads=[b"\x41\0"] * 3, writes=[b"\x24\0", None, None], tags=[b"\0"]
)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(st.integers(0, len(LIBRARY) - 1), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, len(LIBRARY)),
)
def test_damaged_libraries(changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(LIBRARY)
    for position, value in changes:
        damaged[position] = value
    for data in (bytes(damaged), bytes(damaged[:length])):
        result = link_libraries(IMAGE, [LibraryFile(name="/a.so", wasm=data)])
        assert len(result.libraries) + len(result.left_out) == 1
        if result.left_out:
            assert result.image == IMAGE


ENGINE = Engine()


@settings(deadline=None, max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, len(LIBRARY) - 1), st.integers(0, 255)), min_size=1, max_size=3),
    st.booleans(),
)
def test_an_image_with_a_damaged_library_is_one_that_the_engine_takes(
    changes: list[tuple[int, int]], is_placed: bool
) -> None:
    damaged = bytearray(LIBRARY)
    for position, value in changes:
        damaged[position] = value
    place = Place(memory_base=HEAP_BASE, table_base=TABLE_SIZE) if is_placed else None
    files = [LibraryFile(name="/a.so", wasm=bytes(damaged), place=place)]
    if place is None:
        result = link_libraries(IMAGE, files, check=ENGINE.validate)
        ENGINE.validate(result.image.wasm)
    else:
        with contextlib.suppress(FormatError, LinkError):
            link_libraries_at(IMAGE, files, check=ENGINE.validate)


@given(st.binary(max_size=300))
def test_any_code(code: bytes) -> None:
    with contextlib.suppress(FormatError):
        move_code(code, 0, len(code), PLACEMENT)


@pytest.mark.parametrize(
    "body",
    [b"\0\xfc\x08\0\0\x0b", b"\0\xff\x0b", b"\0\x10\x07\x0b", b"\0\x11\0\1\x0b", b"\0\x1f\x40\1\4\0\x0b", b"\0\x01"],
    ids=["memory.init", "unknown", "no such function", "another table", "unknown catch", "no end"],
)
def test_code_that_cannot_be_moved(body: bytes) -> None:
    code = b"\1" + bytes((len(body),)) + body
    with pytest.raises(FormatError):
        move_code(code, 0, len(code), PLACEMENT)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("place", MUTATED)
def test_mutated_sections(place: str, seed: int, tmp_path: Path) -> None:
    """What can be linked makes an image that the engine takes, and initialising it harms its own guest only."""
    source = random.Random(f"{place} {seed}")
    opened = False
    for _ in range(15):
        library = with_section(LIBRARY, MUTATED[place], lambda payload: mutated(source, payload))
        files = {"/a.so": library}
        result = link_libraries(IMAGE, [LibraryFile(name="/a.so", wasm=library)], check=ENGINE.validate)
        ENGINE.validate(result.image.wasm)
        assert len(result.libraries) + len(result.left_out) == 1
        if result.libraries and not opened:
            opened = True
            guest = LinkedGuest(tmp_path, result, files, limits=Limits(cpu_seconds=0.5))
            try:
                guest.linker.open("/a.so", is_global=True)
            except FatalIsolateError:
                assert guest.instance.poisoned
            else:
                assert guest.instance.call("answer") == 42
            guest.instance.close()
