"""Every function of the language on objects, and with arguments, that it was not made for: the isolate survives."""

from __future__ import annotations

from typing import Final

import pytest

from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot

_SOURCE: Final = """
import js
from js import Reflect
from pyodide.ffi import JsProxy, to_js

LEFT_OUT = {"eval", "fetch", "global", "globalThis", "queueMicrotask", "self"}
LEFT_OUT |= {"setImmediate", "setInterval", "setTimeout"}
receivers = [5, js.Object.new(), to_js([1, 2, 3]), js.Map.prototype]

def functions(target):
    for key in Reflect.ownKeys(target):
        if key not in ("prototype", "constructor"):
            found = Reflect.getOwnPropertyDescriptor(target, key)
            for side in ("value", "get", "set"):
                function = getattr(found, side, None)
                if isinstance(function, JsProxy) and function.typeof == "function":
                    yield str(key), function

def abuse(target):
    calls = 0
    for name, function in functions(target):
        for this in receivers:
            for arguments in ([], [5], [this, this, this], ["x", -1, 2**31]):
                try:
                    Reflect.apply(function, this, to_js(arguments))
                except Exception:
                    pass
                calls += 1
    return calls

def targets():
    for name in js.Object.getOwnPropertyNames(js.globalThis):
        value = None if name in LEFT_OUT else getattr(js, name, None)
        if isinstance(value, JsProxy):
            yield name, value
            prototype = Reflect.get(value, "prototype")
            if isinstance(prototype, JsProxy):
                yield f"{name}.prototype", prototype

found = dict(targets())
list(found)
"""


def test_functions_of_the_language_survive_any_receiver() -> None:
    guest = FfiGuest()
    try:
        names = guest.run(_SOURCE)
        assert isinstance(names, list)
        assert {"Array.prototype", "Map.prototype", "Object.prototype", "Reflect"} <= set(names)
        calls = guest.run("sum(abuse(target) for target in found.values())")
        assert isinstance(calls, int)
        assert calls > 5000
    finally:
        guest.close()
