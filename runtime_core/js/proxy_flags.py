"""What a proxy of a Python object offers, by the object's capabilities."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from runtime_core.js.values import UNDEFINED, JsValue


class ProxyFlag(IntFlag):
    """What a Python object supports; the bits that ``pyproxy_getflags`` of Pyodide's pyproxy.c returns."""

    HAS_LENGTH = 1 << 0
    HAS_GET = 1 << 1
    HAS_SET = 1 << 2
    HAS_CONTAINS = 1 << 3
    IS_ITERABLE = 1 << 4
    IS_ITERATOR = 1 << 5
    IS_AWAITABLE = 1 << 6
    IS_BUFFER = 1 << 7
    IS_CALLABLE = 1 << 8
    IS_ASYNC_ITERABLE = 1 << 9
    IS_ASYNC_ITERATOR = 1 << 10
    IS_GENERATOR = 1 << 11
    IS_ASYNC_GENERATOR = 1 << 12
    IS_SEQUENCE = 1 << 13
    IS_MUTABLE_SEQUENCE = 1 << 14
    IS_JSON_ADAPTOR_DICT = 1 << 15
    IS_JSON_ADAPTOR_SEQUENCE = 1 << 16
    IS_DICT = 1 << 17


@dataclass(frozen=True, kw_only=True, slots=True)
class ProxyProperties:
    """What may differ between aliases."""

    roundtrip: bool = False
    capture_this: bool = False
    is_bound: bool = False
    bound_this: JsValue = UNDEFINED
    bound_args: tuple[JsValue, ...] = ()


PLAIN: Final = ProxyProperties()

CALLABLE: Final = int(ProxyFlag.IS_CALLABLE)
ALL_FLAGS: Final = sum(ProxyFlag)
