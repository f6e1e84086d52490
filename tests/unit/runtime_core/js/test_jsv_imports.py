"""Imports over plain JavaScript values, with arguments that only a hostile guest passes."""

from __future__ import annotations

from typing import Any, Final

import pytest

from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.jsv_imports import array_slice, array_slice_assign
from runtime_core.js.values import JsObject

JS: Final[Any] = None  # the imports under test do not touch the isolate


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        (1 << 30, "an object claims any length: the host would make as many elements"),
        (-1, "no slice has a negative length"),
        ((1 << 31) - 1, "longer than the object says"),
    ],
)
def test_a_slice_is_bounded(length: int, reason: str) -> None:
    source = JsObject({"length": (1 << 31) - 2})
    with pytest.raises(JsThrow) as caught:
        array_slice(JS, source, length, 0, 1, 2)
    assert "RangeError" in str(caught.value.value), reason


@pytest.mark.parametrize(
    ("length", "step", "reason"),
    [
        ((1 << 31) - 1, 2, "the host would list two thousand million positions"),
        (4, 2, "more than there are"),
        (-1, 1, "no slice has a negative length"),
    ],
)
def test_a_slice_to_delete_is_bounded(length: int, step: int, reason: str) -> None:
    array = JsArray([1, 2, 3])
    with pytest.raises(JsThrow) as caught:
        array_slice_assign(JS, array, length, 0, 3, step, 0, 0)
    assert "RangeError" in str(caught.value.value), reason
    assert array.items == [1, 2, 3]
