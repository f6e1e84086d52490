"""Whatever a guest gives to the functions of the language's library: they return, or throw as JavaScript does."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.intrinsics import constructor
from runtime_core.js.language_constructors import GLOBAL_FUNCTIONS, global_function
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.namespaces import namespace
from runtime_core.js.values import ABSENT, SYMBOL_ITERATOR, UNDEFINED, BigInt, JsObject, JsValue

CLASSES = (
    "Array",
    "BigInt",
    "Boolean",
    "Date",
    "FinalizationRegistry",
    "Function",
    "Iterator",
    "Map",
    "Number",
    "Object",
    "Proxy",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "URL",
    "URLSearchParams",
    "WeakMap",
    "WeakRef",
    "WeakSet",
)
VALUES: tuple[Callable[[], JsValue], ...] = (
    *(lambda value=value: value for value in (UNDEFINED, None, True, 0, -0.0, 1.5, math.nan, math.inf, -math.inf, -7)),
    *(lambda value=value: value for value in (2**53 - 1, 1e308, BigInt(2**70), "", "abc", "\ud800😀", "12", "(a)|b")),
    lambda: SYMBOL_ITERATOR,
    JsObject,
    lambda: JsArray([1, ABSENT, "x"]),
    lambda: JsMap([("a", 1)]),
    lambda: JsSet([1]),
    lambda: NativeFunction(lambda *args: args[0] if args else UNDEFINED),
    lambda: JsObject({"length": 3, "0": "a", "get": NativeFunction(lambda *args: 1)}),
)


def _function(value: JsValue) -> JsFunction:
    assert isinstance(value, JsFunction)
    return value


def _functions() -> list[tuple[str, JsFunction]]:
    owners: list[tuple[str, JsValue]] = [(name, constructor(name)) for name in CLASSES]
    owners += [(f"{name}.prototype", _function(owner).get("prototype")) for name, owner in owners]
    owners += [(name, namespace(name)) for name in ("JSON", "Math", "Reflect")]
    found: list[tuple[str, JsFunction]] = [(name, global_function(name)) for name in GLOBAL_FUNCTIONS]
    found += [(name, _function(constructor(name))) for name in CLASSES]
    for name, owner in owners:
        if isinstance(owner, JsObject):
            members = ((key, owner.get_own(key)) for key in owner.own_property_keys() if key != "fromAsync")
            found += [(f"{name}.{key!s}", member) for key, member in members if isinstance(member, JsFunction)]
    return found


@pytest.mark.parametrize("seed", range(4))
def test_arguments_of_any_kind_give_a_value_or_a_javascript_error(seed: int) -> None:
    chance = random.Random(seed)
    functions = _functions()
    values = (*VALUES, *(lambda name=name: constructor(name) for name in CLASSES))
    for _ in range(8000):
        name, function = chance.choice(functions)
        args = [chance.choice(values)() for _ in range(chance.randrange(4))]
        this = chance.choice(values)()
        try:
            owner = constructor(name.partition(".")[0])
            if ".prototype" in name and chance.random() < 0.8:
                this = _function(owner).construct(args[:1])
            if chance.random() < 0.2:
                function.construct(args)
            else:
                function.call(this, args)
        except (JsThrow, RecursionError):  # the import layer makes a RangeError of the latter
            continue
