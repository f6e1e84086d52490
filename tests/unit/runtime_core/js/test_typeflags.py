"""Which Python protocols a JavaScript value offers."""

from __future__ import annotations

import pytest

from runtime_core.js.arrays import JsArray
from runtime_core.js.buffers import construct_typed_array, new_array_buffer
from runtime_core.js.dataview import new_data_view
from runtime_core.js.errors import JsError
from runtime_core.js.eventloop import EventLoop
from runtime_core.js.functions import NativeFunction
from runtime_core.js.iteration import JsIterator
from runtime_core.js.maps import JsMap, JsSet
from runtime_core.js.promises import JsPromise
from runtime_core.js.typeflags import TypeFlag, compute_type_flags
from runtime_core.js.values import SYMBOL_ASYNC_ITERATOR, SYMBOL_TO_STRING_TAG, UNDEFINED, JsObject

FUNCTION = NativeFunction(lambda: UNDEFINED)
F = TypeFlag


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        (JsObject(), F(0)),
        (FUNCTION, F.IS_CALLABLE),
        (JsArray(), F.IS_ARRAY | F.HAS_LENGTH | F.IS_ITERABLE | F.HAS_INCLUDES),
        (JsMap(), F.IS_ITERABLE | F.HAS_LENGTH | F.HAS_GET | F.HAS_SET | F.HAS_HAS),
        (JsSet(), F.IS_ITERABLE | F.HAS_LENGTH | F.HAS_HAS),
        (JsIterator([]), F.IS_ITERABLE | F.IS_ITERATOR | F.HAS_DISPOSE),
        (JsObject({"next": FUNCTION}), F.IS_ITERATOR | F.IS_ASYNC_ITERATOR),
        (JsObject({"next": FUNCTION, SYMBOL_ASYNC_ITERATOR: FUNCTION}), F.IS_ASYNC_ITERABLE | F.IS_ASYNC_ITERATOR),
        (JsPromise(EventLoop()), F.IS_AWAITABLE),
        (JsObject({"length": 1}), F.HAS_LENGTH),
        (JsError("TypeError", "m"), F.IS_ERROR),
        (JsObject({"name": "n", "message": "m", "stack": ""}), F.IS_ERROR),
        (JsObject({SYMBOL_TO_STRING_TAG: "Generator"}), F.IS_GENERATOR),
        (new_array_buffer(1), F.IS_BUFFER),
        (new_data_view(new_array_buffer(1)), F.IS_BUFFER),
        (
            construct_typed_array("Uint8Array", 1, UNDEFINED, UNDEFINED),
            F.IS_BUFFER | F.IS_TYPEDARRAY | F.IS_ITERABLE | F.HAS_LENGTH | F.HAS_SET | F.HAS_INCLUDES,
        ),
    ],
)
def test_flags(value: object, flags: TypeFlag) -> None:
    for _ in range(2):  # the second time from the classes seen before
        assert TypeFlag(compute_type_flags(value, is_json=False)) == flags


def test_a_property_of_its_own_changes_a_values_flags() -> None:
    compute_type_flags(JsArray(), is_json=False)
    array = JsArray()
    array.set("then", FUNCTION)
    assert compute_type_flags(array, is_json=False) & F.IS_AWAITABLE


@pytest.mark.parametrize(
    ("value", "flag"), [(JsObject({"a": 1}), F.IS_PY_JSON_DICT), (JsArray([1]), F.IS_PY_JSON_SEQUENCE)]
)
def test_json_proxies_are_dicts_and_sequences(value: object, flag: TypeFlag) -> None:
    assert compute_type_flags(value, is_json=True) & flag
