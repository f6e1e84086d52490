"""A code image as a static linker sees it: what side modules may refer to, and where the heap begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.wasm import binary
from runtime_core.wasm.binary import ExternKind, FunctionType, SectionId, SegmentMode
from runtime_core.wasm.dataimage import PAGE_BYTES
from runtime_core.wasm.encoding import Reader
from runtime_core.wasm.opcodes import END, i32_const
from schemas.errors import AbiMismatchError, LinkError

if TYPE_CHECKING:
    from runtime_core.wasm.codeimage import CodeImage

_HEAP_BASE: Final = "__heap_base"
_BREAK: Final = "emscripten_get_sbrk_ptr"
_STACK_POINTER: Final = "__stack_pointer"
_TABLE: Final = 0
_HOSTS: Final = ("env", "wasi_snapshot_preview1")


class MainModule:
    """The parsed code image.

    Raises:
        FormatError: malformed.
        AbiMismatchError: it lacks what linking needs.
    """

    def __init__(self, image: CodeImage) -> None:
        module = self.module = binary.parse(image.wasm)
        self._memory_image = image.memory_image
        types = module.types()
        if len(types) != module.type_entries():
            raise AbiMismatchError("the code image has groups of types")
        imports = module.imports()
        imported = [item for item in imports if item.kind is ExternKind.FUNCTION]
        defined = module.functions()
        self.type_count = len(types)
        self.function_count = len(imported) + len(defined)
        self._kinds = [types[item.type_index or 0] for item in imported] + [types[index] for index in defined]
        self._imported_functions = len(imported)
        self._hosts = {(item.module, item.name): index for index, item in enumerate(imported)}
        exports = module.exports()
        by_kind = {kind: {item.name: item.index for item in exports if item.kind is kind} for kind in ExternKind}
        self._functions = by_kind[ExternKind.FUNCTION]
        self._tags = by_kind[ExternKind.TAG]
        self._tag_types = [types[item.type_index or 0] for item in imports if item.kind is ExternKind.TAG]
        self._tag_types += [types[index] for index in module.tags()]
        self._globals = by_kind[ExternKind.GLOBAL]
        self._first_global = sum(item.kind is ExternKind.GLOBAL for item in imports)
        self._defined_globals = module.globals()
        self.slots = _slots(module)
        self.stack_pointer = self._required(self._globals, _STACK_POINTER)
        base = self.datum(_HEAP_BASE)
        if base is None:
            raise AbiMismatchError("the code image does not say where its heap begins", expected=_HEAP_BASE)
        self.heap_base = base

    @staticmethod
    def _required(where: dict[str, int], wanted: str) -> int:
        if wanted not in where:
            raise AbiMismatchError("the code image lacks what libraries need", expected=wanted)
        return where[wanted]

    def function(self, symbol: str) -> tuple[int, FunctionType | None] | None:
        """An exported function: its index and type."""
        index = self._functions.get(symbol)
        return None if index is None else (index, self._kinds[index])

    def host_function(self, module: str, symbol: str) -> tuple[int, FunctionType | None] | None:
        """An imported function: its index and type."""
        index = self._hosts.get((module, symbol))
        return None if index is None else (index, self._kinds[index])

    def host_pointer(self, symbol: str) -> int | None:
        """The index of an imported function whose address a library takes."""
        return next((self._hosts[key] for module in _HOSTS if (key := (module, symbol)) in self._hosts), None)

    def datum(self, symbol: str) -> int | None:
        """The address of an exported datum."""
        index = self._globals.get(symbol)
        if index is None or symbol == _STACK_POINTER:
            return None
        position = index - self._first_global
        value = self._defined_globals[position].initial.i32 if 0 <= position < len(self._defined_globals) else None
        return None if value is None else value & 0xFFFFFFFF

    def tag(self, symbol: str, kind: FunctionType | None) -> int:
        """The index of an exported tag of this type.

        Raises:
            LinkError: there is none.
        """
        if symbol not in self._tags:
            raise LinkError("it imports what the main module does not export", found=symbol)
        if self._tag_types[self._tags[symbol]] != kind:
            raise LinkError("it imports a tag with another type", found=symbol)
        return self._tags[symbol]

    def memory(self) -> bytearray:
        """The initial memory."""
        data = binary.parse(self._memory_image)
        memory = bytearray(data.memories()[0].minimum * PAGE_BYTES)
        for item in data.data_segments():
            offset = (item.offset.i32 or 0) & 0xFFFFFFFF if item.offset is not None else 0
            memory[offset : offset + item.end - item.start] = data.data[item.start : item.end]
        return memory

    def break_address(self, memory: bytearray) -> int:
        """Where the heap's end is kept, which at first is its base: what ``emscripten_get_sbrk_ptr`` returns.

        Raises:
            AbiMismatchError: that function is another one than it was, or memory does not hold the base there.
        """
        index = self._required(self._functions, _BREAK) - self._imported_functions
        found = self.module.find(SectionId.CODE)
        if found is None or index < 0:
            raise AbiMismatchError("the code image has no code")
        reader = Reader(self.module.data, found.start, found.end)
        reader.count()
        for _ in range(index):
            reader.skip(reader.u32())
        body = reader.take(reader.u32())
        # It sets the address once more if memory holds nothing there, so its code is a constant, some more, the
        # constant again.
        if body[:2] == b"\0\x41":
            address = Reader(body, 2).signed(32) & 0xFFFFFFFF
            value = int.from_bytes(memory[address : address + 4], "little")
            if body.endswith(i32_const(address) + END) and value == self.heap_base:
                return address
        raise AbiMismatchError(
            f"{_BREAK} does not return an address that holds the heap's base", expected=hex(self.heap_base)
        )


def _slots(module: binary.Module) -> dict[int, int]:
    """The first slot of each function in the table."""
    slots: dict[int, int] = {}
    for element in module.elements():
        first = element.offset.i32 if element.offset is not None else None
        if element.mode is not SegmentMode.ACTIVE or element.table != _TABLE or first is None:
            continue
        for position, index in enumerate(element.functions):
            if index is not None and first + position < slots.get(index, 1 << 32):
                slots[index] = first + position
    return slots
