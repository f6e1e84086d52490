"""Errors with a code, as the host environment of the peer (node) throws them from its own APIs."""

from __future__ import annotations

import json
from typing import Final, NoReturn

from runtime_core.js.control import JsThrow
from runtime_core.js.errors import DomError, JsError
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import constructor_name, to_string, typeof
from runtime_core.js.values import UNDEFINED, BigInt, JsObject, JsSymbol, JsValue

_MAX_SHOWN: Final = 28  # characters of a text in a message; longer ones are cut to ...
_CUT: Final = 25


class CodedError(JsError):
    """An error with the property ``code``, which its text shows unless ``in_text`` is false."""

    __slots__ = ("_in_text",)

    def __init__(self, name: str, code: str, message: str, *, in_text: bool = True) -> None:
        super().__init__(name, message, stack=f"{name} [{code}]: {message}" if in_text else None)
        self.set("code", code)
        self._in_text = in_text

    def to_string(self) -> str:
        """``String(this)``."""
        if not self._in_text:
            return super().to_string()
        name, code = (to_string(self.get(key)) for key in ("name", "code"))
        return f"{name} [{code}]: {self.message}"


def throw_coded(name: str, code: str, message: str, *, in_text: bool = True) -> NoReturn:
    """Throw an error of a constructor name with a code."""
    raise JsThrow(CodedError(name, code, message, in_text=in_text))


def throw_missing(*arguments: str) -> NoReturn:
    """Throw the TypeError for arguments that were not given."""
    names = " and ".join(f'"{argument}"' for argument in arguments)
    what = "argument" if len(arguments) == 1 else "arguments"
    throw_coded("TypeError", "ERR_MISSING_ARGS", f"The {names} {what} must be specified")


def throw_argument(argument: str, expected: str, value: JsValue) -> NoReturn:
    """Throw the TypeError for an argument of a wrong type; ``expected`` is like "of type object"."""
    what = "property" if "." in argument else "argument"
    message = f'The "{argument}" {what} must be {expected}. Received {describe(value)}'
    throw_coded("TypeError", "ERR_INVALID_ARG_TYPE", message)


def throw_unconvertible(message: str) -> NoReturn:
    """Throw the TypeError for an argument that Web IDL cannot convert; its text does not name the code."""
    throw_coded("TypeError", "ERR_INVALID_ARG_TYPE", message, in_text=False)


def throw_out_of_range(argument: str, allowed: str, value: float) -> NoReturn:
    """Throw the RangeError for a number; ``allowed`` completes "It must be"."""
    message = f'The value of "{argument}" is out of range. It must be {allowed}. Received {to_string(value)}'
    throw_coded("RangeError", "ERR_OUT_OF_RANGE", message)


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
    return f"type {typeof(value)} ({_shown(value)})"


def _shown(value: JsValue) -> str:
    if isinstance(value, str):
        text = value if len(value) <= _MAX_SHOWN else f"{value[:_CUT]}..."
        return f"'{text}'" if "'" not in text else json.dumps(text, ensure_ascii=False)
    if isinstance(value, JsSymbol):
        return repr(value)
    return f"{to_string(value)}n" if isinstance(value, BigInt) else to_string(value)
