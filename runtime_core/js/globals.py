"""``globalThis`` of one isolate: what ``import js`` offers. Members are made when they are first read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from runtime_core.js.abort import EVENT_MAKERS
from runtime_core.js.atomics import AtomicsNamespace
from runtime_core.js.console import make_console
from runtime_core.js.crypto import JsCrypto
from runtime_core.js.errors import throw_error
from runtime_core.js.functions import NativeFunction
from runtime_core.js.intrinsics import CONSTRUCTORS, constructor
from runtime_core.js.language_constructors import GLOBAL_FUNCTIONS, global_function
from runtime_core.js.namespaces import namespace
from runtime_core.js.performance import JsPerformance
from runtime_core.js.promise_constructor import promise_constructor
from runtime_core.js.timers import TIMER_MAKERS
from runtime_core.js.values import (
    ABSENT,
    UNDEFINED,
    JsObject,
    JsValue,
    PropertyKey,
)
from runtime_core.js.web import WEB_MAKERS

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost

_NO_ENGINE: Final = (
    "JavaScript source cannot be evaluated: this runtime has no JavaScript engine. Use Python, or a module of the host."
)


class LazyObject(JsObject):
    """An object whose built-in members come from makers; a member exists once it was read."""

    __slots__ = ("_host", "_makers")

    def __init__(self, host: JsHost, makers: Mapping[str, Callable[[JsHost], JsValue]]) -> None:
        super().__init__({})
        self._host = host
        self._makers = makers

    def get_own(self, key: PropertyKey) -> JsValue:
        """The own property, or ABSENT."""
        value = super().get_own(key)
        maker = self._makers.get(key) if value is ABSENT and isinstance(key, str) else None
        if maker is not None:
            value = maker(self._host)
            self.define(key, value)
        return ABSENT if value is _DELETED else value

    def delete(self, key: PropertyKey) -> None:
        """``delete this[key]``."""
        if key in self._makers:
            self.define(key, _DELETED)
        else:
            super().delete(key)

    def own_keys(self) -> list[str]:
        """The names of own enumerable properties, in an order that does not tell which were read."""
        own = self.own or {}
        added = (key for key in own if isinstance(key, str) and key not in self._makers)
        return [*(key for key in self._makers if own.get(key) is not _DELETED), *added]

    def changed_members(self) -> list[str]:
        """Names of members that are not, or no longer, what the makers make."""
        changed = []
        for key, value in (self.own or {}).items():
            maker = self._makers.get(key) if isinstance(key, str) else None
            if maker is None or not _same_shape(value, maker(self._host)):
                changed.append(str(key))
        return changed


class GlobalObject(LazyObject):
    """``globalThis``."""

    __slots__ = ()

    type_tag: ClassVar[str] = "global"


def _same_shape(value: JsValue, fresh: JsValue) -> bool:
    """Whether a member still has the type and the properties it was made with."""
    if isinstance(value, JsObject) and isinstance(fresh, JsObject):
        return value is fresh or (type(value) is type(fresh) and value.own_names() == fresh.own_names())
    return type(value) is type(fresh)


class _Deleted:
    __slots__ = ()


_DELETED: Final = _Deleted()


def _eval(host: JsHost) -> JsValue:
    def evaluate(source: JsValue) -> JsValue:
        if isinstance(source, str):
            throw_error(_NO_ENGINE)
        return source

    return NativeFunction(evaluate, "eval")


def _builtin(name: str) -> Callable[[JsHost], JsValue]:
    return lambda host: constructor(name)


def _namespace(name: str) -> Callable[[JsHost], JsValue]:
    return lambda host: namespace(name)


def _function(name: str) -> Callable[[JsHost], JsValue]:
    return lambda host: global_function(name)


GLOBAL_MAKERS: Final[Mapping[str, Callable[[JsHost], JsValue]]] = {
    **EVENT_MAKERS,
    **TIMER_MAKERS,
    **{name: _builtin(name) for name in CONSTRUCTORS},
    **WEB_MAKERS,
    **{name: _function(name) for name in GLOBAL_FUNCTIONS},
    **{name: _namespace(name) for name in ("JSON", "Math", "Reflect")},
    "Atomics": lambda host: AtomicsNamespace(),
    "Infinity": lambda host: math.inf,
    "NaN": lambda host: math.nan,
    "Promise": lambda host: promise_constructor(host.loop),
    "console": make_console,
    "crypto": JsCrypto,
    "eval": _eval,
    "globalThis": lambda host: host.globals,
    "performance": JsPerformance,
    "undefined": lambda host: UNDEFINED,
}
