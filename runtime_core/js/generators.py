"""Generators and async generators whose bodies are generators of the host."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import throw_type_error
from runtime_core.js.eventloop import EventLoop
from runtime_core.js.iteration import IteratorObject, iterator_result
from runtime_core.js.promises import JsPromise, resolved_promise
from runtime_core.js.values import SYMBOL_ASYNC_ITERATOR, UNDEFINED, JsObject, JsValue, PropertyKey

Body = Generator[JsValue, JsValue, JsValue]


class _Return(BaseException):
    """``generator.return(value)`` inside a body: runs its ``finally`` clauses, is caught by nothing else."""

    def __init__(self, value: JsValue) -> None:
        super().__init__()
        self.value = value


class _Running:
    """A body and how to resume it; ``done`` once it has ended."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._started = False
        self.done = False

    def resume(self, how: str, value: JsValue) -> tuple[bool, JsValue]:
        """Go on with ``next``, ``throw`` or ``return``; whether the body ended, and what it gave.

        Raises:
            JsThrow: what the body throws.
        """
        if self.done or (how != "next" and not self._started):
            self.done = True
            if how == "throw":
                raise JsThrow(value)
            return True, value if how == "return" else UNDEFINED
        if getattr(self._body, "gi_running", False):
            throw_type_error("Generator is already running")
        try:
            return False, self._step(how, value)
        except StopIteration as stop:
            self.done = True
            return True, UNDEFINED if stop.value is None else stop.value
        except _Return as returned:
            self.done = True
            return True, returned.value
        except BaseException:
            self.done = True
            raise

    def _step(self, how: str, value: JsValue) -> JsValue:
        if how == "throw":
            return self._body.throw(JsThrow(value))
        if how == "return":
            return self._body.throw(_Return(value))
        value = value if self._started else None
        self._started = True
        return self._body.send(value)


class JsGenerator(IteratorObject):
    """A generator object. The body yields values and receives what ``next`` was given; its return value is the last
    result, None standing for undefined. ``throw`` arrives as JsThrow.
    """

    __slots__ = ("_running",)

    class_name: ClassVar[str] = "Generator"
    type_tag: ClassVar[str] = "Generator"

    def __init__(self, body: Body) -> None:
        super().__init__()
        self._running = _Running(body)

    def constructor(self) -> JsValue:
        """The prototype of generator functions, which is no function."""
        return _GENERATOR_FUNCTION

    def resume(self, how: str, value: JsValue) -> JsObject:
        """``this[how](value)``."""
        done, result = self._running.resume(how, value)
        return iterator_result(done=done, value=result)

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "next": lambda this, value: this.resume("next", value),
        "return": lambda this, value: this.resume("return", value),
        "throw": lambda this, value: this.resume("throw", value),
    }


class _FunctionPrototype(JsObject):
    """What ``constructor`` of a generator gives: an object that names its kind and is shared by all isolates."""

    __slots__ = ("_tag",)

    def __init__(self, tag: str) -> None:
        super().__init__()
        self._tag = tag

    @property
    def type_tag(self) -> str:  # type: ignore[override]  # one class for both kinds
        """What ``Object.prototype.toString`` shows."""
        return self._tag

    def set(self, key: PropertyKey, value: JsValue) -> None:
        """``this[key] = value``."""
        throw_type_error(f"Cannot assign to property {key!s} of {self._tag}.prototype: built-in objects are read-only")

    def define(self, key: PropertyKey, value: JsValue) -> None:
        """Refused, as :meth:`set`."""
        self.set(key, value)

    def set_prototype(self, value: JsValue) -> None:
        """Refused, as :meth:`set`."""
        self.set("__proto__", value)


_GENERATOR_FUNCTION = _FunctionPrototype("GeneratorFunction")
_ASYNC_GENERATOR_FUNCTION = _FunctionPrototype("AsyncGeneratorFunction")


@final
class Await:
    """What the body of an async generator yields to wait for a promise; it is resumed with the outcome."""

    __slots__ = ("promise",)

    def __init__(self, promise: JsValue) -> None:
        self.promise = promise


@dataclass(frozen=True, slots=True)
class _Request:
    how: str
    value: JsValue
    promise: JsPromise


class JsAsyncGenerator(JsObject):
    """An async generator object. The body yields values, or :class:`Await` to wait; requests are served in order."""

    __slots__ = ("_busy", "_loop", "_requests", "_running")

    class_name: ClassVar[str] = "AsyncGenerator"
    type_tag: ClassVar[str] = "AsyncGenerator"

    def __init__(self, loop: EventLoop, body: Body) -> None:
        super().__init__()
        self._loop = loop
        self._running = _Running(body)
        self._requests: deque[_Request] = deque()
        self._busy = False

    def constructor(self) -> JsValue:
        """The prototype of async generator functions, which is no function."""
        return _ASYNC_GENERATOR_FUNCTION

    def request(self, how: str, value: JsValue) -> JsPromise:
        """``this[how](value)``: the promise of an iterator result."""
        promise = JsPromise(self._loop)
        self._requests.append(_Request(how, value, promise))
        if not self._busy:
            self._serve()
        return promise

    def _serve(self) -> None:
        """Start on the oldest request, if there is one."""
        self._busy = bool(self._requests)
        if not self._requests:
            return
        request = self._requests[0]
        if request.how == "return" and self._running.done:
            self._wait(request.value, lambda value: self._finish(done=True, value=value), self._fail)
        else:
            self._resume(request.how, request.value)

    def _resume(self, how: str, value: JsValue) -> None:
        try:
            done, result = self._running.resume(how, value)
        except JsThrow as thrown:
            self._fail(thrown.value)
            return
        if isinstance(result, Await):
            self._wait(result.promise, lambda given: self._resume("next", given), self._throw_in)
        else:  # both `yield` and `return` await what they are given
            self._wait(
                result, lambda given: self._finish(done=done, value=given), self._fail if done else self._throw_in
            )

    def _throw_in(self, reason: JsValue) -> None:
        self._resume("throw", reason)

    def _wait(
        self, value: JsValue, on_value: Callable[[JsValue], object], on_error: Callable[[JsValue], object]
    ) -> None:
        resolved_promise(self._loop, value).subscribe(on_value, on_error)

    def _finish(self, *, done: bool, value: JsValue) -> None:
        self._requests.popleft().promise.resolve(iterator_result(done=done, value=value))
        self._serve()

    def _fail(self, reason: JsValue) -> None:
        self._requests.popleft().promise.reject(reason)
        self._serve()

    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "next": lambda this, value: this.request("next", value),
        "return": lambda this, value: this.request("return", value),
        "throw": lambda this, value: this.request("throw", value),
        SYMBOL_ASYNC_ITERATOR: lambda this: this,
    }
