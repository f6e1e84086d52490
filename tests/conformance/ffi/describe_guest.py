"""Run a case in the guest and describe what came of it. Both runtimes load this same source into ``__main__``."""

import asyncio
import json
import re
import sys
import types

from pyodide import ffi
from pyodide.code import eval_code_async

_MAX_PARTS = 400
_MAX_LEVEL = 12
_PROXY_KINDS = [
    (name, getattr(ffi, name))
    for name in (
        "JsArray",
        "JsAsyncGenerator",
        "JsAsyncIterable",
        "JsAsyncIterator",
        "JsBuffer",
        "JsCallable",
        "JsCallableDoubleProxy",
        "JsDoubleProxy",
        "JsException",
        "JsGenerator",
        "JsIterable",
        "JsIterator",
        "JsMap",
        "JsMutableMap",
        "JsPromise",
        "JsTypedArray",
    )
    if hasattr(ffi, name)
]
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), type(ffi.jsnull), range, slice)
_values = []


def _scrub(text):
    """Text without addresses."""
    return re.sub(r"0x[0-9a-f]{4,}", "0x...", str(text))


def _attempt(function):
    try:
        return function()
    except Exception as error:
        return f"!{type(error).__name__}: {_scrub(error)}"


def _type_name(kind):
    return (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )


class _Describer:
    def __init__(self):
        self.seen = {}

    def describe(self, value, level=0):
        kind = type(value)
        if kind in _PLAIN:
            return repr(value)
        if isinstance(value, ffi.JsProxy) and not isinstance(value, BaseException):
            return self._proxy(value, level)
        if isinstance(value, BaseException):
            return self.exception(value, level)
        if kind in (list, tuple, set, frozenset, dict):
            return self._once(id(value), lambda: self._container(value, level), level)
        if isinstance(value, (int, float, str, bytes, bytearray)):
            return f"{_type_name(kind)} {_scrub(repr(value))}"
        if isinstance(value, type):
            return f"class {_type_name(value)}"
        if isinstance(value, memoryview):
            data = _attempt(lambda: value.tobytes()[:_MAX_PARTS])
            return f"memoryview {value.format} {value.shape} readonly={value.readonly} {data!r}"
        if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
            return f"{kind.__name__} {value.__qualname__}"
        if isinstance(value, types.CoroutineType):
            value.close()
        return f"{_type_name(kind)}: {_attempt(lambda: _scrub(repr(value)))}"

    def _once(self, key, describe, level):
        if key in self.seen:
            return f"<#{self.seen[key]}>"
        if level > _MAX_LEVEL:
            return "<deep>"
        self.seen[key] = len(self.seen)
        return describe()

    def _parts(self, values, level):
        parts = []
        for value in values:
            if len(parts) == _MAX_PARTS:
                parts.append("<more>")
                break
            parts.append(self.describe(value, level + 1))
        return parts

    def _container(self, value, level):
        if isinstance(value, dict):
            pairs = zip(self._parts(value, level), self._parts(value.values(), level), strict=True)
            return "{" + ", ".join(f"{key}: {item}" for key, item in pairs) + "}"
        parts = self._parts(value, level)
        if isinstance(value, (set, frozenset)):
            return f"{type(value).__name__}({', '.join(sorted(parts))})"
        text = ", ".join(parts)
        return f"[{text}]" if isinstance(value, list) else f"({text},)"

    def _proxy(self, value, level):
        key = _attempt(lambda: ("js", value.js_id))
        return self._once(key, lambda: self._proxy_text(value, level), level)

    def _proxy_text(self, value, level):
        typeof = _attempt(lambda: value.typeof)
        name = _attempt(lambda: value.constructor.name)
        flags = [flag for flag, kind in _PROXY_KINDS if isinstance(value, kind)]
        text = f"JsProxy {typeof} {name}"
        if typeof == "function":
            text += f" {_attempt(lambda: value.name)}"
        else:
            text += f" {_attempt(lambda: _scrub(value))!r}"
        if flags:
            text += f" [{' '.join(flags)}]"
        contents = _attempt(lambda: self._contents(value, name, flags, level))
        return f"<{text}{' ' if contents else ''}{contents}>"

    def _contents(self, value, name, flags, level):
        if "JsDoubleProxy" in flags:
            return self.describe(value.unwrap(), level + 1)
        if "JsArray" in flags or "JsTypedArray" in flags:
            return f"[{', '.join(self._parts(value, level))}]"
        if name in ("Map", "LiteralMap"):
            pairs = [(key, value[key]) for key in list(value)[:_MAX_PARTS]]
            return (
                "{"
                + ", ".join(f"{self.describe(k, level + 1)} => {self.describe(v, level + 1)}" for k, v in pairs)
                + "}"
            )
        if name == "Set":
            return f"({', '.join(self._parts(list(value), level))})"
        if value.typeof == "object" and "JsPromise" not in flags and "JsBuffer" not in flags:
            pairs = list(value.object_entries())[:_MAX_PARTS]
            return "{" + ", ".join(f"{pair[0]}: {self.describe(pair[1], level + 1)}" for pair in pairs) + "}"
        return ""

    def exception(self, error, level=0):
        if level > _MAX_LEVEL:
            return "<deep>"
        text = f"{_type_name(type(error))}: {_attempt(lambda: _scrub(error))}"
        if isinstance(error, ffi.JsException):
            name, message = _attempt(lambda: error.name), _attempt(lambda: error.message)
            text += f" <name={_scrub(name)!r} message={_scrub(message)!r}>"
        if isinstance(error, BaseExceptionGroup):
            text += " [" + ", ".join(self.exception(each, level + 1) for each in error.exceptions) + "]"
        if error.__cause__ is not None:
            text += f" <cause={self.exception(error.__cause__, level + 1)}>"
        if getattr(error, "__notes__", None):
            text += f" <notes={error.__notes__!r}>"
        return text


async def run_case(source):
    """The outcome of a case as JSON text; its value stays for :func:`take_value`."""
    sys.modules.pop("fixtures", None)
    _values.clear()
    outcome = {}
    try:
        value = await eval_code_async(source, {"__name__": "__main__"}, filename="<case>")
        _values.append(value)
        outcome["value"] = _Describer().describe(value)
    except BaseException as error:
        outcome["exception"] = _Describer().exception(error)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    sys.stdout.flush()
    sys.stderr.flush()
    return json.dumps(outcome)


def take_value():
    """The value of the last case."""
    return _values.pop() if _values else None
