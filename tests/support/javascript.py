"""Operators of JavaScript that no code of the runtime needs."""

from __future__ import annotations

from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.operators import to_boolean
from runtime_core.js.values import SYMBOL_HAS_INSTANCE, JsObject, JsValue, prototype_chain


def instance_of(value: JsValue, constructor: JsValue) -> bool:
    """``value instanceof constructor``.

    Raises:
        JsThrow: a TypeError where the right side is no constructor.
    """
    if not isinstance(constructor, JsObject):
        throw_type_error("Right-hand side of 'instanceof' is not an object")
    check = constructor.get(SYMBOL_HAS_INSTANCE)
    if isinstance(check, JsFunction):
        return to_boolean(check.call(constructor, (value,)))
    if not isinstance(constructor, JsFunction):
        throw_type_error("Right-hand side of 'instanceof' is not callable")
    prototype = constructor.get("prototype")
    if not isinstance(prototype, JsObject):
        if isinstance(value, JsObject):
            throw_type_error("Function has non-object prototype 'undefined' in instanceof check")
        return False
    return any(found is prototype for found in prototype_chain(value))
