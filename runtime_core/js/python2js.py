"""Imports behind python2js: strings, the conversion cache, dict converters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.js.arrays import JsArray
from runtime_core.js.errors import throw_type_error
from runtime_core.js.functions import JsFunction, NativeFunction
from runtime_core.js.intrinsics import object_from_entries
from runtime_core.js.iteration import iterate
from runtime_core.js.jsv_imports import require_array
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.operators import get_property, to_property_key
from runtime_core.js.pyproxy import PyProxy, new_proxy
from runtime_core.js.registry import ImportTable
from runtime_core.js.strings import read_latin1, read_utf16, read_utf32
from runtime_core.js.values import ABSENT, ERROR, NO_VALUE, UNDEFINED, JsObject, JsValue
from schemas.errors import GuestFault

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost


def _map(value: JsValue) -> JsMap:
    if not isinstance(value, JsMap):
        raise GuestFault("the conversion cache", expected="a Map", found=repr(value))
    return value


def cache_lookup(js: JsHost, cache: JsValue, pointer: int) -> JsValue:
    """What a Python object was converted to, or the sentinel."""
    found = _map(cache).find(pointer)
    return ERROR if found is ABSENT else found


def cache_add(js: JsHost, cache: JsValue, pointer: int, value: JsValue) -> int:
    """Remember what a Python object was converted to."""
    _map(cache).put(pointer, value)
    return 0


def postpone(js: JsHost, entries: JsValue, parent: JsValue, key: JsValue, pointer: int) -> None:
    """Note a reference to a container whose conversion is not finished (a cycle)."""
    require_array(entries).items.append(JsArray((parent, key, pointer)))


def finish_postponed(js: JsHost, entries: JsValue, cache: JsValue) -> None:
    """Fill in the references that were postponed."""
    for entry in iterate(entries):
        parent, key, pointer = require_array(entry).items
        found = _map(cache).find(pointer)
        value = UNDEFINED if found is ABSENT else found
        if isinstance(parent, JsMap):
            parent.put(key, value)
        elif isinstance(parent, JsObject):
            parent.set(to_property_key(key), value)


def object_set_new(js: JsHost, target: JsValue, key: JsValue, value: JsValue) -> int:
    """Set a property that must not exist yet; -2 where it does."""
    if not isinstance(target, JsObject):
        throw_type_error("value is not an object")
    name = to_property_key(key)
    if target.has(name):
        return -2
    target.set(name, value)
    return 0


def push_entry(js: JsHost, array: JsValue, key: JsValue, value: JsValue) -> int:
    """Append ``[key, value]``."""
    require_array(array).items.append(JsArray((key, value)))
    return 0


def convert_dict(js: JsHost, context: JsValue, entries: JsValue) -> JsValue:
    """Call the ``dict_converter`` of a conversion."""
    return _converter(context, "dict_converter").call(context, (entries,))


def create_context(
    js: JsHost, context: int, cache: JsValue, dict_converter: JsValue, default: JsValue, eager: JsValue
) -> JsValue:
    """The converters of one conversion, and the functions they are given."""
    result = JsObject()
    if dict_converter is not ERROR:
        result.set("dict_converter", dict_converter)
    if default is not ERROR:
        result.set("default_converter", default)
    if eager is not ERROR:
        result.set("eager_converter", eager)
        result.set("eager_visited", JsSet())

    def convert(value: JsValue) -> JsValue:
        if not isinstance(value, PyProxy):
            return value
        converted = js.guest._python2js(context, value.pointer)
        if converted is ERROR:
            js.throw_python_error()
        return converted

    result.set("converter", NativeFunction(convert, "converter"))
    result.set("cacheConversion", NativeFunction(lambda source, value: _remember(cache, source, value)))
    return result


def _converter(context: JsValue, name: str) -> JsFunction:
    function = get_property(context, name)
    if not isinstance(function, JsFunction):
        throw_type_error(f"jscontext.{name} is not a function")
    return function


def _remember(cache: JsValue, source: JsValue, value: JsValue) -> JsValue:
    if not isinstance(source, PyProxy):
        throw_type_error("The first argument to cacheConversion must be a PyProxy.")
    _map(cache).put(source.pointer, value)
    return UNDEFINED


def _call_converter(js: JsHost, context: JsValue, name: str, pointer: int) -> JsValue:
    proxy = new_proxy(js, pointer)
    helpers = (get_property(context, "converter"), get_property(context, "cacheConversion"))
    try:
        return _converter(context, name).call(context, (proxy, *helpers))
    finally:
        proxy.destroy()


def default_converter(js: JsHost, context: JsValue, pointer: int) -> JsValue:
    """Call the ``default_converter`` for an object."""
    return _call_converter(js, context, "default_converter", pointer)


def eager_converter(js: JsHost, context: JsValue, pointer: int) -> JsValue:
    """Call the ``eager_converter`` for an object, once per object."""
    visited = get_property(context, "eager_visited")
    if isinstance(visited, JsSet):
        if visited.contains(pointer):
            return NO_VALUE
        visited.add(pointer)
    return _call_converter(js, context, "eager_converter", pointer)


PYTHON2JS_IMPORTS: Final = ImportTable(
    plain={
        "_python2js_cache_lookup": cache_lookup,
        "_python2js_addto_postprocess_list": postpone,
        "_python2js_handle_postprocess_list": finish_postponed,
        "my_dict_converter": lambda js: object_from_entries(),
    },
    status={
        "_python2js_add_to_cache": cache_add,
        "_JsObject_Set_js": object_set_new,
        "_JsArray_PushEntry_helper": push_entry,
    },
    value={
        "_python2js_ascii": lambda js, address, length: read_latin1(js.memory, address, length),
        "_python2js_ucs1": lambda js, address, length: read_latin1(js.memory, address, length),
        "_python2js_ucs2": lambda js, address, length: read_utf16(js.memory, address, length),
        "_python2js_ucs4": lambda js, address, length: read_utf32(js.memory, address, length),
        "_JsArray_PostProcess_helper": convert_dict,
        "python2js_custom__create_jscontext": create_context,
        "python2js__default_converter_js": default_converter,
        "python2js__eager_converter_js": eager_converter,
    },
)
