"""Prototypes, accessors and instanceof."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime_core.js.arrays import JsArray
from runtime_core.js.control import JsThrow
from runtime_core.js.errors import JsError
from runtime_core.js.functions import JsFunction, NativeFunction, accessor_function, define_accessor
from runtime_core.js.intrinsics import constructor
from runtime_core.js.maps import JsMap
from runtime_core.js.prototypes import NO_PROTOTYPE, builtin_prototype
from runtime_core.js.values import ABSENT, UNDEFINED, Accessor, JsObject, JsValue, class_members, prototype_chain
from tests.support.javascript import instance_of


def thrown(error: pytest.ExceptionInfo[JsThrow]) -> str:
    assert isinstance(error.value.value, JsError)
    return error.value.value.to_string()


def function(name: str) -> JsFunction:
    found = constructor(name)
    assert isinstance(found, JsFunction)
    return found


def test_every_object_has_the_prototypes_of_its_class() -> None:
    chain = list(prototype_chain(JsMap()))
    assert chain == [function("Map").get("prototype"), function("Object").get("prototype")]
    assert builtin_prototype(JsMap, "Map") is chain[0]
    assert chain[0].get("constructor") is function("Map")


def test_errors_of_one_class_differ_by_constructor() -> None:
    chain = list(prototype_chain(JsError("TypeError", "m")))
    assert chain[:2] == [function("TypeError").get("prototype"), function("Error").get("prototype")]


@pytest.mark.parametrize(
    ("value", "name", "is_one"),
    [
        (JsMap(), "Map", True),
        (JsMap(), "Object", True),
        (JsMap(), "Set", False),
        (JsArray(), "Array", True),
        (JsError("TypeError", ""), "Error", True),
        (JsError("TypeError", ""), "RangeError", False),
        (1, "Number", False),
        (None, "Object", False),
    ],
)
def test_instance_of(value: JsValue, name: str, is_one: bool) -> None:
    assert instance_of(value, constructor(name)) is is_one


def test_methods_refuse_objects_of_other_classes() -> None:
    method = class_members(JsMap)["get"]
    assert isinstance(method, JsFunction)
    with pytest.raises(JsThrow) as error:
        method.call(JsObject(), (1,))
    assert thrown(error) == "TypeError: Method Map.prototype.get called on incompatible receiver #<Object>"
    size = class_members(JsMap)["size"]
    assert isinstance(size, Accessor)
    with pytest.raises(JsThrow) as error:
        size.read(5)
    assert thrown(error) == "TypeError: Method get Map.prototype.size called on incompatible receiver 5"


def test_setters_refuse_objects_of_other_classes() -> None:
    def write(this: JsValue, value: JsValue) -> None:
        raise AssertionError("the setter ran")

    accessor = Accessor(lambda this: 1, write, owner=JsMap, name="mine")
    heir = JsObject()
    heir.set_prototype(JsObject({"mine": accessor}))
    with pytest.raises(JsThrow) as error:
        heir.set("mine", 1)
    assert thrown(error) == "TypeError: Method set Map.prototype.mine called on incompatible receiver #<Object>"
    setter = accessor_function(accessor, "set")
    assert isinstance(setter, JsFunction)
    with pytest.raises(JsThrow) as error:
        setter.call(5, (1,))
    assert thrown(error) == "TypeError: Method set Map.prototype.mine called on incompatible receiver 5"


@pytest.mark.parametrize(
    "act",
    [
        lambda prototype: prototype.set("extra", 1),
        lambda prototype: prototype.define("extra", 1),
        lambda prototype: prototype.delete("get"),
        lambda prototype: prototype.set_prototype(JsObject()),
    ],
    ids=["set", "define", "delete", "set_prototype"],
)
def test_built_in_prototypes_are_read_only(act: Callable[[JsObject], object]) -> None:
    with pytest.raises(JsThrow) as error:
        act(builtin_prototype(JsMap, "Map"))
    assert "read-only" in thrown(error)


def test_accessors_run_with_the_object_that_inherits_them() -> None:
    def write(this: JsValue, value: JsValue) -> None:
        assert isinstance(this, JsObject)
        this.define("set_to", value)

    base = JsObject({"double": Accessor(lambda this: [this], write)})
    derived = JsObject()
    derived.set_prototype(base)
    assert derived.get("double") == [derived]
    derived.set("double", 5)
    assert derived.get("set_to") == 5
    assert base.get_own("set_to") is ABSENT


def test_a_property_with_only_a_getter_cannot_be_set() -> None:
    with pytest.raises(JsThrow) as error:
        JsMap().set("size", 3)
    assert thrown(error) == "TypeError: Cannot set property size of #<Map> which has only a getter"


def test_has_runs_no_getter() -> None:
    def fail(_this: JsValue) -> JsValue:
        raise AssertionError("the getter ran")

    value = JsObject({"trap": Accessor(fail)})
    assert value.has("trap")
    assert value.own_keys() == ["trap"]


def test_writable_names_of_a_class_are_shadowed() -> None:
    error = JsError("TypeError", "m")
    error.set("name", "Mine")
    assert error.to_string() == "Mine: m"
    assert JsError("TypeError", "m").to_string() == "TypeError: m"


def test_an_object_without_a_prototype_inherits_nothing() -> None:
    value = JsObject({"a": 1})
    value.set_prototype(None)
    assert value.prototype is NO_PROTOTYPE
    assert value.get_prototype() is None
    assert value.lookup("toString") is ABSENT
    assert value.get("a") == 1


def test_prototypes_form_no_circle() -> None:
    first, second = JsObject(), JsObject()
    first.set_prototype(second)
    with pytest.raises(JsThrow) as error:
        second.set_prototype(first)
    assert thrown(error) == "TypeError: Cyclic __proto__ value"
    assert second.prototype is None


def test_accessors_of_functions_keep_their_other_side() -> None:
    target = JsObject()
    define_accessor(target, "x", getter=NativeFunction(lambda: "read"))
    define_accessor(target, "x", setter=NativeFunction(lambda value: UNDEFINED))
    found = target.get_own("x")
    assert isinstance(found, Accessor)
    assert target.get("x") == "read"
    assert found.setter is not None
    assert found.functions is not None
    assert all(isinstance(side, NativeFunction) for side in found.functions)
