"""How much host memory the JavaScript values of one isolate take in all, small ones included.

Counting each object as it is made would make every one dearer. So the size of the process is looked at now and then,
which takes two microseconds. Only where it has grown by what the isolate may still take are the isolate's own values
measured: they alone decide, since others may have made the process grow.

Looks are made at each tick of a CPU limit, each time the guest was given some thousand references, and when references
are swept.
"""

from __future__ import annotations

import gc
import os
import resource
import sys
from collections.abc import Iterator
from types import FrameType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Final

from schemas.errors import LimitError

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

STEP_BYTES: Final = 1 << 25
"""Growth of the process that is always let pass: how far an isolate may exceed its limit unseen."""

_LAYER: Final = "runtime_core.js."
_LIBRARIES: Final = frozenset(
    {"builtins", "collections", "functools", "itertools", "operator", "types", "weakref", "_weakrefset"}
)
_LEAVES: Final = (str, bytes, bytearray, int, float)
_CLOSED: Final = (type, ModuleType, FrameType, memoryview)
_LEAF, _CONTAINER, _FUNCTION, _FOREIGN = range(4)
_OWN_REFERENCES: Final = 3
"""References to a value that measuring itself holds: in the list of children, in a variable, as an argument."""

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_KIB: Final = 1024
_STATM_BYTES: Final = 128


class _Statm:
    """The file that tells the size of this process, opened once in each process."""

    __slots__ = ("_file", "_process")

    def __init__(self) -> None:
        self._process = 0
        self._file = -1

    def read(self) -> bytes:
        """What it says, or nothing where there is no such file."""
        if self._process != os.getpid():  # a child must not read its parent's
            self._process = os.getpid()
            try:
                self._file = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                self._file = -1
        return os.pread(self._file, _STATM_BYTES, 0) if self._file >= 0 else b""


_STATM: Final = _Statm()


def process_bytes() -> int:
    """The memory this process has in use; where the system does not tell, the most it ever had."""
    text = _STATM.read()
    if text:
        return int(text.split(None, 2)[1]) * _PAGE
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * _KIB


class HeldMemory:
    """The limit of one isolate."""

    __slots__ = ("_js", "_limit", "_lowest", "_spare")

    def __init__(self, js: JsHost, limit: int) -> None:
        self._js = js
        self._limit = limit
        self._lowest = process_bytes()  # the smallest process since the values were measured
        self._spare = max(limit, STEP_BYTES)

    def look(self) -> None:
        """See whether the values have come to take too much.

        Raises:
            LimitError: they have; the isolate is dead.
        """
        size = process_bytes()
        if size < self._lowest:
            self._lowest = size
        elif size - self._lowest > self._spare:
            self._measure(size)

    def _measure(self, size: int) -> None:
        try:
            held = measure(self._js, self._limit)
        except RecursionError:  # little is left of the interpreter's stack here: the next look will do
            return
        if held > self._limit:
            self._js.instance.exceed(
                LimitError(
                    "the JavaScript values of the guest take too much memory of the host",
                    expected=f"<= {self._limit} bytes",
                    hint="raise Limits.host_bytes, or keep data in Python objects",
                )
            )
        self._lowest = size
        self._spare = max(self._limit - held, STEP_BYTES)


def measure(js: JsHost, enough: int) -> int:
    """About how many bytes of the host the values take that an isolate holds, those its host functions work on
    included; counts no further than to more than ``enough``.

    A text or number that several values share is split among its references.
    """
    kinds: dict[type, int] = {type(js): _FOREIGN}  # other isolates, too: theirs is not this one's
    seen: set[int] = set()
    total = 0
    pending: list[object] = [[*gc.get_referents(js), *_at_work()]]
    while pending and total <= enough:
        for child in _children(pending.pop(), kinds):
            action = kinds.get(type(child))
            if action is None:
                action = kinds[type(child)] = _action(type(child))
            if action == _FOREIGN:
                continue
            references = sys.getrefcount(child) - _OWN_REFERENCES
            if action == _LEAF:
                total += sys.getsizeof(child) // max(references, 1)
                continue
            if references > 1:
                if id(child) in seen:
                    continue
                seen.add(id(child))
            total += sys.getsizeof(child)
            pending.append(child)
    return total


def _children(item: object, kinds: dict[type, int]) -> list[object]:
    if kinds.get(type(item)) != _FUNCTION or not isinstance(item, FunctionType):
        return gc.get_referents(item)
    if not str(item.__module__).startswith(_LAYER):
        return []  # the embedder's
    return [*(item.__closure__ or ()), item.__defaults__, item.__kwdefaults__]


def _action(kind: type) -> int:
    if issubclass(kind, _LEAVES):
        return _LEAF
    if issubclass(kind, _CLOSED):
        return _FOREIGN
    if issubclass(kind, FunctionType):
        return _FUNCTION
    return _CONTAINER if kind.__module__ in _LIBRARIES or kind.__module__.startswith(_LAYER) else _FOREIGN


def _at_work() -> Iterator[object]:
    """What the functions of this layer that are running on this thread work on."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith(_LAYER) and frame.f_globals is not globals():
            yield from list(frame.f_locals.values())
        frame = frame.f_back
