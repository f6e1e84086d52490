"""The memory behind a guest's object, checked at every access."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from runtime_core.js.arrays import JsArray
from runtime_core.js.errors import throw
from runtime_core.js.values import ERROR, JsObject, JsValue
from schemas.errors import HostError

if TYPE_CHECKING:
    from runtime_core.guest import Guest
    from runtime_core.js.host import JsHost
    from runtime_core.js.proxy_object import ProxyObject

_MAX_DIMENSIONS: Final = 64  # CPython's PyBUF_MAX_NDIM
_C_ORDER: Final = ord("C")
_GUEST_TYPES: Final = {"l": "i", "L": "I", "n": "i", "N": "I", "P": "I"}


class GuestBuffer:
    """The buffer of a guest's object, for reading and writing its memory until it is released.

    The description is what the guest says and was checked only against the size of its memory: ``nbytes`` is the
    product of shape and item size and at most that size. Data is copied, so nothing dangles when the guest goes on,
    grows its memory or ends. Use it as a context manager: the guest cannot resize the object while it is held.
    """

    __slots__ = (
        "_enter",
        "_start",
        "_view",
        "c_contiguous",
        "f_contiguous",
        "format",
        "itemsize",
        "js",
        "nbytes",
        "readonly",
        "shape",
        "strides",
    )

    def __init__(self, enter: Callable[[Callable[[Guest], Any]], Any], js: JsHost, proxy: ProxyObject) -> None:
        """Not for callers: see :meth:`GuestObject.get_buffer`."""
        self._view = 0
        result = js.guest._pyproxy_get_buffer(proxy.pointer)
        if result is ERROR or not isinstance(result, JsObject):
            js.throw_python_error()
        self._enter = enter
        self.js = js
        self._view = _integer(result, "view")
        try:
            self._describe(result)
        except BaseException:
            self._free()
            raise

    def _describe(self, result: JsObject) -> None:
        text = result.get("format")
        self.format = text if isinstance(text, str) else ""
        """The element type, in the notation of the struct module."""
        self.itemsize = _integer(result, "itemsize")
        """Bytes per element."""
        self.shape = _integers(result, "shape")
        """Elements per dimension."""
        self.strides = _integers(result, "strides")
        """Bytes from one element to the next, per dimension."""
        self.readonly = bool(result.get("readonly"))
        """Whether it can only be read."""
        self.c_contiguous = bool(result.get("c_contiguous"))
        """Whether the elements lie one after the other, the last dimension fastest."""
        self.f_contiguous = bool(result.get("f_contiguous"))
        """Whether the elements lie one after the other, the first dimension fastest."""
        self._start = _integer(result, "start_ptr") & 0xFFFFFFFF
        self.nbytes = self.itemsize * math.prod(self.shape)
        """How many bytes the elements take, without gaps."""
        sane = self.itemsize >= 0 and all(length >= 0 for length in self.shape)
        if not sane or len(self.shape) > _MAX_DIMENSIONS or self.nbytes > self.js.memory.size:
            throw("RangeError", "the guest described a buffer that cannot be")

    @property
    def ndim(self) -> int:
        """How many dimensions there are."""
        return len(self.shape)

    @property
    def released(self) -> bool:
        """Whether the memory was given back."""
        return not self._view

    def tobytes(self) -> bytes:
        """A copy of all elements in C order.

        Raises:
            HostError: the buffer was released, or the isolate has ended.
        """
        data: bytes = self._do(self._copy)
        return data

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        """``size`` bytes (default: all that follow) from ``offset``, as :meth:`tobytes` orders them.

        Raises:
            ValueError: the range is not inside the buffer.
            HostError: as for :meth:`tobytes`.
        """
        size = self.nbytes - offset if size is None else size
        self._check_range(offset, size)
        if self.c_contiguous:
            data: bytes = self._do(lambda: self.js.memory.read(self._start + offset, size))
            return data
        return self.tobytes()[offset : offset + size]

    def write(self, data: bytes | bytearray | memoryview, offset: int = 0) -> None:
        """Copy bytes into a contiguous buffer.

        Raises:
            TypeError: the buffer is read-only.
            ValueError: the range is not inside the buffer, or the buffer has gaps.
            HostError: as for :meth:`tobytes`.
        """
        data = bytes(data)
        if self.readonly:
            raise TypeError("the guest's buffer is read-only")
        if not self.c_contiguous and not self.f_contiguous:
            raise ValueError("the guest's buffer has gaps; write to a contiguous one")
        self._check_range(offset, len(data))
        self._do(lambda: self.js.memory.write(self._start + offset, data))

    def to_memoryview(self) -> memoryview[Any]:
        """A copy of all elements as a memoryview of the same format and shape.

        Raises:
            ValueError: Python's memoryview does not know the format.
            HostError: as for :meth:`tobytes`.
        """
        flat: memoryview[Any] = memoryview(self.tobytes())
        if not self.nbytes:
            return flat
        cast: Any = flat.cast  # its annotations want literal formats
        shaped: memoryview[Any] = cast(self._host_format(), list(self.shape))
        return shaped

    def _host_format(self) -> str:
        """The format with the sizes of the guest's C types, which are 32 bits wide where the host's may be 64."""
        text = self.format.removeprefix("@").removeprefix("<").removeprefix("=")
        text = _GUEST_TYPES.get(text, text)
        if len(text) != 1 or struct.calcsize(text) != self.itemsize:
            raise ValueError(f"no memoryview for the format {self.format[:20]!r}; use tobytes()")
        return text

    def release(self) -> None:
        """Give the memory back. Twice does nothing."""
        if self._view and not self.js.instance.poisoned:
            self._enter(lambda guest: guest.js.perform(self._free))
        self._view = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def __len__(self) -> int:
        return self.nbytes

    def __repr__(self) -> str:
        state = "released" if self.released else f"{self.format!r} {self.shape}"
        return f"<GuestBuffer {state}>"

    def __del__(self) -> None:
        view = getattr(self, "_view", 0)
        if view and not self.js.instance.poisoned:
            self.js.buffer_releases.append(view)

    def _check_range(self, offset: int, size: int) -> None:
        if offset < 0 or size < 0 or offset + size > self.nbytes:
            raise ValueError(f"{size} bytes at {offset} are not inside a buffer of {self.nbytes} bytes")

    def _do(self, action: Callable[[], Any]) -> Any:
        def inside(guest: Guest) -> Any:
            if self.released:
                raise HostError("the guest's buffer was released")
            return guest.js.perform(action)

        return self._enter(inside)

    def _copy(self) -> bytes:
        js = self.js
        if self.c_contiguous or not self.nbytes:
            return js.memory.read(self._start, self.nbytes)
        address = js.guest.malloc(self.nbytes)
        if not address:
            throw("RangeError", "the guest is out of memory for a copy of the buffer")
        try:
            if js.guest.PyBuffer_ToContiguous(address, self._view, self.nbytes, _C_ORDER) == -1:
                js.throw_python_error()
            return js.memory.read(address, self.nbytes)
        finally:
            if not js.instance.poisoned:
                js.guest.free(address)

    def _free(self) -> None:
        view, self._view = self._view, 0
        if view:
            self.js.guest.PyBuffer_Release(view)
            self.js.guest.PyMem_Free(view)


def _integer(result: JsObject, name: str) -> int:
    value = result.get(name)
    return value if isinstance(value, int) else 0


def _integers(result: JsObject, name: str) -> tuple[int, ...]:
    value: JsValue = result.get(name)
    items = value.items if isinstance(value, JsArray) else []
    return tuple(item if isinstance(item, int) else -1 for item in items)
