"""Errors with a code, as the host environment of the peer (node) throws them from its own APIs."""

from __future__ import annotations

from typing import ClassVar, Final, NoReturn

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import DomError, JsError
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import constructor_name, to_string, typeof
from runtime_core.js.values import UNDEFINED, BigInt, JsObject, JsValue

_SHOWN: Final = 28  # characters of a text in a message


class CodedError(JsError):
    """An error whose text names its ``code``."""

    __slots__ = ()

    type_tag: ClassVar[str] = "Error"

    def __init__(self, name: str, code: str, message: str) -> None:
        super().__init__(name, message, stack=f"{name} [{code}]: {message}")
        self.set("code", code)

    def to_string(self) -> str:
        """``String(this)``."""
        name, code = (to_string(self.get(key)) for key in ("name", "code"))
        return f"{name} [{code}]: {self.message}"


def throw_coded(name: str, code: str, message: str) -> NoReturn:
    """Throw an error of a constructor name with a code."""
    raise JsThrow(CodedError(name, code, message))


def throw_argument(argument: str, expected: str, value: JsValue) -> NoReturn:
    """Throw the TypeError for an argument of a wrong type; ``expected`` is like "of type object"."""
    message = f'The "{argument}" argument must be {expected}. Received {describe(value)}'
    throw_coded("TypeError", "ERR_INVALID_ARG_TYPE", message)


def throw_missing(argument: str) -> NoReturn:
    """Throw the TypeError for an argument that was not given."""
    throw_coded("TypeError", "ERR_MISSING_ARGS", f'The "{argument}" argument must be specified')


def throw_dom(message: str, name: str) -> NoReturn:
    """Throw a DOMException."""
    raise JsThrow(DomError(message, name))


def describe(value: JsValue) -> str:
    """A value as messages about arguments name it."""
    if value is None or value is UNDEFINED:
        return to_string(value)
    if isinstance(value, JsFunction):
        return f"function {value.function_name()}"
    if isinstance(value, JsObject):
        return f"an instance of {constructor_name(value)}"
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN else value[: _SHOWN - 3] + "..."
        return f"type string ('{text}')"
    shown = f"{int(value)}n" if isinstance(value, BigInt) else to_string(value)
    return f"type {typeof(value)} ({shown})"
