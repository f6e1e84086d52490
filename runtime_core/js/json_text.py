"""``JSON.parse`` and ``JSON.stringify``."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from runtime_core.js.arrays import JsArray
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import to_string
from runtime_core.js.pyproxy import PyProxy
from runtime_core.js.values import UNDEFINED, BigInt, JsObject, JsValue, join_surrogates, number_from_int


def parse(text: JsValue) -> JsValue:
    """Parse JSON text into arrays, objects and primitives."""
    try:
        return _from_python(json.loads(to_string(text), parse_constant=_refuse, parse_int=_number))
    except ValueError as error:
        throw("SyntaxError", f"JSON.parse: {error}")


def _number(digits: str) -> float:
    value = number_from_int(int(digits)) if len(digits) < 4000 else math.inf
    return float(value) if isinstance(value, BigInt) else value  # type: ignore[return-value]  # an int or a float


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"Unexpected token {name}")


def _from_python(value: object) -> JsValue:
    if isinstance(value, dict):
        return JsObject({key: _from_python(item) for key, item in value.items()})
    if isinstance(value, list):
        return JsArray(_from_python(item) for item in value)
    return join_surrogates(value) if isinstance(value, str) else value


def stringify(value: JsValue, _replacer: JsValue, space: JsValue) -> JsValue:
    """JSON text of a value, or undefined for what JSON cannot say."""
    converted = _to_python(value, [])
    if converted is UNDEFINED:
        return UNDEFINED
    indent = (
        to_string(space) if isinstance(space, str) else min(space, 10) if isinstance(space, int) and space else None
    )
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(converted, ensure_ascii=False, indent=indent, separators=separators)


def _to_python(value: JsValue, active: list[JsValue]) -> object:
    if isinstance(value, BigInt):
        throw_type_error("Do not know how to serialize a BigInt")
    if isinstance(value, float):
        return (int(value) if value.is_integer() else value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if not isinstance(value, JsObject) or isinstance(value, JsFunction):
        return UNDEFINED
    if any(item is value for item in active):
        throw_type_error("Converting circular structure to JSON")
    active.append(value)
    try:
        return _container(value, active)
    finally:
        active.pop()


def _container(value: JsObject, active: list[JsValue]) -> object:
    if isinstance(value, PyProxy):
        return _to_python(value.to_js(), active)
    to_json = value.get("toJSON")
    if isinstance(to_json, JsFunction):
        return _to_python(to_json.call(value, ()), active)
    if isinstance(value, JsArray):
        items = [_to_python(item, active) for item in value.iterate()]
        return [None if item is UNDEFINED else item for item in items]
    members = ((key, _to_python(value.get(key), active)) for key in value.own_keys())
    return {key: item for key, item in members if item is not UNDEFINED}
