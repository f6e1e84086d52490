"""Small side modules linked into a small main module before it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.engine.codecache import CodeCache
from runtime_core.engine.engine import Engine
from runtime_core.engine.sidemodule import StoreLinker
from runtime_core.linking.library import LibraryLoader
from runtime_core.linking.linkedset import LinkedSet, LinkState
from runtime_core.linking.linker import DynamicLinker
from runtime_core.wasm.codeimage import CodeImage, CodeImageLayout
from runtime_core.wasm.codelink import LibraryFile, LinkedImage, link_libraries
from runtime_core.wasm.dataimage import PAGE_BYTES, build_data_image
from tests.support.guests import IMPORTS, Host
from tests.support.side_modules import MAIN_WAT

HEAP_BASE = 8192
BREAK_ADDRESS = 1024
TABLE_SIZE = 4
_ADDED = f"""
  (global (export "__heap_base") i32 (i32.const {HEAP_BASE}))
  (func (export "emscripten_get_sbrk_ptr") (result i32)
    (if (i32.eqz (i32.load (i32.const {BREAK_ADDRESS})))
      (then (i32.store (i32.const {BREAK_ADDRESS}) (i32.const {HEAP_BASE}))))
    (i32.const {BREAK_ADDRESS}))
)
"""


def main_image(added: str = _ADDED, *, heap: int = HEAP_BASE) -> CodeImage:
    """The small main module as a code image."""
    memory = bytearray(PAGE_BYTES)
    memory[BREAK_ADDRESS : BREAK_ADDRESS + 4] = heap.to_bytes(4, "little")
    layout = CodeImageLayout(
        pyodide_version="0",
        table_size=TABLE_SIZE,
        first_export_slot=0,
        export_slots=(),
        got_functions=(),
        trampoline_slot=3,
        stack_pointer=4096,
        memory_pages=1,
    )
    wasm = wat_to_wasm(MAIN_WAT.rstrip().removesuffix(")") + added)
    return CodeImage(wasm=wasm, memory_image=build_data_image(memory), layout=layout)


def linked(files: Mapping[str, bytes], needed: Mapping[str, Sequence[str]] | None = None) -> LinkedImage:
    """The main module with libraries in it, in the order given."""
    needs = needed or {}
    return link_libraries(
        main_image(),
        [LibraryFile(name=name, wasm=data, needed=tuple(needs.get(name, ()))) for name, data in files.items()],
    )


class LinkedGuest:
    """A guest of a linked image. ``files`` are what is found at run time."""

    def __init__(
        self, directory: Path, image: LinkedImage, files: Mapping[str, bytes], state: LinkState | None = None
    ) -> None:
        directory.chmod(0o700)
        engine = Engine()
        cache = CodeCache(directory)
        program = engine.link(engine.load(image.image.wasm, cache), IMPORTS)
        self.instance = program.instantiate(engine.load(image.image.memory_image, cache))
        self.host = Host(self.instance)
        self.instance.bind(self.host)
        self.linker = DynamicLinker(
            instance=self.instance,
            store=StoreLinker(self.instance, program),
            loader=LibraryLoader(translate=lambda data: data, load=lambda wasm: engine.load(wasm, cache)),
            read_file=files.get,
            state=state or LinkState(linked=LinkedSet(image.libraries)),
        )

    def call(self, path: str, symbol: str) -> int:
        """Open a library locally and call one of its functions through its slot."""
        library = self.linker.open(path, is_global=False)
        slot = self.linker.address(library, symbol)
        assert slot is not None
        return int(self.instance.call("call_slot", slot))
