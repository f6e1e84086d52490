"""The constructors of errors: Error and its subclasses, AggregateError, DOMException."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.errors import (
    DOM_EXCEPTION_CODES,
    ERROR_NAMES,
    DomError,
    JsError,
    aggregate_error,
    throw_type_error,
)
from runtime_core.js.functions import BuiltinFunction, with_length
from runtime_core.js.iteration import collect
from runtime_core.js.operators import to_string
from runtime_core.js.values import ABSENT, UNDEFINED, JsObject, JsValue, PropertyKey

_STACK_TRACE_LIMIT: Final = 10


def _text(value: JsValue) -> str | None:
    return None if value is UNDEFINED else to_string(value)


def _cause(options: JsValue) -> JsValue:
    return options.lookup("cause") if isinstance(options, JsObject) else ABSENT


def _capture_stack_trace(target: JsValue) -> JsValue:
    """Give an object a ``stack``: the line that its name and message make, as there are no JavaScript frames."""
    from runtime_core.js.properties import HIDDEN, table

    if not isinstance(target, JsObject):
        throw_type_error("invalid_argument")
    found = target.get("name"), target.get("message")
    name, message = ("" if value is UNDEFINED else to_string(value) for value in found)
    name = "Error" if found[0] is UNDEFINED else name
    shown = f"{name}: {message}" if name and message else name or message
    if isinstance(target, JsError):
        target.define("stack", shown)
    elif "stack" in (target.own or ()):
        target.set("stack", shown)
    else:
        table(target).place("stack", shown, HIDDEN)
    return UNDEFINED


def _error_maker(name: str) -> Callable[[], BuiltinFunction]:
    def make() -> BuiltinFunction:
        def create(message: JsValue, options: JsValue = UNDEFINED) -> JsValue:
            return JsError(name, _text(message), cause=_cause(options))

        statics: dict[str, Callable[..., JsValue]] = {}
        constants: dict[PropertyKey, JsValue] = {}
        if name == "Error":
            statics["isError"] = lambda value: isinstance(value, JsError)
            statics["captureStackTrace"] = with_length(2, _capture_stack_trace)
            constants["stackTraceLimit"] = _STACK_TRACE_LIMIT
        return BuiltinFunction(
            with_length(1, create), name, constructor=create, instances=JsError, statics=statics, constants=constants
        )

    return make


def _make_aggregate_error() -> BuiltinFunction:
    def create(errors: JsValue, message: JsValue, options: JsValue = UNDEFINED) -> JsValue:
        return aggregate_error(JsArray(collect(errors)), _text(message), cause=_cause(options))

    return BuiltinFunction(create, "AggregateError", constructor=create, instances=JsError)


class _DomExceptionConstructor(BuiltinFunction):
    __slots__ = ()

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        if isinstance(key, str) and key in DOM_EXCEPTION_CODES:
            return DOM_EXCEPTION_CODES[key]
        return super().get_own(key)

    def own_names(self) -> list[str]:
        """All own names."""
        return [*super().own_names(), *DOM_EXCEPTION_CODES]


def _make_dom_exception() -> BuiltinFunction:
    def call() -> JsValue:
        throw_type_error("Class constructor DOMException cannot be invoked without 'new'")

    def create(message: JsValue, options: JsValue = UNDEFINED) -> JsValue:
        text = _text(message) or ""
        if isinstance(options, JsObject):
            name = options.get("name")
            return DomError(text, "Error" if name is UNDEFINED else to_string(name), cause=_cause(options))
        return DomError(text, "Error" if options is UNDEFINED else to_string(options))

    return _DomExceptionConstructor(call, "DOMException", constructor=create, instances=DomError)


ERROR_CONSTRUCTORS: Final[dict[str, Callable[[], BuiltinFunction]]] = {
    **{name: _error_maker(name) for name in ERROR_NAMES},
    "AggregateError": _make_aggregate_error,
    "DOMException": _make_dom_exception,
}
