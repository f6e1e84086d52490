"""The only module that imports pycapnp: typed, bounded reading and deterministic writing of messages.

pycapnp has no types, reads lazily and raises whatever the C++ library or Python raised. Here every access is checked
for its kind and ends in :class:`~schemas.errors.FormatError` with the path of the field.

Only schema files of this package are loaded in this process: the schema compiler aborts its process at a mistake, which
cannot be caught. An operator's file is evaluated in a child (:mod:`schemas._evaluate_config`).
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import capnp

from schemas.errors import FormatError

SCHEMA_DIRECTORY: Final = Path(__file__).parent
_WORD: Final = 8
_MAX_SEGMENTS: Final = 64
_TRAVERSAL_FACTOR: Final = 8
"""Pointers may share what they point to; this many times the message's size may be read through them."""
_MIN_TRAVERSAL_WORDS: Final = 8192
_NESTING_LIMIT: Final = 32

_T = TypeVar("_T")
_load_lock = threading.Lock()


@functools.cache
def _schema(file: str) -> Any:  # pycapnp's modules are built at run time and have no static type
    return capnp.load(str(SCHEMA_DIRECTORY / file))


def struct(file: str, name: str) -> Any:
    """The pycapnp module of a struct of one of this package's schema files."""
    with _load_lock:
        return getattr(_schema(file), name)


def encode(
    file: str, name: str, values: Mapping[str, object], *, max_bytes: int, expected_bytes: int | None = None
) -> bytes:
    """One message in the standard unpacked stream framing, always a single segment.

    Fields are written in the order of ``values`` and the first segment is large enough for all of it, so that equal
    values give equal bytes; ``expected_bytes`` is a bound on that where ``max_bytes`` would be wasteful.

    Raises:
        FormatError: a value its field cannot hold, or the message is longer than ``max_bytes``.
    """
    try:
        message = struct(file, name).new_message((expected_bytes or max_bytes) // _WORD, **values)
        data: bytes = message.to_bytes()
    except (capnp.KjException, UnicodeEncodeError, TypeError, ValueError, OverflowError, AttributeError) as error:
        raise FormatError(f"{name} cannot be encoded", found=_first_line(error)) from error
    if len(data) > max_bytes:
        raise FormatError(f"{name} is too long", expected=f"<= {max_bytes} bytes", found=len(data))
    return data


@contextmanager
def decode(file: str, name: str, data: bytes | memoryview, *, max_bytes: int) -> Iterator[Reader]:
    """Open a message for reading; what it lends out must not be used after the block.

    Raises:
        FormatError: the framing is wrong, or there is anything after the message.
    """
    _check_framing(name, data, max_bytes)
    words = max(len(data) // _WORD * _TRAVERSAL_FACTOR, _MIN_TRAVERSAL_WORDS)
    opened = _guarded(name, lambda: struct(file, name).from_bytes(data, words, _NESTING_LIMIT))
    root = _guarded(name, opened.__enter__)
    try:
        yield Reader(root, name)
    finally:
        opened.__exit__(None, None, None)


class Reader:
    """Checked access to the fields of one struct. Every method raises FormatError only."""

    def __init__(self, raw: Any, path: str) -> None:
        self._raw = raw
        self._path = path

    def text(self, field: str, *, max_length: int) -> str:
        """A Text field; empty where the message has none."""
        value = self._get(field)
        if not isinstance(value, str) or len(value) > max_length:
            raise FormatError(f"{self._path}.{field} is too long", expected=f"<= {max_length} characters")
        return value

    def data(self, field: str, message: memoryview) -> memoryview:
        """A Data field as a slice of ``message``, the one that was opened; empty where the message has none.

        pycapnp's own views do not keep the message alive, so they must not leave the block.
        """
        view = _guarded(f"{self._path}.{field}", lambda: self._raw.get_data_as_view(field))
        if not len(view):
            return message[:0]
        start = _address(view) - _address(message)
        if not 0 <= start <= len(message) - len(view):
            raise FormatError(f"{self._path}.{field} lies outside of its message")
        return message[start : start + len(view)]

    def integer(self, field: str) -> int:
        """An integer field of any width."""
        value = self._get(field)
        if not isinstance(value, int):
            raise FormatError(f"{self._path}.{field} is not an integer")
        return value

    def boolean(self, field: str) -> bool:
        """A Bool field."""
        return bool(self._get(field))

    def enumerant(self, field: str, names: tuple[_T, ...]) -> _T:
        """An enum field, as the value that ``names`` has at its number."""
        raw = self._get(field)
        number = _guarded(f"{self._path}.{field}", lambda: int(raw.raw))
        if not 0 <= number < len(names):
            raise FormatError(f"{self._path}.{field} is unknown", expected=f"0 to {len(names) - 1}", found=number)
        return names[number]

    def which(self) -> str:
        """The name of the union member that is set."""
        return _guarded(self._path, lambda: str(self._raw.which()))

    def struct(self, field: str) -> Reader:
        """A struct or group field; all defaults where the message has none."""
        return Reader(self._get(field), f"{self._path}.{field}")

    def structs(self, field: str, *, limit: int) -> list[Reader]:
        """The elements of a list of structs."""
        path = f"{self._path}.{field}"
        return [Reader(raw, f"{path}[{index}]") for index, raw in enumerate(self._list(field, limit))]

    def texts(self, field: str, *, limit: int, max_length: int) -> list[str]:
        """The elements of a list of Text."""
        values = self._list(field, limit)
        for index, value in enumerate(values):
            if not isinstance(value, str) or len(value) > max_length:
                raise FormatError(f"{self._path}.{field}[{index}] is too long", expected=f"<= {max_length} characters")
        return values

    def _list(self, field: str, limit: int) -> list[Any]:
        path = f"{self._path}.{field}"
        values = self._get(field)
        count = _guarded(path, lambda: len(values))
        if count > limit:
            raise FormatError(f"{path} has too many elements", expected=f"<= {limit}", found=count)
        return [_guarded(f"{path}[{index}]", functools.partial(values.__getitem__, index)) for index in range(count)]

    def _get(self, field: str) -> Any:
        return _guarded(f"{self._path}.{field}", lambda: getattr(self._raw, field))


def evaluate_constant(path: Path, *, constant: str, type_id: int) -> bytes:
    """The message of a constant in a schema file that is not ours. Only ever called in a child process.

    Raises:
        LookupError: the file has no such constant, or it has another type.
    """
    module = capnp.load(str(path), imports=[str(SCHEMA_DIRECTORY.parent)])
    value: Any = getattr(module, constant, None)
    schema = getattr(value, "schema", None)
    if schema is None or schema.node.id != type_id:
        raise LookupError(f"{path} does not define {constant!r} with the expected type")
    data: bytes = value.as_builder().to_bytes()
    return data


def _check_framing(name: str, data: bytes | memoryview, max_bytes: int) -> None:
    """Compare the segment table with the length, so that every byte of a message belongs to it."""
    if len(data) > max_bytes:
        raise FormatError(f"{name} is too long", expected=f"<= {max_bytes} bytes", found=len(data))
    if len(data) < _WORD:
        raise FormatError(f"{name} is shorter than its frame", expected=f">= {_WORD} bytes", found=len(data))
    segments = int.from_bytes(data[:4], "little") + 1
    if segments > _MAX_SEGMENTS:
        raise FormatError(f"{name} has too many segments", expected=f"<= {_MAX_SEGMENTS}", found=segments)
    table = (4 * (segments + 1) + _WORD - 1) // _WORD * _WORD
    sizes = [int.from_bytes(data[at : at + 4], "little") for at in range(4, 4 * (segments + 1), 4)]
    expected = table + _WORD * sum(sizes)
    if expected != len(data):
        raise FormatError(f"{name} has another length than its frame says", expected=expected, found=len(data))


class _Buffer(ctypes.Structure):
    """The beginning of ``Py_buffer``, and room for the rest of it."""

    _fields_ = (("buf", ctypes.c_void_p), ("rest", ctypes.c_byte * 256))


def _address(view: memoryview) -> int:
    """Where a contiguous buffer lies in memory."""
    buffer = _Buffer()
    api = ctypes.pythonapi
    if api.PyObject_GetBuffer(ctypes.py_object(view), ctypes.byref(buffer), 0) != 0:
        raise FormatError("not a contiguous buffer")
    address = int(buffer.buf or 0)
    api.PyBuffer_Release(ctypes.byref(buffer))
    return address


def _guarded(path: str, read: Callable[[], _T]) -> _T:
    """Run one access of pycapnp, which reports broken messages with several classes."""
    try:
        return read()
    except (capnp.KjException, UnicodeDecodeError, ValueError, RuntimeError, OverflowError) as error:
        raise FormatError(f"{path} is not readable", found=_first_line(error)) from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
