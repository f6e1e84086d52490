"""What the classes of streams have in common (Streams standard, sections 7 and 8): queues, strategies, callbacks."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, NoReturn

from runtime_core.js.coded_errors import CodedError, throw_argument
from runtime_core.js.coerce import to_numeric
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.eventloop import EventLoop, value_of
from runtime_core.js.functions import BuiltinFunction, JsFunction, NativeFunction, with_length
from runtime_core.js.operators import get_property, to_string
from runtime_core.js.promises import JsPromise, rejected_promise, resolved_promise
from runtime_core.js.values import UNDEFINED, JsObject, JsValue, PropertyKey
from runtime_core.js.web_class import WebClass, WebObject

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

MAX_WAITING: Final = 1 << 20
"""Chunks in a queue, and requests that wait for a stream: what a guest makes of them in one call must stay bounded."""

Callback = Callable[..., JsValue]
"""Calls a function of a script; raises JsThrow."""


def state_error(message: str) -> JsError:
    """The error for what a stream does not allow in its state."""
    return CodedError("TypeError", "ERR_INVALID_STATE", f"Invalid state: {message}")


def throw_state(message: str) -> NoReturn:
    """Throw it."""
    raise JsThrow(state_error(message))


def throw_value(what: str, value: JsValue, *, name: str = "RangeError") -> NoReturn:
    """Throw the error for a value that is not allowed; ``what`` is like "property 'strategy.highWaterMark'"."""
    shown = f"'{value}'" if isinstance(value, str) else to_string(value)
    raise JsThrow(CodedError(name, "ERR_INVALID_ARG_VALUE", f"The {what} is invalid. Received {shown}"))


def promised(loop: EventLoop, action: Callable[[], JsValue]) -> JsPromise:
    """A promise of what ``action`` gives; rejected with what it throws."""
    try:
        return resolved_promise(loop, action())
    except (JsThrow, RecursionError) as error:
        return rejected_promise(loop, value_of(error))


def done(loop: EventLoop) -> JsPromise:
    """A promise of nothing."""
    return resolved_promise(loop, UNDEFINED)


def failed(loop: EventLoop, reason: JsValue) -> JsPromise:
    """A rejected promise that nobody has to handle."""
    promise = JsPromise(loop)
    promise.handled = True
    promise.reject(reason)
    return promise


def mapped(promise: JsPromise, on_value: Callable[[JsValue], JsValue]) -> JsPromise:
    """A promise of what ``on_value`` makes of a promise's value."""

    def on_fulfilled(value: JsValue) -> JsValue:  # a function of its own: others may have no signature
        return on_value(value)

    return promise.then(NativeFunction(on_fulfilled))


def ignore(_value: JsValue) -> None:
    """For outcomes that do not matter."""


def options_of(value: JsValue, name: str) -> JsObject:
    """An argument that is an object, or nothing."""
    if value is UNDEFINED:
        return JsObject()
    if not isinstance(value, JsObject):
        throw_argument(name, "of type object", value)
    return value


def callback(owner: JsObject, name: str, key: str) -> Callback | None:
    """The function that a source, sink or transformer has under a name; it is called as its method."""
    function = owner.get(key)
    if function is UNDEFINED:
        return None
    if not isinstance(function, JsFunction):
        if key == "start":
            raise JsThrow(JsError("TypeError", "Bind must be called on a function"))
        throw_argument(f"{name}.{key}", "of type function", function)
    return lambda *args: function.call(owner, args)


def high_water_mark(strategy: JsObject, default: float) -> float:
    """How much a queue takes before it reports backpressure."""
    value = strategy.get("highWaterMark")
    if value is UNDEFINED:
        return default
    mark = to_numeric(value)
    if math.isnan(mark) or mark < 0:
        throw_value("property 'strategy.highWaterMark'", value)
    return mark


def size_function(strategy: JsObject) -> Callback:
    """How large a chunk counts."""
    size = strategy.get("size")
    if size is UNDEFINED:
        return lambda _chunk: 1
    if not isinstance(size, JsFunction):
        throw_argument("strategy.size", "of type function", size)
    return lambda chunk: size.call(UNDEFINED, (chunk,))


class SizedQueue:
    """Values with sizes."""

    __slots__ = ("_items", "total")

    def __init__(self) -> None:
        self._items: deque[tuple[JsValue, float]] = deque()
        self.total: float = 0

    def __len__(self) -> int:
        return len(self._items)

    def put(self, value: JsValue, size: JsValue) -> None:
        """Add a value.

        Raises:
            JsThrow: a RangeError for a size that is none, and where there are too many; a TypeError for what is no
                number at all, such as a bigint.
        """
        number = float(to_numeric(size))
        if not 0 <= number < math.inf:
            throw_value("argument 'size'", size)
        check_count(len(self._items))
        self._items.append((value, number))
        self.total += number

    def put_end(self, mark: JsValue) -> None:
        """Add what stands for the end: it has no size, and there is always room for it."""
        self._items.append((mark, 0))

    def first(self) -> JsValue:
        """The oldest value."""
        return self._items[0][0]

    def take(self) -> JsValue:
        """Remove the oldest value."""
        value, size = self._items.popleft()
        self.total = max(self.total - size, 0)
        return value

    def clear(self) -> None:
        """Forget everything."""
        self._items.clear()
        self.total = 0


def check_count(count: int) -> None:
    """Refuse more than a stream may hold."""
    if count >= MAX_WAITING:
        raise JsThrow(JsError("RangeError", f"a stream holds at most {MAX_WAITING} chunks and requests"))


def methods(
    of: str, table: Mapping[PropertyKey, Callable[..., JsValue]], *, asynchronous: Sequence[str] = ()
) -> dict[PropertyKey, Callable[..., JsValue]]:
    """A table of methods that refuse other objects in node's words; asynchronous ones reject their promise instead."""
    return {key: _method(of, function, asynchronous=key in asynchronous) for key, function in table.items()}


def _method(of: str, function: Callable[..., JsValue], *, asynchronous: bool) -> Callable[..., JsValue]:
    code = function.__code__
    optional = len(function.__defaults__ or ())
    required = code.co_argcount - 1 - optional

    def call(this: JsValue, *args: JsValue) -> JsValue:
        if not isinstance(this, WebObject) or this.class_name != of:
            error = CodedError("TypeError", "ERR_INVALID_THIS", f'Value of "this" must be of type {of}')
            raise JsThrow(error)
        given = [*args[: required + optional], *(UNDEFINED,) * (required - len(args))]
        if asynchronous:
            return promised(this.host.loop, lambda: function(this, *given))
        return function(this, *given)

    return with_length(required, call)


def stream_class(
    instances: type[WebObject],
    construct: Callable[..., JsValue],
    statics: Mapping[str, Callable[..., JsValue]] | None = None,
    *,
    length: int = 0,
) -> WebClass:
    """The constructor of a class of streams."""
    return WebClass(instances, construct, statics=statics, length=length)


def hidden_class(instances: type[WebObject]) -> Callable[[JsHost], JsValue]:
    """Makes the constructor of a class whose objects only a stream makes."""

    def construct(*_: JsValue) -> JsValue:
        raise JsThrow(CodedError("TypeError", "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor"))

    return lambda host: stream_class(instances, construct)


class Strategy(WebObject):
    """A queuing strategy: how much a queue takes, and how large a chunk counts."""

    __slots__ = ("mark",)

    def __init__(self, host: JsHost, init: JsValue) -> None:
        super().__init__(host)
        if not isinstance(init, JsObject):
            throw_argument("init", "of type object", init)
        mark = init.get("highWaterMark")
        if mark is UNDEFINED:
            raise JsThrow(CodedError("TypeError", "ERR_MISSING_OPTION", "init.highWaterMark is required"))
        self.mark = to_numeric(mark)

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"highWaterMark": lambda this: this.mark}


_COUNT_SIZE: Final = BuiltinFunction(lambda: 1, "size")
_BYTES_SIZE: Final = BuiltinFunction(lambda chunk: get_property(chunk, "byteLength"), "size")


class CountStrategy(Strategy):
    """Each chunk counts one."""

    __slots__ = ()

    class_name: ClassVar[str] = "CountQueuingStrategy"
    type_tag: ClassVar[str] = "CountQueuingStrategy"
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        **Strategy.GETTERS,
        "size": lambda this: _COUNT_SIZE,
    }


class ByteLengthStrategy(Strategy):
    """A chunk counts its bytes."""

    __slots__ = ()

    class_name: ClassVar[str] = "ByteLengthQueuingStrategy"
    type_tag: ClassVar[str] = "ByteLengthQueuingStrategy"
    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        **Strategy.GETTERS,
        "size": lambda this: _BYTES_SIZE,
    }


def strategy_class(instances: type[Strategy]) -> Callable[[JsHost], JsValue]:
    """Makes the constructor of a strategy."""

    def make(host: JsHost) -> JsValue:
        def construct(init: JsValue = UNDEFINED, *_: JsValue) -> JsValue:
            return instances(host, init)

        return stream_class(instances, construct, length=1)

    return make
