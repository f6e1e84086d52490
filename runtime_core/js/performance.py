"""``performance``: the isolate's clock in milliseconds, marks and measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

from runtime_core.js.arrays import JsArray
from runtime_core.js.coded_errors import throw_argument, throw_coded, throw_dom, throw_missing
from runtime_core.js.coerce import to_numeric, to_text
from runtime_core.js.errors import throw
from runtime_core.js.functions import BuiltinFunction
from runtime_core.js.operators import to_string
from runtime_core.js.values import SYMBOL_TO_STRING_TAG, UNDEFINED, JsObject, JsValue, PropertyKey

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

MAX_ENTRIES: Final = 1 << 16  # that an isolate keeps
_NS_PER_MS: Final = 1_000_000


def _illegal() -> NoReturn:
    throw_coded("TypeError", "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor")


class PerformanceEntry(JsObject):
    """What ``mark`` and ``measure`` leave behind."""

    __slots__ = ("detail", "duration", "name", "start_time")

    class_name: ClassVar[str] = "PerformanceEntry"
    type_tag: ClassVar[str] = "PerformanceEntry"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "PerformanceEntry"}
    entry_type: ClassVar[str] = ""

    def __init__(self, name: str, start_time: float, duration: float = 0, detail: JsValue = None) -> None:
        super().__init__()
        self.name = name
        self.start_time = start_time
        self.duration = duration
        self.detail = detail

    def to_json(self) -> JsObject:
        """``toJSON()``."""
        return JsObject(
            {
                "name": self.name,
                "entryType": self.entry_type,
                "startTime": self.start_time,
                "duration": self.duration,
                "detail": self.detail,
            }
        )

    ANY_RECEIVER: ClassVar[bool] = False
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "name": lambda this: this.name,
        "entryType": lambda this: this.entry_type,
        "startTime": lambda this: this.start_time,
        "duration": lambda this: this.duration,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"toJSON": lambda this: this.to_json()}


class PerformanceMark(PerformanceEntry):
    """A mark."""

    __slots__ = ()

    class_name: ClassVar[str] = "PerformanceMark"
    type_tag: ClassVar[str] = "PerformanceMark"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "PerformanceMark"}
    entry_type: ClassVar[str] = "mark"
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"detail": lambda this: this.detail}


class PerformanceMeasure(PerformanceEntry):
    """A measure."""

    __slots__ = ()

    class_name: ClassVar[str] = "PerformanceMeasure"
    type_tag: ClassVar[str] = "PerformanceMeasure"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "PerformanceMeasure"}
    entry_type: ClassVar[str] = "measure"
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"detail": lambda this: this.detail}


class JsPerformance(JsObject):
    """``performance`` of one isolate. Its time starts when it is first used."""

    __slots__ = ("_clock", "_entries", "_monotonic", "time_origin")

    class_name: ClassVar[str] = "Performance"
    type_tag: ClassVar[str] = "Performance"
    CONSTANTS: ClassVar[Mapping[PropertyKey, JsValue]] = {SYMBOL_TO_STRING_TAG: "Performance"}

    def __init__(self, host: JsHost) -> None:
        super().__init__()
        self._clock = host.emscripten.clock
        self._monotonic = self._clock.monotonic_ns()
        self.time_origin = self._clock.wall_ns() / _NS_PER_MS
        self._entries: list[PerformanceEntry] = []

    def now(self) -> float:
        """Milliseconds since the origin."""
        return (self._clock.monotonic_ns() - self._monotonic) / _NS_PER_MS

    def _add(self, entry: PerformanceEntry) -> PerformanceEntry:
        if len(self._entries) >= MAX_ENTRIES:
            throw("RangeError", f"performance holds {MAX_ENTRIES} entries: clear some")
        self._entries.append(entry)
        return entry

    def mark(self, *args: JsValue) -> JsValue:
        """``mark(name, options)``."""
        if not args:
            throw_missing("name")
        options = args[1] if len(args) > 1 else UNDEFINED
        given = _options(options)
        start = given.get("startTime")
        time = self.now() if start is UNDEFINED else _timestamp(start)
        return self._add(PerformanceMark(to_text(args[0]), time, detail=_detail(given)))

    def _time_of(self, value: JsValue) -> float:
        """A time given as a number or as the name of a mark."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _timestamp(value)
        name = to_text(value)
        times = [entry.start_time for entry in self._entries if entry.entry_type == "mark" and entry.name == name]
        if not times:
            throw_dom(f'The "{name}" performance mark has not been set', "SyntaxError")
        return times[-1]

    def measure(self, *args: JsValue) -> JsValue:
        """``measure(name, startMark, endMark)`` or ``measure(name, options)``."""
        if not args:
            throw_missing("name")
        name = to_text(args[0])
        first, last = (args[index] if len(args) > index else UNDEFINED for index in (1, 2))
        options = first if isinstance(first, JsObject) else JsObject()
        begin = options.get("start") if isinstance(first, JsObject) else first
        end = options.get("end") if last is UNDEFINED else last
        duration = options.get("duration")
        stop = self._stop(begin, end, duration)
        if begin is not UNDEFINED:
            start = self._time_of(begin)
        elif duration is not UNDEFINED:
            start = stop - to_numeric(duration)
        else:
            start = 0
        return self._add(PerformanceMeasure(name, start, stop - start, _detail(options)))

    def _stop(self, begin: JsValue, end: JsValue, duration: JsValue) -> float:
        if end is not UNDEFINED:
            return self._time_of(end)
        if begin is not UNDEFINED and duration is not UNDEFINED:
            return self._time_of(begin) + to_numeric(duration)
        return self.now()

    def entries(self, *, name: JsValue = UNDEFINED, kind: JsValue = UNDEFINED) -> JsValue:
        """What was left, by time; of a name and a type where they are given."""
        wanted: list[PerformanceEntry] = [
            entry
            for entry in self._entries
            if (name is UNDEFINED or entry.name == name) and (kind is UNDEFINED or entry.entry_type == kind)
        ]
        wanted.sort(key=lambda entry: entry.start_time)
        return JsArray(wanted)

    def clear(self, kind: str, name: JsValue) -> JsValue:
        """Forget the entries of a type; of a name where it is given."""
        text = None if name is UNDEFINED else to_text(name)
        self._entries = [entry for entry in self._entries if entry.entry_type != kind or text not in (None, entry.name)]
        return UNDEFINED

    ANY_RECEIVER: ClassVar[bool] = False
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "timeOrigin": lambda this: this.time_origin,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "clearMarks": lambda this, name=UNDEFINED: this.clear("mark", name),
        "clearMeasures": lambda this, name=UNDEFINED: this.clear("measure", name),
        "getEntries": lambda this: this.entries(),
        "getEntriesByName": lambda this, name, kind=UNDEFINED: this.entries(name=to_text(name), kind=kind),
        "getEntriesByType": lambda this, kind: this.entries(kind=to_text(kind)),
        "mark": lambda this, *args: this.mark(*args),
        "measure": lambda this, *args: this.measure(*args),
        "now": lambda this: this.now(),
        "toJSON": lambda this: JsObject({"timeOrigin": this.time_origin}),
    }


def _options(value: JsValue) -> JsObject:
    if value is UNDEFINED or value is None:
        return JsObject()
    if not isinstance(value, JsObject):
        throw_argument("options", "of type object", value)
    return value


def _detail(options: JsObject) -> JsValue:
    from runtime_core.js.clone import structured_clone

    detail = options.get("detail")
    return None if detail is UNDEFINED or detail is None else structured_clone(detail)


def _timestamp(value: JsValue) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        throw_argument("startTime", "of type number", value)
    if value < 0:
        message = f"{to_string(value)} is not a valid timestamp"
        throw_coded("TypeError", "ERR_PERFORMANCE_INVALID_TIMESTAMP", message)
    return value


def _constructor(name: str, cls: type[JsObject]) -> Callable[[], BuiltinFunction]:
    return lambda: BuiltinFunction(_illegal, name, constructor=_illegal, instances=cls)


PERFORMANCE_CONSTRUCTORS: Final[Mapping[str, Callable[[], BuiltinFunction]]] = {
    "Performance": _constructor("Performance", JsPerformance),
    "PerformanceEntry": _constructor("PerformanceEntry", PerformanceEntry),
    "PerformanceMark": _constructor("PerformanceMark", PerformanceMark),
    "PerformanceMeasure": _constructor("PerformanceMeasure", PerformanceMeasure),
}
