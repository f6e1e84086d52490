"""The runtime's own snapshot state: what linear memory does not hold.

It travels in the snapshot's JSON metadata under one key, :data:`STATE_KEY`, which other readers of the format carry
through untouched. The document is JSON; this module gives it types and refuses any other shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.digest import Digest
from schemas.errors import FormatError, UnsupportedVersionError

STATE_KEY: Final = "runtimeCore"
STATE_VERSION: Final = 2
_U32_END: Final = 1 << 32


@dataclass(frozen=True, kw_only=True, slots=True)
class StackState:
    """The guest's shadow stack, as addresses in linear memory. It grows down: ``end <= pointer <= base``."""

    pointer: int
    base: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeState:
    """Everything outside linear memory that a restore puts back.

    ``emscripten``, ``js`` and ``worker`` are the documents those layers captured; each layer checks its own.
    """

    code_image: Digest
    stack: StackState
    table_size: int
    trampoline_slot: int
    emscripten: Mapping[str, object]
    js: Mapping[str, object]
    worker: Mapping[str, object]

    def to_json(self) -> dict[str, object]:
        """The document stored under :data:`STATE_KEY`."""
        return {
            "version": STATE_VERSION,
            "codeImage": str(self.code_image),
            "stack": {"pointer": self.stack.pointer, "base": self.stack.base, "end": self.stack.end},
            "table": {"size": self.table_size, "trampolineSlot": self.trampoline_slot},
            "emscripten": dict(self.emscripten),
            "js": dict(self.js),
            "worker": dict(self.worker),
        }

    @classmethod
    def from_json(cls, document: object) -> RuntimeState:
        """Read the document.

        Raises:
            UnsupportedVersionError: written by another version of this runtime's state.
            FormatError: not such a document.
        """
        top = _mapping(document, STATE_KEY)
        version = _integer(top, "version", STATE_KEY)
        if version != STATE_VERSION:
            raise UnsupportedVersionError(
                "unknown version of the runtime state",
                expected=STATE_VERSION,
                found=version,
                hint="build the release again with this runtime",
            )
        stack = _mapping(top.get("stack"), f"{STATE_KEY}.stack")
        table = _mapping(top.get("table"), f"{STATE_KEY}.table")
        code_image = top.get("codeImage")
        if not isinstance(code_image, str):
            raise FormatError(f"{STATE_KEY}.codeImage", expected="a digest", found=type(code_image).__name__)
        state = cls(
            code_image=Digest.parse(code_image),
            stack=StackState(
                pointer=_integer(stack, "pointer", "stack"),
                base=_integer(stack, "base", "stack"),
                end=_integer(stack, "end", "stack"),
            ),
            table_size=_integer(table, "size", "table"),
            trampoline_slot=_integer(table, "trampolineSlot", "table"),
            emscripten=_mapping(top.get("emscripten"), f"{STATE_KEY}.emscripten"),
            js=_mapping(top.get("js"), f"{STATE_KEY}.js"),
            worker=_mapping(top.get("worker"), f"{STATE_KEY}.worker"),
        )
        if not state.stack.end <= state.stack.pointer <= state.stack.base:
            raise FormatError("the stack pointer is outside the stack", expected="end <= pointer <= base", found=stack)
        return state


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise FormatError(f"{where} in the snapshot", expected="an object", found=type(value).__name__)
    return value


def _integer(document: Mapping[str, object], key: str, where: str) -> int:
    value = document.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _U32_END:
        raise FormatError(
            f"{where}.{key} in the snapshot", expected="an unsigned 32-bit integer", found=repr(value)[:40]
        )
    return value
