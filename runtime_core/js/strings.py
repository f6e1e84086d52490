"""Strings between guest memory and the host."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.js.errors import throw
from runtime_core.js.values import join_surrogates

if TYPE_CHECKING:
    from runtime_core.engine.memory import GuestMemory

MAX_CSTRING: Final = 1 << 24  # bytes
PYTHON_RESERVED: Final = frozenset(
    [
        "False",
        "None",
        "True",
        "and",
        "as",
        "assert",
        "async",
        "await",
        "break",
        "class",
        "continue",
        "def",
        "del",
        "elif",
        "else",
        "except",
        "finally",
        "for",
        "from",
        "global",
        "if",
        "import",
        "in",
        "is",
        "lambda",
        "nonlocal",
        "not",
        "or",
        "pass",
        "raise",
        "return",
        "try",
        "while",
        "with",
        "yield",
    ]
)


def read_utf8(memory: GuestMemory, address: int) -> str:
    """A NUL-terminated UTF-8 string; malformed bytes become U+FFFD, as in Emscripten's UTF8ToString."""
    return memory.read_cstring(address, MAX_CSTRING).decode("utf-8", "replace") if address else ""


def read_latin1(memory: GuestMemory, address: int, length: int) -> str:
    """``length`` code points of one byte."""
    return memory.read(address, length & 0xFFFFFFFF).decode("latin-1")


def read_utf16(memory: GuestMemory, address: int, length: int) -> str:
    """``length`` code points of two bytes, surrogates allowed."""
    return memory.read(address, 2 * (length & 0xFFFFFFFF)).decode("utf-16-le", "surrogatepass")


def read_utf32(memory: GuestMemory, address: int, length: int) -> str:
    """``length`` code points of four bytes.

    Raises:
        JsThrow: RangeError for a number that is no code point.
    """
    data = memory.read(address, 4 * (length & 0xFFFFFFFF))
    try:
        return join_surrogates(data.decode("utf-32-le", "surrogatepass"))
    except UnicodeDecodeError:
        throw("RangeError", "Invalid code point in a Python string")


def encode_python(text: str) -> tuple[bytes, int]:
    """A string as CPython lays it out (1, 2 or 4 bytes per code point) and its largest code point."""
    if text.isascii():
        return text.encode("ascii"), 127
    largest = ord(max(text))
    if largest < 0x100:
        return text.encode("latin-1"), largest
    if largest < 0x10000:
        return text.encode("utf-16-le", "surrogatepass"), largest
    return text.encode("utf-32-le", "surrogatepass"), largest


def attribute_name(name: str) -> str:
    """The property that a Python attribute name means: ``from_`` and ``from`` are ``from``, ``from__`` is ``from_``."""
    stripped = name.rstrip("_")
    if stripped != name and stripped in PYTHON_RESERVED:
        return name[:-1]
    return name
