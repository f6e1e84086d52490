"""Event, CustomEvent and EventTarget (DOM standard, section 2), for targets that have no parents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.coded_errors import throw_argument, throw_coded, throw_missing
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction
from runtime_core.js.operators import call_method, has_method, to_boolean, to_string
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

MAX_LISTENERS: Final = 1 << 16
AT_TARGET: Final = 2
_PHASES: Final = {"NONE": 0, "CAPTURING_PHASE": 1, "AT_TARGET": 2, "BUBBLING_PHASE": 3}


class JsEvent(JsObject):
    """An Event; ``kind`` is its type."""

    __slots__ = (
        "bubbles",
        "cancelable",
        "composed",
        "current",
        "host",
        "kind",
        "made_at",
        "prevented",
        "stopped",
        "stopped_at_once",
        "target",
        "trusted",
    )

    class_name: ClassVar[str] = "Event"
    type_tag: ClassVar[str] = "Event"

    def __init__(self, host: JsHost, kind: str, options: JsValue = UNDEFINED, *, trusted: bool = False) -> None:
        super().__init__()
        self.host = host
        self.kind = kind
        self.trusted = trusted
        self.bubbles = _flag(options, "bubbles")
        self.cancelable = _flag(options, "cancelable")
        self.composed = _flag(options, "composed")
        self.target: JsEventTarget | None = None
        self.current: JsEventTarget | None = None
        self.prevented = False
        self.stopped = False
        self.stopped_at_once = False
        self.made_at = host.loop.elapsed() * 1000

    def constructor(self) -> JsValue:
        """The constructor of the isolate."""
        return self.host.globals.get(self.class_name)

    def prevent(self) -> JsValue:
        """``event.preventDefault()``."""
        self.prevented = self.prevented or self.cancelable
        return UNDEFINED

    def stop(self, *, at_once: bool = False) -> JsValue:
        """``event.stopPropagation()``, or ``stopImmediatePropagation()``."""
        self.stopped = True
        self.stopped_at_once = self.stopped_at_once or at_once
        return UNDEFINED

    def path(self) -> JsArray:
        """``event.composedPath()``."""
        return JsArray([] if self.current is None else [self.current])

    def reset(self, args: Sequence[JsValue]) -> JsValue:
        """``event.initEvent(type, bubbles, cancelable)``."""
        if not args:
            throw_missing("type")
        if self.current is None:
            self.kind = to_string(args[0])
            self.bubbles, self.cancelable = (to_boolean(args[at]) if len(args) > at else False for at in (1, 2))
        return UNDEFINED

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "bubbles": lambda this: this.bubbles,
        "cancelBubble": lambda this: this.stopped,
        "cancelable": lambda this: this.cancelable,
        "composed": lambda this: this.composed,
        "currentTarget": lambda this: this.current,
        "defaultPrevented": lambda this: this.prevented,
        "eventPhase": lambda this: 0 if this.current is None else AT_TARGET,
        "isTrusted": lambda this: this.trusted,
        "returnValue": lambda this: not this.prevented,
        "srcElement": lambda this: this.target,
        "target": lambda this: this.target,
        "timeStamp": lambda this: this.made_at,
        "type": lambda this: this.kind,
    }
    SETTERS: ClassVar[Mapping[PropertyKey, Callable[..., object]]] = {
        "cancelBubble": lambda this, value: this.stop() if to_boolean(value) else None,
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "composedPath": lambda this: this.path(),
        "initEvent": lambda this, *args: this.reset(args),
        "preventDefault": lambda this: this.prevent(),
        "stopImmediatePropagation": lambda this: this.stop(at_once=True),
        "stopPropagation": lambda this: this.stop(),
    }


class JsCustomEvent(JsEvent):
    """A CustomEvent."""

    __slots__ = ("detail",)

    class_name: ClassVar[str] = "CustomEvent"
    type_tag: ClassVar[str] = "CustomEvent"

    def __init__(self, host: JsHost, kind: str, options: JsValue = UNDEFINED) -> None:
        super().__init__(host, kind, options)
        detail = options.get("detail") if isinstance(options, JsObject) else UNDEFINED
        self.detail: JsValue = None if detail is UNDEFINED else detail

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"detail": lambda this: this.detail}


def _flag(options: JsValue, name: str) -> bool:
    return isinstance(options, JsObject) and to_boolean(options.get(name))


class Listener:
    """One registration: a function, or an object with ``handleEvent``."""

    __slots__ = ("callback", "capture", "once", "removed")

    def __init__(self, callback: JsValue, *, capture: bool = False, once: bool = False) -> None:
        self.callback = callback
        self.capture = capture
        self.once = once
        self.removed = False

    def run(self, target: JsEventTarget, event: JsEvent) -> None:
        """Call it with the event."""
        if isinstance(self.callback, JsFunction):
            self.callback.call(target, (event,))
        elif has_method(self.callback, "handleEvent"):
            call_method(self.callback, "handleEvent", (event,))


class JsEventTarget(JsObject):
    """An EventTarget."""

    __slots__ = ("_handlers", "_listeners", "host")

    class_name: ClassVar[str] = "EventTarget"
    type_tag: ClassVar[str] = "EventTarget"

    def __init__(self, host: JsHost) -> None:
        super().__init__()
        self.host = host
        self._listeners: dict[str, list[Listener]] = {}
        self._handlers: dict[str, Listener] = {}

    def constructor(self) -> JsValue:
        """The constructor of the isolate."""
        return self.host.globals.get(self.class_name)

    def add(self, args: Sequence[JsValue]) -> JsValue:
        """``target.addEventListener(type, listener, options)``."""
        if len(args) < 2:
            throw_missing("type", "listener")
        callback, options = args[1], args[2] if len(args) > 2 else UNDEFINED
        capture = _flag(options, "capture") if isinstance(options, JsObject) else to_boolean(options)
        signal = options.get("signal") if isinstance(options, JsObject) else UNDEFINED
        if signal is not UNDEFINED and not hasattr(signal, "when_aborted"):
            throw_argument("options.signal", "an instance of AbortSignal", signal)
        if callback is None or callback is UNDEFINED:
            return UNDEFINED
        if not isinstance(callback, JsObject):
            throw_argument("listener", "an instance of EventListener", callback)
        if signal is not UNDEFINED and getattr(signal, "aborted", False):
            return UNDEFINED
        kind = to_string(args[0])
        if self._find(kind, callback, capture=capture) is None:
            listener = Listener(callback, capture=capture, once=_flag(options, "once"))
            self.register(kind, listener)
            if signal is not UNDEFINED:
                signal.when_aborted(lambda: self.unregister(kind, listener))
        return UNDEFINED

    def remove(self, args: Sequence[JsValue]) -> JsValue:
        """``target.removeEventListener(type, listener, options)``."""
        if len(args) < 2:
            throw_missing("type", "listener")
        options = args[2] if len(args) > 2 else UNDEFINED
        capture = _flag(options, "capture") if isinstance(options, JsObject) else to_boolean(options)
        kind = to_string(args[0])
        found = self._find(kind, args[1], capture=capture)
        if found is not None:
            self.unregister(kind, found)
        return UNDEFINED

    def _find(self, kind: str, callback: JsValue, *, capture: bool) -> Listener | None:
        for listener in self._listeners.get(kind, ()):
            if same_callback(listener.callback, callback) and listener.capture == capture:
                return listener
        return None

    def register(self, kind: str, listener: Listener) -> None:
        """Add a registration at the end."""
        listeners = self._listeners.setdefault(kind, [])
        if len(listeners) >= MAX_LISTENERS:
            throw_coded("RangeError", "ERR_OUT_OF_RANGE", f"more than {MAX_LISTENERS} event listeners")
        listeners.append(listener)

    def unregister(self, kind: str, listener: Listener) -> None:
        """Take a registration out; one that is gone already is ignored."""
        if not listener.removed:
            listener.removed = True
            self._listeners[kind].remove(listener)
            if not self._listeners[kind]:
                del self._listeners[kind]

    def handler(self, kind: str) -> JsValue:
        """The event handler property ``on...``."""
        listener = self._handlers.get(kind)
        return None if listener is None or listener.callback is UNDEFINED else listener.callback

    def set_handler(self, kind: str, value: JsValue) -> None:
        """Set an event handler property, which keeps its place among the listeners; only a function is called."""
        listener = self._handlers.get(kind)
        if listener is not None:
            listener.callback = value
        elif value is not None and value is not UNDEFINED:
            listener = self._handlers[kind] = Listener(value)
            self.register(kind, listener)

    def dispatch_event(self, args: Sequence[JsValue]) -> bool:
        """``target.dispatchEvent(event)``."""
        if not args:
            throw_missing("event")
        if not isinstance(args[0], JsEvent):
            throw_argument("event", "an instance of Event", args[0])
        return self.dispatch(args[0])

    def dispatch(self, event: JsEvent) -> bool:
        """Call the listeners; whether nobody prevented the default."""
        if event.current is not None:
            message = f'The event "{event.kind}" is already being dispatched'
            throw_coded("Error", "ERR_EVENT_RECURSION", message)
        event.target = event.current = self
        try:
            for listener in list(self._listeners.get(event.kind, ())):
                if not listener.removed:
                    self._call(listener, event)
                if event.stopped_at_once:
                    break
        finally:
            event.current = None
            event.stopped_at_once = False
        return not event.prevented

    def _call(self, listener: Listener, event: JsEvent) -> None:
        if listener.once:
            self.unregister(event.kind, listener)
        try:
            listener.run(self, event)
        except JsThrow as thrown:
            self.host.loop.report(thrown.value)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "addEventListener": lambda this, *args: this.add(args),
        "dispatchEvent": lambda this, *args: this.dispatch_event(args),
        "removeEventListener": lambda this, *args: this.remove(args),
    }


def same_callback(left: JsValue, right: JsValue) -> bool:
    """Whether two listeners are one; aliases of a proxy are not the same object."""
    return left is right


def _event_maker(cls: type[JsEvent]) -> Callable[[JsHost], JsValue]:
    name = cls.class_name

    def make(host: JsHost) -> JsValue:
        def call(kind: JsValue) -> JsValue:
            throw_type_error(f"Class constructor {name} cannot be invoked without 'new'")

        def construct(*args: JsValue) -> JsValue:
            if not args:
                throw_missing("type")
            options = args[1] if len(args) > 1 else UNDEFINED
            if options is not UNDEFINED and options is not None and not isinstance(options, JsObject):
                throw_argument("options", "of type object", options)
            return cls(host, to_string(args[0]), options)

        return EventConstructor(call, name, constructor=construct, instances=cls)

    return make


class EventConstructor(BuiltinFunction):
    """``Event`` or ``CustomEvent``, with the names of the phases."""

    __slots__ = ()

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        return _PHASES[key] if isinstance(key, str) and key in _PHASES else super().get_own(key)


def _make_event_target(host: JsHost) -> JsValue:
    def call() -> JsValue:
        throw_type_error("Class constructor EventTarget cannot be invoked without 'new'")

    return BuiltinFunction(call, "EventTarget", constructor=lambda: JsEventTarget(host), instances=JsEventTarget)


EVENT_CLASSES: Final[Mapping[str, Callable[[JsHost], JsValue]]] = {
    "CustomEvent": _event_maker(JsCustomEvent),
    "Event": _event_maker(JsEvent),
    "EventTarget": _make_event_target,
}
