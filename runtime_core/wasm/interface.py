"""Linking the runtime's half of the Python-JavaScript interface (interface_code.py) into a main module.

Its functions, types and globals are appended to the main module's; calls of the imports that it answers are redirected
to it, and every other import that takes a reference gets a function in front that delivers what is pending. No index of
the main module changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from runtime_core.engine.capi import wat_to_wasm
from runtime_core.wasm import binary
from runtime_core.wasm.binary import ExternKind, SectionId
from runtime_core.wasm.builder_code import BUILDER_CODE, BUILDER_FUNCTIONS
from runtime_core.wasm.encoding import Reader, name, uleb, vector
from runtime_core.wasm.instructions import Renumbering, relocate
from runtime_core.wasm.interface_code import CODE, GUEST_FUNCTIONS, HOST_FUNCTIONS, HOST_MODULE, ORIGINALS
from runtime_core.wasm.opcodes import EXTERNREF
from schemas.errors import AbiMismatchError

_STACK_POINTER: Final = "__stack_pointer"
_TEXT_TYPES: Final = {b"\x7f": "i32", b"\x7e": "i64", b"\x7d": "f32", b"\x7c": "f64", EXTERNREF: "externref"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Interface:
    """What to add to a main module and what to change in it.

    ``types``, ``functions`` (an index of a type each), ``bodies`` and ``globals`` are encoded items to append;
    ``imports`` replaces imports by position among the function imports, ``calls`` redirects calls from one function
    index to another, ``exports`` changes what names stand for or adds names.
    """

    types: tuple[bytes, ...] = ()
    functions: tuple[bytes, ...] = ()
    bodies: tuple[bytes, ...] = ()
    globals: tuple[bytes, ...] = ()
    imports: Mapping[int, bytes] = field(default_factory=dict)
    calls: Mapping[int, int] = field(default_factory=dict)
    exports: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class FreeIndices:
    """The first indices that the main module leaves free."""

    type: int
    function: int
    global_: int


class _Main:
    """What the interface must know of the main module."""

    def __init__(self, module: binary.Module) -> None:
        types = module.types()
        imported = [item for item in module.imports() if item.kind is ExternKind.FUNCTION]
        self.kinds = [types[item.type_index or 0] for item in imported]
        self.kinds += [types[index] for index in module.functions()]
        self.imports = {item.name: index for index, item in enumerate(imported) if item.module == "env"}
        exports = module.exports()
        self.exports = {item.name: item.index for item in exports if item.kind is ExternKind.FUNCTION}
        self.globals = {item.name: item.index for item in exports if item.kind is ExternKind.GLOBAL}

    def function(self, where: Mapping[str, int], wanted: str) -> int:
        """The index of a function by name."""
        if wanted not in where:
            raise AbiMismatchError("the main module lacks a function of the interface", expected=wanted)
        return where[wanted]


def build_interface(module: binary.Module, free: FreeIndices) -> Interface:
    """Assemble the interface for a main module.

    Raises:
        AbiMismatchError: the module lacks a function that the interface answers or uses, or it has another type.
    """
    main = _Main(module)
    linked = binary.parse(wat_to_wasm(_text(main)))
    places, numbers, replaced = _renumber(linked, main, free)
    count = sum(item.kind is ExternKind.FUNCTION for item in linked.imports())
    calls: dict[int, int] = {}
    exports: dict[str, int] = {}
    for item in linked.exports():
        index = free.function + item.index - count
        role, _, target = item.name.partition(":")
        if role == "import":
            calls[main.function(main.imports, target)] = index
        elif role == "function":
            calls[main.function(main.exports, target)] = index
            exports[target] = index
        else:
            exports[target] = index
    _check_unused(module, calls)
    return Interface(
        types=tuple(_encoded_types(linked)),
        functions=tuple(uleb(free.type + index) for index in linked.functions()),
        bodies=tuple(_sized(relocate(body, numbers)) for body in places),
        globals=tuple(item.value_type + bytes((item.mutable,)) + item.initial.raw for item in linked.globals()),
        imports=replaced,
        calls=calls,
        exports=exports,
    )


def _sized(body: bytes) -> bytes:
    return uleb(len(body)) + body


def _encoded_types(linked: binary.Module) -> list[bytes]:
    kinds = [kind for kind in linked.types() if kind is not None]
    return [b"\x60" + vector(kind.parameters) + vector(kind.results) for kind in kinds]


def _renumber(
    linked: binary.Module, main: _Main, free: FreeIndices
) -> tuple[list[bytes], Renumbering, dict[int, bytes]]:
    """The bodies, the new indices of all they refer to, and the imports of the main module to replace."""
    functions: list[int] = []
    globals_: list[int] = []
    replaced: dict[int, bytes] = {}
    for item in linked.imports():
        if item.kind is ExternKind.GLOBAL:
            globals_.append(main.globals[item.name])
        elif item.kind is ExternKind.FUNCTION and item.module == "export":
            functions.append(main.function(main.exports, item.name))
        elif item.kind is ExternKind.FUNCTION and item.module == "import":
            functions.append(main.function(main.imports, item.name))
        elif item.kind is ExternKind.FUNCTION:
            place = main.function(main.imports, HOST_FUNCTIONS[item.name][0])
            functions.append(place)
            described = bytes((ExternKind.FUNCTION,)) + uleb(free.type + (item.type_index or 0))
            replaced[place] = name(HOST_MODULE) + name(item.name) + described
    functions += range(free.function, free.function + len(linked.functions()))
    globals_ += range(free.global_, free.global_ + len(linked.globals()))
    numbers = Renumbering(types=free.type, functions=dict(enumerate(functions)), globals=dict(enumerate(globals_)))
    return _bodies(linked), numbers, replaced


def _bodies(linked: binary.Module) -> list[bytes]:
    reader = Reader(linked.payload(SectionId.CODE))
    return list(reader.vector(lambda item: item.take(item.u32())))


def _check_unused(module: binary.Module, calls: Mapping[int, int]) -> None:
    """A pointer to a redirected import would still lead to the import, or to what took its place."""
    imported = sum(item.kind is ExternKind.FUNCTION for item in module.imports())
    for element in module.elements():
        for index in element.functions:
            if index is not None and index in calls and index < imported:
                raise AbiMismatchError("the main module keeps a pointer to an import of the interface", found=index)


def _signature(kind: binary.FunctionType | None, what: str) -> str:
    try:
        parameters = " ".join(_TEXT_TYPES[item] for item in (kind.parameters if kind else (b"",)))
        results = " ".join(_TEXT_TYPES[item] for item in (kind.results if kind else ()))
    except KeyError as error:
        raise AbiMismatchError(f"{what} of the main module has a type that the interface cannot pass on") from error
    return (f"(param {parameters})" if parameters else "") + (f" (result {results})" if results else "")


def _text(main: _Main) -> str:
    parts = ["(module"]
    for wanted, signature in ORIGINALS.items():
        parts.append(f'(import "import" "{wanted}" (func $import.{wanted} {signature}))')
        _check_type(main, main.function(main.imports, wanted), signature, wanted)
    for wanted, signature in (*GUEST_FUNCTIONS.items(), *BUILDER_FUNCTIONS.items()):
        parts.append(f'(import "export" "{wanted}" (func ${wanted} {signature}))')
        _check_type(main, main.function(main.exports, wanted), signature, wanted)
    for wanted, (_, signature) in HOST_FUNCTIONS.items():
        parts.append(f'(import "{HOST_MODULE}" "{wanted}" (func $host.{wanted} {signature}))')
    guarded, wrapped = _guarded(main), _returning(main)
    for index, wanted in guarded.items():
        signature = _signature(main.kinds[index], wanted)
        parts.append(f'(import "import" "{wanted}" (func $guarded.{index} {signature}))')
    for wanted, index in wrapped.items():
        signature = _signature(main.kinds[index], wanted)
        parts.append(f'(import "export" "{wanted}" (func $export.{index} {signature}))')
    parts.append(f'(import "main" "{_STACK_POINTER}" (global ${_STACK_POINTER} (mut i32)))')
    parts.append('(import "main" "memory" (memory 0))')
    parts += [CODE, BUILDER_CODE]
    parts += [_guard(main, index, wanted) for index, wanted in guarded.items()]
    parts += [_wrapper(main, index, wanted) for wanted, index in wrapped.items()]
    return "\n".join([*parts, ")"])


def _check_type(main: _Main, index: int, expected: str, what: str) -> None:
    found = _signature(main.kinds[index], what)
    if found.split() != expected.split():
        raise AbiMismatchError(f"{what} of the main module has another type", expected=expected, found=found)


def _guarded(main: _Main) -> dict[int, str]:
    """Imports that take references and are not answered here, by index."""
    answered = {wanted for wanted in main.imports if f'"import:{wanted}"' in CODE}
    return {
        index: wanted
        for wanted, index in main.imports.items()
        if wanted not in answered and EXTERNREF in _parameters(main.kinds[index])
    }


def _parameters(kind: binary.FunctionType | None) -> tuple[bytes, ...]:
    return () if kind is None else kind.parameters


def _returning(main: _Main) -> dict[str, int]:
    """Exported functions that return a reference; those that are replaced as a whole deliver on their own."""
    return {
        wanted: index
        for wanted, index in main.exports.items()
        if f'"function:{wanted}"' not in CODE and (kind := main.kinds[index]) is not None and EXTERNREF in kind.results
    }


def _guard(main: _Main, index: int, wanted: str) -> str:
    parameters = _parameters(main.kinds[index])
    touches = [f"(call $touch (local.get {place}))" for place, kind in enumerate(parameters) if kind == EXTERNREF]
    passed = " ".join(f"(local.get {place})" for place in range(len(parameters)))
    return (
        f'(func (export "import:{wanted}") {_signature(main.kinds[index], wanted)} (call $flush)'
        f" {' '.join(touches)} (call $guarded.{index} {passed}))"
    )


def _wrapper(main: _Main, index: int, wanted: str) -> str:
    passed = " ".join(f"(local.get {place})" for place in range(len(_parameters(main.kinds[index]))))
    return (
        f'(func (export "export:{wanted}") {_signature(main.kinds[index], wanted)}'
        f" (call $export.{index} {passed}) (call $flush))"
    )
