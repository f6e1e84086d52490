"""JavaScript's error objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, NoReturn

from runtime_core.js.control import JsThrow
from runtime_core.js.values import JsObject, JsValue, PropertyKey

ERROR_NAMES: Final = ("Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError")


class JsError(JsObject):
    """An instance of Error or of one of its subclasses; ``name`` selects which."""

    __slots__ = ("error_name",)

    type_tag: ClassVar[str] = "Error"

    def __init__(self, name: str, message: str, stack: str | None = None) -> None:
        super().__init__({"message": message, "stack": f"{name}: {message}" if stack is None else stack})
        self.error_name = name
        if name not in ERROR_NAMES:
            self.set("name", name)

    def constructor_name(self) -> str:
        """The name of the constructor that this object reports."""
        return self.error_name if self.error_name in ERROR_NAMES else "Error"

    @property
    def message(self) -> str:
        """The ``message`` property as text."""
        message = self.get("message")
        return message if isinstance(message, str) else ""

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return [key for key in super().own_keys() if key not in ("message", "stack")]

    def own_names(self) -> list[str]:
        """All own names."""
        return super().own_keys()

    def to_string(self) -> str:
        """``String(this)``."""
        name = self.get("name")
        shown = name if isinstance(name, str) else self.error_name
        return f"{shown}: {self.message}" if self.message else shown

    def __repr__(self) -> str:
        return self.to_string()

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"name": lambda self: self.error_name}


class JsPythonError(JsError):
    """Pyodide's ``PythonError``: a Python exception that reached JavaScript.

    ``address`` is the exception object in the guest, without a reference to it: it is compared with
    ``sys.last_exc`` and never read.
    """

    __slots__ = ("address", "type_name")

    def __init__(self, type_name: str, message: str, address: int) -> None:
        super().__init__("PythonError", message)
        self.set("type", type_name)
        self.type_name = type_name
        self.address = address

    def constructor_name(self) -> str:
        """The name of the constructor that this object reports."""
        return "PythonError"


def throw(name: str, message: str) -> NoReturn:
    """Throw a JavaScript error of the given constructor name."""
    raise JsThrow(JsError(name, message))


def throw_type_error(message: str) -> NoReturn:
    """Throw a TypeError."""
    throw("TypeError", message)


def throw_error(message: str) -> NoReturn:
    """Throw an Error."""
    throw("Error", message)
