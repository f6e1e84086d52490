"""Errors with a code, as node throws them where a web interface is called with the wrong arguments."""

from __future__ import annotations

from typing import ClassVar, Final, NoReturn

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import to_string, typeof
from runtime_core.js.values import UNDEFINED, JsObject, JsSymbol, JsValue

_MAX_SHOWN: Final = 28
_CUT: Final = 25


class CodedError(JsError):
    """An error with the property ``code``, which its text shows unless ``in_text`` is false."""

    __slots__ = ("_in_text",)

    class_name: ClassVar[str] = "Error"

    def __init__(self, name: str, code: str, message: str, *, in_text: bool = True) -> None:
        super().__init__(name, message, stack=f"{name} [{code}]: {message}" if in_text else f"{name}: {message}")
        self.set("code", code)
        self._in_text = in_text

    def to_string(self) -> str:
        """``String(this)``."""
        if not self._in_text:
            return super().to_string()
        return f"{self.error_name} [{to_string(self.get('code'))}]: {self.message}"


def throw_missing(message: str) -> NoReturn:
    """Throw the error for missing arguments."""
    raise JsThrow(CodedError("TypeError", "ERR_MISSING_ARGS", message))


def throw_invalid_type(argument: str, expected: str, value: JsValue) -> NoReturn:
    """Throw the error for an argument of the wrong type; ``expected`` completes "must be"."""
    what = "property" if "." in argument else "argument"
    message = f'The "{argument}" {what} must be {expected}. Received {received(value)}'
    raise JsThrow(CodedError("TypeError", "ERR_INVALID_ARG_TYPE", message))


def throw_out_of_range(argument: str, allowed: str, value: JsValue) -> NoReturn:
    """Throw the error for a number outside of a range; ``allowed`` completes "It must be"."""
    message = f'The value of "{argument}" is out of range. It must be {allowed}. Received {_inspect(value)}'
    raise JsThrow(CodedError("RangeError", "ERR_OUT_OF_RANGE", message))


def received(value: JsValue) -> str:
    """A value as these messages name it."""
    if value is None or value is UNDEFINED:
        return to_string(value)
    if isinstance(value, JsFunction):
        return f"function {value.function_name()}"
    if isinstance(value, JsObject):
        return f"an instance of {value.constructor_name()}"
    text = _inspect(value)
    if len(text) > _MAX_SHOWN:
        text = f"{text[:_CUT]}..."
    return f"type {typeof(value)} ({text})"


def _inspect(value: JsValue) -> str:
    if isinstance(value, JsSymbol):
        return repr(value)
    text = to_string(value)
    return f"'{text}'" if isinstance(value, str) else text
