"""ArrayBuffer, SharedArrayBuffer, and the memory of the guest as an ArrayBuffer."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.engine.current import CURRENT
from runtime_core.js.coerce import clamp_index
from runtime_core.js.elements import to_index
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.large_values import LargeValues
from runtime_core.js.values import SYMBOL_TO_STRING_TAG, UNDEFINED, JsObject, JsValue, PropertyKey

if TYPE_CHECKING:
    from runtime_core.engine.memory import GuestMemory

MAX_BUFFER_BYTES: Final = 1 << 30
MAX_HELD_BYTES: Final = 1 << 30  # in all buffers of one isolate
SWEEP_BYTES: Final = 1 << 23  # in buffers beyond those that survived the last sweep
_OVERHEAD: Final = 256  # bytes of host memory that even an empty buffer takes


class BufferBudget:
    """The host memory that the buffers of one isolate hold."""

    __slots__ = ("_held", "_released", "_sweep_at", "large")

    def __init__(self) -> None:
        self._held = 0
        self.large = LargeValues()
        self._sweep_at = SWEEP_BYTES
        self._released: deque[int] = deque()  # buffers may be collected in any thread

    @property
    def held(self) -> int:
        """Bytes in living buffers."""
        while self._released:
            self._held -= self._released.popleft()
        return self._held

    def reserve(self, size: int) -> None:
        """Count ``size`` more bytes.

        Raises:
            JsThrow: RangeError where the isolate may not hold as much.
        """
        if self.held + size > MAX_HELD_BYTES:
            throw("RangeError", "Array buffer allocation failed")
        self._held += size

    @property
    def sweep_is_due(self) -> bool:
        """Whether enough was made since the last sweep of references to pay for another."""
        return self._held > self._sweep_at and self.held > self._sweep_at

    def note_sweep(self) -> None:
        """Start counting anew after a sweep."""
        self._sweep_at = self.held + SWEEP_BYTES

    def release(self, size: int) -> None:
        """Give bytes back."""
        self._released.append(size)


class _Active(threading.local):
    """The budget that counts buffers made while no guest frame is on the stack, as by callbacks of promises."""

    budget: BufferBudget | None = None


ACTIVE: Final = _Active()


def current_budget() -> BufferBudget | None:
    """The budget of the isolate that runs on this thread; None outside of any."""
    host = CURRENT.host
    if host is None:
        return ACTIVE.budget
    budget = getattr(host.js, "buffer_budget", None)
    return budget if isinstance(budget, BufferBudget) else None


class BufferStorage(JsObject):
    """Bytes that views may share. ``maximum`` is the largest length of a resizable one, else None."""

    __slots__ = ("_budget", "_reserved", "data", "maximum")

    def __init__(self, data: bytearray, maximum: int | None = None) -> None:
        self._reserved = 0
        self._budget = current_budget()
        super().__init__()
        self.data: bytearray | memoryview = data
        self.maximum = maximum
        self._reserve(len(data) + _OVERHEAD)

    def _reserve(self, size: int) -> None:
        if self._budget is not None:
            self._budget.reserve(size - self._reserved)
            self._reserved = size

    def __del__(self) -> None:
        if self._budget is not None and self._reserved:
            self._budget.release(self._reserved)

    @property
    def is_detached(self) -> bool:
        """Whether the bytes were taken away."""
        return False

    def change_length(self, length: int) -> None:
        """Shorten or lengthen; new bytes are zero. Views of Python that were taken before keep the old bytes."""
        self._reserve(length + _OVERHEAD)
        kept = bytearray(self.data[:length])
        kept.extend(bytes(length - len(kept)))
        self.data = kept

    def copy_range(self, start: JsValue, end: JsValue) -> bytearray:
        """A copy of the bytes that ``slice(start, end)`` names."""
        size = len(self.data)
        first = clamp_index(start, size, 0)
        last = clamp_index(end, size, size)
        return bytearray(self.data[first : max(first, last)])


class JsArrayBuffer(BufferStorage):
    """An ArrayBuffer."""

    __slots__ = ("_is_detached",)

    class_name: ClassVar[str] = "ArrayBuffer"
    type_tag: ClassVar[str] = "ArrayBuffer"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "ArrayBuffer"}

    def __init__(self, data: bytearray, maximum: int | None = None) -> None:
        super().__init__(data, maximum)
        self._is_detached = False

    @property
    def is_detached(self) -> bool:
        """Whether the bytes were taken away."""
        return self._is_detached

    def detach(self) -> bytearray:
        """Take the bytes away; what views of the buffer show is gone.

        Raises:
            JsThrow: TypeError for the guest's memory, which cannot be detached.
        """
        data = self.data
        if not isinstance(data, bytearray):
            throw_type_error("ArrayBuffer is not detachable and could not be cloned.")
        self.data = bytearray()
        self._is_detached = True
        self._reserve(_OVERHEAD)
        return data

    def adopt(self, data: bytearray) -> None:
        """Take over the bytes of a detached buffer."""
        self._reserve(len(data) + _OVERHEAD)
        self.data = data

    def require_attached(self, method: str) -> None:
        """Throw TypeError if the buffer is detached."""
        if self.is_detached:
            throw_type_error(f"Cannot perform {method} on a detached ArrayBuffer")

    def _slice(self, start: JsValue, end: JsValue) -> JsValue:
        self.require_attached("ArrayBuffer.prototype.slice")
        return JsArrayBuffer(self.copy_range(start, end))

    def _resize(self, length: JsValue) -> JsValue:
        if self.maximum is None:
            throw_type_error("Method ArrayBuffer.prototype.resize called on incompatible receiver #<ArrayBuffer>")
        size = to_index(length, "ArrayBuffer.prototype.resize: Invalid length parameter")
        self.require_attached("ArrayBuffer.prototype.resize")
        if size > self.maximum:
            throw("RangeError", "ArrayBuffer.prototype.resize: Invalid length parameter")
        self.change_length(size)
        return UNDEFINED

    def _transfer(self, length: JsValue, *, keeps_maximum: bool) -> JsValue:
        method = "transfer" if keeps_maximum else "transferToFixedLength"
        size = len(self.data) if length is UNDEFINED else to_index(length, "Invalid array buffer length")
        self.require_attached(f"ArrayBuffer.prototype.{method}")
        maximum = self.maximum if keeps_maximum else None
        if size > (MAX_BUFFER_BYTES if maximum is None else maximum):
            throw("RangeError", "Invalid array buffer length" if maximum is not None else _FAILED)
        result = JsArrayBuffer(self.detach(), maximum)
        if size != len(result.data):
            result.change_length(size)
        return result

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "byteLength": lambda this: len(this.data),
        "detached": lambda this: this.is_detached,
        "maxByteLength": lambda this: (
            len(this.data) if this.maximum is None else 0 if this.is_detached else this.maximum
        ),
        "resizable": lambda this: this.maximum is not None,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "slice": lambda this, start, end: this._slice(start, end),
        "resize": lambda this, length: this._resize(length),
        "transfer": lambda this, length=UNDEFINED: this._transfer(length, keeps_maximum=True),
        "transferToFixedLength": lambda this, length=UNDEFINED: this._transfer(length, keeps_maximum=False),
    }
    ANY_RECEIVER: ClassVar[bool] = False


class JsSharedArrayBuffer(BufferStorage):
    """A SharedArrayBuffer. There are no other agents it could be shared with, but there are clones."""

    __slots__ = ("_origin",)

    class_name: ClassVar[str] = "SharedArrayBuffer"
    type_tag: ClassVar[str] = "SharedArrayBuffer"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "SharedArrayBuffer"}

    def __init__(self, data: bytearray, maximum: int | None = None) -> None:
        super().__init__(data, maximum)
        self._origin = self

    def share(self) -> JsSharedArrayBuffer:
        """Another SharedArrayBuffer over the same bytes."""
        clone = _SharedClone(bytearray(), self.maximum)
        clone._origin = self._origin
        return clone

    def _grow(self, length: JsValue) -> JsValue:
        if self.maximum is None:
            throw_type_error(
                "Method SharedArrayBuffer.prototype.grow called on incompatible receiver #<SharedArrayBuffer>"
            )
        size = to_index(length, "SharedArrayBuffer.prototype.grow: Invalid length parameter")
        if not len(self.data) <= size <= self.maximum:
            throw("RangeError", "SharedArrayBuffer.prototype.grow: Invalid length parameter")
        self.change_length(size)
        return UNDEFINED

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "byteLength": lambda this: len(this.data),
        "growable": lambda this: this.maximum is not None,
        "maxByteLength": lambda this: len(this.data) if this.maximum is None else this.maximum,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "grow": lambda this, length: this._grow(length),
        "slice": lambda this, start, end: JsSharedArrayBuffer(this.copy_range(start, end)),
    }
    ANY_RECEIVER: ClassVar[bool] = False


class _SharedClone(JsSharedArrayBuffer):
    """A clone of a SharedArrayBuffer: the bytes are those of the first one."""

    __slots__ = ()

    @property
    def data(self) -> bytearray | memoryview:
        """The bytes, in place."""
        return bytearray() if self._origin is self else self._origin.data

    @data.setter
    def data(self, data: bytearray | memoryview) -> None:
        """Nothing to set: the bytes are the origin's."""

    def change_length(self, length: int) -> None:
        """Lengthen the bytes that all share."""
        self._origin.change_length(length)


class HeapBuffer(JsArrayBuffer):
    """The guest's linear memory as ``WebAssembly.Memory.buffer`` shows it: detached once the memory has grown.

    Each access takes a window anew, so that neither growth nor the end of the isolate can leave a stale one.
    """

    __slots__ = ("_memory", "_size")

    def __init__(self, memory: GuestMemory) -> None:
        self._memory = memory
        self._size = memory.size
        super().__init__(bytearray())

    @property
    def is_detached(self) -> bool:
        """Whether the memory has grown since."""
        return self._memory.size != self._size

    @property
    def data(self) -> bytearray | memoryview:
        """The bytes, in place; none once detached. Valid only until the guest runs again."""
        return bytearray() if self.is_detached else self._memory.view(0, self._size)

    @data.setter
    def data(self, data: bytearray | memoryview) -> None:
        """Nothing to set: the bytes are the guest's."""


_FAILED: Final = "Array buffer allocation failed"


def allocate(size: int) -> bytearray:
    """``size`` zero bytes for a new buffer.

    Raises:
        JsThrow: RangeError where that is more than a buffer or the isolate may hold.
    """
    budget = current_budget()
    if size > MAX_BUFFER_BYTES or (budget is not None and budget.held + size > MAX_HELD_BYTES):
        throw("RangeError", _FAILED)
    return bytearray(size)


def _maximum(options: JsValue, length: int) -> int | None:
    value = options.get("maxByteLength") if isinstance(options, JsObject) else UNDEFINED
    if value is UNDEFINED:
        return None
    maximum = to_index(value, "Invalid array buffer max length")
    if length > maximum:
        throw("RangeError", "Invalid array buffer max length")
    if maximum > MAX_BUFFER_BYTES:
        throw("RangeError", _FAILED)
    return maximum


def new_array_buffer(length: JsValue, options: JsValue = UNDEFINED) -> JsArrayBuffer:
    """``new ArrayBuffer(length, options)``."""
    size = to_index(length, "Invalid array buffer length")
    maximum = _maximum(options, size)
    return JsArrayBuffer(allocate(size), maximum)


def new_shared_array_buffer(length: JsValue, options: JsValue = UNDEFINED) -> JsSharedArrayBuffer:
    """``new SharedArrayBuffer(length, options)``."""
    size = to_index(length, "Invalid array buffer length")
    maximum = _maximum(options, size)
    return JsSharedArrayBuffer(allocate(size), maximum)
