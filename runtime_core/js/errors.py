"""JavaScript's error objects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, NoReturn

from runtime_core.js.control import JsThrow
from runtime_core.js.values import ABSENT, JsObject, JsValue, PropertyKey

ERROR_NAMES: Final = ("Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError")
_OWN_CLASSES: Final = frozenset((*ERROR_NAMES, "AggregateError"))
_HIDDEN: Final = ("stack", "message", "cause", "errors")
"""Own properties that constructors make and that enumeration leaves out."""


class JsError(JsObject):
    """An instance of Error or of one of its subclasses; ``name`` selects which.

    ``message`` None gives an error without a message of its own, which reads as the empty string.
    """

    __slots__ = ("error_name",)

    class_name: ClassVar[str] = "Error"
    type_tag: ClassVar[str] = "Error"

    def __init__(
        self, name: str, message: str | None = None, stack: str | None = None, *, cause: JsValue = ABSENT
    ) -> None:
        shown = f"{name}: {message}" if message else name
        super().__init__({"stack": shown if stack is None else stack})
        self.error_name = name
        if message is not None:
            self.define("message", message)
        if cause is not ABSENT:
            self.define("cause", cause)
        if name not in _OWN_CLASSES:
            self.define("name", name)

    def constructor_name(self) -> str:
        """The name of the constructor that this object reports."""
        return self.error_name if self.error_name in _OWN_CLASSES else "Error"

    @property
    def message(self) -> str:
        """The ``message`` property as text."""
        message = self.get("message")
        return message if isinstance(message, str) else ""

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties."""
        return [key for key in super().own_keys() if key not in _HIDDEN]

    def own_names(self) -> list[str]:
        """All own names."""
        return super().own_keys()

    def to_string(self) -> str:
        """``String(this)``."""
        name = self.get("name")
        shown = name if isinstance(name, str) else self.error_name
        if not shown:
            return self.message
        return f"{shown}: {self.message}" if self.message else shown

    def __repr__(self) -> str:
        return self.to_string()

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "name": lambda self: self.error_name,
        "message": lambda self: "",
    }
    METHODS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {"toString": lambda self: self.to_string()}
    WRITABLE: ClassVar[frozenset[PropertyKey]] = frozenset({"name", "message"})


def aggregate_error(errors: JsValue, message: str | None = None, *, cause: JsValue = ABSENT) -> JsError:
    """An AggregateError; ``errors`` is the array of what went wrong."""
    error = JsError("AggregateError", message, cause=cause)
    error.define("errors", errors)
    return error


DOM_EXCEPTION_CODES: Final[Mapping[str, int]] = {
    "INDEX_SIZE_ERR": 1,
    "DOMSTRING_SIZE_ERR": 2,
    "HIERARCHY_REQUEST_ERR": 3,
    "WRONG_DOCUMENT_ERR": 4,
    "INVALID_CHARACTER_ERR": 5,
    "NO_DATA_ALLOWED_ERR": 6,
    "NO_MODIFICATION_ALLOWED_ERR": 7,
    "NOT_FOUND_ERR": 8,
    "NOT_SUPPORTED_ERR": 9,
    "INUSE_ATTRIBUTE_ERR": 10,
    "INVALID_STATE_ERR": 11,
    "SYNTAX_ERR": 12,
    "INVALID_MODIFICATION_ERR": 13,
    "NAMESPACE_ERR": 14,
    "INVALID_ACCESS_ERR": 15,
    "VALIDATION_ERR": 16,
    "TYPE_MISMATCH_ERR": 17,
    "SECURITY_ERR": 18,
    "NETWORK_ERR": 19,
    "ABORT_ERR": 20,
    "URL_MISMATCH_ERR": 21,
    "QUOTA_EXCEEDED_ERR": 22,
    "TIMEOUT_ERR": 23,
    "INVALID_NODE_TYPE_ERR": 24,
    "DATA_CLONE_ERR": 25,
}
"""The legacy constants of DOMException and their codes (Web IDL, section 2.8.1)."""
_CODES_BY_NAME: Final[Mapping[str, int]] = {
    "IndexSizeError": 1,
    "HierarchyRequestError": 3,
    "WrongDocumentError": 4,
    "InvalidCharacterError": 5,
    "NoModificationAllowedError": 7,
    "NotFoundError": 8,
    "NotSupportedError": 9,
    "InUseAttributeError": 10,
    "InvalidStateError": 11,
    "SyntaxError": 12,
    "InvalidModificationError": 13,
    "NamespaceError": 14,
    "InvalidAccessError": 15,
    "TypeMismatchError": 17,
    "SecurityError": 18,
    "NetworkError": 19,
    "AbortError": 20,
    "URLMismatchError": 21,
    "QuotaExceededError": 22,
    "TimeoutError": 23,
    "InvalidNodeTypeError": 24,
    "DataCloneError": 25,
}


class DomError(JsError):
    """A DOMException: ``name`` says what went wrong, ``code`` is its legacy number."""

    __slots__ = ("text",)

    class_name: ClassVar[str] = "DOMException"
    type_tag: ClassVar[str] = "DOMException"

    def __init__(self, message: str = "", name: str = "Error", *, cause: JsValue = ABSENT) -> None:
        super().__init__("Error", None, stack=f"{name}: {message}" if message else name, cause=cause)
        self.error_name = name
        self.text = message

    def constructor_name(self) -> str:
        """The name of the constructor that this object reports."""
        return "DOMException"

    GETTERS: ClassVar[Mapping[PropertyKey, Callable[..., JsValue]]] = {
        "code": lambda self: _CODES_BY_NAME.get(self.error_name, 0),
        "message": lambda self: self.text,
        "name": lambda self: self.error_name,
        **{name: lambda self, code=code: code for name, code in DOM_EXCEPTION_CODES.items()},
    }


class JsPythonError(JsError):
    """Pyodide's ``PythonError``: a Python exception that reached JavaScript.

    ``address`` is the exception object in the guest, without a reference to it: it is compared with
    ``sys.last_exc`` and never read.
    """

    __slots__ = ("address", "type_name")

    def __init__(self, type_name: str, message: str, address: int) -> None:
        super().__init__("PythonError", message)
        self.delete("name")  # it is the class's
        self.define("type", type_name)
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
