"""The ``dylink.0`` section: what a side module asks of whoever loads it.

Source: WebAssembly tool conventions, "WebAssembly Dynamic Linking". It is the first section of the module and holds
subsections: 1 memory and table needs, 2 needed libraries, 3 flags of exports, 4 flags of imports, 5 runtime paths.
Subsections of other kinds are passed over. The counts of kinds 3 and 4 are not believed: auditwheel writes 1 whatever
follows (seen in grill_usd_core 26.8), so entries are read up to the subsection's end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime_core.wasm.binary import Module, SectionId
from runtime_core.wasm.encoding import Reader
from schemas.errors import FormatError

SECTION: Final = "dylink.0"
_MEMORY_INFO: Final = 1
_NEEDED: Final = 2
_EXPORT_INFO: Final = 3
_IMPORT_INFO: Final = 4
_RUNTIME_PATH: Final = 5
_BINDING_MASK: Final = 0x3
_WEAK: Final = 0x1
_TLS: Final = 0x100

MAX_MEMORY_BYTES: Final = 1 << 30
MAX_ALIGNMENT: Final = 16  # as a power of two: 64 KiB, a page
MAX_TABLE_SLOTS: Final = 1 << 19
MAX_NEEDED: Final = 512
MAX_RUNTIME_PATHS: Final = 32
"""Every needed library is looked for in every runtime path."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DylinkInfo:
    """The needs of a side module.

    ``memory_bytes`` of static data, aligned to ``memory_alignment`` bytes, and ``table_slots`` slots of the function
    table; ``needed`` are file names of libraries, ``runtime_paths`` where to look for them (``$ORIGIN`` stands for the
    module's own directory); ``weak_imports`` may stay unresolved, as null.
    """

    memory_bytes: int = 0
    memory_alignment: int = 1
    table_slots: int = 0
    needed: tuple[str, ...] = ()
    weak_imports: frozenset[str] = frozenset()
    runtime_paths: tuple[str, ...] = ()


def read_dylink(module: Module) -> DylinkInfo:
    """The needs of a side module.

    Raises:
        FormatError: it has no such section at its beginning, or the section is malformed, asks for more than any
            isolate gives, or for thread-local storage.
    """
    first = module.sections[0] if module.sections else None
    if first is None or first.identifier is not SectionId.CUSTOM:
        raise _no_side_module()
    reader = Reader(module.data, first.start, first.end)
    if reader.name() != SECTION:
        raise _no_side_module()
    found: dict[str, object] = {}
    while reader.remaining:
        kind, size = reader.byte(), reader.u32()
        start = reader.skip(size)
        part = Reader(module.data, start, start + size)
        if kind == _MEMORY_INFO:
            found.update(_memory_info(part))
        elif kind == _NEEDED:
            found["needed"] = _names(part, MAX_NEEDED, "needed libraries")
        elif kind == _EXPORT_INFO:
            for _ in _entries(part):
                _export_flags(part)
        elif kind == _IMPORT_INFO:
            weak = [_weak_import(part) for _ in _entries(part)]
            found["weak_imports"] = frozenset(symbol for symbol in weak if symbol is not None)
        elif kind == _RUNTIME_PATH:
            found["runtime_paths"] = _names(part, MAX_RUNTIME_PATHS, "runtime paths")
        else:
            continue
        part.finish(f"subsection {kind} of {SECTION}")
    return DylinkInfo(**found)  # type: ignore[arg-type]  # the fields were made by name and type above


def _no_side_module() -> FormatError:
    return FormatError("not a side module", expected=f"a {SECTION} section at the beginning")


def _memory_info(reader: Reader) -> dict[str, object]:
    size, alignment, slots, table_alignment = reader.u32(), reader.u32(), reader.u32(), reader.u32()
    if size > MAX_MEMORY_BYTES or alignment > MAX_ALIGNMENT or slots > MAX_TABLE_SLOTS:
        raise FormatError(
            "a side module asks for too much",
            expected=f"<= {MAX_MEMORY_BYTES} bytes aligned to 2**{MAX_ALIGNMENT}, {MAX_TABLE_SLOTS} slots",
            found=f"{size} bytes aligned to 2**{alignment}, {slots} slots",
        )
    if table_alignment:
        raise FormatError("a side module wants its table slots aligned", expected=0, found=table_alignment)
    return {"memory_bytes": size, "memory_alignment": 1 << alignment, "table_slots": slots}


def _names(reader: Reader, limit: int, what: str) -> tuple[str, ...]:
    names = reader.vector(Reader.name)
    if len(names) > limit:
        raise FormatError(f"a side module has too many {what}", expected=f"<= {limit}", found=len(names))
    return names


def _entries(reader: Reader) -> Iterator[None]:
    reader.u32()
    while reader.remaining:
        yield


def _export_flags(reader: Reader) -> None:
    name, flags = reader.name(), reader.u32()
    if flags & _TLS:
        raise FormatError("a side module has thread-local symbols, which an isolate has not", found=name)


def _weak_import(reader: Reader) -> str | None:
    _module, symbol, flags = reader.name(), reader.name(), reader.u32()
    return symbol if flags & _BINDING_MASK == _WEAK else None
