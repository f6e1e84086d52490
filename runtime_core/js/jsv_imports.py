"""Imports over plain JavaScript values: Jsv*, JsvArray*, JsvObject*, JsvFunction*, JsvMap*, JsvSet*, JsvPromise*."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from runtime_core.js.arrays import JsArray, check_length
from runtime_core.js.buffers import TypedArray, buffer_element
from runtime_core.js.control import JsThrow, PythonErrorSet
from runtime_core.js.errors import throw, throw_type_error
from runtime_core.js.functions import JsFunction
from runtime_core.js.iteration import collect
from runtime_core.js.maps import JsMap, JsSet, LiteralMap
from runtime_core.js.operators import (
    call_method,
    constructor_name,
    get_property,
    has_method,
    less_than,
    less_than_or_equal,
    strict_equals,
    to_boolean,
    to_display,
    to_integer,
    to_property_key,
    to_string,
    type_tag,
    typeof,
)
from runtime_core.js.promises import resolved_promise
from runtime_core.js.registry import ImportTable
from runtime_core.js.strings import read_utf8
from runtime_core.js.values import (
    ABSENT,
    ERROR,
    MAX_SAFE_INTEGER,
    UNDEFINED,
    BigInt,
    JsObject,
    JsSymbol,
    JsValue,
)
from schemas.errors import GuestFault

if TYPE_CHECKING:
    from runtime_core.js.host import JsHost


# ---- numbers


def number_to_int(js: JsHost, value: JsValue) -> int:
    """``value | 0``."""
    if isinstance(value, bool | int | float) and value == value and abs(value) < 2.0**1023:
        return int(value)
    return 0


def bigint_from_digits(js: JsHost, address: int, count: int) -> JsValue:
    """A bigint from little-endian two's complement words."""
    return BigInt(int.from_bytes(js.memory.read(address, 4 * (count & 0xFFFFFFFF)), "little", signed=True))


def bigint_to_number(js: JsHost, value: JsValue) -> JsValue:
    """A number where the bigint fits one exactly."""
    if isinstance(value, BigInt) and -MAX_SAFE_INTEGER < value < MAX_SAFE_INTEGER:
        return int(value)
    return value


def constructor_name_pointer(js: JsHost, value: JsValue) -> int:
    """``value.constructor.name`` as a C string that the caller frees."""
    return js.new_utf8(constructor_name(value))


# ---- arrays


def array_check(js: JsHost, value: JsValue) -> bool:
    """Whether Pyodide treats a value as an array."""
    return isinstance(value, JsArray | TypedArray)


def require_array(value: JsValue) -> JsArray:
    """The value as an array.

    Raises:
        JsThrow: it is none.
    """
    if not isinstance(value, JsArray):
        throw_type_error("value is not an Array")
    return value


def array_push(js: JsHost, array: JsValue, value: JsValue) -> int:
    """``array.push(value)``."""
    if not isinstance(array, JsArray):
        raise GuestFault("JsvArray_Push", expected="an Array", found=repr(array))
    array.items.append(value)
    return len(array.items)


def array_get(js: JsHost, array: JsValue, index: int) -> JsValue:
    """``array[index]``, or the sentinel where there is none."""
    if isinstance(array, JsArray):
        item = array.element(index)
        return ERROR if item is ABSENT else item
    if isinstance(array, TypedArray):
        item = buffer_element(array, index)
        return ERROR if item is ABSENT else item
    value = get_property(array, str(index))
    return ERROR if value is UNDEFINED else value


def array_set(js: JsHost, array: JsValue, index: int, value: JsValue) -> int:
    """``array[index] = value``."""
    if isinstance(array, JsArray):
        array.set_element(index, value)
    elif isinstance(array, JsObject):
        array.set(str(index), value)
    return 0


def array_delete(js: JsHost, array: JsValue, index: int) -> JsValue:
    """Remove and return an element."""
    items = require_array(array).items
    if not 0 <= index < len(items):
        return ERROR
    removed = items.pop(index)
    return UNDEFINED if removed is ABSENT else removed


def array_insert(js: JsHost, array: JsValue, index: int, value: JsValue) -> int:
    """Insert before an index."""
    items = require_array(array).items
    items.insert(index if index >= 0 else max(0, len(items) + index), value)
    return 0


def array_extend(js: JsHost, array: JsValue, values: JsValue) -> None:
    """Append the values of an iterable."""
    items = require_array(array).items
    items.extend(collect(values))
    check_length(len(items))


def array_copy(js: JsHost, array: JsValue) -> JsValue:
    """A shallow copy."""
    if isinstance(array, JsObject) and array.has("slice"):
        return call_method(array, "slice", ())
    return JsArray(collect(array))


def array_slice(js: JsHost, array: JsValue, length: int, start: int, stop: int, step: int) -> JsValue:
    """A Python slice of an array."""
    if step == 1 and has_method(array, "slice"):
        return call_method(array, "slice", (start, stop))
    if not 0 <= length <= to_integer(get_property(array, "length")):
        throw("RangeError", "the slice is longer than the array")
    check_length(length)  # an object may claim any length
    return JsArray(get_property(array, str(start + i * step)) for i in range(length))


def array_slice_assign(
    js: JsHost, array: JsValue, slice_length: int, start: int, _stop: int, step: int, count: int, values: int
) -> int:
    """Assign Python objects to a Python slice, or delete it when there are none."""
    items = require_array(array).items
    if not 0 <= slice_length <= len(items):
        throw("RangeError", "the slice is longer than the array")
    converted = []
    for pointer in js.memory.read_u32s(values, count) if values else ():
        value = js.guest.python2js(pointer)
        if value is ERROR:
            raise PythonErrorSet
        converted.append(value)
    if step == 1:
        items[start : start + slice_length] = converted
    elif values:
        for i in range(min(slice_length, len(converted))):
            array_set(js, array, start + i * step, converted[i])
    else:
        for i in sorted((start + i * step for i in range(slice_length)), reverse=True):
            del items[i]
    return 0


# ---- objects


def object_set(js: JsHost, target: JsValue, name: JsValue, value: JsValue) -> int:
    """``target[name] = value``."""
    if not isinstance(target, JsObject):
        throw_type_error("Cannot set properties of a value that is not an object")
    target.set(to_property_key(name), value)
    return 0


def object_entries(js: JsHost, target: JsValue) -> JsValue:
    """``Object.entries``."""
    return JsArray(JsArray((key, get_property(target, key))) for key in keys_of(target))


def keys_of(target: JsValue) -> list[str]:
    """``Object.keys``."""
    if isinstance(target, JsObject):
        return target.own_keys()
    if target is None or target is UNDEFINED:
        throw_type_error("Cannot convert undefined or null to object")
    return []


def object_to_string(js: JsHost, value: JsValue) -> JsValue:
    """``value.toString()``, whatever that gives; the built-in text where there is no such method."""
    if not isinstance(value, JsObject):
        return to_display(value) if isinstance(value, JsSymbol) else to_string(value)
    try:
        method = value.get("toString")
    except JsThrow:
        method = UNDEFINED
    return method.call(value, ()) if isinstance(method, JsFunction) else type_tag(value)


def call_named(js: JsHost, target: JsValue, method: JsValue, *args: JsValue) -> JsValue:
    """``target[method](...args)``."""
    return call_method(target, to_property_key(method), args)


def call_named_spread(js: JsHost, target: JsValue, method: JsValue, args: JsValue) -> JsValue:
    """``target[method](...args)`` with the arguments in an array."""
    return call_method(target, to_property_key(method), tuple(collect(args)))


# ---- functions


def require_function(value: JsValue) -> JsFunction:
    """The value as a function.

    Raises:
        JsThrow: it is none.
    """
    if not isinstance(value, JsFunction):
        throw_type_error(f"{to_display(value)} is not a function")
    return value


def call_bound(js: JsHost, function: JsValue, this: JsValue, args: JsValue) -> JsValue:
    """``function.apply(this, args)``."""
    values = args.items if isinstance(args, JsArray) else collect(args)
    return require_function(function).call(this, values)


def call_one(js: JsHost, function: JsValue, argument: JsValue) -> JsValue:
    """``function(argument)``."""
    return require_function(function).call(UNDEFINED, (argument,))


def construct(js: JsHost, function: JsValue, args: JsValue) -> JsValue:
    """``new function(...args)``."""
    return require_function(function).construct(tuple(collect(args)))


# ---- promises, maps, sets


def has_tag(value: JsValue, tag: str) -> bool:
    """Whether ``Object.prototype.toString`` shows a value as ``tag``."""
    return isinstance(value, JsObject) and type_tag(value) == f"[object {tag}]"


def promise_check(js: JsHost, value: JsValue) -> bool:
    """Whether a value has a ``then`` method."""
    return has_method(value, "then")


def map_set(js: JsHost, target: JsValue, key: JsValue, value: JsValue) -> int:
    """``map.set``."""
    if isinstance(target, JsMap):
        target.put(key, value)
    else:
        call_method(target, "set", (key, value))
    return 0


def set_add(js: JsHost, target: JsValue, value: JsValue) -> int:
    """``set.add``."""
    if isinstance(target, JsSet):
        target.add(value)
    else:
        call_method(target, "add", (value,))
    return 0


JSV_IMPORTS: Final = ImportTable(
    plain={
        "JsvNum_fromInt": lambda js, value: value,
        "JsvNum_fromDouble": lambda js, value: value,
        "JsvNum_toInt": number_to_int,
        "JsvBigInt_fromInt": lambda js, value: BigInt(value),
        "JsvBigInt_fromDigits": bigint_from_digits,
        "Jsv_BigIntToNum": bigint_to_number,
        "Jsv_to_bool": lambda js, value: to_boolean(value),
        "Jsv_typeof": lambda js, value: typeof(value),
        "JsvUTF8ToString": lambda js, address: read_utf8(js.memory, address),
        "JsvArray_New": lambda js: JsArray(),
        "JsvArray_Push": array_push,
        "JsvArray_Extend": array_extend,
        "JsvObject_New": lambda js: JsObject(),
    },
    pointer={"Jsv_constructorName": constructor_name_pointer},
    check={
        "JsvArray_Check": array_check,
        "JsvFunction_Check": lambda js, value: isinstance(value, JsFunction),
        "JsvPromise_Check": promise_check,
        "JsvGenerator_Check": lambda js, value: has_tag(value, "Generator"),
        "JsvAsyncGenerator_Check": lambda js, value: has_tag(value, "AsyncGenerator"),
        "Jsv_less_than": lambda js, left, right: less_than(left, right),
        "Jsv_less_than_equal": lambda js, left, right: less_than_or_equal(left, right),
        "Jsv_equal": lambda js, left, right: strict_equals(left, right),
        "Jsv_not_equal": lambda js, left, right: not strict_equals(left, right),
        "Jsv_greater_than": lambda js, left, right: less_than(right, left),
        "Jsv_greater_than_equal": lambda js, left, right: less_than_or_equal(right, left),
    },
    status={
        "JsvArray_Set": array_set,
        "JsvArray_Insert": array_insert,
        "JsvArray_slice_assign": array_slice_assign,
        "JsvObject_SetAttr": object_set,
        "JsvMap_Set": map_set,
        "JsvSet_Add": set_add,
    },
    value={
        "JsvArray_Get": array_get,
        "JsvArray_Delete": array_delete,
        "JsvArray_ShallowCopy": array_copy,
        "JsvArray_slice": array_slice,
        "JsvObject_Entries": object_entries,
        "JsvObject_Keys": lambda js, target: JsArray(keys_of(target)),
        "JsvObject_Values": lambda js, target: JsArray(get_property(target, key) for key in keys_of(target)),
        "JsvObject_toString": object_to_string,
        "JsvObject_CallMethod": call_named_spread,
        "JsvObject_CallMethod_NoArgs": call_named,
        "JsvObject_CallMethod_OneArg": call_named,
        "JsvObject_CallMethod_TwoArgs": call_named,
        "JsvFunction_CallBound": call_bound,
        "JsvFunction_Call_OneArg": call_one,
        "JsvFunction_Construct": construct,
        "JsvPromise_Resolve": lambda js, value: resolved_promise(js.loop, value),
        "JsvMap_New": lambda js: JsMap(),
        "JsvLiteralMap_New": lambda js: LiteralMap(),
        "JsvSet_New": lambda js: JsSet(),
    },
)
