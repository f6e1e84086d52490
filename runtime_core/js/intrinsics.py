"""Constructors and functions of the language that have no state: immutable, made on demand, shared by all isolates."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from runtime_core.js.buffer_constructors import BUFFER_CONSTRUCTORS, UNNAMED_CONSTRUCTORS
from runtime_core.js.clone import structured_clone
from runtime_core.js.collection_constructors import COLLECTION_CONSTRUCTORS
from runtime_core.js.crypto import CRYPTO_CONSTRUCTORS
from runtime_core.js.error_constructors import ERROR_CONSTRUCTORS
from runtime_core.js.errors import throw_error, throw_type_error
from runtime_core.js.functions import BuiltinFunction, JsFunction, with_length
from runtime_core.js.language_constructors import LANGUAGE_CONSTRUCTORS
from runtime_core.js.object_statics import make_object
from runtime_core.js.performance import PERFORMANCE_CONSTRUCTORS
from runtime_core.js.text import TEXT_BUILTINS
from runtime_core.js.values import JsValue


def constructor(name: str) -> JsValue:
    """The constructor function of a class of objects, by name."""
    return _constructor(name) if name in CONSTRUCTORS or name in UNNAMED_CONSTRUCTORS else _opaque(name)


@lru_cache(maxsize=128)
def _constructor(name: str) -> BuiltinFunction:
    return (CONSTRUCTORS.get(name) or UNNAMED_CONSTRUCTORS[name])()


@lru_cache(maxsize=128)
def _opaque(name: str) -> BuiltinFunction:
    """The constructor of a class that scripts cannot construct, only name."""

    def call() -> JsValue:
        throw_type_error(f"{name} is not a constructor")

    return BuiltinFunction(call, name)


def object_from_entries() -> JsValue:
    """``Object.fromEntries``."""
    return _constructor("Object").get("fromEntries")


def _no_function(*_source: JsValue) -> JsValue:
    throw_error("Function: this runtime has no JavaScript engine that could evaluate source")


def _make_function() -> BuiltinFunction:
    return BuiltinFunction(with_length(1, _no_function), "Function", constructor=_no_function, instances=JsFunction)


CONSTRUCTORS: Final[dict[str, Callable[[], BuiltinFunction]]] = {
    "Function": _make_function,
    "Object": make_object,
    **BUFFER_CONSTRUCTORS,
    **TEXT_BUILTINS,
    **CRYPTO_CONSTRUCTORS,
    **PERFORMANCE_CONSTRUCTORS,
    "structuredClone": lambda: BuiltinFunction(structured_clone, "structuredClone"),
    **COLLECTION_CONSTRUCTORS,
    **ERROR_CONSTRUCTORS,
    **LANGUAGE_CONSTRUCTORS,
}
"""Constructors by name, each made when it is first used."""
