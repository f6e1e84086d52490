"""Classes that the host defines."""

from __future__ import annotations

import pytest

from runtime_core.js.classes import JsClass, define_class
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.functions import JsFunction
from runtime_core.js.intrinsics import constructor
from runtime_core.js.maps import JsMap
from runtime_core.js.operators import call_method, constructor_name, to_string
from runtime_core.js.values import UNDEFINED, JsObject, JsValue
from tests.support.javascript import instance_of


def define_point() -> JsClass:
    def make(this: JsObject, x: JsValue, y: JsValue) -> JsValue:
        this.set("x", x)
        this.set("y", y)
        return this

    return define_class(
        "Point",
        make,
        methods={"swapped": lambda this: point.construct((this.get("y"), this.get("x")))},
        getters={"pair": lambda this: f"{this.get('x')},{this.get('y')}"},
        setters={"pair": lambda this, value: this.set("x", value)},
        statics={"made_by": lambda this: this},
    )


point = define_point()


def test_instances_have_the_members_of_the_class() -> None:
    made = point.construct((1, 2))
    assert isinstance(made, JsObject)
    assert made.own_keys() == ["x", "y"]
    assert made.get("pair") == "1,2"
    made.set("pair", 7)
    assert made.get("x") == 7
    swapped = call_method(made, "swapped", ())
    assert isinstance(swapped, JsObject)
    assert swapped.get("pair") == "2,7"
    assert constructor_name(made) == "Point"
    assert made.describe() == "#<Point>"
    assert to_string(made) == "[object Object]"


def test_missing_arguments_are_undefined() -> None:
    made = point.construct(())
    assert isinstance(made, JsObject)
    assert made.get("y") is UNDEFINED


def test_a_class_is_only_good_for_new() -> None:
    with pytest.raises(JsThrow) as error:
        point.call(UNDEFINED, ())
    assert isinstance(error.value.value, JsError)
    assert error.value.value.message == "Class constructor Point cannot be invoked without 'new'"
    assert point.get("name") == "Point"
    assert point.get("length") == 2
    assert call_method(point, "made_by", ()) is point


def test_a_subclass_inherits_members_and_statics() -> None:
    child = define_class("Child", lambda this, x: this.set("z", x), parent=point)
    made = child.construct((1, 2))
    assert isinstance(made, JsObject)
    assert [made.get(key) for key in "xyz"] == [1, 2, 1]
    assert made.get("pair") == "1,2"
    assert instance_of(made, child)
    assert instance_of(made, point)
    assert not instance_of(point.construct(()), child)
    assert call_method(child, "made_by", ()) is child


def test_a_subclass_of_a_built_in_class_makes_its_objects() -> None:
    parent = constructor("Map")
    assert isinstance(parent, JsFunction)
    named = define_class("Named", methods={"first": lambda this: this.get("size")}, parent=parent)
    made = named.construct(())
    assert isinstance(made, JsMap)
    call_method(made, "set", ("k", 1))
    assert call_method(made, "first", ()) == 1
    assert instance_of(made, parent)
    assert instance_of(made, named)
    assert constructor_name(made) == "Named"
